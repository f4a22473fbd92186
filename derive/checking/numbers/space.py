"""The inputs at some sizes, looked at along lines: at the places where a comparison turns, and between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations, islice, product
from random import Random
from typing import Any

import numpy as np
from mpmath import mpf

from derive.checking.boundaries.kinks import merged
from derive.checking.boundaries.sides import Explored, Sides
from derive.checking.budget import Budget
from derive.checking.numbers.counterexample import source_at
from derive.checking.numbers.floats import FloatWatch
from derive.checking.numbers.judge import Judge
from derive.checking.numbers.line import GRID, Line
from derive.checking.numbers.numerically import Differences, Expected
from derive.checking.numbers.places import Coordinate, Point, between, moved
from derive.checking.numbers.watch import NEAR, Seen, Site, Watch
from derive.checking.proofs.exactly import branches
from derive.checking.satisfied import fitted, kept
from derive.checking.subject import Subject
from derive.forward.shape import bind

__all__ = ["BASES", "Space"]

BASES = 3
"""So many first points there are."""

_MOST_COORDINATES = 10
_MOST_FRESH = 3
_MOST_COMBINED = 24
_FAR = 100
"""Beyond it, floats lose digits that code needs."""

_MOST_PAIRS = 12
_MOST_TURNED = 6
"""Of more entries, not all ways in which they can be moved up or down are looked at."""

_EACH = 2
"""At so many points with the same answers to all comparisons gradients are compared."""

_ENOUGH = 4
"""At so many points of one size a boundary is looked at."""

_POOLS: tuple[tuple[str, ...], ...] = (
    ("1", "-2", "3", "0.5", "-2.25", "1.25", "-0.75", "-3.5", "1.75", "-0.25"),
    ("2", "1.25", "0.5", "3", "1.75", "4", "0.75", "2.5", "3.25", "1.5"),
    ("-1", "0.5", "2.5", "2", "-0.75", "-1.5", "3", "-0.25", "-1.75", "3.5"),
    ("0.5", "0.25", "0.75", "0.375", "0.625", "0.125", "0.875", "0.3125", "0.5625", "0.8125"),
)
"""Numbers of first points: no two alike, so that they are on no boundary but by chance."""

Sizes = Mapping[str, int]


@dataclass(slots=True)
class Space:
    """The inputs at some sizes, with whole numbers that are held; runs end when is_over."""

    subject: Subject
    sizes: Sizes
    whole: Mapping[str, Any]
    shape: tuple[int, ...]
    budget: Budget
    found: Explored
    proved: frozenset[str]
    is_over: Callable[[], bool]
    watch: Watch | FloatWatch = field(init=False)
    met: set[Site] = field(default_factory=set)
    settled: frozenset[str] = frozenset()
    _judge: Judge | None = None
    _bases: list[Point] = field(default_factory=list)
    _fresh: list[Point] = field(default_factory=list)
    _between: dict[Coordinate, list[Any]] = field(default_factory=dict)
    _turns: dict[Coordinate, dict[Any, None]] = field(default_factory=dict)
    _answers: dict[int, int] = field(default_factory=dict)
    _looked: dict[Site, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watch = Watch(self.subject, self.sizes, self.budget)

    @property
    def names(self) -> list[str]:
        """The inputs whose gradients are not known to be wrong, and not settled."""
        outside = {name for name, kink in self.found.jumps.items() if kink.outside}
        known = {*self.found.wrong, *self.found.known, *outside, *self.settled}
        return [node.name for node in self.subject.wanted if node.name not in known]

    @property
    def _open(self) -> list[str]:
        """Those of them whose gradients are not proved."""
        return [name for name in self.names if name not in self.proved]

    # Runs.

    def start(self) -> bool:
        """Runs the code at some points, on floats where it has to be; whether it can be run at all."""
        for watch in (self.watch, FloatWatch(self.subject)):
            self.watch, self.met, self._fresh = watch, set(), []
            for number, pool in enumerate(_POOLS):
                base = self._base(Random(number), pool)
                seen = self._run(base)
                if seen is not None and seen.failure:
                    self.found.failure = self.found.failure or seen.failure
                elif seen is not None:
                    self._bases.append(base)
                if len(self._bases) == BASES:
                    break
            if self._bases:
                break
        self._fresh = []
        self.found.followed |= bool(self._bases) and not self.watch.rough
        return bool(self._bases)

    def _base(self, draw: Random, pool: Sequence[str]) -> Point:
        shapes = {node.name: bind(node.shape, self.sizes) for node in self.subject.smooth}
        shapes[self.watch.upstream] = self.shape
        numbers = (mpf(text) + turn / mpf(16) for turn in range(10**6) for text in pool)
        made = {}
        for name, shape in shapes.items():
            array = np.empty(shape, dtype=object)
            for place in np.ndindex(shape):
                array[place] = next(numbers)
            made[name] = array
        if self.watch.takes_upstream:
            for place in np.ndindex(self.shape):
                made[self.watch.upstream][place] = mpf(draw.choice((1, 2, 3, -1, -2)))
        else:
            made[self.watch.upstream][...] = mpf(1)
        return fitted(self.subject.assumptions, self.subject.smooth, made)

    def _run(self, point: Point) -> Seen | None:
        """The run there, and notes of what it compares."""
        seen = self.watch.at(point, self.whole)
        for comparison, difference in ({} if seen is None else seen.compared).items():
            if difference != difference:
                continue
            if comparison.site not in self.met:
                self.met.add(comparison.site)
                self._fresh.append(point)
            self.found.sides.setdefault(comparison.site, Sides()).visit(difference)
        return seen

    # Lines.

    def go_through(self, number: int) -> None:
        """Looks along lines through one of the first points, and through those at which new comparisons were met."""
        for base in self._bases[number : number + 1]:
            for coordinate in self._coordinates():
                self._along(base, coordinate)
        for base in self._fresh[:_MOST_FRESH]:
            for coordinate in self._coordinates():
                self._along(base, coordinate)
        self._fresh = []
        if not number:
            self._combine()

    def go_far(self) -> None:
        """Compares gradients far from the first points too, for what changes without comparing."""
        for coordinate in self._coordinates():
            for t in GRID if self._open else ():
                if not self.is_over() and (abs(t) < _FAR or not self.watch.rough):
                    self._look(self._moved(self._bases[0], coordinate, t), again=True)

    def _coordinates(self) -> list[Coordinate]:
        """Entries, the first of every array before the second of any."""
        names = [node.name for node in self.subject.smooth]
        names += [self.watch.upstream] if self.watch.takes_upstream else []
        places = {name: list(np.ndindex(self._bases[0][name].shape)) for name in names}
        most = max(map(len, places.values()), default=0)
        every: list[Coordinate] = [(n, places[n][k]) for k in range(most) for n in names if k < len(places[n])]
        return every[:_MOST_COORDINATES]

    def _along(self, base: Point, coordinate: Coordinate) -> list[tuple[Any, Mapping[Any, Any]]]:
        """Looks along one line; the places that were computed there, and what was compared."""
        self.budget.check()
        if self.is_over() or not self.names:
            return []

        def at(t: Any) -> Mapping[Any, Any]:
            seen = None if self.is_over() else self._run(self._moved(base, coordinate, t))
            return {} if seen is None else seen.compared

        line = Line(at, lambda key: self._looked.get(key.site, 0) < _ENOUGH)
        start = mpf(1) if coordinate[1] is None else base[coordinate[0]][coordinate[1]]
        # Where steps to both sides change nothing, it does not matter for what is compared.
        if all(_same(line.values(start), line.values(t)) for t in (start + mpf("0.37"), -start * 5 - 3)):
            return []
        turns = line.turns(start)
        for t, precise in turns:
            if precise:
                self._look(self._moved(base, coordinate, t), coordinate)
                self._turns.setdefault(coordinate, {})[t] = None
        known = self._between.setdefault(coordinate, [])
        for t in between([t for t, _ in turns]) if self._open else ():
            known += [t] if t not in known else []
            self._look(self._moved(base, coordinate, t))
        return list(line.seen.items())

    def _look(self, point: Point, across: Coordinate | None = None, *, again: bool = False) -> None:
        """Compares the gradients at a point; across a boundary if there is one, or else where answers are new."""
        self.budget.check()
        names = self._open if across is None else self.names
        seen = self._run(point)
        if seen is None or not names:
            return
        on = {comparison.site for comparison, u in seen.compared.items() if abs(u) <= NEAR}
        if across is not None:
            if not on:
                # What is compared jumps there.
                return
            self._looked.update({site: self._looked.get(site, 0) + 1 for site in on})
        elif not self._is_new(seen) and not again:
            return
        judged = None if seen.failure else self._judged_by().at(point, seen, names, across)
        if judged is None:
            return
        if across is not None and judged.compared.issuperset(names):
            for site in on:
                self.found.sides[site].judged += 1
            self.found.boundaries += 1
        self.found.wrong.update(judged.wrong)
        self.found.rough |= self.watch.rough
        self.found.jumps = merged(judged.kinks, self.found.jumps)

    def _is_new(self, seen: Seen) -> bool:
        """Whether comparisons have seldom turned out like this."""
        answers = hash(tuple((comparison, u > NEAR, u < -NEAR) for comparison, u in seen.compared.items()))
        self._answers[answers] = self._answers.get(answers, 0) + 1
        return self._answers[answers] <= _EACH

    def _judged_by(self) -> Judge:
        """What says what is expected here."""
        if self._judge is None:
            source: Expected | Differences = Differences(self.subject, self.sizes, self.budget, rough=False)
            if self.watch.rough:
                source = source_at(self.subject, self.sizes, self.budget)
            with suppress(Exception):
                for branch in branches(self.subject, self.sizes, self.budget):
                    same = all(np.array_equal(branch.whole[name], array) for name, array in self.whole.items())
                    if branch.general and same:
                        source = Expected(branch, self.subject)
                        break
            self._judge = Judge(self.subject, self.sizes, self.whole, source, self.watch)
        return self._judge

    def _combine(self) -> None:
        """Places of several lines together: for what is wrong only if several comparisons turn out so, or turn."""
        several = {c: ts for c, ts in self._between.items() if len(ts) > 1}
        every = list(islice(product(*several.values()), 4000)) if len(several) > 1 else []
        for values in Random(4).sample(every, min(_MOST_COMBINED, len(every))):
            if self._open:
                self._look(self._with(zip(several, values, strict=True)))
        if sum(self._bases[0][node.name].size for node in self.subject.smooth) > _MOST_TURNED:
            return
        lowest = {c: min(ts, key=abs) for c, ts in self._turns.items()}
        pairs = [
            ((c, s), (d, t))
            for c, d in combinations(self._turns, 2)
            for s, t in product(list(self._turns[c])[:_EACH], list(self._turns[d])[:_EACH])
        ]
        more = [group for count in range(3, len(lowest)) for group in combinations(lowest.items(), count)]
        every_group = [tuple(lowest.items()), *pairs[:_MOST_PAIRS], *more[:_MOST_PAIRS]]
        for places in every_group if len(lowest) > 1 else ():
            self._look(self._with(places), places[0][0])

    def _moved(self, point: Point, coordinate: Coordinate, t: Any) -> Point:
        """The point with another number for an entry, and for those that assumptions tie to it."""
        return kept(self.subject.assumptions, moved(point, coordinate, t), coordinate)

    def _with(self, places: Iterable[tuple[Coordinate, Any]]) -> Point:
        """The first point with other numbers for some entries."""
        point = self._bases[0]
        for coordinate, t in places if not self.is_over() else ():
            point = self._moved(point, coordinate, t)
        return point

    # Sides that no line has met.

    def towards(self, site: Site) -> None:
        """Moves one entry after the other to where the difference is closest to what is wanted."""
        sides = self.found.sides[site]
        every = self._coordinates()
        scales: list[Coordinate] = [(n.name, None) for n in self.subject.smooth if self._bases[0][n.name].size > 1]
        for base in self._bases:
            point = base
            for coordinate in (*scales, *every, *every):
                if not (sides.is_unreached or sides.is_unvisited):
                    return
                places = self._along(point, coordinate)
                best = min(((_distance(u, site, sides), t) for t, u in places), default=None, key=lambda pair: pair[0])
                if best is not None and best[0] < mpf("inf"):
                    point = self._moved(point, coordinate, best[1])


def _distance(compared: Mapping[Any, Any], site: Site, sides: Sides) -> Any:
    """How far it is to what is wanted of a comparison: its boundary, or else its other side."""
    found = [u for comparison, u in compared.items() if comparison.site == site and u == u]
    if not found:
        return mpf("inf")
    if sides.is_unreached:
        return min(map(abs, found))
    return min(found) if sides.above else -max(found)


def _same(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> bool:
    return first.keys() == second.keys() and all(abs(first[key] - second[key]) <= NEAR for key in first)
