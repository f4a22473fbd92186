"""Rows, columns and ones that NumPy repeats by itself when something of full shape stands beside them."""

from __future__ import annotations

from derive.notation.rank import rank_of
from derive.notation.tree import Broadcast, MatMul, Negative, Number, Ones, Product, Quotient, Slice, Transpose, Tree

__all__ = ["beside_full", "ones_place", "ones_shape"]


def beside_full(operands: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """Terms or factors: NumPy repeats rows and columns by itself when something of full shape stands beside them."""
    loose = [_loosened(operand) for operand in operands]
    filled = {axis for operand in operands for axis in _filled(operand)}
    if all(new is not None for new in loose) or filled != set(range(1, max(filled, default=0) + 1)):
        return operands
    return tuple(old if new is None else new for old, new in zip(operands, loose, strict=True))


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


def _loosened(term: Tree) -> Tree | None:
    """A repeated vector, perhaps with scalars before it, without being told how often; None for what is no such.

    Rows and columns may be matrices.
    """
    match term:
        case Number():
            return term
        case Broadcast(operand, axis):
            return Broadcast(operand, axis, "")
        case MatMul((Ones(), matrix)) | MatMul((matrix, Transpose(Ones()))) if rank_of(matrix) == 2:
            return matrix
        case Negative(operand) if (inner := _loosened(operand)) is not None:
            return Negative(inner)
        case Product((*scalars, operand)) if (inner := _loosened(operand)) is not None:
            return Product((*scalars, inner)) if all(rank_of(scalar) == 0 for scalar in scalars) else None
        case Quotient(over, under) if (inner := _loosened(over)) is not None and rank_of(under) == 0:
            return Quotient(inner, under)
    return None


def _filled(term: Tree) -> set[int]:
    """The axes, counted from the end, along which an array is not repeated, or would not be once it is loosened."""
    match term:
        case Negative(operand) | Product((*_, operand)):
            return _filled(operand)
        case Quotient(over, under):
            return _filled(over) | _filled(under)
        case Broadcast(_, axis):
            return {1 if axis == 0 else 2}
        case MatMul((Ones(), matrix)) if rank_of(matrix) == 2:
            return {1}
        case MatMul((matrix, Transpose(Ones()))) if rank_of(matrix) == 2:
            return {2}
        case Slice(_, items) if "None" in items:
            kept = [item for item in items if ":" in item or item == "None"]
            return {place for place, item in enumerate(reversed(kept), start=1) if item != "None"}
    return set(range(1, rank_of(term) + 1))
