"""Says in words why a gradient is a product of matrices: row m of one factor times column n of the other.

The words are read off the sum that the index calculus ends with, not off the formula.
"""

from __future__ import annotations

from derive.document.blocks import Runs
from derive.document.draft import Draft
from derive.forward.matrix import read
from derive.forward.nodes import Constant, Ones
from derive.locale import N_
from derive.notation.measure import width
from derive.notation.tree import Listed, Name, Transpose, Tree
from derive.routes.index import derive_index
from derive.routes.jacobian import JacobianRoute
from derive.rules.index import Factor, IndexSum

__all__ = ["reading"]


_WIDEST = 8.0
"""A factor that is wider, in em, is not called by what it is in the middle of a sentence."""


def reading(draft: Draft, route: JacobianRoute) -> Runs | None:
    """The sentence, or None where the gradient is no product of two matrices and no sum along an axis."""
    gradient = derive_index(route.map.layer, route.map.input.name).gradient
    factors = [part for product in gradient.products for part in product.factors if isinstance(part, Factor)]
    if any(width(read(part.node), display=False) > _WIDEST for part in factors):
        return None
    if route.map.layer.samples == "one":
        return _of_rows(draft, gradient)
    if len(gradient.products) != 1 or len(gradient.products[0].sums) != 1:
        return None
    (product,), (summed,) = gradient.products, gradient.products[0].sums
    factors = [
        part for part in product.factors if isinstance(part, Factor) and not isinstance(part.node, Constant | Ones)
    ]
    place = Listed(tuple(Name(letter) for letter in gradient.free), wrapped=len(gradient.free) > 1)
    if len(factors) == 1 and len(factors[0].index) == 2 and len(gradient.free) == 1:
        return draft.runs(
            N_(
                "Entry {place} is the sum over {summed} of the entries in {line}, and multiplying by ones adds them up:"
            ),
            place=place,
            summed=Name(summed),
            line=_line(draft, factors[0], gradient.free[0], transposed=False, column=factors[0].index[1] != summed),
        )
    if len(factors) != 2 or len(gradient.free) != 2 or any(len(f.index) != 2 or summed not in f.index for f in factors):
        return None
    left, right = sorted(factors, key=lambda factor: gradient.free[0] not in factor.index)
    return draft.runs(
        N_("Entry {place} is a sum over {summed}: {left} times {right}. So the matrix is a product:"),
        place=place,
        summed=Name(summed),
        left=_line(draft, left, gradient.free[0], transposed=left.index[0] == summed, column=False),
        right=_line(draft, right, gradient.free[1], transposed=right.index[1] == summed, column=True),
    )


def _of_rows(draft: Draft, gradient: IndexSum) -> Runs | None:
    """The sentence where vectors are rows: a row times a matrix, or a column times a row."""
    if len(gradient.products) != 1:
        return None
    (product,) = gradient.products
    factors = [part for part in product.factors if isinstance(part, Factor) and not isinstance(part.node, Constant)]
    if len(factors) != 2 or len(product.factors) != 2 or any(isinstance(f.node, Ones) for f in factors):
        return None
    row, other = sorted(factors, key=lambda factor: len(factor.index))
    if len(gradient.free) == 1 and len(product.sums) == 1 and len(row.index) == 1 and len(other.index) == 2:
        return draft.runs(
            N_("Entry {place} is a sum over {summed}: {row} times {line}. So the row is a product:"),
            place=Name(gradient.free[0]),
            summed=Name(product.sums[0]),
            row=read(row.node),
            line=_line(draft, other, gradient.free[0], transposed=other.index[1] == product.sums[0], column=True),
        )
    if len(gradient.free) == 2 and not product.sums and len(row.index) == len(other.index) == 1:
        left, right = sorted(factors, key=lambda factor: gradient.free.index(factor.index[0]))
        return draft.runs(
            N_("Entry {place} is entry {m} of {left} times entry {n} of {right}: a column times a row."),
            place=Listed(tuple(Name(letter) for letter in gradient.free), wrapped=True),
            m=Name(gradient.free[0]),
            n=Name(gradient.free[1]),
            left=read(left.node),
            right=read(right.node),
        )
    return None


def _line(draft: Draft, factor: Factor, letter: str, *, transposed: bool, column: bool) -> Runs:
    """'row m of A', or 'column m of A, which is row m of Aᵀ'."""
    array: Tree = read(factor.node)
    values = {"letter": Name(letter), "array": array, "turned": Transpose(array)}
    if not transposed:
        return draft.runs(N_("column {letter} of {array}") if column else N_("row {letter} of {array}"), **values)
    if column:
        return draft.runs(N_("row {letter} of {array} (column {letter} of {turned})"), **values)
    return draft.runs(N_("column {letter} of {array} (row {letter} of {turned})"), **values)
