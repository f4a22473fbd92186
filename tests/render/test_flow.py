"""Equations that are wider than the terminal: where they are broken, and which columns are left out."""

from derive.document.blocks import Line
from derive.notation.tree import (
    Beside,
    Dots,
    Entry,
    Grid,
    MatMul,
    Name,
    Negative,
    Number,
    Partial,
    Product,
    Relation,
    Sum,
)
from tests.notation.pieces import W, X, Y, g, w, x
from tests.render.pieces import equation


def test_a_line_that_fits_stays_in_one_piece() -> None:
    assert equation(Line(Y, "=", Sum((MatMul((X, W)), X))), number=7, width=60) == [
        "  Y = X W + X" + " " * 44 + "(7)",
    ]


def test_signs_stand_below_each_other() -> None:
    lines = (Line(x(10, 1), "=", w(0, 0)), Line(x(0), "=", w(1, 1)), Line(None, "=", w(2, 2)))
    assert equation(*lines) == ["    x₁₁,₂ = w₁₁", "       x₁ = w₂₂", "          = w₃₃"]


def test_a_chain_of_equalities_is_broken_before_its_signs() -> None:
    long = Sum(tuple(w(number, number) for number in range(6)))
    lines = equation(Line(Y, "=", Relation.equal(long, long)), width=60)
    assert lines == [
        "  Y = w₁₁ + w₂₂ + w₃₃ + w₄₄ + w₅₅ + w₆₆",
        "    = w₁₁ + w₂₂ + w₃₃ + w₄₄ + w₅₅ + w₆₆",
    ]


def test_a_long_sum_is_broken_before_its_signs() -> None:
    terms = [Product((g(0, n), w(0, n))) for n in range(8)]
    lines = equation(Line(x(0), "=", Sum((*terms[:5], Negative(terms[5]), *terms[6:]))), width=60)
    assert lines == [
        "  x₁ = ∂L/∂y₁₁·w₁₁ + ∂L/∂y₁₂·w₁₂ + ∂L/∂y₁₃·w₁₃",
        "     + ∂L/∂y₁₄·w₁₄ + ∂L/∂y₁₅·w₁₅ − ∂L/∂y₁₆·w₁₆",
        "     + ∂L/∂y₁₇·w₁₇ + ∂L/∂y₁₈·w₁₈",
    ]


def test_a_product_is_broken_between_its_matrices_and_a_sum_keeps_its_parentheses() -> None:
    cells = tuple(tuple(Partial(Entry("y", (row,)), x(column)) for column in range(4)) for row in range(2))
    lines = equation(Line(Y, "=", MatMul((Grid(cells), Sum((X, W)), Grid(cells)))), width=60)
    assert lines == [
        "  Y = ⎡ ∂y₁/∂x₁  ∂y₁/∂x₂  ∂y₁/∂x₃  ∂y₁/∂x₄ ⎤ · (X + W)",
        "      ⎣ ∂y₂/∂x₁  ∂y₂/∂x₂  ∂y₂/∂x₃  ∂y₂/∂x₄ ⎦",
        "",
        "    · ⎡ ∂y₁/∂x₁  ∂y₁/∂x₂  ∂y₁/∂x₃  ∂y₁/∂x₄ ⎤",
        "      ⎣ ∂y₂/∂x₁  ∂y₂/∂x₂  ∂y₂/∂x₃  ∂y₂/∂x₄ ⎦",
    ]


def test_a_sum_that_stands_in_a_line_of_its_own_keeps_its_parentheses() -> None:
    cells = (tuple(Partial(Entry("y", (0,)), x(column)) for column in range(5)),)
    lines = equation(Line(Y, "=", MatMul((Grid(cells), Sum((X, W))))), width=60)
    assert lines == [
        "  Y = [ ∂y₁/∂x₁  ∂y₁/∂x₂  ∂y₁/∂x₃  ∂y₁/∂x₄  ∂y₁/∂x₅ ]",
        "    · (X + W)",
    ]


def test_statements_side_by_side_go_below_each_other() -> None:
    statements = tuple(Relation.equal(Name(letter * 12, "matrix"), X) for letter in "ABCD")
    lines = equation(Line(None, "", Beside(statements)), width=60)
    assert lines == [
        "  AAAAAAAAAAAA = X    BBBBBBBBBBBB = X",
        "  CCCCCCCCCCCC = X    DDDDDDDDDDDD = X",
    ]


def test_a_matrix_that_is_too_wide_has_its_entries_on_several_lines() -> None:
    cells = tuple(
        tuple(Sum((Product((g(0, row), x(column, 0))), Product((g(1, row), x(column, 1))))) for column in range(3))
        for row in range(2)
    )
    assert equation(Line(None, "", Grid(cells)), width=60) == [
        "  ⎡ ∂L/∂y₁₁·x₁₁    ∂L/∂y₁₁·x₂₁    ∂L/∂y₁₁·x₃₁   ⎤",
        "  ⎢ + ∂L/∂y₂₁·x₁₂  + ∂L/∂y₂₁·x₂₂  + ∂L/∂y₂₁·x₃₂ ⎥",
        "  ⎢                                             ⎥",
        "  ⎢ ∂L/∂y₁₂·x₁₁    ∂L/∂y₁₂·x₂₁    ∂L/∂y₁₂·x₃₁   ⎥",
        "  ⎣ + ∂L/∂y₂₂·x₁₂  + ∂L/∂y₂₂·x₂₂  + ∂L/∂y₂₂·x₃₂ ⎦",
    ]


