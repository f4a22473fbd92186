"""PyTorch's functions and the methods of its tensors, as functions of arrays that speak NumPy's protocols."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from derive.checking.arrays.library import is_real
from derive.checking.arrays.measure import lengths
from derive.checking.arrays.sheet import Sheet
from derive.checking.pytorch.layers import LAYERS
from derive.checking.pytorch.places import CHANGED_AT, TAKEN
from derive.errors import UnsupportedError
from derive.forward.normal import zeros
from derive.forward.tensor import Tensor

__all__ = ["FUNCTIONS", "IN_PLACE", "sizes_of"]


def sizes_of(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """The sizes of view(2, 3) and of view((2, 3))."""
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape


def _axis(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, list) else dim


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduced(x: Any, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:
        axis, kept = options.pop("axis", dim), options.pop("keepdims", keepdim)
        return function(x, axis=_axis(axis), keepdims=kept, **options)

    return reduced


def _spread(function: Callable[..., Any]) -> Callable[..., Any]:
    """The variance or its root, which PyTorch divides by N - 1 unless it is told otherwise."""

    def reduced(x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: int = 1) -> Any:
        if isinstance(dim, bool):
            # x.std(False): what comes first may be the axes, or whether it is unbiased.
            dim, unbiased = None, dim
        return function(x, axis=_axis(dim), keepdims=keepdim, ddof=correction if unbiased else 0)

    return reduced


def _expanded(x: Any, *shape: Any) -> Any:
    sizes = sizes_of(shape)
    missing = len(sizes) - x.ndim
    whole = [
        x.shape[place - missing] if isinstance(size, int) and size == -1 else size for place, size in enumerate(sizes)
    ]
    return x + _zeros(x, whole) if isinstance(x, Tensor) else np.broadcast_to(x, tuple(whole))


def _zeros(x: Tensor, sizes: Sequence[Any]) -> Tensor:
    """Zeros of another shape, for all sizes."""
    return x.lift(zeros(lengths(sizes)))


def _squeezed(x: Any, dim: Any = None) -> Any:
    """Without an axis of size 1; one of another size stays, as PyTorch has it."""
    if isinstance(dim, int) and isinstance(x, Sheet | np.ndarray) and x.shape[dim] != 1:
        return x
    return np.squeeze(x, axis=dim)


def _norm(x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:
    order, axis = options.pop("ord", p), _axis(dim)
    if options or order not in (1, 2, "fro", None):
        raise UnsupportedError(f"a norm with p={order} is not supported on symbols")
    if order == 1:
        return np.sum(abs(x), axis=axis, keepdims=keepdim)
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdim))


def _norm_of_linalg(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Any:
    """torch.linalg.norm: along two axes, a number means the norm of matrices that goes by it, as in NumPy."""
    count = x.ndim if dim is None else len(dim) if isinstance(dim, tuple | list) else 1
    if count != 1 and ord not in ("fro", None):
        raise UnsupportedError(f"torch.linalg.norm of matrices with ord={ord} is not supported on symbols")
    return _norm(x, 2 if ord is None else ord, dim, keepdim)


def _logsumexp(x: Any, dim: Any, keepdim: bool = False) -> Any:
    return np.log(np.sum(np.exp(x), axis=_axis(dim), keepdims=keepdim))


def _parts(x: Any, size: Any, dim: int = 0) -> Any:
    """torch.split, by the size of the parts, or by all of their sizes."""
    length = x.shape[dim]
    sizes = list(size) if isinstance(size, list | tuple) else None
    if sizes is None:
        if isinstance(x, Tensor):
            raise UnsupportedError(
                "torch.split by one size is not supported for all sizes; give the sizes of all parts"
            )
        sizes = [min(size, length - start) for start in range(0, length, size)]
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return tuple(_narrowed(x, dim, start, part) for start, part in zip(starts, sizes, strict=True))


def _chunks(x: Any, chunks: int, dim: int = 0) -> Any:
    length = x.shape[dim]
    if isinstance(x, Tensor):
        return _parts(x, [length / chunks] * chunks, dim)
    return _parts(x, -(-length // chunks), dim)


def _narrowed(x: Any, dim: int, start: Any, length: Any) -> Any:
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, start + length),)]


def _itself(x: Any, *arguments: Any) -> Any:
    return x


def _in_numbers(x: Any, *kind: Any, copy: bool = False) -> Any:
    """The entries as real numbers; truth values as whole ones too."""
    kinds = [k for k in (getattr(item, "dtype", item) for item in kind) if not isinstance(k, str | bool)]
    if all(map(is_real, kinds)):
        return x * 1.0 if getattr(x, "mask", True) and x.dtype.kind != "f" else x
    if x.dtype.kind != "f":
        return x.astype(kinds[0])
    raise UnsupportedError("real numbers as whole ones or as truth values are not supported on symbols")


def _whole(x: Any, *arguments: Any) -> Any:
    return _in_numbers(x, int)


def _like(x: Any, number: float, shape: Any) -> Any:
    sizes = sizes_of(shape)
    return (_zeros(x, sizes) if isinstance(x, Tensor) else np.zeros_like(x, shape=sizes)) + number


def _clamped(x: Any, min: Any = None, max: Any = None) -> Any:
    return np.clip(x, min, max)


def _added(x: Any, other: Any, *, alpha: Any = 1) -> Any:
    return x + other * alpha if alpha != 1 else x + other


def _taken_off(x: Any, other: Any, *, alpha: Any = 1) -> Any:
    return x - other * alpha if alpha != 1 else x - other


_NUMPY = (
    *("exp", "log", "sqrt", "tanh", "sin", "cos", "abs", "sign", "expm1", "log1p", "cosh", "sinh", "tan"),
    *("matmul", "outer", "where", "maximum", "minimum", "square", "zeros_like", "ones_like", "diagonal", "trace"),
    *("absolute", "logical_and", "logical_or", "logical_not", "logical_xor", "heaviside", "log2", "log10", "exp2"),
    *("swapaxes", "moveaxis", "broadcast_to", "kron"),
)
"""What has the same name and the same arguments in NumPy."""

_SAME = {"arctan": "atan", "arcsin": "asin", "arccos": "acos"}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **LAYERS,
    **TAKEN,
    **{name: getattr(np, name) for name in _NUMPY},
    **{word: getattr(np, name) for name, word in _SAME.items()},
    **{name: _reduction(getattr(np, name)) for name in ("sum", "mean", "prod", "amax", "amin", "all", "any", "argmax")},
    "argmin": _reduction(np.argmin),
    "cumsum": lambda x, dim: np.cumsum(x, axis=dim),
    **dict.fromkeys(("mm", "bmm", "mv", "dot"), np.matmul),
    **dict.fromkeys(("contiguous", "requires_grad_", "cpu", "cuda", "retain_grad"), _itself),
    **dict.fromkeys(("double", "float", "to", "type_as", "type"), _in_numbers),
    **dict.fromkeys(("long", "int"), _whole),
    **dict.fromkeys(("concat", "concatenate", "cat"), lambda tensors, dim=0: np.concatenate(list(tensors), axis=dim)),
    **dict.fromkeys(("clamp", "clip"), _clamped),
    **dict.fromkeys(("norm", "vector_norm"), _norm),
    **dict.fromkeys(("div", "divide", "true_divide"), operator.truediv),
    "add": _added,
    **dict.fromkeys(("sub", "subtract"), _taken_off),
    **{name: getattr(operator, name) for name in ("mul", "neg", "pow", "gt", "lt", "ge", "le", "eq", "ne")},
    "negative": operator.neg,
    "multiply": operator.mul,
    "rsub": lambda x, other: other - x,
    "addmm": lambda b, x, y, beta=1, alpha=1: b * beta + (x @ y) * alpha,
    "addmv": lambda b, x, y, beta=1, alpha=1: b * beta + (x @ y) * alpha,
    "baddbmm": lambda b, x, y, beta=1, alpha=1: b * beta + (x @ y) * alpha,
    "addcmul": lambda x, a, b, value=1: x + a * b * value,
    "addcdiv": lambda x, a, b, value=1: x + a / b * value,
    "lerp": lambda x, end, weight: x + weight * (end - x),
    "bool": lambda x: x if x.dtype.kind == "b" else x != 0,
    "chunk": _chunks,
    "clamp_max": lambda x, max: np.minimum(x, max),
    "clamp_min": lambda x, min: np.maximum(x, min),
    "clone": lambda x: x.copy(),
    "diag": np.diag,
    "diff": lambda x, n=1, dim=-1: np.diff(x, n=n, axis=dim),
    "dim": lambda x: x.ndim,
    "einsum": lambda pattern, *operands: np.einsum(pattern, *sizes_of(operands)),
    "expand": _expanded,
    "expand_as": lambda x, other: _expanded(x, *other.shape),
    "flatten": lambda x, start_dim=0, end_dim=-1: _flattened(x, start_dim, end_dim),
    "flip": lambda x, *dims: np.flip(x, axis=sizes_of(dims)),
    "ger": np.outer,
    "inner": np.inner,
    "is_contiguous": lambda x: True,
    "linalg_norm": _norm_of_linalg,
    "logsumexp": _logsumexp,
    "masked_fill": lambda x, mask, value: np.where(mask, value, x),
    "movedim": np.moveaxis,
    "narrow": _narrowed,
    "new_full": lambda x, size, value: _like(x, value, (size,)),
    "new_ones": lambda x, *size: _like(x, 1.0, size),
    "new_zeros": lambda x, *size: _like(x, 0.0, size),
    "numel": lambda x: x.size,
    "permute": lambda x, *axes: np.transpose(x, sizes_of(axes)),
    "reciprocal": lambda x: 1 / x,
    "repeat_interleave": lambda x, repeats, dim=None: np.repeat(x, repeats, axis=dim),
    "reshape": lambda x, *shape: np.reshape(x, sizes_of(shape)),
    "reshape_as": lambda x, other: np.reshape(x, other.shape),
    "roll": lambda x, shifts, dims=None: np.roll(x, shifts, axis=dims),
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "size": lambda x, dim=None: x.shape if dim is None else x.shape[dim],
    "split": _parts,
    "squeeze": _squeezed,
    "stack": lambda tensors, dim=0: np.stack(list(tensors), axis=dim),
    "std": _spread(np.std),
    "t": lambda x: x.T,
    "tensordot": lambda a, b, dims=2: np.tensordot(a, b, axes=dims),
    "transpose": lambda x, first, second: np.swapaxes(x, first, second),
    "tril": lambda x, diagonal=0: np.tril(x, diagonal),
    "triu": lambda x, diagonal=0: np.triu(x, diagonal),
    "unbind": lambda x, dim=0: tuple(np.moveaxis(x, dim, 0)),
    "unsqueeze": lambda x, dim: np.expand_dims(x, dim),
    "var": _spread(np.var),
    "view": lambda x, *shape: np.reshape(x, sizes_of(shape)),
    "view_as": lambda x, other: np.reshape(x, other.shape),
}
"""PyTorch's functions, which are methods of its tensors as well."""


def _flattened(x: Any, start: int, end: int) -> Any:
    """The axes from one to another as one."""
    first, last = start % x.ndim, end % x.ndim
    if first == 0 and last == x.ndim - 1:
        return np.reshape(x, -1)
    return np.reshape(x, (*x.shape[:first], -1, *x.shape[last + 1 :]))


def _filled(array: Any, value: Any = 0.0) -> Any:
    array[...] = value
    return array


def _with(change: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """x.add_(y, alpha=2): the other operand times a factor."""

    def changed(x: Any, other: Any, *, alpha: Any = 1) -> Any:
        return change(x, other * alpha if alpha != 1 else other)

    return changed


IN_PLACE: dict[str, Callable[..., Any]] = {
    "add": _with(operator.iadd),
    "sub": _with(operator.isub),
    "mul": operator.imul,
    "div": operator.itruediv,
    "pow": operator.ipow,
    "fill": _filled,
    "copy": _filled,
    "zero": _filled,
    **CHANGED_AT,
}
"""What changes a tensor in place, without the underscore; any other function in place puts its result there."""
