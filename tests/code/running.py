"""Runs generated source as it is printed, in each language, and says what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from derive.code import function_source, layer_source
from derive.code.layout import camel


def executed(source: str) -> dict[str, Any]:
    """The names that a source defines."""
    scope: dict[str, Any] = {}
    exec(compile(source, "<generated>", "exec"), scope)
    return scope


def by_numpy(layer, formulas, arrays: Mapping[str, np.ndarray], upstream: np.ndarray) -> tuple[Any, tuple[Any, ...]]:
    """The output and the gradients of the class."""
    made = executed(layer_source(layer, formulas))[camel(layer.name)]()
    output = made.forward(*(array.copy() for array in arrays.values()))
    return output, _listed(made.backward(*([upstream] if layer.output.shape else [])))


def by_function(layer, formulas, arrays: Mapping[str, np.ndarray], upstream: np.ndarray) -> tuple[Any, ...]:
    """The gradients of the plain function in NumPy."""
    function = executed(function_source(layer, formulas, "backward"))["backward"]
    return _listed(function(*(a.copy() for a in arrays.values()), *([upstream] if layer.output.shape else [])))


def torch_function(layer, formulas) -> Callable[..., Any]:
    """What applies the torch.autograd.Function."""
    return executed(layer_source(layer, formulas, "torch"))[camel(layer.name)].apply


def jax_function(layer, formulas) -> Callable[..., Any]:
    """The function with its own rule for reverse mode."""
    return executed(layer_source(layer, formulas, "jax"))[layer.name]


def _listed(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)
