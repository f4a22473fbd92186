"""Sizes at which forward runs and gives an array of numbers; what never does is refused, with what it gives instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from derive.checking.frames import raised
from derive.checking.numbers.points import are_lengths, draws, size_letters
from derive.checking.numbers.sweep import swept_sizes
from derive.checking.subject import Subject
from derive.errors import UserError

__all__ = ["usable_sizes"]

Sizes = Mapping[str, int]

_MOST_TRIES = 60
_WHOLE = 'the shape of an argument that holds whole numbers below V is "N in V"'
_ALONE = "run it by itself on arrays of these shapes"
_EXPECTED = "expected an array of real numbers, or that and a cache, as in return out, (X, W)"


def usable_sizes(subject: Subject, chosen: Sequence[dict[str, int]], *, asked: bool) -> list[dict[str, int]]:
    """Those of the chosen sizes that forward takes; others if it does not take the first, and nobody has asked for it.

    Raises: UserError if it takes none, or only those at which two letters are the same number.
    """
    if subject.layer is not None:
        return list(chosen)
    failures = [_failure(subject, sizes) for sizes in chosen]
    if not failures[0]:
        return [sizes for sizes, failure in zip(chosen, failures, strict=True) if not failure]
    told = f"check: {subject.against}: at {_written(chosen[0])} {failures[0]}"
    if asked:
        raise UserError(f"{told}; give sizes that it takes, or other shapes (--shape)")
    # Axes of length 1 stretch against any other.
    others = sorted(swept_sizes(subject), key=lambda sizes: min(sizes.values(), default=2) == 1)[:_MOST_TRIES]
    runs = [sizes for sizes in others if not _failure(subject, sizes)]
    if not runs:
        raise UserError(f"{told}; {_WHOLE if 'integer' in failures[0] else _ALONE}")
    for a, b in combinations(size_letters(subject.inputs), 2):
        if all(sizes[a] == sizes[b] for sizes in runs) and len({sizes[a] for sizes in runs}) > 1:
            raise UserError(
                f"{told}; it runs only where {a} and {b} are the same: turn a shape round, or give both one letter"
            )
    different = next((sizes for sizes in runs if len({*sizes.values()}) > 1), runs[0])
    return [different, *(sizes for sizes in runs if sizes is not different)][: len(chosen)]


def _failure(subject: Subject, sizes: Sizes) -> str:
    """What forward raises at these sizes; "" if it does not at some inputs.

    Raises: UserError if it gives no array of numbers.
    """
    if not are_lengths(subject, sizes):
        return "an axis is shorter than 0"
    failure = ""
    for arrays in draws(subject, sizes, 2):
        try:
            with np.errstate(all="ignore"):
                output, _, _ = subject.ahead(None, {name: array.copy() for name, array in arrays.items()})
        except Exception as error:
            failure = f"forward raises {raised(error)}"
        else:
            if strange := _strange(output):
                raise UserError(f"check: {subject.against}: forward returns {strange}, {_EXPECTED}")
            return ""
    return failure


def _strange(output: Any) -> str:
    """What is wrong with an output; "" if nothing is."""
    if output is None:
        return "None"
    try:
        kind = np.asarray(output).dtype
    except ValueError:
        return f"a {type(output).__name__}"
    if kind.kind in "biuf":
        return ""
    return f"an array of {kind}" if isinstance(output, np.ndarray | np.generic) else f"a {type(output).__name__}"


def _written(sizes: Sizes) -> str:
    return ", ".join(f"{letter}={number}" for letter, number in sizes.items()) or "these shapes"
