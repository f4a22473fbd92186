"""Arrays of exact scalars at numbers for sizes, which speak NumPy's protocols.

Entries lie in a NumPy array of objects, so slices and transposes are views here as there, and changing one in place
changes the others. What is not supported is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sympy import Expr

from derive.checking.arrays.scalars import Scalars
from derive.errors import UnsupportedError
from derive.forward.functions import ELEMENTWISE, equal, step
from derive.forward.nodes import placeholder

__all__ = ["Data", "Sheet", "objects"]

Data = Any
"""A NumPy array of objects."""

_A, _B = placeholder(0), placeholder(1)


def _is_infinite(value: object) -> bool:
    return isinstance(value, float) and bool(np.isinf(value))


def objects(value: Any) -> Data:
    """The value as an array of objects; a single scalar as one without axes."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value
    made = np.empty((), dtype=object)
    made[()] = value
    return made


class Sheet:
    """An array of scalars; mask is whether it holds truth values."""

    __slots__ = ("data", "mask", "scalars")
    __array_priority__ = 1000.0
    __hash__ = None  # type: ignore[assignment]  # an array has no truth of equality

    def __init__(self, data: Data, scalars: Scalars, *, mask: bool = False) -> None:
        self.data = data
        self.scalars = scalars
        self.mask = mask

    # What an array is.

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        shape: tuple[int, ...] = self.data.shape
        return shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return int(self.data.ndim)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(self.data.size)

    @property
    def dtype(self) -> Any:
        """Numbers, or truth values."""
        return np.dtype(bool if self.mask else float)

    @property
    def T(self) -> Sheet:  # noqa: N802 -- NumPy's name
        """The axes in reverse order."""
        return self.view(self.data.T)

    @property
    def flat(self) -> Any:
        """All entries, one after the other."""
        return iter(self.ravel())

    def view(self, data: Data) -> Sheet:
        """The same kind of array with other entries."""
        return Sheet(objects(data), self.scalars, mask=self.mask)

    def numbers(self, data: Data) -> Sheet:
        """An array of numbers."""
        return Sheet(objects(data), self.scalars)

    def truths(self, data: Data) -> Sheet:
        """An array of truth values."""
        return Sheet(objects(data), self.scalars, mask=True)

    def refuse(self, what: str) -> Any:
        """Raises UnsupportedError."""
        raise UnsupportedError(f"{what} is not supported on symbols")

    def of(self, value: Any) -> Sheet:
        """Another operand as an array of scalars.

        Raises: UnsupportedError if it is none.
        """
        if isinstance(value, Sheet):
            return value._operand()
        if self.scalars.is_entry(value):
            return self.numbers(value)
        if isinstance(value, list | tuple):
            parts = [self.of(item) for item in value]
            if not parts:
                self.refuse("an empty list")
            return Sheet(np.stack([part.data for part in parts]), self.scalars, mask=all(p.mask for p in parts))
        array = np.asarray(value)
        if array.dtype.kind not in "biuf" and not isinstance(value, Expr):
            self.refuse(f"an operand of type {type(value).__name__}")
        made = np.empty(array.shape, dtype=object)
        for place, entry in np.ndenumerate(array):
            made[place] = self.scalars.number(entry)
        return Sheet(made, self.scalars, mask=array.dtype.kind == "b")

    def _operand(self) -> Sheet:
        """This array, where it may stand beside others.

        Raises: UnsupportedError if it may not.
        """
        return self

    # Arithmetic.

    def combined(self, function: Callable[[Any, Any], Any], left: Sheet, right: Sheet) -> Sheet:
        """An operation of two scalars, entry by entry, broadcast."""
        self.scalars.budget.check()
        return self.numbers(objects(function(left.data, right.data)))

    def applied(self, function: Expr, *operands: Any) -> Sheet:
        """A scalar function, entry by entry, broadcast."""
        arrays = np.broadcast_arrays(*(self.of(operand).data for operand in operands))
        made = np.empty(arrays[0].shape, dtype=object)
        for place in np.ndindex(made.shape):
            made[place] = self.scalars.apply(function, [array[place] for array in arrays])
        return self.numbers(made)

    def _compared(self, function: Expr, left: Any, right: Any, *, negated: bool = False) -> Sheet:
        # Whatever is compared with an infinite number, there is one answer.
        if _is_infinite(right):
            held = self.applied(function.subs({_A: 0, _B: int(np.sign(right))}), left)
        elif _is_infinite(left):
            held = self.applied(function.subs({_A: int(np.sign(left)), _B: 0}), right)
        else:
            held = self.applied(function, left, right)
        return self.truths((1 - held if negated else held).data)

    def __add__(self, other: Any) -> Sheet:
        right = self.of(other)
        return self | right if self.mask and right.mask else self.combined(np.add, self, right)

    def __radd__(self, other: Any) -> Sheet:
        return self.of(other) + self

    def __sub__(self, other: Any) -> Sheet:
        right = self.of(other)
        if self.mask and right.mask:
            self.refuse("- between truth values, which NumPy has not,")
        return self.combined(np.subtract, self, right)

    def __rsub__(self, other: Any) -> Sheet:
        return self.of(other) - self

    def __mul__(self, other: Any) -> Sheet:
        right = self.of(other)
        product = self.combined(np.multiply, self, right)
        return self.truths(product.data) if self.mask and right.mask else product

    def __rmul__(self, other: Any) -> Sheet:
        return self.of(other) * self

    def __truediv__(self, other: Any) -> Sheet:
        return self.combined(self.scalars.quotient, self, self.of(other))

    def __rtruediv__(self, other: Any) -> Sheet:
        return self.of(other) / self

    def __pow__(self, other: Any) -> Sheet:
        left, right = np.broadcast_arrays(self.data, self.of(other).data)
        made = np.empty(left.shape, dtype=object)
        for place in np.ndindex(made.shape):
            made[place] = self.scalars.power(left[place], right[place])
        return self.numbers(made)

    def __rpow__(self, other: Any) -> Sheet:
        return self.of(other) ** self

    def __matmul__(self, other: Any) -> Sheet:
        right = self.of(other)
        if self.mask and right.mask:
            self.refuse("@ between truth values")
        self.scalars.budget.check()
        made = objects(np.matmul(self.data, right.data))
        if not (self.size and right.size):
            # A sum of nothing is NumPy's own 0.
            made = np.full(made.shape, self.scalars.number(0), dtype=object)
        return self.numbers(made)

    def __rmatmul__(self, other: Any) -> Sheet:
        return self.of(other) @ self

    def __neg__(self) -> Sheet:
        if self.mask:
            self.refuse("the negative of truth values, which NumPy has not,")
        return self * -1

    def __pos__(self) -> Sheet:
        return self.view(self.data.copy())

    def __abs__(self) -> Sheet:
        return self.applied(ELEMENTWISE["abs"](_A), self)

    def __gt__(self, other: Any) -> Sheet:
        return self._compared(step(_A - _B), self, other)

    def __lt__(self, other: Any) -> Sheet:
        return self._compared(step(_B - _A), self, other)

    def __ge__(self, other: Any) -> Sheet:
        return self._compared(step(_B - _A), self, other, negated=True)

    def __le__(self, other: Any) -> Sheet:
        return self._compared(step(_A - _B), self, other, negated=True)

    def __eq__(self, other: Any) -> Sheet:  # type: ignore[override]  # entry by entry, as NumPy has it
        return self._compared(equal(_A, _B), self, other)

    def __ne__(self, other: Any) -> Sheet:  # type: ignore[override]  # entry by entry as well
        return self._compared(equal(_A, _B), self, other, negated=True)

    def truth(self) -> Sheet:
        """Numbers as truth values: what is not 0 holds."""
        return self if self.mask else self != 0

    def _both(self, other: Any, name: str) -> tuple[Sheet, Sheet]:
        right = self.of(other)
        if not (self.mask and right.mask):
            self.refuse(f"{name} of anything but truth values")
        return self.numbers(self.data), right.numbers(right.data)

    def __and__(self, other: Any) -> Sheet:
        left, right = self._both(other, "&")
        return self.truths((left * right).data)

    def __or__(self, other: Any) -> Sheet:
        left, right = self._both(other, "|")
        return self.truths((left + right - left * right).data)

    def __xor__(self, other: Any) -> Sheet:
        left, right = self._both(other, "^")
        return self.truths((left + right - 2 * (left * right)).data)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Sheet:
        if not self.mask:
            self.refuse("~ of anything but truth values")
        return self.truths((1 - self.numbers(self.data)).data)

    # In place.

    def changed(self, value: Any) -> Sheet:
        """This array, with these entries from now on; a number is another number, not this one changed."""
        given = self.of(value)
        if self.mask and not given.mask:
            self.refuse("numbers in an array of truth values")
        if not self.ndim and not given.ndim:
            return given
        self.data[...] = np.broadcast_to(given.data, self.shape).copy()
        return self

    def __iadd__(self, other: Any) -> Sheet:
        return self.changed(self + other)

    def __isub__(self, other: Any) -> Sheet:
        return self.changed(self - other)

    def __imul__(self, other: Any) -> Sheet:
        return self.changed(self * other)

    def __itruediv__(self, other: Any) -> Sheet:
        return self.changed(self / other)

    def __ipow__(self, other: Any) -> Sheet:
        return self.changed(self**other)

    # Parts.

    def __getitem__(self, index: Any) -> Sheet:
        from derive.checking.arrays.parts import part  # deferred: parts are made of Sheets

        return part(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        from derive.checking.arrays.parts import set_part  # deferred: parts are made of Sheets

        set_part(self, index, value)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Sheet]:
        return (self[n] for n in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError("The truth value of an array with more than one element is ambiguous")
        return self.scalars.decide(self.truth().data.ravel()[0])

    def __index__(self) -> int:
        self.refuse("a whole number that is computed from real numbers")
        raise AssertionError

    __int__ = __index__

    def __float__(self) -> float:
        self.refuse("float() of an entry")
        raise AssertionError

    # NumPy's protocols.

    def __array__(self, *arguments: Any, **options: Any) -> Any:
        self.refuse("turning an array into one of NumPy's own")

    def __array_ufunc__(self, ufunc: Any, method: str, *arguments: Any, **options: Any) -> Any:
        from derive.checking.arrays.library import ufunc as applied  # deferred: the library is made of Sheets

        return applied(self, ufunc, method, arguments, options)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        from derive.checking.arrays.library import called  # deferred: the library is made of Sheets

        name = function.__name__
        if function.__module__ == "numpy.linalg" and getattr(np, name, function) is not function:
            # Some have the name of another function, which takes other axes.
            self.refuse(f"np.linalg.{name}")
        return called(self, name, arguments, options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        from derive.checking.arrays.library import method  # deferred: the library is made of Sheets

        return method(self, name)
