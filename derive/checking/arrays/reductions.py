"""NumPy's functions that make one number out of many, on arrays of exact scalars."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial, reduce
from math import prod as count_of
from typing import Any

import numpy as np
import sympy

from derive.checking.arrays.sheet import Sheet
from derive.errors import UnsupportedError
from derive.forward.functions import step
from derive.forward.nodes import placeholder

__all__ = ["REDUCTIONS"]


Axis = Any


def _axes(array: Sheet, axis: Axis) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(array.ndim))
    items = axis if isinstance(axis, tuple) else (axis,)
    for item in items:
        if not -array.ndim <= item < array.ndim:
            raise np.exceptions.AxisError(item, array.ndim)
    return tuple(item % array.ndim for item in items)


def _sum(anchor: Sheet, a: Any, axis: Axis = None, *, keepdims: bool = False, out: Any = None) -> Sheet:
    if out is not None:
        raise UnsupportedError("np.sum with out= is not supported on symbols")
    array = anchor.of(a)
    axes = _axes(array, axis)
    # What NumPy makes of nothing is its own 0.
    nothing = {} if array.size else {"initial": anchor.scalars.number(0)}
    return anchor.numbers(np.sum(array.data, axis=axes, keepdims=keepdims, **nothing)) if axes else array


def _count(array: Sheet, axis: Axis) -> int:
    return count_of(array.shape[place] for place in _axes(array, axis))


def _mean(anchor: Sheet, a: Any, axis: Axis = None, *, keepdims: bool = False) -> Sheet:
    array = anchor.of(a)
    return _sum(anchor, array, axis, keepdims=keepdims) / _count(array, axis)


def _var(anchor: Sheet, a: Any, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Sheet:
    array = anchor.of(a)
    distance = array - _mean(anchor, array, axis, keepdims=True)
    return _sum(anchor, distance * distance, axis, keepdims=keepdims) / (_count(array, axis) - ddof)


def _std(anchor: Sheet, a: Any, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Sheet:
    return _root(_var(anchor, a, axis, ddof=ddof, keepdims=keepdims))


def _root(array: Sheet) -> Sheet:
    return array.applied(sympy.sqrt(placeholder(0)), array)


def _prod(anchor: Sheet, a: Any, axis: Axis = None, *, keepdims: bool = False) -> Sheet:
    array = anchor.of(a)
    return _along(array, axis, lambda entries: reduce(operator.mul, entries), keepdims=keepdims)


def _along(array: Sheet, axis: Axis, function: Callable[[Sequence[Any]], Any], *, keepdims: bool = False) -> Sheet:
    """A function of the entries along the axes."""
    axes = _axes(array, axis)
    kept = [place for place in range(array.ndim) if place not in axes]
    shape = tuple(1 if place in axes else size for place, size in enumerate(array.shape))
    made = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        where = tuple(slice(None) if p in axes else n for p, n in enumerate(place))
        made[place] = function(list(array.data[where].ravel() if axes else [array.data[where]]))
    return array.numbers(made if keepdims else made.reshape(tuple(array.shape[p] for p in kept)))


def _extreme(name: str, anchor: Sheet, a: Any, axis: Axis = None, *, keepdims: bool = False) -> Sheet:
    return _along(anchor.of(a), axis, partial(anchor.scalars.extreme, name), keepdims=keepdims)


def _argument(sign: int, anchor: Sheet, a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The place of the largest, by comparisons that are decided branch by branch."""
    array = anchor.of(a)
    scalars, function = array.scalars, step(placeholder(0) - placeholder(1))

    def place(entries: Sequence[Any]) -> int:
        best = 0
        for number in range(1, len(entries)):
            pair = (entries[number], entries[best]) if sign > 0 else (entries[best], entries[number])
            best = number if scalars.decide(scalars.apply(function, pair)) else best
        return best

    if axis is None:
        return place(list(array.data.ravel()))
    return _along(array, axis, place, keepdims=keepdims).data.astype(int)


def _norm(anchor: Sheet, x: Any, ord: Any = None, axis: Axis = None, *, keepdims: bool = False) -> Sheet:
    array = anchor.of(x)
    vectors = array.ndim == 1 or isinstance(axis, int)
    if ord in (None, "fro") or (ord == 2 and vectors):
        return _root(_sum(anchor, array * array, axis, keepdims=keepdims))
    if ord == 1 and vectors:
        return _sum(anchor, abs(array), axis, keepdims=keepdims)
    raise UnsupportedError(f"np.linalg.norm with ord={ord!r} is not supported on symbols")


def _all(anchor: Sheet, a: Any, axis: Axis = None, *, keepdims: bool = False) -> Sheet:
    truths = anchor.of(a).truth()
    return anchor.truths(_prod(anchor, truths.numbers(truths.data), axis, keepdims=keepdims).data)


def _any(anchor: Sheet, a: Any, axis: Axis = None, *, keepdims: bool = False) -> Sheet:
    return ~_all(anchor, ~anchor.of(a).truth(), axis, keepdims=keepdims)


def _average(anchor: Sheet, a: Any, axis: Axis = None, weights: Any = None) -> Sheet:
    if weights is not None:
        raise UnsupportedError("np.average with weights is not supported on symbols; write the sum")
    return _mean(anchor, a, axis)


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "all": _all,
    "amax": partial(_extreme, "max"),
    "amin": partial(_extreme, "min"),
    "any": _any,
    "argmax": partial(_argument, 1),
    "argmin": partial(_argument, -1),
    "average": _average,
    "max": partial(_extreme, "max"),
    "mean": _mean,
    "min": partial(_extreme, "min"),
    "norm": _norm,
    "prod": _prod,
    "ptp": lambda anchor, a, axis=None, **o: (
        _extreme("max", anchor, a, axis, **o) - _extreme("min", anchor, a, axis, **o)
    ),
    "std": _std,
    "sum": _sum,
    "var": _var,
}
"""By NumPy's name."""
