"""Turns a formula into lines of arithmetic: each operation, numbers in the places of its operands, its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from derive.document.numeric_table import array_table, number
from derive.forward.layer import Samples
from derive.notation.code import print_code
from derive.notation.tree import (
    Call,
    Einsum,
    Explicit,
    Gradient,
    Hadamard,
    MatMul,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    SumAxis,
    Transpose,
    Tree,
)
from derive.notation.walk import children, replace

__all__ = ["MOST_LINES", "arithmetic"]

MOST_LINES = 8
"""Of a formula with more operations the last is written out alone."""

_OPERATIONS = (Call, Einsum, Hadamard, MatMul, Power, Product, Quotient, Sum, SumAxis)
Value = Callable[[Tree], Any]


def arithmetic(
    name: Tree, tree: Tree, value: Value, known: set[str], samples: Samples
) -> Iterator[tuple[Relation, Any]]:
    """The lines that lead to `name = tree`, each with the value that it ends with.

    samples say how vectors stand: upright where they are columns, as rows where there is one, and else, being columns,
    with their transpose written out. known are the operations, as code, that the reader has seen already; those of
    this formula are added.
    """
    inner = [item for item in _operations(tree) if item is not tree]
    new = {code: item for item in inner if (code := print_code(item)) not in known}
    known |= new.keys() | {print_code(tree)}
    if len(new) < MOST_LINES:
        for item in new.values():
            yield _line(item, item, value, samples)
    yield _line(name, tree, value, samples)


def _operations(tree: Tree) -> list[Tree]:
    """Every operation of a formula, operands first; a number times a number is not worth a line."""
    found = [item for child in children(tree) for item in _operations(child)]
    return [*found, tree] if isinstance(tree, _OPERATIONS) and not _is_number(tree) else found


def _is_number(tree: Tree) -> bool:
    """Whether a tree is made of numbers and sizes alone."""
    below = list(children(tree))
    return isinstance(tree, Number) if not below else all(map(_is_number, below))


def _line(name: Tree, tree: Tree, value: Value, samples: Samples) -> tuple[Relation, Any]:
    """name = tree = numbers = result; without what would say the same twice."""
    result = value(tree)
    row = isinstance(tree, SumAxis) and tree.axis == 0
    upright = np.ndim(result) == 1 and samples == "columns"
    if np.ndim(result) == 1 and not row and not isinstance(name, Gradient) and samples == "rows":
        name = Transpose(name)
    parts = [name]
    if name is not tree and not (isinstance(name, Transpose) and name.operand is tree):
        parts.append(Transpose(tree) if isinstance(name, Transpose) else tree)
    if isinstance(tree, (*_OPERATIONS, Negative)) and (filled := _filled(tree, value)) is not None:
        parts.append(filled)
    return Relation.equal(*parts, _written(np.reshape(result, (-1, 1)) if upright else result)), result


def _filled(tree: Tree, value: Value) -> Tree | None:
    """The operation with its operands' values in their places; None where a vector would need a direction."""
    signed = [child.operand if isinstance(child, Negative) else child for child in children(tree)]
    values = {id(operand): value(operand) for operand in signed if not _is_number(operand)}
    if any(np.ndim(item) not in (0, 2) for item in values.values()):
        return None

    def fill(item: Tree) -> Tree | None:
        if isinstance(item, Number) and isinstance(item.value, str) and item.value != "pi":
            return _written(value(item))
        return _written(values[id(item)]) if id(item) in values else None

    return replace(tree, fill)


def _written(value: Any) -> Tree:
    return number(np.asarray(value)[()]) if np.ndim(value) == 0 else Explicit(array_table(value))
