"""Readings of contractions with more than two axes: products of stacks of matrices, and what broadcasting repeats."""

from __future__ import annotations

from collections.abc import Sequence

from derive.forward.nodes import Indices
from derive.notation.tree import Broadcast, Einsum, Hadamard, MatMul, Ones, Permute, Slice, SumAxis, Transpose, Tree

__all__ = ["permuted", "repeated_entries", "stacked_product", "summed_entries", "with_new_axes"]

Core = Sequence[tuple[Tree, Indices]]


def with_new_axes(tree: Tree, row: Indices, output: Indices) -> Tree | None:
    """X[:, None]: the array with axes of size 1 where the output has others; None if its axes lie in another order."""
    if tuple(index for index in output if index in row) != row:
        return None
    if len(output) == 2 and len(row) == 1:
        return Broadcast(tree, 1 - output.index(row[0]), "")
    items = [":" if index in row else "None" for index in output]
    while items and items[0] == "None":
        items.pop(0)
    return Slice(tree, tuple(items)) if "None" in items else tree


def stacked_product(core: Core, ones: dict[int, str], output: Indices) -> Tree | None:
    """A @ B, where either is a stack of matrices, the last two axes perhaps exchanged; or a stack times a vector."""
    if len(core) != 2 or ones or max(len(row) for _, row in core) < 3 or any(len(set(r)) < len(r) for _, r in core):
        return None
    for (left, first), (right, second) in (core, core[::-1]):
        common = [index for index in first if index in second and index not in output]
        if len(common) != 1 or len(first) < 2:
            continue
        if len(second) == 1 and first[-1] == common[0] and first[:-1] == output:
            return MatMul((left, right))
        if len(second) < 2 or len(output) < 2:
            continue
        *batch, row, column = output
        if row in second or column in first:
            continue
        factors = [_matrix(left, first, batch, (row, common[0])), _matrix(right, second, batch, (common[0], column))]
        if None not in factors and max(len(first), len(second)) == len(output):
            return MatMul(tuple(factor for factor in factors if factor is not None))
    return None


def _matrix(tree: Tree, row: Indices, batch: Sequence[int], last: tuple[int, int]) -> Tree | None:
    """The array with these last axes, if the others are the last ones of the stack."""
    inner = tuple(index for index in row if index not in last)
    if inner != tuple(batch)[len(batch) - len(inner) :] or set(row) != {*inner, *last}:
        return None
    if row == (*inner, *last):
        return tree
    if row == (*inner, *last[::-1]):
        if not inner:
            return Transpose(tree)
        return Permute(tree, (*range(len(inner)), len(inner) + 1, len(inner)))
    return None


def repeated_entries(core: Core, ones: dict[int, str], output: Indices) -> Tree | None:
    """Products entry by entry of arrays that lack axes, which NumPy stretches; ones for the axes that all lack."""
    if (
        len(output) < 3
        or not core
        or any(not set(row) <= set(output) for _, row in core)
        or not set(ones) <= set(output)
    ):
        return None
    if len(core) > 2 and not ones and all(len(row) == 1 for _, row in core) and len(core) == len(output):
        # The outer product of several vectors has no word but einsum.
        return None
    trees = [
        with_new_axes(tree, row, output) for tree, row in sorted(core, key=lambda item: len(item[1]) != len(output))
    ]
    if any(tree is None for tree in trees):
        return None
    factors = [tree for tree in trees if tree is not None]
    missing = [index for index in output if not any(index in row for _, row in core)]
    if set(missing) != set(ones):
        return None
    if missing == list(output[-len(missing) :]) and len(missing) == 2:
        factors.append(MatMul((Ones(ones[missing[0]]), Transpose(Ones(ones[missing[1]])))))
    else:
        for index in missing:
            spread = with_new_axes(Ones(ones[index]), (index,), output)
            assert spread is not None
            factors.append(spread)
    return factors[0] if len(factors) == 1 else Hadamard(tuple(factors))


def summed_entries(core: Core, ones: dict[int, str], output: Indices) -> Tree | None:
    """sum(G * a, axis=2): products entry by entry, of which NumPy stretches those that lack the first axes."""
    # An einsum among the factors, and axes in another order, become part of an einsum of all, which is shorter then.
    if len(core) < 2 or ones or any(isinstance(tree, Einsum | Permute) for tree, _ in core):
        return None
    full = max((row for _, row in core), key=len)
    if len(full) < 3 or len(set(full)) < len(full) or any(row != full[len(full) - len(row) :] for _, row in core):
        return None
    axes = tuple(axis for axis, index in enumerate(full) if index not in output)
    if not axes or tuple(index for index in full if index in output) != output:
        return None
    factors = Hadamard(tuple(tree for tree, _ in sorted(core, key=lambda item: item[1] != full)))
    return SumAxis(factors, None if not output else axes[0] if len(axes) == 1 else axes, len(full))


def permuted(core: Core, ones: dict[int, str], output: Indices) -> Tree | None:
    """The axes of one array in another order."""
    if len(core) != 1 or ones or len(output) < 3 or set(core[0][1]) != set(output) or len(core[0][1]) != len(output):
        return None
    tree, row = core[0]
    return Permute(tree, tuple(row.index(index) for index in output))
