"""The input at which a page works the formulas out in numbers: one that shows something and lies away from kinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from derive.forward.formula import Formula
from derive.forward.layer import Layer, Target
from derive.proof import numeric
from derive.proof.evaluate import value_of

__all__ = ["followed"]

_SEEDS = 6
"""So many random inputs are looked at."""


def followed(layer: Layer, formulas: Sequence[Formula], sizes: Mapping[str, int]) -> numeric.Sample:
    """The first random input at which differences agree and fewest columns of the gradients are zero.

    Targets are made such as occur. At a kink differences to both sides disagree, so none is shown there if another of
    the inputs lies elsewhere.
    """
    found: list[tuple[int, numeric.Sample]] = []
    for seed in range(_SEEDS):
        sample = _with_targets(layer, numeric.sample(layer, sizes, seed))
        if any(numeric.disagreement(layer, formula, sample) != "" for formula in formulas):
            continue
        zeros = sum(_zero_columns(value_of(formula, sample.arrays, sizes)) for formula in formulas)
        found.append((zeros, sample))
        if not zeros:
            break
    return min(found, key=lambda item: item[0])[1] if found else numeric.sample(layer, sizes, 0)


def _zero_columns(gradient: npt.ArrayLike) -> int:
    """How many columns hold nothing but zeros; rounding errors count as zeros."""
    array = np.asarray(gradient, dtype=float)
    columns = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    return int(np.sum(np.all(np.abs(columns) < 10.0**-numeric.DIGITS, axis=0)))


def _with_targets(layer: Layer, sample: numeric.Sample) -> numeric.Sample:
    """The input with targets of their kind in the place of numbers."""
    targets = dict(layer.prose.targets)
    # A single sample is written in small letters.
    targets |= {name.lower(): kind for name, kind in targets.items() if name not in sample.arrays}
    if not targets:
        return sample
    axis = 0 if layer.samples == "columns" else -1
    made = {
        name: _target(array, targets[name], axis) if name in targets else array for name, array in sample.arrays.items()
    }
    return replace(sample, arrays=made, output=numeric.forward(layer, made))


def _target(array: npt.NDArray[np.float64], kind: Target, axis: int) -> npt.NDArray[np.float64]:
    """Targets of this kind, chosen by where the numbers are large."""
    if kind == "one-hot":
        made = np.zeros_like(array)
        np.put_along_axis(made, np.argmax(array, axis=axis, keepdims=True), 1.0, axis=axis)
        return made
    large = array > np.mean(array)
    return np.where(large, 1.0, 0.0 if kind == "binary" else -1.0)
