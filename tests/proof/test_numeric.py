"""Differences of the forward code: which inputs are tried, and what a wrong formula looks like to them."""

import numpy as np
import pytest

import derive
from derive.errors import InternalError, UnsupportedError
from derive.forward.formula import Formula
from derive.forward.normal import add
from derive.forward.parse import parse
from derive.layers import load
from derive.proof import numeric
from derive.proof.evidence import Strength
from derive.proof.prove import prove

SIZES = {"N": 2, "D": 3, "M": 4}


def evidence(function, sizes, wrt="X"):
    return prove(derive.layer()(function), wrt, sizes)


def test_the_inputs_of_a_polynomial_are_small_whole_numbers():
    sample = numeric.sample(load("affine"), SIZES, 0)
    numbers = np.concatenate([array.ravel() for array in sample.arrays.values()])
    assert set(numbers) <= {-3.0, -2.0, -1.0, 1.0, 2.0, 3.0}
    expected = sample.arrays["X"] @ sample.arrays["W"] + sample.arrays["b"]
    np.testing.assert_array_equal(sample.output, expected)


def test_the_same_seed_gives_the_same_input():
    first, again, other = (numeric.sample(load("affine"), SIZES, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.arrays["X"], again.arrays["X"])
    assert not np.array_equal(first.arrays["X"], other.arrays["X"])


def test_differences_are_those_of_the_loss():
    sample = numeric.sample(load("affine"), SIZES, 0)
    upstream = sample.arrays["G"]
    found = {name: sum(numeric.one_sided(load("affine"), sample, name, numeric.STEP)) / 2 for name in "XWb"}
    np.testing.assert_allclose(found["X"], upstream @ sample.arrays["W"].T, atol=1e-8)
    np.testing.assert_allclose(found["W"], sample.arrays["X"].T @ upstream, atol=1e-8)
    np.testing.assert_allclose(found["b"], upstream.sum(axis=0), atol=1e-8)


DOMAINS = {
    "a logarithm": lambda X: np.log(X),
    "a root": lambda X: np.sqrt(X),
    "a root of a difference": lambda X: np.sqrt(X - X.T + 2),
    "a pole": lambda X: 1 / (X - 1),
    "a half power": lambda X: X**1.5,
    "a root of a sum": lambda X: np.sqrt((X @ X).sum() / 4 - 0.0001),
    "a kink": lambda X: np.sqrt((X - 1) ** 2),
    "large values": lambda X: np.exp(X @ X @ X),
    "fast oscillation": lambda X: np.sin(X**3 * np.sinh(X**3)),
    "tanh of infinity": lambda X: np.tanh((X - X.T + 1) ** -2),
}


@pytest.mark.parametrize("name", DOMAINS)
def test_inputs_are_found_at_which_a_layer_can_be_measured(name):
    def layer(X: "N N"):
        return DOMAINS[name](X)

    found = evidence(layer, {"N": 2})
    assert found[-1].route == "numpy"
    assert found[-1].strength is Strength.CHECKED_AT_POINTS


def test_a_small_gradient_beside_a_large_output_is_measured():
    def large(X: "N D", W: "D M", b: "M"):
        return np.exp(3 * (X @ W)) + b

    assert evidence(large, {"N": 3, "D": 4, "M": 2}, "b")[-1].strength is Strength.CHECKED_AT_POINTS


def test_a_function_that_works_in_place_is_measured():
    def in_place(X: "N D"):
        X += 1
        X *= X
        return X

    assert evidence(in_place, {"N": 2, "D": 3})[-1].strength is Strength.CHECKED_AT_POINTS


def test_a_layer_that_is_defined_nowhere_is_refused():
    def nowhere(X: "N D"):
        return np.log(-1 - X**2)

    with pytest.raises(UnsupportedError, match="nowhere: the forward pass gives no finite numbers"):
        evidence(nowhere, {"N": 2, "D": 3})


def test_a_layer_whose_code_depends_on_its_sizes_is_caught():
    def depends(X: "N D"):
        return X if X.shape[0] == 2 else X.sum(axis=0)

    with pytest.raises(InternalError, match=r"NumPy gives shape \(2, 3\), tracing gave \(3,\)"):
        evidence(depends, {"N": 2, "D": 3})


def test_a_wrong_formula_is_told_with_its_entry_and_both_values():
    layer = load("affine")
    right = derive.derive(layer, SIZES).wrt("b").formula
    wrong = Formula(right.wrt, add([right.node, right.node]))
    sample = numeric.sample(layer, SIZES, 0)
    assert numeric.disagreement(layer, right, sample) == ""
    expected = sample.arrays["G"].sum(axis=0)
    first = next(n for n, value in enumerate(expected) if value)
    told = numeric.disagreement(layer, wrong, sample)
    assert told.startswith(f"entry ({first + 1},): the formula gives {2 * expected[first]}, differences give ")


def test_a_formula_of_another_shape_is_told():
    layer = load("affine")
    wrong = Formula(layer.input("b"), layer.upstream)
    told = numeric.disagreement(layer, wrong, numeric.sample(layer, SIZES, 0))
    assert told == "the formula gives shape (2, 4), b has shape (4,)"


def test_a_network_is_not_refuted_where_its_loss_bends():
    # At the numbers of a seed residuals are 1, where the second derivative of Huber's function jumps from 1 to 0.
    layer = derive.network("linear(3) > affine(2) > huber")
    assert prove(layer, "b_1", layer.sizes({}))[-1].strength is Strength.CHECKED_AT_POINTS


@pytest.mark.parametrize("slope", [1e-4, 1e-2, 1, 100])
def test_at_a_kink_differences_decide_nothing_however_small_the_slope(slope: float):
    layer = parse("c * abs(X)", {"X": "", "c": ""})
    formula = derive.derive(layer).wrt("X").formula
    arrays = {"X": np.array(0.0), "c": np.array(slope), "G": np.array(1.0)}
    assert numeric.disagreement(layer, formula, numeric.Sample({}, arrays, np.array(0.0))) is None
