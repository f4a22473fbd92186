"""Arrays that record what is done to them, and speak NumPy's protocols.

Semantics are NumPy's: `*` is elementwise, `@` multiplies matrices, shapes are broadcast at their last axes. What is not
supported is refused by name, with what to write instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NoReturn

import sympy
from sympy import Expr, Float, Integer, Mul, Pow, Rational, Symbol

from derive.errors import ShapeError, UnsupportedError
from derive.forward.nodes import Constant, Node, Ones, placeholder
from derive.forward.normal import add, apply, contract
from derive.forward.shape import Shape, broadcast, same, text

__all__ = ["SUPPORTED", "Tensor", "node_of"]

SUPPORTED = "write the layer as whole-array operations: + - * / ** @ .T np.sum np.exp ..."
"""What to do instead of what cannot be traced."""

_SCALAR_FUNCTIONS: dict[str, Callable[[Expr], Expr]] = {
    "cos": sympy.cos,
    "cosh": sympy.cosh,
    "exp": sympy.exp,
    "log": sympy.log,
    "sin": sympy.sin,
    "sinh": sympy.sinh,
    "sqrt": sympy.sqrt,
    "tan": sympy.tan,
    "tanh": sympy.tanh,
}
"""NumPy's name of an elementwise function, and what it computes."""


