"""Points among the inputs: one with another number in it, and numbers between those where something turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mpmath import mpf

__all__ = ["UPSTREAM", "Coordinate", "Point", "between", "entry_name", "moved"]

Point = Mapping[str, Any]
"""Arrays of numbers by the names of the inputs, and the upstream gradient by its own."""

UPSTREAM = " upstream"
"""The name of the upstream gradient among the arrays of a point; no input is called so."""

Coordinate = tuple[str, tuple[int, ...] | None]
"""An entry of an array; None for all of its entries together, times a factor."""


def entry_name(name: str, place: Sequence[int]) -> str:
    """X[0,1]: what the variable of an entry is called; X where it is the only one."""
    return f"{name}[{','.join(map(str, place))}]" if place else name


def moved(point: Point, coordinate: Coordinate, t: Any) -> Point:
    """The point with another number for an entry, or with all entries of an array times a factor."""
    name, place = coordinate
    array = point[name].copy()
    if place is None:
        array = array * t
    else:
        array[place] = t
    return {**point, name: array}


def between(turns: Sequence[Any]) -> list[Any]:
    """Short numbers between the places where something turns, close to both of them, and beyond."""
    found: list[Any] = []
    for low, high in zip([None, *turns], [*turns, None], strict=True) if turns else ():
        if low is None or high is None:
            edge, sign = (turns[0], -1) if low is None else (turns[-1], 1)
            for size in dict.fromkeys((abs(edge) or mpf(1), max(mpf(1), abs(edge)))):
                reach = sign * size / 2
                found.append(_short(edge + reach / 20, edge + reach))
            found.append(_short(edge + 4 * reach, edge + 10 * reach))
        elif high - low > mpf(10) ** -30:
            width = high - low
            found += [_short(low + width / 20, low + width / 3), _short(high - width / 3, high - width / 20)]
    return found


def _short(first: Any, second: Any) -> Any:
    """A number with few digits between two others."""
    low, high = min(first, second), max(first, second)
    for digits in range(-6, 40):
        scale = mpf(10) ** digits
        t = mpf(int(low * scale) + (1 if low >= 0 else 0)) / scale
        if low <= t <= high:
            return t
    return (low + high) / 2
