"""Evaluates elements of the field at random points, with many digits: where two differ, they are not equal."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from random import Random
from typing import Any

from mpmath import exp, isfinite, log, mpc, mpf, mpmathify, nstr, workdps
from sympy import QQ, Expr, lambdify

from derive.forward.functions import EXACT, defined, equal
from derive.forward.nodes import placeholder
from derive.proof.ring import Coefficient, Element, Generator, Kind, Ring, rational

__all__ = ["DIGITS", "POINTS", "agreeing", "compiled", "in_digits", "told"]

POINTS = 3
"""At how many random points elements are compared."""

DIGITS = 20
"""In how many digits they have to agree there."""

_TRIES = 12
_MORE = 30
_SHOWN = 8


def agreeing(left: Element, right: Element) -> int | None:
    """At how many random points both are real, and equal; None if they differ at one."""
    points = 0
    for attempt in range(_TRIES):
        equal = _agree(left, right, attempt, 2 * DIGITS)
        # Large numbers may have cancelled, so that what is not equal is looked at again with many more digits.
        if equal is False and _agree(left, right, attempt, _MORE * DIGITS) is False:
            return None
        points += equal is not None
        if points == POINTS:
            break
    return points


def told(left: Element, right: Element) -> str | None:
    """Both values where they differ, '0.5 is not 0.25 at x_1=1/2'; None if no random point shows it."""
    for attempt in range(_TRIES):
        if _agree(left, right, attempt, _MORE * DIGITS) is False:
            with workdps(_MORE * DIGITS):
                point = _Point(left.field, attempt, _MORE * DIGITS)
                a, b = (nstr(point.value(value), _SHOWN) for value in (left, right))
            where = ", ".join(f"{name}={number}" for name, number in sorted(point.drawn.items()))
            return f"{a} is not {b} at {where}"
    return None


def _agree(left: Element, right: Element, attempt: int, digits: int) -> bool | None:
    """Whether both are equal at a point; None if one is not real there."""
    with workdps(digits):
        point = _Point(left.field, attempt, digits)
        try:
            a, b = point.value(left), point.value(right)
        except (ArithmeticError, ValueError):
            return None
        if not (_is_real(a) and _is_real(b)):
            return None
        return bool(abs(a - b) <= max(1, abs(a)) / mpf(10) ** DIGITS)


def _is_real(value: Any) -> bool:
    return isinstance(value, mpf) and bool(isfinite(value))


class _Point:
    """A random number for every variable, and the value of every generator there."""

    def __init__(self, field: Ring, attempt: int, digits: int) -> None:
        self._field = field
        self._digits = digits
        self._draw = Random(attempt)
        # Where an element is real is not known, and |x| is x for half of all numbers.
        self._bounds = ((1, 8), (-8, -1), (-8, 8))[attempt % 3]
        self.drawn: dict[str, Fraction] = {}
        self._choices = _choices(field)
        self._made: dict[int, Any] = {}

    def value(self, element: Element) -> Any:
        """The value of an element."""
        total = mpf(0)
        for monomial, coefficient in element.terms.items():
            term = in_digits(coefficient)
            for number, exponent in self._field.monomials[monomial]:
                term *= self._generator(number) ** in_digits(exponent)
            total += term
        return total

    def _generator(self, number: int) -> Any:
        if number not in self._made:
            self._made[number] = self._compute(self._field.generators[number])
        return self._made[number]

    def _compute(self, generator: Generator) -> Any:
        arguments = [self.value(argument) for argument in generator.arguments]
        if any(isinstance(argument, mpc) for argument in arguments):
            raise ValueError("not real")
        match generator.kind:
            case Kind.VARIABLE:
                whole = self._choices.get(generator.number)
                drawn = (
                    Fraction(self._draw.choice(whole))
                    if whole
                    else Fraction(self._draw.randint(*self._bounds), self._draw.randint(5, 11))
                )
                self.drawn[generator.name] = drawn
                return in_digits(drawn)
            case Kind.CONSTANT:
                return mpmathify(generator.name.evalf(self._digits))
            case Kind.PRIME:
                return mpf(int(generator.name))
            case Kind.POWER:
                return arguments[0]
            case Kind.EXP:
                return exp(arguments[0])
            case Kind.LOG:
                return log(arguments[0])
        return compiled(generator.function, len(arguments))(*arguments)


def _choices(field: Ring) -> dict[int, list[int]]:
    """The whole numbers that variables are compared with: at others, all that depends on a comparison would be 0."""
    found: dict[int, list[int]] = {}
    for generator in field.generators:
        if generator.name is not equal:
            continue
        difference = generator.arguments[0] - generator.arguments[1]
        names = [field.monomials[monomial] for monomial in difference.terms if monomial]
        if len(names) == 1 and len(names[0]) == 1 and names[0][0][1] == 1:
            (slope,) = (difference.terms[monomial] for monomial in difference.terms if monomial)
            number = rational(QQ(-difference.terms.get(0, 0)) / slope)
            if isinstance(number, int):
                found.setdefault(names[0][0][0], []).append(number)
    return found


def in_digits(value: Coefficient) -> Any:
    """A rational number with the digits of now; a whole one as it is."""
    return value if isinstance(value, int) else mpf(int(value.numerator)) / int(value.denominator)


@lru_cache(maxsize=64)
def compiled(function: type[Expr], count: int) -> Callable[..., Any]:
    """The function of so many arguments, on numbers of many digits."""
    places = [placeholder(p) for p in range(count)]
    made: Callable[..., Any] = lambdify(places, defined(function(*places)), [EXACT, "mpmath"])
    return made