class Tensor:
    """An array that records what is done to it, and speaks NumPy's protocols.

    Shapes: `.shape` is a tuple of sizes, letters or numbers.
    """

    __slots__ = ("_layer", "_node")

    def __init__(self, node: Node, layer: str) -> None:
        self._node = node
        self._layer = layer

    @property
    def node(self) -> Node:
        """The node that computes the array."""
        return self._node

    @property
    def shape(self) -> Shape:
        """The shape, in sizes."""
        return self._node.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._node.shape)

    @property
    def T(self) -> Tensor:  # noqa: N802 -- NumPy's name
        """The array with its axes in reverse order."""
        axes = range(self.ndim)
        return self._made(contract([self._node], [list(axes)], list(reversed(axes))))

    def sum(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        """The sum over the axis or axes, all of them if None."""
        axes = range(self.ndim)
        gone = list(axes) if axis is None else [self._axis(a) for a in (axis if isinstance(axis, tuple) else (axis,))]
        if len(set(gone)) < len(gone):
            self._refuse_shape(f"sum: axis {axis} names an axis twice, for shape {text(self.shape)}")
        kept = [a for a in axes if a not in gone]
        if not keepdims:
            return self._made(contract([self._node], [list(axes)], kept))
        units = {a: self.ndim + a for a in gone}
        operands: list[Node] = [self._node, *(Ones(Integer(1)) for _ in units)]
        indices = [list(axes), *([unit] for unit in units.values())]
        return self._made(contract(operands, indices, [units.get(a, a) for a in axes]))

    def _axis(self, axis: int) -> int:
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            self._refuse_shape(f"sum: axis: expected an integer, a tuple of integers or None, got {axis!r}")
        if not -self.ndim <= axis < self.ndim:
            self._refuse_shape(f"sum: axis {axis} is out of range for shape {text(self.shape)}")
        return axis % self.ndim

    def _made(self, node: Node) -> Tensor:
        return Tensor(node, self._layer)

    def _refuse_shape(self, message: str) -> NoReturn:
        raise ShapeError(f"{self._layer}: {message}")

    def _refuse(self, what: str, instead: str) -> NoReturn:
        raise UnsupportedError(f"{self._layer}: {what} is not supported; {instead}")

    def _other(self, other: object, operation: str) -> Node:
        node = node_of(other)
        if node is None:
            self._refuse(
                f"{operation} with an operand of type {type(other).__name__}",
                "give the array as an argument of the function, and write numbers as int or float",
            )
        return node

    def __add__(self, other: object) -> Tensor:
        return self._made(_add(self._layer, "+", [self._node, self._other(other, "+")]))

    def __radd__(self, other: object) -> Tensor:
        return self._made(_add(self._layer, "+", [self._other(other, "+"), self._node]))

    def __sub__(self, other: object) -> Tensor:
        return self._made(_add(self._layer, "-", [self._node, _negative(self._other(other, "-"))]))

    def __rsub__(self, other: object) -> Tensor:
        return self._made(_add(self._layer, "-", [self._other(other, "-"), _negative(self._node)]))

    def __neg__(self) -> Tensor:
        return self._made(_negative(self._node))

    def __pos__(self) -> Tensor:
        return self

    def __mul__(self, other: object) -> Tensor:
        return self._made(_multiply(self._layer, self._node, self._other(other, "*")))

    def __rmul__(self, other: object) -> Tensor:
        return self._made(_multiply(self._layer, self._other(other, "*"), self._node))

    def __truediv__(self, other: object) -> Tensor:
        divisor = self._other(other, "/")
        if isinstance(divisor, Constant):
            if divisor.value == 0:
                self._refuse("division by 0", "divide by a number that is not 0")
            inverse: Node = Constant(1 / divisor.value)
        else:
            inverse = apply(1 / placeholder(0), [divisor])
        return self._made(_multiply(self._layer, self._node, inverse))

    def __rtruediv__(self, other: object) -> Tensor:
        inverse = apply(1 / placeholder(0), [self._node])
        return self._made(_multiply(self._layer, self._other(other, "/"), inverse))

    def __pow__(self, other: object) -> Tensor:
        exponent = self._other(other, "**")
        if not isinstance(exponent, Constant) or exponent.value.free_symbols:
            self._refuse("** with an array or a size as exponent", "write a number, or np.exp(exponent * np.log(base))")
        return self._made(apply(placeholder(0) ** exponent.value, [self._node]))

    def __rpow__(self, other: object) -> Tensor:
        self._refuse("** with an array as exponent", "write np.exp(exponent * np.log(base))")

    def __matmul__(self, other: object) -> Tensor:
        return self._made(_matmul(self._layer, self._node, self._other(other, "@")))

    def __rmatmul__(self, other: object) -> Tensor:
        return self._made(_matmul(self._layer, self._other(other, "@"), self._node))

    def __array_ufunc__(self, ufunc: Any, method: str, *arguments: Any, **options: Any) -> Tensor:
        name = ufunc.__name__
        if method != "__call__" or options:
            self._refuse(f"np.{name} with {method if method != '__call__' else ', '.join(options)}", "call it plainly")
        if name in _SCALAR_FUNCTIONS:
            return self._made(apply(_SCALAR_FUNCTIONS[name](placeholder(0)), [self._node]))
        if name in _OPERATORS:
            first, *rest = (Tensor(self._other(argument, f"np.{name}"), self._layer) for argument in arguments)
            return reduce(_OPERATORS[name], rest, first) if rest else -first
        known = ", ".join([*_SCALAR_FUNCTIONS, *_OPERATORS])
        self._refuse(f"np.{name}", _INSTEAD.get(name, f"supported elementwise functions: {known}"))

    def __array_function__(
        self, function: Any, types: Any, arguments: Sequence[Any], options: dict[str, Any]
    ) -> Tensor:
        name = function.__name__
        if name == "sum" and set(options) <= {"axis", "keepdims"} and len(arguments) <= 2:
            return self.sum(*arguments[1:], **options)
        if name == "transpose" and len(arguments) == 1 and not options:
            return self.T
        self._refuse(
            f"np.{name}{' with these arguments' if name in ('sum', 'transpose') else ''}",
            _INSTEAD.get(name, "supported functions of whole arrays: np.sum(A, axis=, keepdims=), np.transpose(A)"),
        )

    def __getattr__(self, name: str) -> NoReturn:
        # Protocols, which begin with an underscore, ask whether a name exists.
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse(f".{name}", _INSTEAD.get(name, SUPPORTED))

    def _unsupported(self, *arguments: object, **options: object) -> NoReturn:
        self._refuse(
            "indexing, comparing, looping over, or asking for the truth of an array",
            SUPPORTED,
        )

    # Neither __float__ nor __int__: SymPy would ask for them when a size stands to the left, 1 / N * X.
    __getitem__ = __setitem__ = __iter__ = __len__ = __bool__ = _unsupported
    __lt__ = __le__ = __gt__ = __ge__ = _unsupported
    __eq__ = __ne__ = _unsupported
    __hash__ = None  # type: ignore[assignment]  # an array has no truth of equality, so it has no hash


_OPERATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "matmul": lambda a, b: a @ b,
    "power": lambda a, b: a**b,
    "negative": lambda a, b: -a,
}
"""NumPy's ufunc of an operator, for `np.add(X, Y)` and for a NumPy scalar on the left."""


