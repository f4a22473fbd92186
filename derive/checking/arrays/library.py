"""NumPy's functions on arrays of exact scalars.

What only moves entries is done by NumPy itself on the arrays of objects; what computes is written here, but for what
works entry by entry (`elementwise`) or makes one number out of many (`reductions`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from derive.checking.arrays.elementwise import OPERATORS, accumulate, at_entries
from derive.checking.arrays.parts import Picked, chosen, decided
from derive.checking.arrays.reductions import REDUCTIONS
from derive.checking.arrays.sheet import Sheet, objects
from derive.errors import UnsupportedError

__all__ = ["FUNCTIONS", "METHODS", "called", "is_real", "method", "ufunc"]


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
            made = at_entries(anchor, name, arguments)
        case "reduce" if name in _REDUCED:
            made = called(anchor, _REDUCED[name], arguments, {"axis": 0, **options})
        case "at" if name in ("add", "subtract", "multiply") and isinstance(arguments[0], Sheet):
            return accumulate(name, *arguments)
        case "outer" if name in OPERATORS and len(arguments) == 2:
            left, right = map(anchor.of, arguments)
            left = left.view(left.data.reshape(left.shape + (1,) * right.ndim))
            made = at_entries(anchor, name, (left, right))
        case _:
            raise UnsupportedError(f"np.{name}.{method} with these arguments is not supported on symbols")
    if out is None:
        return made
    (target,) = out if isinstance(out, tuple) else (out,)
    if not isinstance(target, Sheet):
        raise UnsupportedError("out= of another kind of array is not supported on symbols")
    return target.changed(made)


_REDUCED = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all"}


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
    others: list[bool] = []

    def plain(value: Any) -> Any:
        if isinstance(value, Sheet):
            masks.append(value.mask)
            return value.data
        if isinstance(value, list | tuple):
            return type(value)(map(plain, value))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            masks.append(False)
            return anchor.of(value).data
        if isinstance(value, np.ndarray):
            others.append(value.dtype.kind == "b")
        return value

    plain_arguments, plain_options = plain(list(arguments)), {key: plain(value) for key, value in options.items()}
    if name in _OF_TRUTHS and all(masks + others):
        raise UnsupportedError(f"np.{name} of truth values, which is no sum in NumPy, is not supported on symbols")
    found = getattr(np, name)(*plain_arguments, **plain_options)

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

_OF_TRUTHS = ("diff", "dot", "einsum", "inner", "tensordot", "vdot")
"""Of truth values these give truth values: whether any product holds, or whether neighbours differ."""

_MOVES = frozenset(
    (
        *("array_split", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "column_stack"),
        *("concatenate", "cumsum", "diag", "diagflat", "diagonal", "diff", "dot", "dstack", "einsum", "expand_dims"),
        *(
            "flip",
            "fliplr",
            "flipud",
            "hsplit",
            "hstack",
            "inner",
            "kron",
            "moveaxis",
            "outer",
            "pad",
            "ravel",
            "repeat",
        ),
        *("reshape", "roll", "rollaxis", "rot90", "split", "squeeze", "stack", "swapaxes", "take", "tensordot", "tile"),
        *("take_along_axis", "trace", "transpose", "tril", "triu", "vdot", "vsplit", "vstack", "append"),
        *("permute_dims", "concat", "matrix_transpose"),
    )
)

_AS_METHODS = (
    *("all", "any", "argmax", "argmin", "clip", "cumsum", "diagonal", "dot", "max", "mean", "min", "prod", "ravel"),
    *("repeat", "reshape", "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var"),
)


def _where(anchor: Sheet, condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None:
        return np.where(decided(anchor, condition))
    mask, yes, no = (anchor.of(value) for value in (condition, x, y))
    return chosen(mask.truth(), yes, no)


def _clip(anchor: Sheet, a: Any, a_min: Any = None, a_max: Any = None, **options: Any) -> Sheet:
    low, high = options.get("min", a_min), options.get("max", a_max)
    array = anchor.of(a)
    if low is not None:
        array = at_entries(anchor, "maximum", (array, low))
    return array if high is None else at_entries(anchor, "minimum", (array, high))


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


def _array_equal(anchor: Sheet, a: Any, b: Any) -> Any:
    left, right = anchor.of(a), anchor.of(b)
    return left.shape == right.shape and REDUCTIONS["all"](anchor, left == right)


def _is_close(anchor: Sheet, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8) -> Sheet:
    left, right = anchor.of(a), anchor.of(b)
    return abs(left - right) <= atol + rtol * abs(right)


def _copied(anchor: Sheet, a: Any, *order: Any, **options: Any) -> Sheet:
    array = anchor.of(a)
    return array.view(array.data.copy())


def _copy_to(anchor: Sheet, target: Any, value: Any, casting: str = "same_kind", where: Any = True) -> None:
    if not isinstance(target, Sheet) or casting != "same_kind":
        raise UnsupportedError("np.copyto into another kind of array is not supported on symbols")
    target[...] = value if where is True else _where(anchor, where, value, target)


def _select(anchor: Sheet, conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Sheet:
    """np.select: what the first condition that holds chooses."""
    made = anchor.of(default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        made = _where(anchor, condition, choice, made)
    return made


def _put_along(anchor: Sheet, array: Any, indices: Any, values: Any, axis: int) -> None:
    if not isinstance(array, Sheet) or isinstance(indices, Sheet):
        raise UnsupportedError("np.put_along_axis of these arrays is not supported on symbols")
    given = np.broadcast_to(anchor.of(values).data, indices.shape)
    np.put_along_axis(array.data, indices, given, axis)


def _windows(anchor: Sheet, x: Any, window_shape: Any, axis: Any = None, **options: Any) -> Sheet:
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
    **REDUCTIONS,
    "allclose": lambda anchor, a, b, **o: REDUCTIONS["all"](anchor, _is_close(anchor, a, b, **o)),
    "array_equal": _array_equal,
    "clip": _clip,
    "copy": _copied,
    "copyto": _copy_to,
    "det": _determinant,
    "empty_like": lambda anchor, a: _undefined(anchor, anchor.of(a)),
    "full_like": lambda anchor, a, value: _like(0.0, anchor, a) + value,
    "inv": _inverse,
    "isclose": _is_close,
    "ndim": lambda anchor, a: a.ndim,
    "ones_like": partial(_like, 1.0),
    "put_along_axis": _put_along,
    "select": _select,
    "shape": lambda anchor, a: a.shape,
    "size": lambda anchor, a, axis=None: a.size if axis is None else a.shape[axis],
    "sliding_window_view": _windows,
    "solve": lambda anchor, a, b: _inverse(anchor, a) @ b,
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
