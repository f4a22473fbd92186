"""What a backward function gives where the derivative jumps: one of those nearby is a convention.

    relu'(0) = 0, 1 or 1/2 is one of the subgradients    two largest entries that both get all of the gradient are not

Source: the subdifferential is the convex hull of the limits of gradients nearby (Clarke, "Optimization and Nonsmooth
Analysis", 1983, theorem 2.5.1), so in no direction does an element of it go beyond all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from random import Random
from typing import Any

import numpy as np

from derive.checking.budget import Budget
from derive.checking.numbers.counterexample import output_shape, source_at
from derive.checking.numbers.numerically import Expected, real_run
from derive.checking.numbers.points import sizes_ascending
from derive.checking.numbers.told import show, shown_arrays, text_of
from derive.checking.proofs.generic import is_piecewise
from derive.checking.report import Counterexample
from derive.checking.satisfied import fitted
from derive.checking.subject import CodeError, Subject
from derive.forward.shape import bind

__all__ = ["Kink", "judged", "kinks", "merged"]

_MOST_SIZES = 8
_EXAMINED = 2
"""At so many sizes points are looked at."""

_TRIES = 10
_MOST_ENTRIES = 6
"""Of more entries, not all ways in which they can be moved up or down are tried."""

_NEARBY = 16
_AWAY = 1e-7
_CLOSE = 1e-4
"""Gradients that differ by less, as a share of the largest, are taken for the same."""

Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Kink:
    """A point at which the derivative jumps, what the code gives there, and whether that is outside of what is near.

    found says the same as numbers at which it is wrong, if it is.
    """

    told: str
    outside: bool
    found: Counterexample | None = None


def kinks(subject: Subject, largest: Sizes, budget: Budget) -> dict[str, Kink]:
    """The smallest kink that is found for each input that has one; one where the code is wrong goes before others."""
    found: dict[str, Kink] = {}
    examined = 0
    for sizes in islice(sizes_ascending(subject, largest), _MOST_SIZES):
        if sum(int(np.prod(bind(node.shape, sizes), dtype=int)) for node in subject.smooth) > _MOST_ENTRIES:
            continue
        shape = output_shape(subject, sizes)
        source = source_at(subject, sizes, budget) if shape is not None and 0 not in shape else None
        if shape is None or not isinstance(source, Expected):
            continue
        if not is_piecewise(source.branch.loss):
            return found
        for arrays in _candidates(subject, sizes):
            budget.check()
            for name, kink in _at(subject, source, arrays, np.ones(shape)).items():
                if name not in found or (kink.outside and not found[name].outside):
                    found[name] = kink
        examined += 1
        if len(found) == len(subject.wanted) or examined == _EXAMINED:
            break
    return found


def _candidates(subject: Subject, sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Numbers at which things are 0, or equal to each other."""
    draw = Random(3)
    for attempt in range(_TRIES):
        arrays = {}
        for node in subject.inputs:
            shape = bind(node.shape, sizes)
            choices = (0.0,) if attempt == 0 else (1.0,) if attempt == 1 else (-1.0, 0.0, 1.0)
            count = int(np.prod(shape, dtype=int))
            kind = float if node.below is None else int
            arrays[node.name] = np.array([draw.choice(choices) for _ in range(count)], dtype=kind).reshape(shape)
        yield fitted(subject.assumptions, subject.smooth, arrays)


def _at(subject: Subject, source: Expected, arrays: Mapping[str, Any], upstream: Any) -> dict[str, Kink]:
    if not source.jumps(arrays, upstream):
        return {}
    near = list(_nearby(subject, source, arrays, upstream))
    try:
        tried = real_run(subject, arrays, upstream)
    except CodeError:
        return {}
    if len(near) < _NEARBY // 2 or tried is None or tried.failure:
        return {}
    found: dict[str, Kink] = {}
    for node in subject.wanted:
        got = np.asarray(tried.gradients[node.name], dtype=float)
        values = np.array([gradients[node.name] for gradients in near])
        if got.shape != values.shape[1:]:
            continue
        scale = _CLOSE * max(1.0, float(np.max(np.abs(values), initial=0.0)))
        jump = float(np.max(values.max(axis=0) - values.min(axis=0), initial=0.0))
        if jump <= scale and np.all(np.abs(got - values[0]) <= 10 * scale):
            # It is smooth there, and right.
            continue
        found[node.name] = judged(subject, source.branch.sizes, arrays, upstream, got, values, scale)
    if len(found) < 2 or any(kink.outside for kink in found.values()):
        return found
    return _together(subject, source.branch.sizes, arrays, upstream, tried.gradients, near) or found


