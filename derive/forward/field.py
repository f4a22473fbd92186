"""Functions of the field that NumPy lacks, for arrays that are being traced and for NumPy's own alike.

    softmax · log_softmax · logsumexp · sigmoid · silu · softplus · relu · erf

A layer that calls one of them is traced with its definition, and runs with a form of it that does not overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derive.forward.functions import ELEMENTWISE, NUMERIC
from derive.forward.library import FUNCTIONS
from derive.forward.tensor import Tensor

__all__ = ["erf", "log_softmax", "logsumexp", "relu", "sigmoid", "silu", "softmax", "softplus"]

Array = Any
"""A Tensor, or what NumPy takes for an array."""


def _elementwise(name: str, numeric: Callable[[Any], Any]) -> Callable[[Array], Array]:
    def function(x: Array) -> Array:
        return x.apply(name, ELEMENTWISE[name], x) if isinstance(x, Tensor) else numeric(np.asarray(x, dtype=float))

    function.__name__ = function.__qualname__ = name
    return function


erf = _elementwise("erf", NUMERIC["erf"])
relu = _elementwise("relu", NUMERIC["relu"])
sigmoid = _elementwise("sigmoid", NUMERIC["sigmoid"])
silu = _elementwise("silu", lambda x: x * NUMERIC["sigmoid"](x))
softplus = _elementwise("softplus", NUMERIC["softplus"])


def logsumexp(x: Array, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Array:
    """log Σ exp(x) along the axes; the largest number is taken out, so that no power overflows."""
    if isinstance(x, Tensor):
        return FUNCTIONS["logsumexp"](x, axis, keepdims=keepdims)
    largest = np.max(x, axis=axis, keepdims=True)
    result = largest + np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True))
    return result if keepdims else np.squeeze(result, axis=axis)


def log_softmax(x: Array, axis: int | tuple[int, ...] | None = -1) -> Array:
    """x - log Σ exp(x) along the axes."""
    return FUNCTIONS["log_softmax"](x, axis) if isinstance(x, Tensor) else x - logsumexp(x, axis, keepdims=True)


def softmax(x: Array, axis: int | tuple[int, ...] | None = -1) -> Array:
    """exp(x) / Σ exp(x) along the axes."""
    return FUNCTIONS["softmax"](x, axis) if isinstance(x, Tensor) else np.exp(log_softmax(x, axis))