_INSTEAD = {
    "dot": "write A @ B",
    "mean": "write A.sum(axis=0) / A.shape[0]",
    "reciprocal": "write 1 / A",
    "square": "write A ** 2",
    "swapaxes": "write A.T",
}
"""What to write in the place of a function or method that is not supported, where there is something short."""


def node_of(value: object) -> Node | None:
    """The node of an array or of a number, or None for anything else."""
    match value:
        case Tensor():
            return value.node
        case bool():
            return None
        case int():
            return Constant(Integer(value))
        case float() if value == value and abs(value) != float("inf"):
            return Constant(Rational(str(value)))
        case Expr():
            # A float times a size is one of SymPy's floats.
            exact = value.xreplace({number: Rational(str(float(number))) for number in value.atoms(Float)})
            return Constant(exact) if _is_of_sizes(exact) else None
    return None


def _is_of_sizes(value: Expr) -> bool:
    """Whether it is made of sizes and rational numbers by + - * / and whole powers."""
    match value:
        case Rational():
            return True
        case Symbol():
            return bool(value.is_integer and value.is_positive)
        case Pow():
            return _is_of_sizes(value.base) and isinstance(value.exp, Integer)
        case sympy.Add() | Mul():
            return all(map(_is_of_sizes, value.args))
    return False


def _negative(node: Node) -> Node:
    axes = list(range(len(node.shape)))
    return contract([Constant(Integer(-1)), node], [[], axes], axes)


def _add(where: str, sign: str, terms: Sequence[Node]) -> Node:
    shape = _broadcast(where, sign, terms)
    return add([_stretched(term, shape) for term in terms])


def _broadcast(where: str, operation: str, nodes: Sequence[Node]) -> Shape:
    try:
        return broadcast([node.shape for node in nodes])
    except ShapeError as error:
        raise ShapeError(f"{where}: {f' {operation} '.join(map(str, nodes))}: {error}") from error


def _rows(nodes: Sequence[Node], shape: Shape) -> tuple[list[list[int]], list[int]]:
    """Indices for operands of one elementwise operation; an axis of size 1 that is stretched gets one of its own."""
    rank = len(shape)
    fresh = rank
    rows = []
    for node in nodes:
        row = []
        for axis, size in enumerate(node.shape, start=rank - len(node.shape)):
            if size == 1 and shape[axis] != 1:
                row.append(fresh)
                fresh += 1
            else:
                row.append(axis)
        rows.append(row)
    return rows, list(range(rank))


def _stretched(node: Node, shape: Shape) -> Node:
    rows, output = _rows([node], shape)
    missing = [axis for axis in output if axis not in rows[0]]
    if not missing:
        return node
    return contract([*(Ones(shape[axis]) for axis in missing), node], [*([axis] for axis in missing), rows[0]], output)


def _multiply(where: str, a: Node, b: Node) -> Node:
    shape = _broadcast(where, "*", [a, b])
    rows, output = _rows([a, b], shape)
    return contract([a, b], rows, output)


def _matmul(where: str, a: Node, b: Node) -> Node:
    """NumPy's @ for operands of rank 1 and 2."""
    if not (1 <= len(a.shape) <= 2 and 1 <= len(b.shape) <= 2):
        raise UnsupportedError(
            f"{where}: {a} @ {b}: @ is supported for operands with one or two axes, got shapes {text(a.shape)} and "
            f"{text(b.shape)}; use * for a scalar"
        )
    first, last = a.shape[-1], b.shape[0]
    if not same(first, last):
        raise ShapeError(
            f"{where}: {a} @ {b}: last axis of {a} is {first}, first axis of {b} is {last} "
            f"(shapes {text(a.shape)} and {text(b.shape)}); give both the same letter, or transpose one with .T"
        )
    left = [0, 1] if len(a.shape) == 2 else [1]
    right = [1, 2] if len(b.shape) == 2 else [1]
    return contract([a, b], [left, right], [i for i in (0, 2) if i in left + right])
