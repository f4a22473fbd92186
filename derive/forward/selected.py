"""Reads contractions that rearrange one array through selections: slices, padding, reshaping, windows, joining."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import ascii_lowercase

from sympy import Expr, Integer, expand, prod

from derive.forward.nodes import Add, Contract, Indices, Node, Select
from derive.forward.normal import contract
from derive.forward.shape import Size, same
from derive.notation.tree import Concatenate, Einsum, Index, Pad, Reshape, Selection, Slice, Transpose, Tree, Windows

__all__ = ["chosen_place", "read_parts", "read_selected", "read_selection"]


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
            elif _is_split(select):
                labels[place : place + 1] = inner
                reshaped = True
            elif _is_window(select):
                labels[place : place + 1] = inner[:1]
                windows.append((inner[0], inner[1]))
            else:
                return None
        elif source not in labels and source in output and _adjacent(inner, labels) and not set(inner) & set(output):
            place = labels.index(inner[0])
            if _is_split(select):
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
        tree = Reshape(tree, tuple(str(sizes[label]) for label in labels))
    elif widths:
        tree = Pad(tree, tuple(widths.get(label, ("0", "0")) for label in labels))
    elif windows:
        axes = tuple(labels.index(first) for first, _ in windows)
        tree = Windows(tree, axes, tuple(str(sizes[second]) for _, second in windows), len(row))
        labels += [second for _, second in windows]
    else:
        tree = Slice(tree, tuple(items.values()))
    return _ordered(tree, tuple(labels), output)


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


def _is_split(select: Select) -> bool:
    """Whether an axis is split into several, in the order of rows."""
    rows = [prod(select.counts[place + 1 :], start=Integer(1)) for place in range(len(select.counts))]
    return (
        len(select.counts) > 1
        and select.offset == 0
        and all(map(same, rows, select.strides))
        and same(prod(select.counts), select.source)
    )


def _is_window(select: Select) -> bool:
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


def read_parts(node: Add, read: Callable[[Node], Tree]) -> Tree | None:
    """[A, B]: a sum of arrays that lie beside each other, padded with zeros; None if it is not one."""
    found = [_part(operand) for operand in node.operands]
    axis = found[0][1] if found[0] is not None else -1
    parts = []
    expected: Expr = Integer(0)
    for item in found:
        if item is None or item[1] != axis or not same(item[2].offset, expected):
            return None
        parts.append(read(item[0]))
        expected = expand(expected + (item[2].counts[0] if item[2].counts else 1))
    first, last = found[0], found[-1]
    if first is None or last is None or not same(expected, last[2].source):
        return None
    stacked = {not item[2].counts for item in found if item is not None}
    return Concatenate(tuple(parts), axis, stacked.pop()) if len(stacked) == 1 else None


def _part(node: Node) -> tuple[Node, int, Select] | None:
    """The array that is put at a place of an axis, the axis, and the selection that puts it there."""
    if not isinstance(node, Contract):
        return None
    pairs = list(zip(node.operands, node.indices, strict=True))
    for number, (chosen, row) in enumerate(pairs):
        if not isinstance(chosen, Select) or len(row) > 2 or row[-1] not in node.output:
            continue
        *inner, source = row
        rest = pairs[:number] + pairs[number + 1 :]
        elsewhere = {label for _, other in rest for label in other}
        if source in elsewhere or set(inner) & set(node.output) or any(stride != 1 for stride in chosen.strides):
            continue
        axis = node.output.index(source)
        output = [*node.output[:axis], *inner, *node.output[axis + 1 :]]
        if elsewhere >= set(output):
            return contract([o for o, _ in rest], [r for _, r in rest], output), axis, chosen
    return None
