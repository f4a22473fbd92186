"""Inputs that satisfy what is assumed of them: numbers, and what stands for the entries on symbols.

sum         the last entry along the axis is what the others leave; positive ones are shares of it
symmetry    the entries below the diagonal are those above it
sign        a positive entry is the exponential of a symbol
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from mpmath import mpf
from sympy import exp

from derive.checking.assumptions import assumed_of
from derive.checking.boundaries.range import is_never_positive, is_never_zero
from derive.checking.numbers.places import Coordinate, Point
from derive.checking.proofs.generic import generators, substituted
from derive.errors import UnsupportedError
from derive.forward.assumption import Assumption
from derive.forward.functions import largest, smallest, step
from derive.forward.nodes import Input, placeholder
from derive.proof.decide import vanishes
from derive.proof.field import Field
from derive.proof.ring import Element, Kind, Ring

__all__ = ["answers", "decided", "fitted", "is_always_on_boundary", "is_certain", "is_satisfied", "kept", "standing"]

_GRID = 2.0**24
"""Floats that add up to a number are multiples of 1 / 2²⁴, so that they do so exactly."""

_ROUNDED = 1e-12
_NEAR = mpf(10) ** -50
"""By how much a sum may be off, as a share, of floats and of numbers with many digits."""

Array = Any
Inputs = Sequence[Input]


def fitted(assumptions: Sequence[Assumption], inputs: Inputs, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays, of floats or of numbers with many digits, changed so that they satisfy the assumptions."""
    made = dict(arrays)
    for node in inputs:
        if mine := assumed_of(assumptions, node):
            made[node.name] = _fitted(mine, made[node.name])
    return made


def _fitted(mine: Sequence[Assumption], array: Array) -> Array:
    found, kinds = array.copy(), {item.kind for item in mine}
    if "symmetric" in kinds:
        for i, j in np.ndindex(found.shape):
            if i > j:
                found[i, j] = found[j, i]
    positive = bool(kinds & {">", ">="})
    found = np.asarray(np.abs(found)) if positive else found
    for place in np.ndindex(found.shape) if kinds & {">", "!="} else ():
        if found[place] == 0:
            found[place] = found[place] + 1
    for item in mine:
        if item.kind == "sum":
            for line in _lines(found, item):
                _add_up(line, _number(item, found), positive=positive)
    return found


def _lines(array: Array, item: Assumption) -> Iterator[Array]:
    """Views of the entries that add up."""
    assert item.axis is not None
    turned = np.moveaxis(array, item.axis, -1)
    return (turned[place] for place in np.ndindex(turned.shape[:-1]))


def _number(item: Assumption, array: Array) -> Any:
    return mpf(int(item.number.p)) / int(item.number.q) if array.dtype == object else float(item.number)


def _add_up(line: Array, number: Any, *, positive: bool) -> None:
    """Changes the entries of a line so that they add up to a number."""
    if not len(line):
        return
    whole = line.sum()
    if positive and number:
        line[...] = line * number / whole if whole else number / len(line)
    elif positive:
        line[...] = 0
        return
    if line.dtype != object:
        line[:-1] = np.floor(line[:-1] * _GRID) / _GRID
    line[-1] = number - line[:-1].sum()


def is_satisfied(assumptions: Sequence[Assumption], arrays: Mapping[str, Array]) -> bool:
    """Whether arrays are what is assumed of them."""
    return all(_holds(item, np.asarray(arrays[item.name])) for item in assumptions)


def _holds(item: Assumption, array: Array) -> bool:
    match item.kind:
        case "symmetric":
            return bool(np.all(array == array.T))
        case "sum":
            share = _NEAR if array.dtype == object else _ROUNDED
            number = _number(item, array)
            lines = _lines(array, item)
            return all(abs(line.sum() - number) <= share * (1 + abs(line).sum()) for line in lines)
        case ">":
            return bool(np.all(array > 0))
        case ">=":
            return bool(np.all(array >= 0))
    return bool(np.all(array != 0))


def kept(assumptions: Sequence[Assumption], point: Point, coordinate: Coordinate) -> Point:
    """The point whose entry at the coordinate was changed, with others changed as far as assumptions tie them to it.

    Where that cannot be done, the point is the same, and does not satisfy them.
    """
    name, place = coordinate
    mine = [item for item in assumptions if item.name == name]
    if place is None or not mine:
        return point
    array = point[name].copy()
    positive = any(item.kind in (">", ">=") for item in mine)
    for item in mine:
        if item.kind == "symmetric":
            array[place[::-1]] = array[place]
        elif item.kind == "sum":
            assert item.axis is not None
            line = np.moveaxis(array, item.axis, -1)[place[: item.axis] + place[item.axis + 1 :]]
            _balance(line, place[item.axis], _number(item, array), positive=positive)
    return {**point, name: array}


