"""What stands for numpy and math while code runs at numbers for sizes: arrays are made as Sheets, roots stay exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from derive.checking.arrays.library import is_real
from derive.checking.arrays.scalars import Scalars
from derive.checking.arrays.sheet import Sheet, objects
from derive.checking.pytorch.stand_in import torch_modules
from derive.errors import UnsupportedError
from derive.forward.functions import ELEMENTWISE
from derive.forward.nodes import placeholder

__all__ = ["Numpy", "stand_ins"]

_INEXACT = frozenset(
    (
        *("sqrt", "exp", "log", "log1p", "expm1", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan", "arcsin"),
        *("arccos", "log2", "log10", "exp2", "cbrt"),
    )
)
"""Functions of which NumPy would round the value at a number."""


class Numpy:
    """Stands for the module numpy."""

    def __init__(self, scalars: Scalars) -> None:
        self.anchor = Sheet(objects(scalars.number(0)), scalars)
        self.linalg = _Part(np.linalg, self)

    def __getattr__(self, name: str) -> Any:
        made = _MAKERS.get(name)
        if made is not None:
            return lambda *arguments, **options: made(self, *arguments, **options)
        if name == "random":
            raise UnsupportedError("random numbers are not supported on symbols")
        return self.of(getattr(np, name))

    def of(self, found: Any) -> Any:
        """A value of a module: functions keep numbers exact."""
        name = getattr(found, "__name__", "")
        if name not in _INEXACT:
            return found

        def call(x: Any, **options: Any) -> Any:
            return found(x if isinstance(x, Sheet) else self.anchor.of(x), **options)

        return call

    def filled(self, number: Any, shape: Any, dtype: Any = None) -> Any:
        """np.zeros and its like; of other types than float they are NumPy's own."""
        if not is_real(dtype):
            return np.full(shape, number, dtype=dtype)
        made = np.empty(shape, dtype=object)
        if not made.ndim:
            raise UnsupportedError("an array without axes is not supported on symbols; write a number")
        for place in np.ndindex(made.shape):
            made[place] = self.anchor.scalars.undefined() if number is None else self.anchor.of(number).data[()]
        return self.anchor.numbers(made)

    def array(self, value: Any, dtype: Any = None, **options: Any) -> Any:
        """np.array, which is a copy."""
        if not _has_sheets(value):
            made = np.array(value, dtype=dtype)
            return self.anchor.of(made) if made.dtype.kind == "f" and made.ndim else made
        if not is_real(dtype):
            raise UnsupportedError(f"np.array with dtype {dtype} is not supported on symbols")
        array = self.anchor.of(value)
        return array.view(array.data.copy()) if dtype is None else array.numbers(array.data.copy())

    def asarray(self, value: Any, dtype: Any = None, **options: Any) -> Any:
        """np.asarray: an array is what it was."""
        if isinstance(value, Sheet) and is_real(dtype) and not (value.mask and dtype is not None):
            return value
        return value if isinstance(value, np.ndarray) and dtype is None else self.array(value, dtype)

    def eye(self, rows: int, columns: int | None = None, dtype: Any = None) -> Any:
        """np.eye."""
        made = np.eye(rows, columns)
        return self.anchor.of(made) if is_real(dtype) else made.astype(dtype)

    def linspace(self, *arguments: Any, **options: Any) -> Any:
        """np.linspace, of numbers."""
        return self.anchor.of(np.linspace(*arguments, **options))

    def number(self, value: Any = 0.0) -> Any:
        """np.float64, of an entry."""
        return value if isinstance(value, Sheet) else np.float64(value)


def _has_sheets(value: Any) -> bool:
    return isinstance(value, Sheet) or (isinstance(value, list | tuple) and any(map(_has_sheets, value)))


_MAKERS: dict[str, Callable[..., Any]] = {
    "array": Numpy.array,
    "asarray": Numpy.asarray,
    "asanyarray": Numpy.asarray,
    "ascontiguousarray": Numpy.asarray,
    "empty": lambda self, shape, dtype=None: self.filled(None, shape, dtype),
    "eye": Numpy.eye,
    "float64": Numpy.number,
    "full": lambda self, shape, value, dtype=None: self.filled(value, shape, dtype),
    "identity": lambda self, size, dtype=None: self.eye(size, dtype=dtype),
    "isscalar": lambda self, value: np.isscalar(value) or (isinstance(value, Sheet) and not value.ndim),
    "linspace": Numpy.linspace,
    "ones": lambda self, shape, dtype=None: self.filled(1.0, shape, dtype),
    "zeros": lambda self, shape, dtype=None: self.filled(0.0, shape, dtype),
}


class _Part:
    """Stands for a module of functions, such as numpy.linalg or math."""

    def __init__(self, module: Any, whole: Numpy) -> None:
        self._module, self._whole = module, whole

    def __getattr__(self, name: str) -> Any:
        return self._whole.of(getattr(self._module, name))


class _Math:
    """Stands for the module math: NumPy's functions of the same name."""

    def __init__(self, whole: Numpy) -> None:
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        if name in _INEXACT:
            return getattr(self._whole, name)
        if name in ("erf", "fabs"):
            return lambda x: self._whole.anchor.applied(ELEMENTWISE[name](placeholder(0)), x)
        return getattr(math, name)


class _Real(type):
    """float of an entry is the entry; of anything else, what float gives."""

    def __call__(cls, value: Any = 0.0) -> Any:
        return value if isinstance(value, Sheet) else float(value)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, float)


class Real(float, metaclass=_Real):
    """Stands for float, also as the type of an array's entries."""


def stand_ins(scalars: Scalars) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What stands for modules, and for Python's own functions."""
    numpy = Numpy(scalars)

    def random(*arguments: object, **options: object) -> NoReturn:
        raise UnsupportedError("random numbers are not supported on symbols")

    def pick(compare: str, *values: Any, **options: Any) -> Any:
        given = values if len(values) > 1 else tuple(values[0])
        if options or not any(isinstance(value, Sheet) for value in given):
            return (max if compare == "maximum" else min)(*values, **options)
        found = given[0]
        for value in given[1:]:
            found = getattr(np, compare)(numpy.anchor.of(found), value)
        return found

    words = {
        "float": Real,
        "max": lambda *values, **options: pick("maximum", *values, **options),
        "min": lambda *values, **options: pick("minimum", *values, **options),
    }
    modules = {"numpy": numpy, "numpy.linalg": numpy.linalg, "math": _Math(numpy), "random": random}
    return {**modules, **torch_modules(numpy)}, words
