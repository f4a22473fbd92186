"""Reverse mode against numeric directional derivatives, and wrong rules on purpose."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.forward.nodes import Add, Contract, Map
from derive.forward.normal import add, contract
from derive.layers import load
from derive.proof.evidence import Strength
from derive.proof.prove import prove
from derive.rules import adjoint


@derive.layer(defaults="N=2 D=3 H=4 M=2")
def two_layers(X: "N D", U: "D H", c: H, V: "H M"):
    return np.tanh(X @ U + c) @ V


@derive.layer(defaults="N=2 D=3")
def mixed(A: "N D", s: D, t: N):
    return np.exp(A * s / 4).sum(axis=0) - (A.T @ t) ** 2 / 3


@derive.layer(defaults="D=3")
def quadratic(A: "D D", x: D):
    return x @ A @ x


@derive.layer(defaults="N=2 D=3")
def reused(X: "N D"):
    Y = X @ X.T
    return Y * Y + X.sum(axis=1)


@derive.layer(defaults="N=3")
def product_of_squares(A: "N N", B: "N N"):
    return A @ B


LAYERS = [load("affine"), two_layers, mixed, quadratic, reused]


@pytest.mark.parametrize(("layer", "wrt"), [(layer, node.name) for layer in LAYERS for node in layer.inputs])
def test_a_formula_gives_the_directional_derivative_of_the_forward_code(layer, wrt):
    from derive.proof.evaluate import value_of

    random = np.random.default_rng(1)
    sizes = layer.sizes({})
    arrays = {n.name: random.normal(size=layer.shape(n, sizes)) for n in (*layer.inputs, layer.upstream)}
    direction = random.normal(size=arrays[wrt].shape)

    def loss(step):
        moved = {**arrays, wrt: arrays[wrt] + step * direction}
        weight = arrays[layer.upstream.name] if layer.output.shape else 1
        return np.sum(weight * layer.function(*(moved[n.name] for n in layer.inputs)))

    formula = derive.derive(layer).wrt(wrt).formula
    gradient = value_of(formula, arrays, sizes)
    assert np.shape(gradient) == arrays[wrt].shape
    assert np.sum(gradient * direction) == pytest.approx((loss(1e-5) - loss(-1e-5)) / 2e-5, rel=1e-6, abs=1e-6)


@pytest.mark.thorough
@pytest.mark.parametrize(("layer", "wrt"), [(layer, node.name) for layer in LAYERS for node in layer.inputs])
def test_every_step_is_proved_or_checked(layer, wrt):
    strengths = [item.strength for item in prove(layer, wrt, layer.sizes({}))]
    assert len(strengths) == 5
    assert set(strengths[:2]) <= {Strength.PROVED_AT_SIZES, Strength.CHECKED_AT_POINTS}
    assert set(strengths[2:4]) == {Strength.PROVED_FOR_ALL_SIZES}
    assert strengths[4] is Strength.CHECKED_AT_POINTS


def doubled(node, g):
    """x̄ = 2 ȳ ..., which is wrong."""
    return tuple(add([x, x]) for x in adjoint.adjoint_contract(node, g))


def dropped(node, g):
    """x̄_p = ȳ without the last operand, which is wrong."""
    axes = node.output
    return tuple(
        contract([g], [axes], [i for i in axes if i in row]) if set(row) <= set(axes) else x
        for row, x in zip(node.indices, adjoint.adjoint_contract(node, g), strict=True)
    )


def transposed_when_square(node, g):
    """x̄ᵀ in the place of x̄ where both axes are alike, which is wrong and fits."""
    results = adjoint.adjoint_contract(node, g)
    return tuple(
        contract([x], [(0, 1)], (1, 0)) if len(x.shape) == 2 and x.shape[0] == x.shape[1] else x for x in results
    )


def forgetful_add(node, g):
    """x̄_p = 2 ȳ, which is wrong."""
    return tuple(add([g, g]) for _ in node.operands)


def slope_forgotten(node, g):
    """x̄ = ȳ, without the derivative of f, which is wrong."""
    return tuple(g for _ in node.operands)


@pytest.mark.parametrize(
    ("kind", "rule", "layer", "wrt"),
    [
        (Contract, doubled, load("affine"), "X"),
        (Contract, doubled, load("affine"), "b"),
        (Contract, dropped, mixed, "A"),
        (Contract, transposed_when_square, product_of_squares, "A"),
        (Add, forgetful_add, load("affine"), "W"),
        (Map, slope_forgotten, two_layers, "U"),
    ],
)
def test_a_wrong_rule_is_caught_by_its_name(monkeypatch, kind, rule, layer, wrt):
    monkeypatch.setitem(adjoint.RULES, kind, rule)
    evidence = prove(layer, wrt, layer.sizes({}))
    assert evidence[0].strength is Strength.REFUTED
    assert f"false rule: {rule.__name__}" in evidence[0].counterexample


def test_a_wrong_rule_keeps_a_document_from_being_made(monkeypatch):
    monkeypatch.setitem(adjoint.RULES, Contract, doubled)
    with pytest.raises(derive.errors.RefutedError, match="doubled"):
        derive.derive("affine").document()


def test_every_node_kind_with_operands_has_a_rule():
    from derive.forward import nodes

    kinds = [k for k in vars(nodes).values() if isinstance(k, type) and issubclass(k, nodes.Node)]
    with_operands = {
        k for k in kinds if "arguments" in getattr(k, "__dataclass_fields__", {}) and not k.__name__.startswith("_")
    }
    assert with_operands == set(adjoint.RULES) == {Add, Contract, Map, nodes.MatrixFunction, nodes.OneHot, nodes.Reduce}
