"""Seeks an input for every side of every comparison in the code, and on its boundary, and compares gradients there.

Along lines of the space of inputs the places are computed at which a comparison turns. Between them each side is tried;
at them the gradient has to be one of those nearby, which is a single one where forward is smooth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice, product
from random import Random
from typing import Any

import numpy as np
from mpmath import mpf, workdps  # type: ignore[import-untyped]  # SymPy's own numbers

from derive.checking.budget import Budget
from derive.checking.counterexample import output_shape
from derive.checking.exactly import branches, whole_numbers
from derive.checking.judge import Judge, Judged
from derive.checking.kinks import Kink
from derive.checking.line import GRID, Line
from derive.checking.numerically import Differences, Expected
from derive.checking.points import draws, size_letters
from derive.checking.report import Counterexample
from derive.checking.subject import Subject
from derive.checking.watch import NEAR, WATCHED_DIGITS, Comparison, Seen, Site, Watch

__all__ = ["Explored", "explore"]

_BASES = 3
_MOST_COORDINATES = 10
_MOST_COMBINED = 24
_MOST_WHOLE = 2
_ENOUGH = 4
"""At so many points of one size a boundary is looked at."""

_SEEKING = 3
"""So often all coordinates are gone through for a side that no line meets."""

Sizes = Mapping[str, int]
Coordinate = tuple[str, tuple[int, ...] | None]
"""An entry of an array; None for all of its entries together, times a factor."""


@dataclass(slots=True)
class Sides:
    """Which sides of a comparison have been visited: below its boundary, on it, above. `varies` is whether there is one."""

    site: Site
    below: bool = False
    on: bool = False
    above: bool = False
    first: Any = None
    varies: bool = False

    def visit(self, difference: Any) -> None:
        """Notes a visit."""
        self.on |= bool(abs(difference) <= NEAR)
        self.above |= bool(difference > NEAR)
        self.below |= bool(difference < -NEAR)
        self.first = difference if self.first is None else self.first
        self.varies |= bool(abs(difference - self.first) > NEAR)

    @property
    def is_open(self) -> bool:
        """Whether it always had the same answer: the boundary belongs to one of the sides."""
        return self.varies and self.above + self.below + self.on < 2


@dataclass(slots=True)
class Explored:
    """What was found at the comparisons of the code.

    wrong are counterexamples and jumps kinks by the names of inputs; sides are those of each comparison. finished is
    whether there was time for all, followed whether the code ran on numbers of many digits at all.
    """

    wrong: dict[str, Counterexample] = field(default_factory=dict)
    jumps: dict[str, Kink] = field(default_factory=dict)
    sides: dict[Site, Sides] = field(default_factory=dict)
    boundaries: int = 0
    points: int = 0
    finished: bool = False
    followed: bool = False
    failure: str = ""

    @property
    def compares(self) -> bool:
        """Whether the code compares what depends on inputs."""
        return any(sides.varies for sides in self.sides.values())

    @property
    def unreached(self) -> list[Site]:
        """Comparisons on whose boundary no point was found."""
        return [sides.site for sides in self.sides.values() if sides.varies and not sides.on]

    @property
    def unvisited(self) -> list[Site]:
        """Comparisons of which one side was never visited."""
        return [sides.site for sides in self.sides.values() if sides.is_open]


def explore(
    subject: Subject, largest: Sizes, budget: Budget, found: Explored, proved: Collection[str] = ()
) -> None:
    """Fills in what is found, from the smallest sizes on; of what is proved, boundaries alone are looked at."""
    with workdps(WATCHED_DIGITS):
        spaces: list[_Space] = []
        sizes_tried = _sizes(subject, largest)
        for sizes in sizes_tried:
            spaces += _spaces(subject, sizes, budget, found, proved)
        spaces = [space for space in spaces if space.compares]
        for number, space in enumerate(spaces):
            if number > 1 and space.sizes != spaces[number - 1].sizes and not _is_left(found, spaces[number:]):
                break
            space.go_through()
        for space in spaces:
            space.seek()
    found.finished = True


def _is_left(found: Explored, spaces: list[_Space]) -> bool:
    """Whether something is still to be found."""
    return bool(found.unreached or found.unvisited)


def _sizes(subject: Subject, largest: Sizes) -> list[dict[str, int]]:
    """All 1, each letter 2 by itself, all 2, and the sizes of proofs."""
    names = size_letters(subject.inputs)
    ones = dict.fromkeys(names, 1)
    every = [ones, *({**ones, name: 2} for name in names), dict.fromkeys(names, 2), dict(largest)]
    made: list[dict[str, int]] = []
    for sizes in every:
        if sizes not in made:
            made.append(sizes)
    return made


def _spaces(
    subject: Subject, sizes: Sizes, budget: Budget, found: Explored, proved: Collection[str]
) -> Iterator[_Space]:
    """Where the inputs of these sizes live, for some choices of whole numbers, if the code can be run there."""
    shape = output_shape(subject, sizes)
    if shape is None or 0 in shape:
        return
    choices = whole_numbers(subject, sizes)
    for whole in [choices[0], choices[-1]][: _MOST_WHOLE if len(choices) > 1 else 1]:
        space = _Space(subject, sizes, whole, shape, budget, found, proved)
        if space.start():
            yield space


@dataclass(slots=True)
class _Space:
    """The inputs at some sizes."""

    subject: Subject
    sizes: Sizes
    whole: Mapping[str, Any]
    shape: tuple[int, ...]
    budget: Budget
    found: Explored
    proved: Collection[str]
    watch: Watch = field(init=False)
    judge: Judge | None = None
    bases: list[dict[str, Any]] = field(default_factory=list)
    representatives: dict[Coordinate, list[Any]] = field(default_factory=dict)
    runs: dict[int, Seen] = field(default_factory=dict)
    met: set[Site] = field(default_factory=set)
    judged: dict[Site, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watch = Watch(self.subject, self.sizes, self.budget)

    @property
    def upstream(self) -> str:
        return "upstream of backward"

    @property
    def compares(self) -> bool:
        """Whether comparisons have been met here."""
        return bool(self.met)

    def start(self) -> bool:
        """Runs the code at some points; whether it can be run."""
        draw = np.random.default_rng(2)
        takes = "upstream" in self.subject.takes
        for arrays in islice(draws(self.subject, self.sizes, 2), 2 * _BASES):
            base = {node.name: _numbers(arrays[node.name]) for node in self.subject.smooth}
            base[self.upstream] = _numbers(draw.choice([-2.0, -1.0, 1.0, 2.0, 3.0], size=self.shape) if takes else np.ones(self.shape))
            seen = self.run(base)
            if seen is None:
                continue
            if seen.failure:
                self.found.failure = self.found.failure or seen.failure
                continue
            self.found.followed = True
            self.bases.append(base)
            if len(self.bases) == _BASES:
                break
        return bool(self.bases)

    def run(self, point: Mapping[str, Any]) -> Seen | None:
        """The run there, and notes of what it compares."""
        seen = self.watch.at(point, self.whole, point[self.upstream])
        for comparison, difference in ({} if seen is None else seen.compared).items():
            if difference == difference:
                self.met.add(comparison.site)
                self.found.sides.setdefault(comparison.site, Sides(comparison.site)).visit(difference)
        return seen

    def _judge(self) -> Judge | None:
        """What says what is expected here."""
        if self.judge is None:
            source: Expected | Differences = Differences(self.subject, self.sizes, self.budget, rough=False)
            with suppress(Exception):
                for branch in branches(self.subject, self.sizes, self.budget):
                    same = all(np.array_equal(branch.whole[name], array) for name, array in self.whole.items())
                    if branch.general and same:
                        source = Expected(branch, self.subject)
                        break
            self.judge = Judge(self.subject, self.sizes, self.whole, self.upstream, source, self.watch)
        return self.judge

    def go_through(self) -> None:
        """Looks along all lines through the points, and at combinations of what was found on them."""
        for base in list(self.bases):
            known = set(self.met)
            for coordinate in self._coordinates():
                self._along(base, coordinate)
            if self.met == known and not self.found.unreached and not self.found.unvisited and base is not self.bases[0]:
                break
        if self._open:
            self._combined()

    @property
    def _open(self) -> list[str]:
        """The names of gradients that are not proved, nor known to be wrong."""
        return [n.name for n in self.subject.wanted if n.name not in self.proved and n.name not in self.found.wrong]

    def _coordinates(self) -> list[Coordinate]:
        """Entries, the first of every array before the second of any."""
        names = [node.name for node in self.subject.smooth]
        if "upstream" in self.subject.takes:
            names.append(self.upstream)
        places = {name: list(np.ndindex(self.bases[0][name].shape)) for name in names}
        most = max(map(len, places.values()), default=0)
        every = [(name, places[name][n]) for n in range(most) for name in names if n < len(places[name])]
        return every[:_MOST_COORDINATES]

    def _along(self, base: Mapping[str, Any], coordinate: Coordinate) -> list[tuple[Any, Mapping[Any, Any]]]:
        """Looks along one line; the places that were computed there, and what was compared."""
        self.budget.check()

        def at(t: Any) -> Mapping[Any, Any]:
            seen = self.run(_moved(base, coordinate, t))
            return {} if seen is None else seen.compared

        line = Line(at, lambda key: self.judged.get(key.site, 0) < _ENOUGH)
        start = base[coordinate[0]][coordinate[1]] if coordinate[1] is not None else mpf(1)
        here = line.value(None, start) or line.seen[start]
        # Where the first steps to both sides change nothing, it does not matter for what is compared.
        if all(self._same(here, at(t)) for t in (start + mpf("0.37"), -start * 5 - 3)):
            return []
        found = line.turns(start)
        turns = [t for t, _ in found]
        for t, precise in found:
            if precise:
                self._look(_moved(base, coordinate, t), coordinate, boundary=True)
        if self._open:
            known = self.representatives.setdefault(coordinate, [])
            for t in _between(turns):
                self._look(_moved(base, coordinate, t), coordinate, boundary=False)
                if t not in known:
                    known.append(t)
        return list(line.seen.items())

    @staticmethod
    def _same(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> bool:
        return first.keys() == second.keys() and all(abs(first[key] - second[key]) <= NEAR for key in first)

    def _look(self, point: Mapping[str, Any], coordinate: Coordinate, *, boundary: bool) -> None:
        """Compares the gradients at a point."""
        self.budget.check()
        seen = self.run(point)
        judge = self._judge()
        if seen is None or seen.failure or judge is None:
            return
        names = [node.name for node in self.subject.wanted if node.name not in self.found.wrong]
        if not boundary:
            names = [name for name in names if name not in self.proved]
        if not names:
            return
        if boundary:
            for site in {c.site for c, u in seen.compared.items() if abs(u) <= NEAR}:
                self.judged[site] = self.judged.get(site, 0) + 1
        judged = judge.at(point, seen, names, None if not boundary else coordinate)
        if judged is None:
            return
        self.found.boundaries += boundary
        self.found.points += not boundary
        self._keep(judged)

    def _keep(self, judged: Judged) -> None:
        for name, wrong in judged.wrong.items():
            self.found.wrong.setdefault(name, wrong)
        for name, kink in judged.kinks.items():
            self.found.jumps.setdefault(name, kink)

    def _combined(self) -> None:
        """Places between turns of several lines, together: for what holds only if several comparisons do."""
        several = {c: ts for c, ts in self.representatives.items() if len(ts) > 1}
        if len(several) < 2:
            return
        draw = Random(4)
        every = list(islice(product(*several.values()), 4000))
        for values in draw.sample(every, min(_MOST_COMBINED, len(every))):
            if not self._open:
                return
            point = {name: array.copy() for name, array in self.bases[0].items()}
            for (name, place), t in zip(several, values, strict=True):
                point[name][place] = t
            self._look(point, next(iter(several)), boundary=False)

    def seek(self) -> None:
        """Goes from line to line towards the sides that no line has met."""
        for _ in range(_SEEKING):
            for site in (*self.found.unreached, *self.found.unvisited):
                if site not in self.met:
                    continue
                sides = self.found.sides[site]
                for base in self.bases:
                    if sides.on and not sides.is_open:
                        break
                    self._towards(base, sides)

    def _towards(self, base: Mapping[str, Any], sides: Sides) -> None:
        """Moves one entry after the other to where the difference is closest to the side that is wanted."""
        point = {name: array.copy() for name, array in base.items()}
        scales: list[Coordinate] = [(n.name, None) for n in self.subject.smooth if point[n.name].size > 1]
        for coordinate in (*scales, *self._coordinates(), *self._coordinates()):
            if sides.on and not sides.is_open:
                return
            best = min(
                ((self._distance(compared, sides), t) for t, compared in self._along(point, coordinate)),
                default=None,
                key=lambda pair: pair[0],
            )
            if best is not None and best[0] < mpf("inf"):
                point = dict(_moved(point, coordinate, best[1]))

    @staticmethod
    def _distance(compared: Mapping[Any, Any], sides: Sides) -> Any:
        """How far it is to the side that is wanted."""
        found = [u for c, u in compared.items() if c.site == sides.site and u == u]
        if not found:
            return mpf("inf")
        if not sides.on:
            return min(map(abs, found))
        return min(found) if sides.above else -max(found)


def _numbers(array: Any) -> Any:
    made = np.empty(np.shape(array), dtype=object)
    for place in np.ndindex(made.shape):
        made[place] = mpf(float(np.asarray(array)[place]))
    return made


def _moved(base: Mapping[str, Any], coordinate: Coordinate, t: Any) -> dict[str, Any]:
    """The point with another number for an entry, or with all entries of an array times a factor."""
    name, place = coordinate
    array = base[name].copy()
    if place is None:
        array = array * t
    else:
        array[place] = t
    return {**base, name: array}


def _between(turns: list[Any]) -> list[Any]:
    """Short numbers between the places where something turns, close to both of them, and beyond."""
    if not turns:
        return []
    found: list[Any] = []
    for low, high in zip([None, *turns], [*turns, None], strict=True):
        if low is None or high is None:
            edge = turns[0] if low is None else turns[-1]
            sign = -1 if low is None else 1
            reach = max(mpf(1), abs(edge)) / 2
            found += [_short(*sorted((edge + sign * reach / 20, edge + sign * reach)))]
            found += [_short(*sorted((edge + sign * 4 * reach, edge + sign * 10 * reach)))]
        elif high - low > mpf(10) ** -30:
            width = high - low
            found += [_short(low + width / 20, low + width / 3), _short(high - width / 3, high - width / 20)]
    return found


def _short(low: Any, high: Any) -> Any:
    """A number with few digits between two others."""
    width = high - low
    for digits in range(-6, 40):
        scale = mpf(10) ** digits
        t = mpf(int(low * scale) + (1 if low >= 0 else 0)) / scale
        if low <= t <= high:
            return t
    return low + width / 2
