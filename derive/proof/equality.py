"""Decides whether two expressions are equal: by algebra, or, where that does not decide, at random points.

It cannot be decided in general (Richardson 1968); but expressions that are not equal differ at almost every point.
"""

from __future__ import annotations

from random import Random

from mpmath import isfinite, mpf, mpmathify, workdps  # type: ignore[import-untyped]  # SymPy's own numbers
from sympy import Expr, Integer, Symbol, count_ops, expand, fraction, lambdify, simplify, sympify, together

from derive.errors import UnsupportedError
from derive.forward.functions import EXACT, defined, equal

__all__ = ["DIGITS", "POINTS", "are_equal"]

POINTS = 3
"""At how many random points expressions are compared."""

DIGITS = 20
"""In how many digits they have to agree there."""

_TRIES = 12
_EXPANDED = 400
"""A difference of more operations is not multiplied out, which may take hours."""

_SIMPLIFIED = 60
"""One of more is not left to SymPy's simplification, which may take minutes."""


def are_equal(left: Expr, right: Expr) -> bool | None:
    """Whether both are equal wherever they are real; None if that is known at random points only.

    Raises: UnsupportedError if there is none at which they are real.

    Example:
        >>> from sympy import Symbol, exp
        >>> x = Symbol("x", real=True)
        >>> are_equal(exp(x) * exp(-2 * x), exp(-x)), are_equal(x**2, x)
        (True, False)
    """
    left, right = sympify(left), sympify(right)
    difference = left - right
    operations = count_ops(difference)
    if difference == 0 or (operations <= _EXPANDED and expand(difference) == 0):
        return True
    points = _compared(left, right)
    if points is None:
        return False
    if operations <= _EXPANDED and expand(fraction(together(difference))[0]) == 0:
        return True
    if operations <= _SIMPLIFIED and simplify(difference) == 0:
        return True
    if not points:
        raise UnsupportedError(f"neither algebra nor random points decide whether {left} is {right}")
    return None


def _compared(left: Expr, right: Expr) -> int | None:
    """At how many random points both are real, and equal; None if they differ at one."""
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    # Dummies: an entry may be called exp.
    both = lambdify(symbols, (defined(left), defined(right)), [EXACT, "mpmath"], cse=True, dummify=True)
    whole = _choices(left, right)
    draw = Random(0)
    points = 0
    for attempt in range(_TRIES):
        # Where an expression is real is not known, and |x| is x for half of all numbers.
        low, high = ((1, 8), (-8, -1), (-8, 8))[attempt % 3]
        with workdps(2 * DIGITS):
            at = [
                mpf(draw.choice(whole[symbol]))
                if symbol in whole
                else mpf(draw.randint(low, high)) / draw.randint(5, 11)
                for symbol in symbols
            ]
            try:
                a, b = map(mpmathify, both(*at))
            except (ArithmeticError, ValueError):
                continue
            if not all(isinstance(value, mpf) and isfinite(value) for value in (a, b)):
                continue
            if abs(a - b) > max(1, abs(a)) / mpf(10) ** DIGITS:
                return None
        points += 1
        if points == POINTS:
            break
    return points


def _choices(*values: Expr) -> dict[Symbol, list[int]]:
    """The whole numbers that symbols are compared with: at others, all that depends on the comparison would be 0."""
    found: dict[Symbol, set[int]] = {}
    for value in values:
        for comparison in value.atoms(equal):
            symbol, number = comparison.args
            if isinstance(symbol, Symbol) and isinstance(number, Integer):
                found.setdefault(symbol, set()).add(int(number))
    return {symbol: sorted(numbers) for symbol, numbers in found.items()}
