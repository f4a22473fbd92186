"""Worked examples against numbers from paper and from NumPy, and what happens if two ways to a gradient differ."""

import json
from fractions import Fraction

import numpy as np
import pytest

import derive
from derive.errors import RefutedError, SizeError, UserError
from derive.forward.formula import Formula
from derive.forward.nodes import Input
from derive.forward.normal import add
from derive.layers import load
from derive.proof import worked
from derive.proof.values import given_values
from derive.proof.worked import work


@derive.layer(defaults="N=2 D=2 M=2")
def squared(X: "N D", W: "D M"):
    return (X @ W) ** 2


@derive.layer(defaults="N=2 D=3 H=4 M=2")
def network(X: "N D", W: "D H", b: "H", V: "H M"):
    return np.tanh(X @ W + b) @ V


@derive.layer(defaults="N=3 D=2")
def gram(X: "N D"):
    return X.T @ X


@derive.layer(defaults="D=3")
def mean_product(x: "D", z: "D"):
    return np.sum(x * z) / x.shape[0]


LAYERS = [load("affine"), squared, network, gram, mean_product]


def floats(array) -> list:
    return np.asarray(array).astype(float).tolist()


def test_the_exercise_of_matrix_derivatives():
    # X = (0 1; 2 3), W all ones, f(y) = y², loss the sum: the solutions printed there.
    found = derive.derive(squared, values={"X": [[0, 1], [2, 3]], "W": [[1, 1], [1, 1]]})
    assert found.worked.loss == 52
    assert floats(found.worked.arrays["G"]) == [[1, 1], [1, 1]]
    assert floats(found.worked.gradients["X"].formula) == [[4, 4], [20, 20]]
    assert floats(found.worked.gradients["W"].formula) == [[20, 20], [32, 32]]
    assert floats(found.worked.gradients["X"].contracted) == [[4, 4], [20, 20]]


def test_numbers_stay_exact():
    values = {"X": [[0.1, 0.2]], "W": [[3], [0.5]], "b": [7], "G": [[0.3]]}
    found = derive.derive("affine", values=values, samples="matrix").worked
    assert found.exact
    # 0.1·3 + 0.2·0.5 + 7, which is 7.4 and not 7.3999999999999995.
    assert Fraction(str(found.output[0, 0])) == Fraction("7.4")
    assert [Fraction(str(n)) for n in found.gradients["W"].formula.flat] == [Fraction("0.03"), Fraction("0.06")]


def test_a_layer_with_other_functions_is_worked_out_in_floats():
    found = derive.derive(network, values="seed:2").worked
    X, W, b, V, G = (found.arrays[name] for name in "XWbVG")
    T = np.tanh(X @ W + b)
    assert not found.exact
    np.testing.assert_allclose(found.output, T @ V)
    np.testing.assert_allclose(found.gradients["V"].contracted, T.T @ G)
    np.testing.assert_allclose(found.gradients["X"].contracted, (G @ V.T * (1 - T**2)) @ W.T)
    np.testing.assert_allclose(found.loss, np.sum(G * found.output))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
@pytest.mark.parametrize("seed", range(3))
def test_the_contraction_is_einsums(layer, seed):
    found = derive.derive(layer, values=f"seed:{seed}").worked
    shape = np.shape(found.output)
    for name, gradient in found.gradients.items():
        wrt = np.shape(found.arrays[name])
        dense = np.zeros((int(np.prod(shape)), int(np.prod(wrt))))
        for place, value in gradient.jacobian.items():
            dense[place] = float(value)
        output, variable = "ijk"[: len(shape)], "lmn"[: len(wrt)]
        expected = np.einsum(
            f"{output},{output}{variable}->{variable}",
            found.arrays[layer.upstream.name].astype(float),
            dense.reshape(*shape, *wrt),
        )
        np.testing.assert_allclose(gradient.formula.astype(float), expected, atol=1e-12)
        assert gradient.differences


@pytest.mark.parametrize("values", ["seed:7", '{"X": [[1e20]], "W": [[2]], "b": [3]}'])
def test_a_formula_that_is_wrong_is_refuted(values):
    layer = load("affine")
    given = given_values(layer, {}, values)
    right = derive.derive(layer).wrt("W").formula
    wrong = Formula(right.wrt, add([right.node, right.node]))
    assert work(layer, given, {"W": right}).gradients["W"].row.size
    with pytest.raises(RefutedError, match=r"affine: the gradient with respect to W, entry \(1, 1\)"):
        work(layer, given, {"W": wrong})


def test_a_formula_that_is_wrong_is_refuted_in_floats():
    given = given_values(network, {}, "seed:1")
    right = derive.derive(network).wrt("V").formula
    with pytest.raises(RefutedError, match="the gradient with respect to V"):
        work(network, given, {"V": Formula(right.wrt, add([right.node, right.node]))})


def test_a_formula_of_another_shape_is_refuted():
    layer = load("affine")
    given = given_values(layer, {"N": 3}, "seed:1")
    with pytest.raises(RefutedError, match=r"has shape \(3,\) in one computation, \(3, 3\) in another"):
        work(layer, given, {"b": Formula(layer.input("b"), layer.upstream)})


def test_a_jacobian_that_is_wrong_is_refuted_by_differences(monkeypatch):
    layer = load("affine")
    given = given_values(layer, {}, "seed:1")
    formula = derive.derive(layer).wrt("X").formula
    honest = worked.Jacobian.entries
    # Twice the Jacobian, and twice the formula: they agree with each other, and not with the layer's own code.
    monkeypatch.setattr(worked.Jacobian, "entries", lambda j: {place: 2 * v for place, v in honest(j).items()})
    with pytest.raises(RefutedError, match=r"is -?\d\.0 in the Jacobian, -?\d\.\d+ by central differences"):
        work(layer, given, {"X": Formula(formula.wrt, add([formula.node, formula.node]))})


def test_numbers_too_large_for_differences_are_said_to_be_undecided():
    found = derive.derive("affine", values={"X": [[1e6]], "W": [[2]], "b": [3]}).worked
    assert [gradient.differences for gradient in found.gradients.values()] == [False] * 3


def test_numbers_at_which_nothing_is_defined_are_refused():
    @derive.layer(defaults="N=2")
    def root(x: "N"):
        return np.sqrt(x)

    for number, what in ((-1, "the output"), (0, "a derivative with respect to x")):
        with pytest.raises(UserError, match=rf"root: {what} is not a finite number at these values"):
            _ = derive.derive(root, values=json.dumps({"x": [4, number]})).worked


def test_a_jacobian_of_too_many_entries_is_refused():
    with pytest.raises(SizeError, match=r"of affine with respect to X has 125000 entries that can differ from zero"):
        _ = derive.derive("affine", n=50, d=50, m=50, values="seed:1").worked


def test_the_upstream_gradient_may_have_another_name():
    @derive.layer(defaults="N=2")
    def takes_g(G: "N", X: "N"):
        return G * X

    found = derive.derive(takes_g, values={"G": [2, 3], "X": [5, 7], "G_y": [1, 10]}).worked
    assert isinstance(takes_g.upstream, Input) and takes_g.upstream.name == "G_y"
    assert floats(found.gradients["G"].formula) == [5, 70]
