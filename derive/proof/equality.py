"""Decides whether two values are equal: by algebra in a field, or, where that does not decide, at random points.

It cannot be decided in general (Richardson 1968); but values that are not equal differ at almost every point.
"""

from __future__ import annotations

from typing import Any

from sympy import sympify

from derive.errors import UnsupportedError
from derive.proof.decide import vanishes, vanishes_in_parts
from derive.proof.field import Field
from derive.proof.points import DIGITS, POINTS, agreeing
from derive.proof.ring import Element, Kind

__all__ = ["DIGITS", "POINTS", "are_equal"]


def are_equal(left: Any, right: Any) -> bool | None:
    """Whether both, elements of one field or scalars of SymPy, are equal wherever they are real.

    None if that is known at random points only.

    Raises: UnsupportedError if there is none at which they are real.

    Example:
        >>> from sympy import Symbol, exp
        >>> x = Symbol("x", real=True)
        >>> are_equal(exp(x) * exp(-2 * x), exp(-x)), are_equal(x**2, x)
        (True, False)
    """
    field = next((value.field for value in (left, right) if isinstance(value, Element)), None) or Field()
    left, right = (value if isinstance(value, Element) else field.read(sympify(value)) for value in (left, right))
    if left == right:
        return True
    difference = left - right
    decided: dict[Element, bool | None] = field.decided
    if difference not in decided:
        decided[difference] = _decide(left, right, difference)
    return decided[difference]


def _decide(left: Element, right: Element, difference: Element) -> bool | None:
    if _is_of_variables(difference):
        return False
    if vanishes_in_parts(difference):
        return True
    points = agreeing(left, right)
    if points is None:
        return False
    if vanishes(difference):
        return True
    if not points:
        raise UnsupportedError(f"neither algebra nor random points decide whether {left} is {right}")
    return None


def _is_of_variables(value: Element) -> bool:
    """Whether no relation can make the element 0: it is a polynomial in independent variables."""
    field = value.field
    return all(
        field.generators[number].kind is Kind.VARIABLE
        for monomial in value.terms
        for number, _ in field.monomials[monomial]
    )
