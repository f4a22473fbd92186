"""Monomials by numbers: what a monomial is made of goes by numbers too, so that a product is found among whole numbers.

    a power is  a generator with its exponent · a monomial is  a set of powers, at most one of each generator
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from fractions import Fraction
from typing import Any, overload

from sympy import QQ, Rational

__all__ = ["Coefficient", "Monomial", "Monomials", "rational"]

Coefficient = Any
"""An int, or a rational number of SymPy's ground domain."""

Monomial = tuple[tuple[int, Coefficient], ...]
"""Numbers of generators with their exponents, in order; exponents may be negative, and rational where that is real."""


def rational(value: Any) -> Coefficient:
    """The number as an int if it is one, else as a rational of the ground domain."""
    if isinstance(value, int):
        return value
    if isinstance(value, Rational):
        value = QQ(int(value.p), int(value.q))
    elif isinstance(value, Fraction):
        value = QQ(value.numerator, value.denominator)
    elif not hasattr(value, "denominator"):
        raise TypeError(f"{value!r} is no rational number")
    return int(value.numerator) if value.denominator == 1 else value


class Monomials(Sequence[Monomial]):
    """The monomials that have been met, by their numbers; 1 is number 0."""

    def __init__(self) -> None:
        self._powers: list[tuple[int, Coefficient]] = []
        self._numbers_of_powers: dict[tuple[int, Coefficient], int] = {}
        self._inside: list[dict[int, int]] = [{}]
        self._numbers: dict[frozenset[int], int] = {frozenset(): 0}
        self._written: dict[int, Monomial] = {}

    def __len__(self) -> int:
        return len(self._inside)

    @overload
    def __getitem__(self, number: int) -> Monomial: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Monomial]: ...
    def __getitem__(self, number: int | slice) -> Monomial | Sequence[Monomial]:
        if isinstance(number, slice):
            return [self[place] for place in range(len(self))[number]]
        found = self._written.get(number)
        if found is None:
            powers = [self._powers[power] for power in self._inside[number].values()]
            found = self._written[number] = tuple(sorted(powers))
        return found

    def number(self, monomial: Monomial) -> int:
        """The number by which a monomial goes."""
        return self._number({generator: self._power(generator, exponent) for generator, exponent in monomial})

    def product(self, first: int, second: int, obeying: Container[int]) -> tuple[int, list[tuple[int, Coefficient]]]:
        """The number of the product, and apart from it the powers of generators that obey a relation and meet here."""
        one, other = self._inside[first], self._inside[second]
        if one.keys().isdisjoint(other):
            return self._number({**one, **other}), []
        merged = {**one, **other}
        apart = []
        for generator, power in other.items():
            if generator not in one:
                continue
            total = self._powers[one[generator]][1] + self._powers[power][1]
            if type(total) is not int:
                total = rational(total)
            if total and generator not in obeying:
                merged[generator] = self._power(generator, total)
                continue
            del merged[generator]
            if total:
                apart.append((generator, total))
        return self._number(merged), apart

    def _power(self, generator: int, exponent: Coefficient) -> int:
        key = (generator, exponent)
        found = self._numbers_of_powers.get(key)
        if found is None:
            found = self._numbers_of_powers[key] = len(self._powers)
            self._powers.append(key)
        return found

    def _number(self, inside: dict[int, int]) -> int:
        key = frozenset(inside.values())
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._inside)
            self._inside.append(inside)
        return found
