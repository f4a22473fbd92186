"""Several outputs as one array, and what comes back to it as several.

    Y, H of shapes (N, M) and (N, K)        are        [Y H] of shape (N, M + K)

Where the axes before the last are others, all entries lie in one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from derive.checking.pytorch.context import shape_of
from derive.checking.pytorch.tensors import Torchlike
from derive.forward.shape import same

__all__ = ["joined", "split"]


def joined(outputs: Sequence[Any]) -> Any:
    """The outputs as one tensor, on numbers or on symbols."""
    if len(outputs) == 1:
        return outputs[0]
    shapes = _shapes(outputs)
    parts = list(outputs) if _are_beside(shapes) else [output.reshape(-1) for output in outputs]
    if isinstance(parts[0], Torchlike):
        return Torchlike(np.concatenate([part.array for part in parts], axis=-1))
    import torch  # deferred: an optional dependency, whose tensors these are

    return torch.cat(parts, dim=-1)


def split(upstream: Any, outputs: Sequence[Any]) -> list[Any]:
    """The upstream gradient of what was joined, one for each of the outputs."""
    if len(outputs) == 1:
        return [upstream]
    shapes = _shapes(outputs)
    beside, start, found = _are_beside(shapes), 0, []
    for shape in shapes:
        end = start + (shape[-1] if beside else prod(shape))
        part = upstream[..., start:end]
        found.append(part if beside else part.reshape(shape))
        start = end
    return found


def _shapes(outputs: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [shape_of(output.array) if isinstance(output, Torchlike) else tuple(output.shape) for output in outputs]


def _are_beside(shapes: Sequence[tuple[Any, ...]]) -> bool:
    """Whether they differ in their last axis at most."""
    first = shapes[0]
    return bool(first) and all(len(shape) == len(first) and all(map(same, shape[:-1], first[:-1])) for shape in shapes)
