"""The last steps of a derivation at concrete sizes: all entries as a product written out, which the formula names."""

from __future__ import annotations

from derive.engine import tables
from derive.engine.concrete import Concrete
from derive.notation.tree import Explicit, MatMul, Tree
from derive.steps import Reason, Step

__all__ = ["to_formula"]


def to_formula(
    entries: Tree, formula: Tree, concrete: Concrete, layout: tuple[int, int], reasons: tuple[Reason, Reason]
) -> tuple[Step[Tree], ...]:
    """From a matrix of entries to the formula: by its factors, written out, if it is a product of matrices of entries.

    reasons are that of the factorisation and that of the formula.

    Shapes: layout is that of the entries.
    """
    factor, named = reasons
    written = tables.explicit(formula, concrete)
    if isinstance(written, MatMul) and _shape(written) == layout:
        return Step(entries, written, factor), Step(written, formula, named)
    return (Step(entries, formula, named),)


def _shape(product: MatMul) -> tuple[int, int]:
    first, last = product.factors[0], product.factors[-1]
    assert isinstance(first, Explicit) and isinstance(last, Explicit)
    return first.table.shape[0], last.table.shape[1]
