"""A picture as a value: boxes with their places, edges as curves, and the notation that is written on both.

Lengths are em of the text; x grows to the right, y downwards, from the upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from derive.notation.measure import width
from derive.notation.tree import BigSum, Broadcast, Call, Gradient, Partial, Power, Quotient, Transpose, Tree
from derive.notation.walk import children, contains

__all__ = [
    "BACKWARD",
    "FORWARD",
    "Arc",
    "Box",
    "Curve",
    "Drawing",
    "Edge",
    "Label",
    "Point",
    "Vertex",
    "label_height",
    "label_width",
]

Point: TypeAlias = tuple[float, float]

Curve: TypeAlias = tuple[Point, Point, Point, Point]
"""A cubic Bézier curve: where it starts, the two points that pull it, and where it ends."""

Label: TypeAlias = Tree | str
"""Notation, or the sign of an operation: + ⊙ × − Σ ᵀ or a word."""

Kind: TypeAlias = Literal["value", "operation"]

FORWARD, BACKWARD = 0.2, 0.6
"""How far a label stays away from its line; a backward value also from the arrow between them."""

_SIGN = 0.85
_LETTER = 0.55
_LINE, _TALL = 1.25, 2.5
_RAISED = 1.2
"""How much higher a fraction with a sign above and behind its parentheses is, half of it above."""
_FRACTIONS = (Gradient, Partial, Quotient, BigSum)


def label_width(label: Label) -> float:
    """In em."""
    if isinstance(label, str):
        return _SIGN if len(label) == 1 else _LETTER * len(label)
    return width(label)


def label_height(label: Label) -> float:
    """In em; fractions are set large."""
    if isinstance(label, str):
        return _LINE
    if contains(label, _FRACTIONS):
        return _TALL + _RAISED * _has_raised_fraction(label)
    return _LINE + 0.25 * contains(label, (Power, Call))


def _has_raised_fraction(tree: Tree) -> bool:
    """Whether something as high as a fraction is transposed."""
    if isinstance(tree, Transpose) or (isinstance(tree, Broadcast) and tree.axis == 0):
        return contains(tree, _FRACTIONS)
    return any(map(_has_raised_fraction, children(tree)))


@dataclass(frozen=True, slots=True)
class Vertex:
    """What is to be drawn as a box: an array that is given, or an operation; value is what it computes."""

    kind: Kind
    label: Label
    value: Tree


@dataclass(frozen=True, slots=True)
class Arc:
    """What is to be drawn as an edge, between boxes by their numbers.

    backward is None where no gradient flows. plain says that the box it comes from shows the forward value already.
    """

    source: int
    target: int
    forward: Tree
    backward: Tree | None
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A vertex with its place: the middle, and half of its width and height."""

    vertex: Vertex
    middle: Point
    half: Point


@dataclass(frozen=True, slots=True)
class Edge:
    """An arc with its way.

    at is where it is labelled, and reach half the length of the straight part there. Forward values stand before the
    line (above it, or to its left where the picture goes downwards), backward values behind it.
    """

    arc: Arc
    path: tuple[Curve, ...]
    at: Point
    reach: float
    downwards: bool = False

    @property
    def forward_at(self) -> Point:
        """The middle of the forward value."""
        x, y = self.at
        if self.downwards:
            return x - FORWARD - label_width(self.arc.forward) / 2, y
        return x, y - FORWARD - label_height(self.arc.forward) / 2

    @property
    def backward_at(self) -> Point:
        """The middle of the backward value; where none flows, that of the line."""
        x, y = self.at
        if self.arc.backward is None:
            return self.at
        if self.downwards:
            return x + BACKWARD + label_width(self.arc.backward) / 2, y
        return x, y + BACKWARD + label_height(self.arc.backward) / 2

    @property
    def arrow(self) -> tuple[Point, Point]:
        """Where the arrow beside the line, along which the backward value flows, starts and ends."""
        (x, y), shift, reach = self.at, (FORWARD + BACKWARD) / 2, self.reach - 0.15
        if self.downwards:
            return (x + shift, y + reach), (x + shift, y - reach)
        return (x + reach, y + shift), (x - reach, y + shift)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture; downwards says that it goes from top to bottom, else from left to right.

    One that goes downwards may have several columns, each with a part of the graph.
    """

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float
    downwards: bool = False
    columns: int = 1
