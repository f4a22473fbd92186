"""Evaluates notation: the trees that are printed, with the entries of arrays in the place of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import sympy
from sympy import Expr

from derive.engine.tables import EntryTable
from derive.errors import InternalError
from derive.forward.determinant import determinant, inverse
from derive.forward.formula import Formula
from derive.forward.functions import ELEMENTWISE, NUMERIC, clip, equal, largest, logabs, smallest, step
from derive.forward.layer import Samples
from derive.forward.nodes import placeholder
from derive.forward.shape import evaluated
from derive.frozen import dataclass
from derive.notation.tree import (
    Along,
    AtLeast,
    Broadcast,
    Call,
    Concatenate,
    Diagonal,
    Einsum,
    Equal,
    Explicit,
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
)
from derive.proof import sums
from derive.proof.ring import Element

__all__ = ["Array", "Entries", "evaluate", "named", "nonzeros", "value_of"]

Array = Any
"""A NumPy array of numbers or of SymPy scalars."""

Entries = Mapping[tuple[int, int], Expr]
"""The entries of a matrix that are not zero."""


def evaluate(tree: Tree, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """The value of a formula, whose names are those of the arrays (the upstream gradient goes by its letter).

    Shapes: as NumPy gives them.
    Raises: InternalError for notation that has no value.
    """
    return _Evaluation(arrays, sizes).value(tree)


def named(formula: Formula, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> dict[str, Array]:
    """The arrays, and the values of all names that a formula uses, each evaluated from its printed definition."""
    known = dict(arrays)
    for definition in formula.definitions:
        known[definition.text] = evaluate(definition.tree, known, sizes)
    return known


def value_of(formula: Formula, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """The value of a formula, its definitions evaluated first.

    Shapes: that of the input.
    """
    return evaluate(formula.tree, named(formula, arrays, sizes), sizes)


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
                return _along(function, np.asarray(value(operand)), axes, kept=kept)
            case Permute(operand, axes):
                return np.transpose(value(operand), axes)
            case Broadcast(operand, axis, ""):
                return np.expand_dims(value(operand), axis)
            case Broadcast(operand, axis, size):
                return np.repeat(np.expand_dims(value(operand), axis), self._size(size), axis)
            case Greater(left, right):
                return _call("step", np.subtract(value(left), value(right)))
            case AtLeast(left, right):
                return np.subtract(1, _call("step", np.subtract(value(right), value(left))))
            case Where(condition, left, right):
                holds = value(condition)
                return np.multiply(holds, value(left)) + np.multiply(np.subtract(1, holds), value(right))
            case Equal(left, right):
                return _call("equal", value(left), value(right))
            case Extreme(name, operand, axes):
                return _extreme(name, np.asarray(value(operand)), axes)
            case MatrixCall(name, operand):
                return _of_matrix(name, value(operand))
            case Call(function, operands):
                return _call(function, *map(value, operands))
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
                return _one_hot(np.asarray(value(index)), self._size(size))
            case Take(operand, index, rows):
                array = np.asarray(value(operand))
                chosen = _one_hot(np.asarray(value(index)), array.shape[1 if rows else 0])
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


def _call(function: str, *operands: Array) -> Array:
    if any(np.asarray(operand).dtype == object for operand in operands):
        return _exact({"clip": clip, "equal": equal, "step": step, **ELEMENTWISE}[function], operands)
    numeric = NUMERIC.get(function) or getattr(np, function)
    return np.asarray(numeric(*operands))


def _exact(function: Callable[..., Expr], operands: Sequence[Array]) -> Array:
    """The function at symbols or at elements of a field, entry by entry."""
    arrays = np.broadcast_arrays(*operands)
    result = np.empty(arrays[0].shape, dtype=object)
    for place in np.ndindex(result.shape):
        entries: list[Any] = [array[place] for array in arrays]
        field = next((entry.field for entry in entries if isinstance(entry, Element)), None)
        if field is None:
            result[place] = function(*entries)
        else:
            places = [placeholder(p) for p in range(len(entries))]
            result[place] = field.apply(function(*places), [field.element(entry) for entry in entries])
    return result


def _along(function: str, array: Array, axes: tuple[int, ...] | None, *, kept: bool) -> Array:
    """A function along axes, from its definition."""
    axes = tuple(range(array.ndim)) if axes is None else axes
    count = int(np.prod([array.shape[axis] for axis in axes]))

    def total(values: Array, keepdims: bool = kept) -> Array:
        return np.asarray(sums.total(np.asarray(values), axes, kept=keepdims))

    def mean(values: Array, keepdims: bool = kept) -> Array:
        return np.multiply(total(values, keepdims), sympy.Rational(1, count) if array.dtype == object else 1 / count)

    if function in ("sum", "mean"):
        return total(array) if function == "sum" else mean(array)
    if function in ("var", "std"):
        distance = np.subtract(array, mean(array, keepdims=True))
        variance = mean(np.power(distance, 2))
        return variance if function == "var" else _call("sqrt", variance)
    if function == "norm":
        return _call("sqrt", total(np.power(array, 2)))
    # What is largest is subtracted from numbers, so that they do not overflow; symbols do not.
    top = 0 if array.dtype == object else np.max(array, axis=axes, keepdims=True)
    powers = _call("exp", np.subtract(array, top))
    if function == "softmax":
        return np.divide(powers, total(powers, keepdims=True))
    logarithm = np.add(_call("log", total(powers, keepdims=True)), top)
    if function == "log_softmax":
        return np.subtract(array, logarithm)
    if function == "logsumexp":
        return logarithm if kept else np.squeeze(logarithm, axis=axes)
    raise InternalError(f"evaluation: no rule for the function {function} along axes")


def _one_hot(index: Array, size: int) -> Array:
    """Rows of the identity matrix; of entries that are symbols, whether they are equal to the number of the column."""
    if index.dtype != object:
        return np.eye(size)[index.astype(int)]
    return _exact(equal, (index[..., None], np.array([sympy.Integer(n) for n in range(size)])))


def _extreme(name: str, array: Array, axes: tuple[int, ...] | None) -> Array:
    if array.dtype != object:
        return (np.max if name == "max" else np.min)(array, axis=axes)
    gone = tuple(range(array.ndim)) if axes is None else axes
    rows = np.moveaxis(array, gone, range(-len(gone), 0)).reshape(
        *(size for axis, size in enumerate(array.shape) if axis not in gone), -1
    )
    function = largest if name == "max" else smallest
    return _exact(function, np.moveaxis(rows, -1, 0))


def _of_matrix(name: str, matrix: Array) -> Array:
    if name == "diag":
        return np.diag(matrix)
    if matrix.dtype != object:
        return np.linalg.slogdet(matrix)[1] if name == "logdet" else getattr(np.linalg, name)(matrix)
    rows = matrix.tolist()
    if name == "inv":
        return np.array(inverse(rows), dtype=object).reshape(matrix.shape)
    return determinant(rows) if name == "det" else _exact(logabs, (np.array(determinant(rows), dtype=object),))[()]


def nonzeros(
    side: Tree, arrays: Mapping[str, Array], sizes: Mapping[str, int], *, samples: Samples = "rows"
) -> Entries:
    """The entries that are not zero of one side of a step: a matrix written out, a product of such, or a formula.

    A formula whose value is a vector is a row, or a column where samples are columns.
    """
    if isinstance(side, Explicit):
        assert isinstance(side.table, EntryTable)
        return side.table.nonzeros()
    if isinstance(side, MatMul) and isinstance(side.factors[0], Explicit):
        result = nonzeros(side.factors[0], arrays, sizes)
        for factor in side.factors[1:]:
            result = _multiply(result, nonzeros(factor, arrays, sizes))
        return result
    if isinstance(side, Hadamard) and isinstance(side.factors[0], Explicit):
        return reduce(_elementwise, (nonzeros(factor, arrays, sizes, samples=samples) for factor in side.factors))
    if isinstance(side, Inner) and isinstance(side.left, Explicit):
        return _total(nonzeros(Hadamard((side.left, side.right)), arrays, sizes, samples=samples))
    if isinstance(side, SumAxis) and isinstance(side.operand, Explicit) and side.axis is None:
        return _total(nonzeros(side.operand, arrays, sizes, samples=samples))
    dense = np.atleast_1d(np.asarray(_Evaluation(arrays, sizes, samples == "one").value(side), dtype=object))
    dense = dense.reshape(-1, 1 if samples == "columns" and dense.ndim == 1 else dense.shape[-1])
    return {(int(i), int(j)): entry for (i, j), entry in np.ndenumerate(dense) if entry != 0}


def _elementwise(left: Entries, right: Entries) -> Entries:
    """The product of two sparse matrices entry by entry."""
    few, many = sorted((left, right), key=len)
    return {place: value * many[place] for place, value in few.items() if place in many}


def _total(entries: Entries) -> Entries:
    """The sum of all entries, as a matrix with one entry."""
    return {(0, 0): sums.added(list(entries.values()))} if entries else {}


def _multiply(left: Entries, right: Entries) -> Entries:
    """The product of two sparse matrices."""
    rows: dict[int, list[tuple[int, Expr]]] = {}
    for (k, j), value in right.items():
        rows.setdefault(k, []).append((j, value))
    terms: dict[tuple[int, int], list[Expr]] = {}
    for (i, k), value in left.items():
        for j, factor in rows.get(k, ()):
            terms.setdefault((i, j), []).append(value * factor)
    return {place: sums.added(products) for place, products in terms.items()}
