"""Entries of layers as elements of a field, in which what is equal has one form or is shown to be equal by algebra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from sympy import Expr

from derive.forward.algebra import Position, entry_symbol
from derive.forward.nodes import Input, Node
from derive.notation.tree import Index
from derive.proof.field import Field
from derive.proof.ring import Element

__all__ = ["FieldAlgebra"]


class FieldAlgebra:
    """Entries as elements; the entries of inputs and of the upstream gradient are the variables."""

    def __init__(self) -> None:
        self.field = Field()

    def symbol(self, node: Input, position: Position) -> Element:
        """x_1_2."""
        return self.field.variable(entry_symbol(node.letter, position).name)

    def number(self, value: Expr) -> Element:
        """The number."""
        return self.field.read(value)

    def delta(self, first: Index, second: Index) -> Element:
        """1 where both are equal, else 0."""
        return self.field.one if first == second else self.field.zero

    def assignments(self, owner: Node, sizes: Sequence[int]) -> Sequence[tuple[Index, ...]]:
        """Every value of the summed indices."""
        return tuple(product(*map(range, sizes)))

    def total(self, owner: Node, sizes: Sequence[int], terms: Sequence[Element]) -> Element:
        """The sum of the terms."""
        return self.add(terms)

    def add(self, terms: Sequence[Element]) -> Element:
        """The sum of the terms; adding them one by one would copy every partial sum."""
        return terms[0] if len(terms) == 1 else self.field.add(terms)

    def multiply(self, factors: Sequence[Element]) -> Element:
        """The product of the factors."""
        result = factors[0]
        for factor in factors[1:]:
            result = result * factor
        return result

    def apply(self, function: Expr, arguments: Sequence[Element]) -> Element:
        """The function at the arguments."""
        return self.field.apply(function, arguments)

    def partials(self, value: Element, variables: Mapping[Element, int]) -> dict[int, Element]:
        """The derivatives by the field's own differentiation: that of all variables is made at once, and kept."""
        found = {}
        for number, terms in value.gradient().items():
            place = variables.get(self.field.atom(number))
            if place is not None and terms:
                found[place] = Element(self.field, terms)
        return dict(sorted(found.items()))
