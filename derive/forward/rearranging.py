"""NumPy's functions that rearrange the entries of arrays, of a Tensor: transpose, concatenate, pad, roll, tile, ..."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import sympy

from derive.errors import ShapeError
from derive.forward import arrays as laying
from derive.forward import views
from derive.forward.proviso import is_at_least, proviso

if TYPE_CHECKING:
    from derive.forward.tensor import Tensor

__all__ = ["REARRANGEMENTS", "Axis", "axes_of", "reshape"]


Axis = int | tuple[int, ...] | None


def axes_of(a: Tensor, name: str, axis: object) -> list[int]:
    """The axes that the argument of a function names, counted from 0; all of them for None."""
    return laying.axes_of(a.where, name, axis, a.ndim)


def transpose(a: Tensor, axes: tuple[int, ...] | None = None) -> Tensor:
    """The axes in another order, reversed if none is given."""
    order = list(reversed(range(a.ndim))) if axes is None else axes_of(a, "transpose", tuple(axes))
    if len(order) != a.ndim:
        raise ShapeError(f"{a.where}: transpose: expected an order of all {a.ndim} axes, got {axes}")
    return a.viewed(laying.permuted(a.laid, order))


def swapaxes(a: Tensor, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged."""
    first, second = axes_of(a, "swapaxes", axis1) + axes_of(a, "swapaxes", axis2)
    order = list(range(a.ndim))
    order[first], order[second] = second, first
    return a.viewed(laying.permuted(a.laid, order))


def moveaxis(a: Tensor, source: int, destination: int) -> Tensor:
    """One axis moved to another place."""
    (start,), (end,) = axes_of(a, "moveaxis", source), axes_of(a, "moveaxis", destination)
    order = [axis for axis in range(a.ndim) if axis != start]
    order.insert(end, start)
    return a.viewed(laying.permuted(a.laid, order))


def copy(a: Tensor) -> Tensor:
    """The same array in memory of its own."""
    return a.moved(a.laid)


def expand_dims(a: Tensor, axis: int | tuple[int, ...]) -> Tensor:
    """New axes of size 1, at the places where the result has them."""
    count = len(axis) if isinstance(axis, tuple) else 1
    return a.viewed(laying.with_new_axes(a.laid, laying.axes_of(a.where, "expand_dims", axis, a.ndim + count)))


def squeeze(a: Tensor, axis: Axis = None) -> Tensor:
    """Axes of size 1 dropped; all of them if none is named."""
    shape = a.laid.shape
    gone = [n for n, size in enumerate(shape) if size == 1] if axis is None else axes_of(a, "squeeze", axis)
    for n, size in enumerate(shape if axis is None else ()):
        if n not in gone and not is_at_least(size, 2):
            proviso(f"squeeze, which leaves out axis {n} where {size} is 1")
    return a.viewed(laying.without_axes(a.where, a.laid, gone))


def reshape(a: Tensor, shape: Any) -> Tensor:
    """The array in another shape, read row by row; -1 for the axis that follows from the others."""
    return a.viewed(views.reshaped(a.where, a.laid, _several(shape)))


def ravel(a: Tensor) -> Tensor:
    """All entries in one row."""
    return reshape(a, -1)


def concatenate(arrays: Sequence[Any], axis: int = 0) -> Tensor:
    """Arrays beside each other along an axis."""
    first, parts = _parts("concatenate", arrays)
    (along,) = axes_of(first, "concatenate", axis)
    return first.lift(views.joined(first.where, parts, along))


def stack(arrays: Sequence[Any], axis: int = 0) -> Tensor:
    """Arrays beside each other along a new axis."""
    first, parts = _parts("stack", arrays)
    (along,) = laying.axes_of(first.where, "stack", axis, first.ndim + 1)
    return first.lift(views.stacked(first.where, parts, along))


def hstack(tup: Sequence[Any]) -> Tensor:
    """Arrays beside each other along their second axis; vectors, along their only one."""
    first, _ = _parts("hstack", tup)
    return concatenate(tup, axis=1 if first.ndim > 1 else 0)


def vstack(tup: Sequence[Any]) -> Tensor:
    """Arrays below each other; vectors are rows."""
    first, parts = _parts("vstack", tup)
    return concatenate([first.lift(p)[None, :] if len(p.shape) == 1 else first.lift(p) for p in parts], axis=0)


