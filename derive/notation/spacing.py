"""What keeps the factors of a product apart in a line of text: nothing, a space, or a dot."""

from __future__ import annotations

from collections.abc import Iterator

from derive.notation.box import Box
from derive.notation.script import greek
from derive.notation.tree import (
    At,
    Call,
    Delta,
    Dots,
    Entry,
    Gradient,
    Greater,
    Grid,
    Negative,
    Number,
    Partial,
    Power,
    Product,
    Quotient,
    Shaped,
    Sum,
    Tree,
)

__all__ = ["glue", "opened"]


def glue(left: Tree, right: Tree, before: Box, after: Box) -> str:
    """What keeps two factors apart: nothing between x₁₁ and w₁₁, a space between X and W, else a dot."""
    if isinstance(left, Shaped) or isinstance(right, Shaped):
        return "  "
    if isinstance(left, Grid) or isinstance(right, Grid):
        return " · "
    tight = (_is_letter(left) or (isinstance(left, Number) and isinstance(left.value, int))) and _is_letter(right)
    if tight:
        return ""
    if _is_scalar(left) or _is_scalar(right):
        return "·" if before.is_flat and after.is_flat else " "
    inline = (_is_wide(item) and box.is_flat for item, box in ((left, before), (right, after)))
    return " · " if any(inline) else " "


def opened(factors: tuple[Tree, ...]) -> Iterator[Tree]:
    """The factors, with those of a product inside the product in its place."""
    for factor in factors:
        if isinstance(factor, Product):
            yield from opened(factor.factors)
        else:
            yield factor


def _is_wide(tree: Tree) -> bool:
    return isinstance(tree, At) or (isinstance(tree, Gradient) and tree.names == "partial")


def _is_letter(tree: Tree) -> bool:
    return isinstance(tree, Delta) or (isinstance(tree, Entry) and len(greek(tree.letter)) == 1)


def _is_scalar(tree: Tree) -> bool:
    match tree:
        case Entry() | Number() | Partial() | Delta() | Gradient(Entry()) | Quotient() | Dots():
            return True
        case Power(operand, _) | Call(_, (operand, *_)) | Negative(operand) | Greater(operand, _):
            return _is_scalar(operand)
        case Sum(terms):
            return all(map(_is_scalar, terms))
        case Product(factors):
            return all(map(_is_scalar, factors))
    return False
