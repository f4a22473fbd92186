"""Turns inline runs into lines of a terminal: words wrapped at its width, formulas kept in one piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derive.document.blocks import Emphasis, Math, Ref, Run, Runs, Text, Verbatim
from derive.errors import InternalError
from derive.notation.box import columns
from derive.notation.ink import BOLD, PLAIN, Ink, painted
from derive.notation.plain import print_plain

__all__ = ["paragraph", "phrase", "wrapped"]

_FIXED = "\u00a0"
"""A blank at which a line is broken only if nothing else helps."""


def paragraph(runs: Runs, width: int, numbers: Mapping[str, int], ink: Ink) -> list[str]:
    """The runs as lines; numbers are those of the equations that may be referred to.

    Raises: InternalError for a reference to an equation without a number.
    """
    return wrapped("".join(_text(run, numbers, ink) for run in runs), width)


def phrase(runs: Runs, numbers: Mapping[str, int]) -> str:
    """The runs in one line, without colour."""
    return "".join(_text(run, numbers, PLAIN) for run in runs).replace(_FIXED, " ")


def wrapped(text: str, width: int) -> list[str]:
    """The words of a text in lines of at most so many columns."""
    lines: list[str] = []
    for word in text.split(" "):
        for piece in _pieces(word, width):
            joined = f"{lines[-1]} {piece}" if lines else piece
            if lines and columns(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    return [line.replace(_FIXED, " ").rstrip() for line in lines]


def _pieces(word: str, width: int) -> Iterator[str]:
    """The word, or parts of it that fit in a line."""
    if columns(word) <= width:
        yield word
        return
    for part in word.split(_FIXED):
        while columns(part) > width:
            fitting = next(n for n in range(len(part), 0, -1) if n == 1 or columns(part[:n]) <= width)
            yield part[:fitting]
            part = part[fitting:]
        yield part


def _text(run: Run, numbers: Mapping[str, int], ink: Ink) -> str:
    match run:
        case Text(text):
            return text
        case Emphasis(text):
            return " ".join(painted(word, BOLD, ink) for word in text.split(" "))
        case Verbatim(text):
            return "`" + text.replace(" ", _FIXED) + "`"
        case Math(tree):
            return " ".join(print_plain(tree, ink, display=False).lines).replace(" ", _FIXED)
        case Ref(target):
            if target not in numbers:
                raise InternalError(f"document: a reference to {target}, which has no number")
            return f"({numbers[target]})"
    raise InternalError(f"text: no rule for a run of kind {type(run).__name__}")
