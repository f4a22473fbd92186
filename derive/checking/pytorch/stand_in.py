"""What stands for the modules torch, torch.nn and torch.nn.functional while code runs on symbols."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

from derive.checking.pytorch.tensors import Torchlike, called, held, unwrapped, wrapped
from derive.checking.pytorch.words import FUNCTIONS, sizes_of
from derive.errors import UnsupportedError

__all__ = ["Torch", "torch_modules"]

_TYPES = {
    **dict.fromkeys(("float64", "float32", "double", "float"), float),
    **dict.fromkeys(("int64", "int32", "long", "int"), int),
    "bool": bool,
}
_NUMBERS = ("pi", "e", "inf", "nan")
_MADE = {"zeros": "zeros", "ones": "ones", "empty": "empty"}


class Torch:
    """Stands for torch and its parts, where numpy is what stands for NumPy."""

    Tensor = Torchlike
    FloatTensor = DoubleTensor = Torchlike

    def __init__(self, numpy: Any) -> None:
        self._numpy = numpy

    @property
    def nn(self) -> Any:
        """torch.nn."""
        return _Nn(self)

    @property
    def linalg(self) -> Any:
        """torch.linalg."""
        return _Linalg(self)

    functional = special = property(lambda self: self)

    def __getattr__(self, name: str) -> Any:
        if name in _TYPES:
            return _TYPES[name]
        if name in FUNCTIONS:
            return partial(called, name)
        if name in _MADE:
            return lambda *shape, **options: self._filled(_MADE[name], shape, **options)
        if name in _OTHERS:
            return partial(_OTHERS[name], self._numpy)
        if name in ("no_grad", "enable_grad", "set_grad_enabled", "inference_mode"):
            return _Mode
        if name in _NUMBERS:
            return getattr(self._numpy, name)
        if name.startswith("__"):
            raise AttributeError(name)
        return _Refused(name)

    def _filled(self, name: str, shape: Any, size: Any = None, dtype: Any = None, **options: Any) -> Any:
        made = getattr(self._numpy, name)
        sizes = sizes_of(shape if size is None else (size,))
        return wrapped(made(sizes) if dtype is None or dtype is float else made(sizes, dtype=dtype))


class _Refused:
    """A function that there is not; it is refused when it is called, or asked for anything."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        raise UnsupportedError(f"torch.{self._name} is not supported on symbols")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnsupportedError(f"torch.{self._name}.{name} is not supported on symbols")


class _Mode(nullcontext[None]):
    """A context such as torch.no_grad(), which decorates functions as well; on symbols there is no difference.

    Raises: UnsupportedError where a backward pass is derived, to which it would make one.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__()
        tape = held.get()
        if tape is not None and tape.is_cut:
            raise UnsupportedError(
                "torch.no_grad() and its like in the forward pass of a module is not supported on symbols; write "
                ".detach() behind what is held constant"
            )

    def __call__(self, function: Any) -> Any:
        return function


class _Nn:
    """Stands for torch.nn: its classes are PyTorch's own, its functions are not."""

    def __init__(self, torch: Torch) -> None:
        self.functional = torch

    def __getattr__(self, name: str) -> Any:
        from torch import nn  # deferred: an optional dependency, which code that asks for it has

        return getattr(nn, name)


class _Linalg:
    """Stands for torch.linalg, where norm is another function than that of torch."""

    def __init__(self, torch: Torch) -> None:
        self._torch = torch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._torch, "linalg_norm" if name == "norm" else name)


def _one_hot(numpy: Any, index: Any, num_classes: Any = -1) -> Any:
    if isinstance(num_classes, int) and num_classes < 0:
        raise UnsupportedError("F.one_hot without num_classes is not supported on symbols; give it")
    return wrapped(numpy.eye(num_classes)[unwrapped(index)])


def _tensor(numpy: Any, value: Any, dtype: Any = None, **options: Any) -> Any:
    given = unwrapped(value)
    return wrapped(numpy.array(given) if dtype in (None, float) else numpy.array(given, dtype=dtype))


_OTHERS: Mapping[str, Any] = {
    "arange": lambda numpy, *numbers, **options: wrapped(numpy.arange(*numbers)),
    "as_tensor": _tensor,
    "eye": lambda numpy, *sizes, **options: wrapped(numpy.eye(*sizes)),
    "full": lambda numpy, size, fill_value, **options: wrapped(numpy.full(tuple(size), unwrapped(fill_value))),
    "full_like": lambda numpy, x, fill_value, **options: wrapped(numpy.full_like(unwrapped(x), unwrapped(fill_value))),
    "is_grad_enabled": lambda numpy: False,
    "is_tensor": lambda numpy, value: isinstance(value, Torchlike),
    "numel": lambda numpy, x: x.numel(),
    "one_hot": _one_hot,
    "tensor": _tensor,
}
"""What is not made of tensors alone."""


def torch_modules(numpy: Any) -> dict[str, Any]:
    """The stand-ins by the names of PyTorch's modules."""
    torch = Torch(numpy)
    parts = ("torch", "torch.nn.functional", "torch.special")
    return {**dict.fromkeys(parts, torch), "torch.nn": torch.nn, "torch.linalg": torch.linalg}
