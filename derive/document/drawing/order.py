"""Orders the items of every layer of a layered graph so that few of its links cross.

Source: Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981); the
exchange of neighbours is that of Gansner et al., "A technique for drawing directed graphs" (1993).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random

__all__ = ["Links", "crossings", "ordered"]

Links = Sequence[tuple[int, int]]
"""Pairs of items in neighbouring layers, the one in the earlier layer first."""

_SWEEPS = 6

_STARTS = 8
"""From so many orders sweeps begin, the first as given; the others are drawn by a generator with a fixed seed."""

Layers = list[list[int]]


def ordered(layers: Sequence[Sequence[int]], links: Links) -> Layers:
    """The layers, each in an order with few crossings; what makes no difference stays as it was."""
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for first, second in links:
        after.setdefault(first, []).append(second)
        before.setdefault(second, []).append(first)
    best, fewest = [list(layer) for layer in layers], crossings(layers, links)
    draw = Random(0)
    for start in range(_STARTS):
        current = [list(layer) for layer in layers]
        for layer in current if start else ():
            draw.shuffle(layer)
        for number in range(_SWEEPS):
            if fewest == 0:
                return best
            _sweep(current, before, after, forth=number % 2 == 0)
            _exchange(current, before, after)
            found = crossings(current, links)
            if found < fewest:
                best, fewest = [list(layer) for layer in current], found
    return best


def _sweep(
    layers: Layers, before: Mapping[int, Sequence[int]], after: Mapping[int, Sequence[int]], *, forth: bool
) -> None:
    """Sorts every layer by the one that was sorted before it."""
    for place in range(1, len(layers)) if forth else range(len(layers) - 2, -1, -1):
        _sort(layers[place], layers[place - 1 if forth else place + 1], before if forth else after)


def crossings(layers: Sequence[Sequence[int]], links: Links) -> int:
    """How many pairs of links cross.

    Example:
        >>> crossings([[0, 1], [2, 3]], [(0, 3), (1, 2)])
        1
    """
    place = {item: number for layer in layers for number, item in enumerate(layer)}
    level = {item: number for number, layer in enumerate(layers) for item in layer}
    by_layer: dict[int, list[tuple[int, int]]] = {}
    for first, second in links:
        by_layer.setdefault(level[first], []).append((place[first], place[second]))
    return sum(_inversions(sorted(pairs)) for pairs in by_layer.values())


def _inversions(pairs: Sequence[tuple[int, int]]) -> int:
    return sum(a < c and b > d for number, (a, b) in enumerate(pairs) for c, d in pairs[number + 1 :])


def _sort(layer: list[int], fixed: Sequence[int], neighbours: Mapping[int, Sequence[int]]) -> None:
    """Every item to the mean place of its neighbours; one without neighbours keeps its place."""
    place = {item: number for number, item in enumerate(fixed)}
    wanted = {}
    for number, item in enumerate(layer):
        found = [place[other] for other in neighbours.get(item, ())]
        wanted[item] = sum(found) / len(found) if found else float(number)
    layer.sort(key=wanted.__getitem__)


def _exchange(layers: Layers, before: Mapping[int, Sequence[int]], after: Mapping[int, Sequence[int]]) -> None:
    """Neighbours change places as long as that removes a crossing."""
    place = {item: number for layer in layers for number, item in enumerate(layer)}

    def cost(first: int, second: int) -> int:
        return sum(
            place[a] > place[b] for side in (before, after) for a in side.get(first, ()) for b in side.get(second, ())
        )

    improved = True
    while improved:
        improved = False
        for layer in layers:
            for number, (first, second) in enumerate(pairwise(layer)):
                if cost(second, first) < cost(first, second):
                    layer[number], layer[number + 1] = second, first
                    place[first], place[second] = number + 1, number
                    improved = True
                    break
