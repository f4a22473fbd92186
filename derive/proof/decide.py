"""Decides whether an element of the field is 0: the relations between generators are used until none is left.

The generators made last are gone first, since the others are not made from them:

    p^(-2) a + p^(-1) b = 0   if   a + p b = 0           p^(1/2) a + b = 0   if   a = b = 0
    tanh(u) = (e^2u - 1) / (e^2u + 1)                    σ(u) = e^u / (e^u + 1)

That the result is 0 proves it. That it is not proves nothing, since generators may obey further relations.
"""

from __future__ import annotations

import sympy

from derive.forward.functions import sigmoid
from derive.forward.nodes import placeholder
from derive.proof.field import Coefficient, Element, Field, Generator, Kind, Terms
from derive.proof.scalars import apply

__all__ = ["vanishes"]

_MOST_TERMS = 5_000
"""A sum of more terms is not multiplied out further."""


def vanishes(value: Element) -> bool:
    """Whether the relations between generators show that the element is 0."""
    pending = [value]
    while pending:
        value = pending.pop()
        if not value.terms:
            continue
        if len(value.terms) > _MOST_TERMS:
            return False
        generator = _last(value)
        if generator is None:
            return False
        pending += _without(value, generator)
    return True


def _last(value: Element) -> Generator | None:
    """The generator made last, of those that can be eliminated."""
    field = value.field
    met = {number for monomial in value.terms for number, _ in field.monomials[monomial]}
    return next((g for n in sorted(met, reverse=True) if _is_eliminated(g := field.generators[n])), None)


def _is_eliminated(generator: Generator) -> bool:
    return generator.kind is Kind.POWER or generator.name in _RATIONAL


def _without(value: Element, generator: Generator) -> list[Element]:
    """Elements without the generator which are all 0 only if the value is."""
    field = value.field
    by_exponent = _collected(value, generator)
    if generator.kind is Kind.POWER:
        return _without_power(field, by_exponent, generator.arguments[0])
    over, under = (apply(field, part, generator.arguments) for part in _RATIONAL[generator.name])
    lowest, highest = min(by_exponent), max(by_exponent)
    return [
        field.add(
            part * over ** (exponent - lowest) * under ** (highest - exponent) for exponent, part in by_exponent.items()
        )
    ]


def _without_power(field: Field, by_exponent: dict[Coefficient, Element], base: Element) -> list[Element]:
    """Roots of p are independent of 1, so that each fractional part is 0 by itself; then p^n is multiplied out."""
    classes: dict[Coefficient, dict[int, Element]] = {}
    for exponent, part in by_exponent.items():
        whole = exponent.numerator // exponent.denominator
        classes.setdefault(exponent - whole, {})[whole] = part
    return [
        field.add(part * base ** (whole - min(parts)) for whole, part in parts.items()) for parts in classes.values()
    ]


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
