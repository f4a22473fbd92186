"""Code that remembers: what it gives at one call says nothing of the next."""

from __future__ import annotations

import numpy as np

from derive.checking import check_backward
from derive.proof.evidence import Strength

CALLS = {"forward": 0}
KEPT = {}


def square(X: "N D"):
    return X**2, X


def square_kept(X: "N D"):
    KEPT["X"] = X
    return X**2


def only(backward, forward=square):
    (verdict,) = check_backward(backward, forward).gradients
    return verdict


def test_code_that_counts_its_calls_is_not_proved():
    def back(dout, X):
        CALLS["forward"] += 1
        return 2 * dout * X * (1 if CALLS["forward"] < 10**6 else 2)

    verdict = only(back)
    assert verdict.strength is Strength.CHECKED_AT_POINTS
    assert "lasts" in verdict.reason


def test_a_default_that_is_written_once_is_found_by_other_numbers():
    def back(dout, X, first={}):  # noqa: B006 -- that is the mistake
        first.setdefault("X", X.copy())
        return 2 * dout * (first["X"] if first["X"].shape == X.shape else X)

    assert only(back).strength is Strength.REFUTED


def test_a_global_cache_that_each_call_writes_anew_is_none():
    assert only(lambda dout: 2 * dout * KEPT["X"], square_kept).strength is Strength.PROVED_FOR_ALL_SIZES


def test_the_shape_as_text_is_no_way_around_sizes():
    def back(dout, X):
        return 2 * dout * X * (1 if f"{X.shape[0]}" == "1017" else 1.0)

    assert only(back).strength is Strength.PROVED_AT_SIZES


def test_floats_of_few_digits_are_not_proved():
    def back(dout, X):
        return 2 * dout * X.astype(np.float32)

    verdict = only(back)
    assert verdict.strength is Strength.CHECKED_AT_POINTS
    assert "float32" in verdict.reason


def test_whether_arrays_are_equal_or_close_is_decided_entry_by_entry():
    def equal(dout, X):
        return dout if np.array_equal(X, 3 * np.ones_like(X)) else 2 * dout * X

    def close(dout, X):
        return dout if np.allclose(X, 7.0, atol=1e-3) else 2 * dout * X

    assert only(equal).strength is Strength.REFUTED
    assert only(close).strength is Strength.REFUTED
    assert only(lambda dout, X: 2 * dout * X if np.allclose(X, X) else dout).proved


def test_what_gives_no_number_at_zero_is_refuted():
    def product(X: "N D"):
        return X.prod(axis=1), X

    assert only(lambda dout, X: dout[:, None] * X.prod(axis=1, keepdims=True) / X, product).strength is Strength.REFUTED
    assert only(lambda dout, X: 2 * dout * dout * X / dout).strength is Strength.REFUTED


def test_a_mistake_in_the_gradient_of_a_single_number_is_named():
    def scale(X: "N D", s: ""):
        return X * s, (X, s)

    report = check_backward(lambda dout, cache: (dout * cache[1], dout.sum() * cache[0].mean()), scale)
    assert {v.name: v.ok for v in report.gradients} == {"X": True, "s": False}