def _together(
    subject: Subject,
    sizes: Sizes,
    arrays: Mapping[str, Any],
    upstream: Any,
    gradients: Mapping[str, Any],
    near: Sequence[Mapping[str, Any]],
) -> dict[str, Kink]:
    """Where gradients that are each among those nearby are not so together, in the sum of all entries."""
    names = [node.name for node in subject.wanted]
    sums = [sum(float(want[name].sum()) for name in names) for want in near]
    got = {name: np.asarray(gradients[name], dtype=float) for name in names}
    total = sum(float(array.sum()) for array in got.values())
    scale = _CLOSE * max(1.0, max(map(abs, sums))) * sum(array.size for array in got.values())
    if min(sums) - scale <= total <= max(sums) + scale:
        return {}
    words = f"{', '.join(f'd{name}' for name in names)} have entries that add up to {total:.6g}"
    inside = f"[{min(sums):.6g}, {max(sums):.6g}]"
    told = f"{show(subject, arrays, upstream)}: {words}, outside of the subdifferential, where the sum is in {inside}"
    return {
        name: Kink(
            told,
            True,
            _counterexample(
                *(subject, sizes, arrays, upstream, array, np.ones(array.shape, dtype=bool)),
                f"gradients of all inputs whose sum is in {inside}",
            ),
        )
        for name, array in got.items()
    }


def judged(
    subject: Subject,
    sizes: Sizes,
    arrays: Mapping[str, Any],
    upstream: Any,
    got: Any,
    values: Any,
    scale: float,
) -> Kink:
    """Whether the gradient goes beyond those nearby, entry by entry or in the sum of all entries."""
    low, high = values.min(axis=0), values.max(axis=0)
    sums = values.reshape(len(values), -1).sum(axis=1)
    total = float(got.sum())
    beyond = ~((got >= low - scale) & (got <= high + scale))
    at = show(subject, arrays, upstream)
    if bool(np.any(beyond)):
        place = np.unravel_index(int(np.argmax(beyond)), got.shape)
        inside = f"[{low[place]:.6g}, {high[place]:.6g}]"
        told = f"{at}: got {got[place]:.6g}, outside of the subdifferential, whose entry is in {inside}"
        worst = tuple(int(p) for p in place)
        between = f"an entry in {inside}"
        return Kink(told, True, _counterexample(subject, sizes, arrays, upstream, got, beyond, between, worst))
    if not sums.min() - scale * got.size <= total <= sums.max() + scale * got.size:
        inside = f"[{sums.min():.6g}, {sums.max():.6g}]"
        told = f"{at}: the entries add up to {total:.6g}, outside of the subdifferential, where the sum is in {inside}"
        between = f"entries whose sum is in {inside}"
        return Kink(told, True, _counterexample(subject, sizes, arrays, upstream, got, beyond | True, between))
    place = np.unravel_index(int(np.argmax(high - low)), got.shape)
    return Kink(
        f"{at}: got {got[place] + 0.0:.6g}, which is in [{low[place] + 0.0:.6g}, {high[place] + 0.0:.6g}]", False
    )


def _counterexample(
    subject: Subject,
    sizes: Sizes,
    arrays: Mapping[str, Any],
    upstream: Any,
    got: Any,
    beyond: Any,
    expected: str,
    place: tuple[int, ...] = (),
) -> Counterexample:
    shown = tuple(shown_arrays(subject, arrays, upstream))
    differ = int(np.sum(beyond))
    return Counterexample(
        tuple(sizes.items()), shown, text_of(got), expected, place, differ, int(got.size), tuple(got.shape)
    )


def merged(first: Mapping[str, Kink], second: Mapping[str, Kink]) -> dict[str, Kink]:
    """The kinks of both; where both have one, what is wrong, and else the second."""
    wrong = {name: kink for name, kink in first.items() if kink.outside}
    return {name: kink if kink.outside else wrong.get(name, kink) for name, kink in {**first, **second}.items()}


def _nearby(subject: Subject, source: Expected, arrays: Mapping[str, Any], upstream: Any) -> Iterator[dict[str, Any]]:
    """The derived gradients at points that are very close, on all sides."""
    draw = Random(5)
    count = sum(arrays[node.name].size for node in subject.smooth)
    sides = [*product((-1.0, 1.0), repeat=count)]
    for signs in [*sides, *([None] * _NEARBY)]:
        every = [draw.uniform(_AWAY / 2, _AWAY) * (draw.choice((-1, 1)) if signs is None else 1) for _ in range(count)]
        moves = iter(every if signs is None else [a * sign for a, sign in zip(every, signs, strict=True)])
        moved = {name: array.copy() for name, array in arrays.items()}
        for node in subject.smooth:
            array = moved[node.name]
            for place in np.ndindex(array.shape):
                array[place] += next(moves)
        found = source.at(moved, upstream)
        if found is not None:
            yield {name: value.astype(float) for name, value in found.items()}
