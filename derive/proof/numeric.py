"""Checks a formula against numbers: central differences of the layer's own forward code, run by NumPy.

The inputs are small whole numbers, not 0, from a seeded generator, so that the values can be followed by hand; where
the forward pass is not defined there (a logarithm), they are taken between 1 and 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt

from derive.errors import InternalError
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.shape import bind
from derive.proof.evaluate import evaluate

__all__ = ["DIGITS", "POINTS", "Sample", "differences", "disagreement", "sample"]

Array = npt.NDArray[np.float64]

POINTS = 3
"""How many random inputs are tried."""

DIGITS = 6
"""How many decimal digits have to agree; central differences in double precision give about 9."""

_STEP = 1e-5


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

    Raises: InternalError if the forward pass gives no finite numbers or another shape than the traced one.
    """
    for choices in ((-3, -2, -1, 1, 2, 3), (1.0, 1.25, 1.5, 1.75, 2.0)):
        draw = Random(seed)
        arrays = {
            node.name: np.array(
                [float(draw.choice(choices)) for _ in range(int(np.prod(bind(node.shape, sizes))))]
            ).reshape(bind(node.shape, sizes))
            for node in (*layer.inputs, layer.upstream)
        }
        with np.errstate(all="ignore"):
            output = np.asarray(_forward(layer, arrays))
        if output.shape != bind(layer.output.shape, sizes):
            traced = bind(layer.output.shape, sizes)
            raise InternalError(f"{layer.name}: NumPy gives shape {output.shape}, tracing gave {traced}")
        if np.all(np.isfinite(output)):
            return Sample(sizes, arrays, output)
    raise InternalError(f"{layer.name}: the forward pass gives no finite numbers at random inputs")


def _forward(layer: Layer, arrays: Mapping[str, Array]) -> Array:
    return np.asarray(layer.function(*(arrays[node.name] for node in layer.inputs)))


def differences(layer: Layer, at: Sample, wrt: str) -> Array:
    """∂L/∂X by central differences of L = Σ G ⊙ Y, entry by entry.

    Shapes: that of the input.
    """
    upstream = at.arrays[layer.upstream.name]
    result = np.empty_like(at.arrays[wrt])
    for position in np.ndindex(result.shape):
        ends = []
        for step in (_STEP, -_STEP):
            moved = at.arrays[wrt].copy()
            moved[position] += step
            ends.append(float(np.sum(upstream * _forward(layer, {**at.arrays, wrt: moved}))))
        result[position] = (ends[0] - ends[1]) / (2 * _STEP)
    return result


def disagreement(layer: Layer, formula: Formula, at: Sample) -> str:
    """Where the formula and central differences differ by more than DIGITS allow, or ''."""
    wrt = formula.wrt.name
    expected = differences(layer, at, wrt)
    got = np.asarray(evaluate(formula.tree, at.arrays, at.sizes), dtype=float)
    if got.shape != expected.shape:
        return f"the formula gives shape {got.shape}, {wrt} has shape {expected.shape}"
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    wrong = np.argwhere(~(np.abs(got - expected) <= scale * 10.0**-DIGITS))
    if not len(wrong):
        return ""
    place = tuple(int(i) for i in wrong[0])
    return f"entry {tuple(i + 1 for i in place)}: the formula gives {got[place]}, differences give {expected[place]}"
