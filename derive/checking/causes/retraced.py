"""Tries mistakes on the way back at numbers: those that give what the code gives in floats, and then precisely."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from mpmath import mpf, workdps

from derive.checking.arrays.scalars import DIGITS, Digits
from derive.checking.budget import Budget
from derive.checking.causes.multiples import multiples
from derive.checking.causes.slips import Slip, slips
from derive.checking.causes.values import NodeValues
from derive.checking.causes.variables import words
from derive.checking.causes.wayback import WayBack
from derive.checking.numbers.numerically import real_run
from derive.checking.numbers.watch import Watch
from derive.checking.satisfied import fitted
from derive.checking.subject import CodeError, Subject
from derive.errors import DeriveError
from derive.forward.nodes import Node
from derive.forward.shape import bind

__all__ = ["retraced"]

_CLOSE = 1e-10
"""By how much floats may differ, as a share of the largest entry."""

_PRECISE = mpf(10) ** -13
"""The same for numbers of many digits, some of which the code may have rounded."""

_DOMAINS = ((-1.5, 1.5), (0.2, 0.9), (1.0, 2.0))
_MOST_FITTING = 6
"""Mistakes that give what came for some name; more are not looked for."""


@dataclass(slots=True)
class _Point:
    """The way back at some numbers, and what the code gives there."""

    sizes: Mapping[str, int]
    arrays: Mapping[str, Any]
    upstream: Any
    way: WayBack
    got: Mapping[str, Any]
    close: Any = _CLOSE

    def fits(self, made: Mapping[str, Any], name: str) -> bool:
        """Whether what is made is what came."""
        a, b = np.asarray(made[name]), np.asarray(self.got[name])
        if a.shape != b.shape:
            return False
        scale = max((abs(entry) for entry in b.ravel()), default=0)
        return all(
            abs(x - y) <= self.close * (scale + mpf(10) ** -6) for x, y in zip(a.ravel(), b.ravel(), strict=True)
        )


def retraced(
    subject: Subject, output: Node, sizes: Sequence[Mapping[str, int]], wrong: Collection[str], budget: Budget
) -> dict[str, str]:
    """The mistakes in words, by the names of what is wrong; those that explain most of it come first."""
    points = [point for at in sizes for point in _points(subject, output, at)][:3]
    open_names = [n for n in wrong if points and all(n in p.got and _fit(p, n) for p in points)]
    # What floats do not see to be wrong has no cause that they could see.
    open_names = [n for n in open_names if not all(point.fits(point.way.gradients(), n) for point in points)]
    if not open_names:
        return {}
    right = [name for name in points[0].got if name not in wrong]
    precise, named = _precise(subject, points[0], budget), words(subject)
    found: list[tuple[Slip, list[str], bool]] = []
    first = points[0]
    differences = {n: np.asarray(first.got[n], dtype=float) - first.way.gradients()[n] for n in open_names}
    for slip in chain(slips(first.way, named), multiples(first.way, differences)):
        budget.check()
        names = _explained(slip, points, open_names)
        if not names or (precise is not None and not (names := _explained(slip, [precise], names))):
            continue
        apart = not right or bool(_explained(slip, points[:1], right) == right)
        found.append((slip, names, apart))
        if (len(names) == len(open_names) and apart) or len(found) == _MOST_FITTING:
            break
    found.sort(key=lambda item: (-len(item[1]), not item[2]))
    told: dict[str, str] = {}
    for slip, names, _ in found:
        for name in names:
            told.setdefault(name, slip.told(named))
    return told


def _explained(slip: Slip, points: Sequence[_Point], names: Sequence[str]) -> list[str]:
    """The names whose gradients come out as they came, at all of the points."""
    left = list(names)
    for point in points:
        try:
            with np.errstate(all="ignore"), workdps(2 * DIGITS):
                made = slip.made(point.way)
        except (DeriveError, ArithmeticError, ValueError, TypeError, KeyError):
            # It has no value at these numbers.
            return []
        left = [name for name in left if made is not None and point.fits(made, name)]
        if not left:
            break
    return left


def _points(subject: Subject, output: Node, sizes: Mapping[str, int]) -> Iterator[_Point]:
    """A point at these sizes, if forward has a value at one and the code gives gradients."""
    for interval in _DOMAINS:
        draw = np.random.default_rng(11)
        arrays: dict[str, Any] = {}
        for node in subject.inputs:
            shape = bind(node.shape, sizes)
            if node.below is None:
                arrays[node.name] = np.asarray(draw.uniform(*interval, size=shape))
            else:
                arrays[node.name] = draw.integers(bind((node.below,), sizes)[0], size=shape)
        arrays = fitted(subject.assumptions, subject.smooth, arrays)
        shape = bind(output.shape, sizes)
        upstream = draw.uniform(-2.0, 2.0, size=shape) if "upstream" in subject.takes else np.ones(shape)
        try:
            tried = real_run(subject, arrays, upstream)
            if tried is None or tried.failure:
                continue
            given = {**arrays, subject.upstream or "G": upstream}
            with np.errstate(all="ignore"):
                way = WayBack(output, upstream, NodeValues(sizes, given), subject.smooth)
        except (CodeError, DeriveError, ArithmeticError, ValueError, TypeError, KeyError):
            continue
        got = {node.name: tried.gradients[node.name] for node in subject.wanted if node.name in tried.gradients}
        if all(np.all(np.isfinite(np.asarray(array, dtype=float))) for array in (*got.values(), *_all(way))):
            yield _Point(sizes, arrays, upstream, way, got)
            return


def _fit(point: _Point, name: str) -> bool:
    return bool(np.shape(point.got[name]) == np.shape(point.way.gradients()[name]))


def _all(way: WayBack) -> list[Any]:
    return list(way.gradients().values())


def _precise(subject: Subject, point: _Point, budget: Budget) -> _Point | None:
    """The same point in many digits; None where the code does not run on them."""
    watch = Watch(subject, point.sizes, budget)
    digits = Digits(budget)
    whole = {node.name: point.arrays[node.name] for node in subject.inputs if node.below is not None}
    with workdps(2 * DIGITS):
        values = NodeValues(point.sizes, point.arrays, digits)
        arrays = {node.name: values.plain(point.arrays[node.name]) for node in subject.smooth}
        upstream = values.plain(point.upstream)
        seen = watch.at({**arrays, watch.upstream: upstream}, whole)
        if seen is None or seen.failure:
            return None
        given = {**whole, **arrays, subject.upstream or "G": upstream}
        try:
            way = WayBack(point.way.output, upstream, NodeValues(point.sizes, given, digits), subject.smooth)
        except (DeriveError, ArithmeticError, ValueError, TypeError, KeyError):
            return None
    return _Point(point.sizes, arrays, upstream, way, seen.got, _PRECISE)
