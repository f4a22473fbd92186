"""Recognises sums of arrays that lie beside each other, padded with zeros: joined, stacked or interleaved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sympy import Expr, Integer, expand

from derive.forward.nodes import Add, Constant, Contract, Node, Select
from derive.forward.normal import contract
from derive.forward.shape import same

__all__ = ["Joined", "cover", "joined"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Arrays along an axis: one after the other; stacked, along an axis that they lack; interleaved, entry by entry."""

    parts: tuple[Node, ...]
    axis: int
    stacked: bool
    interleaved: bool


@lru_cache(maxsize=4096)
def joined(node: Node) -> Joined | None:
    """The parts of a sum, in their order; None if they leave gaps, overlap, or lie along several axes."""
    found = [_part(operand) for operand in node.operands] if isinstance(node, Add) else []
    parts = [part for part in found if part is not None]
    if not parts or len(parts) < len(found) or len({axis for _, axis, _ in parts}) > 1:
        return None
    order = cover([select for _, _, select in parts])
    if order is None:
        return None
    select = parts[0][2]
    interleaved = bool(select.counts) and select.strides[0] != 1
    return Joined(tuple(parts[place][0] for place in order), parts[0][1], not select.counts, interleaved)


def cover(selects: Sequence[Select]) -> list[int] | None:
    """The order in which parts of an axis cover it, each place once; None if they do not.

    All are single places, or ranges one after the other, or every k-th entry for one k.
    """
    first = selects[0]
    kinds = {(len(select.counts), select.strides) for select in selects}
    if len(selects) < 2 or len(kinds) > 1 or len(first.counts) > 1:
        return None
    stride = first.strides[0] if first.counts else Integer(1)
    order: list[int] = []
    expected: Expr = Integer(0)
    while len(order) < len(selects):
        place = next((place for place, select in enumerate(selects) if same(select.offset, expected)), None)
        if place is None or place in order:
            return None
        order.append(place)
        count = selects[place].counts[0] if first.counts else Integer(1)
        expected = expand(expected + (count if stride == 1 else 1))
        if stride != 1 and not same(count * stride, first.source):
            return None
    return order if same(expected, first.source if stride == 1 else stride) else None


def _part(node: Node) -> tuple[Node, int, Select] | None:
    """The array that is put at a place of an axis, the axis, and the selection that puts it there."""
    if isinstance(node, Select):
        return (Constant(Integer(1)), 0, node) if not node.counts else None
    if not isinstance(node, Contract):
        return None
    pairs = list(zip(node.operands, node.indices, strict=True))
    for number, (chosen, row) in enumerate(pairs):
        if not isinstance(chosen, Select) or len(row) > 2 or row[-1] not in node.output:
            continue
        *inner, source = row
        rest = pairs[:number] + pairs[number + 1 :]
        elsewhere = {label for _, other in rest for label in other}
        if source in elsewhere or set(inner) & set(node.output):
            continue
        axis = node.output.index(source)
        output = [*node.output[:axis], *inner, *node.output[axis + 1 :]]
        if elsewhere >= set(output):
            return contract([o for o, _ in rest], [r for _, r in rest], output), axis, chosen
    return None
