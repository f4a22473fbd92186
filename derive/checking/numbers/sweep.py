"""Runs the code in floats at many sizes, small ones and about the numbers in it, before anything is proved.

    (L(X + h V) - L(X - h V)) / 2h    against    Σ dX ⊙ V

One direction V costs two runs of forward, whatever the sizes are. What differs is a suspicion only, which is compared
exactly afterwards; what agrees is no proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from math import isqrt
from typing import Any

import numpy as np

from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.numbers.literals import literals
from derive.checking.numbers.numerically import real_run
from derive.checking.numbers.points import are_lengths, size_letters
from derive.checking.satisfied import fitted
from derive.checking.subject import Subject
from derive.forward.shape import bind

__all__ = ["StuckError", "Suspicion", "certain", "sweep", "swept_sizes"]

_SMALL = range(1, 9)
_MOST_ENTRIES = 12_000
_MOST_PAIRS = 24
_LARGE = (130, 260)
"""Whole numbers of eight bits end before."""

_OUT = 20
_TIED = 4
_TWOFOLD = (5, 6)
"""Seeds of numbers that are 1 or -1, up to this size."""

_WIDTH = 1e-6
_CLOSE = 1e-5
_STRAIGHT = 1e-3
"""Slopes to both sides that differ by more, as a share, are those at a kink."""

_DOMAINS = ((-1.5, 1.5), (0.2, 0.8))
"""Numbers are drawn from the first of these intervals in which forward is finite."""

Arrays = Mapping[str, Any]
Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Numbers at which the gradients of these inputs seem to be wrong; raised is whether backward raises there."""

    names: tuple[str, ...]
    sizes: Sizes
    arrays: Arrays
    upstream: Any
    raised: bool = False


class StuckError(OutOfTimeError):
    """The time went into the code under check, at the sizes that its text says."""


def sweep(subject: Subject, budget: Budget, *, far: bool = False) -> Iterator[Suspicion]:
    """What seems to be wrong, every gradient once, from the smallest sizes on at which it does.

    Far ones are sizes of which one is large, with a number among the others that lies far out: what is wrong there is
    no plain counterexample.

    Raises: OutOfTimeError; StuckError where most of the time went into a run at one of the sizes.
    """
    left = [node.name for node in subject.wanted]
    failed: Suspicion | None = None
    ran = 0
    every = swept_sizes(subject)
    # Labels may all be the same. The first once more with other numbers: code may keep what it was given first.
    labels = (False, True) if len(subject.smooth) < len(subject.inputs) else (False,)
    tries = [(sizes, 3, alike) for sizes in every for alike in labels]
    tries += [(sizes, 4, False) for sizes in every[:1]]
    # Of 1 and -1 many are the same.
    tries += [(sizes, seed, False) for sizes in every if max(sizes.values(), default=0) <= _TIED for seed in _TWOFOLD]
    for sizes, seed, alike in [item for item in tries if not far or max(item[0].values()) >= min(_LARGE)]:
        budget.check()
        before = budget.spent
        try:
            found = _differing(subject, sizes, left, budget, seed, alike=alike, far=far)
        except OutOfTimeError as error:
            if str(error) and budget.spent - before > budget.seconds / 2:
                at = ", ".join(f"{letter}={number}" for letter, number in sizes.items())
                told = f"at {at} the code did not come back within {budget.spent - before:.1f} s ({error})"
                raise StuckError(told) from error
            raise
        if found is not None and found.raised:
            failed = failed or found
        elif found is not None:
            ran += 1
            if found.names:
                yield _smaller(subject, found, budget)
            left = [name for name in left if name not in found.names]
            if not left:
                return
    # What raises at all sizes was never a gradient.
    if failed is not None and ran:
        yield replace(failed, names=tuple(left))


def swept_sizes(subject: Subject) -> list[dict[str, int]]:
    """Small sizes, all equal and one larger than the others; and each next to the numbers in the code, or several."""
    names = size_letters(subject.inputs)
    written = literals(subject)
    about = {number + more for number in written for more in (-1, 0, 1, number)}
    values = sorted({*_SMALL, *_LARGE, *(number for number in about if number > 0)})
    found = [dict.fromkeys(names, value) for value in values]
    found += [{**dict.fromkeys(names, 2 if value < 100 else 1), name: value} for value in values for name in names]
    found += [
        {**dict.fromkeys(names, 1), first: a, second: b}
        for a, b in _pairs(written)
        for first, second in permutations(names, 2)
    ]
    small = (sizes for sizes in found if are_lengths(subject, sizes) and _entries(subject, sizes) <= _MOST_ENTRIES)
    unique = {tuple(sizes.items()): sizes for sizes in small}
    return sorted(unique.values(), key=lambda sizes: sum(sizes.values()))


