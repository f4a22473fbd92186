"""Real numbers of many digits that NumPy's object arrays can hold, and a NumPy that makes such arrays by itself.

np.exp of an array of objects calls each entry's method exp, so a number needs those methods, which mpmath's have not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import mpmath
import numpy as np


class Real:
    """A number of mpmath, of as many digits as mpmath works with at the time."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = mpmath.mpf(value)

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        return mpmath.nstr(self.value, 20)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def conjugate(self) -> Real:
        return self


def _plain(other: Any) -> Any:
    if isinstance(other, Real):
        return other.value
    if isinstance(other, np.generic):
        other = other.item()
    return mpmath.mpf(other) if isinstance(other, bool | int | float) else None


def _operator(name: str, wrap: Callable[[Any], Any]) -> None:
    def method(self: Real, other: Any) -> Any:
        known = _plain(other)
        return NotImplemented if known is None else wrap(getattr(self.value, name)(known))

    setattr(Real, name, method)


def _function(name: str, apply: Callable[[Any], Any]) -> None:
    setattr(Real, name, lambda self: Real(apply(self.value)))


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow"):
    _operator(f"__{_name}__", Real)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _operator(f"__{_name}__", bool)
for _name in ("neg", "pos", "abs"):
    _function(f"__{_name}__", {"neg": lambda x: -x, "pos": lambda x: +x, "abs": abs}[_name])
for _name in ("exp", "log", "sqrt", "tanh", "cosh", "sinh", "expm1", "log1p"):
    _function(_name, getattr(mpmath, _name))


def reals(array: Any) -> Any:
    """The same numbers, each exactly, as an array of Real; whole numbers stay what they are."""
    array = np.asarray(array)
    if array.dtype.kind in "iub":
        return array.copy()
    found = np.empty(array.shape, dtype=object)
    for place, number in np.ndenumerate(array):
        found[place] = Real(number)
    return found if found.ndim else found[()]


class ObjectNumpy:
    """NumPy, but that new arrays hold objects, so that no number is rounded when it is put into one."""

    def __getattr__(self, name: str) -> Any:
        made = getattr(np, name)
        if name not in {"zeros", "ones", "empty", "full", "eye", "identity", "array"}:
            return made
        return lambda *args, **options: made(*args, **{"dtype": object, **options})


@contextmanager
def in_objects(function: Callable[..., Any]) -> Iterator[None]:
    """Gives the module of a function the other NumPy for a while."""
    scope = function.__globals__
    scope["np"] = ObjectNumpy()
    try:
        yield
    finally:
        scope["np"] = np
