"""Turns a Document into text for a terminal, with mathematics in Unicode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derive.document.blocks import (
    Block,
    Code,
    Definition,
    Document,
    Emphasis,
    Equation,
    EvidenceTable,
    Head,
    Heading,
    Line,
    ListBlock,
    Panel,
    Prose,
    Result,
    Text,
)
from derive.errors import InternalError
from derive.notation.box import columns, padded
from derive.notation.ink import BOLD, QUIET, Ink, painted
from derive.notation.plain import print_plain
from derive.render.flow import flow, numbered
from derive.render.paragraph import paragraph, phrase, wrapped

__all__ = ["NARROWEST", "render_text"]

NARROWEST = 60
"""Text is set for at least so many columns, however narrow the terminal."""

_NUMBER = 6
"""What is kept free at the right for the number of an equation."""

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
            case EvidenceTable():
                yield from self._evidence(block, width)
            case _:
                raise InternalError(f"text: no rule for a block of kind {type(block).__name__}")

    def _equation(self, lines: tuple[Line, ...], number: int | None, width: int) -> list[str]:
        indent = 4 if width >= 90 else 2
        boxes = flow(lines, width - indent - _NUMBER, width - indent, self._ink)
        return [" " * indent + line for line in numbered(boxes, number, width - indent)]

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

    def _evidence(self, table: EvidenceTable, width: int) -> Iterator[str]:
        rows = [
            (*print_plain(row.formula, self._ink, display=False).lines, row.strength, row.method, row.where)
            for row in table.rows
        ]
        widths = _widths([("", *table.header), *rows], width)
        for line in _row(("", *table.header), widths):
            yield self._painted(line.rstrip(), BOLD)
        yield self._painted("─" * (sum(widths) + 2 * len(widths) - 2), QUIET)
        for row in rows:
            yield from _row(row, widths)


def _numbered(blocks: tuple[Block, ...]) -> Iterator[tuple[str, int]]:
    for block in blocks:
        match block:
            case Equation(id, int(number)) | Result(id, int(number)):
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
