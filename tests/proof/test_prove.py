"""How strongly a gradient is known, at which sizes, and what is said of one that is false."""

from dataclasses import replace

import numpy as np
import pytest

import derive
from derive.engine import pattern
from derive.errors import RefutedError, UnknownNameError
from derive.forward.nodes import Add, Contract, Map
from derive.forward.normal import add, contract
from derive.layers import load
from derive.proof import equality
from derive.proof.evidence import Strength
from derive.proof.prove import check_sizes, prove
from derive.proof.symbolic import Exact
from derive.routes import jacobian as route_module
from derive.rules import adjoint


@derive.layer(defaults="N=2 D=3")
def smooth(X: "N D"):
    return np.tanh(X) + X


@derive.layer(defaults="N=2")
def square(A: "N N", B: "N N"):
    return A @ B


@derive.layer(defaults="N=2 D=3")
def softmax(X: "N D"):
    e = np.exp(X)
    return e / e.sum(axis=1, keepdims=True)


@derive.layer(defaults="N=2 D=3")
def layernorm(X: "N D", c: "D", b: "D"):
    centred = X - X.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5) * c + b


@derive.layer(defaults="N=3 D=2")
def batchnorm(X: "N D", c: "D", b: "D"):
    return (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-5) * c + b


@derive.layer(defaults="N=2 D=3")
def rmsnorm(X: "N D", c: "D"):
    return X / np.sqrt((X**2).mean(axis=1, keepdims=True) + 1e-6) * c


@derive.layer(defaults="N=2 M=3")
def cross_entropy(Z: "N M", Y: "N M"):
    return (Y * (np.log(np.exp(Z).sum(axis=1, keepdims=True)) - Z)).sum() / Z.shape[0]


@derive.layer(defaults="N=2 M=3 D=2 P=2")
def attention(Q: "N D", B: "M D", V: "M P"):
    e = np.exp(Q @ B.T * 0.5)
    return e / e.sum(axis=1, keepdims=True) @ V


@derive.layer(defaults="N=2 D=3")
def gelu(X: "N D"):
    return 0.5 * X * (1 + np.tanh(np.sqrt(2 / np.pi) * (X + 0.044715 * X**3)))


@derive.layer(defaults="N=2 D=2 H=2")
def lstm(X: "N D", H0: "N H", C0: "N H", W: "D H", V: "D H", K: "D H", P: "D H", U: "H H", b: "H"):
    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    i, f, o = sigmoid(X @ W + H0 @ U + b), sigmoid(X @ V + H0 @ U), sigmoid(X @ P + H0 @ U)
    return o * np.tanh(f * C0 + i * np.tanh(X @ K + H0 @ U))


WITHOUT_KINKS = [softmax, layernorm, batchnorm, rmsnorm, cross_entropy, attention, gelu, lstm]


@pytest.mark.parametrize("layer", WITHOUT_KINKS, ids=lambda layer: layer.name)
def test_layers_without_kinks_are_proved_at_sizes_and_for_all_sizes(layer):
    exact = Exact(layer)
    for node in layer.inputs:
        found = {item.route: item.strength for item in prove(layer, node.name, layer.sizes({}), exact=exact)}
        assert found.pop("numpy") is Strength.CHECKED_AT_POINTS
        assert found == {
            "jacobian": Strength.PROVED_AT_SIZES,
            "entry": Strength.PROVED_AT_SIZES,
            "index": Strength.PROVED_FOR_ALL_SIZES,
            "graph": Strength.PROVED_FOR_ALL_SIZES,
        }


