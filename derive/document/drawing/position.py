"""Places the items of ordered layers across the direction of the picture, each as near to its neighbours as it can be.

Along the way everything keeps its distance, so that what an item holds never overlaps what another one holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf

from derive.document.drawing.order import Links

__all__ = ["placed", "spread"]

_ROUNDS = 80

_STRAIGHT = 8.0
"""How much more a link is drawn straight that shares neither of its ends."""


def placed(
    layers: Sequence[Sequence[int]], links: Links, extents: Mapping[int, tuple[float, float]], gap: float
) -> dict[int, float]:
    """The place of every item; an item takes up its extents, before its place and after it.

    The sum of the squares of what links climb is made small, one layer after the other.
    """
    out, into = Counter(first for first, _ in links), Counter(second for _, second in links)
    neighbours: dict[int, list[tuple[int, float]]] = {}
    for first, second in links:
        weight = _STRAIGHT if out[first] == into[second] == 1 else 1.0
        neighbours.setdefault(first, []).append((second, weight))
        neighbours.setdefault(second, []).append((first, weight))
    distances = {
        tuple(layer): [extents[a][1] + gap + extents[b][0] for a, b in pairwise(layer)] for layer in layers if layer
    }
    places: dict[int, float] = {}
    for layer, apart in distances.items():
        places.update(zip(layer, spread([0.0] * len(layer), apart), strict=True))
    for number in range(_ROUNDS):
        for layer in (*distances,) if number % 2 else reversed(distances):
            pulls = [neighbours.get(item, [(item, 1.0)]) for item in layer]
            weights = [sum(weight for _, weight in pull) for pull in pulls]
            wanted = [
                sum(places[other] * weight for other, weight in pull) / total
                for pull, total in zip(pulls, weights, strict=True)
            ]
            places.update(zip(layer, spread(wanted, distances[layer], weights), strict=True))
    _straighten(distances, neighbours, places)
    top = min(places[item] - extents[item][0] for item in places)
    return {item: place - top for item, place in places.items()}


def _straighten(
    distances: dict[tuple[int, ...], list[float]],
    neighbours: Mapping[int, Sequence[tuple[int, float]]],
    places: dict[int, float],
) -> None:
    """Moves what follows in a chain into line with what it follows, as far as there is room, and back."""
    for layers in (list(distances), list(reversed(distances))):
        fixed: set[int] = set()
        for layer in layers:
            apart = distances[layer]
            for number, item in enumerate(layer):
                ahead = [other for other, weight in neighbours.get(item, ()) if weight > 1 and other in fixed]
                if ahead:
                    low = places[layer[number - 1]] + apart[number - 1] if number else -inf
                    high = places[layer[number + 1]] - apart[number] if number + 1 < len(layer) else inf
                    places[item] = min(max(places[ahead[0]], low), high)
            fixed.update(layer)


def spread(wanted: Sequence[float], apart: Sequence[float], weights: Sequence[float] = ()) -> list[float]:
    """The places nearest to those wanted, by least squares, that are at least so far apart.

    Source: the pool-adjacent-violators algorithm for isotonic regression (Ayer et al. 1955).

    Example:
        >>> spread([1.0, 1.0, 9.0], [2.0, 2.0])
        [0.0, 2.0, 9.0]
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    pools: list[tuple[float, float, int]] = []
    for want, offset, weight in zip(wanted, offsets, weights or [1.0] * len(wanted), strict=True):
        total, heavy, count = (want - offset) * weight, weight, 1
        while pools and pools[-1][0] / pools[-1][1] > total / heavy:
            before = pools.pop()
            total, heavy, count = total + before[0], heavy + before[1], count + before[2]
        pools.append((total, heavy, count))
    levels = [total / heavy for total, heavy, count in pools for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]
