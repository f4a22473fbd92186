"""Runs the code itself, on NumPy's floats, and compares with what is expected at the same numbers.

What is expected is the derivative in the exact field, evaluated with 40 digits; where forward cannot be run on symbols,
central differences of forward with 50 digits; where not even that, central differences of floats.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mpmath import mpf, workdps

from derive.checking.arrays.numbers import stand_ins
from derive.checking.arrays.scalars import DIGITS, Digits
from derive.checking.arrays.sheet import Sheet, objects
from derive.checking.budget import Budget
from derive.checking.frames import raised
from derive.checking.numbers.places import entry_name
from derive.checking.numbers.points import Evaluator
from derive.checking.proofs.exactly import Branch, layer_output
from derive.checking.satisfied import is_satisfied
from derive.checking.subject import CodeError, Subject
from derive.checking.world import World
from derive.errors import UserError
from derive.forward.shape import bind

__all__ = ["Differences", "Expected", "Mismatch", "Tried", "compared", "real_run", "told", "tolerance"]

Arrays = Mapping[str, Any]
FLOAT_TOLERANCE = 1e-7
"""By how much what floats give may be off, as a share of the largest entry."""

_EXPECTED_DIGITS = 40

_EXACT_TOLERANCE = mpf(10) ** -13
"""The same where the code was run on exact numbers: numbers that it computes by itself may have been rounded."""

_NOTHING = mpf(10) ** -30
"""The same where nothing is expected."""

_PROVED_TOLERANCE = 1e-4
"""The same for what is proved: only what is no mathematics can be wrong then, as whole numbers for real ones."""

_ROUGH = 1e-5
"""The same where what is expected are central differences of floats."""


_ROUGH_WIDTH = 1e-4
_SETTLED = 1e-6
"""Differences of floats with one width and with half of it agree so well, or are not used."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What came at some numbers in the place of what was expected; message where nothing comparable came.

    Shapes: got and expected have the shape of the input.
    """

    name: str
    sizes: Mapping[str, int]
    arrays: Arrays
    got: Any
    expected: Any
    message: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A run of the code on floats: the output, and the gradients or why there are none."""

    output: Any
    gradients: Arrays
    failure: str = ""


