"""Counts the arithmetic that evaluating a node takes: a multiplication, an addition and a function are one each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import prod

from derive.errors import InternalError
from derive.forward.nodes import Add, Constant, Contract, Delta, Input, Map, Node, Ones, Select, topological
from derive.forward.shape import bind

__all__ = ["dense_product", "operations"]


def dense_product(rows: int, columns: int) -> int:
    """A row times a dense matrix of so many rows and columns: for each column `rows` products, added up.

    Example:
        >>> dense_product(6, 4)  # 4 times 6 multiplications and 5 additions
        44
    """
    return columns * (2 * rows - 1)


def operations(node: Node, sizes: Mapping[str, int]) -> int:
    """The arithmetic of the node, intermediate results computed once; products of several arrays two at a time."""
    return sum(_of_one(item, sizes) for item in topological(node))


def _of_one(node: Node, sizes: Mapping[str, int]) -> int:
    count = prod(bind(node.shape, sizes))
    match node:
        case Input() | Constant() | Ones() | Delta() | Select():
            return 0
        case Add(operands):
            return count * (len(operands) - 1)
        case Map():
            return count
        case Contract():
            return _of_contraction(node, sizes)
    raise InternalError(f"cost: no rule for a node of kind {type(node).__name__}")


def _of_contraction(node: Contract, sizes: Mapping[str, int]) -> int:
    """Two operands at a time, the cheapest pair first; ones only say which indices are summed or repeated."""
    numbers = dict(zip(node.sizes(), bind(tuple(node.sizes().values()), sizes), strict=True))
    output = frozenset(node.output)
    pending: list[frozenset[int]] = []
    for operand, row in zip(node.operands, node.indices, strict=True):
        if not isinstance(operand, Ones):
            pending.append(frozenset(row))
    total = 0
    if len(pending) == 1:
        total, pending[0] = _sum(pending[0], output, numbers)
    while len(pending) > 1:
        steps = [(*_product(a, b, pending, output, numbers), a, b) for a, b in combinations(pending, 2)]
        cost, result, first, second = min(steps, key=lambda step: step[0])
        pending.remove(first)
        pending.remove(second)
        pending.append(result)
        total += cost
    return total


def _sum(row: frozenset[int], kept: frozenset[int], numbers: Mapping[int, int]) -> tuple[int, frozenset[int]]:
    """The additions that remove the indices that are not kept, and what is left."""
    left = row & kept
    return _count(row, numbers) - _count(left, numbers), left


def _product(
    first: frozenset[int],
    second: frozenset[int],
    pending: Sequence[frozenset[int]],
    output: frozenset[int],
    numbers: Mapping[int, int],
) -> tuple[int, frozenset[int]]:
    """The multiplications and additions of one product, and the indices of its result."""
    rest = list(pending)
    rest.remove(first)
    rest.remove(second)
    both = first | second
    additions, left = _sum(both, output.union(*rest), numbers)
    return _count(both, numbers) + additions, left


def _count(indices: frozenset[int], numbers: Mapping[int, int]) -> int:
    return prod(numbers[index] for index in indices)
