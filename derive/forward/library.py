"""NumPy's functions of whole arrays, written with what a Tensor can do: mean, var, where, einsum, trace, softmax, ...

A function here is a definition, as one would write it on paper; its derivative follows from that. Every array argument
is a Tensor; the first one carries the name of the layer for messages. Those that rearrange entries are in
`rearranging`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import sympy
from sympy import Expr, Integer, prod

from derive.errors import ShapeError
from derive.forward import arrays as laying
from derive.forward.functions import ELEMENTWISE
from derive.forward.rearranging import REARRANGEMENTS, Axis, axes_of, reshape

if TYPE_CHECKING:
    from derive.forward.tensor import Tensor

__all__ = ["FUNCTIONS", "METHODS", "REFUSED"]


def sum(a: Tensor, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Σ along the axes."""
    return a.lift(laying.total(a.laid, axes_of(a, "sum", axis), keepdims=keepdims))


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
    return a.lift(laying.extreme(a.laid, "max", axes_of(a, "max", axis), keepdims=keepdims))


def min(a: Tensor, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The smallest entry along the axes."""
    return a.lift(laying.extreme(a.laid, "min", axes_of(a, "min", axis), keepdims=keepdims))


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


def einsum(pattern: str, first: Tensor, *others: Any) -> Tensor:
    """The contraction that the pattern says."""
    if all(getattr(operand, "mask", False) for operand in (first, *others)):
        first.refuse("einsum of comparisons", "NumPy gives truth values, not numbers; multiply one by 1.0")
    operands = [first.other(operand, "einsum").node for operand in (first, *others)]
    made = laying.einsum(first.where, pattern, operands)
    # NumPy's, of one array, may lie in its memory.
    return first.lift(made) if others else first.viewed(made)


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
    return a.viewed(laying.diagonal(a.where, a.node))


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


def _count(a: Tensor, name: str, axis: Axis) -> Expr:
    return prod((a.laid.shape[place] for place in axes_of(a, name, axis)), start=Integer(1))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        *(clip, det, diag, diagonal, dot, einsum, inv, kron, log_softmax, logdet, logsumexp, max, mean, min, norm),
        *(ones_like, outer, ptp, slogdet, softmax, solve, std, sum, trace, var, where, zeros_like),
    )
} | {"amax": max, "amin": min, **REARRANGEMENTS}
"""By NumPy's name; of softmax and others that it lacks, the field's."""

REFUSED = {
    "argmax": "its derivative is 0 wherever it has one; use np.max, or a mask, X == X.max(axis=1, keepdims=True)",
    "argmin": "its derivative is 0 wherever it has one; use np.min, or a mask, X == X.min(axis=1, keepdims=True)",
    "argsort": "its derivative is 0 wherever it has one; sort outside of the layer",
    "sort": "the order depends on the values; sort outside of the layer",
}
"""What to do instead of functions that people look for."""

METHODS = (
    *("clip", "copy", "diagonal", "dot", "max", "mean", "min", "ravel", "repeat", "reshape", "squeeze", "std"),
    *("sum", "swapaxes", "take", "trace", "transpose", "var"),
)
"""The functions that are methods of an array as well."""
