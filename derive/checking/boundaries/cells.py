"""Whether, wherever boundaries meet, there are points nearby that are on wanted sides of all of them at once.

    u = x, v = y + x²     y can be moved by more than x²: whichever sides are wanted, they exist together
    u = x, v = x² - x     beside 0 there is u > 0 > v and u < 0 < v alone

Moving one variable a little turns all boundaries that grow or fall with it. What is left after those are gone does not
depend on the variable, so it is settled first, by moves that are smaller still.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.checking.boundaries.range import is_never_positive, is_never_zero
from derive.proof.masks import on_line
from derive.proof.ring import Element, Kind

__all__ = ["ABOVE", "BELOW", "HALFWAY", "SHARES", "Boundaries", "exist_together", "only_side"]

ABOVE, BELOW, HALFWAY = Fraction(1), Fraction(0), Fraction(1, 2)
"""How much of what is on the side u > 0 is wanted: all, nothing of it, or the mean of both sides."""

SHARES = (BELOW, ABOVE, HALFWAY)

Boundaries = Sequence[tuple[Element, Collection[Fraction]]]
"""Differences, made of no masks, and for each what may be wanted beside the places where it is 0."""


def exist_together(boundaries: Boundaries) -> bool:
    """Whether one choice of what is wanted of each boundary is found beside every place at which some of them are 0.

    Example:
        >>> from sympy import symbols
        >>> from derive.proof.field import Field
        >>> field, (x, y) = Field(), symbols("x y", real=True)
        >>> [exist_together([(field.read(x), {BELOW}), (field.read(u), {BELOW})]) for u in (y + x**2, x**2 - x)]
        [True, False]
    """
    left = [_Boundary(u, frozenset(wanted), _directions(u)) for u, wanted in boundaries]
    if not all(boundary.wanted for boundary in left):
        return False
    while served := _served(left):
        left = [boundary for boundary in left if not any(boundary is other for other in served)]
    # What no variable moves straight has to be alone with its variables.
    met: set[int] = set()
    for boundary in left:
        if met & boundary.directions.keys() or not boundary.is_met:
            return False
        met |= boundary.directions.keys()
    return True


def only_side(u: Element) -> Fraction | None:
    """The side beside u = 0 if there is but one, as of x²."""
    if is_never_positive(-u):
        return ABOVE
    return BELOW if is_never_positive(u) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Boundary:
    """One difference, what may be wanted, and which way each of its variables moves it, None if that is not known."""

    u: Element
    wanted: frozenset[Fraction]
    directions: Mapping[int, int | None]

    @property
    def is_met(self) -> bool:
        """Whether what is wanted is beside every place where it is 0 by itself."""
        side = only_side(self.u)
        return side in self.wanted if side is not None else _has_both_sides(self.u)


def _directions(u: Element) -> dict[int, int | None]:
    return {number: _direction(Element(u.field, dict(slope))) for number, slope in u.gradient().items()}


def _direction(slope: Element) -> int | None:
    """The sign of a slope that is nowhere 0."""
    if not is_never_zero(slope):
        return None
    return -1 if is_never_positive(slope) else 1 if is_never_positive(-slope) else None


def _served(left: Sequence[_Boundary]) -> list[_Boundary]:
    """The boundaries that depend on some variable, if moving it brings all of them to sides that are wanted."""
    for number in sorted({number for boundary in left for number in boundary.directions}):
        touched = [boundary for boundary in left if number in boundary.directions]
        ways = [boundary.directions[number] for boundary in touched]
        if None in ways:
            continue
        # One by itself can be moved to either side, and so can those of which never two are 0.
        if all(_never_meet(touched[0].u, other.u) for other in touched[1:]):
            return touched
        for sign in (1, -1):
            sides = [ABOVE if way == sign else BELOW for way in ways]
            if all(side in boundary.wanted for side, boundary in zip(sides, touched, strict=True)):
                return touched
    return []


def _never_meet(first: Element, second: Element) -> bool:
    """Whether they are one number on a line but for another that is not 0, as x - 1 and x + 1."""
    found = on_line(first, second)
    return found is not None and found[1] != 0


def _has_both_sides(u: Element) -> bool:
    """Whether it is seen to change its sign beside each of its zeros.

    A polynomial without squares is harmonic, so it has no extremes. Where h is homogeneous of degree k and h = c, the
    slope of h - c along the point itself is k c by Euler's theorem.
    """
    powers = [u.field.monomials[monomial] for monomial in u.terms]
    generators = {number: u.field.generators[number] for items in powers for number, _ in items}
    if all(generator.kind is Kind.VARIABLE for generator in generators.values()) and all(
        exponent == 1 for items in powers for _, exponent in items
    ):
        return True
    constant = u.terms.get(0, 0)
    if not constant:
        return False
    rest = u - constant
    along = u.field.add(u.field.atom(n) * Element(u.field, dict(slope)) for n, slope in u.gradient().items())
    found = on_line(rest, along)
    return found is not None and not found[1]
