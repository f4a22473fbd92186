"""Tensors on symbols: PyTorch's names and arguments for what arrays do that speak NumPy's protocols.

x.sum(dim=1, keepdim=True)    is    np.sum(x, axis=1, keepdims=True)

Code of PyTorch's style runs on the same arrays as code of NumPy's. What is not in the tables is refused by name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from derive.checking.sheet import Sheet
from derive.errors import UnsupportedError
from derive.forward.tensor import Tensor

__all__ = ["Torch", "Torchlike", "unwrapped", "wrapped"]


def wrapped(value: Any) -> Any:
    """Arrays as tensors, also inside of tuples and lists."""
    if isinstance(value, Sheet | Tensor):
        return Torchlike(value)
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return type(value)(map(wrapped, value))
    return value


def unwrapped(value: Any) -> Any:
    """Tensors as arrays, also inside of tuples and lists."""
    if isinstance(value, Torchlike):
        return value.array
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return type(value)(map(unwrapped, value))
    return value


class Torchlike:
    """An array of symbols that is asked in PyTorch's words."""

    __slots__ = ("array",)
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]  # an array has no truth of equality

    def __init__(self, array: Any) -> None:
        self.array = array

    @property
    def T(self) -> Torchlike:  # noqa: N802 -- PyTorch's name
        """The axes in reverse order."""
        return Torchlike(self.array.T)

    @property
    def shape(self) -> Any:
        """The shape."""
        return self.array.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return int(self.array.ndim)

    @property
    def dtype(self) -> Any:
        """Numbers, or truth values."""
        return self.array.dtype

    @property
    def device(self) -> str:
        """Symbols are nowhere."""
        return "cpu"

    def __getitem__(self, index: Any) -> Any:
        return wrapped(self.array[unwrapped(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.array[unwrapped(index)] = unwrapped(value)

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[n] for n in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.array)

    def __eq__(self, other: object) -> Any:
        return wrapped(self.array == unwrapped(other))

    def __ne__(self, other: object) -> Any:
        return wrapped(self.array != unwrapped(other))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.endswith("_") and name[:-1] in _IN_PLACE:
            return partial(self._in_place, _IN_PLACE[name[:-1]])
        if name not in _FUNCTIONS:
            raise UnsupportedError(f".{name} of a tensor is not supported on symbols")
        return lambda *arguments, **options: _called(name, self, *arguments, **options)

    def _in_place(self, change: Callable[[Any, Any], Any], other: Any = 0.0) -> Torchlike:
        self.array = change(self.array, unwrapped(other))
        return self


def _operators() -> None:
    """The operators of Python, of arrays."""

    def of(operation: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
        def forwards(self: Torchlike, *other: Any) -> Any:
            return wrapped(operation(self.array, *map(unwrapped, other)))

        def backwards(self: Torchlike, other: Any) -> Any:
            return wrapped(operation(unwrapped(other), self.array))

        def in_place(self: Torchlike, other: Any) -> Torchlike:
            changing = getattr(operator, f"i{operation.__name__.strip('_')}")
            return self._in_place(changing, other)

        return forwards, backwards, in_place

    for name in ("add", "sub", "mul", "truediv", "pow", "matmul"):
        forwards, backwards, in_place = of(getattr(operator, name))
        for prefix, method in (("", forwards), ("r", backwards), ("i", in_place)):
            setattr(Torchlike, f"__{prefix}{name}__", method)
    for name in ("gt", "lt", "ge", "le", "and_", "or_", "xor", "neg", "abs", "invert"):
        setattr(Torchlike, f"__{name.strip('_')}__", of(getattr(operator, name))[0])


_operators()


def _filled(array: Any, value: Any) -> Any:
    array[...] = value
    return array


_IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.iadd,
    "sub": operator.isub,
    "mul": operator.imul,
    "div": operator.itruediv,
    "fill": _filled,
    "copy": _filled,
    "zero": _filled,
}


def _called(name: str, *arguments: Any, **options: Any) -> Any:
    given = {key: unwrapped(value) for key, value in options.items() if key not in ("dtype", "device", "inplace")}
    try:
        return wrapped(_FUNCTIONS[name](*map(unwrapped, arguments), **given))
    except TypeError as error:
        raise UnsupportedError(f"torch.{name} with these arguments is not supported on symbols ({error})") from error


def _axis(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, list) else dim


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduced(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return function(x, axis=_axis(dim), keepdims=keepdim)

    return reduced


def _spread(function: Callable[..., Any]) -> Callable[..., Any]:
    """The variance or its root, which PyTorch divides by N - 1 unless it is told otherwise."""

    def reduced(x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: int = 1) -> Any:
        return function(x, axis=_axis(dim), keepdims=keepdim, ddof=correction if unbiased else 0)

    return reduced


def _largest(function: Callable[..., Any], pair: Callable[..., Any]) -> Callable[..., Any]:
    def found(x: Any, other: Any = None) -> Any:
        if isinstance(other, int):
            raise UnsupportedError("the largest entries with their places are not supported on symbols; write amax")
        return function(x) if other is None else pair(x, other)

    return found


def _sizes(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """The sizes of view(2, 3) and of view((2, 3))."""
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape


def _expanded(x: Any, *shape: Any) -> Any:
    sizes = _sizes(shape)
    missing = len(sizes) - x.ndim
    whole = [
        x.shape[place - missing] if isinstance(size, int) and size == -1 else size for place, size in enumerate(sizes)
    ]
    if not isinstance(x, Sheet):
        raise UnsupportedError("torch.expand is not supported for all sizes")
    return np.broadcast_to(x, tuple(whole))


def _softmax(x: Any, dim: int = -1) -> Any:
    powers = np.exp(x - np.max(x, axis=dim, keepdims=True))
    return powers / np.sum(powers, axis=dim, keepdims=True)


def _log_softmax(x: Any, dim: int = -1) -> Any:
    shifted = x - np.max(x, axis=dim, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=dim, keepdims=True))


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    product = x @ weight.T
    return product if bias is None else product + bias


def _einsum(pattern: str, *operands: Any) -> Any:
    return np.einsum(pattern, *_sizes(operands))


def _itself(x: Any, *arguments: Any) -> Any:
    return x


def _in_numbers(x: Any, *kind: Any) -> Any:
    """The entries as real numbers; of another kind of number nothing is known here that could be given."""
    return x * 1.0 if x.mask else x


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(np, name)
        for name in ("exp", "log", "sqrt", "tanh", "sin", "cos", "abs", "sign", "expm1", "log1p")
    },
    **{name: getattr(np, name) for name in ("matmul", "outer", "where", "maximum", "minimum", "square", "zeros_like")},
    **{name: getattr(np, name) for name in ("ones_like", "diagonal", "trace")},
    **{name: _reduction(getattr(np, name)) for name in ("sum", "mean", "prod", "amax", "amin", "all", "any")},
    **dict.fromkeys(("mm", "bmm", "mv", "dot"), np.matmul),
    **dict.fromkeys(("contiguous", "detach", "requires_grad_", "cpu"), _itself),
    **dict.fromkeys(("double", "float", "to", "type_as"), _in_numbers),
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "neg", "pow")},
    "addmm": lambda b, x, y: b + x @ y,
    "cat": lambda tensors, dim=0: np.concatenate(list(tensors), axis=dim),
    "clamp": lambda x, min=None, max=None: np.clip(x, min, max),
    "clone": lambda x: x.copy(),
    "dim": lambda x: x.ndim,
    "div": operator.truediv,
    "einsum": _einsum,
    "expand": _expanded,
    "expand_as": lambda x, other: _expanded(x, *other.shape),
    "flatten": lambda x: np.reshape(x, -1),
    "linear": _linear,
    "log_softmax": _log_softmax,
    "masked_fill": lambda x, mask, value: np.where(mask, value, x),
    "max": _largest(np.max, np.maximum),
    "min": _largest(np.min, np.minimum),
    "numel": lambda x: x.size,
    "permute": lambda x, *axes: np.transpose(x, _sizes(axes)),
    "reciprocal": lambda x: 1 / x,
    "relu": lambda x: np.maximum(x, 0),
    "reshape": lambda x, *shape: np.reshape(x, _sizes(shape)),
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "size": lambda x, dim=None: x.shape if dim is None else x.shape[dim],
    "softmax": _softmax,
    "squeeze": lambda x, dim=None: np.squeeze(x, axis=dim),
    "stack": lambda tensors, dim=0: np.stack(list(tensors), axis=dim),
    "std": _spread(np.std),
    "t": lambda x: x.T,
    "transpose": lambda x, first, second: np.swapaxes(x, first, second),
    "unsqueeze": lambda x, dim: np.expand_dims(x, dim),
    "var": _spread(np.var),
    "view": lambda x, *shape: np.reshape(x, _sizes(shape)),
}
"""PyTorch's functions, which are methods of its tensors as well."""

_MADE = {"zeros": 0.0, "ones": 1.0}


class Torch:
    """Stands for the modules torch and torch.nn.functional, where numpy is what stands for NumPy."""

    def __init__(self, numpy: Any) -> None:
        self._numpy = numpy

    def __getattr__(self, name: str) -> Any:
        if name in _FUNCTIONS:
            return partial(_called, name)
        if name in _MADE:
            return lambda *shape, **options: wrapped(getattr(self._numpy, name)(_sizes(shape)))
        match name:
            case "eye":
                return lambda size, **options: wrapped(self._numpy.eye(size))
            case "tensor" | "as_tensor":
                return lambda value, **options: wrapped(self._numpy.array(unwrapped(value)))
            case "no_grad" | "enable_grad":
                return nullcontext
            case "float64" | "float32" | "double":
                return float
        raise UnsupportedError(f"torch.{name} is not supported on symbols")
