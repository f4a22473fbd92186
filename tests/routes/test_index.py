"""The derivation by indices, against what is written in textbooks: y_ij = Σ_k x_ik w_kj + b_j and so on."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.layers import load
from derive.proof.indices import false_index_step
from derive.routes import index as route_module
from derive.routes.index import derive_index
from derive.rules.adjoint import reverse
from derive.rules.canonical import same_for_all_sizes
from derive.rules.index import Factor, IndexSum, Kronecker, LossPartial, Partial


def said(value: IndexSum) -> list[str]:
    """Each product as text, its sums first."""

    def part(item: object) -> str:
        match item:
            case Factor(node, index):
                return f"{node}[{''.join(index)}]"
            case Kronecker(first, second):
                return f"delta[{first}{second}]"
            case Partial(of, by):
                return f"d {part(of)} / d {part(by)}"
            case LossPartial(by):
                return f"d L / d {part(by)}"
        raise TypeError(item)

    return [f"{''.join(p.sums)}: " + " ".join(map(part, p.factors)) for p in value.products]


def test_an_entry_of_the_affine_layer_is_a_sum_over_k_and_a_bias():
    step = derive_index(load("affine"), "X").derivation.step("definition")
    assert said(step.after) == ["k: X[ik] W[kj]", ": b[j]"]


@pytest.mark.parametrize(
    ("wrt", "partial", "gradient"),
    [
        ("X", [": delta[im] W[nj]"], ["j: G[mj] W[nj]"]),
        ("W", [": X[im] delta[jn]"], ["i: G[in] X[im]"]),
        ("b", [": delta[jm]"], ["i: G[im]"]),
    ],
)
def test_derivatives_and_gradients_are_those_of_the_textbook(wrt, partial, gradient):
    route = derive_index(load("affine"), wrt)
    before_loss = next(i for i, s in enumerate(route.derivation.steps) if s.reason.name == "chain rule")
    assert said(route.derivation.steps[before_loss - 1].after) == partial
    assert said(route.gradient) == gradient


def test_every_contraction_of_a_delta_is_a_step_of_its_own():
    names = [step.reason.name for step in derive_index(load("affine"), "X").derivation.steps]
    assert names == [
        "definition",
        "sum and product rule",
        "independent entries",
        "delta contraction",
        "chain rule",
        "delta contraction",
    ]


@derive.layer(defaults="N=2 D=3 H=2 M=2")
def two_layers(X: "N D", U: "D H", c: H, V: "H M"):
    return np.tanh(X @ U + c) @ V


@derive.layer(defaults="N=2 D=3")
def twice(X: "N D"):
    return X.T @ X


@derive.layer(defaults="D=3")
def quadratic(A: "D D", x: D):
    return x @ A @ x


LAYERS = [load("affine"), two_layers, twice, quadratic]


@pytest.mark.parametrize(("layer", "wrt"), [(layer, node.name) for layer in LAYERS for node in layer.inputs])
def test_index_calculus_and_reverse_mode_agree_for_all_sizes(layer, wrt):
    node = reverse(layer.output, layer.seed, layer.input(wrt))[0]
    assert same_for_all_sizes(derive_index(layer, wrt).node, node)


@pytest.mark.parametrize(("layer", "wrt"), [(layer, node.name) for layer in LAYERS for node in layer.inputs])
def test_every_step_is_an_equality(layer, wrt):
    assert false_index_step(derive_index(layer, wrt), dict.fromkeys(layer.letters, 2)) is None


def test_letters_do_not_clash_in_a_deep_expression():
    @derive.layer()
    def deep(A: "N N"):
        value = A
        for _ in range(12):
            value = value @ A
        return value

    product = derive_index(deep, "A").derivation.step("definition").after.products[0]
    letters = [letter for factor in product.factors for letter in factor.index]
    assert len(product.factors) == 13
    assert sorted(map(letters.count, set(letters))) == [1, 1] + [2] * 12


def test_different_gradients_are_not_taken_for_equal():
    affine = load("affine")
    assert not same_for_all_sizes(affine.output, affine.inputs[0])
    wrong = two_layers.output
    assert not same_for_all_sizes(wrong, derive_index(two_layers, "X").node)


def test_a_delta_contracted_wrongly_is_caught_by_name(monkeypatch):
    right = route_module.contract_delta

    def wrong(value: IndexSum):
        found = right(value)
        if found is None:
            return None
        kept = [
            type(product)(tuple(f for f in product.factors if not isinstance(f, Factor) or f.node.name != "W"))
            for product in found[0].products
        ]
        return IndexSum(tuple(kept), found[0].free, found[0].sizes), found[1]

    monkeypatch.setattr(route_module, "contract_delta", wrong)
    failure = false_index_step(derive_index(load("affine"), "X"), {"N": 2, "D": 3, "M": 4})
    assert failure is not None
    assert failure.name == "delta contraction"
