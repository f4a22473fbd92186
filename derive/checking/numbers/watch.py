"""Runs code on numbers of many digits and notes every comparison that it makes, by its line and by what is compared.

A number closer to 0 than 10^-60 is taken for 0, so that a point computed to be on a boundary is on it for the code too.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

import numpy as np
import sympy
from mpmath import mpf
from sympy import Expr, lambdify, postorder_traversal

from derive.checking.arrays.numbers import stand_ins
from derive.checking.arrays.scalars import NATIVE, Digits, meant
from derive.checking.arrays.sheet import Sheet, objects
from derive.checking.budget import Budget
from derive.checking.frames import is_numpys, is_ours, raised
from derive.checking.numbers.places import UPSTREAM, Point
from derive.checking.proofs.exactly import layer_output
from derive.checking.satisfied import is_satisfied
from derive.checking.subject import CodeError, Subject
from derive.checking.world import World
from derive.errors import UnsupportedError
from derive.forward.functions import EXACT, defined, equal, largest, smallest, step
from derive.forward.nodes import placeholder

__all__ = ["NEAR", "WATCHED_DIGITS", "AtPoints", "Comparison", "Seen", "Site", "Watch", "lines_of"]

WATCHED_DIGITS = 100
NEAR = mpf(10) ** -60
"""What is closer to 0 is 0 but for what numbers of so many digits round."""

_DEEP = 3
"""So many lines, one called by the other, tell one place of the code from others."""


@dataclass(frozen=True, slots=True)
class Site:
    """A comparison in the code: the lines that lead to it, and which of those in the innermost it is.

    equality is whether values are compared for being equal. A root, as √x², turns where what is under it is 0, without
    a comparison.
    """

    lines: tuple[tuple[str, int, int], ...]
    number: int
    equality: bool
    root: bool = False

    def __str__(self) -> str:
        if not self.lines:
            return "a comparison of forward"
        file, line, _ = self.lines[0]
        text = linecache.getline(file, line).strip()
        return f"line {line} of {Path(file).name}" + (f", {text:.60}" if text else "")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison that was made: where, the how many-th time, and the difference of what was compared."""

    site: Site
    time: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A run: the differences of all that was compared, the output, and the gradients; failure is why there are none."""

    compared: Mapping[Comparison, Any]
    output: Any
    got: Mapping[str, Any]
    failure: str = ""


class _Watched(Digits):
    """Numbers of many digits whose comparisons are noted."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self.compared: dict[Comparison, Any] = {}
        self._times: dict[Site, int] = {}
        self._numbers: dict[tuple[Any, type], Any] = {}

    def restart(self) -> None:
        """Forgets what has been compared."""
        self.compared, self._times = {}, {}

    def number(self, value: Any) -> Any:
        if isinstance(value, float | np.floating) and not np.isfinite(value):
            return mpf(float(value))
        key = (value, type(value))
        if key not in self._numbers:
            self._numbers[key] = super().number(value)
        return self._numbers[key]

    def apply(self, function: Expr, arguments: Sequence[Any]) -> Any:
        differences, value = _parts(function, len(arguments))
        if not differences:
            if _is_root(function):
                self._note(lines_of(sys._getframe(1)), 0, False, arguments[0], root=True)
            try:
                return super().apply(function, arguments)
            except UnsupportedError:
                # NumPy gives no number either, and goes on.
                return mpf("nan")
        self.budget.check()
        lines = lines_of(sys._getframe(1))
        for number, (equality, difference) in enumerate(differences):
            self._note(lines, number, equality, difference(*arguments))
        return mpf(value(*arguments))

    def extreme(self, name: str, entries: Sequence[Any]) -> Any:
        lines = lines_of(sys._getframe(1))
        pick = max if name == "max" else min
        found = entries[0]
        for entry in entries[1:]:
            self._note(lines, -1, False, entry - found)
            found = pick(found, entry)
        return found

    def power(self, base: Any, exponent: Any) -> Any:
        if exponent != int(exponent):
            self._note(lines_of(sys._getframe(1)), 0, False, base, root=True)
        return super().power(base, exponent)

    def _note(
        self,
        lines: tuple[tuple[str, int, int], ...],
        number: int,
        equality: bool,
        difference: Any,
        *,
        root: bool = False,
    ) -> None:
        if difference != difference or abs(difference) == mpf("inf"):
            # What is compared with an infinite number is always on one side of it.
            return
        site = Site(lines, number, equality, root)
        time = self._times.get(site, 0)
        self._times[site] = time + 1
        self.compared[Comparison(site, time)] = difference


