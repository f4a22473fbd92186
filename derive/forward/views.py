"""NumPy's operations that rearrange the entries of arrays: slices, padding, joining, reshaping, windows.

All of them are contractions with selections, [s = offset + Σ stride i], so that nothing else need know of them. What
depends on the value of a size is refused: a layer is traced once, for all sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from sympy import Integer, expand

from derive.errors import ShapeError, UnsupportedError
from derive.forward.arrays import Laid, summed, with_new_axes
from derive.forward.nodes import Node, Ones
from derive.forward.normal import contract, select
from derive.forward.picking import Arange, along, chosen, taken
from derive.forward.proviso import is_at_least, proviso
from derive.forward.reshaping import axis_size, reshaped, whole_number
from derive.forward.shape import Size, divided, same, text

__all__ = [
    "Arange",
    "along",
    "chosen",
    "flipped",
    "indexed",
    "joined",
    "padded",
    "repeated",
    "reshaped",
    "rolled",
    "stacked",
    "taken",
    "tiled",
    "windows",
]


def indexed(where: str, array: Laid, items: Sequence[object]) -> Laid:
    """X[1:3, 0, ::-1]: an integer or a slice for each axis, in NumPy's meaning.

    Raises: ShapeError for what lies outside of an axis, or an empty part; UnsupportedError for what cannot be an index.
    """
    units: list[int] = []
    operands: list[Node] = [array.core]
    row: list[int] = []
    output: list[int] = []
    selections: list[list[int]] = []
    fresh = count(len(array.shape))
    axis = 0
    for place, (item, size) in enumerate(zip(items, array.shape, strict=True)):
        picked = _picked(where, place, item, size)
        missing = place in array.units
        if not missing:
            row.append(place)
        if isinstance(item, slice):
            if missing:
                units.append(axis)
            elif picked is None:
                output.append(place)
            else:
                operands.append(select((picked[0],), size, (picked[1],), picked[2]))
                selections.append([next(fresh), place])
                output.append(selections[-1][0])
            axis += 1
        elif not missing and picked is not None:
            operands.append(select((), size, (), picked[2]))
            selections.append([place])
    return Laid(contract(operands, [row, *selections], output), tuple(units))


def _picked(where: str, axis: int, item: object, size: Size) -> tuple[Size, Size, Size] | None:
    """How many, in which steps and from where on; None for a whole axis."""
    if isinstance(item, slice):
        return _sliced(where, axis, item, size)
    number = whole_number(where, item)
    place = number + size if number.is_Integer and number < 0 else number
    _require(where, f"index {item}", axis, size, place, place)
    return Integer(1), Integer(0), expand(place)


def _sliced(where: str, axis: int, item: slice, size: Size) -> tuple[Size, Size, Size] | None:
    step = 1 if item.step is None else item.step
    if isinstance(step, bool) or not hasattr(step, "__index__"):
        raise UnsupportedError(f"{where}: a slice in steps of {step!r} is not supported; write a whole number")
    step = step.__index__()
    if step == 0:
        raise ShapeError(f"{where}: a slice in steps of 0; write a step such as 1 or -1")
    bounds = [None if bound is None else whole_number(where, bound) for bound in (item.start, item.stop)]
    if size.is_Integer and all(bound is None or bound.is_Integer for bound in bounds):
        first, end = (None if bound is None else int(bound) for bound in bounds)
        numbers = range(*slice(first, end, step).indices(int(size)))
        count, start = Integer(len(numbers)), Integer(numbers.start)
    else:
        ends = (Integer(0), size) if step > 0 else (size - 1, Integer(-1))
        start, stop = (
            end if bound is None else expand(bound + size) if bound.is_Integer and bound < 0 else bound
            for bound, end in zip(bounds, ends, strict=True)
        )
        count = _counted(where, axis, item, expand(stop - start), step)
    said = f"slice {_shown(item)}"
    if count.is_Integer and count <= 0:
        raise ShapeError(f"{where}: {said} of axis {axis}, which is {size}, is empty; take at least one entry")
    if step == 1 and start == 0 and same(count, size):
        return None
    if not is_at_least(count, 0):
        proviso(f"{said} of axis {axis}, which is {size}")
    last = expand(start + step * (count - 1))
    _require(where, said, axis, size, *((start, last) if step > 0 else (last, start)))
    return count, Integer(step), expand(start)


def _counted(where: str, axis: int, item: slice, length: Size, step: int) -> Size:
    """⌈length / step⌉, which has to be a polynomial in sizes."""
    constant, rest = length.as_coeff_Add()
    share = divided(rest, Integer(abs(step))) if rest else Integer(0)
    if share is None:
        raise ShapeError(
            f"{where}: slice {_shown(item)} of axis {axis}: how many entries are left of {length} in steps of {step} "
            f"depends on whether it divides; write the size of the axis so that it tells, such as {abs(step)}*K or "
            f"{abs(step)}*K+1 in the place of a letter"
        )
    # In steps backwards the length is negative, and so is the share of the letters.
    sign = 1 if step > 0 else -1
    return expand(sign * share - (-sign * int(constant)) // abs(step))


def _require(where: str, said: str, axis: int, size: Size, low: Size, high: Size) -> None:
    """Refuses what lies outside of an axis whatever the sizes are; what depends on them is checked with numbers."""
    below, above = expand(low), expand(high - size)
    if (below.is_Integer and below < 0) or (above.is_Integer and above >= 0):
        raise ShapeError(f"{where}: {said} is out of range for axis {axis}, which is {size}")
    if not is_at_least(below, 0) or not is_at_least(-above, 1):
        proviso(f"{said} of axis {axis}, which is {size}")


def _shown(item: slice) -> str:
    parts = ["" if part is None else str(part) for part in (item.start, item.stop, item.step)]
    return ":".join(parts if parts[2] else parts[:2])


def padded(where: str, array: Laid, widths: Sequence[tuple[Size, Size]]) -> Laid:
    """Zeros before and behind the axes."""
    rank = len(array.shape)
    node = array.node
    operands, rows, output = [node], [list(range(rank))], list(range(rank))
    for axis, (before, after) in enumerate(widths):
        if (before.is_Integer and before < 0) or (after.is_Integer and after < 0):
            raise ShapeError(f"{where}: pad: widths ({before}, {after}) of axis {axis}: expected no negative number")
        if (before, after) != (0, 0):
            size = node.shape[axis]
            operands.append(select((size,), expand(size + before + after), (Integer(1),), before))
            rows.append([axis, rank + axis])
            output[axis] = rank + axis
    return Laid(contract(operands, rows, output))


def joined(where: str, parts: Sequence[Laid], axis: int) -> Laid:
    """Arrays put beside each other along an axis."""
    shapes = [part.shape for part in parts]
    for shape in shapes:
        others = [(a, b) for n, (a, b) in enumerate(zip(shapes[0], shape, strict=False)) if n != axis]
        if len(shape) != len(shapes[0]) or not all(same(a, b) for a, b in others):
            raise ShapeError(
                f"{where}: concatenate: {text(shapes[0])} and {text(shape)} differ in an axis other than {axis}; give "
                f"both the same letter there"
            )
    whole = expand(sum((shape[axis] for shape in shapes), Integer(0)))
    placed, offset = [], Integer(0)
    for part in parts:
        size = part.shape[axis]
        rank = len(part.shape)
        row = list(range(rank))
        output = [rank if place == axis else place for place in row]
        chosen = select((size,), whole, (Integer(1),), offset)
        placed.append(Laid(contract([part.node, chosen], [row, [axis, rank]], output)))
        offset = expand(offset + size)
    return placed[0] if len(placed) == 1 else summed(where, "beside", placed)


def stacked(where: str, parts: Sequence[Laid], axis: int) -> Laid:
    """Arrays of one shape put beside each other along a new axis."""
    shapes = [part.shape for part in parts]
    if any(len(s) != len(shapes[0]) or not all(map(same, s, shapes[0])) for s in shapes):
        raise ShapeError(f"{where}: stack: expected arrays of one shape, got {' and '.join(map(text, shapes))}")
    if len(parts) == 1:
        return with_new_axes(parts[0], [axis])
    placed = []
    for number, part in enumerate(parts):
        row = list(range(len(part.shape)))
        output = [*row[:axis], len(row), *row[axis:]]
        chosen = select((), Integer(len(parts)), (), Integer(number))
        placed.append(Laid(contract([part.node, chosen], [row, [len(row)]], output)))
    return summed(where, "beside", placed)


def windows(where: str, array: Laid, sizes: Sequence[object], axes: Sequence[int]) -> Laid:
    """All windows of these sizes along axes; their own axes come last.

    Raises: ShapeError for a window that is larger than its axis.
    """
    node = array.node
    rank = len(node.shape)
    operands, rows, output, behind = [node], [list(range(rank))], list(range(rank)), []
    fresh = count(rank)
    for size, axis in zip((axis_size(where, size) for size in sizes), axes, strict=True):
        room = expand(node.shape[axis] - size + 1)
        if room.is_Integer and room <= 0:
            raise ShapeError(
                f"{where}: sliding_window_view: a window of {size} is larger than axis {axis}, which is "
                f"{node.shape[axis]}"
            )
        if not is_at_least(room, 1):
            proviso(f"a window of {size} along axis {axis}, which is {node.shape[axis]}")
        place, inside = next(fresh), next(fresh)
        operands.append(select((room, size), node.shape[axis], (Integer(1), Integer(1)), Integer(0)))
        rows.append([place, inside, axis])
        output[axis] = place
        behind.append(inside)
    return Laid(contract(operands, rows, [*output, *behind]))


def flipped(where: str, array: Laid, axes: Sequence[int]) -> Laid:
    """The axes read backwards."""
    return indexed(where, array, [slice(None, None, -1) if n in axes else slice(None) for n in range(len(array.shape))])


def rolled(where: str, array: Laid, shift: int, axis: int) -> Laid:
    """Entries moved along an axis; those that leave it at one end come in at the other."""
    size = array.shape[axis]
    if size.is_Integer:
        shift %= int(size)
    if shift == 0:
        return array

    def part(item: slice) -> Laid:
        return indexed(where, array, [item if n == axis else slice(None) for n in range(len(array.shape))])

    return joined(where, [part(slice(-shift, None)), part(slice(None, -shift))], axis)


def repeated(where: str, array: Laid, times: object, axis: int) -> Laid:
    """Every entry along an axis several times, next to each other."""
    node = array.node
    inner = list(range(len(node.shape)))
    output = [*inner[: axis + 1], len(inner), *inner[axis + 1 :]]
    spread = Laid(contract([node, Ones(axis_size(where, times))], [inner, [len(inner)]], output))
    joined_shape = [*array.shape[:axis], expand(array.shape[axis] * axis_size(where, times)), *array.shape[axis + 1 :]]
    return reshaped(where, spread, joined_shape)


def tiled(where: str, array: Laid, times: Sequence[object]) -> Laid:
    """The whole array several times along each axis."""
    missing = len(times) - len(array.shape)
    array = with_new_axes(array, list(range(missing))) if missing > 0 else array
    counts = [Integer(1)] * -missing + [axis_size(where, number) for number in times]
    for axis, number in enumerate(counts):
        if number != 1:
            node = array.node
            inner = list(range(len(node.shape)))
            output = [*inner[:axis], len(inner), *inner[axis:]]
            spread = Laid(contract([node, Ones(number)], [inner, [len(inner)]], output))
            shape = [*array.shape[:axis], expand(array.shape[axis] * number), *array.shape[axis + 1 :]]
            array = reshaped(where, spread, shape)
    return array
