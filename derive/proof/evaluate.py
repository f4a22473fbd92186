"""Evaluates notation: the trees that are printed, with the entries of arrays in the place of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from typing import Protocol

import numpy as np
import sympy

from derive.errors import InternalError
from derive.forward.formula import Definition
from derive.forward.shape import evaluated
from derive.notation.tree import (
    Along,
    AtLeast,
    Broadcast,
    Call,
    Concatenate,
    Diagonal,
    Einsum,
    Equal,
    Extreme,
    Gradient,
    Greater,
    Hadamard,
    Identity,
    Inner,
    Kronecker,
    MatMul,
    MatrixCall,
    Name,
    Negative,
    Number,
    OneHot,
    Ones,
    Pad,
    Permute,
    Power,
    Product,
    Quotient,
    Repeat,
    Reshape,
    Selection,
    Slice,
    Sum,
    SumAxis,
    Take,
    Transpose,
    Tree,
    Where,
    Windows,
    Zeros,
)
from derive.proof import sums
from derive.proof.functions import Array, along, call, extreme, of_matrix, one_hot

__all__ = ["evaluate", "value_of"]


def evaluate(tree: Tree, arrays: Mapping[str, Array], sizes: Mapping[str, int], *, rows: bool = False) -> Array:
    """The value of a formula, whose names are those of the arrays (the upstream gradient goes by its letter).

    In a Kronecker product a vector is a column, or a row where rows is set.

    Shapes: as NumPy gives them.
    Raises: InternalError for notation that has no value.
    """
    return _Evaluation(arrays, sizes, rows).value(tree)


class Named(Protocol):
    """A formula with the definitions of the names that it uses: of a gradient, or of a Jacobian."""

    @property
    def tree(self) -> Tree:
        """What is printed."""

    @property
    def definitions(self) -> Sequence[Definition]:
        """In the order of computation."""


def _named(formula: Named, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> dict[str, Array]:
    """The arrays, and the values of all names that a formula uses, each evaluated from its printed definition."""
    known = dict(arrays)
    for definition in formula.definitions:
        known[definition.text] = evaluate(definition.tree, known, sizes)
    return known


def value_of(formula: Named, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """The value of a formula, its definitions evaluated first.

    Shapes: that of the input, or of the Jacobian.
    """
    return evaluate(formula.tree, _named(formula, arrays, sizes), sizes)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    arrays: Mapping[str, Array]
    sizes: Mapping[str, int]
    rows: bool = False
    made: dict[int, Array] = field(default_factory=dict)

    def value(self, tree: Tree) -> Array:
        """The value; what occurs several times in a formula is one object, and is evaluated once."""
        if id(tree) not in self.made:
            self.made[id(tree)] = self._value(tree)
        return self.made[id(tree)]

    def _value(self, tree: Tree) -> Array:
        value = self.value
        match tree:
            case Name(text) if text in self.arrays:
                return self.arrays[text]
            case Gradient(_, letter) if letter in self.arrays:
                return self.arrays[letter]
            case Number("pi"):
                return sympy.pi if self._symbolic() else np.pi
            case Number(number):
                number = self.sizes[number] if isinstance(number, str) else number
                return sympy.Rational(number) if self._symbolic() else float(number)
            case Ones(size):
                return np.full(self._size(size), sympy.Integer(1) if self._symbolic() else 1.0)
            case Zeros(sizes):
                return np.full(tuple(map(self._size, sizes)), sympy.Integer(0) if self._symbolic() else 0.0)
            case Identity(size):
                return np.eye(self._size(size), dtype=int)
            case Kronecker(factors):
                return reduce(np.kron, map(self._upright_factor, factors))
            case Diagonal(operand, _):
                return np.diagflat(value(operand))
            case Transpose(operand):
                return value(operand).T
            case Negative(operand):
                return -value(operand)
            case Sum(terms):
                return reduce(np.add, map(value, terms))
            case MatMul(factors):
                return self._product(factors)
            case Product(factors) | Hadamard(factors):
                # NumPy's functions, not Python's operators: a polynomial would take an array for a number.
                return reduce(np.multiply, map(value, factors))
            case Inner(left, right):
                return sums.total(np.asarray(np.multiply(value(left), value(right))), None)
            case Quotient(over, under):
                return np.divide(value(over), value(under))
            case Power(base, exponent):
                power = value(exponent)
                return np.power(value(base), int(power) if power == int(power) else power)
            case SumAxis(operand, axis, _):
                return sums.total(np.asarray(value(operand)), axis)
            case Along(function, operand, axes, _, kept):
                return along(function, np.asarray(value(operand)), axes, kept=kept)
            case Permute(operand, axes):
                return np.transpose(value(operand), axes)
            case Broadcast(operand, axis, ""):
                return np.expand_dims(value(operand), axis)
            case Broadcast(operand, axis, size):
                return np.repeat(np.expand_dims(value(operand), axis), self._size(size), axis)
            case Greater(left, right):
                return call("step", np.subtract(value(left), value(right)))
            case AtLeast(left, right):
                return np.subtract(1, call("step", np.subtract(value(right), value(left))))
            case Where(condition, left, right):
                holds = value(condition)
                return np.multiply(holds, value(left)) + np.multiply(np.subtract(1, holds), value(right))
            case Equal(left, right):
                return call("equal", value(left), value(right))
            case Extreme(name, operand, axes):
                return extreme(name, np.asarray(value(operand)), axes)
            case MatrixCall(name, operand):
                return of_matrix(name, value(operand))
            case Call(function, operands):
                return call(function, *map(value, operands))
            case Einsum(pattern, factors):
                return sums.einsum(pattern, [np.asarray(value(factor)) for factor in factors])
            case Slice(operand, items):
                return value(operand)[tuple(map(self._item, items))]
            case Selection(counts, size, strides, offset):
                places = np.full((1,) * len(counts), self._size(offset))
                for axis, (count, stride) in enumerate(zip(counts, strides, strict=True)):
                    shape = [-1 if axis == other else 1 for other in range(len(counts))]
                    places = places + self._size(stride) * np.arange(self._size(count)).reshape(shape)
                return np.eye(self._size(size), dtype=int)[places]
            case OneHot(index, size):
                return one_hot(np.asarray(value(index)), self._size(size))
            case Take(operand, index, rows):
                array = np.asarray(value(operand))
                chosen = one_hot(np.asarray(value(index)), array.shape[1 if rows else 0])
                return np.sum(np.multiply(array, chosen), axis=1) if rows else np.tensordot(chosen, array, 1)
            case Pad(operand, widths):
                pairs = [(self._size(before), self._size(after)) for before, after in widths]
                zero = sympy.Integer(0) if self._symbolic() else 0.0
                return np.pad(value(operand), pairs, constant_values=zero)
            case Reshape(operand, shape):
                return np.reshape(value(operand), tuple(map(self._size, shape)))
            case Repeat(operand, times, axis, _):
                return np.repeat(value(operand), self._size(times), axis=axis)
            case Windows(operand, axes, window):
                view = np.lib.stride_tricks.sliding_window_view
                return view(value(operand), tuple(map(self._size, window)), axis=axes)
            case Concatenate(parts, axis, stacked):
                return (np.stack if stacked else np.concatenate)([value(part) for part in parts], axis=axis)
        raise InternalError(f"evaluation: no rule for notation of kind {type(tree).__name__}")

    def _upright_factor(self, factor: Tree) -> Array:
        """A factor of a Kronecker product: a vector is a column, or a row if it is transposed or vectors are rows."""
        array = self.value(factor)
        return np.atleast_2d(array) if self.rows or isinstance(factor, Transpose) else _column(array)

    def _product(self, factors: Sequence[Tree]) -> Array:
        values = self._upright(factors)
        result = values[0]
        for (before, factor), right in zip(pairwise(factors), values[1:], strict=True):
            # A vector and a transposed vector next to each other are an outer product, whichever of them is the column.
            outer = result.ndim == right.ndim == 1 and isinstance(factor, Transpose) != isinstance(before, Transpose)
            result = np.multiply.outer(result, right) if outer else sums.matmul(result, right)
        return result

    def _upright(self, factors: Sequence[Tree]) -> list[Array]:
        """The values of the factors; among matrices, ones are a column or, transposed, a row."""
        values = [self.value(factor) for factor in factors]
        turned = [factor.operand if isinstance(factor, Transpose) else factor for factor in factors]
        others = [value for value, factor in zip(values, turned, strict=True) if not isinstance(factor, Ones)]
        if not others or any(other.ndim != 2 for other in others):
            return values
        return [
            value if value.ndim == 2 else value.reshape((1, -1) if isinstance(factor, Transpose) else (-1, 1))
            for value, factor in zip(values, factors, strict=True)
        ]

    def _size(self, size: str) -> int:
        return evaluated(size, self.sizes)

    def _item(self, text: str) -> int | slice | None:
        """1:3 or -1, with sizes for letters."""
        if text == "None":
            return None
        if ":" not in text:
            return self._size(text)
        return slice(*(self._size(part) if part else None for part in text.split(":")))

    def _symbolic(self) -> bool:
        return any(array.dtype == object for array in self.arrays.values())


def _column(array: Array) -> Array:
    """A vector as a matrix with one column."""
    return array.reshape(-1, 1) if array.ndim == 1 else array
