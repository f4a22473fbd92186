"""Masks in formulas: NumPy computes truth values for them, which do not work everywhere as numbers do."""

from __future__ import annotations

from derive.notation.tree import (
    AtLeast,
    Broadcast,
    Concatenate,
    Equal,
    Extreme,
    Greater,
    Hadamard,
    MatMul,
    MatrixCall,
    Number,
    Pad,
    Product,
    Quotient,
    Repeat,
    Reshape,
    Slice,
    SumAxis,
    Take,
    Transpose,
    Tree,
    Where,
    Windows,
)

__all__ = ["is_mask", "mask_last", "not_all_masks", "number_first", "numbers"]


def is_mask(tree: Tree) -> bool:
    """Whether NumPy computes truth values."""
    match tree:
        case Greater() | AtLeast() | Equal():
            return True
        case Hadamard(factors) | Product(factors) | Concatenate(factors):
            return all(map(is_mask, factors))
        case Transpose(operand) | Slice(operand) | Reshape(operand) | Windows(operand) | Broadcast(operand, _, ""):
            return is_mask(operand)
        case Extreme(_, operand) | Pad(operand) | Take(operand) | Repeat(operand) | MatrixCall("diag", operand):
            return is_mask(operand)
    return False


def numbers(tree: Tree) -> Tree:
    """A mask as numbers: truth values do not add up, change their sign or enter a function as numbers do."""
    return Where(tree, Number(1), Number(0)) if is_mask(tree) else tree


def not_all_masks(factors: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """Factors of a product that adds up: NumPy's sum of products of truth values is a truth value."""
    return (numbers(factors[0]), *factors[1:]) if all(map(is_mask, factors)) else factors


def mask_last(tree: Tree) -> Tree:
    """The product with a number as its first factor, which can take a sign."""
    if isinstance(tree, Quotient):
        return Quotient(mask_last(tree.over), tree.under)
    if not isinstance(tree, Product | Hadamard):
        return tree
    factors = (mask_last(tree.factors[0]), *tree.factors[1:])
    return type(tree)(tuple(sorted(factors, key=is_mask)) if is_mask(factors[0]) else factors)


def number_first(tree: Tree) -> Tree:
    """What a sign is written before: it is that of the first factor, which must not be a mask."""
    match tree:
        case _ if is_mask(tree):
            return numbers(tree)
        case Product((first, *rest)) | Hadamard((first, *rest)) | MatMul((first, *rest)):
            return type(tree)((number_first(first), *rest))
        case Quotient(over, under):
            return Quotient(number_first(over), under)
        case SumAxis(Hadamard((left, right)), None, 1):
            return SumAxis(Hadamard((number_first(left), right)), None, 1)
    return tree
