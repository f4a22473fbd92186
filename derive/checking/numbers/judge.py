"""Compares gradients at a point in many digits; on a boundary with those that are nearby on all sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any

import numpy as np
from mpmath import isfinite, mpf, workdps

from derive.checking.arrays.scalars import Digits
from derive.checking.arrays.sheet import Sheet
from derive.checking.boundaries.kinks import Kink, judged
from derive.checking.numbers.counterexample import with_upstream
from derive.checking.numbers.floats import FloatWatch
from derive.checking.numbers.numerically import Differences, Expected, Mismatch
from derive.checking.numbers.places import Point
from derive.checking.numbers.told import described
from derive.checking.numbers.watch import NEAR, WATCHED_DIGITS, Seen, Watch
from derive.checking.report import Counterexample
from derive.checking.satisfied import fitted, kept
from derive.checking.subject import Subject

__all__ = ["Judge", "Judged"]

_AWAY = mpf(10) ** -18
"""So far away is what is nearby."""

_CLOSER = mpf(10) ** -3
_EVALUATED = mpf(10) ** -24
"""What is closer to a boundary has no derivative."""

_SHARE = mpf(10) ** -13
"""By how much numbers that code makes by itself may have been rounded."""

_JUMP = mpf(10) ** -9
_NOTHING = mpf(10) ** -33
_SIDES, _MORE_SIDES = 8, 64
_ROUGH, _SHIFT = mpf("1e-4"), mpf("1e-9")
"""By how much what is computed in floats may be off, and by how much inputs are changed to see what they round."""

_LARGE = 1e12
_AGAIN = 250
"""In so many digits a difference must come again, or it comes from rounding."""

_FROM_FAR = tuple(mpf(text) for text in ("0.5", "0.1", "0.01", "0.001", "1e-5", "1e-8"))
_MOST_NUMBERS = 16
"""Numbers of a counterexample are made smaller as long as there are not more of them."""


@dataclass(slots=True)
class Judged:
    """What is wrong, and where the derivative jumps, by the names of inputs; compared are those with a gradient."""

    wrong: dict[str, Counterexample] = field(default_factory=dict)
    kinks: dict[str, Kink] = field(default_factory=dict)
    compared: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Judge:
    """What is expected at some sizes, with so many digits, and in so many directions from a boundary."""

    subject: Subject
    sizes: Mapping[str, int]
    whole: Mapping[str, Any]
    source: Expected | Differences
    watch: Watch | FloatWatch
    digits: int = WATCHED_DIGITS
    directions: int = _SIDES

    def at(self, point: Point, seen: Seen, names: Sequence[str], across: Any = None) -> Judged | None:
        """What is found at a point, across a boundary along a coordinate; None if nothing can be compared."""
        near = self._near(point, across)
        if not near:
            return None
        found = Judged()
        for name in names:
            answer = self._answer(point, seen, name, near, across)
            found.compared |= {name} if answer is not None or self._is_comparable(seen, name, near) else set()
            if isinstance(answer, Kink) and not answer.outside:
                found.kinks[name] = answer
            elif answer is not None and (again := self._again(point, name, across)) is not None:
                if isinstance(again, Kink):
                    found.kinks[name] = again
                else:
                    found.wrong[name] = self._told(point, name, across, again)
        return found

    def _is_comparable(self, seen: Seen, name: str, near: Sequence[Point]) -> bool:
        """Whether there are numbers to compare: from the code, and nearby."""
        got = seen.got.get(name)
        return (
            got is not None
            and all(map(isfinite, got.ravel()))
            and all(abs(value) < _LARGE for want in near for value in want[name].ravel())
        )

    def _answer(
        self, point: Point, seen: Seen, name: str, near: Sequence[Point], across: Any
    ) -> Kink | Mismatch | None:
        """Where a gradient is wrong, or at a kink; None if it is right where the derivative does not jump."""
        got = seen.got.get(name)
        values = np.array([want[name] for want in near], dtype=object)
        if got is None or not all(abs(value) < _LARGE for value in values.ravel()):
            return None
        upstream = _floats(point[self.watch.upstream])
        if self.watch.rough and got.shape == values.shape[1:]:
            return self._roughly(point, name, got, values)
        if got.shape != values.shape[1:]:
            return Mismatch(name, self.sizes, self._floats(point), _floats(got), _floats(values[0]))
        low, high = values.min(axis=0), values.max(axis=0)
        # The middle of both sides.
        want = (values[0] + values[1]) / 2 if across is not None else values[0]
        scale = max(mpf("1e-3"), abs(values).max(initial=mpf(0)))
        share = 20 * _SHARE * scale
        if bool(np.any(high - low > share / 2)):
            closer = np.array([want[name] for want in self._near(point, across, _CLOSER)], dtype=object)
            change = closer.max(axis=0) - closer.min(axis=0) if len(closer) else high - low
            if not len(closer) or bool(np.any(change > (high - low) / 100 + share)):
                if not all(map(isfinite, got.ravel())):
                    # There is no gradient, and the code gives none.
                    return None
                beyond = 1e-9 * max(1.0, float(abs(values).max()))
                arrays = self._floats(point)
                return judged(self.subject, self.sizes, arrays, upstream, _floats(got), _floats(values), beyond)
            # It changes fast, but the less the closer.
            want, share = (closer[0] + closer[1]) / 2, share + change.max()
        off = ~np.asarray(abs(got - want) <= share, dtype=bool)
        if not off.any() and across is not None:
            off = self._jumps(point, name, got, across)
        return Mismatch(name, self.sizes, self._floats(point), _floats(got), _floats(want)) if off.any() else None

    def _roughly(self, point: Point, name: str, got: Any, values: Any) -> Mismatch | None:
        """Where a gradient in floats is wrong by more than they round, however the inputs are changed a little."""
        low, high = values.min(axis=0), values.max(axis=0)
        scale = max(mpf("1e-3"), abs(values).max(initial=mpf(0)))
        beyond = np.maximum(low - got, got - high)
        if not all(abs(value) < mpf("inf") for value in got.ravel()) or not np.any(beyond > _ROUGH * scale):
            return None
        shifted = {key: array * (1 + _SHIFT) for key, array in point.items()}
        shifted = fitted(self.subject.assumptions, self.subject.smooth, shifted)
        again = self.watch.at(shifted, self.whole)
        if again is None or again.failure or again.got[name].shape != got.shape:
            return None
        if abs(again.got[name] - got).max(initial=mpf(0)) > beyond.max() / 10:
            return None
        return Mismatch(name, self.sizes, self._floats(point), _floats(got), _floats(low))

    def _again(self, point: Point, name: str, across: Any) -> Kink | Mismatch | None:
        """The same in many more digits, with more of what is nearby: what is left of it comes from no rounding."""
        if self.watch.rough:
            seen, near = self.watch.at(point, self.whole), self._near(point, across)
            return None if seen is None or not near else self._answer(point, seen, name, near, across)
        careful = Judge(self.subject, self.sizes, self.whole, self.source, self.watch, _AGAIN, _MORE_SIDES)
        with workdps(_AGAIN):
            seen, near = self.watch.at(point, self.whole), careful._near(point, across)
            if seen is None or seen.failure or not near:
                return None
            return careful._answer(point, seen, name, near, across)

    def _told(self, point: Point, name: str, across: Any, wrong: Mismatch) -> Counterexample:
        """The counterexample, as plain as it can be made."""
        if across is not None and _is_same(wrong):
            # On the boundary itself it is right, and wrong on one side of it.
            point, wrong = self._beside(point, name, across) or (point, wrong)
            across = None
        point, wrong = self._smaller(point, name, across, wrong)
        upstream = _floats(point[self.watch.upstream])
        return described(self.subject, with_upstream(wrong, upstream), upstream)

    def _beside(self, point: Point, name: str, across: Any) -> tuple[Point, Mismatch] | None:
        """A point beside a boundary where it is wrong, as far from it as may be."""
        for away in _FROM_FAR:
            for side in (self._kept(point, across, away), self._kept(point, across, -away)):
                seen, near = self.watch.at(side, self.whole), self._near(side, None)
                answer = self._answer(side, seen, name, near, None) if seen and not seen.failure and near else None
                if isinstance(answer, Mismatch) and not _is_same(answer):
                    return side, answer
        return None

    def _smaller(self, point: Point, name: str, across: Any, wrong: Mismatch) -> tuple[Point, Mismatch]:
        """The same with 0 or 1 in the place of numbers, as long as the boundary is one and it is wrong."""
        held = None if across is None else (across[0], across[1])
        names = [node.name for node in self.subject.smooth] + [self.watch.upstream] * self.watch.takes_upstream
        places = [(key, place) for key in names for place in np.ndindex(point[key].shape)]
        for key, place in places if len(places) <= _MOST_NUMBERS else ():
            only = key == self.watch.upstream and point[key].size == 1
            for number in (mpf(1),) if only else (mpf(0), mpf(1)):
                if point[key][place] == number or (key, place) == held:
                    break
                array = point[key].copy()
                array[place] = number
                simpler = {**point, key: array}
                seen = self.watch.at(simpler, self.whole)
                if seen is None or seen.failure or (across is not None and not _is_on(seen)):
                    continue
                near = self._near(simpler, across)
                answer = self._answer(simpler, seen, name, near, across) if near else None
                if isinstance(answer, Mismatch) and _is_same(answer) == _is_same(wrong):
                    point, wrong = simpler, answer
                    break
        return point, wrong

    # What is expected.

    def _near(self, point: Point, across: Any, share: Any = 1) -> list[Point]:
        """The derived gradients at the point, or on all sides of it, at a share of the usual distance."""
        places = [point] if across is None else self._nearby(point, across, _AWAY * share)
        found = [want for place in places if (want := self._expected(place)) is not None]
        return found if across is None or len(found) > 1 else []

    def _expected(self, point: Point) -> Point | None:
        """The derived gradients at a point away from boundaries."""
        arrays = {**self.whole, **{node.name: point[node.name] for node in self.subject.smooth}}
        upstream = point[self.watch.upstream]
        try:
            if isinstance(self.source, Expected):
                evaluator = self.source.evaluator(arrays, upstream, self.digits, _EVALUATED)
                return self.source.expected_by(evaluator)
            if self.source.rough:
                floats = {name: x.astype(float) if x.dtype == object else x for name, x in arrays.items()}
                return self.source.at(floats, _floats(upstream))
            scalars = Digits(self.source.budget)
            sheets = {name: Sheet(x, scalars) if x.dtype == object else x for name, x in arrays.items()}
            return self.source.at(sheets, Sheet(np.array(upstream, dtype=object), scalars))
        except (ArithmeticError, ValueError, TypeError):
            return None

    def _nearby(self, point: Point, across: Any, away: Any) -> list[Point]:
        """Points close by: across the boundary to both sides, and in other directions."""
        draw = Random(5)
        made = [_aside(point, across, sign * away) for sign in (-1, 1)]
        smooth = [node.name for node in self.subject.smooth]
        count = sum(point[key].size for key in smooth)
        ways: list[Sequence[int]] = [[draw.choice((-1, 1)) for _ in range(count)] for _ in range(self.directions)]
        if 2**count <= self.directions:
            ways += [*product((-1, 1), repeat=count)]
        for signs in ways if count > 1 else ():
            sign = iter(signs)
            other = {key: array.copy() for key, array in point.items()}
            for key in smooth:
                for where in np.ndindex(other[key].shape):
                    reach = away * max(1, abs(point[key][where])) * mpf(draw.randint(40, 100)) / 100
                    other[key][where] += reach * next(sign)
            made.append(other)
        return made

    def _jumps(self, point: Point, name: str, got: Any, across: Any) -> Any:
        """Where the code jumps across the boundary and the derived gradient does not, by however little.

        What the code has rounded by itself is the same on both sides.
        """
        off = np.zeros(got.shape, dtype=bool)
        sides = []
        for by in (-_AWAY, _AWAY, -2 * _AWAY, 2 * _AWAY):
            side = self._kept(point, across, by)
            seen, want = self.watch.at(side, self.whole), self._expected(side)
            if seen is None or want is None or name not in seen.got or seen.got[name].shape != got.shape:
                return off
            sides.append((seen.got[name], want[name]))
        for place in np.ndindex(got.shape):
            (a, b), (c, d), (e, _), (f, _) = ((g[place], w[place]) for g, w in sides)
            share = _JUMP * max(map(abs, (a, b, c, d))) + _NOTHING
            beyond = max(got[place] - max(a, c), min(a, c) - got[place])
            # As much as it changes on the way, it may change up to the boundary, as |x| does.
            slow = share + abs(b - d) + 2 * (abs(a - e) + abs(c - f))
            off[place] = bool(abs((a - c) - (b - d)) > share or beyond > slow)
        return off

    def _kept(self, point: Point, across: Any, by: Any) -> Point:
        """The point moved a little along a coordinate, with what assumptions tie to it."""
        return kept(self.subject.assumptions, _aside(point, across, by), across)

    def _floats(self, point: Point) -> dict[str, Any]:
        smooth = {node.name: _floats(point[node.name]) for node in self.subject.smooth}
        return {node.name: smooth.get(node.name, self.whole.get(node.name)) for node in self.subject.inputs}


def _is_same(wrong: Mismatch) -> bool:
    """Whether what came cannot be told from what was expected when both are printed."""
    if wrong.got is None or wrong.got.shape != wrong.expected.shape:
        return False
    return bool(
        np.all(np.abs(wrong.got - wrong.expected) <= 1e-5 * np.maximum(np.abs(wrong.got), np.abs(wrong.expected)))
    )


def _is_on(seen: Seen) -> bool:
    return any(abs(difference) <= NEAR for difference in seen.compared.values())


def _aside(point: Point, across: Any, by: Any) -> Point:
    """The point moved a little along a coordinate."""
    name, place = across
    array = point[name].copy()
    if place is None:
        array = array * (1 + by)
    else:
        array[place] = array[place] + by * max(1, abs(array[place]))
    return {**point, name: array}


def _floats(array: Any) -> Any:
    return np.asarray(array, dtype=object).astype(float)
