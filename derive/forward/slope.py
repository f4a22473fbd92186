"""How much of a small change an entry passes on: the derivative of a scalar function, the share of a largest entry."""

from __future__ import annotations

from functools import lru_cache

from sympy import Expr, diff

from derive.forward.functions import equal
from derive.forward.nodes import Map, Node, Ones, Reduce, placeholder
from derive.forward.normal import apply, contract

__all__ = ["share", "slope"]


def slope(node: Map, place: int) -> Node:
    """∂f/∂x_p of the node's function at its operands, entry by entry."""
    return apply(_derivative(node.function, place), node.operands)


def share(node: Reduce) -> Node:
    """m / Σ m with m = [x is the largest]: of a change, what each entry along the axes passes on.

    Entries that are largest together share it equally, which is in the subdifferential, and what PyTorch's amax does.
    """
    (operand,) = node.arguments
    axes = list(range(len(operand.shape)))
    kept = [axis for axis in axes if axis not in node.axes]
    ones: list[Node] = [Ones(operand.shape[axis]) for axis in node.axes]
    gone = [[axis] for axis in node.axes]
    mask = apply(equal(placeholder(0), placeholder(1)), [operand, contract([*ones, node], [*gone, kept], axes)])
    count = contract([*ones, contract([mask], [axes], kept)], [*gone, kept], axes)
    return apply(placeholder(0) / placeholder(1), [mask, count])


@lru_cache(maxsize=256)
def _derivative(function: Expr, place: int) -> Expr:
    # SymPy takes a millisecond for each, and a deep network applies the same few functions over and over.
    return diff(function, placeholder(place))
