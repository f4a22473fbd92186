"""Products with selections [s = 2p + r]: which are a slice, a window, a reshaping of one factor, and which put it back.

A selection whose source is summed over takes entries out of the factor that has this label: W[:2]. One whose source is
an axis of the result puts what the other factors make at its place: pad, or a reshaping.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sympy import Integer

from derive.forward.nodes import Constant, Delta, Node, Ones, Select
from derive.forward.normal import contract
from derive.forward.selected import is_split, is_window

__all__ = ["needless", "taken_out"]

Factor = tuple[Node, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Needless:
    """Which factors are left out, by their places, and what comes in their stead."""

    gone: frozenset[int]
    added: tuple[Factor, ...]


def needless(factors: Sequence[Factor], free: Collection[int]) -> Needless | None:
    """A selection that is not needed beside the others, or that is summed over and stands alone; None if there is none.

    Source: Σ_st [s = f(p)] [t = f(p)] a_s b_t = Σ_s [s = f(p)] a_s b_s; where f chooses no place twice, Σ_pq [s = f(p)]
    [s = f(q)] a_p b_q = Σ_p [s = f(p)] a_p b_p; [s = f(p)] [s = g(q)] = 0 where f and g have no place in common;
    Σ_s [s = f(p)] = 1, and Σ_p [s = f(p)] = 1 where f chooses every place once.
    """
    chosen = [(place, node, row) for place, (node, row) in enumerate(factors) if isinstance(node, Select)]
    times = Counter(label for node, row in factors if not isinstance(node, Ones) for label in row)
    for number, (place, node, (*inner, source)) in enumerate(chosen):
        for other, second, (*mine, target) in chosen[number + 1 :]:
            if second is node and mine == inner and not {source, target} & set(free):
                return Needless(frozenset({other}), ((Delta(node.source), (source, target)),))
            if source == target and _are_disjoint(node, second):
                return Needless(frozenset({other}), ((Constant(Integer(0)), ()),))
            if source == target and second is node and is_one_to_one(node):
                pairs = zip(node.counts, inner, mine, strict=True)
                return Needless(frozenset({other}), tuple((Delta(size), (a, b)) for size, a, b in pairs))
        if source not in free and times[source] == 1:
            ones = tuple((Ones(size), (label,)) for size, label in zip(node.counts, inner, strict=True))
            return Needless(_with_ones(factors, place, (source,)), ones)
        if is_split(node) and all(label not in free and times[label] == 1 for label in inner):
            return Needless(_with_ones(factors, place, inner), ((Ones(node.source), (source,)),))
    return None


def _with_ones(factors: Sequence[Factor], place: int, labels: Collection[int]) -> frozenset[int]:
    """The place, and those of ones that have no label but these."""
    alone = (n for n, (node, row) in enumerate(factors) if isinstance(node, Ones) and row[0] in labels)
    return frozenset((place, *alone))


def is_one_to_one(node: Select) -> bool:
    """Whether every place is chosen at most once."""
    return len(node.counts) <= 1 or is_split(node)


def _are_disjoint(first: Select, second: Select) -> bool:
    """Whether two parts of an axis have surely nothing in common."""
    ranges = [_range(node) for node in (first, second)]
    if any(found is None for found in ranges):
        return False
    one, other = (set(found) for found in ranges if found is not None)
    return not one & other


_LONG = 1000


def _range(node: Select) -> range | None:
    """The places that a selection along one axis chooses, if its sizes are numbers."""
    if len(node.counts) > 1 or not all(size.is_Integer for size in (*node.counts, *node.strides, node.offset)):
        return None
    count, stride = (int(node.counts[0]), int(node.strides[0])) if node.counts else (1, 1)
    if count > _LONG or stride == 0:
        return None
    return range(int(node.offset), int(node.offset) + stride * count, stride)


def taken_out(factors: Sequence[Factor], free: Collection[int]) -> list[Factor]:
    """The factors with every selection applied to the one that has its source: W_sm [s = p + 2] becomes W[2:]_pm.

    Source: Σ_s a_s [s = f(p)] = a_f(p).
    """
    found = list(factors)
    while (step := next(_steps(found, free), None)) is not None:
        used, made = step
        found = [factor for place, factor in enumerate(found) if place not in used]
        found.insert(min(used), made)
    return found


def _steps(factors: Sequence[Factor], free: Collection[int]) -> Iterator[tuple[set[int], Factor]]:
    """Which factors may become one, and what that is."""
    selects = [place for place, (node, _) in enumerate(factors) if isinstance(node, Select)]
    for place, (node, index) in enumerate(factors if selects else ()):
        if isinstance(node, Select) or len(set(index)) < len(index):
            continue
        mine = [
            other for other in selects if _is_taken(factors[other][1], index, _others(factors, place, other), set(free))
        ]
        if mine:
            yield {place, *mine}, _applied(node, index, [factors[other] for other in mine])
            continue
        joined = [
            other for other in selects if _is_joined(factors[other], index, _others(factors, place, other), set(free))
        ]
        if joined:
            (chosen, row), used = factors[joined[0]], {place, joined[0]}
            start = index.index(row[0])
            output = (*index[:start], row[-1], *index[start + len(row) - 1 :])
            yield used, (contract([node, chosen], [index, row], output), output)


def _others(factors: Sequence[Factor], place: int, other: int) -> set[int]:
    """The labels of all factors but two."""
    return {label for number, (_, row) in enumerate(factors) if number not in (place, other) for label in row}


def _is_taken(row: tuple[int, ...], index: tuple[int, ...], elsewhere: set[int], free: set[int]) -> bool:
    *inner, source = row
    apart = len(set(inner)) == len(inner) and not set(inner) & set(index)
    return apart and source in index and source not in free | elsewhere


def _is_joined(factor: Factor, index: tuple[int, ...], elsewhere: set[int], free: set[int]) -> bool:
    """Whether axes of the other factor become one, of which something else takes a part."""
    node, (*inner, source) = factor
    if not inner or inner[0] not in index or source in free or not isinstance(node, Select):
        return False
    start = index.index(inner[0])
    return (
        is_one_to_one(node)
        and list(index[start : start + len(inner)]) == inner
        and not set(inner) & (free | elsewhere)
        and source in elsewhere
        and source not in index
    )


def _applied(node: Node, index: tuple[int, ...], selects: Sequence[Factor]) -> Factor:
    """The part of one factor that selections choose."""
    ordered = sorted(selects, key=lambda factor: index.index(factor[1][-1]))
    output, behind = list(index), []
    for chosen, (*inner, source) in ordered:
        place = output.index(source)
        if isinstance(chosen, Select) and is_window(chosen):
            # The windows' own axes come last.
            behind.append(inner.pop())
        output[place : place + 1] = inner
    row = (*output, *behind)
    return contract([node, *(chosen for chosen, _ in ordered)], [index, *(row for _, row in ordered)], row), row
