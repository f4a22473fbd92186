"""PyTorch's functions that take places given by whole numbers, and those that change what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derive.checking.pytorch.tensors import Torchlike
from derive.errors import UnsupportedError
from derive.forward.tensor import Tensor

__all__ = ["CHANGED_AT", "TAKEN"]


def _largest(function: Callable[..., Any], place: Callable[..., Any], pair: Callable[..., Any]) -> Callable[..., Any]:
    """torch.max: of all entries, of two tensors, or along an axis, with the places."""

    def found(x: Any, dim: Any = None, keepdim: bool = False, other: Any = None) -> Any:
        if dim is None and other is None:
            return function(x)
        if not isinstance(dim, int):
            return pair(x, dim if other is None else other)
        values = Torchlike(function(x, axis=dim, keepdims=keepdim))
        return Extremes(values, lambda: Torchlike(place(x, axis=dim, keepdims=keepdim)))

    return found


class Extremes:
    """The largest or smallest entries, and their places, which are looked for only if they are used."""

    _fields = ("values", "indices")

    def __init__(self, values: Torchlike, places: Callable[[], Torchlike]) -> None:
        self.values = values
        self.indices: Any = _Later(places)

    def __iter__(self) -> Any:
        return iter((self.values, self.indices))

    def __getitem__(self, place: int) -> Any:
        return (self.values, self.indices)[place]


class _Later(Torchlike):
    """A tensor that is computed when it is asked for."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Torchlike]) -> None:
        self._make = make
        self._made: Any = None
        self.grad = None

    @property
    def array(self) -> Any:
        """The array, made now."""
        if self._made is None:
            self._made = self._make().array
        return self._made


def _gathered(x: Any, dim: int, index: Any) -> Any:
    if not hasattr(index, "shape"):
        raise TypeError(f"expected an index, got {type(index).__name__}")
    dim %= x.ndim
    others = [n for n in range(x.ndim) if n != dim]
    if not isinstance(x, Tensor) and any(index.shape[n] != x.shape[n] for n in others):
        raise UnsupportedError("torch.gather with an index of another shape is not supported on symbols")
    return np.take_along_axis(x, index, axis=dim)


def _grid(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    """The places x[i][index[i][j]] of scatter for dim 1."""
    if not isinstance(index, np.ndarray):
        raise UnsupportedError("scattering to places that depend on the sizes is run at numbers for sizes: it")
    places = list(np.indices(index.shape))
    places[dim % x.ndim] = index
    return tuple(places)


def _source(source: Any, index: Any) -> Any:
    """As much of a source as there are places."""
    return source[tuple(map(slice, index.shape))] if getattr(source, "ndim", 0) else source


def _scattered(x: Any, dim: int, index: Any, src: Any = None, value: Any = None, reduce: Any = None) -> Any:
    if reduce not in (None, "add"):
        raise UnsupportedError(f"torch.scatter with reduce={reduce!r} is not supported on symbols")
    given = value if src is None else _source(src, index)
    if reduce == "add":
        np.add.at(x, _grid(x, dim, index), given)
    else:
        x[_grid(x, dim, index)] = given
    return x


def _scatter_added(x: Any, dim: int, index: Any, src: Any) -> Any:
    return _scattered(x, dim, index, src, reduce="add")


def _row(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    return (*[slice(None)] * (dim % x.ndim), index)


def _index_added(x: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    np.add.at(x, _row(x, dim, index), source * alpha if alpha != 1 else source)
    return x


def _index_set(x: Any, dim: int, index: Any, value: Any) -> Any:
    x[_row(x, dim, index)] = value
    return x


def _put(x: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    if accumulate:
        np.add.at(x, tuple(indices), values)
    else:
        x[tuple(indices)] = values
    return x


def _copied(change: Callable[..., Any]) -> Callable[..., Any]:
    """The same on a copy."""
    return lambda x, *arguments, **options: change(x.copy(), *arguments, **options)


CHANGED_AT: dict[str, Callable[..., Any]] = {
    "index_add": _index_added,
    "index_copy": _index_set,
    "index_fill": _index_set,
    "index_put": _put,
    "scatter": _scattered,
    "scatter_add": _scatter_added,
}
"""What changes entries at places."""

TAKEN: dict[str, Callable[..., Any]] = {
    **{name: _copied(change) for name, change in CHANGED_AT.items()},
    "gather": _gathered,
    "index_select": lambda x, dim, index: np.take(x, index, axis=dim),
    "max": _largest(np.max, np.argmax, np.maximum),
    "min": _largest(np.min, np.argmin, np.minimum),
    "take_along_dim": lambda x, index, dim: np.take_along_axis(x, index, axis=dim),
}
"""What takes entries from places."""
