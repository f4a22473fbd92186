"""Makes what others have written fit for a sentence: names, messages and paths hold any character and no blanks."""

from __future__ import annotations

import re

from derive.document.blocks import Runs, Text, Verbatim
from derive.notation.script import greek_name

__all__ = ["legible", "legible_code", "quoted"]

_TYPOGRAPHIC = "·–—‘’“”„…€×\u00a0\u202f"
"""Signs beyond Latin letters that the fonts of text have."""

_LACKING = "\u00ad\u0132\u0133\u0138\u0149\u017f"

_LONGEST_WORD = 40
"""A word of more characters is parted."""

_LONGEST = 600
"""Of a longer text only the beginning is told."""


def legible(text: str) -> str:
    """The text in one line, in letters that the fonts have, with a blank behind every comma and in every long word.

    Example:
        >>> legible("at δ = [[1,0],[0,1]]")
        'at delta = [[1, 0], [0, 1]]'
    """
    spaced = re.sub(r",(?=\S)", ", ", " ".join(text.split()))
    if len(spaced) > _LONGEST:
        spaced = f"{spaced[:_LONGEST]} ..."
    parted = re.sub(rf"\S{{{_LONGEST_WORD}}}(?=\S)", lambda match: f"{match[0]} ", spaced)
    return "".join(map(_letter, parted))


def _letter(character: str) -> str:
    if " " <= character <= "~" or character in _TYPOGRAPHIC:
        return character
    if "\u00a1" <= character <= "\u017e" and character not in _LACKING:
        return character
    return greek_name(character) or f"U+{ord(character):04X}"


def legible_code(text: str) -> str:
    """The text in letters that the fonts have, as it is otherwise."""
    return "".join(map(_letter, text))


def quoted(text: str) -> Runs:
    """A message in which `words` are code, as runs."""
    parts = re.split(r"`([^`]+)`", legible(text))
    runs = (Verbatim(part) if number % 2 else Text(part) for number, part in enumerate(parts))
    return tuple(run for run in runs if run.text)
