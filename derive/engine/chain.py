"""Turns a Jacobian into the row J_L(x) = J_h(y(x)) · J_y(x): sums of upstream derivatives times entries of J_y."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sympy import Expr, ImmutableDenseMatrix

from derive.engine.concrete import unflat
from derive.engine.jacobian import Jacobian
from derive.forward.nodes import Node, Ones
from derive.forward.normal import add, contract, zeros
from derive.notation.tree import Entry, Gradient, Tree

__all__ = ["ChainRule", "chain"]


@dataclass(frozen=True, eq=False)
class ChainRule:
    """J_L(x), a row with one entry for each entry of the input; `[0, j]` gives one.

    Shapes: (1, n) for a map ℝⁿ → ℝᵐ.

    Example:
        >>> from derive.engine import jacobian, vectorize
        >>> from derive.layers import load
        >>> sizes = {"N": 2, "D": 2, "M": 3}
        >>> chain(jacobian(vectorize(load("affine"), "b", sizes)))[0, 2]
        g_1_3 + g_2_3
    """

    upstream: Node
    jacobian: Jacobian

    @property
    def shape(self) -> tuple[int, int]:
        """(1, n)."""
        return 1, self.jacobian.shape[1]

    @cached_property
    def node(self) -> Node:
        """The row in the shape of the input: Σ over the output of upstream derivatives times coefficients.

        A zero of the Jacobian takes no part: its pattern leaves it out of the sum.
        """
        wrt = self.jacobian.map.input
        terms = [
            contract(
                [self.upstream, term.coefficient, *(Ones(size) for size in wrt.shape)],
                [term.output, term.value, *((label,) for label in term.input)],
                term.input,
            )
            for term in self.jacobian.terms
        ]
        return add(terms) if terms else zeros(wrt.shape)

    def __getitem__(self, place: tuple[int, int]) -> Expr:
        """The entry in column j, as a SymPy scalar."""
        return self.jacobian.map.concrete.value(self.node, self._position(place))

    def shown(self, row: int, column: int) -> Tree:
        """The entry as a page shows it."""
        return self.jacobian.map.concrete.shown(self.node, self._position((row, column)))

    def listed(self, row: int, column: int) -> Tree:
        """The entry as data lists it."""
        return self.jacobian.map.concrete.listed(self.node, self._position((row, column)))

    def name(self, column: int) -> Tree:
        """∂L/∂x_kl, what the entry in column j is called."""
        wrt = self.jacobian.map.input
        entry = Entry(wrt.letter, unflat(column, self.jacobian.map.input_shape))
        return Gradient(entry, f"d{wrt.letter}", self.jacobian.map.layer.loss)

    def sympy(self) -> ImmutableDenseMatrix:
        """All entries, as a 1 × n matrix."""
        return ImmutableDenseMatrix(1, self.shape[1], self.jacobian.map.concrete.values(self.node))

    def _position(self, place: tuple[int, int]) -> tuple[int, ...]:
        row, column = place
        width = self.shape[1]
        if row not in (0, -1) or not -width <= column < width:
            raise IndexError(f"entry {place} of a row of shape {self.shape}")
        return unflat(column % width, self.jacobian.map.input_shape)


def chain(jacobian: Jacobian) -> ChainRule:
    """The row of derivatives of the loss with respect to one input.

    Shapes: (1, jacobian.shape[1]).
    Source: the chain rule in several dimensions, Rudin, "Principles of Mathematical Analysis", theorem 9.15.
    """
    return ChainRule(jacobian.map.layer.seed, jacobian)