def real_run(subject: Subject, arrays: Arrays, upstream: Any | None = None) -> Tried | None:
    """The code itself at these numbers; None where forward gives no finite numbers, or they are not what is assumed.

    Raises: CodeError if forward raises.
    """
    if not is_satisfied(subject.assumptions, arrays):
        return None
    given = {name: array.copy() for name, array in arrays.items()}
    try:
        with np.errstate(all="ignore"):
            output, cache, holder = subject.ahead(None, given)
    except CodeError:
        raise
    except Exception as error:
        raise CodeError(f"forward: {raised(error)}") from error
    # Backward may change it.
    value = np.array(output, dtype=float)
    if not np.all(np.isfinite(value)):
        return None
    if upstream is None:
        upstream = np.ones(value.shape)
    try:
        with np.errstate(all="ignore"):
            g = np.array(upstream, dtype=float)
            found = subject.back(None, given, output, cache, g if g.ndim else float(g), holder)
    except CodeError as error:
        return Tried(value, {}, str(error))
    except Exception as error:
        return Tried(value, {}, f"backward: {raised(error)}")
    return Tried(value, found)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected at numbers, from a run on symbols at the same sizes."""

    branch: Branch
    subject: Subject

    def at(self, arrays: Arrays, upstream: Any) -> dict[str, Any] | None:
        """The gradients there; None where there are none, or something jumps."""
        return self.expected_by(self.evaluator(arrays, upstream))

    def expected_by(self, evaluator: Evaluator) -> dict[str, Any] | None:
        """The same where an evaluator is at hand, which keeps what it has computed."""
        try:
            for entry in self.branch.output.ravel():
                evaluator.value(entry)
            made = {
                name: np.array([evaluator.value(entry) for entry in entries.ravel()], dtype=object).reshape(
                    entries.shape
                )
                for name, entries in self.branch.expected.items()
            }
        except (ArithmeticError, ValueError, TypeError):
            return None
        return None if evaluator.kink else made

    def jumps(self, arrays: Arrays, upstream: Any) -> bool:
        """Whether something jumps there, and the output has a value."""
        evaluator = self.evaluator(arrays, upstream)
        try:
            evaluator.value(self.branch.loss)
        except (ArithmeticError, ValueError, TypeError):
            return False
        return evaluator.kink

    def got_by(self, evaluator: Evaluator) -> dict[str, Any]:
        """What the code gives there on exact numbers; nothing where it was not run on symbols, or runs otherwise."""
        if self.branch.known:
            return {}
        made = {}
        for name, sheet in self.branch.got.items():
            try:
                values = [evaluator.value(entry) for entry in sheet.data.ravel()]
            except (ArithmeticError, ValueError, TypeError, KeyError):
                continue
            made[name] = np.array(values, dtype=object).reshape(sheet.shape)
        return {} if evaluator.kink else made

    def evaluator(self, arrays: Arrays, upstream: Any, *precision: Any) -> Evaluator:
        """What evaluates elements there, with more digits than usual if it is asked for."""
        values: dict[str, Any] = {}
        for node in self.subject.smooth:
            values.update(_named(node.name, arrays[node.name]))
        values.update(_named(self.subject.upstream or "G", upstream))
        return Evaluator(self.branch.field, values, *precision)


def _named(name: str, array: Any) -> dict[str, Any]:
    values = np.asarray(array)
    return {
        entry_name(name, place): value if isinstance(value, mpf) else mpf(float(value))
        for place, value in np.ndenumerate(values)
    }


@dataclass(frozen=True, slots=True)
class Differences:
    """What is expected at numbers, from central differences of forward; rough is whether they are of floats."""

    subject: Subject
    sizes: Mapping[str, int]
    budget: Budget
    rough: bool
    _kept: list[tuple[Digits, World]] = field(default_factory=list)

    def _made(self) -> tuple[Digits, World]:
        """Numbers of many digits, and the world in which code runs on them, made once."""
        if not self._kept:
            scalars = Digits(self.budget)
            self._kept.append((scalars, World(*stand_ins(scalars))))
        self._kept[0][0].restart()
        return self._kept[0]

    def at(self, arrays: Arrays, upstream: Any) -> dict[str, Any] | None:
        """The gradients there; None where differences to both sides disagree."""
        made = {}
        with workdps(2 * DIGITS):
            width = _ROUGH_WIDTH if self.rough else mpf(10) ** -(DIGITS // 2)
            middle = self._loss(arrays, upstream)
            for node in self.subject.wanted:
                entries = np.empty(bind(node.shape, self.sizes), dtype=object)
                for place in np.ndindex(entries.shape):
                    self.budget.check()
                    up = self._loss(arrays, upstream, node.name, place, width)
                    down = self._loss(arrays, upstream, node.name, place, -width)
                    entries[place] = (up - down) / (2 * width)
                    sides = abs((up - middle) / width - (middle - down) / width)
                    if sides > 1e-2 * max(1.0, float(abs(entries[place]))):
                        return None
                    if self.rough:
                        half = self._slope(arrays, upstream, node.name, place, width / 2)
                        if abs(half - entries[place]) > _SETTLED * max(1.0, abs(half)):
                            # They have not settled: forward is too steep here.
                            return None
                        entries[place] = (4 * half - entries[place]) / 3
                made[node.name] = entries
        return made

    def _slope(self, arrays: Arrays, upstream: Any, name: str, place: Any, width: float) -> Any:
        up, down = (self._loss(arrays, upstream, name, place, change) for change in (width, -width))
        return (up - down) / (2 * width)

    def _loss(self, arrays: Arrays, upstream: Any, name: str = "", place: Any = (), change: Any = 0) -> Any:
        if self.rough:
            given = {key: array.copy() for key, array in arrays.items()}
            if name:
                given[name][place] += change
            with np.errstate(all="ignore"):
                output, _, _ = self.subject.ahead(None, given)
            return float(np.sum(np.asarray(output, dtype=float) * np.asarray(upstream)))
        scalars, world = self._made()
        anchor = Sheet(objects(scalars.number(0)), scalars)
        sheets = {n.name: arrays[n.name].copy() for n in self.subject.inputs if n.below is not None}
        sheets |= {n.name: anchor.of(arrays[n.name].copy()) for n in self.subject.smooth}
        if name:
            sheets[name].data[place] += change
        if self.subject.layer is not None:
            output = layer_output(self.subject, self.sizes, sheets, scalars)
        else:
            output, _, _ = self.subject.ahead(world, sheets)
        product = anchor.of(output) * (
            upstream if isinstance(upstream, Sheet) else anchor.of(np.asarray(upstream, dtype=float))
        )
        return sum(product.data.ravel(), mpf(0))


def told(source: Expected | Differences) -> str:
    """What is compared with what, in words."""
    match source:
        case Expected():
            return f"the code in floats with the derivative in {_EXPECTED_DIGITS} digits"
        case Differences(rough=False):
            return f"the code in floats with central differences of forward in {2 * DIGITS} digits"
    return "the code with central differences of forward, both in floats: forward runs on NumPy's own arrays only"


def tolerance(source: Expected | Differences) -> float:
    """By how much floats may differ from what is expected."""
    return _ROUGH if isinstance(source, Differences) and source.rough else FLOAT_TOLERANCE


def compared(
    subject: Subject,
    source: Expected | Differences,
    sizes: Mapping[str, int],
    arrays: Arrays,
    upstream: Any,
    proved: Collection[str] = (),
) -> dict[str, Mismatch | None] | None:
    """For each gradient where it differs, None where it does not; nothing at all where nothing can be compared.

    Nothing is compared at inputs that are not what is assumed of them.

    Raises: CodeError if forward raises.
    """
    exact: Mapping[str, Any] = {}
    try:
        if isinstance(source, Expected):
            evaluator = source.evaluator(arrays, upstream)
            expected = source.expected_by(evaluator)
            exact = {} if expected is None else source.got_by(evaluator)
        else:
            expected = source.at(arrays, upstream)
    except (UserError, ArithmeticError, ValueError):
        expected = None
    tried = real_run(subject, arrays, upstream) if expected is not None else None
    if expected is None or tried is None:
        return None
    found: dict[str, Mismatch | None] = {}
    for node in subject.wanted:
        want = expected[node.name]
        if tried.failure:
            found[node.name] = Mismatch(node.name, sizes, arrays, None, want, tried.failure)
            continue
        share = _PROVED_TOLERANCE if node.name in proved else tolerance(source)
        mismatch = _difference(node.name, sizes, arrays, tried.gradients[node.name], want, share)
        if mismatch is None and node.name not in proved and node.name in exact and exact[node.name].shape == want.shape:
            # What floats cannot tell apart, as an ε of 1e-12 in another place.
            mismatch = _difference(node.name, sizes, arrays, exact[node.name], want, _EXACT_TOLERANCE)
        if mismatch is None and not np.any(upstream):
            # Whatever numbers are rounded, there is no gradient where there is none upstream.
            values = exact.get(node.name, tried.gradients[node.name])
            mismatch = _difference(node.name, sizes, arrays, values, want, _NOTHING)
        found[node.name] = mismatch
    return found


def _difference(
    name: str, sizes: Mapping[str, int], arrays: Arrays, got: Any, want: Any, share: Any
) -> Mismatch | None:
    if np.iscomplexobj(got):
        return Mismatch(name, sizes, arrays, None, want, "expected an array of real numbers, got complex ones")
    try:
        value = np.asarray(got, dtype=object if share in (_EXACT_TOLERANCE, _NOTHING) else float)
    except (TypeError, ValueError):
        return Mismatch(name, sizes, arrays, None, want, f"expected an array of numbers, got {type(got).__name__}")
    if value.shape != want.shape:
        return Mismatch(name, sizes, arrays, value, want)
    plain = want if value.dtype == object else want.astype(float)
    scale = max(1e-3, float(np.max(np.abs(want.astype(float)), initial=0.0)))
    close = np.asarray(np.abs(value - plain) <= share * scale, dtype=bool)
    return None if bool(np.all(close)) else Mismatch(name, sizes, arrays, np.asarray(value, dtype=float), want)
