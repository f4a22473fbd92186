"""NumPy's functions on arrays of exact scalars.

What only moves entries is done by NumPy itself on the arrays of objects; what computes is written here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial, reduce
from math import prod as count_of
from typing import Any

import numpy as np
import sympy
from mpmath import isfinite, isinf, isnan, mpf

from derive.checking.sheet import Picked, Sheet, objects
from derive.errors import UnsupportedError
from derive.forward.functions import ELEMENTWISE, sigmoid, step
from derive.forward.nodes import placeholder

__all__ = ["FUNCTIONS", "METHODS", "UFUNCS", "called", "is_real", "method", "ufunc"]

Axis = Any

_SCALAR: dict[str, Callable[..., Any]] = {
    **ELEMENTWISE,
    "expit": sigmoid,
    "logaddexp": lambda a, b: sympy.log(sympy.exp(a) + sympy.exp(b)),
    "exp2": lambda x: sympy.exp(x * sympy.log(2)),
    "log2": lambda x: sympy.log(x) / sympy.log(2),
    "log10": lambda x: sympy.log(x) / sympy.log(10),
    "fmax": ELEMENTWISE["maximum"],
    "fmin": ELEMENTWISE["minimum"],
    "cbrt": lambda x: ELEMENTWISE["sign"](x) * ELEMENTWISE["abs"](x) ** sympy.Rational(1, 3),
}
"""Elementwise functions."""

_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "true_divide": operator.truediv,
    "matmul": operator.matmul,
    "power": operator.pow,
    "float_power": operator.pow,
    "negative": operator.neg,
    "positive": operator.pos,
    "absolute": operator.abs,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "invert": operator.invert,
    "logical_and": lambda a, b: a.truth() & b.truth(),
    "logical_or": lambda a, b: a.truth() | b.truth(),
    "logical_xor": lambda a, b: a.truth() ^ b.truth(),
    "logical_not": lambda a: ~a.truth(),
}


_DOUBLE = 8


def is_real(kind: Any) -> bool:
    """Whether the type of an array's entries is that of real numbers, with the digits of float at least."""
    if kind is None or (isinstance(kind, type) and issubclass(kind, float)):
        return True
    try:
        found = np.dtype(kind)
        return bool(found.kind == "f" and found.itemsize >= _DOUBLE)
    except TypeError:
        return False


def ufunc(anchor: Sheet, function: Any, method: str, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    """A function of NumPy's that works entry by entry, or one of its methods."""
    name, out = function.__name__, options.pop("out", None)
    if not is_real(options.pop("dtype", None)) or options.get("where") is not None:
        raise UnsupportedError(f"np.{name} with dtype= or where= is not supported on symbols")
    match method:
        case "__call__" if not options:
            made = _at_entries(anchor, name, arguments)
        case "reduce" if name in _REDUCED:
            made = called(anchor, _REDUCED[name], arguments, {"axis": 0, **options})
        case "at" if name in ("add", "subtract", "multiply") and isinstance(arguments[0], Sheet):
            return _at(name, *arguments)
        case "outer" if name in _OPERATORS and len(arguments) == 2:
            left, right = map(anchor.of, arguments)
            left = left.view(left.data.reshape(left.shape + (1,) * right.ndim))
            made = _at_entries(anchor, name, (left, right))
        case _:
            raise UnsupportedError(f"np.{name}.{method} with these arguments is not supported on symbols")
    if out is None:
        return made
    (target,) = out if isinstance(out, tuple) else (out,)
    if not isinstance(target, Sheet):
        raise UnsupportedError("out= of another kind of array is not supported on symbols")
    return target.changed(made)


_REDUCED = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all"}


_QUESTIONS: dict[str, Callable[[Any], bool]] = {"isfinite": isfinite, "isinf": isinf, "isnan": isnan}

_UNBOUNDED = {"maximum": -np.inf, "fmax": -np.inf, "minimum": np.inf, "fmin": np.inf}
"""Functions of two numbers, and what the other one is never exceeded by."""


def _is_no_bound(argument: Any, infinite: float) -> bool:
    return isinstance(argument, float) and argument == infinite


def _at_entries(anchor: Sheet, name: str, arguments: Sequence[Any]) -> Any:
    if name in _OPERATORS:
        first, *rest = (anchor.of(argument) for argument in arguments)
        return _OPERATORS[name](first, *rest)
    if name in _QUESTIONS:
        return _asked(anchor, name, *arguments)
    if name not in _SCALAR:
        raise UnsupportedError(f"np.{name} is not supported on symbols")
    if name in _UNBOUNDED and (kept := [a for a in arguments if not _is_no_bound(a, _UNBOUNDED[name])]) != [*arguments]:
        return anchor.of(kept[0])
    if name == "heaviside":
        x, at = (anchor.of(argument) for argument in arguments)
        return anchor.applied(ELEMENTWISE["heaviside"](placeholder(0), placeholder(1)), x, at)
    return anchor.applied(_SCALAR[name](*(placeholder(n) for n in range(len(arguments)))), *arguments)


def _at(name: str, target: Sheet, index: Any, value: Any) -> None:
    """np.add.at: entries that are named several times are changed several times."""
    places = np.arange(target.size).reshape(target.shape)
    items = tuple(index) if isinstance(index, list | tuple) else index
    if any(isinstance(item, Sheet) for item in (items if isinstance(items, tuple) else (items,))):
        raise UnsupportedError("np.add.at with places that are computed from real numbers is not supported on symbols")
    chosen = places[items]
    given = np.broadcast_to(target.of(value).data, np.shape(chosen))
    operate = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul}[name]
    for number, change in zip(np.ravel(chosen), given.ravel(), strict=True):
        place = np.unravel_index(int(number), target.shape)
        target.data[place] = operate(target.data[place], change)


