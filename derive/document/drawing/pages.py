"""Fits a picture to the page: from left to right, else closer, else from top to bottom, else in several parts.

Parts that go from top to bottom stand beside each other where they fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from derive.document.drawing.columns import in_columns
from derive.document.drawing.drawing import Drawing
from derive.document.drawing.layout import lay_out
from derive.document.drawing.picture import Picture
from derive.document.layout import TEXT_WIDTH
from derive.document.spelling import Speller
from derive.forward.nodes import Node

__all__ = ["HIGHEST", "draw"]

HIGHEST = 50.0
"""How high a picture may be, in em: nearly a page."""

_MARGIN = 0.5
_WAYS = ((1.3, False), (1.0, False), (0.7, False), (0.85, True), (0.6, True))
"""The spacing, and whether the picture goes downwards."""


def draw(picture: Picture, spell: Speller = lambda tree: tree) -> tuple[Drawing, ...]:
    """The picture in as few parts as fit; none if one of its operations alone does not fit.

    spell is how gradients are written.
    """
    operations = picture.operations
    whole = _fitted(picture, operations, spell)
    if whole is not None:
        return (whole,)
    parts: list[Drawing] = []
    start = 0
    while start < len(operations):
        best, end = None, start
        while end < len(operations) and (made := _fitted(picture, operations[start : end + 1], spell)) is not None:
            best, end = made, end + 1
        if best is None:
            return ()
        parts.append(best)
        start = end
    return in_columns(_even(picture, len(parts), spell) or parts, TEXT_WIDTH - _MARGIN)


def _even(picture: Picture, count: int, spell: Speller) -> tuple[Drawing, ...]:
    """The picture in so many parts of about as many operations each, lest the last has one; none if they do not fit."""
    operations = picture.operations
    bounds = [round(number * len(operations) / count) for number in range(count + 1)]
    parts = [_fitted(picture, operations[start:end], spell) for start, end in pairwise(bounds)]
    return tuple(part for part in parts if part is not None) if None not in parts else ()


def _fitted(picture: Picture, chosen: Sequence[Node], spell: Speller) -> Drawing | None:
    vertices, written = picture.graph(chosen)
    arcs = [
        replace(arc, forward=spell(arc.forward), backward=None if arc.backward is None else spell(arc.backward))
        for arc in written
    ]
    for spacing, downwards in _WAYS:
        made = lay_out(vertices, arcs, spacing=spacing, downwards=downwards)
        if made.width <= TEXT_WIDTH - _MARGIN and made.height <= HIGHEST:
            return made
    return None
