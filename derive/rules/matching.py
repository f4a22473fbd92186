"""Finds the factors of one product among those of another, whatever their summed labels are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sympy import Expr

from derive.rules.terms import Power, Term

__all__ = ["alike", "matches"]


def alike(first: Term, second: Term, free: tuple[int, ...]) -> bool:
    """Whether two terms are the same up to coefficient, order, and names of summed labels."""
    return len(first.powers) == len(second.powers) and any(
        not rest for rest, _ in matches(second.powers, first.powers, {label: label for label in free}, bound=free)
    )


def matches(
    pattern: Sequence[Power], powers: tuple[Power, ...], names: dict[int, int], *, bound: tuple[int, ...]
) -> Iterator[tuple[tuple[Power, ...], dict[int, int]]]:
    """The ways to find the pattern among the powers: what is left of them, and the labels that its labels became."""
    if not pattern:
        yield powers, names
        return
    first, *rest = pattern
    for place, power in enumerate(powers):
        if power.node is not first.node or not _divides(first.exponent, power.exponent):
            continue
        known = dict(names)
        if any(known.setdefault(a, b) != b for a, b in zip(first.index, power.index, strict=True)):
            continue
        # A label that is bound is itself and nothing else.
        moved = any(a != b and (a in bound or b in bound) for a, b in known.items())
        if moved or len(set(known.values())) < len(known):
            continue
        left = power.exponent - first.exponent
        remaining = (*powers[:place], *((replace(power, exponent=left),) if left else ()), *powers[place + 1 :])
        yield from matches(rest, remaining, known, bound=bound)


def _divides(part: Expr, whole: Expr) -> bool:
    """Whether a power has another as a factor, leaving a whole power of that, of the same sign."""
    rest = whole - part
    return bool(part == whole or (part * whole > 0 and rest * whole > 0 and (rest / part).is_integer))