def _pairs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Two of the numbers, and two whose product is one of them."""
    factors = [(a, number // a) for number in numbers for a in range(2, isqrt(number) + 1) if number % a == 0]
    return [*factors, *combinations(numbers, 2)][:_MOST_PAIRS]


def _entries(subject: Subject, sizes: Sizes) -> int:
    return sum(int(np.prod(bind(node.shape, sizes), dtype=float)) for node in subject.inputs)


def _differing(
    subject: Subject,
    sizes: Sizes,
    names: Sequence[str],
    budget: Budget,
    seed: int = 3,
    *,
    alike: bool = False,
    far: bool = False,
) -> Suspicion | None:
    """What seems to be wrong at these sizes, if anything; None where forward gives nothing."""
    draw = np.random.default_rng(seed)
    for interval in _DOMAINS:
        arrays = _drawn(subject, sizes, draw, interval, alike=alike)
        for node in subject.smooth if seed in _TWOFOLD else ():
            arrays[node.name] = np.sign(arrays[node.name])
        for node in subject.smooth if far else ():
            arrays[node.name].flat[:1] *= _OUT
        arrays = fitted(subject.assumptions, subject.smooth, arrays)
        try:
            output = _output(subject, arrays)
        except Exception:
            # Sizes that forward does not take.
            return None
        if output.size and np.all(np.isfinite(output)):
            break
    else:
        return None
    upstream = draw.normal(size=output.shape) if "upstream" in subject.takes else np.ones(output.shape)
    tried = real_run(subject, arrays, upstream)
    if tried is None:
        return None
    budget.check()
    if tried.failure:
        return Suspicion(tuple(names), sizes, arrays, upstream, raised=True)
    differ = [name for name in names if _differs(subject, arrays, upstream, name, tried.gradients[name], draw)]
    return Suspicion(tuple(differ), sizes, arrays, upstream)


def _drawn(
    subject: Subject, sizes: Sizes, draw: Any, interval: tuple[float, float], *, alike: bool = False
) -> dict[str, Any]:
    made = {}
    for node in subject.inputs:
        shape = bind(node.shape, sizes)
        if node.below is None:
            made[node.name] = np.asarray(draw.uniform(*interval, size=shape))
        else:
            # From the last number on downwards, so that every number of a size occurs where there is room.
            (below,) = bind((node.below,), sizes)
            step = 0 if alike else 1
            made[node.name] = (-1 - step * np.arange(int(np.prod(shape, dtype=int))).reshape(shape)) % below
    return made


def _output(subject: Subject, arrays: Arrays) -> Any:
    given = {name: np.array(array) for name, array in arrays.items()}
    with np.errstate(all="ignore"):
        return np.asarray(subject.ahead(None, given)[0], dtype=float)


def _differs(subject: Subject, arrays: Arrays, upstream: Any, name: str, gradient: Any, draw: Any) -> bool:
    """Whether a gradient is not the slope along a direction, unless there are two."""
    try:
        got = np.asarray(gradient, dtype=float)
    except (TypeError, ValueError):
        return True
    if got.shape != arrays[name].shape:
        return True
    slopes = _slopes(subject, arrays, upstream, name, got, draw, _WIDTH)
    return slopes is not None and slopes.differ


@dataclass(frozen=True, slots=True)
class _Slopes:
    """How fast L grows along a direction, and how fast the gradient says."""

    slope: float
    along: float
    scale: float

    @property
    def differ(self) -> bool:
        return not abs(self.slope - self.along) <= _CLOSE * self.scale


def _slopes(
    subject: Subject, arrays: Arrays, upstream: Any, name: str, got: Any, draw: Any, width: float
) -> _Slopes | None:
    """None where the slopes to both sides differ, or there is none."""
    direction = draw.normal(size=got.shape)
    low, middle, high = (
        float(np.sum(_output(subject, {**arrays, name: arrays[name] + step * direction}) * upstream))
        for step in (-width, 0.0, width)
    )
    slope, along = (high - low) / (2 * width), float(np.sum(got * direction))
    scale = 1e-3 + float(np.sum(np.abs(got * direction))) + abs(slope) + 1e-3 * abs(middle)
    if not np.isfinite(slope) or abs((high - middle) - (middle - low)) / width > _STRAIGHT * scale:
        return None
    return _Slopes(slope, along, scale)


def certain(subject: Subject, suspicion: Suspicion, name: str) -> tuple[float, float] | None:
    """The slope along a direction and what the gradient says of it, if they differ whatever the step and direction."""
    tried = real_run(subject, suspicion.arrays, suspicion.upstream)
    if tried is None or tried.failure:
        return None
    got = np.asarray(tried.gradients[name], dtype=float)
    if got.shape != suspicion.arrays[name].shape:
        return None
    found = None
    for seed, width in enumerate((1e-5, 3e-6, 1e-6, 1e-7)):
        draw = np.random.default_rng(seed)
        found = _slopes(subject, suspicion.arrays, suspicion.upstream, name, got, draw, width)
        if found is None or abs(found.slope - found.along) <= 10 * _CLOSE * found.scale:
            return None
    return None if found is None else (found.slope, found.along)


def _smaller(subject: Subject, found: Suspicion, budget: Budget) -> Suspicion:
    """The same with every size as small as it can be, one after the other."""
    for letter in found.sizes:
        for number in range(1, min(found.sizes[letter], _SMALL.stop)):
            budget.check()
            other = _differing(subject, {**found.sizes, letter: number}, found.names, budget)
            if other is not None and other.names == found.names:
                found = other
                break
    return found