def test_a_matrix_whose_entries_cannot_be_broken_loses_columns_but_not_its_last() -> None:
    cells = tuple(tuple(Partial(Entry("y", (row, 0)), x(column, 0)) for column in range(8)) for row in range(2))
    assert equation(Line(None, "", Grid(cells, column_rules=(2,), row_rules=(1,))), width=60) == [
        "  ⎡ ∂y₁₁/∂x₁₁  ∂y₁₁/∂x₂₁ ┊ ∂y₁₁/∂x₃₁  ⋯  ∂y₁₁/∂x₈₁ ⎤",
        "  ⎢ ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┼┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈ ⎥",
        "  ⎣ ∂y₂₁/∂x₁₁  ∂y₂₁/∂x₂₁ ┊ ∂y₂₁/∂x₃₁  ⋯  ∂y₂₁/∂x₈₁ ⎦",
        "                         2×8",
    ]


def test_a_wide_row_goes_on_below_from_its_dash() -> None:
    cells = tuple(Partial(Entry("y", (0, 0)), x(column, 0)) for column in range(6))
    assert equation(Line(Y, "=", Grid((cells,), column_rules=(3,))), width=60) == [
        "  Y = [ ∂y₁₁/∂x₁₁  ∂y₁₁/∂x₂₁  ∂y₁₁/∂x₃₁ ┊",
        "        ∂y₁₁/∂x₄₁  ∂y₁₁/∂x₅₁  ∂y₁₁/∂x₆₁ ]",
    ]


def test_a_wide_row_keeps_the_dashes_within_its_lines() -> None:
    cells = tuple(Partial(Entry("y", (0, 0)), x(column, 0)) for column in range(6))
    assert equation(Line(Y, "=", Grid((cells,), column_rules=(2, 4))), width=64) == [
        "  Y = [ ∂y₁₁/∂x₁₁  ∂y₁₁/∂x₂₁ ┊ ∂y₁₁/∂x₃₁  ∂y₁₁/∂x₄₁ ┊",
        "        ∂y₁₁/∂x₅₁  ∂y₁₁/∂x₆₁ ]",
    ]


def test_a_matrix_that_loses_columns_keeps_the_dots_of_its_rows_and_its_true_size() -> None:
    shown = (0, -1, 8)
    cells = tuple(
        tuple(Dots("column") if row < 0 else Partial(Entry("y", (row, 0)), x(column, 0)) for column in range(7))
        for row in shown
    )
    grid = Grid(cells, rows=shown, columns=tuple(range(7)), size=(9, 7))
    assert equation(Line(None, "", grid), width=60) == [
        "  ⎡ ∂y₁₁/∂x₁₁  ∂y₁₁/∂x₂₁  ∂y₁₁/∂x₃₁  ⋯  ∂y₁₁/∂x₇₁ ⎤",
        "  ⎢     ⋮          ⋮          ⋮      ⋱      ⋮     ⎥",
        "  ⎣ ∂y₉₁/∂x₁₁  ∂y₉₁/∂x₂₁  ∂y₉₁/∂x₃₁  ⋯  ∂y₉₁/∂x₇₁ ⎦",
        "                         9×7",
    ]


def test_a_wide_matrix_moves_to_the_left_before_it_is_cut() -> None:
    cells = (tuple(Partial(Entry("y", (0, 0)), x(column, 0)) for column in range(4)),)
    left = Line(Name("a" * 12), "=", X)
    assert equation(left, Line(None, "=", Grid(cells)), width=60) == [
        "  aaaaaaaaaaaa = X",
        "            = [ ∂y₁₁/∂x₁₁  ∂y₁₁/∂x₂₁  ∂y₁₁/∂x₃₁  ∂y₁₁/∂x₄₁ ]",
    ]


def test_a_number_that_has_no_room_goes_on_a_line_of_its_own() -> None:
    cells = (tuple(Partial(Entry("y", (0, 0)), x(column, 0)) for column in range(5)),)
    lines = equation(Line(None, "", Grid(cells)), number=12, width=62)
    assert lines == [
        "  [ ∂y₁₁/∂x₁₁  ∂y₁₁/∂x₂₁  ∂y₁₁/∂x₃₁  ∂y₁₁/∂x₄₁  ∂y₁₁/∂x₅₁ ]",
        " " * 58 + "(12)",
    ]


def test_the_number_of_a_tall_equation_stands_in_its_middle() -> None:
    lines = equation(Line(X, "=", Grid(tuple((Number(n),) for n in range(5)))), number=3, width=60)
    assert [line.endswith("(3)") for line in lines] == [False, False, True, False, False]
