"""A vector at the end: derivatives of every component, against the sums that a textbook writes, and wrong ones."""

from dataclasses import replace

import numpy as np
import pytest
from sympy import Integer, Symbol

import derive
from derive.forward.algebra import SympyAlgebra
from derive.forward.entry import Entries
from derive.forward.nodes import Constant, Node
from derive.forward.normal import contract
from derive.proof.evidence import Strength
from derive.proof.prove import check_sizes
from derive.proof.vector import check_vector
from derive.routes.vector import derive_vector


def symbol(letter, *index):
    return Symbol("_".join((letter, *map(str, index))), real=True)


def entries(node: Node, **sizes: int):
    made = Entries(sizes, SympyAlgebra())
    return lambda *place: made.one(node, tuple(p - 1 for p in place))


def test_for_one_sample_it_is_a_jacobian_times_the_transposed_weights():
    # ∂L_i/∂x_j = Σ_k ∂L_i/∂y_k w_jk, and ∂L_i/∂w_jk = x_j ∂L_i/∂y_k.
    layer = derive.derive("affine", n=1, d=2, m=3).layer
    sizes = {"P": 3, "D": 2, "M": 3}
    x, w, b = (entries(derive_vector(layer, name).node, **sizes) for name in ("x", "W", "b"))
    for i in (1, 2, 3):
        for j in (1, 2):
            assert x(i, j) == sum(symbol("g", i, k) * symbol("w", j, k) for k in (1, 2, 3))
            for k in (1, 2, 3):
                assert w(i, j, k) == symbol("x", j) * symbol("g", i, k)
        for k in (1, 2, 3):
            assert b(i, k) == symbol("g", i, k)


def test_for_several_samples_every_slice_is_a_product():
    layer = derive.derive("affine").layer
    made = entries(derive_vector(layer, "W").node, P=2, N=2, D=3, M=4)
    assert made(2, 3, 1) == sum(symbol("g", 2, n, 1) * symbol("x", n, 3) for n in (1, 2))
    assert derive_vector(layer, "X").node.shape == (*map(_size, "PND"),)


def _size(letter):
    return Symbol(letter, integer=True, positive=True)


def test_the_number_of_components_has_a_letter_of_its_own():
    @derive.layer(defaults="P=2 Q=3")
    def taken(X: "P Q"):
        return X * X

    assert derive_vector(taken, "X").count == "R"


@derive.layer(defaults="N=2 D=3 M=4")
def dense(X: "N D", W: "D M", b: "M"):
    return np.tanh(X @ W + b)


@derive.layer(defaults="N=2 D=3")
def gram(X: "N D"):
    return X @ X.T


@pytest.mark.parametrize("layer", [dense, gram, derive.derive("affine", bias="ones").layer], ids=lambda item: item.name)
def test_layers_of_every_kind_are_checked(layer):
    for node in layer.inputs:
        formula = derive.derive(layer).wrt(node.name).formula
        found = check_vector(derive_vector(layer, node.name), formula, check_sizes(layer)[:1])
        assert found is None or found.strength is Strength.PROVED_AT_SIZES


def test_a_false_formula_is_refuted():
    found = derive.derive("affine", n=2, d=2, m=2)
    route = derive_vector(found.layer, "W")
    # Its transpose, which has the right shape where all sizes are equal.
    false = contract([found.layer.inputs[0], found.layer.upstream], [(0, 1), (0, 2)], (2, 1))
    evidence = check_vector(route, replace(found.wrt("W").formula, node=false, short=None), [{"N": 2, "D": 2, "M": 2}])
    assert evidence is not None and evidence.strength is Strength.REFUTED
    assert "component 1, entry (1, 2)" in evidence.counterexample


def test_a_false_array_is_refuted():
    found = derive.derive("affine")
    route = derive_vector(found.layer, "W")
    axes = tuple(range(3))
    twice = contract([Constant(Integer(2)), route.node], [(), axes], axes)
    # A cached property is where its value is kept.
    route.__dict__["node"] = twice
    evidence = check_vector(route, found.wrt("W").formula, [found.sizes])
    assert evidence is not None and evidence.strength is Strength.REFUTED


def test_a_layer_of_many_indices_leaves_a_letter_to_the_components():
    layer = derive.derive("conv2d").layer
    route = derive_vector(layer, "X")
    letters = [letter for letter, _ in route.steps[0].sizes]
    assert len({*letters}) == len(letters)
    found = check_vector(route, derive.derive("conv2d").wrt("X").formula, check_sizes(layer)[-1:])
    assert found is None or found.strength is not Strength.REFUTED
