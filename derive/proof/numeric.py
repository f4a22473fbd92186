"""Checks a formula against numbers: central differences of the layer's own forward code, run by NumPy.

The inputs are small whole numbers, not 0, from a seeded generator, so that the values can be followed by hand; where
the forward pass is not defined there (a logarithm), they are taken between 1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from random import Random
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from derive.errors import InternalError, UnsupportedError
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Input
from derive.forward.shape import bind
from derive.proof.evaluate import value_of
from derive.proof.evidence import Evidence, Strength

__all__ = [
    "CHOICES",
    "DIGITS",
    "POINTS",
    "STEP",
    "Sample",
    "are_smooth",
    "at_points",
    "choices_for",
    "disagreement",
    "first_wrong",
    "forward",
    "is_defined",
    "one_sided",
    "sample",
    "samples",
    "tolerance",
]

Array = npt.NDArray[np.float64]
T = TypeVar("T")

POINTS = 3
"""How many random inputs are tried."""

DIGITS = 6
"""How many decimal digits have to agree; central differences in double precision give about 9."""

STEP = 1e-5
"""By how much a number is moved for a central difference."""

CHOICES = (
    (-3, -2, -1, 1, 2, 3),
    (1.0, 1.25, 1.5, 1.75, 2.0),
    (0.125, 0.25, 0.375, 0.5),
    tuple(n / 64 for n in range(-128, 129) if n),
    tuple(n / 64 for n in range(1, 129)),
    tuple(n / 8192 for n in range(-8192, 8193) if n),
)
"""What random numbers are drawn from, the preferred ones first."""

_LARGEST = 3e3
"""Outputs beyond this have rounding errors that differences would show in the digits that are compared."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One random input: every array by name, the upstream gradient among them, and the output.

    Shapes: those of the layer at the sizes.
    """

    sizes: Mapping[str, int]
    arrays: Mapping[str, Array]
    output: Array


def sample(layer: Layer, sizes: Mapping[str, int], seed: int) -> Sample:
    """The random input with this seed.

    Raises: UnsupportedError if the forward pass gives no finite numbers; InternalError if it gives another shape than
    the traced one.
    """
    return samples(layer, sizes, seed)[0]


def samples(layer: Layer, sizes: Mapping[str, int], seed: int) -> tuple[Sample, ...]:
    """The random inputs with this seed round which the forward pass is defined, those of moderate output first.

    Raises: as `sample`.
    """
    found = []
    for choices in CHOICES:
        draw = Random(seed)
        arrays = {
            node.name: np.array(
                [float(draw.choice(choices_for(node, sizes, choices))) for _ in range(prod(bind(node.shape, sizes)))]
            ).reshape(bind(node.shape, sizes))
            for node in (*layer.inputs, layer.upstream)
        }
        if not layer.output.shape:
            # The output is the loss itself.
            arrays[layer.upstream.name] = np.array(1.0)
        # Every number is moved by another amount, so that a root of a difference that is 0 here is seen.
        aside = {name: [draw.uniform(STEP / 2, STEP) for _ in range(array.size)] for name, array in arrays.items()}
        aside |= {node.name: [0.0] * arrays[node.name].size for node in layer.inputs if node.below is not None}
        try:
            with np.errstate(divide="raise", invalid="raise", over="raise"):
                output = forward(layer, arrays)
                for sign in (1, -1):
                    forward(layer, {k: a + sign * np.reshape(aside[k], a.shape) for k, a in arrays.items()})
        except FloatingPointError:
            continue
        if output.shape != bind(layer.output.shape, sizes):
            traced = bind(layer.output.shape, sizes)
            raise InternalError(f"{layer.name}: NumPy gives shape {output.shape}, tracing gave {traced}")
        found.append(Sample(sizes, arrays, output))
    if not found:
        raise UnsupportedError(f"{layer.name}: the forward pass gives no finite numbers at any of the random inputs")
    return tuple(sorted(found, key=lambda at: max(_LARGEST, float(np.max(np.abs(at.output))))))


def choices_for(node: Input, sizes: Mapping[str, int], choices: Sequence[T]) -> Sequence[T] | range:
    """What the numbers of an input are drawn from: these choices, or the whole numbers that it may hold."""
    return choices if node.below is None else range(*bind((node.below,), sizes))


def is_defined(layer: Layer, arrays: Mapping[str, Array]) -> bool:
    """Whether the forward pass gives finite numbers at these arrays."""
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            return bool(np.all(np.isfinite(forward(layer, arrays))))
    except FloatingPointError:
        return False


def forward(layer: Layer, arrays: Mapping[str, Array]) -> Array:
    """The output, by the layer's own code.

    Shapes: those of the layer.
    Raises: FloatingPointError where it has no value.
    """
    # Copies: the function may work in place.
    try:
        given = [arrays[n.name].copy() if n.below is None else arrays[n.name].astype(int) for n in layer.inputs]
        return np.asarray(layer.function(*given), dtype=float)
    except np.linalg.LinAlgError as error:
        # A singular matrix has no inverse, as 0 has none.
        raise FloatingPointError(str(error)) from error


def one_sided(layer: Layer, at: Sample, wrt: str, size: float) -> tuple[Array, Array]:
    """∂L/∂X by differences of L = Σ G ⊙ Y to a larger and to a smaller number, entry by entry; at a kink they disagree.

    Shapes: both have that of the input.
    """
    upstream = at.arrays[layer.upstream.name]
    found = np.empty_like(at.arrays[wrt]), np.empty_like(at.arrays[wrt])
    for position in np.ndindex(at.arrays[wrt].shape):
        for step, result in zip((size, -size), found, strict=True):
            moved = at.arrays[wrt].copy()
            moved[position] += step
            # The outputs are subtracted, not the losses, whose rounding errors would be those of the largest output.
            change = forward(layer, {**at.arrays, wrt: moved}) - at.output
            result[position] = float((upstream * change).sum()) / step
    return found


def are_smooth(fine: tuple[Array, Array], coarse: tuple[Array, Array], allowed: float) -> bool:
    """Whether differences to both sides, coarse with a step of twice the size, are those of a smooth function.

    Then the gap between both sides grows as the step does; what a step of no size would leave of it is a kink's. Where
    only the slope bends, as Huber's at 1, the error of the mean is what the larger step adds to it. So what passes is
    wrong by what is allowed at most.

    Shapes: all the same.
    """
    gap, wider = (ahead - behind for ahead, behind in (fine, coarse))
    mean, further = ((ahead + behind) / 2 for ahead, behind in (fine, coarse))
    return bool(np.all(np.abs(2 * gap - wider) <= allowed) and np.all(np.abs(mean - further) <= allowed / 2))


def disagreement(layer: Layer, formula: Formula, at: Sample) -> str | None:
    """Where the formula and central differences differ by more than DIGITS allow; '' if nowhere.

    None if the input decides nothing: the formula has no finite value there, or the layer is not smooth, as |x| at 0.
    """
    wrt = formula.wrt.name
    with np.errstate(all="ignore"):
        fine, coarse = one_sided(layer, at, wrt, STEP), one_sided(layer, at, wrt, 2 * STEP)
        expected = (fine[0] + fine[1]) / 2
        try:
            got = np.asarray(value_of(formula, at.arrays, at.sizes), dtype=float)
        except np.linalg.LinAlgError:
            # A matrix of these numbers has no inverse: a formula has no value there, whatever det is.
            return None
    if got.shape != expected.shape:
        return f"the formula gives shape {got.shape}, {wrt} has shape {expected.shape}"
    allowed = tolerance(expected)
    if not (np.all(np.isfinite(got)) and are_smooth(fine, coarse, allowed)):
        return None
    return first_wrong(got, expected, allowed, "differences give")


def tolerance(expected: Array) -> float:
    """By how much a gradient may differ from this one."""
    return max(1.0, float(np.max(np.abs(expected), initial=0.0))) * 10.0**-DIGITS


def first_wrong(got: Array, expected: Array, allowed: float, gives: str) -> str:
    """The first entry in which a formula is further away than the tolerance from what a source gives; '' if none is."""
    wrong = np.argwhere(~(np.abs(got - expected) <= allowed))
    if not len(wrong):
        return ""
    place = tuple(int(i) for i in wrong[0])
    return f"entry {tuple(i + 1 for i in place)}: the formula gives {got[place]}, {gives} {expected[place]}"


def at_points(
    route: str,
    method: str,
    sizes: Mapping[str, int],
    verdicts: Callable[[int], Iterable[str | None]],
    *,
    digits: int = DIGITS,
    refusal: str,
    where: str = "",
) -> Evidence:
    """What a check says at random points, of which verdicts tries those of a seed until one decides something.

    where is told beside the seed of a counterexample.

    Raises: UnsupportedError, with the refusal, if no point of a seed decides anything.
    """
    at = (tuple(sizes.items()),)
    for seed in range(POINTS):
        told = next((told for told in verdicts(seed) if told is not None), None)
        if told is None:
            raise UnsupportedError(refusal)
        if told:
            found = f"{told} (seed {seed}{where})"
            return Evidence(route, Strength.REFUTED, method, at, counterexample=found)
    return Evidence(route, Strength.CHECKED_AT_POINTS, method, at, points=POINTS, digits=digits)
