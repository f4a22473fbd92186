"""The sign in the circle of an operation, read off what the operation is in matrix notation."""

from __future__ import annotations

from derive.document.drawing.drawing import Label
from derive.forward.matrix import read
from derive.forward.nodes import Add, Contract, Map, MatrixFunction, Node, OneHot, Reduce
from derive.forward.scalar import read_scalar
from derive.notation.tree import (
    Broadcast,
    Call,
    Hadamard,
    MatMul,
    Name,
    Negative,
    Pad,
    Product,
    Quotient,
    Repeat,
    Reshape,
    Slice,
    SumAxis,
    Take,
    Transpose,
    Tree,
    Windows,
)
from derive.routes.graph import LocalRule

__all__ = ["sign_of"]

_SIGNS: dict[type, str] = {
    MatMul: "dot",
    Broadcast: "dot",
    Hadamard: "⊙",
    Quotient: "×",
    SumAxis: "Σ",
    Transpose: "ᵀ",
    Slice: "part",
    Pad: "pad",
    Repeat: "repeat",
    Reshape: "reshape",
    Windows: "windows",
    Take: "pick",
}
"""Of a contraction, by the kind of its reading."""


def sign_of(node: Node) -> Label:
    """dot for a product of matrices, + for a sum, ⊙ entry by entry, Σ along axes, the function of a Map."""
    match node:
        case Add():
            return "+"
        case Map():
            return _function(node)
        case Contract():
            return _contraction(read(LocalRule.of(node, "L").layer.output))
        case Reduce() | MatrixFunction():
            return node.name
        case OneHot():
            return "onehot"
    raise AssertionError(f"{type(node).__name__} is no operation")


def _function(node: Map) -> Label:
    """tanh, or a² where the function has no name."""
    tree = read_scalar(node.function, [Name("ab"[p] if p < 2 else f"a_{p}") for p in range(len(node.operands))])
    return tree.function if isinstance(tree, Call) and all(isinstance(o, Name) for o in tree.operands) else tree


def _contraction(tree: Tree) -> str:
    if isinstance(tree, Negative):
        return "−" if isinstance(tree.operand, Name) else _contraction(tree.operand)
    if isinstance(tree, Product):
        return "×" if isinstance(tree.factors[-1], Name) else _contraction(tree.factors[-1])
    return _SIGNS.get(type(tree), "einsum")
