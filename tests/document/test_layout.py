from __future__ import annotations

from dataclasses import dataclass

import pytest

from derive.document.layout import LINE_WIDTH, fit, grid
from derive.notation.measure import width
from derive.notation.tree import Dots, Entry, Explicit, Grid, MatMul, Name, Number, Relation, Sum


@dataclass(frozen=True)
class Table:
    shape: tuple[int, int]
    blocks: tuple[int, int] = (0, 0)
    name: str = "t"
    sparse: bool = False

    def tree(self, row: int, column: int, /) -> Entry:
        return Entry("x", (row, column))


def test_a_small_table_is_shown_whole_and_without_its_size():
    assert grid(Table((2, 3)), 24, 24) == Grid(
        (
            (Entry("x", (0, 0)), Entry("x", (0, 1)), Entry("x", (0, 2))),
            (Entry("x", (1, 0)), Entry("x", (1, 1)), Entry("x", (1, 2))),
        ),
        "t",
        (0, 1),
        (0, 1, 2),
    )


def test_what_is_left_out_becomes_dots_and_the_corners_stay():
    shown = grid(Table((100, 2)), 5, 5)
    assert shown.rows == (0, 1, 2, -1, 99)
    assert shown.size == (100, 2)
    assert shown.cells[3] == (Dots("column"), Dots("column"))
    assert grid(Table((9, 9)), 4, 4).cells[2][2] == Dots("both")
    assert grid(Table((9, 9)), 4, 4).cells[0][2] == Dots("row")
    assert grid(Table((9, 9)), 4, 4).cells[-1][-1] == Entry("x", (8, 8))


def test_rules_stand_where_a_block_begins():
    shown = grid(Table((6, 4), (3, 2)), 24, 24)
    assert shown.row_rules == (3,)
    assert shown.column_rules == (2,)


@pytest.mark.parametrize("columns", [1, 5, 12, 24, 25, 4096])
def test_every_line_fits_when_shrunk_to_80_percent(columns):
    table = Explicit(Table((3, columns)))
    for line in fit(Relation.equal(Name("Y", "matrix"), MatMul((table, table)), table)):
        assert width(line.right) <= LINE_WIDTH / 0.8


def test_a_relation_that_is_too_long_is_broken_at_its_signs():
    long = Sum(tuple(Entry("x", (i,)) for i in range(14)))
    lines = fit(Relation.equal(Name("y"), long, long, long))
    assert [line.sign for line in lines] == ["=", "=", "="]
    assert [line.left for line in lines] == [Name("y"), None, None]


def test_what_fits_is_shown_whole():
    for line in fit(Relation.equal(Name("J"), Explicit(Table((15, 12))))):
        assert isinstance(line.right, Grid)
        assert line.right.size is None


def test_short_relations_stay_on_one_line():
    (line,) = fit(Relation.equal(Name("y"), Number(1), Number(1)))
    assert line.left == Name("y")
