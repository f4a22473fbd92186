"""Whether code changes what lasts from one call to the next, so that what it gives once says nothing of other times."""

from __future__ import annotations

import pickle
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType

import numpy as np

from derive.checking.numbers.counterexample import output_shape
from derive.checking.numbers.literals import constants
from derive.checking.numbers.numerically import real_run
from derive.checking.numbers.points import draws
from derive.checking.subject import CodeError, Subject

__all__ = ["changes_for_good"]

_STILL = (CodeType, FunctionType, ModuleType, type)


def changes_for_good(subject: Subject, sizes: dict[str, int]) -> bool:
    """Whether globals or defaults are others after a call than after one like it before.

    What is written anew by every call, as a cache for backward, is the same after calls with the same numbers.
    """
    shape = output_shape(subject, sizes)
    arrays = next(iter(draws(subject, sizes, 1)))
    states = []
    for _ in range(2 if shape is not None else 0):
        with suppress(CodeError):
            real_run(subject, arrays, np.ones(shape))
        states.append(_state(subject))
    return states[1:] != states[:-1]


def _state(subject: Subject) -> list[bytes]:
    return [_written(value) for value in constants(subject) if not isinstance(value, _STILL)]


def _written(value: object) -> bytes:
    try:
        return pickle.dumps(value)
    except Exception:
        # What cannot be written cannot be compared.
        return b""
