"""Arrays beside each other in a sum or a function: how often one is repeated is not written where another says it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sympy import Integer, prod

from derive.forward.coefficient import averaged, divisor_of, scaled
from derive.forward.idioms import idiom
from derive.forward.nodes import Constant, Contract, Indices, Map, Node, Ones
from derive.forward.scalar import number
from derive.forward.stacks import with_new_axes
from derive.notation.tree import Number, Tree

__all__ = ["filling", "next_to_each_other", "stretching"]


def next_to_each_other(operands: Sequence[Node], made: Mapping[Node, Tree], names: Collection[Node]) -> list[Tree]:
    """The terms of a sum, or operands of a function: how often one is repeated is not written where another says it."""
    rank = len(operands[0].shape)
    loose = [stretching(operand, made, names) for operand in operands]
    covered = {axis for axes, _ in loose for axis in axes}
    if len(covered) < rank:
        return [made[operand] for operand in operands]
    return [made[operand] if tree is None else tree for operand, (_, tree) in zip(operands, loose, strict=True)]


def stretching(node: Node, known: Mapping[Node, Tree], names: Collection[Node]) -> tuple[set[int], Tree | None]:
    """The axes that an array fills by itself, and the array with None in the place of the others."""
    every = set(range(len(node.shape)))
    number = filling(node)
    if number is not None and every:
        return set(), number
    if not isinstance(node, Contract) or node.summed() or node in names or idiom(node) is not None:
        return every, None
    made, coefficient = averaged(node, known)
    scalars: list[Tree] = []
    arrays: list[tuple[Tree, Indices]] = []
    for operand, row in zip(node.operands, node.indices, strict=True):
        if isinstance(operand, Constant):
            coefficient = coefficient * operand.value
        elif not isinstance(operand, Ones):
            if row:
                arrays.append((made[operand], row))
            elif isinstance(operand, Map) and operand not in names and divisor_of(operand, known) is not None:
                return every, None
            else:
                scalars.append(made[operand])
    if len(arrays) > 1 or (len(arrays) == 1 and len(arrays[0][1]) == len(node.output)):
        return every, None
    if not arrays:
        return set(), scaled(coefficient, scalars[:-1], scalars[-1]) if scalars else None
    ((tree, row),) = arrays
    spread = with_new_axes(tree, row, node.output)
    if spread is None:
        return every, None
    return {node.output.index(index) for index in row}, scaled(coefficient, scalars, spread)


def filling(node: Node) -> Tree | None:
    """The number that an array holds at every entry, or None."""
    if isinstance(node, Ones):
        return Number(1)
    if not isinstance(node, Contract) or any(not isinstance(operand, Constant | Ones) for operand in node.operands):
        return None
    first, sizes = node.operands[0], node.sizes()
    # Ones that are summed over are counted.
    value = first.value if isinstance(first, Constant) else Integer(1)
    return number(prod((sizes[index] for index in node.summed()), start=value))
