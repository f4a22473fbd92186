"""Whether forward was read rightly: on symbols it has to give, at numbers, what it gives on arrays of numbers.

A function that means something else on symbols would be differentiated as what it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from derive.checking.causes.values import NodeValues
from derive.checking.numbers.numerically import Expected, real_run
from derive.checking.numbers.points import draws
from derive.checking.proofs.every_size import Traced
from derive.checking.proofs.exactly import Branch
from derive.checking.subject import CodeError, Subject
from derive.errors import DeriveError

__all__ = ["misread"]

_POINTS = 3
_SHARE = 1e-4
"""By how much outputs may differ, as a share of the largest entry: nothing that is rounded comes to that everywhere."""


def misread(subject: Subject, sizes: Sequence[Mapping[str, int]], traced: Traced | None, runs: Sequence[Branch]) -> str:
    """By what the outputs differ, if one on symbols is another at all points of some sizes; "" if none is."""
    if subject.layer is not None:
        return ""
    for at in sizes:
        points = [(arrays, real) for arrays in islice(draws(subject, at, 1), _POINTS) for real in _run(subject, arrays)]
        for read in _readings(subject, at, traced, runs):
            told = [_apart(real, value) for arrays, real in points for value in _value(read, arrays)]
            if len(told) > 1 and all(told):
                where = "".join(f", {letter}={number}" for letter, number in at.items())
                return f"run on symbols, forward has another output than on numbers{where}: {told[0]}"
    return ""


Reading = Callable[[Mapping[str, Any]], Any]
"""What was read, at numbers."""


def _readings(
    subject: Subject, sizes: Mapping[str, int], traced: Traced | None, runs: Sequence[Branch]
) -> Iterator[Reading]:
    """What was read for all sizes, and at these."""
    output = None if traced is None or traced.provisos else traced.output
    if output is not None:
        yield lambda arrays: NodeValues(sizes, arrays).of(output)
    for run in runs:
        if run.sizes == sizes and run.general and not run.whole:
            yield partial(_output, Expected(run, subject))


def _output(source: Expected, arrays: Mapping[str, Any]) -> Any:
    evaluator, output = source.evaluator(arrays, 0.0), source.branch.output
    return np.array([float(evaluator.value(entry)) for entry in output.ravel()]).reshape(output.shape)


def _value(read: Reading, arrays: Mapping[str, Any]) -> Iterator[Any]:
    """What was read; nothing where it has no finite value."""
    with suppress(DeriveError, ArithmeticError, LookupError, ValueError, TypeError), np.errstate(all="ignore"):
        value = np.asarray(read(arrays), dtype=float)
        if np.all(np.isfinite(value)):
            yield value


def _run(subject: Subject, arrays: Mapping[str, Any]) -> Iterator[Any]:
    """The output of the code itself; nothing where it has no finite value."""
    with suppress(CodeError):
        tried = real_run(subject, arrays)
        if tried is not None:
            yield tried.output


def _apart(real: Any, value: Any) -> str:
    """Two entries that differ by more than is rounded; "" if none do."""
    if real.shape != value.shape:
        return f"its shape is {value.shape} in the place of {real.shape}"
    distance = np.abs(value - real)
    if not real.size or np.max(distance) <= _SHARE * max(1.0, float(np.max(np.abs(real)))):
        return ""
    place = np.unravel_index(int(np.argmax(distance)), real.shape)
    return f"{float(value[place]):.6g} in the place of {float(real[place]):.6g}"
