"""Walks over notation trees: what lies below a tree, what occurs in it, and a tree with parts replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from operator import is_not
from typing import TypeVar, get_args

from derive.notation.tree import (
    At,
    Call,
    Entry,
    Gradient,
    Grid,
    Hadamard,
    MatMul,
    Negative,
    Partial,
    Power,
    Product,
    Quotient,
    Sum,
    Transpose,
    Tree,
)

__all__ = ["children", "contains", "entries", "has_fraction", "is_fraction", "is_tall", "parts", "replace"]

Kind = TypeVar("Kind")


_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in get_args(Tree)}
"""The names of the fields of every kind; reading them off each tree would take half the time of a walk."""


def children(tree: Tree) -> Iterator[Tree]:
    """The trees directly below this one, in the order in which they are written."""
    for name in _FIELDS[type(tree)]:
        value = getattr(tree, name)
        pending: Sequence[object] = value if isinstance(value, tuple) else (value,)
        for item in pending:
            if isinstance(item, tuple):
                yield from (cell for cell in item if type(cell) in _FIELDS)
            elif type(item) in _FIELDS:
                yield item  # type: ignore[misc]  # its type is one of the kinds


def contains(tree: Tree, kind: type | tuple[type, ...]) -> bool:
    """Whether a node of this kind occurs anywhere in the tree."""
    return isinstance(tree, kind) or any(contains(child, kind) for child in children(tree))


def parts(tree: Tree, kind: type[Kind] | tuple[type[Kind], ...]) -> Iterator[Kind]:
    """The nodes of this kind anywhere in the tree, from the outside in."""
    if isinstance(tree, kind):
        yield tree
    for child in children(tree):
        yield from parts(child, kind)


def entries(tree: Tree) -> Iterator[Entry]:
    """The entries of arrays anywhere in the tree, as often as they occur."""
    return parts(tree, Entry)


def replace(tree: Tree, change: Callable[[Tree], Tree | None]) -> Tree:
    """The tree with every node for which change gives another one put in its place, from the top down.

    Where nothing changes, it is the tree itself.
    """
    changed = change(tree)
    if changed is not None:
        return changed

    def visit(value: object) -> object:
        if isinstance(value, tuple):
            made = tuple([visit(item) for item in value])
            return made if any(map(is_not, made, value)) else value
        return replace(value, change) if type(value) in _FIELDS else value  # type: ignore[arg-type]  # one of the kinds

    old = [getattr(tree, name) for name in _FIELDS[type(tree)]]
    new = [visit(value) for value in old]
    return type(tree)(*new) if any(map(is_not, new, old)) else tree  # type: ignore[arg-type]  # the fields keep their types


def is_tall(grid: Grid) -> bool:
    """Whether a matrix holds fractions and needs higher rows."""
    return any(has_fraction(cell) for row in grid.cells for cell in row)


def is_fraction(tree: Tree) -> bool:
    """Whether a page writes the tree with a bar."""
    return isinstance(tree, Partial | Quotient) or (isinstance(tree, Gradient) and tree.names == "partial")


def has_fraction(tree: Tree) -> bool:
    """Whether a fraction makes a line that holds the tree higher."""
    if is_fraction(tree):
        return True
    match tree:
        case Sum(parts) | Product(parts) | MatMul(parts) | Hadamard(parts):
            return any(map(has_fraction, parts))
        case Negative(operand) | Transpose(operand) | At(operand):
            return has_fraction(operand)
        case Power(base, exponent):
            return has_fraction(base) or has_fraction(exponent)
        case Call(_, operands):
            return any(map(has_fraction, operands))
    return False
