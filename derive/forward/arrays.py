"""NumPy's operations on whole arrays, as nodes: broadcasting, products, sums along axes, rearrangement, einsum.

`where` is what a message names first. Shapes are NumPy's; what does not fit is refused with both shapes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from sympy import Expr, Integer

from derive.errors import ShapeError, UnsupportedError
from derive.forward.nodes import Constant, Delta, MatrixFunction, Node, Ones, Reduce, placeholder
from derive.forward.normal import add, apply, contract
from derive.forward.shape import Shape, broadcast, same, text
from derive.forward.stretch import notice

__all__ = [
    "Laid",
    "axes_of",
    "combined",
    "diagonal",
    "einsum",
    "extreme",
    "matmul",
    "multiplied",
    "negative",
    "of_matrix",
    "permuted",
    "summed",
    "total",
    "with_new_axes",
    "without_axes",
]


@dataclass(frozen=True, slots=True)
class Laid:
    """An array whose axes of size 1, at `units` among its axes, the node lacks.

    Broadcasting stretches them, so most are gone before anybody sees them; a node that never had them stays simple.
    """

    core: Node
    units: tuple[int, ...] = ()

    @property
    def axes(self) -> tuple[int, ...]:
        """Where the axes of the node lie among all axes."""
        return tuple(axis for axis in range(len(self.core.shape) + len(self.units)) if axis not in self.units)

    @property
    def shape(self) -> Shape:
        """All axes."""
        sizes = dict(zip(self.axes, self.core.shape, strict=True))
        return tuple(sizes.get(axis, Integer(1)) for axis in range(len(self.core.shape) + len(self.units)))

    @property
    def node(self) -> Node:
        """The node with all axes."""
        if not self.units:
            return self.core
        ones: list[Node] = [Ones(Integer(1)) for _ in self.units]
        rows = [*([unit] for unit in self.units), list(self.axes)]
        return contract([*ones, self.core], rows, list(range(len(self.shape))))


def axes_of(where: str, name: str, axis: object, rank: int) -> list[int]:
    """The axes that an argument axis= names, counted from 0; all of them for None.

    Raises: ShapeError if it is no axis, or names one twice.
    """
    if axis is None:
        return list(range(rank))
    found = []
    for item in axis if isinstance(axis, tuple) else (axis,):
        if isinstance(item, bool) or not hasattr(item, "__index__"):
            raise ShapeError(f"{where}: {name}: axis: expected an integer, a tuple of integers or None, got {axis!r}")
        number = item.__index__()
        if not -rank <= number < rank:
            raise ShapeError(f"{where}: {name}: axis {axis} is out of range for an array with {rank} axes")
        found.append(number % rank)
    if len(set(found)) < len(found):
        raise ShapeError(f"{where}: {name}: axis {axis} names an axis twice")
    return found


def summed(where: str, sign: str, terms: Sequence[Laid]) -> Laid:
    """The sum of arrays, broadcast."""
    stretched, units = _stretched(where, sign, terms)
    return Laid(add(stretched), units)


def combined(where: str, name: str, function: Expr, operands: Sequence[Laid]) -> Laid:
    """A scalar function of arrays and numbers, broadcast, entry by entry; numbers become part of the function."""
    arrays: list[Laid] = []
    places: dict[Expr, Expr] = {}
    for number, operand in enumerate(operands):
        if isinstance(operand.core, Constant) and operand.core.value.is_number and not operand.units:
            places[placeholder(number)] = operand.core.value
        else:
            places[placeholder(number)] = placeholder(len(arrays))
            arrays.append(operand)
    value = function.xreplace(places)
    if not arrays:
        return Laid(Constant(value))
    stretched, units = _stretched(where, f"and, in {name},", arrays)
    return Laid(apply(value, stretched), units)


def multiplied(where: str, a: Laid, b: Laid) -> Laid:
    """The product entry by entry, broadcast."""
    shape = _broadcast(where, "*", [a, b])
    rows, output, units = _rows([a, b], shape)
    return Laid(contract([a.core, b.core], rows, output), units)


def negative(array: Laid) -> Laid:
    """-a."""
    axes = list(range(len(array.core.shape)))
    return Laid(contract([Constant(Integer(-1)), array.core], [[], axes], axes), array.units)


def total(array: Laid, gone: Sequence[int], *, keepdims: bool = False) -> Laid:
    """The sum along axes."""
    kept = [axis for axis in array.axes if axis not in gone]
    node = contract([array.core], [list(array.axes)], kept)
    left = [axis for axis in range(len(array.shape)) if keepdims or axis not in gone]
    return Laid(node, tuple(place for place, axis in enumerate(left) if axis not in kept))


def extreme(array: Laid, name: Literal["max", "min"], gone: Sequence[int], *, keepdims: bool = False) -> Laid:
    """The largest or smallest entry along axes."""
    axes = tuple(place for place, axis in enumerate(array.axes) if axis in gone)
    node = Reduce((array.core,), name, axes) if axes else array.core
    left = [axis for axis in range(len(array.shape)) if keepdims or axis not in gone]
    kept = [axis for axis in array.axes if axis not in gone]
    return Laid(node, tuple(place for place, axis in enumerate(left) if axis not in kept))


def of_matrix(where: str, name: Literal["inv", "det", "logdet"], node: Node) -> Node:
    """The inverse or the determinant of a square matrix."""
    if len(node.shape) != 2 or not same(*node.shape):
        raise ShapeError(
            f"{where}: {name}({node}): expected a square matrix, got shape {text(node.shape)}; give both axes the same "
            f"letter"
        )
    return MatrixFunction((node,), name)


def permuted(array: Laid, order: Sequence[int]) -> Laid:
    """The axes in another order: axis k of the result is axis order[k]."""
    units = tuple(place for place, axis in enumerate(order) if axis in array.units)
    return Laid(contract([array.core], [list(array.axes)], [a for a in order if a not in array.units]), units)


def with_new_axes(array: Laid, places: Sequence[int]) -> Laid:
    """Axes of size 1 at the places where the result has them."""
    old = [axis for axis in range(len(array.shape) + len(places)) if axis not in places]
    return Laid(array.core, tuple(sorted((*places, *(old[unit] for unit in array.units)))))


def without_axes(where: str, array: Laid, gone: Sequence[int]) -> Laid:
    """The array without axes of size 1."""
    for axis in gone:
        if not same(array.shape[axis], Integer(1)):
            raise ShapeError(
                f"{where}: squeeze: axis {axis} of shape {text(array.shape)} is not 1; sum along it instead"
            )
    return total(array, gone)


def diagonal(where: str, node: Node) -> Node:
    """a_ii for a square matrix, or the matrix with a vector on its diagonal."""
    if len(node.shape) == 1:
        return contract([node, Delta(node.shape[0])], [[0], [0, 1]], [0, 1])
    if len(node.shape) != 2 or not same(*node.shape):
        raise ShapeError(f"{where}: diagonal: expected a vector or a square matrix, got shape {text(node.shape)}")
    return contract([node], [[0, 0]], [0])


def matmul(where: str, a: Node, b: Node) -> Node:
    """NumPy's @: matrices, vectors at either end, and stacks of matrices, whose leading axes are broadcast."""
    if not a.shape or not b.shape:
        raise UnsupportedError(f"{where}: {a} @ {b}: @ needs arrays with at least one axis; use * for a scalar")
    first, last = a.shape[-1], b.shape[max(0, len(b.shape) - 2)]
    if not same(first, last):
        axis = "first" if len(b.shape) <= 2 else "last axis but one"
        raise ShapeError(
            f"{where}: {a} @ {b}: last axis of {a} is {first}, {axis}{' axis' if axis == 'first' else ''} of {b} is "
            f"{last} (shapes {text(a.shape)} and {text(b.shape)}); give both the same letter, or transpose one with .T"
        )
    stacks = [node.shape[:-2] for node in (a, b)]
    try:
        shape = broadcast(stacks)
    except ShapeError as error:
        raise ShapeError(f"{where}: {a} @ {b}: stacks of matrices: {error}") from error
    fresh = count(len(shape))
    row, inner, column = next(fresh), next(fresh), next(fresh)
    rows = []
    for node, stack, own in ((a, stacks[0], [row, inner]), (b, stacks[1], [inner, column])):
        leading = [
            axis if not (same(size, Integer(1)) and not same(shape[axis], Integer(1))) else next(fresh)
            for axis, size in enumerate(stack, start=len(shape) - len(stack))
        ]
        single = [inner] if len(node.shape) == 1 else own
        rows.append([*leading, *single])
    ends = ([row] if len(a.shape) > 1 else []) + ([column] if len(b.shape) > 1 else [])
    return contract([a, b], rows, [*range(len(shape)), *ends])


