"""Puts pictures that go from top to bottom beside each other, as columns of one picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derive.document.drawing.drawing import Box, Curve, Drawing, Edge, Point
from derive.document.layout import TEXT_WIDTH

__all__ = ["in_columns"]

_GAP, _LEAST_GAP = 2.5, 0.75
"""What keeps two columns apart where there is room, and where there is little, in em."""


def in_columns(parts: Iterable[Drawing], room: float = TEXT_WIDTH) -> tuple[Drawing, ...]:
    """The pictures in their order, those that go downwards and follow each other in one as far as they fit."""
    made: list[Drawing] = []
    for part in parts:
        left = room - made[-1].width - part.width if made else 0.0
        if made and made[-1].downwards and part.downwards and left >= _LEAST_GAP:
            made[-1] = _beside(made[-1], part, min(left, _GAP))
        else:
            made.append(part)
    return tuple(made)


def _beside(left: Drawing, right: Drawing, gap: float) -> Drawing:
    shift, count = left.width + gap, len(left.boxes)
    return Drawing(
        (*left.boxes, *(_moved_box(box, shift) for box in right.boxes)),
        (*left.edges, *(_moved_edge(edge, shift, count) for edge in right.edges)),
        shift + right.width,
        max(left.height, right.height),
        downwards=True,
        columns=left.columns + right.columns,
    )


def _moved_box(box: Box, shift: float) -> Box:
    return replace(box, middle=_moved(box.middle, shift))


def _moved_edge(edge: Edge, shift: float, count: int) -> Edge:
    """The edge to the right, between boxes that stand behind so many others."""
    arc = replace(edge.arc, source=edge.arc.source + count, target=edge.arc.target + count)
    return replace(edge, arc=arc, path=tuple(_curve(curve, shift) for curve in edge.path), at=_moved(edge.at, shift))


def _curve(curve: Curve, shift: float) -> Curve:
    start, first, second, end = curve
    return _moved(start, shift), _moved(first, shift), _moved(second, shift), _moved(end, shift)


def _moved(point: Point, shift: float) -> Point:
    return point[0] + shift, point[1]
