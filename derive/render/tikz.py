r"""Turns a Drawing into the commands of a TikZ picture, one a line; what they look like is said by the macros.

Lengths are em, and y points downwards: the picture is begun with [x=1em,y=-1em].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from derive.document.drawing.drawing import Box, Drawing, Edge, Label, Point
from derive.notation.tree import Tree

__all__ = ["tikz_commands"]

_SIGNS = {"⊙": r"\odot", "×": r"\times", "−": "-", "Σ": r"\textstyle\sum", "ᵀ": r"\top"}
"""Signs of operations that are no letters."""

_Math = Callable[[Tree], str]


def tikz_commands(drawing: Drawing, math: _Math) -> Iterator[str]:
    """The commands; math is what turns notation into LaTeX."""
    for edge in drawing.edges:
        yield from _edge(edge, math)
    for box in drawing.boxes:
        yield _box(box, math)


def _at(point: Point) -> str:
    # Hundredths of an em, so that rounding errors of floating point do not reach the file.
    return ",".join(f"{round(part + 0.0, 2):.2f}".replace("-0.00", "0.00") for part in point)


def _edge(edge: Edge, math: _Math) -> Iterator[str]:
    path = f"({_at(edge.path[0][0])})" + "".join(
        f" .. controls ({_at(first)}) and ({_at(second)}) .. ({_at(end)})" for _, first, second, end in edge.path
    )
    yield rf"\graphline{{{path}}}"
    if not edge.arc.plain:
        yield rf"\graphforward{{{_at(edge.forward_at)}}}{{{_label(edge.arc.forward, math)}}}"
    if edge.arc.backward is not None:
        start, end = map(_at, edge.arrow)
        yield rf"\graphback{{{start}}}{{{end}}}"
        yield rf"\graphbackward{{{_at(edge.backward_at)}}}{{{_label(edge.arc.backward, math)}}}"


def _box(box: Box, math: _Math) -> str:
    (x, y), (wide, high) = box.middle, box.half
    label = _label(box.vertex.label, math)
    if box.vertex.kind == "value":
        return rf"\graphforward{{{_at(box.middle)}}}{{{label}}}"
    corners = f"{{{_at((x - wide, y - high))}}}{{{_at((x + wide, y + high))}}}"
    return rf"\graphnode{corners}{{{min(wide, high) - 0.01:.2f}}}{{{_at(box.middle)}}}{{{label}}}"


def _label(label: Label, math: _Math) -> str:
    if isinstance(label, str):
        return _SIGNS.get(label, rf"\mathrm{{{label}}}" if label.isalnum() and len(label) > 1 else label)
    return math(label)