_PATTERN = re.compile(r"\s*[A-Za-z\s]*(,[A-Za-z\s]*)*(->[A-Za-z\s]*)?\Z")


def einsum(where: str, pattern: object, operands: Sequence[Node]) -> Node:
    """NumPy's einsum, without dots.

    Raises: ShapeError if the pattern does not fit the operands; UnsupportedError for what NumPy alone understands.
    """
    if not isinstance(pattern, str) or _PATTERN.match(pattern) is None:
        raise UnsupportedError(f'{where}: einsum: expected a pattern such as "ij,jk->ik", got {pattern!r}')
    left, arrow, right = pattern.replace(" ", "").partition("->")
    words = left.split(",")
    if len(words) != len(operands):
        raise ShapeError(f"{where}: einsum {pattern!r}: {len(words)} operands in the pattern, {len(operands)} given")
    # Without an arrow NumPy keeps the letters that occur once, in alphabetical order.
    output = right if arrow else "".join(sorted(letter for letter in set(left) - {","} if left.count(letter) == 1))
    sizes: dict[str, Expr] = {}
    for word, node in zip(words, operands, strict=True):
        if len(word) != len(node.shape):
            raise ShapeError(f"{where}: einsum {pattern!r}: {word!r} for an array of shape {text(node.shape)}")
        for letter, size in zip(word, node.shape, strict=True):
            if not same(sizes.setdefault(letter, size), size):
                raise ShapeError(
                    f"{where}: einsum {pattern!r}: {letter} is {sizes[letter]} in one operand and {size} in another"
                )
    strange = [letter for letter in output if letter not in sizes or output.count(letter) > 1]
    if strange:
        raise ShapeError(f"{where}: einsum {pattern!r}: {strange[0]} in the output is not one axis of the operands")
    number = {letter: place for place, letter in enumerate(sizes)}
    return contract(operands, [[number[i] for i in word] for word in words], [number[i] for i in output])


