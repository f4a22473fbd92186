"""Checks that a layer of matrices put together of blocks is the layer of the blocks, and that its gradients split so.

What the layer computes from [X 1] and [W; bᵀ], and the parts of its gradients that belong to X, W and b, are compared
with what the plain layer computes and with its formulas, entry by entry in exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sympy import Integer

from derive.engine.concrete import positions
from derive.forward.entry import Entries
from derive.forward.layer import Layer, Stack
from derive.forward.nodes import Node
from derive.forward.shape import bind
from derive.proof.algebra import FieldAlgebra
from derive.proof.equality import are_equal
from derive.proof.evaluate import evaluate
from derive.proof.evidence import Evidence, Strength
from derive.rules.adjoint import reverse

__all__ = ["check_stacks", "split"]

_METHOD = "the layer of the blocks, and its formulas: every entry, in SymPy"

Array = Any
"""A NumPy array of elements of a field."""


def check_stacks(layer: Layer, sizes: Sequence[Mapping[str, int]]) -> Evidence | None:
    """Whether the layer is its plain one and its gradients split into those of the plain one; None if undecided."""
    where = tuple(tuple(at.items()) for at in sizes)
    undecided = False
    for at in sizes:
        for name, left, right in _claims(layer, at):
            for place in np.ndindex(left.shape) if left.shape == right.shape else ():
                equal = are_equal(left[place], right[place])
                if equal is False:
                    told = f"{name}: entry {tuple(p + 1 for p in place)}: {left[place]} is not {right[place]}"
                    return Evidence("blocks", Strength.REFUTED, _METHOD, where, counterexample=told)
                undecided |= equal is None
            if left.shape != right.shape:
                told = f"{name}: shape {left.shape} is not {right.shape}"
                return Evidence("blocks", Strength.REFUTED, _METHOD, where, counterexample=told)
    return None if undecided else Evidence("blocks", Strength.PROVED_AT_SIZES, _METHOD, where)


def _claims(layer: Layer, at: Mapping[str, int]) -> Iterator[tuple[str, Array, Array]]:
    plain = layer.plain
    assert plain is not None
    entries = Entries(at, FieldAlgebra())

    def array(node: Node) -> Array:
        shape = bind(node.shape, at)
        made = np.empty(len(list(positions(shape))), dtype=object)
        made[:] = entries.many(node, positions(shape))
        return made.reshape(shape)

    given = {node.name: array(node) for node in (*plain.inputs, plain.upstream)}
    whole = {stack.name: stacked(stack, layer, given, at) for stack in layer.stacks}
    whole[layer.upstream.name] = given[plain.upstream.name]
    yield "output", evaluate(layer.read(layer.output), whole, at), evaluate(plain.read(plain.output), given, at)
    for stack in layer.stacks:
        formula, _ = reverse(layer.output, layer.seed, layer.input(stack.name))
        gradient = evaluate(layer.read(formula), whole, at)
        for part, found in zip(stack.parts, split(stack, layer, gradient, at), strict=True):
            if part is not None:
                wrt = plain.inputs[part]
                expected, _ = reverse(plain.output, plain.seed, wrt)
                yield wrt.name, found, np.asarray(evaluate(plain.read(expected), given, at))


def _extents(stack: Stack, layer: Layer, at: Mapping[str, int]) -> list[int]:
    """How many places along the axis each part takes: a vector among matrices, and ones, take one."""
    assert layer.plain is not None
    rank = len(layer.input(stack.name).shape)
    shapes = [() if part is None else bind(layer.plain.inputs[part].shape, at) for part in stack.parts]
    return [shape[stack.axis] if len(shape) == rank else 1 for shape in shapes]


def stacked(stack: Stack, layer: Layer, given: Mapping[str, Array], at: Mapping[str, int]) -> Array:
    """The array that the blocks make."""
    assert layer.plain is not None
    shape = list(bind(layer.input(stack.name).shape, at))
    shape[stack.axis] = 1
    blocks = []
    for part in stack.parts:
        block = np.full(shape, Integer(1)) if part is None else given[layer.plain.inputs[part].name]
        blocks.append(block if block.ndim == len(shape) else np.expand_dims(block, stack.axis))
    return np.concatenate(blocks, axis=stack.axis)


def split(stack: Stack, layer: Layer, array: Array, at: Mapping[str, int]) -> list[Array]:
    """The parts of an array of the shape of the whole, each in the shape of its block."""
    assert layer.plain is not None
    ends = np.cumsum(_extents(stack, layer, at))[:-1]
    parts = np.split(np.asarray(array), ends, axis=stack.axis)
    ranks = [None if part is None else len(layer.plain.inputs[part].shape) for part in stack.parts]
    return [
        part.squeeze(stack.axis) if rank is not None and rank < part.ndim else part
        for part, rank in zip(parts, ranks, strict=True)
    ]
