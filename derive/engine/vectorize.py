"""Turns a layer into the map y: ℝⁿ → ℝᵐ of one of its inputs, the other inputs held constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sympy import Expr, ImmutableDenseMatrix, Symbol

from derive.engine.concrete import Concrete, positions, unflat
from derive.forward.algebra import entry_symbol
from derive.forward.layer import Layer
from derive.forward.nodes import Input
from derive.notation.tree import Tree

__all__ = ["VectorMap", "vectorize"]


@dataclass(frozen=True, eq=False)
class VectorMap:
    """y: ℝⁿ → ℝᵐ, where x is the input and y the output, both read row by row.

    Shapes: domain n and codomain m are the numbers of entries of the input and of the output.

    Example:
        >>> from derive.layers import load
        >>> vectorize(load("affine"), "b", {"N": 2, "D": 2, "M": 3})[0]
        b_1 + w_1_1*x_1_1 + w_2_1*x_1_2
    """

    concrete: Concrete
    input: Input

    @property
    def layer(self) -> Layer:
        """The layer whose map this is."""
        return self.concrete.layer

    @cached_property
    def domain(self) -> int:
        """n, the number of entries of the input."""
        return self.concrete.count(self.input)

    @cached_property
    def codomain(self) -> int:
        """m, the number of entries of the output."""
        return self.concrete.count(self.layer.output)

    @cached_property
    def variables(self) -> tuple[Symbol, ...]:
        """x_1_1, x_1_2, ...: the entries of the input, row by row."""
        return tuple(entry_symbol(self.input.letter, p) for p in positions(self.input_shape))

    @cached_property
    def partials(self) -> Mapping[tuple[int, int], Expr]:
        """∂y_i/∂x_j by definition, those that are not 0, by row and column."""
        outputs = enumerate(self.concrete.values(self.layer.output))
        return {(row, column): value for row, output in outputs for column, value in self._partials(output).items()}

    @cached_property
    def loss_partials(self) -> Mapping[int, Expr]:
        """∂L/∂x_j of L = Σ ∂L/∂y_i · y_i by definition, those that are not 0, by column."""
        return self._partials(self.concrete.loss)

    def _partials(self, value: Expr) -> dict[int, Expr]:
        found = self.concrete.algebra.partials(value, self._numbers)
        return {column: slope for column, slope in found.items() if slope}

    @cached_property
    def _numbers(self) -> dict[Expr, int]:
        return {variable: n for n, variable in enumerate(self.concrete.values(self.input))}

    @cached_property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of the input."""
        return self.concrete.shape(self.input)

    @cached_property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the output."""
        return self.concrete.shape(self.layer.output)

    def __len__(self) -> int:
        return self.codomain

    def __getitem__(self, number: int) -> Expr:
        """Component number `number`, counted from 0, as a SymPy scalar."""
        return self.concrete.value(self.layer.output, self._position(number))

    def shown(self, number: int) -> Tree:
        """The component as a page shows it."""
        return self.concrete.shown_output(self._position(number))

    def listed(self, number: int) -> Tree:
        """The component as data lists it."""
        return self.concrete.listed_output(self._position(number))

    def sympy(self) -> ImmutableDenseMatrix:
        """All components, as an m × 1 matrix."""
        return ImmutableDenseMatrix(self.codomain, 1, self.concrete.values(self.layer.output))

    def _position(self, number: int) -> tuple[int, ...]:
        if not -len(self) <= number < len(self):
            raise IndexError(f"component {number} of a map with {len(self)} components")
        return unflat(number % len(self), self.output_shape)


def vectorize(layer: Layer, wrt: str, sizes: Mapping[str, int]) -> VectorMap:
    """The map of one input of a layer.

    Shapes: see VectorMap.
    Raises: UnknownNameError if the layer has no input of that name.
    Source: the vectorisation by rows of Magnus and Neudecker, "Matrix Differential Calculus", chapter 2 (who use
    columns).
    """
    return VectorMap(Concrete(layer, sizes), layer.input(wrt))
