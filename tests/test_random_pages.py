"""Handouts of random expressions: none ends with an error, none overflows, every link leads somewhere."""

from __future__ import annotations

from random import Random

import pytest

import derive
from derive.pdf import typeset_with_log
from derive.pdf.log import overfull, warnings
from tests.corpus.random_text import example


def compiles(text: str, shapes: dict[str, str], **sizes: int) -> None:
    made = typeset_with_log(derive.derive(text, shapes=shapes, **sizes).latex(), engine="tinytex")
    assert "Output written on" in made.log
    assert overfull(made.log) == ()
    assert warnings(made.log) == ()


def test_a_sum_with_a_number_where_another_has_an_operand():
    compiles("(A - mean(A, axis=0)) / (1 + var(A, axis=0))", {"A": "N D"})


def test_names_with_a_number():
    compiles("sum(W_1 * X_2)", {"W_1": "N D", "X_2": "N D"})


def test_no_size_has_a_letter():
    compiles("A @ ones((2,))", {"A": "2"})


@pytest.mark.thorough
def test_a_number_whose_entries_written_out_would_fill_pages():
    text = "where(sqrt(sum((inv(4 * eye(D) + tanh(A @ ones((N, D)))) @ b)[:, 1:3] @ X)**2 + 1) > w, w, w)"
    compiles(text, {"A": "D N", "b": "D 5", "X": "2 6", "w": ""}, N=3, D=4)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [600_004, 600_009, 600_012, 600_016, 600_018, *range(610_000, 610_012)])
def test_a_random_expression(seed: int):
    case = example(Random(seed))
    compiles(case.text, case.shapes, **case.sizes)
