"""Where differences change their sign along a line: brackets from a coarse grid, then roots to many digits.

A difference that comes close to 0 and goes away again is followed to where it is smallest, so that a narrow window
between two grid points is not passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from mpmath import mpf, sqrt

__all__ = ["GRID", "Line"]

GRID = tuple(
    sorted(
        mpf(s) * mpf(x) for s in (-1, 1) for x in ("1e6", "1e4", "300", "40", "12", "4.5", "1.7", "0.6", "0.03", "1e-4")
    )
)
"""Where a line is looked at first: both signs, up to a million."""

_CLOSE = tuple(mpf(s) * mpf(x) for s in (-1, 1) for x in ("1e-7", "1e-10", "1e-14", "1e-20", "1e-30"))
"""Where it is looked at as well, if there is no value at 0."""

_EXACT = mpf(10) ** -80
_ROUGH = mpf(10) ** -3
_PLAIN = mpf(10) ** -6
_JUMP = mpf(10) ** -16
"""A difference that does not become small in so short a distance jumps."""

_STEPS = 80
_MINIMISING = 14
_MOST_ROOTS = 10

Values = Mapping[Hashable, Any]
"""Differences at one place of the line, by what is compared; {} where there is no value."""


@dataclass(slots=True)
class Line:
    """Places of a line and the differences there; `at` computes them, `precise` says which roots need many digits."""

    at: Callable[[Any], Values]
    precise: Callable[[Any], bool] = lambda key: True
    seen: dict[Any, Values] = field(default_factory=dict)

    def values(self, t: Any) -> Values:
        """The differences at one place."""
        if t not in self.seen:
            self.seen[t] = self.at(t)
        return self.seen[t]

    def value(self, key: Hashable, t: Any) -> Any:
        """One of them; None where it is not compared, or is no number."""
        u = self.values(t).get(key)
        return u if u == u else None

    def turns(self, start: Any) -> list[tuple[Any, bool]]:
        """Places at which some difference is 0 or changes its sign, in order, and whether they are precise."""
        places = sorted({*GRID, mpf(0), start, *(() if self.values(mpf(0)) else _CLOSE)})
        keys = dict.fromkeys(key for t in places for key in self.values(t))
        found: list[tuple[Any, bool]] = []
        known: set[tuple[Any, ...]] = set()
        for key in keys:
            series = [(t, u) for t in places if (u := self.value(key, t)) is not None]
            # One thing is often compared many times, or from both sides.
            signature = tuple((t, abs(u)) for t, u in series)
            if signature in known or len({u for _, u in series}) < 2:
                continue
            known.add(signature)
            precise = self.precise(key)
            found += [(t, precise) for t in self._turns_of(key, series)]
            if len(found) > 4 * _MOST_ROOTS:
                break
        close: list[tuple[Any, bool]] = []
        for t, precise in sorted(found):
            apart = mpf(10) ** -50 if precise and close and close[-1][1] else _ROUGH
            if not close or abs(t - close[-1][0]) > apart * max(1, abs(t)):
                close.append((t, precise))
            elif precise and not close[-1][1]:
                close[-1] = (t, precise)
        return sorted(sorted(close, key=lambda turn: abs(turn[0]))[:_MOST_ROOTS])

    def _turns_of(self, key: Hashable, series: Sequence[tuple[Any, Any]]) -> list[Any]:
        found = []
        for number, (t, u) in enumerate(series):
            before = series[number - 1] if number else None
            after = series[number + 1] if number + 1 < len(series) else None
            if abs(u) <= _EXACT:
                if any(side is not None and abs(side[1]) > _EXACT for side in (before, after)):
                    found.append(t)
                continue
            if before is not None and u * before[1] < 0 and abs(before[1]) > _EXACT:
                found.append(self._root(key, before, (t, u)))
            elif before and after and _dips(before[1], u, after[1]):
                found += self._lowest(key, before, (t, u), after)
        return found

    def _root(self, key: Hashable, low: tuple[Any, Any], high: tuple[Any, Any]) -> Any:
        """A root between two places of different signs; where it jumps, the place of the jump."""
        straight = self._straight(key, low, high)
        if straight is not None:
            return straight
        for _ in range(_STEPS):
            (a, u), (b, v) = low, high
            if b - a <= mpf(10) ** -75 * max(1, abs(a)):
                break
            if b - a <= _ROUGH / 4 * max(1, abs(a)) and not self.precise(key):
                break
            if b - a <= _JUMP * max(1, abs(a)) and min(abs(u), abs(v)) > 1000 * (b - a):
                break
            middle = _middle(a, b)
            places = [low, high]
            for t in (middle, self._bent(key, low, middle, high)):
                w = None if t is None else self.value(key, t)
                if w is None:
                    continue
                if abs(w) <= _EXACT:
                    return t
                places.append((t, w))
            if len(places) == 2:
                break
            ordered = sorted(places)
            low, high = next(pair for pair in pairwise(ordered) if pair[0][1] * pair[1][1] < 0)
        return min(low, high, key=lambda place: abs(place[1]))[0]

    def _bent(self, key: Hashable, low: tuple[Any, Any], middle: Any, high: tuple[Any, Any]) -> Any:
        """A step of Ridders' method, which straightens an exponential through three values."""
        (a, u), (b, v), w = low, high, self.value(key, middle)
        if w is None or middle != (a + b) / 2 or b - a > 1 + abs(middle):
            return None
        t = middle + (middle - a) * (1 if u > v else -1) * w / sqrt(w * w - u * v)
        return t if a < t < b and t != middle else None

    def _straight(self, key: Hashable, low: tuple[Any, Any], high: tuple[Any, Any]) -> Any:
        """The root where the difference is straight."""
        (a, u), (b, v) = low, high
        t = a - u * (b - a) / (v - u)
        nice = mpf(str(round(float(t), 9))) if abs(t) < 10**6 else t
        for place in (nice, t):
            w = self.value(key, place)
            if w is not None and abs(w) <= _EXACT:
                return place
        return None

    def _lowest(
        self, key: Hashable, before: tuple[Any, Any], here: tuple[Any, Any], after: tuple[Any, Any]
    ) -> list[Any]:
        """Roots near where the difference is closest to 0 between two places."""
        sign = 1 if here[1] > 0 else -1
        for _ in range(_MINIMISING):
            (a, u), (b, v), (c, w) = before, here, after
            under = (b - a) * (v - w) - (b - c) * (v - u)
            t = b - ((b - a) ** 2 * (v - w) - (b - c) ** 2 * (v - u)) / (2 * under) if under else (a + b) / 2
            if not a < t < c or t == b or abs(t - b) < mpf(10) ** -40 * max(1, abs(b)):
                t = (a + b) / 2 if b - a > c - b else (b + c) / 2
            x = self.value(key, t)
            if x is None:
                return []
            if abs(x) <= _EXACT:
                return [t]
            if x * sign < 0:
                ends = sorted([before, here, after])
                left = max(p for p in ends if p[0] < t)
                right = min(p for p in ends if p[0] > t)
                return [self._root(key, left, (t, x)), self._root(key, (t, x), right)]
            if x * sign < v * sign:
                before, here, after = (here, (t, x), after) if t > b else (before, (t, x), here)
            else:
                before, after = (before, (t, x)) if t > b else ((t, x), after)
            if after[0] - before[0] < mpf(10) ** -35 * max(1, abs(b)):
                break
        return []


def _dips(before: Any, here: Any, after: Any) -> bool:
    """Whether a difference comes closer to 0 and goes away again, by more than rounding."""
    return bool(before * here > 0 < here * after and abs(here) < (1 - _PLAIN) * min(abs(before), abs(after)))


def _middle(a: Any, b: Any) -> Any:
    """Between two places, by their size where that is very different."""
    if a > 0 and b > 100 * a:
        return sqrt(a * b)
    if b < 0 and a < 100 * b:
        return -sqrt(a * b)
    return (a + b) / 2
