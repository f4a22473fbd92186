"""Fits statements to the page: which entries of a matrix are shown, and where a line is broken.

Everything is shown if it fits; else rows and columns give way to dots, the corners kept, the true size beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from derive.document.blocks import Line
from derive.notation.measure import height, width
from derive.notation.tree import Beside, Dots, Explicit, Grid, MatMul, Negative, Relation, Sum, Table, Tree
from derive.notation.walk import children, is_tall, replace

__all__ = ["LINE_WIDTH", "TEXT_WIDTH", "fit", "fits", "grid", "grids", "is_readable", "reason_room"]

TEXT_WIDTH = 41.0
"""The width of the text on both papers, in em: 160 mm."""

LINE_WIDTH = TEXT_WIDTH - 3.0
"""What an equation may take beside its number."""

_HEIGHT = 32.0
_SHRINK = 0.8
_SHORT_LEFT = 9.0
_REASON, _REASON_GAP = 18.0, 1.5
_SMALL = 6
"""A matrix of no more rows and columns is shown whole."""

_CONTINUED = 1.0
"""How far a line that goes on is moved to the right."""


@dataclass(frozen=True, slots=True)
class _Level:
    """How much of a statement is shown: rows and columns of a matrix, and terms before the dots of a sum."""

    rows: int
    columns: int
    terms: int = 3
    large: bool = False


_LEVELS = (
    _Level(8, 8, large=True),
    _Level(24, 24),
    _Level(6, 6),
    _Level(5, 5),
    _Level(4, 4),
    _Level(4, 4, terms=1),
    _Level(3, 3, terms=1),
    _Level(3, 2, terms=1),
)
"""From the most to the least. A matrix is large only if it is shown whole.

