"""Decides whether an element of the field is 0: the relations between generators are used until none is left.

The generators made last are gone first, since the others are not made from them:

    p^(-2) a + p^(-1) b = 0   if   a + p b = 0           p^(1/2) a + b = 0   if   a = b = 0
    tanh(u) = (e^2u - 1) / (e^2u + 1)                    σ(u) = e^u / (e^u + 1)

Then masks on one line, such as [u > 0] and [u > 1], are looked at case by case.

That the result is 0 proves it. That it is not proves nothing, since generators may obey further relations.
"""

from __future__ import annotations

import sympy

from derive.forward.functions import sigmoid
from derive.forward.nodes import placeholder
from derive.proof.masks import cases
from derive.proof.ring import Coefficient, Element, Generator, Kind, Monomial, Ring, Terms

__all__ = ["vanishes", "vanishes_in_parts"]

_MOST_TERMS = 5_000
"""A sum of more terms is not multiplied out further."""


def vanishes_in_parts(value: Element) -> bool:
    """Whether the relations of powers alone show that the element is 0, each used where its generators occur.

    Terms with different other generators are put over denominators of their own, which finds most zeros in little time.
    """
    field = value.field
    met = {number for monomial in value.terms for number, _ in field.monomials[monomial]}
    for number in sorted(met, reverse=True):
        if value.terms and field.generators[number].kind is Kind.POWER:
            value = _combined(value, field.generators[number])
    return not value.terms


def _combined(value: Element, generator: Generator) -> Element:
    """The same with p^(-1) a + p^(-2) b = p^(-2) (p a + b) where the other generators of both terms agree."""
    field, number = value.field, generator.number
    (base,) = generator.arguments
    inside = {n for monomial in base.terms for n, _ in field.monomials[monomial]} | {number}
    groups: dict[Monomial, list[int]] = {}
    for monomial in value.terms:
        outside = tuple([item for item in field.monomials[monomial] if item[0] not in inside])
        groups.setdefault(outside, []).append(monomial)
    kept: Terms = {}
    parts = []
    for monomials in groups.values():
        terms = {monomial: value.terms[monomial] for monomial in monomials}
        by_exponent = _collected(Element(field, terms), generator) if len(terms) > 1 else {}
        if len(by_exponent) < 2:
            # There is nothing to put together.
            kept.update(terms)
            continue
        for left, by_whole in _by_class(by_exponent).items():
            lowest = min(by_whole)
            over = field.add(part * base ** (whole - lowest) for whole, part in by_whole.items())
            if over:
                parts.append(over * field.raised(generator, lowest + left))
    return field.add([Element(field, kept), *parts]) if parts or len(kept) < len(value.terms) else value


def vanishes(value: Element) -> bool:
    """Whether the relations between generators show that the element is 0."""
    pending = [value]
    while pending:
        value = pending.pop()
        if not value.terms:
            continue
        if len(value.terms) > _MOST_TERMS:
            return False
        generator = _last(value, (Kind.POWER, Kind.FUNCTION))
        parts = cases(value) if generator is None else _without(value, generator)
        if parts is None:
            return False
        pending += parts
    return True


def _last(value: Element, kinds: tuple[Kind, ...]) -> Generator | None:
    """The generator made last, of those of these kinds that can be eliminated."""
    field = value.field
    met = {number for monomial in value.terms for number, _ in field.monomials[monomial]}
    found = (field.generators[number] for number in sorted(met, reverse=True))
    return next((g for g in found if g.kind in kinds and _is_eliminated(g)), None)


def _is_eliminated(generator: Generator) -> bool:
    return generator.kind is Kind.POWER or generator.name in _RATIONAL


def _without(value: Element, generator: Generator) -> list[Element]:
    """Elements without the generator which are all 0 only if the value is."""
    field = value.field
    by_exponent = _collected(value, generator)
    if generator.kind is Kind.POWER:
        return _without_power(field, by_exponent, generator.arguments[0])
    over, under = (field.apply(part, generator.arguments) for part in _RATIONAL[generator.name])
    lowest, highest = min(by_exponent), max(by_exponent)
    return [
        field.add(
            part * over ** (exponent - lowest) * under ** (highest - exponent) for exponent, part in by_exponent.items()
        )
    ]


def _without_power(field: Ring, by_exponent: dict[Coefficient, Element], base: Element) -> list[Element]:
    """Roots of p are independent of 1, so that each fractional part is 0 by itself; then p^n is multiplied out."""
    return [
        field.add(part * base ** (whole - min(parts)) for whole, part in parts.items())
        for parts in _by_class(by_exponent).values()
    ]


def _by_class(by_exponent: dict[Coefficient, Element]) -> dict[Coefficient, dict[int, Element]]:
    """The same by the fractional part of the exponent, and by its whole part."""
    classes: dict[Coefficient, dict[int, Element]] = {}
    for exponent, part in by_exponent.items():
        whole = int(exponent.numerator // exponent.denominator)
        classes.setdefault(exponent - whole, {})[whole] = part
    return classes


def _collected(value: Element, generator: Generator) -> dict[Coefficient, Element]:
    """The coefficient of each power of a generator."""
    field = value.field
    found: dict[Coefficient, Terms] = {}
    for monomial, coefficient in value.terms.items():
        powers = field.monomials[monomial]
        exponent = next((e for number, e in powers if number == generator.number), 0)
        rest = field.number(tuple(item for item in powers if item[0] != generator.number))
        found.setdefault(exponent, {})[rest] = coefficient
    return {exponent: Element(field, terms) for exponent, terms in found.items()}


_X = placeholder(0)

_RATIONAL: dict[object, tuple[sympy.Expr, sympy.Expr]] = {
    sympy.tanh: (sympy.exp(2 * _X) - 1, sympy.exp(2 * _X) + 1),
    sigmoid: (sympy.exp(_X), sympy.exp(_X) + 1),
}
"""Functions that are quotients of exponentials."""
