"""A number that is wrong on the way back: a step is so many times too large, or something is added to a derivative.

Gradients are linear in what goes along a step, so the number follows from what came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import numpy as np

from derive.checking.causes.slips import Slip
from derive.checking.causes.values import Array
from derive.checking.causes.wayback import Edge, WayBack
from derive.forward.nodes import Map, Node

__all__ = ["multiples"]

_LARGEST = 100
_EXACT = 1e-9
_VISIBLE = 1e-12


def multiples(way: WayBack, differences: Mapping[str, Array]) -> Iterator[Slip]:
    """The mistakes that such a number makes; differences are those between what came and what is right, in floats."""
    gradients = way.gradients()
    for edge in way.edges():
        node, place = edge
        ends: tuple[Node, Node] = (node, node.operands[place])
        twice = way.with_step(edge, way.sent(edge) * 2)
        found = _shortest(_ratio(differences, {name: twice[name] - gradients[name] for name in differences}))
        if found is not None and found != 0:
            factor = found + 1
            shown = factor if factor.denominator <= _LARGEST else f"{float(factor):.8g}"
            text = f"what comes back from {{}} to {{}} is {shown} times what it should be"
            yield Slip(text, ends, _times(edge, factor))
        if isinstance(node, Map):
            more = way.with_step(edge, way.sent(edge) + way.arriving[node])
            found = _shortest(_ratio(differences, {name: more[name] - gradients[name] for name in differences}))
            if found is not None and found != 0:
                text = f"{float(found):g} is added to the derivative, on the way back from {{}} to {{}}"
                yield Slip(text, ends, _plus(edge, found))


def _ratio(differences: Mapping[str, Array], units: Mapping[str, Array]) -> float | None:
    """By which number a unit has to be multiplied to give one of the differences, if there is one for all entries."""
    for name, difference in differences.items():
        unit = np.asarray(units[name], dtype=float)
        if unit.shape != difference.shape or not unit.size:
            continue
        place = np.unravel_index(int(np.argmax(np.abs(unit))), unit.shape)
        if abs(unit[place]) < _VISIBLE:
            continue
        ratio = float(difference[place] / unit[place])
        scale = float(np.max(np.abs(difference)))
        if np.isfinite(ratio) and np.all(np.abs(difference - ratio * unit) <= 1e-6 * scale):
            return ratio
    return None


def _shortest(number: float | None) -> Fraction | None:
    """A number that somebody would write, so close that only rounding lies between them."""
    if number is None:
        return None
    fraction = Fraction(number).limit_denominator(_LARGEST)
    if abs(float(fraction) - number) <= _EXACT * abs(number):
        return fraction
    decimal = Fraction(f"{number:.6g}")
    return decimal if abs(float(decimal) - number) <= _EXACT * abs(number) else None


def _times(edge: Edge, factor: Fraction) -> Callable[[WayBack], Mapping[str, Array]]:
    return lambda way: way.with_step(edge, way.sent(edge) * way.values.filled(factor, ()))


def _plus(edge: Edge, number: Fraction) -> Callable[[WayBack], Mapping[str, Array]]:
    return lambda way: way.with_step(edge, way.sent(edge) + way.arriving[edge[0]] * way.values.filled(number, ()))
