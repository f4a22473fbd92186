"""One entry x_kl of an input: the matrix ∂Y/∂x_kl of what it moves, and the sum ∂L/∂x_kl of what it collects.

The matrix has the shape of the output, so that it can be multiplied by ∂L/∂Y entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from sympy import Expr

from derive.engine.concrete import SHOWN_TERMS, unflat
from derive.engine.jacobian import Jacobian
from derive.engine.tables import EntryTable, array
from derive.forward.nodes import Node
from derive.forward.shown import DottedAlgebra
from derive.notation.tree import Dots, Entry, Gradient, Number, Product, Tree

__all__ = ["SingleEntry"]

_ALGEBRA = DottedAlgebra(SHOWN_TERMS)

Values = Callable[[], Mapping[int, Expr]]
"""Gives the entries that are not zero, by their number in the output read row by row."""


@dataclass(frozen=True, eq=False)
class SingleEntry:
    """The entry that comes at this number, counted from 0, when the input is read row by row.

    Shapes: every table is written like the output: a vector as a row, a scalar as 1 × 1.

    Example:
        >>> from derive.engine import jacobian, vectorize
        >>> from derive.layers import load
        >>> affine = load("affine")
        >>> w_11 = SingleEntry(affine.upstream, jacobian(vectorize(affine, "W", {"N": 2, "D": 2, "M": 3})), 0)
        >>> w_11.value
        g_1_1*x_1_1 + g_2_1*x_2_1
    """

    upstream: Node
    jacobian: Jacobian
    number: int

    @property
    def variable(self) -> Entry:
        """x_kl."""
        map = self.jacobian.map
        return Entry(map.input.letter, unflat(self.number, map.input_shape))

    @property
    def name(self) -> Gradient:
        """∂L/∂x_kl."""
        map = self.jacobian.map
        return Gradient(self.variable, f"d{map.input.letter}", map.layer.loss)

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the tables."""
        return array(self.jacobian.map.concrete, self.upstream).shape

    def moved(self) -> tuple[int | None, ...]:
        """The numbers of the outputs that x_kl takes part in; of more than a page shows, two, None and the last."""
        first = tuple(islice(self.jacobian.rows_of(self.number), SHOWN_TERMS + 1))
        return first if len(first) <= SHOWN_TERMS else (*first[:2], None, self.jacobian.last_row_of(self.number))

    def output(self, row: int) -> Entry:
        """y_ij, the output at this number."""
        map = self.jacobian.map
        return Entry(map.layer.output_letter, unflat(row, map.output_shape))

    @cached_property
    def value(self) -> Expr:
        """Σ_ij ∂L/∂y_ij · ∂y_ij/∂x_kl, over the outputs that x_kl takes part in."""
        return self.jacobian.map.concrete.algebra.add(list(self._products.values()))

    def shown(self) -> Tree:
        """The sum as a page shows it."""
        return self._sum(self.product)

    def named(self) -> Tree:
        """The sum with ∂y_ij/∂x_kl by name, where the values would be long."""
        return self._sum(lambda row: Product((self._gradient(row), self.jacobian.partial(row, self.number))))

    def _sum(self, product: Callable[[int], Tree]) -> Tree:
        return _ALGEBRA.add([Dots() if row is None else product(row) for row in self.moved()])

    def product(self, row: int) -> Tree:
        """∂L/∂y_ij · ∂y_ij/∂x_kl as a page shows it."""
        value, upstream = self.jacobian.shown(row, self.number), self._gradient(row)
        return _ALGEBRA.multiply((value, upstream) if isinstance(value, Number) else (upstream, value))

    def _gradient(self, row: int) -> Tree:
        """∂L/∂y_ij."""
        map = self.jacobian.map
        return map.concrete.shown(self.upstream, unflat(row, map.output_shape))

    def partials(self, by_definition: Values) -> EntryTable:
        """The ∂y_ij/∂x_kl as they are written before they are computed, with their values by definition."""
        return self._table("partials", lambda row: self.jacobian.partial(row, self.number), by_definition)

    def values(self) -> EntryTable:
        """The values of the ∂y_ij/∂x_kl, as the engine computed them."""
        return self._table(
            "values",
            lambda row: self.jacobian.shown(row, self.number),
            lambda: self._values,
            sparse=True,
        )

    def products(self) -> EntryTable:
        """∂L/∂Y ⊙ ∂Y/∂x_kl, entry by entry."""
        return self._table("products", self.product, lambda: self._products, sparse=True)

    @cached_property
    def _values(self) -> dict[int, Expr]:
        return {row: self.jacobian[row, self.number] for row in self.jacobian.rows_of(self.number)}

    @cached_property
    def _products(self) -> dict[int, Expr]:
        concrete, shape = self.jacobian.map.concrete, self.jacobian.map.output_shape
        return {
            row: concrete.algebra.multiply([concrete.value(self.upstream, unflat(row, shape)), value])
            for row, value in self._values.items()
        }

    def _table(self, kind: str, tree: Callable[[int], Tree], values: Values, *, sparse: bool = False) -> EntryTable:
        columns = self.shape[1]
        return EntryTable(
            f"{self.jacobian.map.input.name}.entry.{kind}",
            self.shape,
            lambda i, j: tree(i * columns + j),
            lambda: {divmod(row, columns): value for row, value in values().items() if value},
            sparse=sparse,
        )