def pad(array: Tensor, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Tensor:
    """Zeros before and behind each axis."""
    if mode != "constant" or constant_values != 0:
        array.refuse(f"np.pad with mode={mode!r}, constant_values={constant_values!r}", "pad with zeros, and add")
    pairs = [pad_width] if not isinstance(pad_width, tuple | list) else list(pad_width)
    if len(pairs) == 2 and not any(isinstance(pair, tuple | list) for pair in pairs):
        pairs = [tuple(pairs)]
    widths = [tuple(pair) * (2 // len(pair)) if isinstance(pair, tuple | list) else (pair, pair) for pair in pairs]
    widths = widths * array.ndim if len(widths) == 1 else widths
    if len(widths) != array.ndim or any(len(pair) != 2 for pair in widths):
        raise ShapeError(f"{array.where}: pad: expected widths for {array.ndim} axes, got {pad_width}")
    sizes = [(sympy.sympify(before), sympy.sympify(after)) for before, after in widths]
    return array.lift(views.padded(array.where, array.laid, sizes))


def take(a: Tensor, indices: Any, axis: int = 0) -> Tensor:
    """The parts along an axis that have the numbers of an input of whole numbers."""
    (along,) = axes_of(a, "take", axis)
    return a.moved(views.taken(a.where, a.laid, a.other(indices, "take"), along))


def take_along_axis(arr: Tensor, indices: Any, axis: int = -1) -> Tensor:
    """Along an axis the entries with the numbers of an input of whole numbers, one for every place of the others."""
    (along,) = axes_of(arr, "take_along_axis", axis)
    return arr.moved(views.along(arr.where, arr.laid, arr.other(indices, "take_along_axis"), along))


def flip(m: Tensor, axis: Axis = None) -> Tensor:
    """Axes read backwards."""
    return m.viewed(views.flipped(m.where, m.laid, axes_of(m, "flip", axis)))


def roll(a: Tensor, shift: int, axis: int | None = None) -> Tensor:
    """Entries moved along an axis, round its end."""
    if axis is None and a.ndim > 1:
        return reshape(roll(ravel(a), shift, 0), a.laid.shape)
    (along,) = axes_of(a, "roll", axis or 0)
    if not hasattr(shift, "__index__"):
        a.refuse(f"np.roll with shift={shift!r}", "write a whole number")
    return a.moved(views.rolled(a.where, a.laid, shift.__index__(), along))


def repeat(a: Tensor, repeats: Any, axis: int | None = None) -> Tensor:
    """Every entry several times along an axis."""
    flat = ravel(a) if axis is None else a
    (along,) = axes_of(flat, "repeat", axis or 0)
    return a.moved(views.repeated(a.where, flat.laid, repeats, along))


def tile(A: Tensor, reps: Any) -> Tensor:
    """The whole array several times."""
    return A.moved(views.tiled(A.where, A.laid, _several(reps)))


def sliding_window_view(x: Tensor, window_shape: Any, axis: Axis = None) -> Tensor:
    """All windows along the axes; their own axes come last."""
    sizes = _several(window_shape)
    along = axes_of(x, "sliding_window_view", axis)
    if len(sizes) != len(along):
        raise ShapeError(f"{x.where}: sliding_window_view: {len(sizes)} windows for {len(along)} axes; say axis=")
    return x.viewed(views.windows(x.where, x.laid, sizes, along))


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _parts(name: str, arrays: Sequence[Any]) -> tuple[Tensor, list[laying.Laid]]:
    """The first of several arrays that is traced, and all of them."""
    from derive.forward.tensor import Tensor  # built on this module

    first = next((item for item in arrays if isinstance(item, Tensor)), None)
    if first is None:
        raise ShapeError(f"{name}: expected a list of arrays, got {arrays!r}")
    return first, [first.other(item, name) for item in arrays]


REARRANGEMENTS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        *(concatenate, copy, expand_dims, flip, hstack, moveaxis, pad, ravel, repeat, reshape, roll),
        *(sliding_window_view, squeeze, stack, swapaxes, take, take_along_axis, tile, transpose, vstack),
    )
}
"""By NumPy's name."""
