"""Turns comparisons of entries into the first that fails, and what was compared at several sizes into evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derive.proof import equality
from derive.proof.equality import are_equal
from derive.proof.evidence import Evidence, Strength
from derive.proof.points import told
from derive.proof.ring import Element

__all__ = ["Claim", "Failure", "evidence_at", "first_failure", "refuted", "written"]

Sizes = Mapping[str, int]

Claim = tuple[str, tuple[int, ...], Any, Any]
"""What is compared, at which place, counted from 0, and both values."""

_LONG = 400
"""Of two values that are longer together, the numbers at a point are told."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Where an equality fails: the step or rule, the place (counted from 1), and both values."""

    name: str
    place: tuple[int, ...]
    left: Any
    right: Any

    def __str__(self) -> str:
        values = f"{self.left} is not {self.right}"
        if len(values) > _LONG and isinstance(self.left, Element) and isinstance(self.right, Element):
            values = told(self.left, self.right) or values
        return f"{self.name}: entry {self.place}: {values}"


def first_failure(claims: Iterable[Claim]) -> Failure | int:
    """The first claim that is false, or how many algebra does not decide: those are true at random points."""
    undecided = 0
    for name, place, left, right in claims:
        if left is right or left == right:
            continue
        equal = are_equal(left, right)
        if equal is False:
            return Failure(name, tuple(p + 1 for p in place), left, right)
        undecided += equal is None
    return undecided


def evidence_at(
    route: str, methods: tuple[str, str], chosen: Sequence[Sizes], check: Callable[[Sizes], Failure | int]
) -> Evidence:
    """What a check of all entries gives at several sizes; the second method is told if algebra left some undecided."""
    undecided = 0
    for sizes in chosen:
        found = check(sizes)
        if isinstance(found, Failure):
            return refuted(route, methods[0], found, sizes)
        undecided += found
    where = tuple(tuple(sizes.items()) for sizes in chosen)
    if undecided:
        points, digits = equality.POINTS, equality.DIGITS
        return Evidence(route, Strength.CHECKED_AT_POINTS, methods[1], where, points=points, digits=digits)
    return Evidence(route, Strength.PROVED_AT_SIZES, methods[0], where)


def refuted(route: str, method: str, failure: Failure, sizes: Sizes) -> Evidence:
    """The evidence that an equality fails at some sizes."""
    told_where = f"{failure} ({written(sizes)})"
    return Evidence(route, Strength.REFUTED, method, (tuple(sizes.items()),), counterexample=told_where)


def written(sizes: Sizes) -> str:
    """N=2, D=3."""
    return ", ".join(f"{letter}={number}" for letter, number in sizes.items())
