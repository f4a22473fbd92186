"""Seeks an input for every side of every comparison in the code, and on its boundary, and compares gradients there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from mpmath import workdps

from derive.checking.boundaries.sides import Explored
from derive.checking.budget import Budget
from derive.checking.numbers.counterexample import output_shape
from derive.checking.numbers.points import size_letters
from derive.checking.numbers.space import BASES, Space
from derive.checking.numbers.watch import WATCHED_DIGITS
from derive.checking.proofs.exactly import whole_numbers
from derive.checking.subject import Subject

__all__ = ["explore"]

_MOST_RUNS = 2_500
"""So often the code is run; the same for everybody, however busy a machine is."""

_MOST_SOUGHT = 1_200
"""So often for sides that no line through the first points meets."""

_MOST_FAR = 400
_FAR_SIZES = 2
"""So often, and at so many of the sizes, it is run far from the first points."""

_SEEKING = 3
"""So often all lines are gone through for one of them."""

Sizes = Mapping[str, int]


@dataclass(slots=True)
class _Limit:
    """Whether the code may be run once more."""

    spaces: list[Space] = field(default_factory=list)
    most: int = _MOST_RUNS

    @property
    def is_over(self) -> bool:
        return sum(space.watch.runs for space in self.spaces) >= self.most

    def allow(self, more: int) -> None:
        """So many runs from now on."""
        self.most = min(_MOST_RUNS, sum(space.watch.runs for space in self.spaces) + more)


def explore(
    subject: Subject, largest: Sizes, budget: Budget, found: Explored, proved: Collection[str], settled: Collection[str]
) -> None:
    """Fills in what is found, from the smallest sizes on.

    Of gradients that are proved boundaries alone are looked at, and of those of which all is settled only some.
    """
    limit = _Limit()
    with workdps(WATCHED_DIGITS):
        for sizes in _sizes(subject, largest):
            limit.spaces += _spaces(subject, sizes, budget, found, frozenset(proved), limit)
        found.started = True
        spaces = [space for space in limit.spaces if space.met]
        # What is settled is looked at in the first space only: that code was read rightly shows when it runs.
        for space in spaces[1:]:
            space.settled = frozenset(settled)
        for number in range(BASES):
            _go_through(spaces, number, found, limit, set(proved), set(settled))
        if spaces and any(name not in settled for name in spaces[0].names):
            _seek(spaces, found, limit)
        limit.allow(_MOST_FAR)
        for space in limit.spaces[-_FAR_SIZES:]:
            space.go_far()


def _go_through(
    spaces: list[Space], number: int, found: Explored, limit: _Limit, proved: set[str], settled: set[str]
) -> None:
    """Looks along lines through one of the first points of each space, as long as there is something to find."""
    before: list[Sizes] = []
    for space in spaces:
        before += [space.sizes] if space.sizes not in before else []
        left = {name for name in space.names if name not in settled}
        done = not found.unreached and not found.unvisited and left <= proved
        if limit.is_over or ((number or before[1:]) and not left) or (done and (number > 1 or len(before) > 2)):
            return
        space.go_through(number)
        space.settled = frozenset(settled)


def _seek(spaces: list[Space], found: Explored, limit: _Limit) -> None:
    """Goes towards the sides that were not met."""
    for site in (*found.unreached, *found.unvisited):
        limit.allow(_MOST_SOUGHT // max(1, len(found.unreached) + len(found.unvisited)))
        for space in (space for _ in range(_SEEKING) for space in spaces if site in space.met):
            if limit.is_over or not space.names:
                break
            space.towards(site)


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
    subject: Subject, sizes: Sizes, budget: Budget, found: Explored, proved: frozenset[str], limit: _Limit
) -> Iterator[Space]:
    """Where the inputs of these sizes live, for some choices of whole numbers, if the code can be run there."""
    shape = output_shape(subject, sizes)
    if shape is None or 0 in shape:
        return
    choices = whole_numbers(subject, sizes)
    for whole in [choices[0], choices[-1]] if len(choices) > 1 else choices:
        space = Space(subject, sizes, whole, shape, budget, found, proved, lambda: limit.is_over)
        if space.start():
            yield space
