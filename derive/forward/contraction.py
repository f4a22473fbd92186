"""Σ over every label that the output lacks of products of entries, of arrays whose zeros are left out: a sparse einsum.

entries of A and B, labels ij and jk, output ik   →   entries of Σ_j a_ij b_jk
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

from derive.notation.tree import Index

__all__ = ["Factor", "contracted"]

Value = TypeVar("Value")
Place: TypeAlias = tuple[Index, ...]
Labels: TypeAlias = tuple[int, ...]
Factor: TypeAlias = tuple[Mapping[Place, Value | None], Sequence[int]]
"""The entries of an array that are not 0, None where they are 1, and a label for each of its axes."""


def contracted(
    factors: Sequence[Factor[Value]],
    output: Sequence[int],
    *,
    count: Callable[[int], Value],
    total: Callable[[list[Value]], Value],
    times: Callable[[Value, Value], Value],
) -> dict[Place, Value]:
    """The entries of the sum of products that have a term; count, total and times are the operations on entries.

    A label is summed over as soon as nothing that is left has it, so that a chain of products is multiplied one by one.

    Shapes: a place has one index for each label of the output, all of which occur in factors, and at most once.
    """
    left = [_joinable(*factor) for factor in factors]
    labels: Labels = ()
    found: dict[Place, Value | None] = {(): None}
    while left:
        entries, row = left.pop(_next(left, labels))
        found, labels = _joined(found, labels, entries, row, times)
        needed = {*output, *(label for _, others in left for label in others)}
        if not needed.issuperset(labels):
            kept = tuple([label for label in labels if label in needed])
            found, labels = _summed(found, labels, kept, count, total), kept
    place = _getter([labels.index(label) for label in output])
    return {place(at): count(1) if value is None else value for at, value in found.items()}


def _joinable(entries: Mapping[Place, Value | None], row: Sequence[int]) -> tuple[Mapping[Place, Value | None], Labels]:
    """The factor without labels that occur twice, where it is read along its diagonal."""
    labels = tuple(dict.fromkeys(row))
    if len(labels) == len(row):
        return entries, labels
    first = [labels.index(label) for label in row]
    at = [list(row).index(label) for label in labels]
    diagonal = {}
    for place, value in entries.items():
        short = tuple([place[axis] for axis in at])
        if all(index == short[where] for index, where in zip(place, first, strict=True)):
            diagonal[short] = value
    return diagonal, labels


def _next(left: Sequence[tuple[Mapping[Place, Any], Labels]], labels: Labels) -> int:
    """Which factor comes next: one that shares a label with what has been joined, and of these the shortest."""
    return min(range(len(left)), key=lambda n: (not any(label in labels for label in left[n][1]), len(left[n][0])))


def _joined(
    found: Mapping[Place, Value | None],
    labels: Labels,
    entries: Mapping[Place, Value | None],
    row: Labels,
    times: Callable[[Value, Value], Value],
) -> tuple[dict[Place, Value | None], Labels]:
    """The products of entries that agree in the labels that both have."""
    shared = [label for label in row if label in labels]
    new = [label for label in row if label not in labels]
    key, rest = _getter([row.index(label) for label in shared]), _getter([row.index(label) for label in new])
    agreeing: dict[Place, list[tuple[Place, Value | None]]] = {}
    for place, value in entries.items():
        agreeing.setdefault(key(place), []).append((rest(place), value))
    at = _getter([labels.index(label) for label in shared])
    joined: dict[Place, Value | None] = {}
    for place, value in found.items():
        for further, factor in agreeing.get(at(place), ()):
            product = value if factor is None else factor if value is None else times(value, factor)
            joined[place + further] = product
    return joined, (*labels, *new)


def _summed(
    found: Mapping[Place, Value | None],
    labels: Labels,
    kept: Labels,
    count: Callable[[int], Value],
    total: Callable[[list[Value]], Value],
) -> dict[Place, Value | None]:
    at = _getter([labels.index(label) for label in kept])
    terms: dict[Place, list[Value | None]] = {}
    for place, value in found.items():
        terms.setdefault(at(place), []).append(value)
    sums: dict[Place, Value | None] = {}
    for place, values in terms.items():
        if len(values) == 1:
            sums[place] = values[0]
            continue
        others = [value for value in values if value is not None]
        ones = len(values) - len(others)
        sums[place] = total([*others, count(ones)] if ones else others)
    return sums


def _getter(axes: Sequence[int]) -> Callable[[Place], Place]:
    """What takes these indices from a place, as a tuple however many they are."""
    if len(axes) > 1:
        return itemgetter(*axes)
    if axes:
        (axis,) = axes
        return lambda place: (place[axis],)
    return lambda place: ()
