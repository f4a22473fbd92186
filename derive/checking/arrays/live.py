"""Arrays that are traced for all sizes and can be changed in place, and what stands for numpy meanwhile.

Changing an array in place gives it another node. Views of it would have to change as well, so an array of which there
are views is refused, and the code is run at numbers for sizes instead, where they do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np
import sympy
from sympy import Expr, Integer

from derive.checking.arrays.library import is_real
from derive.checking.arrays.measure import Measure, lengths, unmeasured
from derive.checking.pytorch.stand_in import torch_modules
from derive.errors import UnsupportedError
from derive.forward.arrays import Laid
from derive.forward.functions import ELEMENTWISE
from derive.forward.meaning import Recorded
from derive.forward.nodes import Input, Node
from derive.forward.proviso import proviso
from derive.forward.shape import same
from derive.forward.tensor import Tensor
from derive.forward.views import Arange

__all__ = ["Live", "stand_ins"]

_FRESH = frozenset(
    (
        *("clip", "concatenate", "det", "dot", "einsum", "hstack", "inv", "kron", "log_softmax", "logdet", "logsumexp"),
        *("max", "amax", "mean", "min", "amin", "ptp", "solve", "norm", "ones_like", "outer", "pad", "repeat", "roll"),
        *("softmax", "stack", "std", "sum", "take", "take_along_axis", "tile", "trace", "var", "vstack", "where"),
        *("zeros_like", "slogdet"),
    )
)
"""Functions whose result shares no entries with their arguments."""


class Live(Tensor):
    """A Tensor that can be changed in place, as long as nothing shares its entries."""

    __slots__ = ("shared",)

    def __init__(
        self, array: Node | Laid, where: str, named: dict[str, Node] | None = None, *, mask: bool = False
    ) -> None:
        super().__init__(array, where, named, mask=mask)
        self.shared = False

    @property
    def shape(self) -> Any:
        """The shape, in sizes that notice what they are asked."""
        return tuple(map(Measure, self.laid.shape))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.laid.shape)

    def other(self, other: object, operation: str) -> Laid:
        """Another operand."""
        return super().other(unmeasured(other), operation)

    def refuse(self, what: str, instead: str) -> NoReturn:
        """Raises UnsupportedError, and remembers it: the code may catch what is raised."""
        proviso(f"{what} is not supported")
        raise UnsupportedError(f"{what} is not supported for all sizes")

    def lift(self, array: Node | Laid) -> Live:
        return Live(array, self.where, self.named)

    def moved(self, array: Node | Laid) -> Live:
        """A view: neither it nor this array can be changed in place any more."""
        made = Live(array, self.where, self.named, mask=self.mask)
        self.shared = made.shared = True
        return made

    def _masked(self, array: Tensor) -> Live:
        return Live(array.laid, self.where, self.named, mask=True)

    def called(self, name: str, shown: str, arguments: Any, options: dict[str, Any]) -> Any:
        arguments = unmeasured(tuple(arguments))
        given = {key: unmeasured(value) for key, value in options.items()}
        if name.endswith("_like") and is_real(given.get("dtype")):
            given.pop("dtype", None)
        if name.endswith("_like") and (self.mask or getattr(self.laid.core, "below", None) is not None):
            self.refuse(f"{shown} of what holds no real numbers", "give its shape to np.zeros")
        if name == "copy":
            return self.copy()
        if name == "empty_like":
            return _undefined(self, self.laid.shape)
        made = super().called(name, shown, arguments, given)
        if name not in _FRESH:
            for array in (*arguments, made):
                if isinstance(array, Live):
                    array.shared = True
        return made

    def __array_ufunc__(self, ufunc: Any, method: str, *arguments: Any, **options: Any) -> Any:
        out = options.pop("out", None)
        if method == "at" or any(type(argument) is np.ndarray for argument in arguments):
            self.refuse(f"np.{ufunc.__name__} of such arguments", "it is run at numbers for sizes")
        made = super().__array_ufunc__(ufunc, method, *unmeasured(arguments), **options)
        if out is None:
            return made
        (target,) = out
        return target._changed(made) if isinstance(target, Live) else made

    def _changed(self, value: Tensor) -> Live:
        """This array, with these entries from now on."""
        if self.shared:
            self.refuse("changing an array in place of which there are views", "it is run at numbers for sizes")
        if value.mask != self.mask and (self.mask or not isinstance(value, Tensor)):
            self.refuse("numbers in an array of truth values", "make an array of numbers")
        if self.ndim != value.ndim or not all(map(same, self.laid.shape, value.laid.shape)):
            self.refuse(f"an array of shape {value.shape} in one of shape {self.shape}", "give both the same shape")
        self.laid = value.laid
        return self

    def _altered(self, value: Tensor) -> Live:
        """What an operation in place leaves; a number is another number, not this one changed."""
        return self._changed(value) if self.ndim else self.lift(value.laid)

    def __iadd__(self, other: object) -> Live:
        return self._altered(self + other)

    def __isub__(self, other: object) -> Live:
        return self._altered(self - other)

    def __imul__(self, other: object) -> Live:
        return self._altered(self * other)

    def __itruediv__(self, other: object) -> Live:
        return self._altered(self / other)

    def __ipow__(self, other: object) -> Live:
        return self._altered(self**other)

    def __setitem__(self, index: object, value: object) -> None:  # type: ignore[override]  # a Tensor refuses it
        """X[...] = V and X[:] = V for the whole array, X[mask] = V for a number V."""
        given = self.lift(self.other(value, "="))
        if isinstance(index, Tensor) and index.mask and not given.ndim and index.ndim == self.ndim:
            self._changed(self.lift(self.laid) * (1 - index.lift(index.laid)) + given * index.lift(index.laid))
            return
        items = index if isinstance(index, tuple) else (index,)
        if not all(item is Ellipsis or item == slice(None) for item in items if not isinstance(item, Tensor)) or any(
            isinstance(item, Tensor) for item in items
        ):
            self.refuse("assigning to a part of an array", "it is run at numbers for sizes")
        # A value of fewer axes is spread over the others.
        self._changed(self.lift(self.laid) * 0 + given)

    def __getitem__(self, index: object) -> Tensor:
        items = index if isinstance(index, tuple) else (index,)
        if any(isinstance(item, Tensor) and item.mask for item in items):
            self.refuse("the entries that a mask picks", "it is run at numbers for sizes")
        return super().__getitem__(unmeasured(index))

    def copy(self, *order: object) -> Live:
        """Another array with the same entries."""
        return Live(self.laid, self.where, self.named, mask=self.mask)

    def flatten(self) -> Live:
        """A copy with one axis."""
        made: Live = self.copy().called("ravel", ".flatten", (self.copy(),), {})
        made.shared = False
        return made

    def astype(self, kind: object, **options: object) -> Live:
        """The entries as numbers."""
        # Truth values as whole numbers are 0 and 1 as well; fractions would be cut off.
        if options or not (is_real(kind) or (self.mask and kind is int)):
            self.refuse(f".astype({kind})", "give float")
        return Live(self.laid, self.where, self.named)

    def fill(self, value: object) -> None:
        """One number everywhere."""
        self[...] = value

    @property
    def size(self) -> Measure:
        """The number of entries."""
        return Measure(sympy.prod(self.laid.shape, start=Integer(1)))

    @property
    def dtype(self) -> Any:
        """Numbers, or truth values."""
        return np.dtype(bool if self.mask else float)


def _undefined(anchor: Live, shape: Any) -> Live:
    """What np.empty gives: nobody knows, so it is like an input of its own."""
    return anchor.lift(Input("undefined", lengths(shape), "undefined"))


class _Numpy:
    """Stands for the module: arrays are made as Live ones, numbers made of sizes stay exact."""

    def __init__(self, anchor: Live) -> None:
        self._anchor = anchor
        self._recorded = Recorded(anchor)
        self.linalg = _Part(np.linalg, self)

    def __getattr__(self, name: str) -> Any:
        made = _MAKERS.get(name)
        if made is not None:
            return lambda *arguments, **options: made(self, *arguments, **options)
        found = getattr(np, name)
        if name == "random" or (isinstance(found, type(np)) and name not in ("linalg",)):
            raise UnsupportedError(f"np.{name} is not supported for all sizes")
        if isinstance(found, np.ufunc) or (callable(found) and not isinstance(found, type)):
            return self.function(found)
        return found

    def function(self, found: Callable[..., Any]) -> Callable[..., Any]:
        """NumPy's function, which numbers made of sizes reach as arrays without axes."""

        def call(*arguments: Any, **options: Any) -> Any:
            lifted = [
                self._anchor.lift(self._anchor.other(a, found.__name__)) if isinstance(a, Expr) else a
                for a in unmeasured(arguments)
            ]
            options = {key: unmeasured(value) for key, value in options.items()}
            anything = any(isinstance(item, Tensor | list | tuple) for item in (*lifted, *options.values()))
            if isinstance(found, np.ufunc) and found.__name__ in ELEMENTWISE and not anything:
                lifted[0] = self._anchor.lift(self._anchor.other(lifted[0], found.__name__))
            return found(*lifted, **options)

        def refused(*arguments: Any, **options: Any) -> NoReturn:
            self._anchor.refuse(f"a method of np.{found.__name__}", "")

        if isinstance(found, np.ufunc):
            call.__dict__.update(dict.fromkeys(("accumulate", "at", "outer", "reduce", "reduceat"), refused))
        return call

    def made(self, name: str, shape: Any, *more: Any, dtype: object = None) -> Live:
        """np.zeros and its like."""
        if not is_real(dtype):
            raise UnsupportedError(f"np.{name} of {dtype} is not supported for all sizes")
        sizes = unmeasured(shape if isinstance(shape, tuple | list) else (shape,))
        if not sizes:
            raise UnsupportedError(f"np.{name} without axes is not supported; write a number")
        made = self._recorded.call(name, f"np.{name}", [lengths(sizes), *more], {})
        assert isinstance(made, Live)
        return made

    def array(self, value: Any, dtype: object = None) -> Live:
        """np.array of an array, or of a list of them."""
        if not is_real(dtype):
            raise UnsupportedError(f"np.array of {dtype} is not supported for all sizes")
        if isinstance(value, Live):
            return value.copy()
        if isinstance(value, list | tuple):
            made = np.stack([self.array(item) for item in value])
            assert isinstance(made, Live)
            return made
        return self._anchor.lift(self._anchor.other(value, "np.array"))

    def asarray(self, value: Any, dtype: object = None) -> Live:
        """np.asarray: an array is what it was."""
        return value if isinstance(value, Live) and is_real(dtype) else self.array(value, dtype)

    def arange(self, size: Any) -> Any:
        """The whole numbers below a size, as an index."""
        return Arange(size.size) if isinstance(size, Measure) else np.arange(size)

    def undefined(self, shape: Any, dtype: object = None) -> Live:
        """np.empty."""
        return _undefined(self._anchor, unmeasured(shape if isinstance(shape, tuple | list) else (shape,)))

    def shape_of(self, array: Any) -> Any:
        """np.shape."""
        return array.shape

    def full_like(self, array: Live, value: Any, dtype: object = None) -> Live:
        """np.full_like."""
        return self.made("full", array.shape, self._anchor.lift(self._anchor.other(value, "np.full_like")))


