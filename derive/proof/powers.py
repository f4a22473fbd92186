"""Powers in the field: what is taken out of a sum, reciprocals and roots, and what is seen to be positive."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, lcm

from sympy import QQ, Rational

from derive.errors import UnsupportedError
from derive.proof.ring import Coefficient, Element, Generator, Kind, Monomial, Ring, rational

__all__ = ["content", "is_negative", "is_positive", "is_strictly_positive", "power", "primes"]

_LIMIT = 10_000
"""Numbers are factored by trial division up to here; a factor that is left counts as a prime, which loses no truth."""


def is_positive(generator: Generator) -> bool:
    """Whether a generator is seen to be positive wherever it is real and not 0."""
    if generator.kind is Kind.POWER:
        return _is_nonnegative(generator.arguments[0])
    return generator.kind in (Kind.CONSTANT, Kind.PRIME, Kind.EXP)


def is_strictly_positive(value: Element) -> bool:
    """Whether an element is seen to be positive wherever it is real: not negative, and one term is never 0."""
    ring = value.field
    return _is_nonnegative(value) and any(
        all(is_never_zero(ring.generators[number]) for number, _ in ring.monomials[monomial])
        for monomial in value.terms
    )


def is_never_zero(generator: Generator) -> bool:
    """Whether a generator is seen to be positive, and 0 nowhere."""
    if generator.kind is Kind.POWER:
        return is_strictly_positive(generator.arguments[0])
    return is_positive(generator)


def _is_nonnegative(value: Element) -> bool:
    ring = value.field
    return all(coefficient > 0 for coefficient in value.terms.values()) and all(
        # A root with an even denominator is not negative where it is real.
        (exponent if isinstance(exponent, int) else exponent.denominator) % 2 == 0
        or is_positive(ring.generators[number])
        for monomial in value.terms
        for number, exponent in ring.monomials[monomial]
    )


def is_negative(value: Element) -> bool:
    """Whether an element, of it and its negative, is the one that is not in normal form."""
    monomials = value.field.monomials
    return bool(value.terms) and value.terms[min(value.terms, key=monomials.__getitem__)] < 0


def content(value: Element, allowed: Callable[[Generator], bool]) -> tuple[Coefficient, Monomial, Element]:
    """c > 0, m and p with value = c · m · p: m is all that the terms share of the generators that are allowed.

    The coefficients of p are whole and have no common factor.
    """
    ring, coefficients = value.field, list(value.terms.values())
    common = QQ(gcd(*(int(c.numerator) for c in coefficients)), lcm(*(int(c.denominator) for c in coefficients)))
    every = [dict(ring.monomials[monomial]) for monomial in value.terms]
    shared: dict[int, Coefficient] = {}
    for number in sorted({number for one in every for number in one}):
        least = min(one.get(number, 0) for one in every)
        if least and allowed(ring.generators[number]):
            shared[number] = least
    rest = ring.add(
        ring.monomial({number: one.get(number, 0) - shared.get(number, 0) for number in {**one, **shared}})
        * rational(coefficient / common)
        for one, coefficient in zip(every, coefficients, strict=True)
    )
    return rational(common), tuple(shared.items()), rest


def power(value: Element, exponent: Coefficient) -> Element:
    """value^exponent, for a rational exponent.

    Raises: UnsupportedError where it is real nowhere.
    """
    ring, whole = value.field, isinstance(exponent, int)
    if whole and exponent >= 0:
        return _whole_power(value, exponent)
    if not value.terms:
        if exponent < 0:
            raise UnsupportedError("proof: 1 / 0; choose sizes at which the layer is defined")
        return ring.zero
    # A root of a product is the product of the roots only where the factors are positive.
    common, shared, rest = content(value, _is_invertible if whole else is_positive)
    result = _power_of_number(ring, common, exponent)
    for number, inner in shared:
        result = result * ring.raised(ring.generators[number], inner * exponent)
    if rest == 1:
        return result
    if rest == -1 and not whole:
        raise UnsupportedError("proof: a root of a negative number; choose inputs at which the layer is real")
    if whole and (ring.has(Kind.POWER, (-rest,)) or (is_negative(rest) and not ring.has(Kind.POWER, (rest,)))):
        rest, result = -rest, result * (-1) ** (exponent % 2)
    return result if rest == 1 else result * ring.raised(ring.generator(Kind.POWER, "", (rest,)), exponent)


def _is_invertible(generator: Generator) -> bool:
    return generator.kind is not Kind.MASK


def _whole_power(value: Element, exponent: int) -> Element:
    ring = value.field
    if len(value.terms) == 1 and exponent > 1:
        ((monomial, coefficient),) = value.terms.items()
        powers = {number: inner * exponent for number, inner in ring.monomials[monomial]}
        raised: Element = ring.monomial(powers) * coefficient**exponent
        return raised
    result: Element = ring.one
    for _ in range(exponent):
        result = result * value
    return result


def primes(value: Coefficient) -> dict[int, int]:
    """The primes of a positive rational number, with their exponents."""
    found = Rational(int(value.numerator), int(value.denominator)).factors(limit=_LIMIT)
    return {int(prime): int(count) for prime, count in found.items() if prime != 1}


def _power_of_number(ring: Ring, value: Coefficient, exponent: Coefficient) -> Element:
    """The power of a positive rational number, roots as products of roots of primes."""
    if isinstance(exponent, int):
        return ring.element(rational(QQ(value) ** exponent))
    result = ring.one
    for prime, count in primes(value).items():
        result = result * ring.raised(ring.generator(Kind.PRIME, prime), count * exponent)
    return result
