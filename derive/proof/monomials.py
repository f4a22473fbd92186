"""Monomials by numbers: what a monomial is made of goes by numbers too, so that a product is found among whole numbers.

a power is  a generator with its exponent · a monomial is  a set of powers, at most one of each generator
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from fractions import Fraction
from typing import Any, overload

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


class Monomials(Sequence[Monomial]):
    """The monomials that have been met, by their numbers; 1 is number 0.

    A monomial is kept as two sets, of its powers and of their generators, each a whole number with a bit for each
    member: that two share no generator, and what their product is, is found without a look at their exponents.
    """

    def __init__(self) -> None:
        self._powers: list[tuple[int, Coefficient]] = []
        self._bits: dict[tuple[int, Coefficient], int] = {}
        self._bits_of: defaultdict[int, int] = defaultdict(int)
        self._sums: dict[tuple[int, int], tuple[Coefficient, int]] = {}
        self._inside: list[int] = [0]
        self._generators: list[int] = [0]
        self._numbers: dict[int, int] = {0: 0}
        self._written: dict[int, Monomial] = {0: ()}

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
            found = self._written[number] = tuple(
                sorted(self._powers[place] for place in _places(self._inside[number]))
            )
        return found

    def number(self, monomial: Monomial) -> int:
        """The number by which a monomial goes."""
        inside = generators = 0
        for generator, exponent in monomial:
            inside |= self._bit(generator, exponent)
            generators |= 1 << generator
        return self._number(inside, generators)

    def without(self, number: int, generator: int) -> int:
        """The number of the monomial without the power of a generator that it has."""
        return self._number(
            self._inside[number] & ~self._bits_of[generator], self._generators[number] & ~(1 << generator)
        )

    def product(self, first: int, second: int, obeying: Container[int]) -> tuple[int, list[tuple[int, Coefficient]]]:
        """The number of the product, and apart from it the powers of generators that obey a relation and meet here."""
        one, other = self._inside[first], self._inside[second]
        met, generators = self._generators[first], self._generators[second]
        shared = met & generators
        if not shared:
            # Most products are of this kind, and of monomials whose product has been met.
            found = self._numbers.get(one | other)
            return (self._number(one | other, met | generators) if found is None else found), []
        inside, generators = one | other, met | generators
        apart = []
        for generator in _places(shared):
            bits = self._bits_of[generator]
            inside &= ~bits
            total, bit = self._sum(generator, one & bits, other & bits)
            if total and generator not in obeying:
                inside |= bit
                continue
            generators &= ~(1 << generator)
            if total:
                apart.append((generator, total))
        return self._number(inside, generators), apart

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
            self._bits_of[generator] |= found
            self._powers.append(key)
        return found

    def _number(self, inside: int, generators: int) -> int:
        found = self._numbers.get(inside)
        if found is None:
            found = self._numbers[inside] = len(self._inside)
            self._inside.append(inside)
            self._generators.append(generators)
        return found


def _places(bits: int) -> Iterator[int]:
    """The members of a set of whole numbers, in order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
