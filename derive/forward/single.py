"""Turns a layer whose samples are rows into the same layer for one sample: Y = X W + 1bᵀ into y = x W + b.

X becomes the row x. An axis of size 1 says nothing, so it is left out, and every entry keeps its value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from sympy import Integer

from derive.errors import InternalError
from derive.forward.algebra import share_symbols
from derive.forward.layer import Layer, Stack
from derive.forward.nodes import (
    Add,
    Constant,
    Contract,
    Delta,
    Input,
    Map,
    MatrixFunction,
    Node,
    OneHot,
    Ones,
    Reduce,
    Select,
    topological,
)
from derive.forward.normal import add, apply, contract
from derive.forward.shape import Shape, letters, same, size

__all__ = ["single", "without_samples"]


def single(layer: Layer) -> Layer | None:
    """The layer for one sample; None where samples are not exactly the rows of matrices, or names would be ambiguous.

    None also where the layer has no value for one sample: it divides by N - 1.

    Example:
        >>> from derive.layers import load
        >>> made = single(load("affine"))
        >>> [node.name for node in made.inputs], made.output_name
        (['x', 'W', 'b'], 'y')
    """
    letter = layer.sample_size
    if (
        letter not in layer.letters
        or layer.samples != "rows"
        or not all(_lies(node.shape, letter) for node in layer.inputs)
    ):
        return None
    if any(_is_bound(node, letter) for node in topological(layer.output)):
        return None
    values = (node.value.subs(size(letter), 1) for node in topological(layer.output) if isinstance(node, Constant))
    if not all(value.is_finite for value in values):
        return None
    inputs = tuple(_without(node, layer) for node in layer.inputs)
    names = [node.name for node in inputs]
    made = without_samples(layer.output, letter, dict(zip(layer.inputs, inputs, strict=True)))
    output = made[layer.output]
    small = len(output.shape) < 2 <= len(layer.output.shape)
    output_name = layer.output_name.lower() if small else layer.output_name
    if len({*names, output_name}) <= len(names) or any(share_symbols(*pair) for pair in combinations(inputs, 2)):
        return None
    plain = single(layer.plain) if layer.plain else None
    if (plain is None) != (layer.plain is None):
        return None
    taken = {*names, output_name, *layer.letters, layer.loss, layer.upstream.name, *(name for name, _ in layer.named)}
    prose = layer.prose.one or layer.prose.without_arrangement()
    return replace(
        layer,
        inputs=inputs,
        output=output,
        named=tuple((_named(name, node, made[node], taken), made[node]) for name, node in layer.named),
        output_name=output_name,
        defaults=tuple(pair for pair in layer.defaults if pair[0] != letter),
        prose=replace(prose, sizes=tuple(size for size in prose.sizes if size[0] != letter)),
        function=_OneSample(layer),
        samples="one",
        stacks=tuple(_restacked(stack, layer, inputs) for stack in layer.stacks),
        plain=plain,
        origin=layer,
    )


def without_samples(node: Node, letter: str, inputs: Mapping[Input, Node]) -> dict[Node, Node]:
    """What computes the node, and all that it is computed from, where the size of that letter is 1.

    Shapes: those of the nodes without axes of that size, and without a first axis of size 1 of two.
    """
    made: dict[Node, Node] = {}
    for item in topological(node):
        made[item] = _rule(item, letter, inputs, made)
    return made


def _rule(node: Node, letter: str, inputs: Mapping[Input, Node], made: Mapping[Node, Node]) -> Node:
    operands = [made[operand] for operand in node.operands]
    match node:
        case Input():
            return inputs[node]
        case Constant(value):
            return Constant(value.subs(size(letter), 1))
        case Select():
            return node
        case Ones() | Delta():
            return node if _kept(node.shape, letter) else Constant(Integer(1))
        case Add():
            return add(operands)
        case Map():
            return apply(node.function, operands)
        case Reduce():
            kept = _kept(node.arguments[0].shape, letter)
            axes = tuple(place for place, axis in enumerate(kept) if axis in node.axes)
            return Reduce((operands[0],), node.name, axes) if axes else operands[0]
        case MatrixFunction():
            return MatrixFunction((operands[0],), node.name)
        case OneHot():
            return OneHot((operands[0],), node.size)
        case Contract():
            rows = [
                list(row) if isinstance(operand, Select) else [row[axis] for axis in _kept(operand.shape, letter)]
                for operand, row in zip(node.operands, node.indices, strict=True)
            ]
            target = [node.output[axis] for axis in _kept(node.shape, letter)]
            lost = [index for index in target if not any(index in row for row in rows)]
            sizes = node.sizes()
            return contract(
                [*operands, *(Ones(sizes[index]) for index in lost)], [*rows, *([index] for index in lost)], target
            )
    raise InternalError(f"one sample: no rule for a node of kind {type(node).__name__}")


def _kept(shape: Shape, letter: str) -> list[int]:
    """The axes that are not left out."""
    gone = size(letter)
    return [axis for axis, n in enumerate(shape) if n != gone and not (n == 1 and axis == 0 and len(shape) == 2)]


def _lies(shape: Shape, letter: str) -> bool:
    """Whether samples are the rows of an array, or it has nothing to do with them."""
    if len(shape) == 2 and same(shape[0], size(letter)):
        shape = shape[1:]
    return letter not in letters([shape])


def _is_bound(node: Node, letter: str) -> bool:
    """Whether a node takes the axis of samples apart, or makes other axes of it."""
    gone = size(letter)
    if isinstance(node, OneHot) and gone in node.size.free_symbols:
        return True
    if isinstance(node, Reduce | MatrixFunction) and any(
        n == 1 or (isinstance(node, MatrixFunction) and n == gone) for n in node.arguments[0].shape
    ):
        return True
    parts = (*node.strides, node.offset, node.source, *node.counts) if isinstance(node, Select) else ()
    return any(gone in part.free_symbols for part in parts) or any(
        n != gone and gone in n.free_symbols for n in node.shape
    )


def _without(node: Input, layer: Layer) -> Input:
    kept = _kept(node.shape, layer.sample_size)
    taken = {other.name for other in layer.inputs if other is not node} | set(layer.letters)
    low = node.name.lower()
    name = low if len(kept) < len(node.shape) and low == node.letter and low not in taken else node.name
    return replace(node, name=name, axes=tuple(node.shape[axis] for axis in kept))


def _named(name: str, before: Node, now: Node, taken: Collection[str]) -> str:
    """The name of a value; in small letters if it was a matrix and is a vector, and no other is called so."""
    low = name.lower()
    return low if len(now.shape) < 2 <= len(before.shape) and low not in taken else name


def _restacked(stack: Stack, layer: Layer, inputs: Sequence[Input]) -> Stack:
    """The stack by its new name, along what has become of its axis."""
    before, now = next(pair for pair in zip(layer.inputs, inputs, strict=True) if pair[0].name == stack.name)
    return Stack(now.name, stack.parts, _kept(before.shape, layer.sample_size).index(stack.axis))


@dataclass(frozen=True, slots=True)
class _OneSample:
    """The forward code of a layer, called with vectors: they go in as matrices with one row."""

    layer: Layer

    def __call__(self, *arrays: Any) -> Any:
        letter = self.layer.sample_size
        given = [
            array.reshape(_filled(node.shape, _kept(node.shape, letter), array.shape))
            for node, array in zip(self.layer.inputs, arrays, strict=True)
        ]
        result = self.layer.function(*given)
        # What has no axes may be a number of Python's.
        return (
            result
            if not self.layer.output.shape
            else result.reshape([result.shape[axis] for axis in _kept(self.layer.output.shape, letter)])
        )


def _filled(shape: Shape, kept: Sequence[int], numbers: Sequence[int]) -> list[int]:
    """The numbers at the axes that are kept, and 1 at the others."""
    found = dict(zip(kept, numbers, strict=True))
    return [found.get(axis, 1) for axis in range(len(shape))]
