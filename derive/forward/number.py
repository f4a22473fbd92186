"""The exact number that a float of Python stands for: 0.1 is 1/10, and what np.sqrt(2 / np.pi) gives is √(2/π).

A forward definition is run to be traced, so numbers have been rounded before anybody sees them. Rounding to the nearest
double loses nothing here: there are too few simple numbers for two of them to share one.
"""

from __future__ import annotations

from fractions import Fraction

import sympy
from sympy import Expr, Integer, Rational

__all__ = ["exact_number"]

_SHORT = 12
"""A float that is written with so many digits was written so."""

_SIMPLE = 1000
"""The largest numerator and denominator of a fraction that is recognised, alone, under a root, or beside π."""

_ROUNDED = 1e-15
"""By how much an expression of a few operations may be off, as a share of its value."""


def exact_number(value: float) -> Expr:
    """The rational number that is written so; or a simple fraction, a root of one, or one of these with π.

    Example:
        >>> exact_number(0.125), exact_number(2 / 3), exact_number(2**0.5), exact_number(3.141592653589793)
        (1/8, 2/3, sqrt(2), pi)
    """
    written = Rational(str(value))
    if len(str(value).partition("e")[0].replace(".", "").strip("-0")) <= _SHORT:
        return written
    size, sign = abs(value), -1 if value < 0 else 1
    for number in (Integer(1), sympy.pi, 1 / sympy.pi):
        near = size / float(number)
        if found := _simple(near):
            return sign * Rational(found.numerator, found.denominator) * number
    for number in (Integer(1), sympy.pi, 1 / sympy.pi):
        near = size * size / float(number)
        if found := _simple(near, 2):
            return sign * sympy.sqrt(Rational(found.numerator, found.denominator) * number)
    return written


def _simple(value: float, operations: int = 1) -> Fraction | None:
    """The simple fraction that rounds to the value, if there is one."""
    found = Fraction(value).limit_denominator(_SIMPLE)
    close = abs(float(found) - value) <= operations * _ROUNDED * value
    return found if close and 0 < found.numerator <= _SIMPLE else None
