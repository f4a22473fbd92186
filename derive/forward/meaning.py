"""What the parts of an expression mean: arrays that record what is done to them, or NumPy's own.

Both are asked by the same table of rules, so that an expression that was traced can be run on numbers, by NumPy.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from sympy import Expr, Integer, Rational

from derive.errors import ShapeError, UnsupportedError
from derive.forward import field
from derive.forward.arrays import Laid
from derive.forward.functions import ELEMENTWISE, NUMERIC
from derive.forward.library import FUNCTIONS, METHODS
from derive.forward.nodes import Constant, Delta, Ones
from derive.forward.normal import contract, zeros
from derive.forward.shape import Shape
from derive.forward.tensor import Tensor

__all__ = ["FUNCTION_NAMES", "Numbers", "Recorded"]

_MOST_DIGITS = 300
_LARGEST_EXPONENT = 100
_LARGEST_AXIS = 10_000

_MAKERS = ("eye", "full", "identity", "len", "ones", "zeros")

FUNCTION_NAMES = tuple(sorted({*FUNCTIONS, *ELEMENTWISE, *_MAKERS}))
"""Every function that an expression can call."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Arrays are Tensors, numbers exact: rational, or expressions in sizes.

    anchor is any array of the layer; new ones belong to it as well.
    """

    anchor: Tensor
    functions: Sequence[str] = FUNCTION_NAMES
    methods: Sequence[str] = METHODS

    def is_array(self, value: object) -> bool:
        return isinstance(value, Tensor)

    def number(self, text: str) -> Expr:
        return sympy.pi if text == "pi" else Rational(text)

    def operate(self, operation: Callable[..., Any], sign: str, operands: Sequence[Any]) -> Any:
        if not any(isinstance(operand, Tensor) for operand in operands):
            return self._calculated(operation, sign, operands)
        if sign == "**":
            self._check_exponent(operands[1])
        try:
            return _checked_array(operation(*map(self._lifted, operands)))
        except (TypeError, UnsupportedError) as error:
            if sign not in _OF_MASKS:
                raise
            raise UnsupportedError(f"{sign} is supported between comparisons only; {_OF_MASKS[sign]}") from error

    def call(self, name: str, shown: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        if name in _MAKERS:
            return self._made(name, shown, arguments, options)
        if name in ELEMENTWISE:
            return self._elementwise(name, shown, arguments, options)
        given = [self._argument(argument) for argument in arguments]
        return _checked_array(
            self.anchor.called(name, shown, given, {k: self._argument(value) for k, value in options.items()})
        )

    def method(self, array: Tensor, name: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        given = [self._argument(argument) for argument in arguments]
        return getattr(array, name)(*given, **{k: self._argument(value) for k, value in options.items()})

    def attribute(self, array: Tensor, name: str) -> Any:
        match name:
            case "shape":
                return array.shape
            case "size":
                return sympy.prod(array.shape, start=Integer(1))
            case "ndim":
                return Integer(array.ndim)
        return array.T

    def index(self, array: Tensor, index: Any) -> Tensor:
        return array[self._argument(index)]

    def _lifted(self, value: Any) -> Tensor:
        return value if isinstance(value, Tensor) else self.anchor.lift(Constant(value))

    def _argument(self, value: Any) -> Any:
        """A value as the functions of the library expect it: axes are integers of Python's own."""
        match value:
            case Integer():
                return int(value)
            case Expr() if value.is_number and not value.is_Rational:
                return self._lifted(value)
            case tuple():
                return tuple(map(self._argument, value))
            case slice():
                return slice(*(self._argument(part) for part in (value.start, value.stop, value.step)))
        return value

    def _calculated(self, operation: Callable[..., Any], sign: str, numbers: Sequence[Expr]) -> Expr:
        if sign in _OF_ARRAYS:
            raise UnsupportedError(f"{sign} between two numbers is not supported; compare and multiply arrays")
        if sign == "/" and numbers[1] == 0:
            raise UnsupportedError("division by 0 is not supported; divide by a number that is not 0")
        if sign == "**":
            self._check_power(*numbers)
        return _checked(operation(*numbers))

    def _check_exponent(self, exponent: Any) -> None:
        if isinstance(exponent, Expr) and exponent.is_number and abs(exponent) > _LARGEST_EXPONENT:
            raise UnsupportedError(f"** with an exponent beyond {_LARGEST_EXPONENT} is not supported")

    def _check_power(self, base: Expr, exponent: Expr) -> None:
        if not exponent.is_Rational:
            raise UnsupportedError("** with a size as exponent is not supported; write exp(exponent * log(base))")
        self._check_exponent(exponent)
        if base == 0 and exponent < 0:
            raise UnsupportedError("division by 0 is not supported; divide by a number that is not 0")

    def _elementwise(self, name: str, shown: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        count = _operands(name)
        if options or len(arguments) != count:
            told = f"{len(arguments)} arguments" + (f" and {', '.join(options)}=" if options else "")
            raise UnsupportedError(f"{shown} with {told} is not supported; it takes {count}, entry by entry")
        for argument in arguments:
            if not isinstance(argument, Expr | Tensor):
                raise UnsupportedError(
                    f"{shown} of a {type(argument).__name__} is not supported; give arrays or numbers"
                )
        if not any(isinstance(argument, Tensor) for argument in arguments):
            return _checked(ELEMENTWISE[name](*arguments))
        return _checked_array(self.anchor.apply(shown, ELEMENTWISE[name], *map(self._lifted, arguments)))

    def _made(self, name: str, shown: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """An array of given size, or a size."""
        if options or len(arguments) != 1 + (name == "full"):
            raise UnsupportedError(f"{shown} with these arguments is not supported; write {_EXAMPLES[name]}")
        first = arguments[0]
        if name == "len":
            if not isinstance(first, Tensor) or not first.ndim:
                raise UnsupportedError(f"{shown} is supported for an array with an axis; write a size by its letter")
            return first.shape[0]
        shape = _shape(shown, first)
        match name:
            case "eye" | "identity":
                if len(shape) != 1:
                    raise UnsupportedError(f"{shown} of {len(shape)} sizes is not supported; write {_EXAMPLES[name]}")
                return self.anchor.lift(Delta(shape[0]))
            case "zeros":
                return self.anchor.lift(zeros(shape))
        ones = self.anchor.lift(_ones(shape))
        return ones if name == "ones" else ones * self._lifted(arguments[1])


_OF_ARRAYS = ("<", "<=", ">", ">=", "==", "!=", "@", "&", "|", "^", "~")

_OF_MASKS = {
    "&": "write (X > 0) * (X < 1)",
    "|": "write maximum(A, B) for two masks",
    "^": "write ** for a power",
    "~": "write 1 - mask",
}
"""Operators of truth values, and what else may have been meant."""

_EXAMPLES = {
    "eye": "eye(N)",
    "full": "full((N, D), 2)",
    "identity": "identity(N)",
    "len": "len(X)",
    "ones": "ones((N, D))",
    "zeros": "zeros((N, D))",
}


def _checked(value: Any) -> Expr:
    """A number that was calculated, if it can be one of a formula."""
    if not isinstance(value, Expr) or value.is_real is False or value.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I):
        raise UnsupportedError(f"{value} is no real number; change the numbers")
    if any(abs(number.p) > 10**_MOST_DIGITS or number.q > 10**_MOST_DIGITS for number in value.atoms(Rational)):
        raise UnsupportedError(f"a number of more than {_MOST_DIGITS} digits is not supported; scale it")
    return value


def _checked_array(value: Any) -> Any:
    """An array, which may be a number that was calculated."""
    if isinstance(value, Tensor) and isinstance(value.laid.core, Constant):
        _checked(value.laid.core.value)
    return value


def _operands(name: str) -> int:
    """How many operands an elementwise function takes."""
    function = getattr(np, name, None)
    if isinstance(function, np.ufunc):
        return function.nin
    declared = getattr(ELEMENTWISE[name], "nargs", None)
    return int(next(iter(declared))) if declared else operator.attrgetter("__code__.co_argcount")(ELEMENTWISE[name])


def _shape(shown: str, given: Any) -> Shape:
    shape = given if isinstance(given, tuple) else (given,)
    for axis in shape:
        if not isinstance(axis, Expr) or not axis.is_integer or (axis.is_number and not 1 <= axis <= _LARGEST_AXIS):
            raise ShapeError(f"{shown}: expected sizes, letters or numbers from 1 to {_LARGEST_AXIS}, got {axis}")
    return shape


def _ones(shape: Shape) -> Laid:
    """Ones in a shape, whose axes of size 1 stay what broadcasting may stretch."""
    units = tuple(place for place, size in enumerate(shape) if size == 1)
    sizes = [size for size in shape if size != 1]
    if not sizes:
        return Laid(Constant(Integer(1)), units)
    return Laid(
        contract([Ones(size) for size in sizes], [[n] for n in range(len(sizes))], list(range(len(sizes)))), units
    )


@dataclass(frozen=True, slots=True)
class Numbers:
    """Arrays are NumPy's; an expression that was traced is run on numbers."""

    functions: Sequence[str] = FUNCTION_NAMES
    methods: Sequence[str] = METHODS

    def is_array(self, value: object) -> bool:
        return isinstance(value, np.ndarray | np.generic)

    def number(self, text: str) -> Any:
        if text == "pi":
            return np.pi
        exact = Rational(text)
        return int(exact) if exact.is_Integer else float(exact)

    def operate(self, operation: Callable[..., Any], sign: str, operands: Sequence[Any]) -> Any:
        return _real(operation(*operands))

    def call(self, name: str, shown: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        given = [float(a) if type(a) is int else a for a in arguments] if name in ELEMENTWISE else arguments
        return _real(numpy_function(name)(*given, **options))

    def method(self, array: Any, name: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        return _real(getattr(array, name)(*arguments, **options))

    def attribute(self, array: Any, name: str) -> Any:
        return getattr(array, name)

    def index(self, array: Any, index: Any) -> Any:
        return array[index]


def _real(value: Any) -> Any:
    """An array of whole numbers as one of floats: for NumPy the reciprocal of the whole number 2 is 0.

    Raises: UnsupportedError for a complex number, such as (N - 3)**0.5 at N = 2.
    """
    if isinstance(value, complex):
        raise UnsupportedError(f"a root of a negative number, {value:.3g}, at these sizes; choose others")
    whole = isinstance(value, np.ndarray | np.generic) and np.issubdtype(value.dtype, np.integer)
    return value.astype(float) if whole else value


def numpy_function(name: str) -> Callable[..., Any]:
    """What computes a function of that name on NumPy's arrays."""
    found = _NUMPY_LACKS.get(name) or NUMERIC.get(name)
    found = found or getattr(np.linalg, name, None) or getattr(np, name, None)
    assert callable(found), f"NumPy has no {name}"
    return found


_NUMPY_LACKS: dict[str, Callable[..., Any]] = {
    "len": len,
    "logdet": lambda a: np.linalg.slogdet(a)[1],
    "sliding_window_view": np.lib.stride_tricks.sliding_window_view,
    **{name: getattr(field, name) for name in field.__all__},
}
"""Functions that the module numpy does not have under their own name."""
