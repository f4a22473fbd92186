"""Breaks lines of Python that are too wide for a page, where Python allows it: what runs stays the same.

A statement goes on inside its brackets, after a comma or before an operator, as far out as a line allows; what has no
brackets on its right gets some. A docstring goes on at a blank.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise

__all__ = ["CODE_WIDTH", "wrapped"]

CODE_WIDTH = 88
"""The characters that a line of code may have on both papers."""

_INDENT = 4
_ASSIGNMENT = re.compile(r"(\w[\w., ]*\s=\s|return\s)(.*)")
_ASSIGNED = re.compile(r"([\w.]+(?:, [\w.]+)+) = ([\w.]+(?:, [\w.]+)+)")
_OPERATORS = frozenset({"+", "-", "*", "/", "@"})


def wrapped(text: str, width: int = CODE_WIDTH) -> str:
    """The code, with no line wider than that where there is a place to break it."""
    return "\n".join(piece for line in text.split("\n") for piece in _lines(line, width))


def _lines(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    parts = _ASSIGNED.fullmatch(line.strip())
    if parts is not None:
        targets, values = parts.groups()
        return _apart(indent, targets.split(", "), values.split(", "), width)
    if line.lstrip().startswith('"""'):
        return _filled(line.split(" "), indent, width)
    whole = _filled(_pieces(line), f"{indent}{' ' * _INDENT}", width)
    if max(map(len, whole)) <= width:
        return whole
    statement = _ASSIGNMENT.fullmatch(line.strip())
    if statement is None:
        return whole
    head, value = statement.groups()
    inner = f"{indent}{' ' * _INDENT}"
    bracketed = [f"{indent}{head}(", *_filled(_pieces(f"{inner}{value}", level=0), inner, width), f"{indent})"]
    return min(whole, bracketed, key=lambda lines: max(map(len, lines)))


def _apart(indent: str, targets: list[str], values: list[str], width: int) -> list[str]:
    """a, b = c, d as several statements."""
    lines: list[str] = []
    while targets:
        fitting = (
            n
            for n in range(len(targets), 0, -1)
            if n == 1 or len(f"{indent}{', '.join(targets[:n])} = {', '.join(values[:n])}") <= width
        )
        count = next(fitting)
        lines.append(f"{indent}{', '.join(targets[:count])} = {', '.join(values[:count])}")
        targets, values = targets[count:], values[count:]
    return lines


def _filled(pieces: list[str], indent: str, width: int) -> list[str]:
    """As many pieces in a line as fit; blanks stand between those that blanks have parted."""
    lines = [pieces[0]]
    words = not any(piece.endswith(" ") for piece in pieces[:-1])
    for piece in pieces[1:]:
        joined = f"{lines[-1]}{' ' if words else ''}{piece}"
        if len(joined.rstrip()) <= width:
            lines[-1] = joined
        else:
            lines.append(f"{indent}{piece}")
    return [line.rstrip() for line in lines]


def _pieces(line: str, level: int = 1) -> list[str]:
    """The line cut behind commas and before operators that stand at least so deep in brackets."""
    ends = [0, *_breaks(line, level), len(line)]
    return [line[start:end] for start, end in pairwise(ends) if end > start]


def _breaks(line: str, level: int) -> Iterator[int]:
    depth = 0
    offset = len(line) - len(line.lstrip())
    code = line[offset:]
    opened = code.rstrip(":")
    for token in tokenize.generate_tokens(io.StringIO(opened).readline):
        place = offset + token.start[1]
        if token.string in "([{" and token.string:
            depth += 1
        elif token.string in ")]}" and token.string:
            depth -= 1
        elif depth >= level and token.type == tokenize.OP:
            if token.string == "," and line[place + 1 : place + 2] == " ":
                yield place + 2
            elif token.string in _OPERATORS and line[place - 1] == " " == line[place + 1 : place + 2]:
                yield place
