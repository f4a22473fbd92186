"""Turns a Drawing into a picture for the web: SVG that stands alone, its text in Unicode, its colours in classes."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from derive.document.drawing.drawing import Box, Drawing, Edge, Label, Point
from derive.notation.plain import print_plain

__all__ = ["render_svg"]

_EM = 16.0
"""Pixels."""

_PAD = 0.5
_NARROW, _STEP = 12, 0.72
"""The size of what takes several lines, in pixels, and how far apart they stand, in em."""

_SERIF = "'Latin Modern Math', 'Cambria Math', 'STIX Two Math', serif"
_STYLE = """
    text { text-anchor: middle; dominant-baseline: central; }
    .box { fill: #f3f6fa; stroke: #184070; }
    .forward { fill: none; stroke: #000; }
    .arrow { fill: #000; stroke: none; }
    .backward { fill: none; stroke: #b8420e; stroke-dasharray: 4 3; }
    .back-arrow { fill: #b8420e; stroke: none; }
    text.forward { fill: #000; stroke: none; }
    text.backward { fill: #b8420e; stroke: none; }
"""


def render_svg(drawing: Drawing, *, title: str, description: str = "") -> str:
    """The picture as the text of an SVG file; title and description are read out where it cannot be seen."""
    return "\n".join(_lines(drawing, title, description)) + "\n"


def _lines(drawing: Drawing, title: str, description: str) -> Iterator[str]:
    width, height = (_EM * (side + 2 * _PAD) for side in (drawing.width, drawing.height))
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description" '
        f'width="{width:.1f}" height="{height:.1f}" viewBox="0 0 {width:.1f} {height:.1f}">'
    )
    yield f'<title id="title">{escape(title)}</title>'
    yield f'<desc id="description">{escape(description)}</desc>'
    yield f"<style>{_STYLE}</style>"
    for name, style in (("forward-tip", "arrow"), ("backward-tip", "back-arrow")):
        yield (
            f'<marker id="{name}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
            f'markerUnits="userSpaceOnUse" orient="auto"><path class="{style}" d="M 0 0.8 L 8 4 L 0 7.2 z"/></marker>'
        )
    for edge in drawing.edges:
        yield from _edge(edge)
    for box in drawing.boxes:
        yield from _box(box)
    yield "</svg>"


def _at(point: Point) -> str:
    return f"{_EM * (point[0] + _PAD):.1f} {_EM * (point[1] + _PAD):.1f}"


def _edge(edge: Edge) -> Iterator[str]:
    path = f"M {_at(edge.path[0][0])} " + " ".join(f"C {_at(b)} {_at(c)} {_at(d)}" for _, b, c, d in edge.path)
    yield f'<path class="forward" d="{path}" marker-end="url(#forward-tip)"/>'
    if not edge.arc.plain:
        yield from _text(edge.arc.forward, edge.forward_at, "forward")
    if edge.arc.backward is not None:
        start, end = edge.arrow
        yield f'<path class="backward" d="M {_at(start)} L {_at(end)}" marker-end="url(#backward-tip)"/>'
        yield from _text(edge.arc.backward, edge.backward_at, "backward")


def _box(box: Box) -> Iterator[str]:
    (x, y), (half, tall) = box.middle, box.half
    if box.vertex.kind == "operation":
        corner = (x - half, y - tall)
        left, top = _at(corner).split()
        yield (
            f'<rect class="box" x="{left}" y="{top}" width="{2 * half * _EM:.1f}" height="{2 * tall * _EM:.1f}" '
            f'rx="{min(half, tall) * _EM:.1f}"/>'
        )
    yield from _text(box.vertex.label, box.middle, "forward")


def _text(label: Label, middle: Point, style: str) -> Iterator[str]:
    """The label; a fraction takes three lines, in a font whose characters are all equally wide."""
    lines = (label,) if isinstance(label, str) else print_plain(label).lines
    # As attributes of every text, not in the style sheet, which would win over them.
    family, size = ("monospace", _NARROW) if len(lines) > 1 else (_SERIF, 16)
    font = f' font-family="{family}" font-size="{size}"'
    for number, line in enumerate(lines):
        x, y = _at((middle[0], middle[1] + _STEP * (number - (len(lines) - 1) / 2))).split()
        kept = line.replace(" ", "\u00a0") if len(lines) > 1 else line
        yield f'<text class="{style}" x="{x}" y="{y}"{font}>{escape(kept)}</text>'
