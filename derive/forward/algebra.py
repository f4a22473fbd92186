"""What entries of arrays are, and how they are combined: an algebra of SymPy scalars, and what others have to have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Protocol, TypeVar

from sympy import Add as SympyAdd
from sympy import Expr, Integer, Mul, Symbol, diff

from derive.forward.nodes import Input, Node, placeholder
from derive.notation.tree import Index

__all__ = ["Algebra", "ExactAlgebra", "Position", "SympyAlgebra", "Value", "entry_symbol", "share_symbols"]

Position = tuple[Index, ...]
_NUMBERS = re.compile(r"(_[1-9][0-9]*)*")
Value = TypeVar("Value")


class Algebra(Protocol[Value]):
    """How the entries of a node are combined."""

    def symbol(self, node: Input, position: Position) -> Value: ...
    def number(self, value: Expr) -> Value: ...
    def delta(self, first: Index, second: Index) -> Value: ...
    def assignments(self, owner: Node, sizes: Sequence[int]) -> Sequence[tuple[Index, ...]]:
        """The values of the summed indices for which the terms are wanted."""
        ...

    def total(self, owner: Node, sizes: Sequence[int], terms: Sequence[Value]) -> Value:
        """The sum over all the values, given the terms that were wanted."""
        ...

    def add(self, terms: Sequence[Value]) -> Value: ...
    def multiply(self, factors: Sequence[Value]) -> Value: ...
    def apply(self, function: Expr, arguments: Sequence[Value]) -> Value: ...


class ExactAlgebra(Algebra[Value], Protocol[Value]):
    """Entries that are exact, and can be differentiated by definition."""

    def partials(self, value: Value, variables: Mapping[Value, int]) -> dict[int, Value]:
        """The derivatives with respect to the variables that occur, by the variables' numbers; all others are 0."""
        ...


def entry_symbol(letter: str, position: Position) -> Symbol:
    """w_1_2 for the letter w and the position (0, 1): the one place that hands out symbols for entries."""
    return Symbol("_".join((letter, *(str(i + 1 if isinstance(i, int) else i) for i in position))), real=True)


def share_symbols(first: Input, second: Input) -> bool:
    """Whether an entry of one has the symbol of an entry of the other: x_1_2 belongs to a matrix X and a vector x_1."""
    short, long = sorted((first, second), key=lambda node: len(node.letter))
    rest = long.letter.removeprefix(short.letter)
    numbers = _NUMBERS.fullmatch(rest) is not None
    return long.letter.startswith(short.letter) and numbers and len(short.shape) == len(long.shape) + rest.count("_")


class SympyAlgebra:
    """Entries as SymPy scalars, every sum in full."""

    def symbol(self, node: Input, position: Position) -> Expr:
        """x_1_2."""
        return entry_symbol(node.letter, position)

    def number(self, value: Expr) -> Expr:
        """The number."""
        return value

    def delta(self, first: Index, second: Index) -> Expr:
        """1 where both are equal, else 0."""
        return Integer(int(first == second))

    def assignments(self, owner: Node, sizes: Sequence[int]) -> Sequence[tuple[Index, ...]]:
        """Every value of the summed indices."""
        return tuple(product(*map(range, sizes)))

    def total(self, owner: Node, sizes: Sequence[int], terms: Sequence[Expr]) -> Expr:
        """The sum of the terms."""
        assert len(terms) == prod(sizes)
        return self.add(terms)

    def add(self, terms: Sequence[Expr]) -> Expr:
        """The sum of the terms, flat."""
        return terms[0] if len(terms) == 1 else SympyAdd(*terms)

    def multiply(self, factors: Sequence[Expr]) -> Expr:
        """The product of the factors."""
        kept = [factor for factor in factors if factor != 1]
        return kept[0] if len(kept) == 1 else Mul(*kept)

    def apply(self, function: Expr, arguments: Sequence[Expr]) -> Expr:
        """The function at the arguments."""
        return function.xreplace({placeholder(p): argument for p, argument in enumerate(arguments)})

    def partials(self, value: Expr, variables: Mapping[Expr, int]) -> dict[int, Expr]:
        """The derivatives by SymPy's diff, term by term: it would go through every term for every variable."""
        found: dict[int, list[Expr]] = {}
        for term in SympyAdd.make_args(value):
            for symbol in sorted((s for s in term.free_symbols if s in variables), key=variables.__getitem__):
                found.setdefault(variables[symbol], []).append(diff(term, symbol))
        return {number: SympyAdd(*terms) for number, terms in found.items()}
