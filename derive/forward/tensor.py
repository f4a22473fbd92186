"""Arrays that record what is done to them, and speak NumPy's protocols.

Semantics are NumPy's: `*` is elementwise, `@` multiplies matrices, shapes are broadcast at their last axes. What is not
supported is refused by name, with what to write instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any, NoReturn

import sympy
from sympy import Expr, Float, Integer, Mul, Pow, Rational, Symbol

from derive.errors import ShapeError, UnsupportedError
from derive.forward import arrays, views
from derive.forward.arrays import Laid
from derive.forward.functions import ELEMENTWISE, abs, equal, step
from derive.forward.inplace import changed
from derive.forward.library import FUNCTIONS, METHODS, REFUSED
from derive.forward.nodes import Constant, Node, placeholder
from derive.forward.normal import apply
from derive.forward.number import exact_number
from derive.forward.shape import Shape, text

__all__ = ["SUPPORTED", "Tensor", "node_of"]

SUPPORTED = "write the layer as whole-array operations: + - * / ** @ .T np.sum np.exp ..."
"""What to do instead of what cannot be traced."""


class Tensor:
    """An array that records what is done to it, and speaks NumPy's protocols.

    mask is whether it holds truth values, which NumPy does not add up as numbers; shares whether another array may lie
    in the same memory, as a slice does.

    Shapes: `.shape` is a tuple of sizes, letters or numbers.
    """

    __slots__ = ("laid", "mask", "named", "shares", "where")

    def __init__(
        self, array: Node | Laid, where: str, named: dict[str, Node] | None = None, *, mask: bool = False
    ) -> None:
        self.laid = array if isinstance(array, Laid) else Laid(array)
        self.where = where
        # All arrays of one tracing share it: what `let` has given a name.
        self.named = {} if named is None else named
        self.mask = mask
        self.shares = False

    @property
    def node(self) -> Node:
        """The node that computes the array."""
        return self.laid.node

    @property
    def shape(self) -> Shape:
        """The shape, in sizes."""
        return self.laid.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def T(self) -> Tensor:  # noqa: N802 -- NumPy's name
        """The array with its axes in reverse order."""
        return self.viewed(arrays.permuted(self.laid, list(reversed(range(self.ndim)))))

    def lift(self, array: Node | Laid) -> Tensor:
        """Another array of the same layer."""
        return Tensor(array, self.where, self.named)

    def moved(self, array: Node | Laid) -> Tensor:
        """The same entries in other places."""
        return Tensor(array, self.where, self.named, mask=self.mask)

    def viewed(self, array: Node | Laid) -> Tensor:
        """The same entries in other places, in the same memory; a single entry is a number of its own."""
        made = self.moved(array)
        if made.ndim:
            self.shares = made.shares = True
        return made

    def _masked(self, array: Tensor) -> Tensor:
        return Tensor(array.laid, self.where, self.named, mask=True)

    def _both_masks(self, other: object) -> bool:
        return self.mask and isinstance(other, Tensor) and other.mask

    def refuse(self, what: str, instead: str) -> NoReturn:
        """Raises UnsupportedError, with the remedy."""
        raise UnsupportedError(f"{self.where}: {what} is not supported; {instead}")

    def other(self, other: object, operation: str) -> Laid:
        """Another operand.

        Raises: UnsupportedError if it is neither an array nor a number.
        """
        if isinstance(other, Tensor):
            return other.laid
        node = node_of(other)
        if node is None:
            self.refuse(
                f"{operation} with an operand of type {type(other).__name__}",
                "give the array as an argument of the function, and write numbers as int or float",
            )
        return Laid(node)

    def apply(self, name: str, function: Callable[..., Expr], *operands: object) -> Tensor:
        """A scalar function of arrays, broadcast, entry by entry."""
        given = [self.other(operand, name) for operand in operands]
        value = function(*(placeholder(place) for place in range(len(given))))
        return self.lift(arrays.combined(self.where, name, value, given))

    def mapped(self, function: Expr) -> Tensor:
        """A scalar function of this array alone, entry by entry."""
        return self.lift(Laid(apply(function, [self.laid.core]), self.laid.units))

    def __add__(self, other: object) -> Tensor:
        if self._both_masks(other):
            # What NumPy makes of two arrays of truth values.
            return self | other
        return self.lift(arrays.summed(self.where, "+", [self.laid, self.other(other, "+")]))

    def __radd__(self, other: object) -> Tensor:
        return self.lift(arrays.summed(self.where, "+", [self.other(other, "+"), self.laid]))

    def __sub__(self, other: object) -> Tensor:
        if self._both_masks(other):
            self.refuse("- between comparisons", "NumPy has no difference of truth values; multiply one by 1.0")
        return self.lift(arrays.summed(self.where, "-", [self.laid, arrays.negative(self.other(other, "-"))]))

    def __rsub__(self, other: object) -> Tensor:
        return self.lift(arrays.summed(self.where, "-", [self.other(other, "-"), arrays.negative(self.laid)]))

    def __neg__(self) -> Tensor:
        if self.mask:
            self.refuse("- before a comparison", "NumPy has no negative truth values; write 1 - mask, or -1.0 * mask")
        return self.lift(arrays.negative(self.laid))

    def __pos__(self) -> Tensor:
        return self.moved(self.laid)

    def __abs__(self) -> Tensor:
        return self.apply("abs", abs, self)

    def __mul__(self, other: object) -> Tensor:
        product = self.lift(arrays.multiplied(self.where, self.laid, self.other(other, "*")))
        return self._masked(product) if self._both_masks(other) else product

    def __rmul__(self, other: object) -> Tensor:
        return self.lift(arrays.multiplied(self.where, self.other(other, "*"), self.laid))

    def __truediv__(self, other: object) -> Tensor:
        divisor = self.other(other, "/")
        if isinstance(divisor.core, Constant):
            if divisor.core.value == 0:
                self.refuse("division by 0", "divide by a number that is not 0")
            inverse = Laid(Constant(1 / divisor.core.value), divisor.units)
        else:
            inverse = Laid(apply(1 / placeholder(0), [divisor.core]), divisor.units)
        return self.lift(arrays.multiplied(self.where, self.laid, inverse))

    def __rtruediv__(self, other: object) -> Tensor:
        return self.lift(arrays.multiplied(self.where, self.other(other, "/"), self.mapped(1 / placeholder(0)).laid))

    def __pow__(self, other: object) -> Tensor:
        exponent = self.other(other, "**").core
        if not isinstance(exponent, Constant) or exponent.value.free_symbols:
            self.refuse("** with an array or a size as exponent", "write a number, or np.exp(exponent * np.log(base))")
        return self.mapped(placeholder(0) ** exponent.value)

    def __rpow__(self, other: object) -> Tensor:
        self.refuse("** with an array as exponent", "write np.exp(exponent * np.log(base))")

    def __matmul__(self, other: object) -> Tensor:
        if self._both_masks(other):
            self.refuse("@ between comparisons", "NumPy gives truth values, not numbers; multiply one by 1.0")
        return self.lift(arrays.matmul(self.where, self.node, self.other(other, "@").node))

    def __rmatmul__(self, other: object) -> Tensor:
        return self.lift(arrays.matmul(self.where, self.other(other, "@").node, self.node))

    def __gt__(self, other: object) -> Tensor:
        """1 where it is larger, 0 elsewhere."""
        return self._masked(self.apply(">", lambda a, b: step(a - b), self, other))

    def __lt__(self, other: object) -> Tensor:
        return self._masked(self.apply("<", lambda a, b: step(b - a), self, other))

    def __ge__(self, other: object) -> Tensor:
        return self._masked(1 - (self < other))

    def __le__(self, other: object) -> Tensor:
        return self._masked(1 - (self > other))

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]  # entry by entry, as NumPy has it
        return self._masked(self.apply("==", equal, self, other))

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]  # as above
        return self._masked(1 - (self == other))

    def __and__(self, other: object) -> Tensor:
        return self * self._truth(other, "&")

    def __or__(self, other: object) -> Tensor:
        second = self._truth(other, "|")
        return self._masked(self.lift(self.laid) + second.lift(second.laid) - self * second)

    def __xor__(self, other: object) -> Tensor:
        second = self._truth(other, "^")
        return self._masked(self.lift(self.laid) + second.lift(second.laid) - 2 * (self * second))

    def __invert__(self) -> Tensor:
        return self._masked(1 - self._truth(self, "~"))

    def _truth(self, other: object, operation: str) -> Tensor:
        if not (self.mask and isinstance(other, Tensor) and other.mask):
            self.refuse(f"{operation} of anything but comparisons", "write (X > 0) & (X < 1)")
        return other

    def __getitem__(self, index: object) -> Tensor:
        """A part of the array: whole numbers, slices, and None for new axes."""
        items = list(index) if isinstance(index, tuple) else [index]
        chosen = views.chosen(self.where, self.laid, [i.laid if isinstance(i, Tensor) else i for i in items])
        if chosen is not None:
            return self.moved(chosen)
        for item in items:
            if isinstance(item, Tensor | bool | list) or getattr(item, "shape", ()) != ():
                self.refuse(
                    f"an index of type {type(item).__name__}",
                    'use slices, np.where for masks, or an input of whole numbers, annotated "N in V"',
                )
        axes = [item for item in items if item is not None and item is not Ellipsis]
        if items.count(Ellipsis) > 1 or len(axes) > self.ndim:
            raise ShapeError(f"{self.where}: too many indices for an array of shape {text(self.shape)}")
        # What is left of the axes stands where the dots are, or at the end.
        rest: list[object] = [slice(None)] * (self.ndim - len(axes))
        place = items.index(Ellipsis) if Ellipsis in items else len(items)
        items[place : place + 1] = rest
        part = views.indexed(self.where, self.laid, [item for item in items if item is not None])
        left = [item for item in items if item is None or isinstance(item, slice)]
        return self.viewed(arrays.with_new_axes(part, [n for n, item in enumerate(left) if item is None]))

    def __array_ufunc__(self, ufunc: Any, method: str, *arguments: Any, **options: Any) -> Tensor:
        name = ufunc.__name__
        if method != "__call__" or options:
            self.refuse(f"np.{name} with {method if method != '__call__' else ', '.join(options)}", "call it plainly")
        if name in ELEMENTWISE:
            return self.apply(f"np.{name}", ELEMENTWISE[name], *arguments)
        if name in _OPERATORS:
            first, *rest = (
                argument if isinstance(argument, Tensor) else self.lift(self.other(argument, f"np.{name}"))
                for argument in arguments
            )
            return reduce(_OPERATORS[name], rest, first)
        if name in _SIGNS:
            return _SIGNS[name](self.moved(self.other(arguments[0], f"np.{name}")))
        self.refuse(f"np.{name}", f"supported elementwise functions: {', '.join([*ELEMENTWISE, *_OPERATORS, *_SIGNS])}")

    def __array_function__(
        self, function: Any, types: Any, arguments: Sequence[Any], options: dict[str, Any]
    ) -> Tensor:
        return self.called(function.__name__, f"np.{function.__name__}", arguments, options)

    def called(self, name: str, shown: str, arguments: Sequence[Any], options: dict[str, Any]) -> Tensor:
        """A function of the library, its arguments checked against its signature."""
        if name in REFUSED:
            self.refuse(shown, REFUSED[name])
        if name not in FUNCTIONS:
            self.refuse(shown, f"supported functions of whole arrays: {', '.join(sorted(FUNCTIONS))}")
        function = FUNCTIONS[name]
        signature = inspect.signature(function)
        try:
            signature.bind(*arguments, **options)
        except TypeError as error:
            self.refuse(f"{shown} with these arguments ({error})", f"its arguments are {signature}".replace("'", ""))
        place = list(signature.parameters).index(next(p for p in signature.parameters if p != "pattern"))
        given = list(arguments)
        if place < len(given) and not isinstance(given[place], Tensor | list | tuple):
            given[place] = self.lift(self.other(given[place], shown))
        made: Tensor = function(*given, **options)
        return made

    def __getattr__(self, name: str) -> Any:
        # Protocols, which begin with an underscore, ask whether a name exists.
        if name.startswith("_"):
            raise AttributeError(name)
        if name in METHODS or name in REFUSED:
            return partial(self._method, name)
        self.refuse(f".{name}", SUPPORTED)

    def _method(self, name: str, *arguments: Any, **options: Any) -> Tensor:
        if name in ("transpose", "reshape") and len(arguments) > 1:
            arguments = (arguments,)
        return self.called(name, f".{name}", (self, *arguments), options)

    def __iadd__(self, other: object) -> Tensor:
        return changed(self, "+=", self + other)

    def __isub__(self, other: object) -> Tensor:
        return changed(self, "-=", self - other)

    def __imul__(self, other: object) -> Tensor:
        return changed(self, "*=", self * other)

    def __itruediv__(self, other: object) -> Tensor:
        return changed(self, "/=", self / other)

    def __ipow__(self, other: object) -> Tensor:
        return changed(self, "**=", self**other)

    def __imatmul__(self, other: object) -> Tensor:
        return changed(self, "@=", self @ other)

    def __iand__(self, other: object) -> Tensor:
        return changed(self, "&=", self & other)

    def __ior__(self, other: object) -> Tensor:
        return changed(self, "|=", self | other)

    def __ixor__(self, other: object) -> Tensor:
        return changed(self, "^=", self ^ other)

    def _unsupported(self, *arguments: object, **options: object) -> NoReturn:
        self.refuse("assigning to, looping over, or asking for the truth of an array", SUPPORTED)

    # Neither __float__ nor __int__: SymPy would ask for them when a size stands to the left, 1 / N * X.
    __setitem__ = __iter__ = __len__ = __bool__ = _unsupported
    __hash__ = None  # type: ignore[assignment]  # an array has no truth of equality, so it has no hash


_OPERATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "matmul": lambda a, b: a @ b,
    "power": lambda a, b: a**b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "bitwise_and": lambda a, b: a & b,
    "bitwise_or": lambda a, b: a | b,
    "bitwise_xor": lambda a, b: a ^ b,
    "logical_and": lambda a, b: _truth(a) & _truth(b),
    "logical_or": lambda a, b: _truth(a) | _truth(b),
    "logical_xor": lambda a, b: _truth(a) ^ _truth(b),
}
"""NumPy's ufunc of an operator, for `np.add(X, Y)` and for a NumPy scalar on the left."""


