"""Reading what is assumed of inputs."""

from __future__ import annotations

import pytest

import derive
from derive.errors import ShapeError, UnknownNameError, UserError
from derive.forward.assumption import read_assumptions
from derive.forward.parse import parse
from derive.layers import load

SQUARE = parse("x @ A @ x", {"x": "N", "A": "N N"}).inputs
TARGETS = load("cross_entropy").inputs


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("A symmetric", "A symmetric"),
        ("A is symmetric", "A symmetric"),
        ("  A   symmetric ", "A symmetric"),
        ("A rows sum to 1", "A rows sum to 1"),
        ("rows of A sum to 1", "A rows sum to 1"),
        ("A columns sum to 1/2", "A columns sum to 1/2"),
        ("A columns sum to 0", "A columns sum to 0"),
        ("x sums to 0.5", "x sums to 1/2"),
        ("x>0", "x > 0"),
        ("x >= 0", "x >= 0"),
        ("x != 0", "x != 0"),
    ],
)
def test_an_assumption_is_read_and_said_in_its_own_words(text: str, read: str) -> None:
    assert [str(item) for item in read_assumptions([text], SQUARE, "expr")] == [read]


@pytest.mark.parametrize(
    "text", ["A posdef", "A", "", "A symmetric and positive", "x < 0", "x > 1", "x > 0 " * 1000, "x > 0; import os"]
)
def test_what_cannot_be_assumed_is_refused_with_what_can(text: str) -> None:
    with pytest.raises(UserError, match=r"none of what can be assumed: \"A symmetric\", .*\"x != 0\""):
        read_assumptions([text], SQUARE, "expr")


def test_an_unknown_array_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'B'.*known: x, A"):
        read_assumptions(["B symmetric"], SQUARE, "expr")


@pytest.mark.parametrize("text", ["T symmetric", "T sums to 1"])
def test_an_array_that_cannot_be_so_is_refused_with_its_shape(text: str) -> None:
    with pytest.raises(ShapeError, match=r"T has the shape \(N, K\)"):
        read_assumptions([text], TARGETS, "cross_entropy")


def test_rows_of_a_vector_are_refused_with_the_remedy() -> None:
    with pytest.raises(ShapeError, match='write "x sums to 1"'):
        read_assumptions(["x rows sum to 1"], SQUARE, "expr")


def test_sums_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UserError, match="T rows sum to 1 and T rows sum to 2 contradict"):
        read_assumptions(["T rows sum to 1", "T rows sum to 2"], TARGETS, "cross_entropy")


def test_whole_numbers_are_refused() -> None:
    @derive.layer(defaults="V=3 D=2 N=4")
    def rows(W: "V D", t: N in V):  # type: ignore[no-untyped-def]
        return W[t]

    with pytest.raises(UserError, match="t holds whole numbers"):
        read_assumptions(["t > 0"], rows.inputs, "rows")


def test_positive_numbers_do_not_add_up_to_a_negative_one() -> None:
    with pytest.raises(UserError, match="x > 0 and x sums to -1 contradict"):
        read_assumptions(["x > 0", "x sums to -1"], SQUARE, "expr")


def test_what_is_said_twice_is_kept_once() -> None:
    assert len(read_assumptions(["x > 0", "x>0"], SQUARE, "expr")) == 1


def test_rows_become_columns_where_samples_are_columns() -> None:
    derived = derive.derive("cross_entropy", assume="T rows sum to 1", convention="columns")
    assert [str(item) for item in derived.assumed.assumptions] == ["T columns sum to 1"]


def test_a_row_becomes_a_vector_where_there_is_one_sample() -> None:
    derived = derive.derive("cross_entropy", n=1, assume=["T rows sum to 1"])
    assert [str(item) for item in derived.assumed.assumptions] == ["t sums to 1"]


def test_an_axis_that_one_sample_lacks_is_refused_with_the_remedy() -> None:
    with pytest.raises(UserError, match="--samples matrix"):
        derive.derive("cross_entropy", n=1, assume=["T columns sum to 1"])
