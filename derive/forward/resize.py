"""Puts other sizes in the place of a graph's letters, N D into N M_1 for example, and other nodes in that of inputs."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Expr, Symbol

from derive.forward.nodes import Constant, Delta, Input, Map, Node, OneHot, Ones, Select, topological
from derive.forward.normal import apply, replaced
from derive.forward.shape import Shape, Size

__all__ = ["resized", "resized_shape"]


def resized_shape(shape: Shape, sizes: Mapping[Symbol, Size]) -> Shape:
    """The shape with other sizes, all replaced at once."""
    return tuple(_put(axis, sizes) for axis in shape)


def resized(roots: Mapping[str, Node], sizes: Mapping[Symbol, Size], inputs: Mapping[Input, Node]) -> dict[str, Node]:
    """The nodes with other sizes and inputs, in normal form.

    Shapes: those of the nodes, with the sizes in the place of their letters.
    """
    values: dict[Node, Node] = dict(inputs.items())
    for node in topological(*roots.values(), leaves=inputs):
        match node:
            case Constant(value):
                values[node] = Constant(_put(value, sizes))
            case Ones(axis):
                values[node] = Ones(_put(axis, sizes))
            case Delta(axis):
                values[node] = Delta(_put(axis, sizes))
            case Select(counts, source, strides, offset):
                values[node] = Select(
                    resized_shape(counts, sizes),
                    _put(source, sizes),
                    resized_shape(strides, sizes),
                    _put(offset, sizes),
                )
            case OneHot():
                values[node] = OneHot((replaced(node.operands[0], values),), _put(node.size, sizes))
            case Map() if not sizes.keys().isdisjoint(node.function.free_symbols):
                values[node] = apply(_put(node.function, sizes), [replaced(o, values) for o in node.operands])
    return {name: replaced(node, values) for name, node in roots.items()}


def _put(value: Expr, sizes: Mapping[Symbol, Size]) -> Expr:
    # All at once: N may become M where M becomes K.
    return value.xreplace(dict(sizes)).expand() if value.free_symbols else value
