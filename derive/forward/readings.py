"""Readings of contractions: as a product of matrices, one entry by entry, a sum along an axis, a diagonal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derive.forward.nodes import Indices
from derive.forward.stacks import permuted, repeated_entries, stacked_product, summed_entries
from derive.notation.rank import rank_of
from derive.notation.tree import (
    Broadcast,
    Concatenate,
    Gradient,
    Hadamard,
    Identity,
    MatMul,
    MatrixCall,
    Name,
    Negative,
    Number,
    Power,
    Sum,
    SumAxis,
    Take,
    Transpose,
    Tree,
)
from derive.notation.tree import OneHot as OneHotTree
from derive.notation.tree import Ones as OnesTree

__all__ = [
    "READINGS",
    "READINGS_OF_ROWS",
    "Core",
    "OnesOf",
    "Readings",
    "transposed",
    "turned_product",
    "turned_sum",
]

_FEW_TRANSPOSES = 3
"""So many factors that are all transposed are written so, as A⁻ᵀ Gᵀ A⁻ᵀ, more of them as the transpose of a product."""

Core = list[tuple[Tree, Indices]]
OnesOf = dict[int, str]
Readings = tuple[Callable[[Core, OnesOf, Indices], Tree | None], ...]


def _rearranged(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """A or Aᵀ."""
    if len(core) != 1 or ones:
        return None
    tree, row = core[0]
    if row == output:
        return tree
    return transposed(tree) if len(row) == 2 and row[::-1] == output else None


def transposed(tree: Tree) -> Tree:
    """Aᵀ; of a product, the product of the transposes where that is no longer, and of a sum in the same way."""
    match tree:
        case Transpose(operand):
            return operand
        case MatMul(factors):
            flips = sum(not isinstance(factor, Transpose) for factor in factors)
            if 2 * flips - len(factors) < 2:
                # A factor may be a vector that is a product itself: bᵀ stays a row beside the column a.
                return MatMul(tuple(f.operand if isinstance(f, Transpose) else Transpose(f) for f in reversed(factors)))
        case Sum(terms):
            flipped = tuple(map(transposed, terms))
            if all(any(term == other for other in terms) for term in flipped):
                return tree
        case Negative(operand):
            return Negative(transposed(operand))
        case Concatenate(parts, 1, True):
            return Concatenate(parts, 0, True)
        case Hadamard(factors) if 2 * sum(isinstance(factor, Transpose) for factor in factors) > len(factors):
            return Hadamard(tuple(map(transposed, factors)))
    return Transpose(tree)


def _flat(factors: Sequence[Tree]) -> tuple[Tree, ...]:
    """The factors of a product entry by entry, those that are such products opened; sums come last."""
    flat = (inner for f in factors for inner in (_flat(f.factors) if isinstance(f, Hadamard) else (f,)))
    return tuple(sorted(flat, key=lambda factor: isinstance(factor, Sum)))


def _taken(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """W[t], or Z[arange(N), t]: what is chosen by whole numbers."""
    choices = [item for item in core if isinstance(item[0], OneHotTree)]
    others = [item for item in core if not isinstance(item[0], OneHotTree)]
    if ones or len(choices) != 1 or len(others) != 1:
        return None
    (chosen, (*places, picked)), (tree, row) = choices[0], others[0]
    assert isinstance(chosen, OneHotTree)
    if picked in output or picked not in row:
        return None
    if row[0] == picked and output == (*places, *row[1:]) and not set(places) & set(row):
        return Take(tree, chosen.index, "", len(output))
    if row == (*places, picked) and len(row) == 2 and output == tuple(places):
        return Take(tree, chosen.index, chosen.rows, 1)
    return None


def _broadcast(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """1bᵀ or b1ᵀ; b may be a product of vectors."""
    if not core or len(ones) != 1 or len(output) != 2:
        return None
    row = core[0][1]
    ((index, size),) = ones.items()
    if len(row) != 1 or set(row) | {index} != set(output) or any(other != row for _, other in core):
        return None
    vectors = tuple(tree for tree, _ in core)
    return Broadcast(vectors[0] if len(vectors) == 1 else Hadamard(vectors), output.index(index), size)


def _filled(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """1, or 11ᵀ."""
    if core or set(ones) != set(output) or not 1 <= len(output) <= 2:
        return None
    first, *others = (OnesTree(ones[index]) for index in output)
    return MatMul((first, Transpose(others[0]))) if others else first


def _reduced(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """1ᵀA, A1, or the sum of all entries."""
    if len(core) != 1 or not ones:
        return None
    tree, row = core[0]
    kept = tuple(index for index in row if index not in ones)
    if kept != output or not set(ones) <= set(row):
        return None
    if not kept:
        match tree:
            case Power(Name() | Gradient() as vector, Number(2)) if len(row) == 1:
                return SumAxis(Hadamard((vector, vector)), None, 1)
        return SumAxis(tree, None, len(row))
    if len(row) > 2:
        axes = tuple(axis for axis, index in enumerate(row) if index in ones)
        return SumAxis(tree, axes[0] if len(axes) == 1 else axes, len(row))
    return SumAxis(tree, next(a for a, i in enumerate(row) if i in ones), len(row)) if len(row) == 2 else None


def _repeated(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """1b, where b is a matrix with one row, and 1ᵀA as one: the products with a column of ones."""
    units = [index for index, size in ones.items() if size == "1"]
    columns = [index for index in ones if index not in units]
    if len(core) != 1 or len(core[0][1]) != 2 or len(output) != 2 or len(units) != 1 or len(columns) != 1:
        return None
    (tree, row), (unit,), (column,) = core[0], units, columns
    if unit in row and column in output and set(output) == {column, *row} - {unit}:
        first, left = unit, Transpose(Transpose(OnesTree(ones[column])))
    elif column in row and unit in output and set(output) == {unit, *row} - {column}:
        first, left = column, Transpose(OnesTree(ones[column]))
    else:
        return None
    along = column if first is unit else unit
    matrix = tree if row[0] == first else Transpose(tree)
    if output[0] == along:
        return MatMul((_plain(left), _plain(matrix)))
    return MatMul((_plain(Transpose(matrix)), _plain(Transpose(left))))


def _plain(tree: Tree) -> Tree:
    """(Aᵀ)ᵀ as A."""
    while isinstance(tree, Transpose) and isinstance(tree.operand, Transpose):
        tree = tree.operand.operand
    return tree


def _elementwise(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """A ⊙ B."""
    if len(core) < 2 or ones or any(row != output for _, row in core):
        return None
    return Hadamard(_flat([tree for tree, _ in core]))


def _stretched(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """A ⊙ (b 1ᵀ): matrices and vectors, which are repeated along the other axis, entry by entry."""
    if len(output) != 2 or ones or any(not row or not set(row) <= set(output) for _, row in core):
        return None
    if not any(len(row) == 2 for _, row in core):
        return None
    # The vectors first: what scales rows or columns stands before what is scaled.
    ordered = sorted(core, key=lambda item: len(item[1]))
    factors: list[Tree] = []
    pair = [tree for tree, row in ordered if len(row) == 1]
    if len(pair) == 2 and ordered[0][1] != ordered[1][1]:
        by_index = {row[0]: tree for tree, row in ordered[:2]}
        factors.append(MatMul((by_index[output[0]], Transpose(by_index[output[1]]))))
        ordered = ordered[2:]
    for tree, row in ordered:
        if len(row) == 1:
            axis = 1 - output.index(row[0])
            factors.append(Broadcast(tree, axis, ""))
        else:
            factors.append(tree if row == output else transposed(tree))
    return Hadamard(_flat(factors))


def _inner(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """Sum of A ⊙ B, over all entries or over one axis."""
    if len(core) < 2 or ones or any(row != core[0][1] for _, row in core):
        return None
    row = core[0][1]
    body = Hadamard(_flat([tree for tree, _ in core]))
    if not output:
        return SumAxis(body, None, len(row))
    if len(row) == 2 and len(output) == 1:
        return SumAxis(body, 1 - row.index(output[0]), 2)
    return None


def _chain(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """A B C ... from the first output axis to the last; a vector may stand at either end."""
    if len(core) < 2 or ones or len(output) > 2 or any(not 1 <= len(row) <= 2 for _, row in core):
        return None
    return _chained(core, output, flip=False) or _chained(core, output, flip=True)


def _quadratic(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """xᵀ A y as one product where a vector is a product itself, xᵀ (A y), in the order that has fewer transposes."""
    if output or not any(len(row) == 1 and isinstance(tree, MatMul) for tree, row in core):
        return None
    product = _chain(core, ones, output)
    if not isinstance(product, MatMul):
        return product
    first, *middle, last = product.factors
    if isinstance(first, MatMul):
        *matrices, first = first.factors
        middle = [*(transposed(matrix) for matrix in reversed(matrices)), *middle]
    if isinstance(last, MatMul):
        *matrices, last = last.factors
        middle += matrices
    turned = [transposed(matrix) for matrix in reversed(middle)]
    if sum(isinstance(m, Transpose) for m in turned) < sum(isinstance(m, Transpose) for m in middle):
        return MatMul((last, *turned, first))
    return MatMul((first, *middle, last))


def turned_sum(tree: Tree) -> Tree:
    """(X B + B X)ᵀ for a sum of products all of whose factors are transposed."""
    if not isinstance(tree, Sum) or not all(isinstance(term, MatMul) for term in tree.terms):
        return tree
    turned = [turned_product(term, 1) for term in tree.terms]
    whole = Sum(tuple(term.operand for term in turned if isinstance(term, Transpose)))
    return Transpose(whole) if len(whole.terms) == len(turned) else tree


def _chain_from_row(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """a B C ..., where a vector is a row."""
    if len(core) > 1 and not ones and len(output) == 1 and all(1 <= len(row) <= 2 for _, row in core):
        return _chained(core, output, flip=True)
    return None


def _chained(core: Core, output: Indices, *, flip: bool) -> Tree | None:
    """The chain that starts at the first axis of output (or, flipped, ends there when output is a vector)."""
    remaining = list(core)
    if len(output) == 2:
        if flip:
            return None
        current, end = output
        factors: list[Tree] = []
    elif len(output) == 1 and not flip:
        (current,), end = output, None
        factors = []
    else:
        starts = [item for item in remaining if len(item[1]) == 1]
        if not starts:
            return None
        tree, row = starts[0]
        remaining.remove(starts[0])
        factors, current = [tree], row[0]
        end = output[0] if output else None
    while remaining:
        found = [item for item in remaining if current in item[1]]
        if len(found) != 1:
            return None
        tree, row = found[0]
        remaining.remove(found[0])
        if len(row) == 1:
            factors.append(tree)
            return MatMul(tuple(factors)) if not remaining and end is None else None
        factors.append(tree if row[0] == current else transposed(tree))
        current = row[1] if row[0] == current else row[0]
    if current != end:
        return None
    first, *others = factors
    if isinstance(first, MatMul) and rank_of(first.factors[0]) == rank_of(first.factors[-1]) == 2:
        # A product of matrices, and not of vectors, needs no brackets there.
        factors = [*first.factors, *others]
    return turned_product(MatMul(tuple(factors)), _FEW_TRANSPOSES)


def turned_product(tree: Tree, few: int) -> Tree:
    """(B A)ᵀ for Aᵀ Bᵀ, of more than few factors that are all transposed."""
    if not isinstance(tree, MatMul) or len(tree.factors) <= few:
        return tree
    inner = tuple(factor.operand for factor in reversed(tree.factors) if isinstance(factor, Transpose))
    return Transpose(MatMul(inner)) if len(inner) == len(tree.factors) else tree


def _outer(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """a bᵀ."""
    ends = [(index,) for index in output]
    if len(core) < 2 or ones or len(output) != 2 or any(row not in ends for _, row in core):
        return None
    sides = [[tree for tree, row in core if row == (index,)] for index in output]
    if not all(sides):
        return None
    left, right = (side[0] if len(side) == 1 else Hadamard(_flat(side)) for side in sides)
    return MatMul((left, Transpose(right)))


def _diagonal(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """The matrix with a vector on its diagonal, or the diagonal of a matrix."""
    units = [row for tree, row in core if isinstance(tree, Identity)]
    others = [(tree, row) for tree, row in core if not isinstance(tree, Identity)]
    if ones or len(units) != 1 or not others:
        return None
    if len(output) == len(others) == 1 and others[0][1] in (units[0], units[0][::-1]) and output[0] in units[0]:
        return MatrixCall("diag", others[0][0])
    if len(set(output)) != 2 or set(units[0]) != set(output):
        return None
    # An axis that is summed over lies on no diagonal.
    if len({row for _, row in others}) != 1 or len(others[0][1]) != 1 or others[0][1][0] not in output:
        return None
    trees = [tree for tree, _ in others]
    return MatrixCall("diag", trees[0] if len(trees) == 1 else Hadamard(_flat(trees)))


def _outer_of_rows(core: Core, ones: OnesOf, output: Indices) -> Tree | None:
    """aᵀ b, where vectors are rows."""
    product = _outer(core, ones, output)
    if not isinstance(product, MatMul) or not isinstance(product.factors[1], Transpose):
        return None
    return MatMul((Transpose(product.factors[0]), product.factors[1].operand))


READINGS: Readings = (
    _taken,
    _diagonal,
    _rearranged,
    _broadcast,
    _filled,
    _reduced,
    _repeated,
    _elementwise,
    _stretched,
    _quadratic,
    _inner,
    _chain,
    _outer,
    permuted,
    stacked_product,
    summed_entries,
    repeated_entries,
)

READINGS_OF_ROWS: Readings = (
    _chain_from_row,
    _outer_of_rows,
    # A vector that is a product begins with a row there.
    *(reading for reading in READINGS if reading is not _quadratic),
)
