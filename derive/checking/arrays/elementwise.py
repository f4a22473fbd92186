"""NumPy's functions that work entry by entry, on arrays of exact scalars."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy
from mpmath import isfinite, isinf, isnan, mpf

from derive.checking.arrays.sheet import Sheet
from derive.errors import UnsupportedError
from derive.forward.functions import ELEMENTWISE, sigmoid
from derive.forward.nodes import placeholder

__all__ = ["OPERATORS", "UFUNCS", "accumulate", "at_entries"]


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


OPERATORS: dict[str, Callable[..., Any]] = {
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
"""Functions that are operations of arrays."""


_QUESTIONS: dict[str, Callable[[Any], bool]] = {"isfinite": isfinite, "isinf": isinf, "isnan": isnan}


_UNBOUNDED = {"maximum": -np.inf, "fmax": -np.inf, "minimum": np.inf, "fmin": np.inf}
"""Functions of two numbers, and what the other one is never exceeded by."""


def _is_no_bound(argument: Any, infinite: float) -> bool:
    return isinstance(argument, float) and argument == infinite


def at_entries(anchor: Sheet, name: str, arguments: Sequence[Any]) -> Any:
    """np.name, entry by entry, broadcast.

    Raises: UnsupportedError if it is not among those that are supported.
    """
    if name in OPERATORS:
        first, *rest = (anchor.of(argument) for argument in arguments)
        return OPERATORS[name](first, *rest)
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


def accumulate(name: str, target: Sheet, index: Any, value: Any) -> None:
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


def _asked(anchor: Sheet, name: str, a: Any) -> Sheet:
    """np.isnan and its like, of numbers; symbols are real wherever they have a value, and nobody knows where not."""
    array = anchor.of(a)
    if not all(isinstance(entry, mpf) for entry in array.data.ravel()):
        raise UnsupportedError(f"np.{name} is not supported on symbols")
    made = np.empty(array.shape, dtype=object)
    for place, entry in np.ndenumerate(array.data):
        made[place] = anchor.scalars.number(int(_QUESTIONS[name](entry)))
    return anchor.truths(made)


UFUNCS = tuple(sorted(name for name in {*_SCALAR, *OPERATORS} if isinstance(getattr(np, name, None), np.ufunc)))
"""Functions that work entry by entry."""