def lines_of(frame: FrameType | None) -> tuple[tuple[str, int, int], ...]:
    """The lines of the code under check that are being run, the innermost first."""
    found: list[tuple[str, int, int]] = []
    while frame is not None and len(found) < _DEEP:
        name = frame.f_code.co_filename
        if not is_ours(name) and not is_numpys(name):
            found.append((name, frame.f_lineno, frame.f_lasti))
        elif found and frame.f_code.co_name in ("ahead", "back"):
            break
        frame = frame.f_back
    return tuple(found)


def _step(x: Any) -> Any:
    return mpf(x > NEAR)


def _equal(a: Any, b: Any) -> Any:
    return mpf(a == b or abs(a - b) <= NEAR)


def _sign(x: Any) -> Any:
    return _step(x) - _step(-x)


@lru_cache(maxsize=256)
def _is_root(function: Expr) -> bool:
    return isinstance(function, sympy.Pow) and function.exp.is_Rational and not function.exp.is_Integer


@lru_cache(maxsize=256)
def _parts(function: Expr, count: int) -> tuple[tuple[tuple[bool, Callable[..., Any]], ...], Any]:
    """What a function compares, each as a difference, and what it gives."""
    whole = defined(function)
    places = [placeholder(p) for p in range(count)]
    found: dict[Expr, bool] = {}
    for part in postorder_traversal(whole):
        if isinstance(part, step):
            (u,) = part.args
            found.setdefault(-u if u.could_extract_minus_sign() else u, False)
        elif isinstance(part, equal):
            found.setdefault(part.args[0] - part.args[1], True)
        elif isinstance(part, largest | smallest):
            for first, second in pairwise(part.args):
                found.setdefault(first - second, False)
    meaning = [{**EXACT, **NATIVE, "step": _step, "equal": _equal, "sign": _sign}, "mpmath"]
    differences = tuple((equality, lambdify(places, u, meaning)) for u, equality in found.items())
    return differences, lambdify(places, meant(function), meaning) if found else None


class AtPoints:
    """What runs the code of a subject at points."""

    __slots__ = ()

    subject: Subject
    upstream: ClassVar[str] = UPSTREAM

    @property
    def takes_upstream(self) -> bool:
        """Whether backward is given an upstream gradient."""
        return "upstream" in self.subject.takes


@dataclass(slots=True)
class Watch(AtPoints):
    """Runs the code of a subject at points, on numbers of many digits."""

    rough: ClassVar[bool] = False
    """Whether numbers have the digits of floats only."""

    subject: Subject
    sizes: Mapping[str, int]
    budget: Budget
    runs: int = 0
    _scalars: _Watched = field(init=False)
    _world: World = field(init=False)

    def __post_init__(self) -> None:
        self._scalars = _Watched(self.budget)
        self._world = World(*stand_ins(self._scalars))

    def at(self, point: Point, whole: Mapping[str, Any]) -> Seen | None:
        """The run there; None where forward has no value, or inputs are not what is assumed of them."""
        self.runs += 1
        if not is_satisfied(self.subject.assumptions, point):
            return None
        subject, scalars = self.subject, self._scalars
        scalars.restart()
        arrays: dict[str, Any] = {name: array.copy() for name, array in whole.items()}
        arrays |= {node.name: Sheet(point[node.name].copy(), scalars) for node in subject.smooth}
        try:
            if subject.layer is not None:
                given = {name: array.copy() for name, array in arrays.items()}
                output, cache, holder = layer_output(subject, self.sizes, given, scalars), None, None
            else:
                output, cache, holder = subject.ahead(self._world, arrays)
            made = Sheet(objects(mpf(0)), scalars).of(output)
        except Exception:
            return None
        value = made.data.copy()
        if not all(np.isfinite(float(entry)) or abs(entry) < mpf("inf") for entry in value.ravel()):
            return None
        failure, got = "", {}
        try:
            handed = Sheet(np.array(point[self.upstream], dtype=object), scalars)
            found = subject.back(self._world, arrays, output, cache, handed, holder)
            got = {name: made.of(array).data.copy() for name, array in found.items()}
        except CodeError as error:
            failure = str(error)
        except Exception as error:
            failure = raised(error)
        return Seen(dict(scalars.compared), value, got, failure)
