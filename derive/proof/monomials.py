"""Monomials by numbers: sets of powers as whole numbers, so that most products are a union of two of them.

a power is  a generator with its exponent · a monomial is  a set of powers, at most one of each generator
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import Any

from sympy import QQ, Rational

__all__ = ["Coefficient", "Monomial", "Monomials", "fraction", "rational"]

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


def fraction(value: Coefficient) -> Fraction:
    """The number as a fraction of Python's."""
    return Fraction(int(value.numerator), int(value.denominator))


class Monomials:
    """The powers that have been met; a monomial is the set of its powers, and goes by the number with a bit for each.

    1 is number 0. The product of two monomials without a common generator is the union of both sets: it is made without
    a look at their exponents.
    """

    def __init__(self) -> None:
        self._powers: list[tuple[int, Coefficient]] = []
        self._bits: dict[tuple[int, Coefficient], int] = {}
        self._bits_of: defaultdict[int, int] = defaultdict(int)
        self._sums: dict[tuple[int, int], tuple[Coefficient, int]] = {}
        self._written: dict[int, Monomial] = {0: ()}
        self.rivals = _Rivals(self)

    def __getitem__(self, number: int) -> Monomial:
        found = self._written.get(number)
        if found is None:
            found = self._written[number] = tuple(sorted(map(self._powers.__getitem__, _places(number))))
        return found

    def number(self, monomial: Monomial) -> int:
        """The number by which a monomial goes."""
        return reduce(or_, (self._bit(generator, exponent) for generator, exponent in monomial), 0)

    def without(self, number: int, generator: int) -> int:
        """The number of the monomial without the power of a generator that it has."""
        return number & ~self._bits_of[generator]

    def powers_of(self, generators: Iterable[int]) -> int:
        """All powers of these generators that have been met."""
        return reduce(or_, (self._bits_of[generator] for generator in generators), 0)

    def product(self, first: int, second: int, obeying: Container[int]) -> tuple[int, list[tuple[int, Coefficient]]]:
        """The number of the product, and apart from it the powers of generators that obey a relation and meet here."""
        inside, apart = first | second, []
        for generator, _ in self[first & self.rivals[second]]:
            bits = self._bits_of[generator]
            inside &= ~bits
            total, bit = self._sum(generator, first & bits, second & bits)
            if total and generator in obeying:
                apart.append((generator, total))
            else:
                inside |= bit
        return inside, apart

    def _sum(self, generator: int, one: int, other: int) -> tuple[Coefficient, int]:
        """The sum of the exponents of two powers of a generator, and the power with it; rational ones are slow."""
        found = self._sums.get((one, other))
        if found is None:
            exponents = (self._powers[bit.bit_length() - 1][1] for bit in (one, other))
            total = rational(sum(exponents))
            found = self._sums[one, other] = total, self._bit(generator, total) if total else 0
        return found

    def _bit(self, generator: int, exponent: Coefficient) -> int:
        """The power as a set of one member."""
        key = (generator, exponent)
        found = self._bits.get(key)
        if found is None:
            found = self._bits[key] = 1 << len(self._powers)
            if self._bits_of[generator]:
                # What has been said about monomials with another power of the generator lacks this one.
                self.rivals.clear()
            self._bits_of[generator] |= found
            self._powers.append(key)
        return found


class _Rivals(dict[int, int]):
    """All powers of a monomial's generators, by its number: what has none of them shares no generator with it."""

    def __init__(self, monomials: Monomials) -> None:
        super().__init__()
        self._monomials = monomials

    def __missing__(self, number: int) -> int:
        found = self[number] = self._monomials.powers_of(generator for generator, _ in self._monomials[number])
        return found


def _places(bits: int) -> Iterator[int]:
    """The members of a set of whole numbers, in order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