def test_checks_are_made_where_sizes_differ_and_where_they_are_equal():
    assert check_sizes(load("affine")) == (
        {"N": 2, "D": 3, "M": 4},
        {"N": 4, "D": 3, "M": 2},
        {"N": 2, "D": 2, "M": 2},
    )
    assert check_sizes(square) == ({"N": 2},)

    @derive.layer()
    def fixed(X: "2 3"):
        return X

    assert check_sizes(fixed) == ({},)
    assert prove(fixed, "X", {})[0].strength is Strength.PROVED_AT_SIZES


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 2, 3), (8, 8, 8), (2, 30, 2)])
def test_small_layers_are_proved_at_the_sizes_given(sizes):
    given = dict(zip("NDM", sizes, strict=True))
    for wrt in "XWb":
        exact, _, letters, along, numbers = prove(load("affine"), wrt, given)
        assert (exact.route, exact.strength) == ("jacobian", Strength.PROVED_AT_SIZES)
        assert dict(exact.sizes[0]) == given
        assert (letters.route, letters.strength, letters.sizes) == ("index", Strength.PROVED_FOR_ALL_SIZES, ())
        assert (along.route, along.strength, along.sizes) == ("graph", Strength.PROVED_FOR_ALL_SIZES, ())
        assert (numbers.route, numbers.strength) == ("numpy", Strength.CHECKED_AT_POINTS)
        assert (numbers.points, numbers.digits) == (3, 6)


@pytest.mark.parametrize("sizes", [(64, 4096, 4096), (1, 1000, 1000), (1, 4096, 3), (300, 1, 1)])
def test_large_layers_are_proved_at_smaller_sizes(sizes):
    # The Jacobian with respect to b may be small while the components are sums of thousands of terms.
    for wrt in "XWb":
        exact, *_ = prove(load("affine"), wrt, dict(zip("NDM", sizes, strict=True)))
        assert exact.strength is Strength.PROVED_AT_SIZES
        assert [dict(at) for at in exact.sizes] == list(check_sizes(load("affine")))


def test_the_sum_of_a_large_array_times_a_number_is_proved_quickly():
    @derive.layer()
    def scaled(A: "N D", s: ""):
        return s * A.sum()

    assert prove(scaled, "s", {"N": 1024, "D": 1024})[0].strength is Strength.PROVED_AT_SIZES


def test_what_algebra_does_not_decide_is_said_to_be_checked_at_points(monkeypatch):
    @derive.layer(defaults="N=2")
    def logistic(x: "N"):
        return np.exp(-x) / (2 + np.exp(-x))

    assert prove(logistic, "x", {"N": 2})[0].strength is Strength.PROVED_AT_SIZES
    monkeypatch.setattr(equality, "vanishes", lambda value: False)
    monkeypatch.setattr(equality, "vanishes_in_parts", lambda value: False)
    exact, *_, numbers = prove(logistic, "x", {"N": 2})
    assert (exact.strength, exact.points, exact.digits) == (Strength.CHECKED_AT_POINTS, 3, 20)
    assert "algebra does not decide" in exact.method
    assert numbers.strength is Strength.CHECKED_AT_POINTS


def test_an_unknown_input_is_refused():
    with pytest.raises(UnknownNameError, match="known: A, B"):
        prove(square, "C", {"N": 2})


def swapped_operands(node, g):
    """x̄_p in the place of x̄_q, which fits when all sizes are equal."""
    return adjoint.adjoint_contract(node, g)[::-1]


def forgotten_transpose(node, g):
    """x̄ᵀ where x̄ is square, else x̄."""
    sent = adjoint.adjoint_contract(node, g)
    return tuple(contract([x], [(0, 1)], (1, 0)) if len(x.shape) == 2 and x.shape[0] == x.shape[1] else x for x in sent)


def only_first_term(node, g):
    """ȳ for the first term, nothing for the others."""
    zero = contract([g, _zero()], [range(len(g.shape)), ()], range(len(g.shape)))
    return (g, *(zero for _ in node.operands[1:]))


def half_the_slope(node, g):
    """ȳ ⊙ f' / 2."""
    sent = adjoint.adjoint_map(node, g)
    axes = range(len(node.shape))
    return tuple(contract([x, _half()], [axes, ()], axes) for x in sent)


