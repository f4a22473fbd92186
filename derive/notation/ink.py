"""The colours and weights of text in a terminal, as ANSI codes; without colour nothing is written but the text."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BOLD", "PLAIN", "QUIET", "Ink", "painted", "row_colour"]

BOLD, QUIET = "1", "2"

_ROW_COLOURS = ("38;5;33", "38;5;166", "38;5;35", "38;5;134", "38;5;136", "38;5;37")
"""Blue, orange, green, purple, ochre and teal, legible on black and on white."""


@dataclass(frozen=True, slots=True)
class Ink:
    """How a terminal shows notation: colour is whether colour codes are written at all.

    rows are the letters whose entries are coloured by their first index, or by the one at axis.
    """

    rows: frozenset[str] = frozenset()
    colour: bool = False
    axis: int = 0


PLAIN = Ink()


def painted(text: str, code: str, ink: Ink) -> str:
    """The text in a colour or weight, if the ink has colours."""
    return f"\x1b[{code}m{text}\x1b[0m" if ink.colour and text else text


def row_colour(row: int) -> str:
    """The colour of the entries in a row, counted from 0."""
    return _ROW_COLOURS[row % len(_ROW_COLOURS)]
