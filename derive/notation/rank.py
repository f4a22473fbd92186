"""How many axes the value of a formula has."""

from __future__ import annotations

from derive.notation.tree import (
    Along,
    Broadcast,
    Concatenate,
    Diagonal,
    Einsum,
    Extreme,
    Gradient,
    Identity,
    Inner,
    Kronecker,
    MatMul,
    MatrixCall,
    Name,
    Number,
    OneHot,
    Ones,
    Pad,
    Permute,
    Repeat,
    Reshape,
    Selection,
    Slice,
    SumAxis,
    Take,
    Transpose,
    Tree,
    Windows,
    Zeros,
)
from derive.notation.walk import children

__all__ = ["LASTING", "has_column", "rank_of"]


def rank_of(tree: Tree) -> int:
    """The number of axes of a formula's value."""
    match tree:
        case Name(_, _, int(rank)) | Gradient(Name(_, _, int(rank))):
            return rank
        case Name(_, kind) | Gradient(Name(_, kind)):
            return {"scalar": 0, "vector": 1, "matrix": 2, "code": 0}[kind]
        case Ones():
            return 1
        case Broadcast() | Identity() | Kronecker() | Diagonal():
            return 2
        case Inner():
            return 0
        case Extreme(_, _, axes, rank):
            return 0 if axes is None else rank - len(axes)
        case MatrixCall("diag", operand):
            return 3 - rank_of(operand)
        case MatrixCall(name):
            return 2 if name == "inv" else 0
        case SumAxis(_, axis, rank):
            return 0 if axis is None else rank - (1 if isinstance(axis, int) else len(axis))
        case Along(function, _, axes, rank, kept):
            return rank if kept or function in LASTING else 0 if axes is None else rank - len(axes)
        case Permute(_, axes):
            return len(axes)
        case Einsum(pattern):
            return len(pattern.partition("->")[2])
        case Slice(_, items):
            return sum(":" in item or item == "None" for item in items)
        case Selection(counts):
            return len(counts) + 1
        case Pad(_, widths):
            return len(widths)
        case OneHot(index):
            return rank_of(index) + 1
        case Take(rank=rank) | Repeat(rank=rank):
            return rank
        case Reshape(_, shape) | Zeros(shape):
            return len(shape)
        case Windows(_, axes, _, rank):
            return rank + len(axes)
        case Concatenate((first, *_), _, stacked):
            return rank_of(first) + stacked
        case MatMul(factors) if has_column(factors):
            return 2
        case MatMul((_, Transpose(right))) if rank_of(right) == 1:
            return 2
        case MatMul((Transpose(left), right)) if rank_of(left) == rank_of(right) == 1:
            return 2
        case MatMul((first, *_, last)):
            ranks = rank_of(first), rank_of(last)
            return max(ranks) if min(ranks) > 1 else sum(ranks) - 2
        case Number():
            return 0
    # What is left works entry by entry, and NumPy stretches what has fewer axes.
    return max(map(rank_of, children(tree)), default=0)


def has_column(factors: tuple[Tree, ...]) -> bool:
    """Whether ones stand among matrices."""
    others = [f for f in factors if not isinstance(f.operand if isinstance(f, Transpose) else f, Ones)]
    return 0 < len(others) < len(factors) and all(rank_of(other) == 2 for other in others)


LASTING = ("softmax", "log_softmax")
"""Functions along axes whose result has the axes still."""
