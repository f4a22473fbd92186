"""Sizes as the code under check sees them while it is traced for all sizes: they compute, and they tell who compares.

X.shape[0] == 1 has no answer that holds for all sizes, so a trace that needs one is no proof for all of them. What
holds whatever the letters are, as N > 0, is answered.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np
from sympy import Expr, Float, Integer, expand, fraction, together

from derive.errors import UnsupportedError
from derive.forward.proviso import is_at_least, proviso
from derive.forward.shape import divided, is_size

__all__ = ["Measure", "lengths", "unmeasured"]

_REMEDY = "it is run at numbers for sizes"


def unmeasured(value: Any) -> Any:
    """The value with sizes as SymPy's expressions, also inside of tuples, lists and slices."""
    match value:
        case Measure():
            return value.size
        case tuple() if type(value) is tuple:
            return tuple(map(unmeasured, value))
        case list():
            return list(map(unmeasured, value))
        case slice():
            return slice(unmeasured(value.start), unmeasured(value.stop), unmeasured(value.step))
    return value


def lengths(sizes: Iterable[Any]) -> tuple[Expr, ...]:
    """Sizes as SymPy's expressions.

    Raises: UnsupportedError for what is no number, such as text, which SymPy would evaluate.
    """
    found = []
    for size in sizes:
        number = _number(size)
        if number is None:
            raise UnsupportedError(f"a size of type {type(size).__name__} is not supported; give whole numbers")
        found.append(number)
    return tuple(found)


class Measure:
    """A size, or a number made of sizes."""

    __slots__ = ("size",)
    # NumPy's scalars leave arithmetic with one to it.
    __array_ufunc__ = None

    def __init__(self, size: Expr) -> None:
        self.size = size

    def __repr__(self) -> str:
        # What is printed may be compared: then it holds at some sizes only.
        proviso(f"the code writes {self.size}")
        return str(self.size)

    def __format__(self, how: str) -> str:
        return format(repr(self), how)

    def _with(self, operation: Callable[[Any, Any], Any], other: Any, *, turned: bool = False) -> Any:
        number = _number(other)
        if number is None:
            return NotImplemented
        return Measure(operation(number, self.size) if turned else operation(self.size, number))

    def __add__(self, other: Any) -> Any:
        return self._with(operator.add, other)

    def __sub__(self, other: Any) -> Any:
        return self._with(operator.sub, other)

    def __mul__(self, other: Any) -> Any:
        return self._with(operator.mul, other)

    def __truediv__(self, other: Any) -> Any:
        return self._with(operator.truediv, other)

    def __pow__(self, other: Any) -> Any:
        return self._with(operator.pow, other)

    def __radd__(self, other: Any) -> Any:
        return self._with(operator.add, other, turned=True)

    def __rsub__(self, other: Any) -> Any:
        return self._with(operator.sub, other, turned=True)

    def __rmul__(self, other: Any) -> Any:
        return self._with(operator.mul, other, turned=True)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with(operator.truediv, other, turned=True)

    def __rpow__(self, other: Any) -> Any:
        return self._with(operator.pow, other, turned=True)

    def __floordiv__(self, other: Any) -> Measure:
        return Measure(self._share(other, "//"))

    def __mod__(self, other: Any) -> Measure:
        self._share(other, "%")
        return Measure(Integer(0))

    def __neg__(self) -> Measure:
        return Measure(-self.size)

    def __pos__(self) -> Measure:
        return self

    def _share(self, other: Any, sign: str) -> Expr:
        """How often another size goes into this one, where nothing is left whatever the letters are."""
        part = _number(other)
        share = divided(self.size, part) if is_size(part) and is_size(self.size) and part != 0 else None
        return self._refuse(f"asks for {self.size} {sign} {unmeasured(other)}") if share is None else share

    def _refuse(self, what: str) -> NoReturn:
        # The code may catch what is raised; the list remembers.
        proviso(f"the code {what}")
        raise UnsupportedError(f"the code {what}, which depends on the sizes; {_REMEDY}")

    def _above(self, other: Any, sign: str) -> tuple[bool, bool, bool]:
        """Whether it is larger than another number, smaller, or the same, for all sizes: one of them, or none known."""
        number = _number(other)
        if number is None:
            return False, False, False
        distance = expand(self.size - number)
        larger, smaller = (_is_positive(sign * distance) for sign in (1, -1))
        if not (larger or smaller or distance == 0):
            self._refuse(f"asks whether {self.size} {sign} {unmeasured(other)}")
        return larger, smaller, distance == 0

    def __eq__(self, other: object) -> bool:
        return self._above(other, "==")[2]

    def __ne__(self, other: object) -> bool:
        return not self._above(other, "!=")[2]

    def __gt__(self, other: Any) -> bool:
        return self._ordered(other, ">")[0]

    def __lt__(self, other: Any) -> bool:
        return self._ordered(other, "<")[1]

    def __ge__(self, other: Any) -> bool:
        larger, _, same = self._ordered(other, ">=")
        return larger or same

    def __le__(self, other: Any) -> bool:
        _, smaller, same = self._ordered(other, "<=")
        return smaller or same

    def _ordered(self, other: Any, sign: str) -> tuple[bool, bool, bool]:
        """The same where no answer is known although one size is at least as large as the other: N >= 1."""
        number = _number(other)
        if number is not None and sign in (">=", "<"):
            if is_at_least(expand(self.size - number), 0):
                return True, False, False
        if number is not None and sign in ("<=", ">"):
            if is_at_least(expand(number - self.size), 0):
                return False, True, False
        return self._above(other, sign)

    def __bool__(self) -> bool:
        return not self._above(0, "!=")[2]

    def __hash__(self) -> int:
        self._refuse(f"looks up {self.size} in a dictionary or a set")

    def __index__(self) -> int:
        if self.size.is_Integer:
            return int(self.size)
        self._refuse(f"counts with {self.size}, as in a loop")

    def __int__(self) -> int:
        if self.size.is_Integer:
            return int(self.size)
        self._refuse(f"asks for {self.size} as a whole number")

    def __round__(self, digits: int | None = None) -> int:
        return int(self)

    __floor__ = __ceil__ = __trunc__ = __int__

    def __float__(self) -> float:
        if self.size.is_number:
            return float(self.size)
        self._refuse(f"asks for {self.size} as a number of its own")


def _is_positive(value: Expr) -> bool:
    """Whether it is seen to be positive whatever the sizes are."""
    if value.is_number:
        return bool(value > 0)
    denominator = fraction(together(value))[1]
    whole = expand(value * denominator)
    return bool(denominator.is_positive and is_at_least(whole, 0) and whole.subs(_ones(whole)) > 0)


def _ones(value: Expr) -> dict[Expr, Integer]:
    return dict.fromkeys(value.free_symbols, Integer(1))


def _number(value: Any) -> Expr | None:
    """A number of Python's, NumPy's or SymPy's, or a size."""
    if isinstance(value, Measure):
        return value.size
    if isinstance(value, Expr):
        return value
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bool | int):
        return Integer(plain)
    return Float(plain) if isinstance(plain, float) else None
