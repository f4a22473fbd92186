"""NumPy's functions of whole arrays, written with what a Tensor can do: mean, var, where, einsum, trace, softmax, ...

A function here is a definition, as one would write it on paper; its derivative follows from that. Every array argument
is a Tensor; the first one carries the name of the layer for messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sympy
from sympy import Expr, Integer, prod

from derive.errors import ShapeError
from derive.forward import arrays as laying
from derive.forward import views
from derive.forward.functions import ELEMENTWISE
from derive.forward.proviso import is_at_least, proviso

if TYPE_CHECKING:
    from derive.forward.tensor import Tensor

__all__ = ["FUNCTIONS", "METHODS", "REFUSED"]

Axis = int | tuple[int, ...] | None


def sum(a: Tensor, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Σ along the axes."""
    return a.lift(laying.total(a.laid, _axes(a, "sum", axis), keepdims=keepdims))


def mean(a: Tensor, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The sum divided by the number of terms."""
    result: Tensor = sum(a, axis, keepdims=keepdims) / _count(a, "mean", axis)
    return result


def var(a: Tensor, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The mean of the squared distances from the mean; ddof is subtracted from the number of terms."""
    distance = a - mean(a, axis, keepdims=True)
    result: Tensor = sum(distance**2, axis, keepdims=keepdims) / (_count(a, "var", axis) - ddof)
    return result


def std(a: Tensor, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The square root of the variance."""
    return a.apply("std", sympy.sqrt, var(a, axis, ddof=ddof, keepdims=keepdims))


def max(a: Tensor, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The largest entry along the axes."""
    return a.lift(laying.extreme(a.laid, "max", _axes(a, "max", axis), keepdims=keepdims))


def min(a: Tensor, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The smallest entry along the axes."""
    return a.lift(laying.extreme(a.laid, "min", _axes(a, "min", axis), keepdims=keepdims))


def ptp(a: Tensor, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The largest minus the smallest entry."""
    return max(a, axis, keepdims=keepdims) - min(a, axis, keepdims=keepdims)


def inv(a: Tensor) -> Tensor:
    """The inverse of a square matrix."""
    return a.lift(laying.of_matrix(a.where, "inv", a.node))


def det(a: Tensor) -> Tensor:
    """The determinant of a square matrix."""
    return a.lift(laying.of_matrix(a.where, "det", a.node))


def logdet(a: Tensor) -> Tensor:
    """log |det a|, for a square matrix."""
    return a.lift(laying.of_matrix(a.where, "logdet", a.node))


class Slogdet(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Tensor
    logabsdet: Tensor


def slogdet(a: Tensor) -> Slogdet:
    """The sign of the determinant, and the logarithm of its absolute value."""
    return Slogdet(a.apply("slogdet", ELEMENTWISE["sign"], det(a)), logdet(a))


def solve(a: Tensor, b: Any) -> Tensor:
    """a⁻¹ b."""
    return inv(a) @ a.lift(a.other(b, "solve"))


def norm(x: Tensor, ord: int | str | None = None, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The Euclidean (Frobenius) norm, or the sum of absolute values for ord=1 of vectors."""
    vectors = x.ndim == 1 or isinstance(axis, int)
    if ord in (None, "fro") or (ord == 2 and vectors):
        return x.apply("norm", sympy.sqrt, sum(x**2, axis, keepdims=keepdims))
    if ord == 1 and vectors:
        return sum(abs(x), axis, keepdims=keepdims)
    x.refuse(f"np.linalg.norm with ord={ord!r} for an array with {x.ndim} axes", "write it with sums, abs and max")


def logsumexp(a: Tensor, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """log Σ exp(a)."""
    return a.apply("logsumexp", sympy.log, sum(a.apply("logsumexp", sympy.exp, a), axis, keepdims=keepdims))


def softmax(x: Tensor, axis: Axis = -1) -> Tensor:
    """exp(x) / Σ exp(x) along the axes."""
    powers = x.apply("softmax", sympy.exp, x)
    return powers / sum(powers, axis, keepdims=True)


def log_softmax(x: Tensor, axis: Axis = -1) -> Tensor:
    """x - log Σ exp(x) along the axes."""
    return x - logsumexp(x, axis, keepdims=True)


def transpose(a: Tensor, axes: tuple[int, ...] | None = None) -> Tensor:
    """The axes in another order, reversed if none is given."""
    order = list(reversed(range(a.ndim))) if axes is None else _axes(a, "transpose", tuple(axes))
    if len(order) != a.ndim:
        raise ShapeError(f"{a.where}: transpose: expected an order of all {a.ndim} axes, got {axes}")
    return a.moved(laying.permuted(a.laid, order))


def swapaxes(a: Tensor, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged."""
    first, second = _axes(a, "swapaxes", axis1) + _axes(a, "swapaxes", axis2)
    order = list(range(a.ndim))
    order[first], order[second] = second, first
    return a.moved(laying.permuted(a.laid, order))


def moveaxis(a: Tensor, source: int, destination: int) -> Tensor:
    """One axis moved to another place."""
    (start,), (end,) = _axes(a, "moveaxis", source), _axes(a, "moveaxis", destination)
    order = [axis for axis in range(a.ndim) if axis != start]
    order.insert(end, start)
    return a.moved(laying.permuted(a.laid, order))


def expand_dims(a: Tensor, axis: int | tuple[int, ...]) -> Tensor:
    """New axes of size 1, at the places where the result has them."""
    count = len(axis) if isinstance(axis, tuple) else 1
    return a.moved(laying.with_new_axes(a.laid, laying.axes_of(a.where, "expand_dims", axis, a.ndim + count)))


def squeeze(a: Tensor, axis: Axis = None) -> Tensor:
    """Axes of size 1 dropped; all of them if none is named."""
    shape = a.laid.shape
    gone = [n for n, size in enumerate(shape) if size == 1] if axis is None else _axes(a, "squeeze", axis)
    for n, size in enumerate(shape if axis is None else ()):
        if n not in gone and not is_at_least(size, 2):
            proviso(f"squeeze, which leaves out axis {n} where {size} is 1")
    return a.moved(laying.without_axes(a.where, a.laid, gone))


def reshape(a: Tensor, shape: Any) -> Tensor:
    """The array in another shape, read row by row; -1 for the axis that follows from the others."""
    return a.moved(views.reshaped(a.where, a.laid, _several(shape)))


def ravel(a: Tensor) -> Tensor:
    """All entries in one row."""
    return reshape(a, -1)


def concatenate(arrays: Sequence[Any], axis: int = 0) -> Tensor:
    """Arrays beside each other along an axis."""
    first, parts = _parts("concatenate", arrays)
    (along,) = _axes(first, "concatenate", axis)
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
    (along,) = _axes(a, "take", axis)
    return a.moved(views.taken(a.where, a.laid, a.other(indices, "take"), along))


def take_along_axis(arr: Tensor, indices: Any, axis: int = -1) -> Tensor:
    """Along an axis the entries with the numbers of an input of whole numbers, one for every place of the others."""
    (along,) = _axes(arr, "take_along_axis", axis)
    return arr.moved(views.along(arr.where, arr.laid, arr.other(indices, "take_along_axis"), along))


def flip(m: Tensor, axis: Axis = None) -> Tensor:
    """Axes read backwards."""
    return m.moved(views.flipped(m.where, m.laid, _axes(m, "flip", axis)))


def roll(a: Tensor, shift: int, axis: int | None = None) -> Tensor:
    """Entries moved along an axis, round its end."""
    if axis is None and a.ndim > 1:
        return reshape(roll(ravel(a), shift, 0), a.laid.shape)
    (along,) = _axes(a, "roll", axis or 0)
    if not hasattr(shift, "__index__"):
        a.refuse(f"np.roll with shift={shift!r}", "write a whole number")
    return a.moved(views.rolled(a.where, a.laid, shift.__index__(), along))


def repeat(a: Tensor, repeats: Any, axis: int | None = None) -> Tensor:
    """Every entry several times along an axis."""
    flat = ravel(a) if axis is None else a
    (along,) = _axes(flat, "repeat", axis or 0)
    return a.moved(views.repeated(a.where, flat.laid, repeats, along))


def tile(A: Tensor, reps: Any) -> Tensor:
    """The whole array several times."""
    return A.moved(views.tiled(A.where, A.laid, _several(reps)))


def sliding_window_view(x: Tensor, window_shape: Any, axis: Axis = None) -> Tensor:
    """All windows along the axes; their own axes come last."""
    sizes = _several(window_shape)
    along = _axes(x, "sliding_window_view", axis)
    if len(sizes) != len(along):
        raise ShapeError(f"{x.where}: sliding_window_view: {len(sizes)} windows for {len(along)} axes; say axis=")
    return x.moved(views.windows(x.where, x.laid, sizes, along))


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _parts(name: str, arrays: Sequence[Any]) -> tuple[Tensor, list[laying.Laid]]:
    """The first of several arrays that is traced, and all of them."""
    from derive.forward.tensor import Tensor  # built on this module

    first = next((item for item in arrays if isinstance(item, Tensor)), None)
    if first is None:
        raise ShapeError(f"{name}: expected a list of arrays, got {arrays!r}")
    return first, [first.other(item, name) for item in arrays]


def einsum(pattern: str, first: Tensor, *others: Any) -> Tensor:
    """The contraction that the pattern says."""
    if all(getattr(operand, "mask", False) for operand in (first, *others)):
        first.refuse("einsum of comparisons", "NumPy gives truth values, not numbers; multiply one by 1.0")
    operands = [first.other(operand, "einsum").node for operand in (first, *others)]
    return first.lift(laying.einsum(first.where, pattern, operands))


def dot(a: Tensor, b: Any) -> Tensor:
    """NumPy's dot for arrays with at most two axes."""
    other = a.lift(a.other(b, "dot"))
    if not a.ndim or not other.ndim:
        return a * other
    if a.ndim > 2 or other.ndim > 2:
        a.refuse("np.dot of arrays with more than two axes", "write A @ B, or np.einsum")
    return a @ other


def outer(a: Tensor, b: Any) -> Tensor:
    """a_i b_j."""
    other = a.lift(a.other(b, "outer"))
    if a.ndim != 1 or other.ndim != 1:
        a.refuse("np.outer of arrays that are not vectors", "write np.einsum")
    return einsum("i,j->ij", a, other)


def kron(a: Tensor, b: Any) -> Tensor:
    """Blocks a_ij B, as a matrix; of vectors, pieces a_i b."""
    other = a.lift(a.other(b, "kron"))
    if a.ndim != other.ndim or a.ndim not in (1, 2):
        a.refuse(f"np.kron of arrays with {a.ndim} and {other.ndim} axes", "give two matrices, or two vectors")
    pairs = einsum("ij,kl->ikjl" if a.ndim == 2 else "i,k->ik", a, other)
    return reshape(pairs, tuple(m * n for m, n in zip(a.laid.shape, other.laid.shape, strict=True)))


def trace(a: Tensor) -> Tensor:
    """Σ a_ii."""
    if a.ndim != 2:
        raise ShapeError(f"{a.where}: trace: expected a square matrix, got an array with {a.ndim} axes")
    return sum(diagonal(a))


def diagonal(a: Tensor) -> Tensor:
    """a_ii."""
    if a.ndim != 2:
        raise ShapeError(f"{a.where}: diagonal: expected a square matrix, got an array with {a.ndim} axes")
    return a.moved(laying.diagonal(a.where, a.node))


def diag(v: Tensor) -> Tensor:
    """The matrix with a vector on its diagonal, or the diagonal of a square matrix."""
    return v.moved(laying.diagonal(v.where, v.node))


def where(condition: Tensor, x: Any, y: Any) -> Tensor:
    """x where the condition holds, else y: condition·x + (1 - condition)·y. A number holds where it is not 0."""
    holds = condition if condition.mask else condition != 0
    result: Tensor = holds * x + (1 - holds) * y
    return result


def clip(a: Tensor, a_min: Any = None, a_max: Any = None) -> Tensor:
    """The nearest number between two bounds."""
    from derive.forward.functions import maximum, minimum  # their names are NumPy's, and used here alone

    low = a if a_min is None else a.apply("clip", maximum, a, a_min)
    return low if a_max is None else low.apply("clip", minimum, low, a_max)


def ones_like(a: Tensor) -> Tensor:
    """1 in the shape of an array."""
    return a * 0 + 1


def zeros_like(a: Tensor) -> Tensor:
    """0 in the shape of an array."""
    return a * 0


def _axes(a: Tensor, name: str, axis: object) -> list[int]:
    return laying.axes_of(a.where, name, axis, a.ndim)


def _count(a: Tensor, name: str, axis: Axis) -> Expr:
    return prod((a.laid.shape[place] for place in _axes(a, name, axis)), start=Integer(1))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        *(clip, concatenate, det, diag, diagonal, dot, einsum, expand_dims, flip, hstack, inv, kron, log_softmax),
        logdet,
        *(logsumexp, max, mean, min, ptp, slogdet, solve),
        *(moveaxis, norm, ones_like, outer, pad, ravel, repeat, reshape, roll, sliding_window_view, softmax, squeeze),
        *(stack, std, sum, swapaxes, take, take_along_axis, tile, trace, transpose, var, vstack, where, zeros_like),
    )
} | {"amax": max, "amin": min}
"""By NumPy's name; of softmax and others that it lacks, the field's."""

REFUSED = {
    "argmax": "its derivative is 0 wherever it has one; use np.max, or a mask, X == X.max(axis=1, keepdims=True)",
    "argmin": "its derivative is 0 wherever it has one; use np.min, or a mask, X == X.min(axis=1, keepdims=True)",
    "argsort": "its derivative is 0 wherever it has one; sort outside of the layer",
    "sort": "the order depends on the values; sort outside of the layer",
}
"""What to do instead of functions that people look for."""

METHODS = (
    *("clip", "diagonal", "dot", "max", "mean", "min", "ravel", "repeat", "reshape", "squeeze", "std"),
    *("sum", "swapaxes", "take", "trace", "transpose", "var"),
)
"""The functions that are methods of an array as well."""
