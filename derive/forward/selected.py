"""Reads contractions that rearrange one array through selections: slices, padding, reshaping, windows, joining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import ascii_lowercase

from sympy import Integer, expand, prod

from derive.forward.joined import Joined
from derive.forward.nodes import Indices, Select
from derive.forward.shape import Shape, Size, same
from derive.notation.tree import (
    Concatenate,
    Einsum,
    Index,
    Kronecker,
    MatMul,
    Ones,
    Pad,
    Permute,
    Repeat,
    Reshape,
    Selection,
    Slice,
    Transpose,
    Tree,
    Windows,
)

__all__ = ["chosen_place", "is_split", "is_window", "read_joined", "read_repeated", "read_selected", "read_selection"]


@lru_cache(maxsize=1024)
def read_selection(node: Select) -> Selection:
    """Rows of the identity matrix."""
    return Selection(
        tuple(map(str, node.counts)), str(node.source), tuple(map(str, node.strides)), str(node.offset), _rows(node)
    )


def chosen_place(node: Select, index: Sequence[Index]) -> Index:
    """2k+1: which entry of its last axis a selection takes; letters run from 1, and so does what is written."""
    number = node.offset
    terms = []
    for position, stride in zip(index, node.strides, strict=True):
        if isinstance(position, int):
            number += stride * position
        else:
            number -= stride
            factor = "" if stride == 1 else "-" if stride == -1 else str(stride).replace("*", "")
            terms.append(f"({factor}){position}" if "+" in factor or "-" in factor[1:] else f"{factor}{position}")
    number = expand(number)
    if not terms and number.is_Integer:
        return int(number)
    rest = [] if number == -1 else [str(number + 1).replace(" ", "").replace("*", "")]
    return "+".join([*terms, *rest]).replace("+-", "-")


def _rows(node: Select) -> str:
    if not node.counts:
        return _place(node.offset, node.source)
    return _range(node) if len(node.counts) == 1 and node.strides[0].is_Integer else ""


def read_selected(
    tree: Tree, row: Indices, selects: Sequence[tuple[Select, Indices]], output: Indices, sizes: Mapping[int, Size]
) -> Tree | None:
    """The array with each selection applied to one of its axes; None if that is not what the selections do."""
    placed = {source: chosen for _, (*chosen, source) in selects}
    order = tuple(label for axis in output for label in placed.get(axis, (axis,)))
    if set(placed) <= set(output) and order != row and sorted(order) == sorted(row):
        # What is put together has to lie side by side.
        tree, row = _turned(tree, row, order), order
    labels = list(row)
    items = dict.fromkeys(labels, ":")
    widths: dict[int, tuple[str, str]] = {}
    windows: list[tuple[int, int]] = []
    reshaped = False
    for select, (*inner, source) in selects:
        if source in labels and source not in output and all(i in output and i not in labels for i in inner):
            place = labels.index(source)
            if len(inner) <= 1:
                items[source] = _range(select) if inner else _place(select.offset, select.source)
                labels[place : place + 1] = inner
            elif is_split(select):
                labels[place : place + 1] = inner
                reshaped = True
            elif is_window(select):
                labels[place : place + 1] = inner[:1]
                windows.append((inner[0], inner[1]))
            else:
                return None
        elif source not in labels and source in output and _adjacent(inner, labels) and not set(inner) & set(output):
            place = labels.index(inner[0])
            if is_split(select):
                reshaped = True
            elif len(inner) == 1 and select.strides[0] == 1:
                widths[source] = _widths(select)
            else:
                return None
            labels[place : place + len(inner)] = [source]
        else:
            return None
    if bool(reshaped) + bool(widths) + bool(windows) + any(item != ":" for item in items.values()) > 1:
        return None
    if reshaped:
        # Reshaped twice is reshaped once.
        inside = tree.operand if isinstance(tree, Reshape) else tree
        tree = Reshape(inside, tuple(str(sizes[label]) for label in labels))
    elif widths:
        tree = Pad(tree, tuple(widths.get(label, ("0", "0")) for label in labels))
    elif windows:
        axes = tuple(labels.index(first) for first, _ in windows)
        tree = Windows(tree, axes, tuple(str(sizes[second]) for _, second in windows), len(row))
        labels += [second for _, second in windows]
    else:
        tree = Slice(tree, tuple(items.values()))
    return _ordered(tree, tuple(labels), output)


def _turned(tree: Tree, row: Indices, order: Indices) -> Tree:
    """The axes in another order."""
    return Transpose(tree) if len(row) == 2 else Permute(tree, tuple(row.index(label) for label in order))


def read_repeated(
    tree: Tree, row: Indices, ones: Mapping[int, str], selects: Sequence[tuple[Select, Indices]], output: Indices
) -> Tree | None:
    """Every entry of an array several times, next to each other; None for anything else.

    Both as rows and as columns of a matrix, this is A ⊗ 11ᵀ.
    """
    inner = {source: chosen for select, (*chosen, source) in selects if is_split(select) and len(chosen) == 2}
    pairs = [inner.get(axis, [axis]) for axis in output]
    repeated = [(axis, pair[1]) for axis, pair in enumerate(pairs) if len(pair) == 2]
    if len(inner) < len(selects) or {second for _, second in repeated} != set(ones):
        return None
    firsts = tuple(pair[0] for pair in pairs)
    if sorted(firsts) != sorted(row):
        return None
    tree = tree if firsts == row else _turned(tree, row, firsts)
    if len(row) == len(repeated) == 2:
        down, across = (Ones(ones[second]) for _, second in repeated)
        return Kronecker((tree, MatMul((down, Transpose(across)))))
    for axis, second in repeated:
        tree = Repeat(tree, ones[second], axis, len(row))
    return tree


def _ordered(tree: Tree, labels: Indices, output: Indices) -> Tree | None:
    if labels == output:
        return tree
    if sorted(labels) != sorted(output):
        return None
    if len(labels) == 2:
        return Transpose(tree)
    names = dict(zip(labels, ascii_lowercase[8:], strict=False))
    return Einsum(f"{''.join(names.values())}->{''.join(names[label] for label in output)}", (tree,))


def _adjacent(inner: Sequence[int], labels: Sequence[int]) -> bool:
    if not inner or inner[0] not in labels:
        return False
    place = labels.index(inner[0])
    return list(labels[place : place + len(inner)]) == list(inner)


def is_split(select: Select) -> bool:
    """Whether an axis is split into several, in the order of rows."""
    rows = [prod(select.counts[place + 1 :], start=Integer(1)) for place in range(len(select.counts))]
    return (
        len(select.counts) > 1
        and select.offset == 0
        and all(map(same, rows, select.strides))
        and same(prod(select.counts), select.source)
    )


def is_window(select: Select) -> bool:
    """Whether windows are laid along an axis, one at each place."""
    return (
        len(select.counts) == 2
        and select.offset == 0
        and select.strides == (1, 1)
        and same(select.counts[0] + select.counts[1] - 1, select.source)
    )


def _widths(select: Select) -> tuple[str, str]:
    return str(select.offset), str(expand(select.source - select.offset - select.counts[0]))


def _place(offset: Size, source: Size) -> str:
    """An index, counted from the end where that needs no letter."""
    from_end = expand(source - offset)
    return f"-{from_end}" if not offset.is_Integer and from_end.is_Integer else str(offset)


@lru_cache(maxsize=1024)
def _range(select: Select) -> str:
    """1:3, ::2, ::-1."""
    (count,), (stride,), source = select.counts, select.strides, select.source
    last = expand(select.offset + stride * (count - 1))
    left = expand(source - last) if stride > 0 else last + 1
    whole = left.is_Integer and 1 <= left <= abs(stride)
    first = Integer(0) if stride > 0 else expand(source - 1)
    start = "" if same(select.offset, first) else _place(select.offset, source)
    stop = "" if whole else _place(expand(last + (1 if stride > 0 else -1)), source)
    return f"{start}:{stop}" + (f":{stride}" if stride != 1 else "")


def read_joined(found: Joined, parts: Sequence[Tree], shape: Shape) -> Tree:
    """[A, B]: arrays beside each other."""
    if found.interleaved:
        return Reshape(Concatenate(tuple(parts), found.axis + 1, stacked=True), tuple(map(str, shape)))
    return Concatenate(tuple(parts), found.axis, found.stacked)
