"""Products of selections [s = f(p)] in a canonical form: which of them say nothing that the others do not.

A place s = n p + k with 0 ≤ k < n has one quotient p and one remainder k, so that two selections of one place agree:

    [s = n p + k] [s = n q + l] = [s = n p + k] δ_pq δ_kl        Σ_s [s = n p + k] = 1

That is seen here from sizes that are letters, and not taken from the rules by which formulas are made short.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

from sympy import Integer, expand

from derive.forward.nodes import Select
from derive.forward.shape import Size, same

__all__ = ["Chosen", "Needless", "needless"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selection with its letters: [s = f(p)] of s, which is the last, and p."""

    node: Select
    index: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needless:
    """Which selection is left out, which letters are then equal, and over which no sum is left."""

    gone: int
    equal: tuple[tuple[str, str], ...] = ()
    summed: tuple[str, ...] = ()


def needless(chosen: Mapping[int, Chosen], alone: Collection[str]) -> Needless | None:
    """A selection that a product, of which these are by number, does not need; None if there is none.

    alone are the letters that are summed over and that no other factor has.

    Source: the division algorithm, digit by digit.
    """
    for (_, first), (number, second) in combinations(chosen.items(), 2):
        if first.index[-1] == second.index[-1]:
            pairs = _same_digits(first, second)
            if pairs is not None:
                return Needless(number, pairs)
    for number, item in chosen.items():
        # Every choice lies within the axis, so that there is one place for it.
        if item.index[-1] in alone and item.index[-1] not in item.index[:-1]:
            return Needless(number, summed=(item.index[-1],))
    return None


def _same_digits(first: Chosen, second: Chosen) -> tuple[tuple[str, str], ...] | None:
    """The letters that are equal where both choose one place; None if that does not follow."""
    if not same(first.node.source, second.node.source) or not same(first.node.offset, second.node.offset):
        return None
    one, other = _digits(first), _digits(second)
    if one is None or other is None or len(one) != len(other):
        return None
    agree = all(same(a, b) and same(m, n) for (a, m, _), (b, n, _) in zip(one, other, strict=True))
    return tuple((p, q) for (*_, p), (*_, q) in zip(one, other, strict=True)) if agree else None


def _digits(item: Chosen) -> list[tuple[Size, Size, str]] | None:
    """Stride, count and letter of each digit from the last one on; None if a place may have other digits, too.

    The last digit of s - offset counts in steps of its stride, and each other starts where those behind it end.
    """
    left = list(zip(item.node.strides, item.node.counts, item.index[:-1], strict=True))
    if len(left) == 1:
        return left if left[0][0].is_nonzero else None
    found: list[tuple[Size, Size, str]] = []
    while left:
        nearest = next((a for a in left if all(a is b or _reaches(a, b) for b in left)), None)
        if nearest is None or not nearest[0].is_positive:
            return None
        left.remove(nearest)
        found.append(nearest)
    return found if all(_reaches(a, b) for a, b in pairwise(found)) else None


def _reaches(digit: tuple[Size, Size, str], other: tuple[Size, Size, str]) -> bool:
    """Whether another digit counts in steps at least as long as all values of this one together."""
    gap = expand(other[0] - digit[0] * digit[1])
    return bool(gap.is_nonnegative) or gap == Integer(0)
