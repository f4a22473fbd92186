"""Sums of products of arrays with exact entries: what NumPy computes with numbers, zeros left out and sums added once.

NumPy would multiply every zero, and add the terms of a sum one by one, which copies every partial sum of polynomials.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add, mul
from typing import Any

import numpy as np

from derive.forward.contraction import contracted
from derive.proof.ring import Element

__all__ = ["added", "einsum", "matmul", "total"]

Array = Any
"""A NumPy array of numbers, of SymPy scalars or of elements of a field."""


def added(values: Sequence[Any]) -> Any:
    """The sum of some values, one at least."""
    first = next((value for value in values if isinstance(value, Element)), None)
    return reduce(add, values) if first is None or len(values) == 1 else first.field.add(values)


def total(array: Array, axis: int | tuple[int, ...] | None, *, kept: bool = False) -> Array:
    """`np.sum(array, axis=axis, keepdims=kept)`."""
    if array.dtype != object:
        return np.sum(array, axis=axis, keepdims=kept)
    axes = tuple(range(array.ndim)) if axis is None else np.atleast_1d(axis) % max(array.ndim, 1)
    left = [size for place, size in enumerate(array.shape) if place not in axes]
    rows = np.moveaxis(array, axes, range(-len(axes), 0)).reshape(*left, -1)
    sums = np.empty(left, dtype=object)
    for place in np.ndindex(*left):
        sums[place] = added(rows[place].tolist()) if rows.shape[-1] else 0
    if kept:
        return sums.reshape([1 if place in axes else size for place, size in enumerate(array.shape)])
    return sums if left else sums[()]


def matmul(left: Array, right: Array) -> Array:
    """`left @ right`."""
    if object not in (left.dtype, right.dtype) or not 1 <= left.ndim <= 2 or not 1 <= right.ndim <= 2:
        return left @ right
    rows = "ab"[2 - left.ndim :]
    columns = "bc"[: right.ndim]
    return einsum(f"{rows},{columns}->{rows[:-1]}{columns[1:]}", [left, right])


def einsum(pattern: str, arrays: Sequence[Array]) -> Array:
    """`np.einsum(pattern, *arrays)`, for a pattern that says what its output is."""
    if all(array.dtype != object for array in arrays):
        return np.einsum(pattern, *arrays)
    rows, output = pattern.replace(" ", "").split("->")
    labels = [[ord(letter) for letter in row] for row in rows.split(",")]
    sizes = {
        label: size
        for row, array in zip(labels, arrays, strict=True)
        for label, size in zip(row, array.shape, strict=True)
    }
    factors = [(_nonzeros(array), row) for row, array in zip(labels, arrays, strict=True)]
    result: Array = np.full([sizes[ord(letter)] for letter in output], 0, dtype=object)
    found = contracted(factors, [ord(letter) for letter in output], count=int, total=added, times=mul)
    for place, value in found.items():
        result[place] = value
    return result


def _nonzeros(array: Array) -> dict[Any, Any]:
    """The entries that are not 0, None where they are 1."""
    if array.dtype == object:
        return {place: value for place, value in np.ndenumerate(array) if value}
    return {place: None if value == 1 else value.item() for place, value in np.ndenumerate(array) if value}
