"""Compares gradients at a point in many digits; on a boundary with those that are nearby on all sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from mpmath import mpf, workdps  # type: ignore[import-untyped]  # SymPy's own numbers

from derive.checking.counterexample import told, with_upstream
from derive.checking.kinks import Kink, judged
from derive.checking.numerically import Differences, Expected, Mismatch
from derive.checking.report import Counterexample
from derive.checking.sheet import Sheet
from derive.checking.scalars import Digits
from derive.checking.subject import Subject
from derive.checking.watch import WATCHED_DIGITS, Seen, Watch

__all__ = ["Judge", "Judged"]

_AWAY = mpf(10) ** -18
"""So far away is what is nearby."""

_NEAR = mpf(10) ** -24
_SHARE = mpf(10) ** -13
_JUMP = mpf(10) ** -9
_NOTHING = mpf(10) ** -33
_SIDES = 8
_LARGE = 1e12
_AGAIN = 250
"""In so many digits a difference must be the same again, or it comes from rounding."""


@dataclass(slots=True)
class Judged:
    """What is wrong, and where the derivative jumps, by the names of inputs."""

    wrong: dict[str, Counterexample] = field(default_factory=dict)
    kinks: dict[str, Kink] = field(default_factory=dict)


@dataclass(slots=True)
class Judge:
    """What is expected at some sizes."""

    subject: Subject
    sizes: Mapping[str, int]
    whole: Mapping[str, Any]
    upstream: str
    source: Expected | Differences
    watch: Watch

    def at(
        self, point: Mapping[str, Any], seen: Seen, names: Sequence[str], coordinate: Any = None
    ) -> Judged | None:
        """What is found at a point; coordinate is the one across a boundary. None if nothing can be compared."""
        near = [dict(want) for want in self._wanted(point, coordinate)]
        if not near or (coordinate is not None and len(near) < 2):
            return None
        found = Judged()
        for name in names:
            got = seen.got.get(name)
            values = np.array([want[name] for want in near], dtype=object)
            if got is None or got.shape != values.shape[1:] or not _is_finite(values):
                continue
            scale = max(mpf("1e-3"), abs(values).max(initial=mpf(0)))
            low, high = values.min(axis=0), values.max(axis=0)
            if bool(np.all(high - low <= 10 * _SHARE * scale)):
                share = _SHARE * scale
                off = ~np.asarray(abs(got - low) <= 20 * share, dtype=bool)
                if not off.any() and coordinate is not None:
                    off = self._jumps(point, coordinate, name, got)
                if off.any() and self._again(point, coordinate, name, got, low):
                    found.wrong[name] = self._told(point, name, got, low)
                continue
            kink = self._kink(point, name, got, values)
            if not kink.outside or self._again(point, coordinate, name, got, low):
                found.kinks[name] = kink
        return found

    def _wanted(self, point: Mapping[str, Any], coordinate: Any, digits: int = WATCHED_DIGITS) -> list[Mapping[str, Any]]:
        places = [point] if coordinate is None else self._nearby(point, coordinate)
        return [want for place in places if (want := self._expected(place, digits)) is not None]

    def _expected(self, point: Mapping[str, Any], digits: int = WATCHED_DIGITS) -> Mapping[str, Any] | None:
        """The derived gradients at a point away from boundaries."""
        arrays = {**self.whole, **{node.name: point[node.name] for node in self.subject.smooth}}
        try:
            if isinstance(self.source, Expected):
                return self.source.expected_by(self.source.evaluator(arrays, point[self.upstream], digits, _NEAR))
            scalars = Digits(self.watch.budget)
            sheets = {name: Sheet(array, scalars) if array.dtype == object else array for name, array in arrays.items()}
            return self.source.at(sheets, Sheet(np.array(point[self.upstream], dtype=object), scalars))
        except (ArithmeticError, ValueError, TypeError):
            return None

    def _nearby(self, point: Mapping[str, Any], coordinate: Any) -> list[dict[str, Any]]:
        """Points close by: across the boundary to both sides, and in other directions."""
        name, place = coordinate
        draw = Random(5)
        made = [self._moved(point, coordinate, sign * _AWAY) for sign in (-1, 1)]
        smooth = [node.name for node in self.subject.smooth]
        count = sum(point[key].size for key in smooth)
        for _ in range(_SIDES if count > 1 else 0):
            moved = {key: array.copy() for key, array in point.items()}
            for key in smooth:
                for where in np.ndindex(moved[key].shape):
                    reach = _AWAY * max(1, abs(point[key][where])) * mpf(draw.randint(40, 100)) / 100
                    moved[key][where] += reach * draw.choice((-1, 1))
            made.append(moved)
        return made

    @staticmethod
    def _moved(point: Mapping[str, Any], coordinate: Any, by: Any) -> dict[str, Any]:
        name, place = coordinate
        array = point[name].copy()
        if place is None:
            array = array * (1 + by)
        else:
            array[place] = array[place] + by * max(1, abs(array[place]))
        return {**point, name: array}

    def _jumps(self, point: Mapping[str, Any], coordinate: Any, name: str, got: Any) -> Any:
        """Where the code jumps across the boundary and the derived gradient does not, by however little.

        What the code has rounded by itself is the same on both sides.
        """
        off = np.zeros(got.shape, dtype=bool)
        sides = []
        for sign in (-1, 1):
            side = self._moved(point, coordinate, sign * _AWAY)
            seen, want = self.watch.at(side, self.whole, side[self.upstream]), self._expected(side)
            if seen is None or want is None or name not in seen.got or seen.got[name].shape != got.shape:
                return off
            sides.append((seen.got[name], want[name]))
        for place in np.ndindex(got.shape):
            (a, b), (c, d) = ((g[place], w[place]) for g, w in sides)
            share = _JUMP * max(map(abs, (a, b, c, d))) + _NOTHING
            beyond = max(got[place] - max(a, c), min(a, c) - got[place])
            off[place] = bool(abs((a - c) - (b - d)) > share or beyond > share + abs(b - d))
        return off

    def _again(self, point: Mapping[str, Any], coordinate: Any, name: str, got: Any, want: Any) -> bool:
        """Whether the same comes in many more digits."""
        with workdps(_AGAIN):
            seen = self.watch.at(point, self.whole, point[self.upstream])
            wants = self._wanted(point, coordinate, _AGAIN)
            if seen is None or seen.failure or not wants or name not in seen.got:
                return False
            change = max(
                abs(seen.got[name] - got).max(initial=mpf(0)), min(abs(w[name] - want).max(initial=mpf(0)) for w in wants)
            )
            return bool(change != change or change <= abs(got - want).max(initial=mpf(0)) / 1000)

    def _kink(self, point: Mapping[str, Any], name: str, got: Any, values: Any) -> Kink:
        arrays = self._floats(point)
        scale = 1e-9 * max(1.0, float(abs(values).max()))
        return judged(
            self.subject, name, arrays, _floats(point[self.upstream]), _floats(got), _floats(values), scale
        )

    def _told(self, point: Mapping[str, Any], name: str, got: Any, want: Any) -> Counterexample:
        upstream = _floats(point[self.upstream])
        mismatch = Mismatch(name, self.sizes, self._floats(point), _floats(got), _floats(want))
        return told(self.subject, with_upstream(mismatch, upstream), upstream)

    def _floats(self, point: Mapping[str, Any]) -> dict[str, Any]:
        smooth = {node.name: _floats(point[node.name]) for node in self.subject.smooth}
        return {node.name: smooth.get(node.name, self.whole.get(node.name)) for node in self.subject.inputs}


def _floats(array: Any) -> Any:
    return np.asarray(array, dtype=object).astype(float)


def _is_finite(values: Any) -> bool:
    return all(abs(value) < _LARGE for value in values.ravel())
