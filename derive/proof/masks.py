"""Masks [u > 0] in the field: those of a value with masks inside, and whether an element is 0 case by case.

Masks of u, 1 - u and so on are not independent, for their arguments are one number on a line. Between any two of the
places at which one changes, and at each, all of them are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from sympy import QQ

from derive.forward.functions import step
from derive.proof.ring import Coefficient, Element, Generator, Kind, rational
from derive.proof.scalars import replaced

__all__ = ["cases", "on_line"]

_MOST = 8
"""The cases of more masks are not looked at."""


@dataclass(frozen=True, slots=True)
class _Mask:
    """[c (w - t) > 0] for a number w: its generator, the sign of c, and t."""

    number: int
    slope: Coefficient
    place: Coefficient


def cases(value: Element) -> list[Element] | None:
    """Elements that are all 0 only if the value is; None if the masks in it are independent."""
    masks = _masks(value)
    if not 2 <= len(masks) <= _MOST:
        return None
    for first in masks:
        line = first.arguments[0]
        along = [found for mask in masks if (found := _on_line(mask, line)) is not None]
        if len(along) > 1:
            return _by_case(value, line, along)
    return None


def _masks(value: Element) -> list[Generator]:
    field = value.field
    met = {number for monomial in value.terms for number, _ in field.monomials[monomial]}
    return [g for number in sorted(met) if (g := field.generators[number]).kind is Kind.MASK and g.name is step]


def on_line(first: Element, second: Element) -> tuple[Coefficient, Coefficient] | None:
    """Numbers a and c so that the second is a times the first, and c; None if there are none.

    Example:
        >>> from sympy import symbols
        >>> from derive.proof.field import Field
        >>> field, x = Field(), symbols("x", real=True)
        >>> on_line(field.read(2 * x + 1), field.read(3 - 4 * x))
        (-2, 5)
    """
    place = next((monomial for monomial in first.terms if monomial), 0)
    if not place or place not in second.terms:
        return None
    ratio = rational(QQ(second.terms[place]) / QQ(first.terms[place]))
    rest = second - first * ratio
    return (ratio, rest.terms.get(0, 0)) if set(rest.terms) <= {0} else None


def _on_line(mask: Generator, line: Element) -> _Mask | None:
    """The mask as one of a number w, if its argument is a multiple of w and a number."""
    found = on_line(line, mask.arguments[0])
    if found is None:
        return None
    slope, rest = found
    return _Mask(mask.number, slope, rational(-QQ(rest) / QQ(slope)))


def _by_case(value: Element, line: Element, masks: list[_Mask]) -> list[Element]:
    places = sorted({mask.place for mask in masks})
    between = [rational((QQ(a) + QQ(b)) / 2) for a, b in pairwise(places)]
    found = []
    for position in (places[0] - 1, *places, *between, places[-1] + 1):
        known = {mask.number: int((position - mask.place) * mask.slope > 0) for mask in masks}
        left = _settled(value, known)
        found.append(_where(left, line, position) if left and position in places else left)
    return [left for left in found if left]


def _settled(value: Element, known: dict[int, int]) -> Element:
    """The element with numbers in the place of masks."""
    field = value.field
    parts = []
    for monomial, coefficient in value.terms.items():
        powers = field.monomials[monomial]
        if all(known.get(number, 1) for number, _ in powers):
            rest = field.number(tuple(item for item in powers if item[0] not in known))
            parts.append(Element(field, {rest: coefficient}))
    return field.add(parts)


def _where(value: Element, line: Element, position: Coefficient) -> Element:
    """The element where w is a number: a variable that w has in one term alone is what it then must be."""
    field = line.field
    for monomial, coefficient in line.terms.items():
        powers = field.monomials[monomial]
        if len(powers) != 1 or powers[0][1] != 1:
            continue
        number = powers[0][0]
        elsewhere = any(number == n for m in line.terms if m != monomial for n, _ in field.monomials[m])
        if field.generators[number].kind is Kind.VARIABLE and not elsewhere:
            atom = field.atom(number)
            return replaced(value, {atom: atom - (line - position) * rational(1 / QQ(coefficient))})
    return value
