"""Turns the row J_L(x) into the shape of the input again: ∂L/∂X, entry (k, l) being the one that belongs to x_kl."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, ImmutableDenseMatrix

from derive.engine.chain import ChainRule
from derive.engine.concrete import flat
from derive.notation.tree import Tree

__all__ = ["Reshaped", "reshape"]


@dataclass(frozen=True, eq=False)
class Reshaped:
    """∂L/∂X with the entries of the row; a vector is a row (1, M), or a column where samples are, a scalar (1, 1).

    Shapes: that of the input, as a matrix; `[i, j]` for a matrix, `[i]` for a vector, `[()]` for a scalar.
    """

    row: ChainRule
    input_shape: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the input."""
        return self.input_shape

    @property
    def layout(self) -> tuple[int, int]:
        """The shape as it is printed, with two axes."""
        if len(self.input_shape) == 1 and self.row.jacobian.map.layer.upright:
            return self.input_shape[0], 1
        *rows, columns = self.input_shape or (1,)
        count = 1
        for size in rows:
            count *= size
        return count, columns

    def __getitem__(self, place: int | tuple[int, ...]) -> Expr:
        """The entry at a position of the input, counted from 0, as a SymPy scalar."""
        position = (place,) if isinstance(place, int) else place
        if len(position) != len(self.input_shape):
            raise IndexError(f"position {position} in a gradient of shape {self.input_shape}")
        wrapped = [p % size if -size <= p < size else size for p, size in zip(position, self.input_shape, strict=True)]
        if any(p == size for p, size in zip(wrapped, self.input_shape, strict=True)):
            raise IndexError(f"position {position} in a gradient of shape {self.input_shape}")
        return self.row[0, flat(wrapped, self.input_shape)]

    def shown(self, row: int, column: int) -> Tree:
        """The entry at a place of the printed layout, as a page shows it."""
        return self.row.shown(0, row * self.layout[1] + column)

    def name(self, row: int, column: int) -> Tree:
        """∂L/∂x_kl at a place of the printed layout."""
        return self.row.name(row * self.layout[1] + column)

    def sympy(self) -> ImmutableDenseMatrix:
        """All entries in the printed layout."""
        return ImmutableDenseMatrix(*self.layout, list(self.row.sympy()))


def reshape(row: ChainRule) -> Reshaped:
    """The row in the shape of its input.

    Shapes: the shape of the input.
    """
    return Reshaped(row, row.jacobian.map.input_shape)
