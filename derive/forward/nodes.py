"""The closed set of node kinds. A graph of them is what a layer computes.

    Input X · Constant 2, 1/N · Ones 1 · Delta I · Select [s = 2p + r] · Contract Σ (einsum) · Add ·
    Map f(a, ...) entry by entry · Reduce max, min along axes · MatrixFunction inv, det, logdet ·
    OneHot [v = t_n], which picks by whole numbers that are given

Nodes are immutable and interned: equal nodes are one object, so identity is equality and a hash costs nothing however
deep the graph is. Indices of a contraction are integers local to it; letters are chosen when printing. Graphs are
walked iteratively, so depth is bounded by memory alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Literal, TypeAlias
from weakref import WeakValueDictionary

from sympy import Expr, Symbol

from derive.errors import ShapeError
from derive.forward.shape import Shape, Size, same

__all__ = [
    "Add",
    "Constant",
    "Contract",
    "Delta",
    "Indices",
    "Input",
    "Map",
    "MatrixFunction",
    "Node",
    "OneHot",
    "Ones",
    "Reduce",
    "Select",
    "placeholder",
    "topological",
]

Indices: TypeAlias = tuple[int, ...]

_interned: WeakValueDictionary[tuple[Any, ...], Node] = WeakValueDictionary()
_lock = threading.Lock()


@cache
def placeholder(position: int) -> Symbol:
    """The symbol that stands for operand number `position` in the function of a Map."""
    return Symbol(f"_{position}", real=True)


class _Interned(type):
    """Makes the construction of a node give the one that exists already."""

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        known = None if named else _interned.get((cls, *arguments))
        if known is not None:
            return known
        made = super().__call__(*arguments, **named)
        with _lock:
            return _interned.setdefault((cls, *made.parts()), made)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Node(metaclass=_Interned):
    """A node of the graph; shape is derived from its parts."""

    shape: Shape = field(init=False, repr=False)
    _parts: ClassVar[tuple[str, ...]] = ()

    def parts(self) -> tuple[Any, ...]:
        """What the node is made of; two nodes with equal parts are one."""
        return tuple(getattr(self, name) for name in self._parts)

    @property
    def operands(self) -> tuple[Node, ...]:
        """The nodes that this one is computed from."""
        return ()

    def __reduce__(self) -> tuple[Any, ...]:
        # The whole graph as one flat table: pickling node by node would recurse to the depth of the graph.
        order = tuple(topological(self))
        place = {node: number for number, node in enumerate(order)}
        table = tuple(
            (type(node), node.parts()[1:] if node.operands else node.parts(), [place[o] for o in node.operands])
            for node in order
        )
        return _restore, (table,)

    def __str__(self) -> str:
        # Deferred: the reader of matrix notation is built on the nodes.
        from derive.forward.matrix import read
        from derive.notation.code import print_code

        return print_code(read(self))


def _restore(table: Sequence[tuple[type[Node], tuple[Any, ...], list[int]]]) -> Node:
    made: list[Node] = []
    for kind, parts, places in table:
        arguments = (tuple(made[place] for place in places), *parts) if places else parts
        made.append(kind(*arguments))
    return made[-1]


def _set_shape(node: Node, shape: Iterable[Size]) -> None:
    object.__setattr__(node, "shape", tuple(shape))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Input(Node):
    """An array given from outside. letter names its entries; gradient_of is Y when this is the upstream ∂L/∂Y.

    below is V where the entries are whole numbers from 0 to V - 1, which choose among V things and have no gradient.
    """

    name: str
    axes: Shape
    letter: str
    gradient_of: str = ""
    below: Size | None = None
    _parts: ClassVar[tuple[str, ...]] = ("name", "axes", "letter", "gradient_of", "below")

    def __post_init__(self) -> None:
        _set_shape(self, self.axes)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Constant(Node):
    """A scalar: a number, or an expression in sizes such as 1/N."""

    value: Expr
    _parts: ClassVar[tuple[str, ...]] = ("value",)

    def __post_init__(self) -> None:
        _set_shape(self, ())


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Ones(Node):
    """The vector of ones."""

    size: Size
    _parts: ClassVar[tuple[str, ...]] = ("size",)

    def __post_init__(self) -> None:
        _set_shape(self, (self.size,))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Delta(Node):
    """δ_ij, the identity matrix."""

    size: Size
    _parts: ClassVar[tuple[str, ...]] = ("size",)

    def __post_init__(self) -> None:
        _set_shape(self, (self.size, self.size))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Select(Node):
    """[s = offset + Σ_k stride_k i_k]: 1 where the last position s is the place that the others i_k choose, else 0.

    The places that are chosen lie within the last axis, whose size is `source`. A contraction with it takes a part of
    an axis, lays windows along it, splits it or joins two; contracted with the other end it puts the part back.
    """

    counts: Shape
    source: Size
    strides: Shape
    offset: Size
    _parts: ClassVar[tuple[str, ...]] = ("counts", "source", "strides", "offset")

    def __post_init__(self) -> None:
        _set_shape(self, (*self.counts, self.source))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class _Operation(Node):
    arguments: tuple[Node, ...]

    @property
    def operands(self) -> tuple[Node, ...]:
        """The nodes that this one is computed from."""
        return self.arguments


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Contract(_Operation):
    """Σ over every index that output lacks, of the product of the operands (einsum).

    Every index occurs at least twice among operands and output, and at most once in each of them: `contract` sees to it
    with Ones and Delta operands, and the adjoint needs no special case.
    """

    indices: tuple[Indices, ...]
    output: Indices
    # Found when the node is made: they are asked for a dozen times as often as contractions are made.
    _sizes: Mapping[int, Size] = field(init=False, repr=False)
    _summed: Indices = field(init=False, repr=False)
    _parts: ClassVar[tuple[str, ...]] = ("arguments", "indices", "output")

    def __post_init__(self) -> None:
        sizes: dict[int, Size] = {}
        for operand, indices in zip(self.arguments, self.indices, strict=True):
            for index, size in zip(indices, operand.shape, strict=True):
                if not same(sizes.setdefault(index, size), size):
                    raise ShapeError(f"a contracted axis is {sizes[index]} in one operand and {size} in another")
        object.__setattr__(self, "_sizes", sizes)
        object.__setattr__(self, "_summed", tuple([index for index in sizes if index not in self.output]))
        _set_shape(self, (sizes[index] for index in self.output))

    def sizes(self) -> Mapping[int, Size]:
        """The size of every index, in the order of first occurrence."""
        return self._sizes

    def summed(self) -> Indices:
        """The indices that are summed over, in the order of first occurrence."""
        return self._summed


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Add(_Operation):
    """The sum of operands of one shape."""

    _parts: ClassVar[tuple[str, ...]] = ("arguments",)

    def __post_init__(self) -> None:
        _set_shape(self, self.arguments[0].shape)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Map(_Operation):
    """A scalar function of operands of one shape, entry by entry; `placeholder(p)` stands for operand p in it."""

    function: Expr
    _parts: ClassVar[tuple[str, ...]] = ("arguments", "function")

    def __post_init__(self) -> None:
        _set_shape(self, self.arguments[0].shape)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Reduce(_Operation):
    """The largest or the smallest entry along axes, which the result lacks."""

    name: Literal["max", "min"]
    axes: Indices
    _parts: ClassVar[tuple[str, ...]] = ("arguments", "name", "axes")

    def __post_init__(self) -> None:
        _set_shape(self, (size for axis, size in enumerate(self.arguments[0].shape) if axis not in self.axes))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class MatrixFunction(_Operation):
    """The inverse of a square matrix, its determinant, or the logarithm of the absolute value of that."""

    name: Literal["inv", "det", "logdet"]
    _parts: ClassVar[tuple[str, ...]] = ("arguments", "name")

    def __post_init__(self) -> None:
        _set_shape(self, self.arguments[0].shape if self.name == "inv" else ())


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class OneHot(_Operation):
    """[v = t_n]: for every whole number of an array a row that is 1 at that place and 0 elsewhere."""

    size: Size
    _parts: ClassVar[tuple[str, ...]] = ("arguments", "size")

    def __post_init__(self) -> None:
        _set_shape(self, (*self.arguments[0].shape, self.size))


def topological(
    *roots: Node, leaves: Container[Node] = (), below: Callable[[Node], Sequence[Node]] = attrgetter("operands")
) -> Iterator[Node]:
    """Every node that the roots are computed from, operands before users; the order depends on the graph alone.

    What the leaves are computed from is left out. below says what a node is computed from, if not from its operands.
    """
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node not in seen:
            seen.add(node)
            operands = () if node in leaves else below(node)
            if not operands:
                yield node
                continue
            stack.append((node, True))
            for operand in reversed(operands):
                if operand not in seen:
                    stack.append((operand, False))
