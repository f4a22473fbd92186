"""Lays a graph out in layers: boxes in every other layer, and between two of them a layer for what edges carry.

Every edge runs straight through a layer and bends between layers only, where nothing else is; labels have places of
their own in the layers. So no label lies on a line, a box or another label, whatever the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from derive.document.drawing.drawing import (
    BACKWARD,
    FORWARD,
    Arc,
    Box,
    Curve,
    Drawing,
    Edge,
    Point,
    Vertex,
    label_height,
    label_width,
)
from derive.document.drawing.order import ordered
from derive.document.drawing.position import placed

__all__ = ["lay_out", "layers_of"]

_BOX = 1.7
"""The least width and height of an operation."""

_STUB = 0.45
"""How far an edge runs straight before the tip of its arrow."""


def layers_of(count: int, arcs: Sequence[Arc]) -> list[int]:
    """The layer of every box, by the longest path from it to an end, so that it stands close to what uses it.

    An end stands close to where it comes from.

    Raises: ValueError if the arcs run in a circle.
    """
    into: list[list[int]] = [[] for _ in range(count)]
    out: list[list[int]] = [[] for _ in range(count)]
    for arc in arcs:
        into[arc.target].append(arc.source)
        out[arc.source].append(arc.target)
    height: dict[int, int] = {}
    waiting = [len(targets) for targets in out]
    ready = [number for number in range(count) if not waiting[number]]
    while ready:
        number = ready.pop()
        height[number] = max((1 + height[target] for target in out[number]), default=0)
        for source in into[number]:
            waiting[source] -= 1
            if not waiting[source]:
                ready.append(source)
    if len(height) < count:
        raise ValueError("a computational graph has no circle")
    levels = [max(height.values()) - height[number] for number in range(count)]
    return [
        1 + max(levels[source] for source in into[number]) if into[number] and not out[number] else levels[number]
        for number in range(count)
    ]


@dataclass(slots=True)
class _Item:
    """What has a place in a layer: a box, the label of an edge, or the way of an edge through the layer.

    length is what it takes along the picture; before and after what it takes across.
    """

    layer: int
    length: float
    before: float
    after: float


@dataclass(slots=True)
class _Plan:
    items: list[_Item] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    ways: list[list[int]] = field(default_factory=list)

    def add(self, item: _Item) -> int:
        self.items.append(item)
        return len(self.items) - 1


def lay_out(
    vertices: Sequence[Vertex], arcs: Sequence[Arc], *, spacing: float = 1.0, downwards: bool = False
) -> Drawing:
    """The picture; spacing stretches what is empty. The first vertices come first where the order is free."""
    levels = [2 * level for level in layers_of(len(vertices), arcs)]
    plan = _Plan()
    halves = [_half(vertex) for vertex in vertices]
    for (x, y), level in zip(halves, levels, strict=True):
        along, across = (y, x) if downwards else (x, y)
        plan.add(_Item(level, 2 * along + 2 * _STUB, across, across))
    uses = Counter(arc.source for arc in arcs)
    for arc in arcs:
        first, last = levels[arc.source], levels[arc.target]
        through = [plan.add(_Item(level, 0.0, 0.2, 0.2)) for level in range(first + 1, last - 1)]
        label = plan.add(_label(arc, last - 1, downwards=downwards))
        if arc.plain and uses[arc.source] == 1:
            # As wide as the box in front of it, so that no other label comes so close that the edge has to bend.
            item, box = plan.items[label], plan.items[arc.source]
            item.before, item.after = max(item.before, box.before), max(item.after, box.after)
        way = [arc.source, *through, label, arc.target]
        plan.ways.append(way)
        plan.links += pairwise(way)
    layers = [[n for n, item in enumerate(plan.items) if item.layer == level] for level in range(max(levels) + 1)]
    layers = ordered(layers, plan.links)
    extents = {number: (item.before, item.after) for number, item in enumerate(plan.items)}
    across_of = placed(layers, plan.links, extents, 0.5 * spacing)
    starts, ends = _along(plan, layers, across_of, spacing)
    breadth = max(across_of[number] + item.after for number, item in enumerate(plan.items))
    boxes = [
        Box(vertex, _turned((starts[level] + ends[level]) / 2, across_of[number], downwards), halves[number])
        for number, (vertex, level) in enumerate(zip(vertices, levels, strict=True))
    ]
    edges = [_edge(plan, arcs, number, boxes, across_of, (starts, ends), downwards) for number in range(len(arcs))]
    width, height = _turned(ends[-1], breadth, downwards)
    return Drawing(tuple(boxes), tuple(edges), width, height, downwards)


def _half(vertex: Vertex) -> Point:
    wide, high = label_width(vertex.label), label_height(vertex.label)
    if vertex.kind == "value":
        return wide / 2 + 0.1, high / 2
    return max(_BOX, wide + 0.7) / 2, max(_BOX, high + 0.3) / 2


def _label(arc: Arc, level: int, *, downwards: bool) -> _Item:
    forward = None if arc.plain else arc.forward
    widths = [label_width(tree) if tree is not None else 0.0 for tree in (forward, arc.backward)]
    heights = [label_height(tree) if tree is not None else 0.0 for tree in (forward, arc.backward)]
    along, across = (heights, widths) if downwards else (widths, heights)
    length = max(*along, 1.2) + 0.3
    before = FORWARD + across[0] if forward is not None else FORWARD
    after = BACKWARD + across[1] if arc.backward is not None else FORWARD
    return _Item(level, length, before, after)


def _along(
    plan: _Plan, layers: Sequence[Sequence[int]], across: dict[int, float], spacing: float
) -> tuple[list[float], list[float]]:
    """Where every layer starts and ends; the steeper the edges between two layers, the further they are apart."""
    starts, ends = [0.0], [max((plan.items[n].length for n in layers[0]), default=0.0)]
    for level in range(1, len(layers)):
        steps = [abs(across[a] - across[b]) for a, b in plan.links if plan.items[b].layer == level]
        gap = min(max(0.3 * max(steps, default=0.0), 0.3), 1.6) * spacing
        starts.append(ends[-1] + gap)
        ends.append(starts[-1] + max((plan.items[n].length for n in layers[level]), default=0.0))
    return starts, ends


def _turned(along: float, across: float, downwards: bool) -> Point:
    return (across, along) if downwards else (along, across)


def _edge(
    plan: _Plan,
    arcs: Sequence[Arc],
    number: int,
    boxes: Sequence[Box],
    across: dict[int, float],
    layers: tuple[list[float], list[float]],
    downwards: bool,
) -> Edge:
    starts, ends = layers
    way, arc = plan.ways[number], arcs[number]
    source, target = boxes[arc.source], boxes[arc.target]
    out, into = _rim(source, 0.0, downwards), _rim(target, _port(plan, arcs, number, across), downwards)
    middle = [(starts[plan.items[n].layer] + ends[plan.items[n].layer]) / 2 for n in way]
    points = [(middle[0] + out[0], across[way[0]]), (ends[plan.items[way[0]].layer], across[way[0]])]
    for n in way[1:-1]:
        points += [(starts[plan.items[n].layer], across[n]), (ends[plan.items[n].layer], across[n])]
    last = across[way[-1]] + into[1]
    points += [(starts[plan.items[way[-1]].layer], last), (middle[-1] - into[0], last)]
    item = plan.items[way[-2]]
    at = _turned(middle[-2], across[way[-2]], downwards)
    return Edge(arc, _curves(points, downwards), at, item.length / 2, downwards)


def _port(plan: _Plan, arcs: Sequence[Arc], number: int, across: dict[int, float]) -> float:
    """Where among all that enter its target an edge enters it, between -1 and 1."""
    entering = [n for n, arc in enumerate(arcs) if arc.target == arcs[number].target]
    entering.sort(key=lambda n: across[plan.ways[n][-2]])
    return 0.0 if len(entering) == 1 else 2 * entering.index(number) / (len(entering) - 1) - 1


def _rim(box: Box, port: float, downwards: bool) -> Point:
    """How far from its middle, along and across, the rim of a box lies at a port."""
    along, across = box.half[::-1] if downwards else box.half
    shift = 0.6 * across * port
    if box.vertex.kind == "operation" and box.half[0] == box.half[1]:
        return (along**2 - shift**2) ** 0.5, shift
    return along, shift


def _curves(points: Sequence[Point], downwards: bool) -> tuple[Curve, ...]:
    """Straight where two points lie in line, and S-shaped where they do not."""
    kept = [points[0]]
    for place, point in enumerate(points[1:], start=1):
        in_line = place + 1 < len(points) and points[place + 1][1] == point[1] == kept[-1][1]
        if not in_line and point != kept[-1]:
            kept.append(point)
    curves = []
    for (a, c), (b, d) in pairwise(kept):
        bends = ((a + (b - a) / 2, c), (a + (b - a) / 2, d))
        start, first, second, end = (_turned(*point, downwards) for point in ((a, c), *bends, (b, d)))
        curves.append((start, first, second, end))
    return tuple(curves)
