"""Evaluates elements of the field at random points, with many digits: where two differ, they are not equal."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Any

from mpmath import exp, isfinite, log, mpc, mpf, mpmathify, workdps  # type: ignore[import-untyped]  # SymPy's own
from sympy import Expr, lambdify

from derive.forward.functions import defined
from derive.forward.nodes import placeholder
from derive.proof.ring import Coefficient, Element, Generator, Kind, Ring

__all__ = ["DIGITS", "POINTS", "agreeing"]

POINTS = 3
"""At how many random points elements are compared."""

DIGITS = 20
"""In how many digits they have to agree there."""

_TRIES = 12
_MORE = 30


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


def _agree(left: Element, right: Element, attempt: int, digits: int) -> bool | None:
    """Whether both are equal at a point; None if one is not real there."""
    # Where an element is real is not known, and |x| is x for half of all numbers.
    bounds = ((1, 8), (-8, -1), (-8, 8))[attempt % 3]
    with workdps(digits):
        point = _Point(left.field, Random(attempt), bounds, digits)
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

    def __init__(self, field: Ring, draw: Random, bounds: tuple[int, int], digits: int) -> None:
        self._field = field
        self._digits = digits
        self._draw = draw
        self._bounds = bounds
        self._made: dict[int, Any] = {}

    def value(self, element: Element) -> Any:
        """The value of an element."""
        total = mpf(0)
        for monomial, coefficient in element.terms.items():
            term = _number(coefficient)
            for number, exponent in self._field.monomials[monomial]:
                term *= self._generator(number) ** _number(exponent)
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
                return mpf(self._draw.randint(*self._bounds)) / self._draw.randint(5, 11)
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
            case Kind.STEP:
                return mpf(arguments[0] > 0)
        return _compiled(generator.function, len(arguments))(*arguments)


def _number(value: Coefficient) -> Any:
    return value if isinstance(value, int) else mpf(int(value.numerator)) / int(value.denominator)


@lru_cache(maxsize=64)
def _compiled(function: type[Expr], count: int) -> Callable[..., Any]:
    places = [placeholder(p) for p in range(count)]
    compiled: Callable[..., Any] = lambdify(places, defined(function(*places)), "mpmath")
    return compiled
