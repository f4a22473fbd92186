"""Entries as notation trees: what a reader is shown of a sum that may have thousands of terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import prod

from sympy import Expr

from derive.forward.algebra import Position
from derive.forward.nodes import Input, Node
from derive.forward.scalar import number, read_scalar
from derive.notation.digits import is_decimal
from derive.notation.tree import (
    BigSum,
    Delta,
    Dots,
    Entry,
    Gradient,
    Index,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Tree,
)

__all__ = ["DottedAlgebra", "SigmaAlgebra", "factored"]

_LETTERS = "klpqrstuv"
_ZERO = Number(0)


class _TreeAlgebra:
    """Entries as notation trees."""

    def symbol(self, node: Input, position: Position) -> Tree:
        """x_{12}, or ∂L/∂y_{12} for an upstream gradient."""
        if node.gradient_of:
            return Gradient(Entry(node.gradient_of.lower(), position), node.letter)
        return Entry(node.letter, position)

    def number(self, value: Expr) -> Tree:
        """The number."""
        return number(value)

    def delta(self, first: Index, second: Index) -> Tree:
        """1 or 0 when both are numbers, else δ."""
        if isinstance(first, int) and isinstance(second, int):
            return Number(int(first == second))
        return Number(1) if first == second else Delta((first, second))

    def add(self, terms: Sequence[Tree]) -> Tree:
        """The sum of the terms, opened, without zeros."""
        flat: list[Tree] = []
        for term in terms:
            flat.extend(term.terms if isinstance(term, Sum) else (term,))
        kept = tuple([term for term in flat if not (isinstance(term, Number) and term.value == 0)])
        if not kept:
            return _ZERO
        return kept[0] if len(kept) == 1 else Sum(kept)

    def multiply(self, factors: Sequence[Tree]) -> Tree:
        """The product of the factors, without ones: a sign before it, what divides below, equal factors as a power."""
        parts = _Parts()
        for factor in factors:
            parts.take(factor)
            if not parts.number:
                return _ZERO
        return parts.tree()

    def apply(self, function: Expr, arguments: Sequence[Tree]) -> Tree:
        """The function at the arguments."""
        return read_scalar(function, arguments, times=Product)


@dataclass(frozen=True)
class DottedAlgebra(_TreeAlgebra):
    """A sum of more than `limit` terms is written as its first two, dots, and its last."""

    limit: int

    def assignments(self, owner: Node, sizes: Sequence[int]) -> Sequence[tuple[Index, ...]]:
        """All values of the summed indices, or the first two and the last."""
        if prod(sizes) <= self.limit:
            return tuple(product(*map(range, sizes)))
        last = len(sizes) - 1
        second = [0] * len(sizes)
        # The second value in the order of rows: the last index that has more than one value moves first.
        second[max((axis for axis in range(last + 1) if sizes[axis] > 1), default=last)] = 1
        return (0,) * len(sizes), tuple(second), tuple(size - 1 for size in sizes)

    def total(self, owner: Node, sizes: Sequence[int], terms: Sequence[Tree]) -> Tree:
        """The sum, with dots where terms were left out."""
        cut = prod(sizes) > self.limit
        return self.add([*terms[:-1], Dots(), terms[-1]] if cut else terms)


@dataclass(frozen=True)
class SigmaAlgebra(_TreeAlgebra):
    """A sum of more than `limit` terms is written with Σ; every contraction has letters of its own."""

    limit: int
    letters: dict[tuple[Node, int], tuple[str, ...]] = field(default_factory=dict)

    def assignments(self, owner: Node, sizes: Sequence[int]) -> Sequence[tuple[Index, ...]]:
        """All values of the summed indices, or one set of letters."""
        if prod(sizes) <= self.limit:
            return tuple(product(*map(range, sizes)))
        return (self._letters_of(owner, len(sizes)),)

    def total(self, owner: Node, sizes: Sequence[int], terms: Sequence[Tree]) -> Tree:
        """The sum, with Σ where it is long."""
        if prod(sizes) <= self.limit:
            return self.add(terms)
        return BigSum(tuple(zip(self._letters_of(owner, len(sizes)), sizes, strict=True)), terms[0])

    def _letters_of(self, owner: Node, count: int) -> tuple[str, ...]:
        if (owner, count) not in self.letters:
            used = sum(len(letters) for letters in self.letters.values())
            self.letters[owner, count] = tuple(
                _LETTERS[n % len(_LETTERS)] + str(n // len(_LETTERS) or "") for n in range(used, used + count)
            )
        return self.letters[owner, count]


class _Parts:
    """The factors of a product, sorted."""

    def __init__(self) -> None:
        self.number: int | Fraction = 1
        self.over: dict[Tree, int] = {}
        self.under: dict[Tree, int] = {}

    def take(self, factor: Tree) -> None:
        """Adds a factor."""
        match factor:
            case Number(int() | Fraction() as value):
                self.number *= value
            case Negative(operand):
                self.number = -self.number
                self.take(operand)
            case Product(factors):
                for inner in factors:
                    self.take(inner)
            case Quotient(over, under):
                self.take(over)
                for inner in under.factors if isinstance(under, Product) else (under,):
                    if isinstance(under, Product) and isinstance(inner, Number) and isinstance(inner.value, int):
                        self.number = Fraction(self.number) / inner.value
                    else:
                        self._count(self.under, inner)
            case _:
                self._count(self.over, factor)

    def without(self, over: Mapping[Tree, int], under: Mapping[Tree, int]) -> Tree:
        """What is left of the product without these factors."""
        left = _Parts()
        left.number = self.number
        left.over = {base: n for base, times in self.over.items() if (n := times - over.get(base, 0))}
        left.under = {base: n for base, times in self.under.items() if (n := times - under.get(base, 0))}
        return left.tree()

    def _count(self, among: dict[Tree, int], factor: Tree) -> None:
        base, times = factor, 1
        if isinstance(factor, Power) and isinstance(factor.exponent, Number) and isinstance(factor.exponent.value, int):
            base, times = factor.base, factor.exponent.value
        among[base] = among.get(base, 0) + times

    def tree(self) -> Tree:
        """The product."""
        size = -self.number if self.number < 0 else self.number
        under = _powers(self.under)
        if under and isinstance(size, Fraction) and not is_decimal(size):
            # A fraction before a fraction is one of both.
            under = [*([] if size.denominator == 1 else [Number(size.denominator)]), *under]
            size = size.numerator
        over = [*([] if size == 1 else [Number(_plain(size))]), *_powers(self.over)]
        product = _product(over)
        if self.number == 0:
            return Number(0)
        if under:
            product = Quotient(product, _product(under))
        if isinstance(product, Number) and isinstance(product.value, int | Fraction):
            return Number(_plain(self.number))
        return Negative(product) if self.number < 0 else product


def factored(tree: Tree) -> Tree:
    """The sum with what all of its terms share before it, s (1 - s) for s - s²; a sum with dots is left as it is.

    Example:
        >>> from derive.notation.code import print_code
        >>> print_code(factored(Sum((Entry("s"), Negative(Power(Entry("s"), Number(2)))))))
        's * (1 - s)'
    """
    if not isinstance(tree, Sum):
        return _parts_of(tree).tree() if _has_sum(tree) else tree
    if Dots() in tree.terms:
        return tree
    terms = [_parts_of(term) for term in tree.terms]
    over, under = _shared([parts.over for parts in terms]), _shared([parts.under for parts in terms])
    if not over and not under:
        return tree
    left = Sum(tuple(parts.without(over, under) for parts in terms))
    before = _product([*_powers(over), left])
    return Quotient(before, _product(_powers(under))) if under else before


def _has_sum(tree: Tree) -> bool:
    """Whether a product has a sum that shares factors."""
    taken = _Parts()
    taken.take(tree)
    return any(isinstance(base, Sum) and factored(base) is not base for base in taken.over)


def _parts_of(term: Tree) -> _Parts:
    """The factors of a term, with those of sums among them."""
    parts = _Parts()
    parts.take(term)
    sums = [base for base, times in parts.over.items() if isinstance(base, Sum) and times == 1]
    for base in sums:
        if (opened := factored(base)) is not base:
            del parts.over[base]
            parts.take(opened)
    return parts


def _shared(counts: Sequence[Mapping[Tree, int]]) -> dict[Tree, int]:
    """The factors that all of them have, as often as all have them."""
    first, *rest = counts
    lowest = {base: min([times, *(other.get(base, 0) for other in rest)]) for base, times in first.items()}
    return {base: times for base, times in lowest.items() if times > 0}


def _powers(counts: Mapping[Tree, int]) -> list[Tree]:
    return [base if times == 1 else Power(base, Number(times)) for base, times in counts.items()]


def _product(factors: Sequence[Tree]) -> Tree:
    if not factors:
        return Number(1)
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def _plain(value: int | Fraction) -> int | Fraction:
    return int(value) if value.denominator == 1 else value
