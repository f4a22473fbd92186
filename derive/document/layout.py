"""Fits statements to the page: which entries of a matrix are shown, and where a line is broken.

Everything is shown if it fits; else rows and columns give way to dots, the corners kept, the true size beside it.
"""

from __future__ import annotations

from derive.document.blocks import Line
from derive.notation.measure import height, width
from derive.notation.tree import Beside, Dots, Explicit, Grid, MatMul, Relation, Sum, Table, Tree, replace

__all__ = ["LINE_WIDTH", "TEXT_WIDTH", "fit", "grid"]

TEXT_WIDTH = 41.0
"""The width of the text on both papers, in em: 160 mm."""

LINE_WIDTH = TEXT_WIDTH - 3.0
"""What an equation may take beside its number."""

_HEIGHT = 32.0
_SHRINK = 0.8
_SHORT_LEFT = 7.0
_LIMITS = ((24, 24, 3), (6, 6, 3), (5, 5, 3), (4, 4, 3), (4, 4, 1), (3, 3, 1), (3, 2, 1))
"""Rows and columns of a matrix that are shown, and terms before the dots of a sum, from the most to the least.

After everything come the corners: factors of one product should be cut alike, and a matrix of 15 rows with 3 columns
and dots is no easier to read than its corners.
"""


def fit(*statements: Tree) -> tuple[Line, ...]:
    """The lines of the statements, one under the other, each broken where it must be.

    What is too wide even with the fewest entries is left to the page to shrink; that takes an entry as wide as it.
    """
    for rows, columns, terms in _LIMITS:
        lines = tuple(line for statement in statements for line in _broken(_elided(statement, rows, columns, terms)))
        if sum(_line_height(line) for line in lines) <= _HEIGHT and _widest(lines) <= LINE_WIDTH / _SHRINK:
            return lines
    return lines


def grid(table: Table, rows: int, columns: int) -> Grid:
    """The table in brackets, at most so many rows and columns of it, dots counted."""
    shown_rows, shown_columns = _shown(table.shape[0], rows), _shown(table.shape[1], columns)
    cells = tuple(tuple(_cell(table, i, j) for j in shown_columns) for i in shown_rows)
    return Grid(
        cells,
        table.name,
        shown_rows,
        shown_columns,
        _rules(shown_rows, table.blocks[0]),
        _rules(shown_columns, table.blocks[1]),
        table.shape if -1 in shown_rows or -1 in shown_columns else None,
        table.sparse,
    )


def _shown(count: int, limit: int) -> tuple[int, ...]:
    """The positions that are shown; -1 stands for dots."""
    if count <= limit:
        return tuple(range(count))
    return (*range(max(1, min(limit - 2, 3))), -1, count - 1)


def _cell(table: Table, row: int, column: int) -> Tree:
    if row >= 0 and column >= 0:
        return table.tree(row, column)
    if row < 0 and column < 0:
        return Dots("both")
    return Dots("row" if column < 0 else "column")


def _rules(shown: tuple[int, ...], block: int) -> tuple[int, ...]:
    """Where a new block begins among the positions shown."""
    if block <= 0:
        return ()
    return tuple(n for n, position in enumerate(shown) if n and position > 0 and position % block == 0)


def _elided(tree: Tree, rows: int, columns: int, terms: int) -> Tree:
    def change(item: Tree) -> Tree | None:
        if isinstance(item, Explicit):
            return replace(grid(item.table, rows, columns), lambda inner: _shortened(inner, terms))
        return _shortened(item, terms)

    return replace(tree, change)


def _shortened(tree: Tree, terms: int) -> Tree | None:
    """A sum with dots, with at most so many terms before them."""
    if not isinstance(tree, Sum) or Dots() not in tree.terms[terms + 1 :]:
        return None
    return Sum((*tree.terms[:terms], *tree.terms[tree.terms.index(Dots()) :]))


def _line_height(line: Line) -> float:
    return max(height(line.right), height(line.left) if line.left is not None else 0.0) + 0.4


def _line_width(line: Line) -> float:
    return (width(line.left) if line.left is not None else 0.0) + (1.4 if line.sign else 0.0) + width(line.right)


def _widest(lines: tuple[Line, ...]) -> float:
    """The width of the lines once they are aligned at their signs."""
    left = max((width(line.left) for line in lines if line.left is not None), default=0.0)
    return max((left if line.left is not None or line.sign else 0.0) + 1.4 + width(line.right) for line in lines)


def _broken(statement: Tree) -> tuple[Line, ...]:
    if not isinstance(statement, Relation):
        return (Line(None, "", statement),)
    left, *rest = statement.parts
    first = Line(left, statement.signs[0], rest[0])
    lines: list[Line] = []
    if width(left) > _SHORT_LEFT and not _fits([*statement.parts], statement.signs):
        lines.append(Line(None, "", left))
        pending = list(zip(statement.signs, rest, strict=True))
    else:
        lines.append(first)
        pending = list(zip(statement.signs[1:], rest[1:], strict=True))
    for sign, part in pending:
        last = lines[-1]
        joined = Relation((last.right, part), (sign,))
        if _line_width(Line(last.left, last.sign, joined)) <= LINE_WIDTH and last.sign:
            lines[-1] = Line(last.left, last.sign, joined)
        else:
            lines.append(Line(None, sign, part))
    return tuple(piece for line in lines for piece in _split(line))


def _fits(parts: list[Tree], signs: tuple[str, ...]) -> bool:
    return width(Relation(tuple(parts), signs)) <= LINE_WIDTH / _SHRINK


def _split(line: Line) -> tuple[Line, ...]:
    """A product that is too wide goes on several lines, a factor on each."""
    if _line_width(line) <= LINE_WIDTH / _SHRINK:
        return (line,)
    if isinstance(line.right, MatMul) and any(isinstance(factor, Grid) for factor in line.right.factors):
        first, *rest = line.right.factors
        return (Line(line.left, line.sign, first), *(Line(None, "times", factor) for factor in rest))
    if isinstance(line.right, Beside):
        first, *rest = line.right.items
        return (Line(line.left, line.sign, first), *(Line(None, "", item) for item in rest))
    return (line,)
