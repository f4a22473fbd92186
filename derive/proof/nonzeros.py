"""The entries that are not zero of one side of a step, in which matrices are written out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np
from sympy import Expr

from derive.engine.tables import EntryTable
from derive.forward.layer import Samples
from derive.notation.tree import Explicit, Hadamard, Inner, MatMul, SumAxis, Tree
from derive.proof import sums
from derive.proof.evaluate import evaluate
from derive.proof.functions import Array

__all__ = ["Entries", "nonzeros"]


Entries = Mapping[tuple[int, int], Expr]
"""The entries of a matrix that are not zero."""


def nonzeros(
    side: Tree, arrays: Mapping[str, Array], sizes: Mapping[str, int], *, samples: Samples = "rows"
) -> Entries:
    """The entries that are not zero of one side of a step: a matrix written out, a product of such, or a formula.

    A formula whose value is a vector is a row, or a column where samples are columns.
    """
    if isinstance(side, Explicit):
        assert isinstance(side.table, EntryTable)
        return side.table.nonzeros()
    if isinstance(side, MatMul) and isinstance(side.factors[0], Explicit):
        result = nonzeros(side.factors[0], arrays, sizes)
        for factor in side.factors[1:]:
            result = _multiply(result, nonzeros(factor, arrays, sizes))
        return result
    if isinstance(side, Hadamard) and isinstance(side.factors[0], Explicit):
        return reduce(_elementwise, (nonzeros(factor, arrays, sizes, samples=samples) for factor in side.factors))
    if isinstance(side, Inner) and isinstance(side.left, Explicit):
        return _total(nonzeros(Hadamard((side.left, side.right)), arrays, sizes, samples=samples))
    if isinstance(side, SumAxis) and isinstance(side.operand, Explicit) and side.axis is None:
        return _total(nonzeros(side.operand, arrays, sizes, samples=samples))
    dense = np.atleast_1d(np.asarray(evaluate(side, arrays, sizes, rows=samples == "one"), dtype=object))
    dense = dense.reshape(-1, 1 if samples == "columns" and dense.ndim == 1 else dense.shape[-1])
    return {(int(i), int(j)): entry for (i, j), entry in np.ndenumerate(dense) if entry}


def _elementwise(left: Entries, right: Entries) -> Entries:
    """The product of two sparse matrices entry by entry."""
    few, many = sorted((left, right), key=len)
    return {place: value * many[place] for place, value in few.items() if place in many}


def _total(entries: Entries) -> Entries:
    """The sum of all entries, as a matrix with one entry."""
    return {(0, 0): sums.added(list(entries.values()))} if entries else {}


def _multiply(left: Entries, right: Entries) -> Entries:
    """The product of two sparse matrices."""
    rows: dict[int, list[tuple[int, Expr]]] = {}
    for (k, j), value in right.items():
        rows.setdefault(k, []).append((j, value))
    terms: dict[tuple[int, int], list[Expr]] = {}
    for (i, k), value in left.items():
        for j, factor in rows.get(k, ()):
            terms.setdefault((i, j), []).append(value * factor)
    return {place: sums.added(products) for place, products in terms.items()}
