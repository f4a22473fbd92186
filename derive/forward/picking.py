"""Parts of an array that arrays of whole numbers choose: X[t], take, take_along_axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.errors import ShapeError, UnsupportedError
from derive.forward.arrays import Laid
from derive.forward.nodes import Contract, Input, Node, OneHot, Ones, Select
from derive.forward.normal import contract
from derive.forward.shape import Size, same, text

__all__ = ["Arange", "along", "chosen", "taken"]


@dataclass(frozen=True, slots=True)
class Arange:
    """0, 1, ... below a size, as an index: with whole numbers beside it, one entry of each row is picked."""

    size: Size


def chosen(where: str, array: Laid, items: Sequence[object]) -> Laid | None:
    """W[t], the rows with the numbers t, or Z[arange(N), t], one entry of each row; None if no index is an array.

    Raises: ShapeError if the numbers may lie outside of the axis; UnsupportedError for other arrays as index.
    """
    if not any(isinstance(item, Laid | Arange) for item in items):
        return None
    node = array.node
    match items:
        case [Laid() as index, *rest] if all(item == slice(None) or item is Ellipsis for item in rest):
            return taken(where, array, index, 0)
        case [Arange(size), Laid() as index] if len(node.shape) == 2 and len(index.shape) == 1:
            if not same(size, node.shape[0]) or not same(index.shape[0], node.shape[0]):
                raise ShapeError(
                    f"{where}: [arange({size}), t] of an array of shape {text(node.shape)}: expected arange of "
                    f"{node.shape[0]}, and as many whole numbers, got {index.shape[0]}"
                )
            row = _one_hot(where, index, node.shape[1])
            return Laid(contract([node, row], [[0, 1], [0, 1]], [0]))
    raise UnsupportedError(
        f"{where}: this index is not supported; write W[t], or Z[arange(N), t] or np.take_along_axis(Z, t[:, None], "
        f"axis=1), with an input t of whole numbers"
    )


def taken(where: str, array: Laid, index: Laid, axis: int) -> Laid:
    """The parts along an axis that have these numbers."""
    node = array.node
    row = _one_hot(where, index, node.shape[axis])
    rank, places = len(node.shape), list(range(len(node.shape), len(node.shape) + len(index.shape)))
    axes = list(range(rank))
    return Laid(contract([row, node], [[*places, axis], axes], [*axes[:axis], *places, *axes[axis + 1 :]]))


def along(where: str, array: Laid, index: Laid, axis: int) -> Laid:
    """np.take_along_axis: along the axis the entries with these numbers, at every place of the other axes."""
    node, chooser = array.node, index.node
    if len(node.shape) != len(chooser.shape) or not all(
        same(a, b) for place, (a, b) in enumerate(zip(node.shape, chooser.shape, strict=True)) if place != axis
    ):
        raise ShapeError(
            f"{where}: take_along_axis: expected indices of shape {text(node.shape)} but for axis {axis}, got "
            f"{text(chooser.shape)}; write t[:, None] for one index a row"
        )
    rank = len(node.shape)
    kept = [place for place in range(rank) if place != axis or place not in index.units]
    row = _one_hot(where, index, node.shape[axis])
    # The axis of the indices has a label of its own, unless it has size 1 and is left out.
    own = [rank if place == axis else place for place in range(rank)]
    target = [own[place] for place in kept]
    labels = [own[place] for place in index.axes]
    node = contract([node, row], [list(range(rank)), [*labels, axis]], target)
    return Laid(node, () if len(kept) == rank else (axis,))


def _one_hot(where: str, index: Laid, size: Size) -> Node:
    below = below_of(index.core)
    if below is None:
        raise UnsupportedError(
            f"{where}: {index.core} as an index is not supported; give whole numbers as an input of the layer, "
            f'annotated "N in V", and use np.where for masks'
        )
    if not same(below, size):
        raise ShapeError(
            f"{where}: {index.core} holds whole numbers below {below}, the axis that they choose from is {size}; give "
            f"both the same letter"
        )
    return OneHot((index.core,), size)


def below_of(node: Node) -> Size | None:
    """What the whole numbers of an array are below of, where it is an input of such or a part of one."""
    while isinstance(node, Contract):
        arrays = [operand for operand in node.operands if not isinstance(operand, Select | Ones)]
        chosen = {
            row[-1] for operand, row in zip(node.operands, node.indices, strict=True) if isinstance(operand, Select)
        }
        if len(arrays) != 1 or not set(node.summed()) <= chosen:
            return None
        (node,) = arrays
    return node.below if isinstance(node, Input) else None
