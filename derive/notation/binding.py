"""How tightly notation binds on a page: what binds too weakly stands in parentheses there."""

from __future__ import annotations

from derive.notation.digits import is_size_text, power_of_ten
from derive.notation.tree import (
    Beside,
    BigSum,
    Broadcast,
    Composition,
    Gradient,
    Hadamard,
    Kronecker,
    MatMul,
    MatrixCall,
    Negative,
    Number,
    Power,
    Product,
    Relation,
    Signature,
    Sum,
    SumAxis,
    Transpose,
    Tree,
)

__all__ = ["ATOM", "POWER", "PRODUCT", "SUM", "binding"]

SUM, PRODUCT, POWER, ATOM = range(4)
"""From what binds least to what needs no parentheses anywhere."""


def binding(tree: Tree) -> int:
    """How tightly the LaTeX printer's text of a tree binds."""
    match tree:
        case Sum() | Negative() | BigSum() | Relation() | Signature() | Beside():
            return SUM
        case Number(value) if str(value).startswith("-"):
            return SUM
        case Number(value) if power_of_ten(value) is not None:
            return POWER
        case Number(value) if is_size_text(str(value)):
            return SUM if "+" in str(value) or "-" in str(value) else PRODUCT
        case Product() | MatMul() | Hadamard() | Kronecker() | SumAxis() | Broadcast() | Composition():
            return PRODUCT
        case Gradient(names="nabla"):
            return PRODUCT
        case Power() | Transpose() | MatrixCall("inv"):
            return POWER
    return ATOM
