"""Code that is right at the usual sizes and wrong at others is found there, also about numbers that stand in it."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checking import check_backward
from derive.checking.matching import subject
from derive.checking.message import text
from derive.checking.numbers.literals import literals
from derive.checking.numbers.sweep import swept_sizes
from tests.checking.backwards import affine

LIMIT = 700


def helper(n):
    return n // 9


def scaled(right):
    """A backward function of the affine layer, db wrong where `right` of the number of samples does not hold."""

    def back(dout, cache):
        X, W = cache
        return dout @ W.T, X.T @ dout, dout.sum(axis=0) * (1 if right(X.shape[0]) else 2)

    return back


def wrong(back, forward=affine):
    return {v.name: v for v in check_backward(back, forward).gradients if not v.ok}


@pytest.mark.parametrize(
    ("right", "number"),
    [
        (lambda n: n != 1, 1),
        (lambda n: n < 4, 4),
        (lambda n: n < 33, 33),
        (lambda n: n != 20, 20),
        (lambda n: n < LIMIT, 700),
        (lambda n: n <= 10**4 - 1, 10000),
        (lambda n: n not in (17, 19), 17),
        (lambda n: n % 11, 11),
        (lambda n: helper(n) < 1, 9),
        (lambda n: n / 2 < 3.5, 7),
    ],
)
def test_the_other_side_of_a_branch_on_a_size_is_tried(right, number):
    found = wrong(scaled(right))
    assert set(found) == {"b"}
    assert dict(found["b"].found.sizes)["N"] == number


def test_a_branch_beyond_what_can_be_tried_is_told():
    report = check_backward(scaled(lambda n: n < 10**6), affine)
    assert report.proved
    for verdict in report.gradients:
        assert verdict.strength.value == "proved at sizes"
        assert "the code asks whether N < 1000000" in verdict.reason
    lines = text(report).splitlines()
    assert lines[1] == "  dX  proved at sizes N=2, D=3, M=4; N=2, D=2, M=2"
    assert lines[2].startswith("      not for all sizes: the code asks whether N < 1000000")
    assert lines[4] == "      not for all sizes: as for dX"


def test_a_counterexample_beyond_the_usual_sizes_is_small():
    (found,) = wrong(scaled(lambda n: n < 6)).values()
    assert dict(found.found.sizes) == {"N": 6, "D": 1, "M": 1}
    assert dict(found.found.shown)["dout"].count("1") == 1


def test_many_entries_are_not_printed():
    (found,) = wrong(scaled(lambda n: n < 65)).values()
    assert dict(found.found.shown)["dout"] == "an array of shape (65, 1)"


def test_code_that_raises_at_some_sizes_is_wrong_there():
    def back(dout, cache):
        X, W = cache
        return dout @ W.T, X.T @ dout, dout[0] + dout[1:].sum(axis=0) + 0 * dout[1]

    found = wrong(back)
    assert set(found) == {"X", "W", "b"}
    assert "IndexError" in found["b"].counterexample


def test_sizes_that_forward_does_not_take_say_nothing():
    def forward(X: "N D"):
        if X.shape[0] < 3:
            raise ValueError("three samples at least")
        return X * X, X

    assert not wrong(lambda dout, X: 2 * dout * X, forward)


def test_numbers_in_the_code_are_found_where_it_gets_them():
    found = literals(subject(scaled(lambda n: helper(n) < LIMIT), affine))
    assert {2, 9, 700} <= set(found)
    assert {"N": 700, "D": 1, "M": 1} in swept_sizes(subject(scaled(lambda n: n < LIMIT), affine))


def test_kinks_and_noise_are_no_suspicion():
    def forward(X: "N D"):
        return np.maximum(X, 0) * 1e4, X

    assert not wrong(lambda dout, X: dout * (X > 0) * 1e4, forward)
