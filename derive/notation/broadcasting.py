"""Rows, columns and ones that NumPy repeats by itself when something of full shape stands beside them."""

from __future__ import annotations

from derive.notation.rank import rank_of
from derive.notation.tree import (
    AtLeast,
    Broadcast,
    Call,
    Equal,
    Greater,
    Hadamard,
    MatMul,
    Negative,
    Number,
    Ones,
    Power,
    Product,
    Quotient,
    Slice,
    Sum,
    Transpose,
    Tree,
    Where,
)
from derive.notation.walk import children

__all__ = ["beside_full", "ones_place", "ones_shape"]


def beside_full(operands: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """Terms or factors: NumPy repeats rows and columns by itself when something of full shape stands beside them.

    What is left of them must fill every axis together.
    """
    loose = [_loosened(operand) for operand in operands]
    changed = [found for found, operand in zip(loose, operands, strict=True) if found and found[0] is not operand]
    # In most sums of entries nothing is repeated, and then nobody need know what their terms fill.
    if not changed or None not in loose:
        return operands
    pairs = [found or (operand, _filled(operand)) for found, operand in zip(loose, operands, strict=True)]
    filled = {axis for _, axes in pairs for axis in axes}
    if len(filled) < max(map(rank_of, operands)):
        return operands
    return tuple(tree for tree, _ in pairs)


def ones_place(factor: Tree) -> tuple[int, str] | None:
    """For ones along one axis: which axis, counted from the end, and the size."""
    match factor:
        case Ones(size):
            return 1, size
        case Slice(Ones(size), (":", *rest)) if all(item == "None" for item in rest):
            return len(rest) + 1, size
    return None


def ones_shape(factors: tuple[Tree, ...]) -> str | None:
    """(B, 1, D): the shape of ones along several axes as one array; None where there are no several."""
    found = dict(place for factor in factors if (place := ones_place(factor)) is not None)
    if len(found) < 2 or len(found) == len(factors):
        return None
    return f"({', '.join(found.get(place, '1') for place in range(max(found), 0, -1))})"


def _loosened(term: Tree) -> tuple[Tree, set[int]] | None:
    """A repeated vector, perhaps with scalars before it, without being told how often; None for what is no such.

    With it come the axes, counted from the end, that it fills then. Rows and columns may be matrices.
    """
    match term:
        case Number():
            return term, set()
        case Broadcast(operand, axis):
            return Broadcast(operand, axis, ""), {1 + axis}
        case MatMul((Ones(), matrix)) if rank_of(matrix) == 2:
            return matrix, {1}
        case MatMul((matrix, Transpose(Ones()))) if rank_of(matrix) == 2:
            return matrix, {2}
        case Negative(operand) if (inner := _loosened(operand)) is not None:
            return Negative(inner[0]), inner[1]
        case Product((*scalars, operand)) if (inner := _loosened(operand)) is not None:
            return (Product((*scalars, inner[0])), inner[1]) if not any(map(rank_of, scalars)) else None
        case Quotient(over, under) if (inner := _loosened(over)) is not None and rank_of(under) == 0:
            return Quotient(inner[0], under), inner[1]
    return None


def _filled(term: Tree) -> set[int]:
    """The axes, counted from the end, along which an array as it is printed has not just one entry."""
    match term:
        case Broadcast(_, axis, "" | "1"):
            return {1 + axis}
        case Slice(_, items) if "None" in items:
            kept = [item for item in items if ":" in item or item == "None"]
            return {place for place, item in enumerate(reversed(kept), start=1) if item != "None"}
        case _ if isinstance(term, _ENTRYWISE):
            return {axis for part in children(term) for axis in _filled(part)}
    return set(range(1, rank_of(term) + 1))


_ENTRYWISE = (Negative, Sum, Product, Hadamard, Quotient, Power, Call, Greater, AtLeast, Equal, Where)
"""What fills the axes that its parts fill."""
