"""Text in two dimensions: lines of equal width with a baseline, put side by side, stacked and bracketed.

Widths are columns of a terminal: a wide character takes two, a combining mark and a colour code none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from unicodedata import category, east_asian_width

__all__ = [
    "Box",
    "beside",
    "bracketed",
    "columns",
    "folded",
    "padded",
    "parenthesised",
    "stacked",
    "tabulated",
    "topped",
]

_COLOUR_CODE = re.compile("\x1b\\[[0-9;]*m")


def columns(text: str) -> int:
    r"""How many columns of a terminal a line of text takes.

    Example:
        >>> columns("x₁₂"), columns("層"), columns("\x1b[1mX\x1b[0m")
        (3, 2, 1)
    """
    if "\x1b" in text:
        text = _COLOUR_CODE.sub("", text)
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def padded(text: str, width: int, place: str = "left") -> str:
    """The text with spaces around it until it is so wide; place is "left", "centre" or "right"."""
    missing = max(0, width - columns(text))
    before = {"left": 0, "centre": missing // 2, "right": missing}[place]
    return " " * before + text + " " * (missing - before)


@dataclass(frozen=True, slots=True)
class Box:
    """Lines of equal width; the baseline is the number, counted from 0, of the line that stands on it."""

    lines: tuple[str, ...]
    baseline: int = 0

    @property
    def width(self) -> int:
        """In columns."""
        return columns(self.lines[0])

    @property
    def depth(self) -> int:
        """The number of lines below the baseline."""
        return len(self.lines) - self.baseline - 1

    @property
    def is_flat(self) -> bool:
        """Whether it is a single line."""
        return len(self.lines) == 1

    def grown(self, above: int, below: int) -> Box:
        """With empty lines, so that at least so many lie above and below the baseline."""
        blank = " " * self.width
        top, bottom = max(0, above - self.baseline), max(0, below - self.depth)
        return Box((blank,) * top + self.lines + (blank,) * bottom, self.baseline + top)


def beside(*boxes: Box) -> Box:
    """The boxes from left to right, their baselines in one line."""
    above = max(box.baseline for box in boxes)
    below = max(box.depth for box in boxes)
    grown = [box.grown(above, below).lines for box in boxes]
    return Box(tuple(map("".join, zip(*grown, strict=True))), above)


def stacked(*boxes: Box, baseline: int) -> Box:
    """The boxes from top to bottom, centred; baseline is the number of a line of the whole."""
    width = max(box.width for box in boxes)
    return Box(tuple(padded(line, width, "centre") for box in boxes for line in box.lines), baseline)


def bracketed(box: Box) -> Box:
    """The box in square brackets, as matrices have them."""
    return _enclosed(box, "[]", "⎡⎢⎣", "⎤⎥⎦", " ")


def parenthesised(box: Box) -> Box:
    """The box in parentheses as high as it is."""
    return _enclosed(box, "()", "⎛⎜⎝", "⎞⎟⎠", "")


def _enclosed(box: Box, flat: str, left: str, right: str, gap: str) -> Box:
    if box.is_flat:
        return Box((flat[0] + gap + box.lines[0] + gap + flat[1],))
    sides = [(left[0], right[0]), *[(left[1], right[1])] * (len(box.lines) - 2), (left[2], right[2])]
    lines = (f"{a}{gap}{line}{gap}{b}" for (a, b), line in zip(sides, box.lines, strict=True))
    return Box(tuple(lines), box.baseline)


def topped(box: Box, script: str) -> Box:
    """The box with a superscript at its upper right corner."""
    if box.is_flat:
        return Box((box.lines[0] + script,))
    return beside(box, Box((script, *[" " * columns(script)] * (len(box.lines) - 1)), box.baseline))


def folded(parts: Sequence[str], width: int) -> str:
    r"""The parts in lines of at most so many columns, a part that is wider broken at its blanks, or after its dots.

    Example:
        >>> folded(["a + b", "+ c", "+ d"], 9)
        'a + b + c\n+ d'
        >>> folded(["a", "+ long·longer"], 9)
        'a\n+\n  long·\n  longer'
    """
    lines: list[str] = []
    for part in parts:
        if lines and columns(lines[-1]) + 1 + columns(part) <= width:
            lines[-1] += f" {part}"
            continue
        first, *words = part.split(" ")
        start, *rest = _broken(first, width)
        lines += [start, *(f"  {piece}" for piece in rest)]
        for word in words:
            if columns(lines[-1]) + 1 + columns(word) <= width:
                lines[-1] += f" {word}"
            else:
                lines += (f"  {piece}" for piece in _broken(word, width - 2))
    return "\n".join(lines)


def tabulated(
    cells: Sequence[Sequence[str]], numeric: Sequence[bool], row_rules: Collection[int], column_rules: Collection[int]
) -> Box:
    """Cells in rows and columns, with dashed rules before some of them; numeric columns are aligned to the right.

    A cell may have several lines; then a blank line keeps the rows apart.
    """
    blocks = [[cell.split("\n") for cell in row] for row in cells]
    widths = [max(columns(line) for block in column for line in block) for column in zip(*blocks, strict=True)]
    places = ["right" if is_numeric else "centre" for is_numeric in numeric]
    gaps = ["", *(" ┊ " if n in column_rules else "  " for n in range(1, len(widths)))]
    rule = "".join(
        gap.replace(" ", "┈").replace("┊", "┼") + "┈" * width for gap, width in zip(gaps, widths, strict=True)
    )
    blank = "".join(gap + " " * width for gap, width in zip(gaps, widths, strict=True))
    is_high = any(len(block) > 1 for row in blocks for block in row)
    lines: list[str] = []
    for number, row in enumerate(blocks):
        if number in row_rules:
            lines.append(rule)
        elif number and is_high:
            lines.append(blank)
        height = max(map(len, row))
        filled = [_filled(block, height, width, place) for block, width, place in zip(row, widths, places, strict=True)]
        lines += ("".join(map("".join, zip(gaps, line, strict=True))) for line in zip(*filled, strict=True))
    return Box(tuple(lines), (len(lines) - 1) // 2)


def _filled(block: list[str], height: int, width: int, place: str) -> list[str]:
    """The lines of a cell, in the middle of the lines of its row."""
    own = max(map(columns, block))
    above = (height - len(block)) // 2
    lines = [padded(padded(line, own), width, place) for line in block]
    return [" " * width] * above + lines + [" " * width] * (height - len(block) - above)


def _broken(word: str, width: int) -> list[str]:
    """A product that is too wide, broken after the dots between its factors."""
    pieces = [""]
    *factors, last = word.split("·")
    for factor in (*(f"{factor}·" for factor in factors), last):
        if pieces[-1] and columns(pieces[-1]) + columns(factor) > width:
            pieces.append(factor)
        else:
            pieces[-1] += factor
    return pieces