After everything come the corners: factors of one product should be cut alike, and a matrix of 15 rows with 3 columns
and dots is no easier to read than its corners.
"""


def fit(*statements: Tree, spell: Callable[[Tree], Tree] = lambda tree: tree) -> tuple[Line, ...]:
    """The lines of the statements, one under the other, each broken where it must be.

    spell is what becomes of a part once its entries are there; only then is it measured. Every part between two signs
    is cut for itself. What is too wide even with the fewest entries is left to the page to
    shrink; that takes an entry as wide as it.
    """
    levels = [[_start(part) for part in _parts(statement)] for statement in statements]
    made: dict[tuple[int, int, int], Tree] = {}

    def elided(number: int) -> list[Tree]:
        """The parts of a statement at their levels, each made once."""
        found = []
        for place, part in enumerate(_parts(statements[number])):
            key = number, place, levels[number][place]
            if key not in made:
                made[key] = spell(_elided(part, _LEVELS[key[2]]))
            found.append(made[key])
        return found

    while True:
        placed = [
            (line, [(number, part) for part in owners])
            for number, statement in enumerate(statements)
            for line, owners in _broken(statement, elided(number))
        ]
        lines = tuple(line for line, _ in placed)
        too_much = {owner for line, owners in placed if _width(line, lines) > _room(lines) for owner in owners}
        if not too_much and sum(map(_line_height, lines)) > _HEIGHT:
            tallest = max(range(len(placed)), key=lambda n: _line_height(lines[n]))
            too_much = set(placed[tallest][1])
        movable = [(n, part) for n, part in too_much if levels[n][part] + 1 < len(_LEVELS)]
        if not movable:
            return lines
        for number, part in movable:
            levels[number][part] = _next(_parts(statements[number])[part], levels[number][part])


def _next(part: Tree, level: int) -> int:
    """The next level at which something else is shown; the last one if nothing is."""
    shapes = {table.shape for table in _tables(part)}

    def shown(number: int) -> tuple[object, ...]:
        at = _LEVELS[number]
        return at.terms, at.large, [(_shown(shape[0], at.rows), _shown(shape[1], at.columns)) for shape in shapes]

    later = range(level + 1, len(_LEVELS))
    return next((number for number in later if shown(number) != shown(level)), later[-1])


def reason_room(lines: Sequence[Line]) -> float:
    """What is left beside the lines for reasons, in em; at most as much as reads well."""
    return min(_REASON, LINE_WIDTH - max(_width(line, lines) for line in lines) - _REASON_GAP)


def fits(*statements: Tree) -> bool:
    """Whether the statements, with the fewest entries, fill no page and need not be shrunk much in one equation."""
    fewest = [[_elided(part, _LEVELS[-1]) for part in _parts(statement)] for statement in statements]
    lines = [line for s, parts in zip(statements, fewest, strict=True) for line, _ in _broken(s, parts)]
    return (
        all(_width(line, lines) <= LINE_WIDTH / _SHRINK for line in lines) and sum(map(_line_height, lines)) <= _HEIGHT
    )


def is_readable(statement: Tree) -> bool:
    """Whether the statement fits into the page, a small matrix without dots."""
    if not fits(statement):
        return False
    sizes = [grid.size for line in fit(statement) for grid in grids(line) if grid.size is not None]
    return all(max(size) > _SMALL for size in sizes)


def grid(table: Table, rows: int, columns: int, *, large: bool = False) -> Grid:
    """The table in brackets, at most so many rows and columns of it, dots counted."""
    shown_rows, shown_columns = _shown(table.shape[0], rows), _shown(table.shape[1], columns)
    cells = tuple(tuple(_cell(table, i, j) for j in shown_columns) for i in shown_rows)
    whole = -1 not in shown_rows and -1 not in shown_columns
    return Grid(
        cells,
        table.name,
        shown_rows,
        shown_columns,
        _rules(shown_rows, table.blocks[0]),
        _rules(shown_columns, table.blocks[1]),
        None if whole else table.shape,
        table.sparse,
        large and whole,
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


def _start(part: Tree) -> int:
    """The first level: large, unless that would leave entries out."""
    largest = max((max(table.shape) for table in _tables(part)), default=0)
    return 0 if largest <= _LEVELS[0].rows else 1


def _tables(tree: Tree) -> Iterator[Table]:
    if isinstance(tree, Explicit):
        yield tree.table
    else:
        for child in children(tree):
            yield from _tables(child)


def _elided(tree: Tree, level: _Level) -> Tree:
    def change(item: Tree) -> Tree | None:
        if isinstance(item, Explicit):
            shown = grid(item.table, level.rows, level.columns, large=level.large)
            return replace(shown, lambda inner: _shortened(inner, level.terms))
        return _shortened(item, level.terms)

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


def _width(line: Line, lines: Sequence[Line]) -> float:
    """The width of a line once all are aligned at their signs."""
    left = max((width(other.left) for other in lines if other.left is not None), default=0.0)
    return (left if line.left is not None or line.sign else 0.0) + 1.4 + width(line.right)


def _room(lines: Sequence[Line]) -> float:
    """How wide a line may be: a little may be shrunk away, but not where fractions are small already."""
    small = any(is_tall(part) and not part.large for line in lines for part in grids(line))
    return LINE_WIDTH if small else LINE_WIDTH / _SHRINK


def grids(line: Line) -> Iterator[Grid]:
    """The matrices in a line."""
    pending: list[Tree] = [line.right, *([line.left] if line.left is not None else [])]
    while pending:
        tree = pending.pop()
        if isinstance(tree, Grid):
            yield tree
        else:
            pending.extend(children(tree))


def _parts(statement: Tree) -> tuple[Tree, ...]:
    return statement.parts if isinstance(statement, Relation) else (statement,)


def _broken(statement: Tree, parts: Sequence[Tree]) -> Iterator[tuple[Line, tuple[int, ...]]]:
    """The lines of a statement, whose parts have been cut, each with the numbers of the parts that are in it."""
    if not isinstance(statement, Relation):
        yield from ((line, (0,)) for line in _split(Line(None, "", parts[0])))
        return
    whole = width(Relation(tuple(parts), statement.signs)) <= LINE_WIDTH
    if width(parts[0]) > _SHORT_LEFT and not whole:
        placed: list[tuple[Line, tuple[int, ...]]] = [(Line(None, "", parts[0]), (0,))]
    else:
        placed = [(Line(parts[0], statement.signs[0], parts[1]), (0, 1))]
    for number in range(len(placed[0][1]), len(parts)):
        sign, part = statement.signs[number - 1], parts[number]
        last, owners = placed[-1]
        joined = Line(last.left, last.sign, Relation((last.right, part), (sign,)))
        if last.sign and _line_width(joined) <= LINE_WIDTH:
            placed[-1] = (joined, (*owners, number))
        else:
            placed.append((Line(None, sign, part), (number,)))
    for line, owners in placed:
        yield from ((piece, owners) for piece in _split(line))


def _split(line: Line) -> tuple[Line, ...]:
    """A product that is too wide goes on several lines, a factor on each, and a sum with as many terms as fit."""
    if _line_width(line) <= _room((line,)):
        return (line,)
    if isinstance(line.right, Sum):
        return _summed(line, line.right)
    if isinstance(line.right, MatMul) and any(isinstance(factor, Grid) for factor in line.right.factors):
        first, *rest = line.right.factors
        return (Line(line.left, line.sign, first), *(Line(None, "times", factor) for factor in rest))
    if isinstance(line.right, Beside):
        first, *rest = line.right.items
        return (Line(line.left, line.sign, first), *(Line(None, "", item) for item in rest))
    return (line,)


def _summed(line: Line, whole: Sum) -> tuple[Line, ...]:
    first, *rest = whole.terms
    lines = [Line(line.left, line.sign, first)]
    for term in rest:
        last = lines[-1]
        terms = last.right.terms if isinstance(last.right, Sum) else (last.right,)
        longer = Line(last.left, last.sign, Sum((*terms, term)))
        if _line_width(longer) <= LINE_WIDTH - _CONTINUED:
            lines[-1] = longer
        else:
            minus = isinstance(term, Negative)
            lines.append(Line(None, "minus" if minus else "plus", term.operand if isinstance(term, Negative) else term))
    return tuple(lines)
