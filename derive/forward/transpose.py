"""Turns a layer whose samples are rows into the same layer with samples as columns: X W + 1bᵀ into W X + b1ᵀ.

Every array with two axes gets its transpose in its place, (A B)ᵀ = Bᵀ Aᵀ; entry by entry both compute the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from derive.errors import InternalError
from derive.forward.layer import Layer
from derive.forward.nodes import (
    Add,
    Contract,
    Indices,
    Input,
    Map,
    MatrixFunction,
    Node,
    OneHot,
    Reduce,
    Select,
    topological,
)
from derive.forward.normal import add, apply, contract

__all__ = ["transpose", "transposed"]


def transpose(layer: Layer) -> Layer:
    """The layer with the transpose of every matrix in its place; one without samples is left as it is.

    Example:
        >>> from derive.layers import load
        >>> str(transpose(load("affine")).output)
        'W @ X + b[:, None]'
    """
    if not layer.sample_size:
        return layer
    inputs = tuple(replace(node, axes=_turned(node.shape)) for node in layer.inputs)
    made = transposed(layer.output, dict(zip(layer.inputs, inputs, strict=True)))
    return replace(
        layer,
        inputs=inputs,
        output=made[layer.output],
        named=tuple((name, made[node]) for name, node in layer.named),
        function=_Transposed(layer),
        prose=layer.prose.columns or layer.prose.without_arrangement(),
        samples="columns",
        stacks=tuple(replace(stack, axis=1 - stack.axis) for stack in layer.stacks),
        plain=transpose(layer.plain) if layer.plain else None,
        stages=tuple(stage.changed(transpose) for stage in layer.stages),
        origin=layer,
    )


def transposed(node: Node, inputs: Mapping[Input, Node]) -> dict[Node, Node]:
    """What computes the transpose of a node with two axes, and of all that it is computed from, from these inputs.

    Shapes: those of the nodes, reversed where there are two axes.
    """
    made: dict[Node, Node] = {}
    for item in topological(node):
        made[item] = _rule(item, inputs, made)
    return made


def _rule(node: Node, inputs: Mapping[Input, Node], made: Mapping[Node, Node]) -> Node:
    operands = [made[operand] for operand in node.operands]
    match node:
        case Input():
            return inputs[node]
        case Add():
            return add(operands)
        case Map():
            return apply(node.function, operands)
        case Reduce():
            rank = len(node.arguments[0].shape)
            axes = tuple(sorted(1 - axis for axis in node.axes)) if rank == 2 else node.axes
            return Reduce((operands[0],), node.name, axes)
        case MatrixFunction():
            return MatrixFunction((operands[0],), node.name)
        case OneHot():
            return OneHot((operands[0],), node.size)
        case Contract():
            rows = [_turned_choice(operand, row) for operand, row in zip(node.operands, node.indices, strict=True)]
            if node.summed():
                # The factors of a product change places, so that its entries are read from left to right again.
                operands, rows = operands[::-1], rows[::-1]
            return contract(operands, rows, _turned(node.output))
    if node.operands:
        raise InternalError(f"transpose: no rule for a node of kind {type(node).__name__}")
    return node


def _turned_choice(operand: Node, row: Indices) -> Indices:
    """The axes of an operand, of which a selection has none that lie the other way, and a choice only those before."""
    if isinstance(operand, Select):
        return row
    return (*_turned(row[:-1]), row[-1]) if isinstance(operand, OneHot) else _turned(row)


def _turned(axes: Any) -> Any:
    return axes[::-1] if len(axes) == 2 else axes


@dataclass(frozen=True, slots=True)
class _Transposed:
    """The forward code of a layer, called with columns: NumPy transposes what goes in and what comes out."""

    layer: Layer

    def __call__(self, *arrays: Any) -> Any:
        result = self.layer.function(*(array.T if array.ndim == 2 else array for array in arrays))
        return result.T if getattr(result, "ndim", 0) == 2 else result