_MAKERS: dict[str, Callable[..., Any]] = {
    "zeros": lambda self, shape, dtype=None: self.made("zeros", shape, dtype=dtype),
    "ones": lambda self, shape, dtype=None: self.made("ones", shape, dtype=dtype),
    "full": lambda self, shape, value, dtype=None: self.made("ones", shape, dtype=dtype) * value,
    "eye": lambda self, size, dtype=None: self.made("eye", size, dtype=dtype),
    "identity": lambda self, size, dtype=None: self.made("eye", size, dtype=dtype),
    "empty": _Numpy.undefined,
    "array": _Numpy.array,
    "asarray": _Numpy.asarray,
    "ascontiguousarray": _Numpy.asarray,
    "arange": _Numpy.arange,
    "shape": _Numpy.shape_of,
    "copy": lambda self, array: array.copy(),
    "full_like": lambda self, array, value, dtype=None: self.made("ones", array.shape, dtype=dtype) * value,
}


class _Part:
    """Stands for a module of functions, such as numpy.linalg or math."""

    def __init__(self, module: Any, whole: _Numpy) -> None:
        self._module, self._whole = module, whole

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        return self._whole.function(found) if callable(found) and not isinstance(found, type) else found


class _Math:
    """Stands for the module math: NumPy's functions of the same name."""

    def __init__(self, whole: _Numpy) -> None:
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name) if name in ELEMENTWISE else getattr(math, name)


class _Real(type):
    """float of an array without axes, or of a size, is what it was."""

    def __call__(cls, value: Any = 0.0) -> Any:
        return value if isinstance(value, Measure | Live) else float(value)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, float)


class Real(float, metaclass=_Real):
    """Stands for float, also as the type of an array's entries."""


def stand_ins(anchor: Live) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What stands for modules, and for Python's own functions."""
    numpy = _Numpy(anchor)

    def length(value: Any) -> Any:
        return value.shape[0] if isinstance(value, Live) else len(value)

    def random(*arguments: object, **options: object) -> NoReturn:
        raise UnsupportedError("random numbers are not supported for all sizes")

    modules = {"numpy": numpy, "numpy.linalg": numpy.linalg, "math": _Math(numpy), "random": random}
    return {**modules, **torch_modules(numpy)}, {"len": length, "float": Real}