_SIGNS: dict[str, Callable[[Tensor], Tensor]] = {
    "negative": lambda a: -a,
    "positive": lambda a: a,
    "invert": lambda a: ~a,
    "logical_not": lambda a: ~_truth(a),
}


def _truth(array: Tensor) -> Tensor:
    """An array of numbers as truth values: what is not 0 holds."""
    return array if array.mask else array != 0


def node_of(value: object) -> Node | None:
    """The node of an array or of a number, or None for anything else."""
    match value:
        case Tensor():
            return value.node
        case bool():
            return None
        case int():
            return Constant(Integer(value))
        case float() if value == value and value not in (float("inf"), -float("inf")):
            return Constant(exact_number(value))
        case Expr():
            # A float times a size is one of SymPy's floats.
            exact = value.xreplace({number: Rational(str(float(number))) for number in value.atoms(Float)})
            return Constant(exact) if _is_of_sizes(exact) else None
    return None


def _is_of_sizes(value: Expr) -> bool:
    """Whether it is made of sizes and rational numbers by + - * / and rational powers."""
    match value:
        case Rational():
            return True
        case Symbol():
            return bool(value.is_integer and value.is_positive)
        case Pow():
            return _is_of_sizes(value.base) and isinstance(value.exp, Rational) and bool(value.base.free_symbols)
        case sympy.Add() | Mul():
            return all(map(_is_of_sizes, value.args))
    return False
