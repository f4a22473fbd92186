"""Fits the lines of an equation to a terminal: aligned at their signs, broken at signs, never wider than there is room.

A line that is too wide is broken where a reader expects it: before = first, then between matrices, before + last. A
matrix that is still too wide loses columns in its middle, as on a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derive.document.blocks import Line
from derive.notation.box import Box, beside, columns, folded, padded
from derive.notation.ink import Ink
from derive.notation.plain import print_plain, print_sign
from derive.notation.tree import (
    Beside,
    BigSum,
    Dots,
    Grid,
    Hadamard,
    Kronecker,
    Listed,
    MatMul,
    Negative,
    Product,
    Relation,
    Sum,
    Tree,
)

__all__ = ["flow", "numbered"]

_OPERATIONS = {"plus": "+", "minus": "−", "hadamard": "⊙", "kronecker": "⊗"}

_FOLDED, _MANY = 3, 100
"""An entry of a matrix is shown on so many lines rather than left out; and on so many rather than too wide."""

_NARROWEST = 12

Piece = tuple[str, Tree]
"""The name of the sign at the head of a line, and what comes after it."""


def flow(lines: tuple[Line, ...], room: int, most: int, ink: Ink) -> list[Box]:
    """The lines, one under the other, each with the blanks before it that align the signs.

    Lines are broken when they are wider than room; what cannot be broken may take most, further to the left.
    """
    printed = [(None if line.left is None else print_plain(line.left, ink), line) for line in lines]
    margin = max((left.width for left, _ in printed if left is not None), default=0)
    flowing = _Flow(room - margin - 1 if margin else room, most, ink)
    rows = [(left, flowing.pieces(line.sign, line.right)) for left, line in printed]
    at = margin + 1 if margin else 0
    if any(left is not None and at + pieces[0].width > most for left, pieces in rows):
        # A long left side stands above, and the signs are aligned at a short indentation.
        at, margin = 2, 0
        flowing = _Flow(room - at, most, ink)
        rows = [(left, flowing.pieces(line.sign, line.right)) for left, line in printed]
    boxes = []
    for left, pieces in rows:
        if left is not None and margin:
            pieces = [beside(_blank(margin - left.width), left, _blank(1), pieces[0]), *pieces[1:]]
            boxes.append(pieces.pop(0))
        elif left is not None:
            boxes.append(left)
        boxes += (beside(_blank(max(0, min(at, most - piece.width))), piece) for piece in pieces)
    return boxes


def numbered(boxes: list[Box], number: int | None, width: int) -> list[str]:
    """The lines of the boxes, with the number at the right margin of the line nearest to the middle that has room."""
    lines: list[str] = []
    for before, box in zip([None, *boxes], boxes, strict=False):
        if before is not None and not (before.is_flat and box.is_flat):
            lines.append("")
        lines += (line.rstrip() for line in box.lines)
    if number is None:
        return lines
    label = f"({number})"
    middle = boxes[0].baseline if len(boxes) == 1 else (len(lines) - 1) / 2
    free = [n for n, line in enumerate(lines) if columns(line) + 2 + len(label) <= width]
    if not free:
        return [*lines, " " * (width - len(label)) + label]
    chosen = min(free, key=lambda n: abs(n - middle))
    lines[chosen] += " " * (width - len(label) - columns(lines[chosen])) + label
    return lines


def _blank(width: int) -> Box:
    return Box((" " * width,))


@dataclass(frozen=True, slots=True)
class _Flow:
    room: int
    most: int
    ink: Ink

    def pieces(self, sign: str, tree: Tree) -> list[Box]:
        """The tree as lines, as few as possible."""
        box = self.signed(sign, tree)
        parts = _parts(tree)
        if box.width <= self.room:
            return [box]
        if isinstance(tree, Grid):
            return [self.narrowed(sign, tree)]
        if len(parts) < 2:
            return [box] if box.width <= self.most or not box.is_flat else list(self.folded(box))
        groups: list[list[Piece]] = []
        for part_sign, part in [(sign, parts[0][1]), *parts[1:]]:
            if groups and self.fits(groups[-1][0][0], _joined(tree, [*groups[-1], (part_sign, part)])):
                groups[-1].append((part_sign, part))
            else:
                groups.append([(part_sign, part)])
        return [
            piece
            for group in groups
            for piece in self.pieces(group[0][0], group[0][1] if len(group) == 1 else _joined(tree, group))
        ]

    def fits(self, sign: str, tree: Tree) -> bool:
        return self.signed(sign, tree).width <= self.room

    def signed(self, sign: str, tree: Tree, cell_width: int | None = None) -> Box:
        box = print_plain(tree, self.ink, cell_width=cell_width)
        return beside(Box((f"{_sign_text(sign)} ",)), box) if sign else box

    def folded(self, box: Box) -> Iterator[Box]:
        """A single line that nothing else could break goes on below."""
        yield from (Box((line,)) for line in folded(box.lines, self.most).split("\n"))

    def narrowed(self, sign: str, grid: Grid) -> Box:
        """The matrix with its entries on several lines, or without columns in its middle; the first that fits."""
        continued = self.continued(sign, grid)
        if continued is not None:
            return continued
        widths = [max(self.width_of(cell) for cell in column) for column in zip(*grid.cells, strict=True)]
        inside = self.most - (2 if sign else 0) - 4
        box = None
        for kept, lines in _narrower(grid):
            columns = widths if kept is None else [*widths[:kept], 1, widths[-1]]
            # A gap between columns is two blanks, or three round a dash.
            cell_width = _cell_width(columns, inside - 3 * (len(columns) - 1)) if lines else None
            if not lines and sum(columns) + 2 * (len(columns) - 1) > inside:
                continue
            narrower = grid if kept is None else _with_columns(grid, kept)
            box = self.signed(sign, narrower, cell_width)
            if box.width <= self.most and (not lines or len(box.lines) <= (lines + 1) * len(grid.cells) + 2):
                break
        return box or self.signed(sign, grid)

    def continued(self, sign: str, grid: Grid) -> Box | None:
        """A matrix of one row on a few lines, broken at its dashes if they allow; None if that does not help."""
        if len(grid.cells) > 1:
            return None
        count = len(grid.cells[0])
        for share in _shares(count, grid.column_rules):
            lines = [f"  {self.inside(_part(grid, start, start + share))}" for start in range(0, count, share)]
            lines = [
                f"{line} ┊" if number * share in grid.column_rules else line
                for number, line in enumerate(lines, start=1)
            ]
            lines[0] = f"[{lines[0][1:]}"
            lines[-1] += " ]"
            width = max(map(columns, lines))
            if width + (2 if sign else 0) <= self.most:
                lines += [] if grid.size is None else print_plain(grid, self.ink).lines[1:]
                row = Box(tuple(padded(line.rstrip(), width) for line in lines))
                return beside(Box((f"{_sign_text(sign)} ",)), row) if sign else row
        return None

    def inside(self, row: Grid) -> str:
        """The only row of a matrix, without its brackets."""
        return print_plain(row, self.ink).lines[0][2:-2]

    def width_of(self, cell: Tree) -> int:
        return print_plain(cell, self.ink, display=False).width


def _sign_text(sign: str) -> str:
    return _OPERATIONS.get(sign) or print_sign(sign)


def _shares(count: int, rules: tuple[int, ...]) -> list[int]:
    """How many columns of a row may stand in a line: those that end every line at a dash first, then the most."""

    def breaks_a_block(share: int) -> bool:
        return any(end not in rules for end in range(share, count, share))

    return sorted(range(-(-count // _FOLDED), count + 1), key=lambda share: (breaks_a_block(share), -share))


def _part(grid: Grid, start: int, end: int) -> Grid:
    """Some neighbouring columns of a matrix."""
    return replace(
        grid,
        cells=tuple(row[start:end] for row in grid.cells),
        columns=grid.columns[start:end],
        column_rules=tuple(rule - start for rule in grid.column_rules if start < rule < end),
        size=None,
    )


def _narrower(grid: Grid) -> Iterator[tuple[int | None, int]]:
    """Ways to show a matrix: how many of its first columns, all if None; on how many lines an entry, one if 0."""
    yield None, 0
    yield None, _FOLDED
    head = grid.columns.index(-1) if -1 in grid.columns else len(grid.cells[0]) - 1
    for kept in range(head - 1, 0, -1):
        yield kept, 0
        yield kept, _FOLDED
    yield (1 if head > 1 else None), _MANY


def _cell_width(widths: list[int], inside: int) -> int:
    """How wide entries may be so that all columns together are no wider than this."""
    fitting = (w for w in range(max(widths), _NARROWEST, -1) if sum(min(w, width) for width in widths) <= inside)
    return next(fitting, _NARROWEST)


def _parts(tree: Tree) -> list[Piece]:
    """What a line may be broken into; the first sign is not printed."""
    match tree:
        case Relation(parts, signs):
            return list(zip(("", *signs), parts, strict=True))
        case MatMul(factors) | Product(factors):
            return [("times", _closed(factor)) for factor in factors]
        case Hadamard(factors):
            return [("hadamard", _closed(factor)) for factor in factors]
        case Kronecker(factors):
            return [("kronecker", _closed(factor)) for factor in factors]
        case Beside(items):
            return [("", item) for item in items]
        case Sum(terms):
            # A minus stays with the first term, where it is no sign between two others.
            rest = ((("minus", t.operand) if isinstance(t, Negative) else ("plus", t)) for t in terms[1:])
            return [("plus", terms[0]), *((sign, _closed(t) if isinstance(t, Sum) else t) for sign, t in rest)]
    return []


def _closed(factor: Tree) -> Tree:
    """A factor that stands in a line of its own keeps its parentheses."""
    if isinstance(factor, Sum | Negative | BigSum | Hadamard | Kronecker | MatMul | Product):
        return Listed((factor,), wrapped=True)
    return factor


def _joined(whole: Tree, group: list[Piece]) -> Tree:
    """Some neighbouring parts of the whole, as a tree of its kind."""
    trees = tuple(tree for _, tree in group)
    match whole:
        case Relation():
            return Relation(trees, tuple(sign for sign, _ in group[1:]))
        case Sum():
            signs = ("plus", *(sign for sign, _ in group[1:]))
            return Sum(tuple(Negative(t) if sign == "minus" else t for sign, t in zip(signs, trees, strict=True)))
        case Beside():
            return Beside(trees)
        case MatMul() | Product() | Hadamard() | Kronecker():
            return type(whole)(trees)
    return whole


def _with_columns(grid: Grid, kept: int) -> Grid:
    count = len(grid.cells[0])
    is_dots = [bool(grid.rows) and grid.rows[n] < 0 for n in range(len(grid.cells))]
    cells = tuple(
        (*row[:kept], Dots("both" if dots else "row"), row[-1]) for row, dots in zip(grid.cells, is_dots, strict=True)
    )
    rules = tuple(rule for rule in grid.column_rules if rule < kept)
    last = (kept + 1,) if count - 1 in grid.column_rules else ()
    return replace(
        grid,
        cells=cells,
        columns=(*grid.columns[:kept], -1, *grid.columns[-1:]),
        column_rules=(*rules, *last),
        size=grid.size or (len(grid.cells), count),
    )
