"""Turns a Document into text for a terminal, with mathematics in Unicode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derive.document.blocks import (
    ArrayItem,
    Arrays,
    Block,
    Code,
    Definition,
    Document,
    Emphasis,
    Equation,
    EvidenceTable,
    Figure,
    Head,
    Heading,
    Line,
    ListBlock,
    Listing,
    ListingRow,
    Panel,
    Prose,
    Result,
    ShapeTable,
    StepList,
    Text,
)
from derive.document.drawing.drawing import Label
from derive.errors import InternalError
from derive.notation.box import Box, beside, columns, padded
from derive.notation.ink import BOLD, QUIET, Ink, painted
from derive.notation.plain import print_plain
from derive.render.flow import flow, numbered
from derive.render.paragraph import paragraph, phrase, wrapped

__all__ = ["NARROWEST", "render_text"]

NARROWEST = 60
"""Text is set for at least so many columns, however narrow the terminal."""

_NUMBER = 6
"""What is kept free at the right for the number of an equation."""

_REASON = 20
"""Reasons stand beside the lines of a chain if there is so much room, else under them."""

_TITLE = "1;38;5;67"
"""Steel blue, which no row has."""

_HEAVY = "┏━┓┃┗┛"
_LIGHT = "╭─╮│╰╯"


def render_text(document: Document, *, width: int = 100, colour: bool = False) -> str:
    """The document as lines of at most so many columns; colour writes ANSI codes.

    Code is not broken, since it would no longer run, and a matrix of two columns that is too wide stays whole.

    Raises: InternalError for a block that cannot be shown.
    """
    printer = _Printer(document, max(width, NARROWEST), Ink(frozenset(document.coloured), colour, document.colour_axis))
    return "\n".join(line.rstrip() for line in printer.document()) + "\n"


class _Printer:
    def __init__(self, document: Document, width: int, ink: Ink) -> None:
        self._document = document
        self._width = width
        self._ink = ink
        self._numbers: Mapping[str, int] = dict(_numbered(document.blocks))

    def document(self) -> Iterator[str]:
        head = self._document.head
        yield from self._head(head)
        yield from self._blocks(self._document.blocks, self._width)
        yield ""
        yield self._painted("─" * self._width, QUIET)
        if head.license:
            yield from wrapped(f"{head.license_label} {head.license}", self._width)
        for line in wrapped(f"derive {head.version} · {head.command}", self._width):
            yield self._painted(line, QUIET)

    def _painted(self, text: str, code: str) -> str:
        return painted(text, code, self._ink)

    def _head(self, head: Head) -> Iterator[str]:
        for line in wrapped(head.title, self._width):
            yield self._painted(line, _TITLE)
        if head.subtitle:
            yield from paragraph(head.subtitle, self._width, self._numbers, self._ink)
        for fact in (head.author, head.course, head.date):
            if fact:
                yield from wrapped(fact, self._width)
        yield self._painted("━" * self._width, _TITLE)

    def _blocks(self, blocks: tuple[Block, ...], width: int) -> Iterator[str]:
        for number, block in enumerate(blocks):
            if number or width == self._width:
                yield ""
            if isinstance(block, Heading) and number:
                yield ""
            yield from self._block(block, width)

    def _block(self, block: Block, width: int) -> Iterator[str]:
        match block:
            case Heading(_, number, runs):
                title = wrapped(f"{number}  {phrase(runs, self._numbers)}", width)
                yield from (self._painted(line, _TITLE) for line in title)
                yield self._painted("─" * max(map(columns, title)), _TITLE)
            case Prose(runs):
                yield from paragraph(runs, width, self._numbers, self._ink)
            case ListBlock(items):
                for item in items:
                    first, *rest = paragraph(item, width - 2, self._numbers, self._ink)
                    yield f"• {first}"
                    yield from (f"  {line}" for line in rest)
            case Equation(_, number, lines):
                yield from self._equation(lines, number, width)
            case Result(_, number, lines):
                inside = ["", *self._equation(lines, number, width - 4), ""]
                yield from self._framed("", inside, _HEAVY, width)
            case Panel(_, title, blocks):
                yield from self._framed(title, list(self._blocks(blocks, width - 4)), _LIGHT, width)
            case Definition(_, kind, term, runs, blocks):
                statement = Prose((Emphasis(kind), Text(f" ({term}). "), *runs))
                bar = self._painted("│", _TITLE)
                yield from (f"{bar} {line}" for line in self._blocks((statement, *blocks), width - 2))
            case Code(_, _, text):
                yield from (f"    {line}" for line in text.split("\n"))
            case Figure():
                # Its caption speaks of colours and arrows; the table's header says as much.
                yield from self._figure(block, width)
            case EvidenceTable():
                yield from self._evidence(block, width)
            case StepList():
                yield from self._steps(block, width)
            case ShapeTable():
                yield from self._shapes(block, width)
            case Listing(_, rows):
                yield from self._listing(rows, width)
            case Arrays(_, items):
                yield from self._arrays(items, width)
            case _:
                raise InternalError(f"text: no rule for a block of kind {type(block).__name__}")

    def _equation(self, lines: tuple[Line, ...], number: int | None, width: int) -> list[str]:
        indent = 4 if width >= 90 else 2
        boxes = flow(lines, width - indent - _NUMBER, width - indent, self._ink)
        return [" " * indent + line for line in numbered(boxes, number, width - indent)]

    def _steps(self, block: StepList, width: int) -> Iterator[str]:
        """The lines of an equation, each with its reason at its right, or under it."""
        indent = 4 if width >= 90 else 2
        room = width - indent - _NUMBER
        lines = tuple(step.line for step in block.steps)
        boxes: list[Box] = []
        reasons: dict[int, str] = {}
        for count, step in enumerate(block.steps, start=1):
            boxes = flow(lines[:count], room, room, self._ink)
            reasons[len(boxes) - 1] = phrase(step.reason, self._numbers)
        column = max(box.width for box in boxes) + 3
        beside_them = room - column >= _REASON
        placed: list[Box] = []
        for number, box in enumerate(boxes):
            words = wrapped(reasons.get(number, ""), room - (column if beside_them else indent))
            longest = max(map(columns, words), default=0)
            told = Box(tuple(self._painted(padded(word, longest), QUIET) for word in words), (len(words) - 1) // 2)
            if not any(words):
                placed.append(box)
            elif beside_them:
                placed.append(beside(box, Box((" " * (column - box.width),)), told))
            else:
                placed += [box, beside(Box((" " * indent,)), told)]
        yield from (" " * indent + line for line in numbered(placed, block.number, width - indent))

    def _shapes(self, table: ShapeTable, width: int) -> Iterator[str]:
        header = ("", *(line for tree in table.header for line in print_plain(tree, display=False).lines))
        rows = [tuple(phrase(cell, self._numbers) for cell in (row.label, *row.cells)) for row in table.rows]
        widths = _widths([header, *rows], width)
        for line in _row(header, widths):
            yield self._painted(line.rstrip(), BOLD)
        yield self._painted("─" * (sum(widths) + 2 * len(widths) - 2), QUIET)
        for row in rows:
            yield from _row(row, widths)

    def _listing(self, rows: tuple[ListingRow, ...], width: int) -> Iterator[str]:
        """A line of code with its number, and below it what it computes."""
        room = len(str(max((row.number for row in rows), default=0)))
        for row in rows:
            first, *rest = row.code or ("",)
            yield f"{self._painted(f'{row.number:>{room}}', QUIET)}  {first}".rstrip()
            yield from (f"{'':>{room}}  {line}" for line in rest)
            for note in row.notes:
                sign = {"": "", "equal": "✓ ", "wrong": "✗ "}[note.sign]
                yield from (f"{'':>{room}}      {line}" for line in self._equation(note.lines, None, width - room - 6))
                words = wrapped(sign + phrase(note.runs, self._numbers), width - room - 10)
                yield from (f"{'':>{room}}        {self._painted(line, QUIET)}" for line in words if line)

    def _arrays(self, items: tuple[ArrayItem, ...], width: int) -> Iterator[str]:
        """Matrices one under the other, framed entries in brackets."""
        for item in items:
            cells = [
                [
                    f"[{text}]" if (i, j) in item.framed else text
                    for j, text in enumerate(" ".join(print_plain(c, self._ink, display=False).lines) for c in row)
                ]
                for i, row in enumerate(item.cells)
            ]
            label = " ".join(print_plain(item.label, self._ink, display=False).lines)
            lines = [f"({'  '.join(row)})" for row in cells]
            yield from wrapped(f"  {label} = {lines[0]}", width)
            yield from (f"  {'':>{columns(label)}}   {line}" for line in lines[1:])

    def _framed(self, title: str, lines: list[str], frame: str, width: int) -> Iterator[str]:
        left_top, across, right_top, upright, left_bottom, right_bottom = tuple(frame)
        code = _TITLE if frame == _HEAVY else QUIET
        name = f" {title} " if title else ""
        rest = across * (width - 3 - columns(name))
        yield (
            self._painted(left_top + across, code) + self._painted(name, _TITLE) + self._painted(rest + right_top, code)
        )
        side = self._painted(upright, code)
        yield from (f"{side} {padded(line, width - 4)} {side}" for line in lines)
        yield self._painted(left_bottom + across * (width - 2) + right_bottom, code)

    def _figure(self, figure: Figure, width: int) -> Iterator[str]:
        """An edge a line, in the order in which values are computed: what it carries forward and back."""
        boxes = figure.drawing.boxes
        rows: list[tuple[str, ...]] = []
        for arc in (edge.arc for edge in figure.drawing.edges):
            ends = " → ".join(self._label(boxes[end].vertex.label) for end in (arc.source, arc.target))
            rows.append((ends, self._label(arc.forward), self._label(arc.backward or "")))
        yield from self._table(("", *figure.header), rows, width)

    def _label(self, label: Label) -> str:
        return label if isinstance(label, str) else " ".join(print_plain(label, self._ink, display=False).lines)

    def _table(self, header: tuple[str, ...], rows: list[tuple[str, ...]], width: int) -> Iterator[str]:
        widths = _widths([header, *rows], width)
        for line in _row(header, widths):
            yield self._painted(line.rstrip(), BOLD)
        yield self._painted("─" * (sum(widths) + 2 * len(widths) - 2), QUIET)
        for row in rows:
            yield from _row(row, widths)

    def _evidence(self, table: EvidenceTable, width: int) -> Iterator[str]:
        rows = [
            (
                *print_plain(row.formula, self._ink, display=False).lines,
                row.strength,
                row.method,
                phrase(row.where, self._numbers),
            )
            for row in table.rows
        ]
        yield from self._table(("", *table.header), rows, width)


def _numbered(blocks: tuple[Block, ...]) -> Iterator[tuple[str, int]]:
    for block in blocks:
        match block:
            case Equation(id, int(number)) | Result(id, int(number)) | StepList(id, int(number)):
                yield id, number
            case Panel(_, _, inner) | Definition(_, _, _, _, inner):
                yield from _numbered(inner)


def _widths(rows: list[tuple[str, ...]], width: int) -> list[int]:
    """The widths of the columns of a table: what they need, else less for the widest."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    while sum(widths) + 2 * len(widths) - 2 > width and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(cells: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    """A row of a table, its cells wrapped."""
    parts = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, parts))):
        line = (part[number] if number < len(part) else "" for part in parts)
        yield "  ".join(padded(text, width) for text, width in zip(line, widths, strict=True)).rstrip()
