"""Between which numbers an element lies, whatever its variables are: a comparison with a bound has but one answer."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import Any

import sympy

from derive.forward.functions import sigmoid
from derive.proof.monomials import fraction
from derive.proof.ring import Element, Generator, Kind

__all__ = ["is_never_positive", "is_never_zero"]

Range = tuple[Fraction | None, Fraction | None]
"""The least and the largest number; None where there is none."""

_ANY: Range = (None, None)
_ONE: Range = (Fraction(1), Fraction(1))
_POSITIVE: Range = (Fraction(0), None)
_KINDS: dict[Kind, Range] = {
    Kind.CONSTANT: _POSITIVE,
    Kind.PRIME: _POSITIVE,
    Kind.EXP: _POSITIVE,
    Kind.MASK: (Fraction(0), Fraction(1)),
    Kind.SIN: (Fraction(-1), Fraction(1)),
}
_FUNCTIONS: dict[Any, Range] = {
    sympy.tanh: (Fraction(-1), Fraction(1)),
    sympy.cos: (Fraction(-1), Fraction(1)),
    sympy.erf: (Fraction(-1), Fraction(1)),
    sigmoid: (Fraction(0), Fraction(1)),
    sympy.cosh: (Fraction(1), None),
}

_OPEN = (sympy.tanh, sympy.erf, sigmoid)
"""They come near the ends of their ranges, and reach none."""

_NEVER_ZERO = (Kind.CONSTANT, Kind.PRIME, Kind.EXP)


def is_never_positive(value: Element) -> bool:
    """Whether the element is seen to be at most 0.

    Example:
        >>> from sympy import Symbol, tanh
        >>> from derive.proof.field import Field
        >>> field = Field()
        >>> is_never_positive(field.read(tanh(Symbol("x", real=True)) - 1))
        True
    """
    _, high = _of(value)
    return high is not None and high <= 0


def is_never_zero(value: Element) -> bool:
    """Whether the element is seen to be above 0 everywhere, or below 0.

    Example:
        >>> from sympy import Symbol, exp, sqrt, tanh
        >>> from derive.proof.field import Field
        >>> field, x = Field(), Symbol("x", real=True)
        >>> [is_never_zero(field.read(f)) for f in (sqrt(x**2 + 1), exp(x), 1 - tanh(x), x**2)]
        [True, True, True, False]
    """
    low, high = _of(value)
    if (low is not None and low > 0) or (high is not None and high < 0):
        return True
    # A sum reaches its bound only where all its terms reach theirs.
    terms = [Element(value.field, {monomial: number}) for monomial, number in value.terms.items()]
    return (low == 0 or high == 0) and any(_is_open(term, 0 if low == 0 else 1) for term in terms)


def _is_open(term: Element, end: int) -> bool:
    """Whether a term does not reach an end of its range."""
    (monomial,) = term.terms
    factors = [(term.field.generators[number], exponent) for number, exponent in term.field.monomials[monomial]]
    if len(factors) == 1 and factors[0][1] > 0 and factors[0][0].name in _OPEN:
        # An even power of tanh is 0 somewhere, which is no end of the range of tanh.
        return factors[0][0].name is sigmoid or _of(term)[end] != 0
    return _of(term)[end] == 0 and all(_has_no_root(generator, exponent) for generator, exponent in factors)


def _has_no_root(generator: Generator, exponent: Any) -> bool:
    if generator.kind in _NEVER_ZERO or generator.name in (sigmoid, sympy.cosh):
        return True
    return generator.kind is Kind.POWER and (fraction(exponent) < 0 or is_never_zero(generator.arguments[0]))


def _of(value: Element) -> Range:
    total: Range = (Fraction(0), Fraction(0))
    for monomial, coefficient in value.terms.items():
        powers = value.field.monomials[monomial]
        factors = (_power(value.field.generators[number], exponent) for number, exponent in powers)
        total = _sum(total, _scaled(reduce(_product, factors, _ONE), fraction(coefficient)))
    return total


def _sum(first: Range, second: Range) -> Range:
    (a, b), (c, d) = first, second
    return None if a is None or c is None else a + c, None if b is None or d is None else b + d


def _scaled(found: Range, factor: Fraction) -> Range:
    low, high = (None if end is None else end * factor for end in found)
    return (low, high) if factor > 0 else (high, low)


def _product(first: Range, second: Range) -> Range:
    (a, b), (c, d) = first, second
    if a is not None and b is not None and c is not None and d is not None:
        ends = (a * c, a * d, b * c, b * d)
        return min(ends), max(ends)
    if a is not None and c is not None and a >= 0 and c >= 0:
        return a * c, None
    return _ANY


def _power(generator: Generator, exponent: Any) -> Range:
    """The range of a generator to a power."""
    low, high = _of(generator.arguments[0]) if generator.kind is Kind.POWER else _KINDS.get(generator.kind, _ANY)
    low, high = _FUNCTIONS.get(generator.name, (low, high))
    power = fraction(exponent)
    if low is None or low < 0:
        if power == 1:
            return low, high
        even = power.numerator % 2 == 0 or power.denominator % 2 == 0
        if not even:
            return _ANY
        reach = None if low is None or high is None or power < 0 else max(abs(low), abs(high))
        low, high = Fraction(0), reach
        power = power if reach is None else Fraction(1) if reach <= 1 else power
        if reach is None:
            return _POSITIVE
    ends = (_raised(low, power), None if high is None else _raised(high, power))
    if power > 0:
        return ends[0] or Fraction(0), ends[1]
    return ends[1] or Fraction(0), ends[0]


def _raised(end: Fraction, power: Fraction) -> Fraction | None:
    """The end to a power; None where it is not known, or infinite."""
    if end in (0, 1):
        return end if power > 0 or end else None
    if power.denominator == 1:
        return Fraction(end ** int(power))
    return None