def _balance(line: Array, own: int, number: Any, *, positive: bool) -> None:
    """Changes other entries than one so that all add up to the number, if there are any."""
    others = [place for place in range(len(line)) if place != own]
    rest = number - line[own]
    whole = sum(line[place] for place in others)
    if positive and whole:
        for place in others:
            line[place] = line[place] * rest / whole
    elif others:
        line[others[-1]] = rest - (whole - line[others[-1]])


# On symbols.


def standing(assumptions: Iterable[Assumption], names: Mapping[str, Array], field: Field) -> dict[int, Element]:
    """What stands for entries of inputs, by the numbers of their generators; names has those numbers, as arrays.

    Entries that are not 0, or not negative, stand for themselves: exponentials would leave out what comes at 0.
    """
    found: dict[int, Element] = {}
    items = [item for item in assumptions if item.name in names]
    for name in dict.fromkeys(item.name for item in items):
        mine, numbers = [item for item in items if item.name == name], names[name]
        entries = np.empty(numbers.shape, dtype=object)
        for place in np.ndindex(numbers.shape):
            entries[place] = field.atom(int(numbers[place]))
        made = _standing(mine, entries, field)
        for place in np.ndindex(numbers.shape):
            if made[place] != entries[place]:
                found[int(numbers[place])] = made[place]
    return found


def _standing(mine: Sequence[Assumption], entries: Array, field: Field) -> Array:
    made, kinds = entries.copy(), {item.kind for item in mine}
    positive = ">" in kinds
    for place in np.ndindex(made.shape):
        if "symmetric" in kinds:
            made[place] = entries[min(place, place[::-1])]
        if positive:
            made[place] = field.apply(exp(placeholder(0)), [made[place]])
    for item in mine:
        if item.kind == "sum":
            for line in _lines(made, item):
                number = field.element(item.number)
                if positive:
                    whole = field.add(line)
                    line[...] = [number * entry / whole for entry in line]
                elif len(line):
                    line[-1] = field.add([number, *(-entry for entry in line[:-1])])
    return made


def decided(value: Element, stands: Mapping[int, Element]) -> Element:
    """The element where the assumptions hold; comparisons that have but one answer there have it."""
    made = substituted(value, stands)
    if made is value:
        return value
    field = value.field
    masks = {number: answer for number in _masks(made) if (answer := _answer(field, number)) is not None}
    return substituted(made, {number: field.one if held else field.zero for number, held in masks.items()})


def _masks(value: Element) -> Iterator[int]:
    return (generator.number for generator in generators([value]) if generator.name is step)


def _answer(field: Ring, number: int) -> bool | None:
    """Whether u > 0, if that is seen for all u."""
    (u,) = field.generators[number].arguments
    return False if is_never_positive(u) else True if is_never_positive(-u) and is_never_zero(u) else None


def answers(known: Mapping[int, bool], stands: Mapping[int, Element], field: Field) -> dict[int, bool] | None:
    """The same answers, about comparisons where the assumptions hold; None if they never come so there.

    Raises: UnsupportedError where a comparison is no longer one.
    """
    if not stands:
        return dict(known)
    found: dict[int, bool] = {}
    for number, held in known.items():
        mask = decided(field.atom(number), stands)
        if set(mask.terms) <= {0}:
            if bool(mask.terms) != held:
                return None
            continue
        powers = field.monomials[next(iter(mask.terms))]
        if mask != field.atom(powers[0][0]):
            raise UnsupportedError("where the assumptions hold, a comparison of the code is several")
        if found.setdefault(powers[0][0], held) != held:
            return None
    return found


def is_certain(number: int, stands: Mapping[int, Element], field: Field) -> bool:
    """Whether a comparison has the same answer wherever the assumptions hold, and nearby: its difference is never 0."""
    generator = field.generators[number]
    if generator.name is not step:
        return False
    (u,) = (substituted(argument, stands) for argument in generator.arguments)
    kinds = {field.generators[n].kind for monomial in u.terms for n, _ in field.monomials[monomial]}
    signs = {coefficient > 0 for coefficient in u.terms.values()}
    return len(signs) == 1 and kinds <= {Kind.EXP, Kind.PRIME, Kind.CONSTANT}


def is_always_on_boundary(
    entries: Iterable[Element], known: Iterable[int], stands: Mapping[int, Element], field: Field
) -> bool:
    """Whether something is compared that is equal wherever the assumptions hold: there is no side to be on.

    It is part of the entries, or among the answers that the code got.
    """
    numbers = {*known, *(generator.number for generator in generators(entries))}
    for generator in (field.generators[number] for number in sorted(numbers)):
        if generator.kind is Kind.MASK or generator.name in (largest, smallest):
            made = [substituted(argument, stands) for argument in generator.arguments]
            if all(new is old for new, old in zip(made, generator.arguments, strict=True)):
                continue
            pairs = combinations(made, 2) if len(made) > 1 else [(made[0], field.zero)]
            if any(a == b or vanishes(a - b) for a, b in pairs):
                return True
    return False
