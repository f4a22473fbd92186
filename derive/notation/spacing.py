"""What keeps the factors of a product apart in a line of text: nothing, a space, or a dot."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from derive.notation.box import Box
from derive.notation.script import greek
from derive.notation.tree import (
    At,
    BigSum,
    Call,
    Delta,
    Dots,
    Entry,
    Gradient,
    Greater,
    Grid,
    MatMul,
    Negative,
    Number,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Shaped,
    Sum,
    Transpose,
    Tree,
)

__all__ = ["added_level", "glue", "is_number_before_digits", "opened"]

_SUM, _PRODUCT = range(2)


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
    """The factors, with those of a product inside the product in its place: 2 X W, and not 2 (X W)."""
    for place, factor in enumerate(factors):
        behind_numbers = place > 0 and all(isinstance(other, Number) for other in factors[:place])
        if isinstance(factor, Product) or (isinstance(factor, MatMul) and behind_numbers):
            yield from opened(factor.factors)
        else:
            yield factor


def added_level(term: Tree) -> int:
    """How tightly a term must bind to stand without parentheses behind a sign: a sum with Σ ends at the next + or −."""
    return _SUM if isinstance(term, BigSum) else _PRODUCT


def is_number_before_digits(left: Tree, right: Tree) -> bool:
    """Whether a number is followed by what begins with digits, 2 · 3ⁿ or 0.5 · 1, so that a gap alone would mislead."""
    match left, right:
        case Number(), Power(Number(), _):
            return True
        case Number(int() | Fraction()), Ones() | Transpose(Ones()) | Number(int()):
            return True
    return False


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
