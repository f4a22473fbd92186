"""Assumptions about inputs: right where they hold is right, and nothing is said of inputs at which they do not."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from derive.checked import check
from derive.checking import check_backward
from derive.checking.message import data, mismatch, text
from derive.errors import ShapeError, UnknownNameError, UserError
from derive.layers import load
from derive.proof.evidence import Strength
from derive.testing import GradientMismatch, assert_gradients
from tests.checking.corpus import assumed as a

ALL, AT, POINTS, WRONG = (
    Strength.PROVED_FOR_ALL_SIZES,
    Strength.PROVED_AT_SIZES,
    Strength.CHECKED_AT_POINTS,
    Strength.REFUTED,
)
TARGETS = {"Z": "N K", "T": "N K"}
ROWS = ("T rows sum to 1",)
SQUARE = {"x": "N", "A": "N N"}
NUMBERS = {"x": "N"}


def verdict(backward, forward, shapes, assume, returns=""):
    """That about the first gradient."""
    return check_backward(backward, forward, shapes=shapes, assume=assume, returns=returns).gradients[0]


@pytest.mark.parametrize(
    ("backward", "expected"),
    [
        (a.targets_subtracted, ALL),
        (a.targets_staged, ALL),
        (a.targets_twice, WRONG),
        (a.targets_not_averaged, WRONG),
        (a.targets_averaged_twice, WRONG),
        (a.targets_never_negative, WRONG),
    ],
)
def test_targets_that_add_up_to_one(backward, expected):
    assert verdict(backward, a.cross_entropy, TARGETS, ROWS, "dZ").strength is expected


def stable(Z, T):
    Z = Z - Z.max(axis=1, keepdims=True)
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    return -np.sum(T * np.log(P)) / Z.shape[0], (P, T)


def test_the_largest_may_be_subtracted_before():
    assert verdict(a.targets_subtracted, stable, TARGETS, ROWS, "dZ").strength is ALL


def test_another_axis_or_another_sum_is_not_enough():
    for other in ("T columns sum to 1", "T rows sum to 2", "T > 0"):
        assert verdict(a.targets_subtracted, a.cross_entropy, TARGETS, (other,), "dZ").strength is WRONG


def test_what_is_right_only_with_an_assumption_says_which():
    found = verdict(a.targets_subtracted, a.cross_entropy, TARGETS, (), "dZ")
    assert found.strength is WRONG
    assert found.cause == 'it is right only where the rows of T sum to 1: --assume "T rows sum to 1"'
    for other in (a.targets_twice, a.targets_not_averaged):
        assert "--assume" not in verdict(other, a.cross_entropy, TARGETS, (), "dZ").cause


def test_a_symmetric_matrix_and_any():
    assert verdict(a.quadratic_twice, a.quadratic, SQUARE, ("A symmetric",), "dx").strength is ALL
    assert verdict(a.quadratic_twice, a.quadratic, SQUARE, (), "dx").strength is WRONG
    assert verdict(a.quadratic_once, a.quadratic, SQUARE, ("A symmetric",), "dx").strength is WRONG


def test_the_gradient_of_a_symmetric_matrix_is_that_of_independent_entries():
    """∂(xᵀ A x)/∂a_ij = x_i x_j, and not twice that beside the diagonal."""

    def outer(dL, x, A):
        return dL * 2 * A @ x, dL * np.outer(x, x)

    def tied(dL, x, A):
        return dL * 2 * A @ x, dL * np.outer(x, x) * (2 - np.eye(len(x)))

    for backward, expected in ((outer, ALL), (tied, WRONG)):
        report = check_backward(backward, a.quadratic, shapes=SQUARE, assume=("A symmetric",))
        assert [found.strength for found in report.gradients] == [ALL, expected]


def absolute(x):
    return np.abs(x)


def as_it_is(dy, x):
    return dy


def test_positive_numbers():
    assert verdict(as_it_is, absolute, NUMBERS, ("x > 0",)).proved
    assert verdict(as_it_is, absolute, NUMBERS, ()).strength is WRONG
    assert verdict(as_it_is, absolute, NUMBERS, ("x != 0",)).strength is WRONG
    assert verdict(a.positive_power, a.positive, NUMBERS, ("x > 0",)).proved
    assert verdict(a.positive_guarded, a.positive, NUMBERS, ("x > 0",)).strength is WRONG


def square(x):
    return x**2


def wrong_at_zero(dy, x):
    return np.where(x > 0, 2 * x * dy, 5 * dy)


def test_zero_is_no_positive_number_but_none_below_zero():
    assert verdict(wrong_at_zero, square, NUMBERS, ("x > 0",)).proved
    found = verdict(wrong_at_zero, square, NUMBERS, ("x >= 0",))
    assert found.strength is WRONG and dict(found.found.shown)["x"] == "[0]"


def test_what_is_used_of_numbers_that_may_be_zero_is_no_proof():
    found = verdict(as_it_is, absolute, NUMBERS, ("x >= 0",))
    assert found.strength is POINTS and "x >= 0 is used for numbers" in found.reason


def product(x, y):
    return x * y * y


def wrong_where_y_is_zero(dz, x, y):
    return np.where(x * y * y > 0, dz * y * y, 5 * dz), 2 * dz * x * y


def test_what_may_be_zero_beside_a_positive_factor_is_looked_at():
    report = check_backward(wrong_where_y_is_zero, product, shapes={"x": "N", "y": "N"}, assume=("x > 0",))
    assert [found.strength for found in report.gradients] == [WRONG, ALL]


def compared(dL, cache):
    P, T = cache
    return dL * (P - np.where(T.sum(axis=1, keepdims=True) > 1, 1, 3) * T) / P.shape[0]


def asked(dL, cache):
    P, T = cache
    if T.sum() > T.shape[0]:
        return dL * (P - T) / P.shape[0]
    return dL * (P - 3 * T) / P.shape[0]


@pytest.mark.parametrize("backward", [compared, asked])
def test_what_is_equal_wherever_the_assumption_holds_is_on_no_side(backward):
    """Both say (P - T) / N where targets add up to more than 1, which they never do."""
    assert verdict(backward, a.cross_entropy, TARGETS, ROWS, "dZ").strength is WRONG


def mask_of_equal_entries(dL, x, A):
    return dL * 2 * A @ x, dL * np.outer(x, x) * np.where(A == A.T, 1, 2)


def test_a_comparison_of_entries_that_are_equal_is_not_proved():
    report = check_backward(mask_of_equal_entries, a.quadratic, shapes=SQUARE, assume=("A symmetric",))
    assert [found.strength for found in report.gradients] == [ALL, POINTS]
    assert "compares what is equal wherever the assumptions hold" in report.gradients[1].reason


def refusing(Z, T):
    if np.any(np.abs(T.sum(axis=1) - 1) > 1e-6):
        raise ValueError("expected targets that add up to 1")
    return a.cross_entropy(Z, T)


def log(x):
    if (x <= 0).any():
        raise ValueError("expected positive numbers")
    return np.log(x)


def log_backward(dy, x):
    return dy / x


def test_forward_may_refuse_other_inputs():
    assert verdict(a.targets_subtracted, refusing, TARGETS, ROWS, "dZ").strength is AT
    assert verdict(a.targets_twice, refusing, TARGETS, ROWS, "dZ").strength is WRONG
    assert verdict(log_backward, log, NUMBERS, ("x > 0",)).strength is AT


def numbers(told):
    return np.array(json.loads(told))


@pytest.mark.parametrize(
    ("backward", "forward", "shapes", "assume", "returns", "name", "holds"),
    [
        (
            a.targets_never_negative,
            *(a.cross_entropy, TARGETS, ROWS, "dZ", "T"),
            lambda T: np.allclose(T.sum(axis=1), 1, rtol=1e-5),
        ),
        (a.targets_twice, a.cross_entropy, TARGETS, ROWS, "dZ", "T", lambda T: np.allclose(T.sum(axis=1), 1)),
        (
            a.quadratic_above_the_diagonal,
            *(a.quadratic, SQUARE, ("A symmetric",), "dx", "A"),
            lambda A: np.array_equal(A, A.T),
        ),
        (a.positive_guarded, a.positive, NUMBERS, ("x > 0",), "", "x", lambda x: bool(np.all(x > 0))),
        (a.positive_root_alone, a.positive, NUMBERS, ("x > 0",), "", "x", lambda x: bool(np.all(x > 0))),
    ],
)
def test_the_inputs_of_a_refutation_satisfy_what_is_assumed(backward, forward, shapes, assume, returns, name, holds):
    found = verdict(backward, forward, shapes, assume, returns)
    assert found.strength is WRONG
    assert holds(numbers(dict(found.found.shown)[name]))


def test_several_assumptions_about_one_input():
    both = ("T rows sum to 1", "T > 0")
    assert verdict(a.targets_subtracted, a.cross_entropy, TARGETS, both, "dZ").strength is ALL
    assert verdict(a.targets_twice, a.cross_entropy, TARGETS, both, "dZ").strength is WRONG
    # Where no target is negative, taking those for 0 changes nothing.
    assert verdict(a.targets_never_negative, a.cross_entropy, TARGETS, both, "dZ").strength is AT


def test_what_is_assumed_is_said():
    report = check_backward(a.targets_twice, a.cross_entropy, shapes=TARGETS, assume=ROWS, returns="dZ")
    assert text(report).splitlines()[1] == "  where the rows of T sum to 1"
    assert "  where the rows of T sum to 1" in mismatch(report).splitlines()
    assert data(report)["assumptions"] == [
        {"text": "T rows sum to 1", "stated_by": "user", "where": "the rows of T sum to 1"}
    ]
    assert "--assume" in report.words and report.words[report.words.index("--assume") + 1] == "T rows sum to 1"


def test_what_the_author_of_a_layer_assumes_holds_without_being_told():
    layer = load("cross_entropy")
    (own,) = check_backward(
        a.targets_subtracted, a.cross_entropy, shapes=TARGETS, assume=ROWS, returns="dZ"
    ).assumptions
    stated = dataclasses.replace(layer, assumptions=(dataclasses.replace(own, author=True),))

    def backward(dL, Z, T):
        P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        return dL * (P - T) / Z.shape[0]

    assert not check_backward(backward, layer, returns="dZ").ok
    for options in ({"forward": stated}, {"against": stated}):
        report = check_backward(backward, returns="dZ", **options)
        assert report.ok
        assert "  where the rows of T sum to 1 (the layer assumes it)" in text(report).splitlines()
        assert "--assume" not in report.words


@pytest.mark.parametrize(
    ("assume", "error", "told"),
    [
        ("B symmetric", UnknownNameError, "unknown input of quadratic to assume something of 'B'"),
        ("x symmetric", ShapeError, "expected a square matrix"),
        ("x rows sum to 1", ShapeError, 'write "x sums to 1"'),
        ("A diagonal", UserError, "none of what can be assumed"),
        (7, UserError, "expected texts"),
    ],
)
def test_what_cannot_be_assumed_is_refused(assume, error, told):
    with pytest.raises(error) as raised:
        check_backward(a.quadratic_twice, a.quadratic, shapes=SQUARE, assume=[assume], returns="dx")
    assert told in str(raised.value)


@pytest.mark.parametrize(
    "assume", [("A rows sum to 1", "A columns sum to 1"), ("A rows sum to 1", "A symmetric"), ("x sums to 1", "x != 0")]
)
def test_what_no_inputs_are_made_for_is_refused_by_name(assume):
    with pytest.raises(UserError) as raised:
        check_backward(a.quadratic_twice, a.quadratic, shapes=SQUARE, assume=assume, returns="dx")
    assert all(item in str(raised.value) for item in assume) and "leave one of them out" in str(raised.value)


def test_assert_gradients_takes_them_too():
    options = {"shapes": TARGETS, "returns": "dZ"}
    assert assert_gradients(a.targets_subtracted, a.cross_entropy, assume=ROWS, require="proved", **options).proved
    with pytest.raises(GradientMismatch):
        assert_gradients(a.targets_subtracted, a.cross_entropy, **options)
    with pytest.raises(GradientMismatch, match="where the rows of T sum to 1"):
        assert_gradients(a.targets_twice, a.cross_entropy, assume=ROWS, **options)


def test_a_handout_that_would_not_say_what_is_assumed_is_refused():
    made = check(a.targets_subtracted, a.cross_entropy, shapes=TARGETS, assume=ROWS, returns="dZ")
    assert made.report.proved
    with pytest.raises(UserError, match="a handout says nothing yet of what is assumed of inputs"):
        made.document()
