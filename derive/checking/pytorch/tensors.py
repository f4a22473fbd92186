"""Tensors on symbols: PyTorch's names and arguments for what arrays do that speak NumPy's protocols.

x.sum(dim=1, keepdim=True)    is    np.sum(x, axis=1, keepdims=True)

Code of PyTorch's style runs on the same arrays as code of NumPy's. What is not in the tables is refused by name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, Protocol

import numpy as np

from derive.checking.arrays.library import is_real
from derive.checking.arrays.sheet import Sheet
from derive.errors import UnsupportedError
from derive.forward.tensor import Tensor

__all__ = ["Held", "Torchlike", "called", "held", "unwrapped", "wrapped"]


def wrapped(value: Any) -> Any:
    """Arrays as tensors, also inside of tuples and lists."""
    if isinstance(value, Sheet | Tensor | np.ndarray | np.generic):
        return Torchlike(np.asarray(value) if isinstance(value, np.generic) else value)
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return type(value)(map(wrapped, value))
    return value


def unwrapped(value: Any) -> Any:
    """Tensors as arrays, also inside of tuples, lists and dicts."""
    if isinstance(value, Torchlike):
        return value.array
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return type(value)(map(unwrapped, value))
    if isinstance(value, dict):
        return {key: unwrapped(item) for key, item in value.items()}
    return value


class Held(Protocol):
    """What makes a tensor a constant, if is_cut: where a backward pass is derived of the code that is being run."""

    is_cut: bool

    def stop(self, tensor: Torchlike) -> Torchlike:
        """The tensor as a constant."""
        ...


held: ContextVar[Held | None] = ContextVar("held", default=None)
"""What a forward pass is run for of which PyTorch derives the backward pass; None for code that has one by hand."""


class Torchlike:
    """An array of symbols, or of constants, that is asked in PyTorch's words."""

    __slots__ = ("array", "grad")
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]  # an array has no truth of equality

    is_cuda = False
    is_sparse = False

    def __init__(self, array: Any) -> None:
        self.array = array
        self.grad: Any = None

    @property
    def T(self) -> Torchlike:  # noqa: N802 -- PyTorch's name
        """The axes in reverse order."""
        return Torchlike(self.array.T)

    @property
    def mT(self) -> Torchlike:  # noqa: N802 -- PyTorch's name
        """The last two axes exchanged."""
        return Torchlike(np.swapaxes(self.array, -1, -2))

    @property
    def requires_grad(self) -> bool:
        """Whether PyTorch sends a gradient back to it."""
        return held.get() is not None and not isinstance(self.array, np.ndarray) and self.is_floating_point()

    @property
    def data(self) -> Torchlike:
        """The same entries, to which nothing is sent back."""
        return self.detach()

    def detach(self) -> Torchlike:
        """The same entries, to which nothing is sent back."""
        tape = held.get()
        return Torchlike(self.array if tape is None else tape.stop(self).array)

    def detach_(self) -> Torchlike:
        """The same in place."""
        self.array = self.detach().array
        return self

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

    def is_floating_point(self) -> bool:
        """Whether it holds real numbers."""
        core = self.array.laid.core if isinstance(self.array, Tensor) else None
        return self.dtype.kind == "f" and getattr(core, "below", None) is None

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

    def __int__(self) -> int:
        return int(self.array)

    def __index__(self) -> int:
        return operator.index(self.array)

    def __eq__(self, other: object) -> Any:
        return wrapped(self.array == unwrapped(other))

    def __ne__(self, other: object) -> Any:
        return wrapped(self.array != unwrapped(other))

    def __getattr__(self, name: str) -> Any:
        from derive.checking.pytorch.words import FUNCTIONS, IN_PLACE  # deferred: the tables are made of tensors

        if name.startswith("__"):
            raise AttributeError(name)
        if name.endswith("_") and name[:-1] in IN_PLACE:
            return partial(self._changed, IN_PLACE[name[:-1]])
        if name.endswith("_") and name[:-1] in FUNCTIONS:
            return partial(self._replaced, name[:-1])
        if name not in FUNCTIONS:
            raise UnsupportedError(f".{name} of a tensor is not supported on symbols")
        return lambda *arguments, **options: called(name, self, *arguments, **options)

    def _changed(self, change: Callable[..., Any], *arguments: Any, **options: Any) -> Torchlike:
        try:
            self.array = change(self.array, *map(unwrapped, arguments), **unwrapped(options))
        except TypeError as error:
            raise UnsupportedError(f"an operation in place with these arguments is not supported ({error})") from error
        return self

    def _replaced(self, name: str, *arguments: Any, **options: Any) -> Torchlike:
        """x.relu_(): the same tensor with other entries, or with its entries in another shape."""
        made = unwrapped(called(name, self, *arguments, **options))
        if name in _MOVING:
            self.array = made
        elif self.ndim:
            self.array[...] = made
        else:
            self.array = made
        return self


_MOVING = ("squeeze", "unsqueeze", "t", "transpose", "swapaxes", "requires_grad")
"""What leaves the entries as they are."""


def _operators() -> None:
    """The operators of Python, of arrays."""

    def of(operation: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
        def forwards(self: Torchlike, *other: Any) -> Any:
            return wrapped(operation(self.array, *map(unwrapped, other)))

        def backwards(self: Torchlike, other: Any) -> Any:
            return wrapped(operation(unwrapped(other), self.array))

        def in_place(self: Torchlike, other: Any) -> Torchlike:
            return self._changed(getattr(operator, f"i{operation.__name__.strip('_')}"), other)

        return forwards, backwards, in_place

    for name in ("add", "sub", "mul", "truediv", "pow", "matmul"):
        forwards, backwards, in_place = of(getattr(operator, name))
        for prefix, method in (("", forwards), ("r", backwards), ("i", in_place)):
            setattr(Torchlike, f"__{prefix}{name}__", method)
    for name in ("gt", "lt", "ge", "le", "and_", "or_", "xor", "neg", "abs", "invert"):
        setattr(Torchlike, f"__{name.strip('_')}__", of(getattr(operator, name))[0])


_operators()

_SAID_NOTHING = ("device", "memory_format", "layout", "requires_grad", "pin_memory", "non_blocking", "_stacklevel")
"""Options that do not change any number."""


def called(name: str, *arguments: Any, **options: Any) -> Any:
    """One of PyTorch's functions.

    Raises: UnsupportedError for arguments that it does not take here.
    """
    from derive.checking.pytorch.words import FUNCTIONS  # deferred: the tables are made of tensors

    given = {key: unwrapped(value) for key, value in options.items() if key not in _SAID_NOTHING}
    in_place = given.pop("inplace", False)
    kind = given.pop("dtype", None)
    if not is_real(kind) and name != "to":
        raise UnsupportedError(f"torch.{name} with dtype={kind} is not supported on symbols")
    try:
        made = wrapped(FUNCTIONS[name](*map(unwrapped, arguments), **given))
    except TypeError as error:
        raise UnsupportedError(f"torch.{name} with these arguments is not supported on symbols ({error})") from error
    if in_place and isinstance(arguments[0], Torchlike):
        arguments[0].array[...] = unwrapped(made)
        return arguments[0]
    return made
