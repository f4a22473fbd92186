"""Evaluates everything that has a name, the output and the gradients, at numbers of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derive.errors import ShapeError, UnknownNameError, UserError
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.proof.evaluate import evaluate, value_of
from derive.rules.naming import definitions

__all__ = ["at_numbers"]


def at_numbers(
    layer: Layer, formulas: Mapping[str, Formula], arrays: Mapping[str, Any], sizes: Mapping[str, int]
) -> dict[str, Any]:
    """The values of the forward pass by their names, the gradients on the way, dZ_1, and those of the inputs, dX.

    Every value comes from the tree that is printed. The upstream gradient G may be left out where the output is the
    loss itself.

    Shapes: those of the layer at the sizes.
    Raises: UnknownNameError for an array that the layer does not have; UserError if one is missing; ShapeError for one
    of another shape.
    """
    upstream = layer.upstream
    wanted = [*layer.inputs, *([upstream] if layer.output.shape else [])]
    names = [node.name for node in wanted]
    for name in arrays:
        if name not in names:
            raise UnknownNameError(f"array of {layer.name}", name, names)
    known: dict[str, Any] = {upstream.name: np.array(1)}
    for node in wanted:
        if node.name not in arrays:
            raise UserError(f"{layer.name}: expected arrays for {', '.join(names)}, got none for {node.name}; add it")
        array, shape = np.asarray(arrays[node.name]), layer.shape(node, sizes)
        if array.shape != shape:
            at = ", ".join(f"{letter}={number}" for letter, number in sizes.items())
            raise ShapeError(f"{layer.name}: {node.name}: expected shape {shape} ({at}), got {array.shape}")
        known[node.name] = array
    found: dict[str, Any] = {}
    for item in definitions(layer):
        found[item.text] = evaluate(item.tree, {**known, **found}, sizes)
    if layer.output_name not in found:
        found[layer.output_name] = evaluate(layer.read(layer.output), known, sizes)
    return found | {f"d{name}": value_of(formula, known, sizes) for name, formula in formulas.items()}
