"""What is not proved for all sizes, and why: code that asks for a size, or holds at some of them only."""

from __future__ import annotations

import pytest

from derive.checking import check_backward
from derive.proof.evidence import Strength
from tests.checking.backwards import affine
from tests.checking.verdict import strengths

ALL, AT, POINTS, REFUTED = Strength


def general(back, forward):
    """Why the gradients are not proved for all sizes."""
    return " ".join(v.reason for v in check_backward(back, forward).gradients)


def test_code_that_compares_a_size_is_not_proved_for_all_sizes():
    def one(dout, cache):
        X, W = cache
        factor = 1.0 if X.shape[0] == 1 else 1
        return factor * dout @ W.T, X.T @ dout, dout.sum(axis=0)

    assert set(strengths(one, affine).values()) == {AT}
    assert "the code asks whether N == 1" in general(one, affine)


def test_code_that_catches_what_it_asks_of_a_size_is_not_proved_for_all_sizes():
    def caught(dout, cache):
        X, W = cache
        try:
            factor = 1.0 if len(X) == 1 else 1
        except Exception:
            factor = 1
        return factor * dout @ W.T, X.T @ dout, dout.sum(axis=0)

    assert set(strengths(caught, affine).values()) == {AT}
    assert "the code asks whether N == 1" in general(caught, affine)


@pytest.mark.parametrize(
    ("first", "rest", "told"),
    [
        (slice(None, 2), slice(2, None), "slice :2 of axis 0, which is N"),
        (slice(-2, None), slice(None, -2), "slice -2: of axis 0, which is N"),
        (slice(1, 2), slice(2, 3), "slice 1:2 of axis 0, which is N"),
    ],
)
def test_what_a_literal_index_needs_of_a_size_is_said(first, rest, told):
    def back(dout, cache):
        X, W = cache
        return dout @ W.T, X.T @ dout, dout[first].sum(axis=0) + dout[rest].sum(axis=0)

    assert ALL not in strengths(back, affine).values()
    assert f"it holds at some sizes only: {told}" in general(back, affine)


def test_a_literal_index_that_every_size_allows_is_no_obstacle():
    def back(dout, cache):
        X, W = cache
        return dout @ W.T, X.T @ dout, dout[0] + dout[1:].sum(axis=0)

    assert "holds at some sizes only" not in general(back, affine)
    assert strengths(back, affine)["X"] is ALL


def test_lengths_are_asked_by_functions_of_pythons_own():
    def forward(X: "N D"):
        return X / len(X), X

    assert strengths(lambda dout, X: dout / float(len(X)), forward) == {"X": ALL}
