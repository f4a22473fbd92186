"""Tells a counterexample: the inputs as one would type them, what came and what was expected, and the worst entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derive.checking.numbers.numerically import Mismatch
from derive.checking.report import Counterexample
from derive.checking.subject import Subject

__all__ = ["described", "show", "shown_arrays", "text_of"]

_SMALL = 40
"""An array of more entries is not written out."""


def described(subject: Subject, mismatch: Mismatch, upstream: Any) -> Counterexample:
    """The counterexample in words."""
    sizes = tuple(mismatch.sizes.items())
    if mismatch.message:
        return Counterexample(sizes, message=mismatch.message)
    shown = shown_arrays(subject, mismatch.arrays, upstream)
    want = mismatch.expected.astype(float)
    got = mismatch.got
    if got.shape != want.shape:
        message = f"got shape {got.shape}, expected {want.shape}"
        if sizes:
            message += f" at {', '.join(f'{letter}={number}' for letter, number in sizes)}"
        return Counterexample(sizes, tuple(shown), got_shape=got.shape, message=message)
    # An entry that is no number is the worst.
    distance = np.where(np.isfinite(got), np.abs(got - want), np.inf)
    place = np.unravel_index(int(np.argmax(distance)), want.shape) if want.shape else ()
    largest = float(np.max(np.abs(want), initial=0.0))
    share = 1e-9 * (max(1.0, largest) if float(np.max(distance, initial=0.0)) > 1e-9 else largest)
    differ = max(1, int(np.sum(~(np.abs(got - want) <= share))))
    return Counterexample(
        sizes,
        tuple(shown),
        text_of(got),
        text_of(want),
        tuple(int(p) for p in place),
        differ,
        int(want.size),
        tuple(got.shape),
    )


def shown_arrays(subject: Subject, arrays: Mapping[str, Any], upstream: Any) -> list[tuple[str, str]]:
    """The inputs and the upstream gradient, if backward is given one, as texts by their names."""
    shown = [(node.name, text_of(arrays[node.name])) for node in subject.inputs]
    return [*shown, (subject.upstream, text_of(upstream))] if "upstream" in subject.takes else shown


def show(subject: Subject, arrays: Mapping[str, Any], upstream: Any) -> str:
    """at X = [[0]], dout = [[1]]."""
    return "at " + ", ".join(f"{name} = {value}" for name, value in shown_arrays(subject, arrays, upstream))


def text_of(array: Any) -> str:
    """[[1,0],[0.5,2]]."""
    if np.size(array) > _SMALL:
        return f"an array of shape {np.shape(array)}"
    if np.ndim(array):
        return f"[{','.join(text_of(item) for item in array)}]"
    value = float(array)
    return (
        str(int(value))
        if np.isfinite(value) and value == int(value) and abs(value) < 1e15
        else f"{value:.6g}"
        if value == value
        else "nan"
    )