def called(anchor: Sheet, name: str, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    """A function of NumPy's of whole arrays.

    Raises: UnsupportedError if it is not among those that are supported.
    """
    anchor.scalars.budget.check()
    if any(isinstance(argument, Picked) for argument in arguments):
        raise UnsupportedError(f"np.{name} of the entries that a mask picks is not supported on symbols")
    if name in _MOVES:
        return _moved(anchor, name, arguments, options)
    if name not in _COMPUTES:
        raise UnsupportedError(f"np.{name} is not supported on symbols")
    if not is_real(options.pop("dtype", None)):
        raise UnsupportedError(f"np.{name} with a dtype that is not float is not supported on symbols")
    return _COMPUTES[name](anchor, *arguments, **options)


def method(array: Sheet, name: str) -> Callable[..., Any]:
    """A method of an array, mostly the function of this name."""
    if name in _METHODS:
        return partial(_METHODS[name], array)
    if name in _AS_METHODS:
        return partial(_as_method, array, name)
    raise UnsupportedError(f".{name} is not supported on symbols")


def _as_method(array: Sheet, name: str, *arguments: Any, **options: Any) -> Any:
    if name in ("reshape", "transpose") and len(arguments) > 1:
        arguments = (arguments,)
    return called(array, name, (array, *arguments), options)


def _moved(anchor: Sheet, name: str, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    """NumPy's function on the arrays of objects; whatever numbers it adds become scalars."""
    masks: list[bool] = []

    def plain(value: Any) -> Any:
        if isinstance(value, Sheet):
            masks.append(value.mask)
            return value.data
        if isinstance(value, list | tuple):
            return type(value)(map(plain, value))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            masks.append(False)
            return anchor.of(value).data
        return value

    found = getattr(np, name)(*map(plain, arguments), **{key: plain(value) for key, value in options.items()})

    def lifted(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(map(lifted, value))
        data = objects(value)
        if not all(anchor.scalars.is_entry(entry) for entry in data.ravel()):
            data = data.copy()
            for place, entry in np.ndenumerate(data):
                data[place] = entry if anchor.scalars.is_entry(entry) else anchor.scalars.number(entry)
        return Sheet(data, anchor.scalars, mask=bool(masks) and all(masks) and name not in _SUMS)

    return lifted(found)


_SUMS = ("cumsum", "diff", "dot", "einsum", "inner", "kron", "outer", "tensordot", "trace", "vdot")

_MOVES = frozenset(
    (
        *("array_split", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "column_stack"),
        *(
            "concatenate",
            "cumsum",
            "diag",
            "diagflat",
            "diagonal",
            "diff",
            "dot",
            "dstack",
            "einsum",
            "expand_dims",
            "flip",
        ),
        *("fliplr", "flipud", "hsplit", "hstack", "inner", "kron", "moveaxis", "outer", "pad", "ravel", "repeat"),
        *("reshape", "roll", "rollaxis", "rot90", "split", "squeeze", "stack", "swapaxes", "take", "tensordot", "tile"),
        *("take_along_axis", "trace", "transpose", "tril", "triu", "vdot", "vsplit", "vstack", "append"),
        *("permute_dims", "concat", "matrix_transpose"),
    )
)

_AS_METHODS = (
    *("all", "any", "argmax", "argmin", "clip", "cumsum", "diagonal", "dot", "max", "mean", "min", "prod", "ravel"),
    *("repeat", "reshape", "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var"),
)


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


def _where(anchor: Sheet, condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None:
        decided = anchor.decided(condition)
        return np.where(decided)
    mask, yes, no = (anchor.of(value) for value in (condition, x, y))
    return anchor.chosen(mask.truth(), yes, no)


def _clip(anchor: Sheet, a: Any, a_min: Any = None, a_max: Any = None, **options: Any) -> Sheet:
    low, high = options.get("min", a_min), options.get("max", a_max)
    array = anchor.of(a)
    if low is not None:
        array = _at_entries(anchor, "maximum", (array, low))
    return array if high is None else _at_entries(anchor, "minimum", (array, high))


def _like(number: float, anchor: Sheet, a: Any, shape: Any = None) -> Sheet:
    array = anchor.of(a)
    if array.mask:
        raise UnsupportedError("an array like one of truth values is not supported on symbols; give its shape")
    made = np.empty(array.shape if shape is None else shape, dtype=object)
    made[...] = anchor.scalars.number(number)
    return anchor.numbers(made)


def _undefined(anchor: Sheet, array: Sheet) -> Sheet:
    """np.empty_like: nobody knows what it holds."""
    made = _like(0.0, anchor, array)
    for place in np.ndindex(made.shape):
        made.data[place] = anchor.scalars.undefined()
    return made


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


def _array_equal(anchor: Sheet, a: Any, b: Any) -> Any:
    left, right = anchor.of(a), anchor.of(b)
    return left.shape == right.shape and _all(anchor, left == right)


def _is_close(anchor: Sheet, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8) -> Sheet:
    left, right = anchor.of(a), anchor.of(b)
    return abs(left - right) <= atol + rtol * abs(right)


def _average(anchor: Sheet, a: Any, axis: Axis = None, weights: Any = None) -> Sheet:
    if weights is not None:
        raise UnsupportedError("np.average with weights is not supported on symbols; write the sum")
    return _mean(anchor, a, axis)


def _copied(anchor: Sheet, a: Any, *order: Any, **options: Any) -> Sheet:
    array = anchor.of(a)
    return array.view(array.data.copy())


def _copy_to(anchor: Sheet, target: Any, value: Any, casting: str = "same_kind", where: Any = True) -> None:
    if not isinstance(target, Sheet) or casting != "same_kind":
        raise UnsupportedError("np.copyto into another kind of array is not supported on symbols")
    target[...] = value if where is True else _where(anchor, where, value, target)


def _select(anchor: Sheet, conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Sheet:
    """np.select: what the first condition that holds chooses."""
    chosen = anchor.of(default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        chosen = _where(anchor, condition, choice, chosen)
    return chosen


def _asked(anchor: Sheet, name: str, a: Any) -> Sheet:
    """np.isnan and its like, of numbers; symbols are real wherever they have a value, and nobody knows where not."""
    array = anchor.of(a)
    if not all(isinstance(entry, mpf) for entry in array.data.ravel()):
        raise UnsupportedError(f"np.{name} is not supported on symbols")
    made = np.empty(array.shape, dtype=object)
    for place, entry in np.ndenumerate(array.data):
        made[place] = anchor.scalars.number(int(_QUESTIONS[name](entry)))
    return anchor.truths(made)


def _put_along(anchor: Sheet, array: Any, indices: Any, values: Any, axis: int) -> None:
    if not isinstance(array, Sheet) or isinstance(indices, Sheet):
        raise UnsupportedError("np.put_along_axis of these arrays is not supported on symbols")
    given = np.broadcast_to(anchor.of(values).data, indices.shape)
    np.put_along_axis(array.data, indices, given, axis)


def _windows(anchor: Sheet, x: Any, window_shape: Any, axis: Axis = None, **options: Any) -> Sheet:
    array = anchor.of(x)
    return array.view(np.lib.stride_tricks.sliding_window_view(array.data, window_shape, axis=axis, **options))


def _fill(anchor: Sheet, value: Any) -> None:
    anchor[...] = value


def _cast(anchor: Sheet, kind: Any, **options: Any) -> Sheet:
    # Truth values as whole numbers are 0 and 1 as well; fractions would be cut off.
    if not (is_real(kind) or (anchor.mask and kind is int)):
        raise UnsupportedError(f".astype({kind}) is not supported on symbols; give float")
    if options.get("copy") is False and not anchor.mask:
        return anchor
    return anchor.numbers(anchor.data.copy())


def _flattened(anchor: Sheet, *order: Any) -> Sheet:
    return anchor.view(anchor.data.flatten(*order))


def _item(anchor: Sheet, *place: int) -> Sheet:
    return anchor.view(objects(anchor.data.item(*place)))


def _inverse(anchor: Sheet, a: Any) -> Sheet:
    from derive.forward.determinant import inverse  # deferred: few layers need it

    array = anchor.of(a)
    return anchor.numbers(np.array(inverse(array.data.tolist()), dtype=object).reshape(array.shape))


def _determinant(anchor: Sheet, a: Any) -> Sheet:
    from derive.forward.determinant import determinant  # deferred: few layers need it

    return anchor.numbers(determinant(anchor.of(a).data.tolist()))


_COMPUTES: dict[str, Callable[..., Any]] = {
    "all": _all,
    "allclose": lambda anchor, a, b, **o: _all(anchor, _is_close(anchor, a, b, **o)),
    "amax": partial(_extreme, "max"),
    "amin": partial(_extreme, "min"),
    "any": _any,
    "argmax": partial(_argument, 1),
    "argmin": partial(_argument, -1),
    "array_equal": _array_equal,
    "average": _average,
    "clip": _clip,
    "copy": _copied,
    "copyto": _copy_to,
    "det": _determinant,
    "empty_like": lambda anchor, a: _undefined(anchor, anchor.of(a)),
    "full_like": lambda anchor, a, value: _like(0.0, anchor, a) + value,
    "inv": _inverse,
    "isclose": _is_close,
    "max": partial(_extreme, "max"),
    "mean": _mean,
    "min": partial(_extreme, "min"),
    "ndim": lambda anchor, a: a.ndim,
    "norm": _norm,
    "ones_like": partial(_like, 1.0),
    "prod": _prod,
    "ptp": lambda anchor, a, axis=None, **o: (
        _extreme("max", anchor, a, axis, **o) - _extreme("min", anchor, a, axis, **o)
    ),
    "put_along_axis": _put_along,
    "select": _select,
    "shape": lambda anchor, a: a.shape,
    "size": lambda anchor, a, axis=None: a.size if axis is None else a.shape[axis],
    "sliding_window_view": _windows,
    "solve": lambda anchor, a, b: _inverse(anchor, a) @ b,
    "std": _std,
    "sum": _sum,
    "var": _var,
    "where": _where,
    "zeros_like": partial(_like, 0.0),
}

_METHODS: dict[str, Callable[..., Any]] = {
    "astype": _cast,
    "copy": lambda array, *order: _copied(array, array),
    "fill": _fill,
    "flatten": _flattened,
    "item": _item,
    "tolist": lambda array: [list(row) if array.ndim > 1 else row for row in array],
}

FUNCTIONS = tuple(sorted({*_MOVES, *_COMPUTES}))
"""Functions of whole arrays that are supported, by NumPy's name."""

METHODS = tuple(sorted({*_AS_METHODS, *_METHODS}))
"""Methods of arrays."""

UFUNCS = tuple(sorted(name for name in {*_SCALAR, *_OPERATORS} if isinstance(getattr(np, name, None), np.ufunc)))
"""Functions that work entry by entry."""