def _broadcast(where: str, operation: str, arrays: Sequence[Laid]) -> Shape:
    shapes = [array.shape for array in arrays]
    try:
        result = broadcast(shapes)
    except ShapeError as error:
        raise ShapeError(f"{where}: {f' {operation} '.join(str(array.core) for array in arrays)}: {error}") from error
    notice(lambda: f" {operation} ".join(str(array.core) for array in arrays), shapes)
    return result


def _rows(arrays: Sequence[Laid], shape: Shape) -> tuple[list[list[int]], list[int], tuple[int, ...]]:
    """Labels for the operands of one elementwise operation, those of the result, and its axes of size 1.

    An axis of size 1 that a node has and that is stretched gets a label of its own.
    """
    rank = len(shape)
    fresh = count(rank)
    rows = []
    for array in arrays:
        offset = rank - len(array.shape)
        places = [(axis + offset, size) for axis, size in zip(array.axes, array.core.shape, strict=True)]
        rows.append([next(fresh) if size == 1 and shape[axis] != 1 else axis for axis, size in places])
    carried = {label for row in rows for label in row}
    units = tuple(axis for axis in range(rank) if shape[axis] == 1 and axis not in carried)
    return rows, [axis for axis in range(rank) if axis not in units], units


def _stretched(where: str, operation: str, arrays: Sequence[Laid]) -> tuple[list[Node], tuple[int, ...]]:
    """The operands in one shape, without the axes of size 1 that none of their nodes has."""
    shape = _broadcast(where, operation, arrays)
    rows, output, units = _rows(arrays, shape)
    made = []
    for array, row in zip(arrays, rows, strict=True):
        missing = [axis for axis in output if axis not in row]
        ones: list[Node] = [Ones(shape[axis]) for axis in missing]
        made.append(contract([*ones, array.core], [*([axis] for axis in missing), row], output))
    return made, units