def forgotten_factor(node, g):
    """ȳ for the first operand that has its shape, without the factors that belong to it."""
    sent = adjoint.adjoint_contract(node, g)
    place = next((p for p, operand in enumerate(node.operands) if operand.shape == g.shape != ()), None)
    return tuple(g if p == place else x for p, x in enumerate(sent))


def _zero():
    from sympy import Integer

    from derive.forward.nodes import Constant

    return Constant(Integer(0))


def _half():
    from sympy import Rational

    from derive.forward.nodes import Constant

    return Constant(Rational(1, 2))


@pytest.mark.parametrize(
    ("kind", "rule", "layer", "wrt"),
    [
        (Contract, swapped_operands, square, "A"),
        (Contract, forgotten_transpose, square, "B"),
        (Add, only_first_term, smooth, "X"),
        (Add, only_first_term, load("affine"), "b"),
        (Map, half_the_slope, smooth, "X"),
        (Map, half_the_slope, softmax, "X"),
        (Map, half_the_slope, layernorm, "X"),
        (Contract, forgotten_factor, layernorm, "X"),
        (Add, only_first_term, layernorm, "X"),
        (Contract, forgotten_factor, attention, "Q"),
        (Map, half_the_slope, cross_entropy, "Z"),
    ],
)
def test_a_rule_that_is_subtly_wrong_is_named(monkeypatch, kind, rule, layer, wrt):
    monkeypatch.setitem(adjoint.RULES, kind, rule)
    sizes = layer.sizes({})
    (refuted,) = prove(layer, wrt, sizes)
    assert refuted.strength is Strength.REFUTED
    assert f"false rule: {rule.__name__}: entry (" in refuted.counterexample
    assert refuted.counterexample.startswith(("factorisation: entry (", "formula: entry ("))
    with pytest.raises(RefutedError, match=rule.__name__):
        _ = derive.derive(layer, sizes).wrt(wrt).evidence


@pytest.mark.parametrize(("layer", "wrt"), [(softmax, "X"), (layernorm, "X"), (gelu, "X"), (lstm, "U")])
def test_a_coefficient_of_the_jacobian_that_is_false_is_refuted(monkeypatch, layer, wrt):
    right = pattern.contract
    monkeypatch.setattr(pattern, "contract", lambda *arguments: add([right(*arguments), right(*arguments)]))
    (refuted, *_) = prove(layer, wrt, layer.sizes({}))
    assert refuted.strength is Strength.REFUTED
    assert refuted.counterexample.startswith("partial derivatives: entry (")


@pytest.mark.parametrize(("layer", "wrt"), [(softmax, "X"), (layernorm, "X"), (attention, "Q")])
def test_a_false_formula_is_refuted_with_both_values(monkeypatch, layer, wrt):
    right = route_module.formula

    def twice(layer, wrt):
        found = right(layer, wrt)
        return replace(found, node=add([found.node, found.node]))

    monkeypatch.setattr(route_module, "formula", twice)
    (refuted, *_) = prove(layer, wrt, layer.sizes({}))
    assert refuted.strength is Strength.REFUTED
    assert refuted.counterexample.startswith("index calculus and reverse mode: entry (1, 1): ")
    assert "g_1_1" in refuted.counterexample and " is not " in refuted.counterexample


def test_right_rules_are_not_accused():
    for layer in (load("affine"), square, smooth):
        for node in layer.inputs:
            assert all(not item.counterexample for item in prove(layer, node.name, layer.sizes({})))


@pytest.mark.parametrize("text", ["X * pi", "sqrt(2) * X", "X**2 / exp(1)", "X * X * log(3)", "sum(X + pi)"])
def test_a_polynomial_with_irrational_coefficients_is_proved_too(text):
    evidence = derive.derive(text, shapes={"X": "N"}).wrt("X").evidence
    assert Strength.PROVED_AT_SIZES in {item.strength for item in evidence}
    assert Strength.REFUTED not in {item.strength for item in evidence}
