"""Runs code on NumPy's own floats and notes what it compares, where it cannot be run on numbers of many digits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from mpmath import mpf

from derive.checking.frames import raised
from derive.checking.numbers.places import Point
from derive.checking.numbers.watch import AtPoints, Comparison, Seen, Site, lines_of
from derive.checking.satisfied import is_satisfied
from derive.checking.subject import Subject

__all__ = ["FloatWatch"]

Note = Callable[[bool, Any], None]

_COMPARES = ("greater", "greater_equal", "less", "less_equal", "maximum", "minimum", "fmax", "fmin", "clip")
_EQUATES = ("equal", "not_equal")
_AT_ZERO = ("sign", "absolute", "fabs", "heaviside", "signbit", "copysign")
_AT_WHOLE = ("floor", "ceil", "trunc", "rint")
_ORDERS = ("sort", "argsort", "argmax", "argmin", "partition", "argpartition", "median", "max", "min", "amax", "amin")
_MOST_ORDERED = 6
"""Of so many numbers, each is compared with each other."""


class _Noted(np.ndarray[Any, Any]):
    """An array of floats whose comparisons are noted; numbers taken out of it are arrays without axes."""

    note: Note

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        plain = [_plain(value) for value in inputs]
        if method == "__call__":
            self._compare(ufunc.__name__, plain)
        elif ufunc.__name__ in _COMPARES:
            self._order(plain[0])
        if out is not None:
            options["out"] = tuple(_plain(value) for value in out)
        found = getattr(ufunc, method)(*plain, **options)
        return out[0] if out is not None else self._noted(found)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        if function.__name__ in _ORDERS:
            self._order(_plain(arguments[0]))
        return self._noted(super().__array_function__(function, types, arguments, options))

    def _compare(self, name: str, operands: list[Any]) -> None:
        kind = type(self)
        if name in _COMPARES or name in _EQUATES:
            for other in operands[1:]:
                kind.note(name in _EQUATES, np.subtract(operands[0], other, dtype=float))
        elif name in _AT_ZERO:
            kind.note(False, operands[0])
        elif name in _AT_WHOLE:
            kind.note(False, operands[0] - np.rint(operands[0]))
        elif name.startswith("logical_"):
            for operand in operands:
                kind.note(True, operand)

    def _order(self, array: Any) -> None:
        rows = np.reshape(array, (-1, np.shape(array)[-1])) if np.ndim(array) else np.zeros((1, 0))
        for i, k in combinations(range(min(_MOST_ORDERED, rows.shape[1])), 2):
            type(self).note(False, rows[:, i] - rows[:, k])

    def _noted(self, found: Any) -> Any:
        if isinstance(found, tuple):
            return tuple(map(self._noted, found))
        if isinstance(found, np.ndarray | np.floating | np.bool):
            return np.asarray(found).view(type(self))
        return found

    def __getitem__(self, index: Any) -> Any:
        return self._noted(super().__getitem__(index))

    def __bool__(self) -> bool:
        if self.dtype.kind == "f":
            type(self).note(True, _plain(self))
        return bool(_plain(self))

    # A number is another one when it is changed, and no array that others see.

    def __iadd__(self, other: Any) -> Any:  # type: ignore[misc]  # it gives back either
        return super().__iadd__(other) if self.ndim else self + other

    def __isub__(self, other: Any) -> Any:  # type: ignore[misc]  # it gives back either
        return super().__isub__(other) if self.ndim else self - other

    def __imul__(self, other: Any) -> Any:  # type: ignore[misc]  # it gives back either
        return super().__imul__(other) if self.ndim else self * other

    def __itruediv__(self, other: Any) -> Any:  # type: ignore[misc]  # it gives back either
        return super().__itruediv__(other) if self.ndim else self / other


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, _Noted) else value


class FloatWatch(AtPoints):
    """Runs the code of a subject at points, in floats."""

    rough: ClassVar[bool] = True
    """Whether numbers have the digits of floats only."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.runs = 0
        self._compared: dict[Comparison, Any] = {}
        self._times: dict[Site, int] = {}
        self._kind: Any = type("Noted", (_Noted,), {"note": staticmethod(self._note)})

    def _note(self, equality: bool, difference: Any) -> None:
        if np.asarray(difference).dtype.kind != "f":
            return
        site = Site(lines_of(sys._getframe(1)), 0, equality)
        for value in np.ravel(difference):
            time = self._times.get(site, 0)
            self._times[site] = time + 1
            if np.isfinite(value):
                self._compared[Comparison(site, time)] = mpf(float(value))

    def at(self, point: Point, whole: Mapping[str, Any]) -> Seen | None:
        """The run there; None where forward has no value, or inputs are not what is assumed of them."""
        self.runs += 1
        if not is_satisfied(self.subject.assumptions, point):
            return None
        self._compared, self._times = {}, {}
        given: dict[str, Any] = {name: array.copy() for name, array in whole.items()}
        for node in self.subject.smooth:
            given[node.name] = np.array(point[node.name], dtype=float).view(self._kind)
        upstream = np.array(point[self.upstream], dtype=float).view(self._kind)
        try:
            with np.errstate(all="ignore"):
                output, cache, holder = self.subject.ahead(None, given)
            value = np.asarray(_plain(output), dtype=float)
        except Exception:
            return None
        if not np.all(np.isfinite(value)):
            return None
        failure, got = "", {}
        try:
            with np.errstate(all="ignore"):
                found = self.subject.back(None, given, output, cache, upstream, holder)
            got = {name: _numbers(array) for name, array in found.items()}
        except Exception as error:
            failure = raised(error)
        return Seen(dict(self._compared), value, got, failure)


def _numbers(array: Any) -> Any:
    values = np.asarray(_plain(array), dtype=float)
    made = np.empty(values.shape, dtype=object)
    for place, value in np.ndenumerate(values):
        made[place] = mpf(float(value))
    return made
