"""The proof for all sizes: what it says of right derivations, of wrong ones, and of those that it cannot decide."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Integer

import derive
from derive.errors import RefutedError
from derive.forward.nodes import Constant, Contract
from derive.forward.normal import contract
from derive.forward.parse import parse
from derive.layers import load
from derive.proof.all_sizes import prove_for_all_sizes
from derive.proof.evidence import Strength
from derive.proof.prove import prove
from derive.routes import index as route_module
from derive.routes.jacobian import derive_jacobian
from derive.rules import adjoint
from derive.rules.index import Factor, IndexSum, Kronecker, Product

SIZES = {"N": 2, "D": 3, "M": 4}


@derive.layer(defaults="N=2 D=3 H=2 M=2")
def two_layers(X: "N D", U: "D H", c: H, V: "H M"):
    return np.tanh(X @ U + c) @ V


@derive.layer(defaults="N=2 D=3")
def softmax(X: "N D"):
    e = np.exp(X)
    return e / e.sum(axis=1, keepdims=True)


@derive.layer(defaults="N=2 D=3")
def squares(X: "N D"):
    return (X * X).sum()


@pytest.mark.parametrize("layer", [load("affine"), softmax, squares], ids=lambda layer: layer.name)
def test_gradients_are_proved_for_all_sizes(layer):
    for node in layer.inputs:
        found = {item.route: item for item in prove(layer, node.name, layer.sizes({}))}
        assert found["index"].strength is Strength.PROVED_FOR_ALL_SIZES
        assert found["index"].sizes == ()


def test_a_network_of_two_layers_is_proved_for_all_sizes():
    formula = derive_jacobian(two_layers, "U", two_layers.sizes({})).formula.node
    evidence = prove_for_all_sizes(two_layers, "U", formula, [dict.fromkeys("NDHM", 2)])
    assert evidence is not None and evidence.strength is Strength.PROVED_FOR_ALL_SIZES


REPEATED = [
    ("sum(repeat(X, 3)**2)", 6),
    ("sum(repeat(X, 3, axis=0)**2)", 6),
    ("sum(tile(X, (1, 2))**2)", 4),
    ("sum(X.reshape(-1)**2)", 2),
]


@pytest.mark.parametrize(("text", "times"), REPEATED)
def test_squares_of_repeated_entries_are_proved_for_all_sizes(text, times):
    layer = parse(text, {"X": "N D"})
    assert str(derive_jacobian(layer, "X", SIZES).formula) == f"{times} * X"
    found = {item.route: item for item in prove(layer, "X", {"N": 2, "D": 3})}
    assert found["index"].strength is Strength.PROVED_FOR_ALL_SIZES


@pytest.mark.parametrize(("text", "times"), REPEATED)
def test_squares_of_repeated_entries_counted_once_too_often_are_refuted(text, times):
    layer = parse(text, {"X": "N D"})
    (X,) = layer.inputs
    slip = contract([Constant(Integer(times + 1)), X], [(), (0, 1)], (0, 1))
    evidence = prove_for_all_sizes(layer, "X", slip, [{"N": 1, "D": 2}])
    assert evidence is not None and evidence.strength is Strength.REFUTED


def loses_a_factor(found):
    """Drops W when a delta is contracted."""
    products = tuple(
        Product(tuple(f for f in p.factors if not (isinstance(f, Factor) and f.node.name == "W")), p.sums)
        for p in found[0].products
    )
    return IndexSum(products, found[0].free, found[0].sizes), found[1]


def keeps_the_sum(found):
    """Forgets that the letter is no longer summed over."""
    products = tuple(Product(p.factors, (*p.sums, found[1])) for p in found[0].products)
    return IndexSum(products, found[0].free, found[0].sizes), found[1]


@pytest.mark.parametrize("slip", [loses_a_factor, keeps_the_sum])
def test_a_delta_contracted_wrongly_refutes_the_gradient_by_name(monkeypatch, slip):
    right, calls = route_module.contract_delta, []

    def wrong(value):
        found = right(value)
        calls.append(found)
        return slip(found) if found is not None and len(calls) == 1 else found

    monkeypatch.setattr(route_module, "contract_delta", wrong)
    (evidence,) = prove(load("affine"), "X", {"N": 2, "D": 2, "M": 3})
    assert (evidence.route, evidence.strength) == ("index", Strength.REFUTED)
    assert evidence.counterexample.startswith("delta contraction: entry (1, 1, 1, 1)")
    calls.clear()
    with pytest.raises(RefutedError, match="delta contraction"):
        _ = derive.derive("affine").wrt("X").evidence


def test_a_forgotten_term_of_the_product_rule_is_named(monkeypatch):
    right = route_module.differentiate

    def wrong(value, wrt, at):
        found = right(value, wrt, at)
        return IndexSum(found.products[:1], found.free, found.sizes)

    monkeypatch.setattr(route_module, "differentiate", wrong)
    (evidence,) = prove(squares, "X", {"N": 2, "D": 3})
    assert evidence.counterexample.startswith("sum and product rule: entry (1, 1)")


def test_deltas_of_the_wrong_indices_are_named(monkeypatch):
    right = route_module.kronecker

    def wrong(value):
        found = right(value)
        products = tuple(
            Product(tuple(f for n, f in enumerate(p.factors) if n or not isinstance(f, Kronecker)), p.sums)
            for p in found.products
        )
        return IndexSum(products, found.free, found.sizes)

    monkeypatch.setattr(route_module, "kronecker", wrong)
    (evidence,) = prove(load("affine"), "X", {"N": 2, "D": 2, "M": 3})
    assert evidence.counterexample.startswith("independent entries: entry (1, 1, 2, 1)")


def test_a_formula_that_the_indices_do_not_give_is_refuted():
    layer = load("affine")
    right = derive_jacobian(layer, "X", SIZES).formula.node
    twice = contract([Constant(Integer(2)), right], [(), (0, 1)], (0, 1))
    evidence = prove_for_all_sizes(layer, "X", twice, [SIZES])
    assert evidence is not None and evidence.strength is Strength.REFUTED
    assert evidence.counterexample.startswith("index calculus and reverse mode: entry (1, 1): ")
    assert evidence.counterexample.endswith("(N=2, D=3, M=4)")


def test_a_wrong_rule_of_reverse_mode_differs_from_the_indices(monkeypatch):
    layer = load("affine")

    def wrong(node, g):
        sent = adjoint.adjoint_contract(node, g)
        return tuple(contract([Constant(Integer(3)), x], [(), range(len(x.shape))], range(len(x.shape))) for x in sent)

    monkeypatch.setitem(adjoint.RULES, Contract, wrong)
    formula = derive_jacobian(layer, "W", SIZES).formula.node
    evidence = prove_for_all_sizes(layer, "W", formula, [SIZES])
    assert evidence is not None and evidence.strength is Strength.REFUTED


def test_what_has_no_canonical_form_is_compared_entry_by_entry_and_said_to_be():
    @derive.layer()
    def power(A: "N N"):
        value = A
        for _ in range(8):
            value = value @ A
        return value

    formula = derive_jacobian(power, "A", {"N": 2}).formula.node
    evidence = prove_for_all_sizes(power, "A", formula, [{"N": 1}])
    assert evidence is not None
    assert (evidence.strength, evidence.sizes) == (Strength.PROVED_AT_SIZES, ((("N", 1),),))


def test_sums_that_are_too_long_are_not_claimed_to_be_proved():
    @derive.layer(defaults="N=2")
    def nested(x: N):
        for _ in range(12):
            x = x * (x + 1)
        return x

    formula = derive_jacobian(nested, "x", {"N": 2}).formula.node
    assert prove_for_all_sizes(nested, "x", formula, [{"N": 2}]) is None
