"""Arrays in other shapes, their entries read row by row: axes are merged and split."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, Integer, expand, prod

from derive.errors import ShapeError, UnsupportedError
from derive.forward.arrays import Laid, total
from derive.forward.nodes import Node
from derive.forward.normal import contract, select
from derive.forward.shape import Shape, Size, divided, is_size, same, text

__all__ = ["axis_size", "reshaped", "whole_number"]


def whole_number(where: str, value: object) -> Expr:
    """An index or bound as a size."""
    if not isinstance(value, bool) and hasattr(value, "__index__") and not isinstance(value, Expr):
        return Integer(value.__index__())
    if isinstance(value, Expr) and is_size(expand(value)):
        return expand(value)
    raise UnsupportedError(
        f"{where}: an index of type {type(value).__name__} is not supported; write whole numbers, sizes such as "
        f"X.shape[0] and slices of them, or pick with an integer input of the layer"
    )


def reshaped(where: str, array: Laid, shape: Sequence[object]) -> Laid:
    """The array in another shape, read row by row: axes are split and joined.

    Raises: ShapeError if the numbers of entries differ, or it cannot be said for all sizes how axes become others.
    """
    whole = expand(prod(array.shape, start=Integer(1)))
    target = [axis_size(where, size) for size in shape]
    if target.count(Integer(-1)) > 1:
        raise ShapeError(f"{where}: reshape: only one axis can be -1")
    known = prod((size for size in target if size != -1), start=Integer(1))
    rest = divided(whole, known)
    if -1 in target and rest is not None:
        target[target.index(Integer(-1))] = rest
    elif rest is None or rest != 1:
        raise ShapeError(
            f"{where}: reshape: {text(array.shape)} has {whole} entries, {text(tuple(target))} has {known}; write the "
            f"sizes as products, such as H*K for an axis that is to become H and K"
        )
    units = [place for place, size in enumerate(array.shape) if size == 1]
    core = total(array, units).core
    sizes = [size for size in target if size != 1]
    for old, new in reversed(_groups(where, core.shape, tuple(sizes))):
        core = _split(_merged(core, *old), old[0], tuple(sizes[slice(*new)]))
    return Laid(core, tuple(place for place, size in enumerate(target) if size == 1))


def axis_size(where: str, value: object) -> Size:
    """A size from 1 on, or -1 for what is left."""
    size = whole_number(where, value)
    if size.is_Integer and size <= 0 and size != -1:
        raise ShapeError(f"{where}: reshape: expected sizes from 1 on, or -1 for one of them, got {value}")
    return size


def _groups(where: str, old: Shape, new: Shape) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Ranges of axes that become each other, as few axes in each as possible."""
    found = []
    first = second = 0
    while first < len(old) or second < len(new):
        ends = [first + 1, second + 1]
        while True:
            a, b = prod(old[first : ends[0]], start=Integer(1)), prod(new[second : ends[1]], start=Integer(1))
            if same(a, b):
                break
            grow_new = divided(a, b) is not None if ends[0] < len(old) else ends[1] < len(new)
            if not grow_new and ends[0] >= len(old):
                raise ShapeError(f"{where}: reshape: {text(old)} cannot become {text(new)} for all sizes")
            ends[grow_new] += 1
        found.append(((first, ends[0]), (second, ends[1])))
        first, second = ends
    return found


def _merged(node: Node, start: int, stop: int) -> Node:
    """Axes start to stop as one."""
    if stop - start <= 1:
        return node
    axes = list(range(len(node.shape)))
    counts = node.shape[start:stop]
    new = len(axes)
    chosen = _rows(counts)
    return contract([node, chosen], [axes, [*axes[start:stop], new]], [*axes[:start], new, *axes[stop:]])


def _split(node: Node, axis: int, counts: Shape) -> Node:
    """One axis as several."""
    if len(counts) <= 1:
        return node
    axes = list(range(len(node.shape)))
    new = list(range(len(axes), len(axes) + len(counts)))
    return contract([node, _rows(counts)], [axes, [*new, axis]], [*axes[:axis], *new, *axes[axis + 1 :]])


def _rows(counts: Shape) -> Node:
    """[s = the number of a position when an array of this shape is read row by row]."""
    strides = [expand(prod(counts[place + 1 :], start=Integer(1))) for place in range(len(counts))]
    return select(counts, expand(prod(counts)), tuple(strides), Integer(0))
