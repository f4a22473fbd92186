"""NumPy's operations on whole arrays, as nodes: broadcasting, products, sums along axes, rearrangement, einsum.

`where` is what a message names first. Shapes are NumPy's; what does not fit is refused with both shapes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

from sympy import Expr, Integer

from derive.errors import ShapeError, UnsupportedError
from derive.forward.nodes import Constant, Delta, Node, Ones, placeholder
from derive.forward.normal import add, apply, contract
from derive.forward.shape import Shape, broadcast, same, text

__all__ = [
    "axes_of",
    "combined",
    "diagonal",
    "einsum",
    "identity",
    "matmul",
    "multiplied",
    "negative",
    "permuted",
    "summed",
    "total",
    "with_new_axes",
    "without_axes",
]


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


def summed(where: str, sign: str, terms: Sequence[Node]) -> Node:
    """The sum of arrays, broadcast."""
    shape = _broadcast(where, sign, terms)
    return add([_stretched(term, shape) for term in terms])


def combined(where: str, name: str, function: Expr, operands: Sequence[Node]) -> Node:
    """A scalar function of arrays and numbers, broadcast, entry by entry; numbers become part of the function."""
    arrays: list[Node] = []
    places: dict[Expr, Expr] = {}
    for number, operand in enumerate(operands):
        if isinstance(operand, Constant) and operand.value.is_number:
            places[placeholder(number)] = operand.value
        else:
            places[placeholder(number)] = placeholder(len(arrays))
            arrays.append(operand)
    value = function.xreplace(places)
    if not arrays:
        return Constant(value)
    shape = _broadcast(where, f"and, in {name},", arrays)
    return apply(value, [_stretched(operand, shape) for operand in arrays])


def multiplied(where: str, a: Node, b: Node) -> Node:
    """The product entry by entry, broadcast."""
    shape = _broadcast(where, "*", [a, b])
    rows, output = _rows([a, b], shape)
    return contract([a, b], rows, output)


def negative(node: Node) -> Node:
    """-a."""
    axes = list(range(len(node.shape)))
    return contract([Constant(Integer(-1)), node], [[], axes], axes)


def total(node: Node, gone: Sequence[int], *, keepdims: bool = False) -> Node:
    """The sum along axes."""
    rank = len(node.shape)
    axes = list(range(rank))
    if not keepdims:
        return contract([node], [axes], [a for a in axes if a not in gone])
    units = {a: rank + a for a in gone}
    operands: list[Node] = [node, *(Ones(Integer(1)) for _ in units)]
    indices = [axes, *([unit] for unit in units.values())]
    return contract(operands, indices, [units.get(a, a) for a in axes])


def permuted(node: Node, order: Sequence[int]) -> Node:
    """The axes in another order: axis k of the result is axis order[k]."""
    return contract([node], [list(range(len(node.shape)))], list(order))


def with_new_axes(node: Node, places: Sequence[int]) -> Node:
    """Axes of size 1 at the places where the result has them."""
    rank = len(node.shape) + len(places)
    kept = [axis for axis in range(rank) if axis not in places]
    operands: list[Node] = [*(Ones(Integer(1)) for _ in places), node]
    return contract(operands, [*([place] for place in places), kept], range(rank))


def without_axes(where: str, node: Node, gone: Sequence[int]) -> Node:
    """The array without axes of size 1."""
    for axis in gone:
        if not same(node.shape[axis], Integer(1)):
            raise ShapeError(
                f"{where}: squeeze: axis {axis} of shape {text(node.shape)} is not 1; sum along it instead"
            )
    return total(node, gone)


def diagonal(where: str, node: Node) -> Node:
    """a_ii for a square matrix, or the matrix with a vector on its diagonal."""
    if len(node.shape) == 1:
        return contract([node, Delta(node.shape[0])], [[0], [0, 1]], [0, 1])
    if len(node.shape) != 2 or not same(*node.shape):
        raise ShapeError(f"{where}: diagonal: expected a vector or a square matrix, got shape {text(node.shape)}")
    return contract([node], [[0, 0]], [0])


def identity(size: Expr) -> Node:
    """The identity matrix."""
    return Delta(size)


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
