"""NumPy's functions at arrays of numbers, of symbols or of elements of a field, each from its definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy
from sympy import Expr

from derive.errors import InternalError
from derive.forward.determinant import determinant, inverse
from derive.forward.functions import ELEMENTWISE, NUMERIC, clip, equal, largest, logabs, smallest, step
from derive.forward.nodes import placeholder
from derive.proof import sums
from derive.proof.ring import Element

__all__ = ["Array", "along", "call", "extreme", "of_matrix", "one_hot"]


Array = Any
"""A NumPy array of numbers or of SymPy scalars."""


def call(function: str, *operands: Array) -> Array:
    """A scalar function, entry by entry."""
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


def along(function: str, array: Array, axes: tuple[int, ...] | None, *, kept: bool) -> Array:
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
        return variance if function == "var" else call("sqrt", variance)
    if function == "norm":
        return call("sqrt", total(np.power(array, 2)))
    # What is largest is subtracted from numbers, so that they do not overflow; symbols do not.
    top = 0 if array.dtype == object else np.max(array, axis=axes, keepdims=True)
    powers = call("exp", np.subtract(array, top))
    if function == "softmax":
        return np.divide(powers, total(powers, keepdims=True))
    logarithm = np.add(call("log", total(powers, keepdims=True)), top)
    if function == "log_softmax":
        return np.subtract(array, logarithm)
    if function == "logsumexp":
        return logarithm if kept else np.squeeze(logarithm, axis=axes)
    raise InternalError(f"evaluation: no rule for the function {function} along axes")


def one_hot(index: Array, size: int) -> Array:
    """Rows of the identity matrix; of entries that are symbols, whether they are equal to the number of the column."""
    if index.dtype != object:
        return np.eye(size)[index.astype(int)]
    return _exact(equal, (index[..., None], np.array([sympy.Integer(n) for n in range(size)])))


def extreme(name: str, array: Array, axes: tuple[int, ...] | None) -> Array:
    """The largest or smallest entry (max, min) along axes, or of all entries."""
    if array.dtype != object:
        return (np.max if name == "max" else np.min)(array, axis=axes)
    gone = tuple(range(array.ndim)) if axes is None else axes
    rows = np.moveaxis(array, gone, range(-len(gone), 0)).reshape(
        *(size for axis, size in enumerate(array.shape) if axis not in gone), -1
    )
    function = largest if name == "max" else smallest
    return _exact(function, np.moveaxis(rows, -1, 0))


def of_matrix(name: str, matrix: Array) -> Array:
    """diag, inv, det or logdet of a matrix."""
    if name == "diag":
        return np.diag(matrix)
    if matrix.dtype != object:
        return np.linalg.slogdet(matrix)[1] if name == "logdet" else getattr(np.linalg, name)(matrix)
    rows = matrix.tolist()
    if name == "inv":
        return np.array(inverse(rows), dtype=object).reshape(matrix.shape)
    return determinant(rows) if name == "det" else _exact(logabs, (np.array(determinant(rows), dtype=object),))[()]
