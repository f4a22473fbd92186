"""What stands before a product and under it: its number, its scalars, means in the place of sums, divisors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from sympy import Expr, Integer, prod

from derive.forward.idioms import root, shorter
from derive.forward.masks import turned
from derive.forward.nodes import Constant, Contract, Map, Node, placeholder
from derive.forward.readings import turned_product
from derive.forward.scalar import number, parts_of, read_scalar
from derive.notation.digits import is_decimal
from derive.notation.tree import Along, Hadamard, Negative, Number, Product, Quotient, SumAxis, Tree

__all__ = ["averaged", "divisor_of", "is_mean", "mean", "raised", "scaled"]


def averaged(node: Contract, made: Mapping[Node, Tree]) -> tuple[dict[Node, Tree], Expr]:
    """The sums among the factors as means where the coefficient divides by the count, and what is then left over."""
    coefficient = node.operands[0].value if isinstance(node.operands[0], Constant) else Integer(1)
    known = {operand: made[operand] for operand in node.operands if operand in made}
    total: Expr = Integer(1)
    for operand in node.operands:
        if isinstance(operand, Contract) and operand.summed() and isinstance(made.get(operand), SumAxis):
            sizes = operand.sizes()
            count = prod((sizes[index] for index in operand.summed()), start=Integer(1))
            if is_mean(made[operand], coefficient * total, count):
                known[operand], total = mean(made[operand]), total * count
    return known, total


def is_mean(tree: Tree, coefficient: Expr, count: Expr) -> bool:
    """Whether a sum of this many terms times the coefficient is shorter as a mean."""
    if not isinstance(tree, SumAxis) or (tree.rank == 1 and isinstance(tree.operand, Hadamard)):
        return False
    return shorter(coefficient * count, coefficient)


def mean(tree: Tree) -> Tree:
    """The mean in the place of a sum."""
    assert isinstance(tree, SumAxis)
    return Along("mean", tree.operand, (tree.axis,) if isinstance(tree.axis, int) else tree.axis, tree.rank)


def divisor_of(node: Map, made: Mapping[Node, Tree]) -> Tree | None:
    """u where the node is 1 / u, u² where it is u^(-2); None for any other function."""
    base, exponent = node.function.as_base_exp()
    if base != placeholder(0) or len(node.operands) != 1 or not exponent.is_negative:
        return None
    inner = root(node)
    if inner is not None:
        return read_scalar(base ** (-2 * exponent), [made[inner]])
    return read_scalar(base**-exponent, [made[node.operands[0]]])


def raised(node: Map, base: Tree) -> Tree:
    """u as `divisor_of` reads it, where its base reads like this."""
    return read_scalar(placeholder(0) ** -node.function.as_base_exp()[1], [base])


def scaled(coefficient: Expr, scalars: Sequence[Tree], tree: Tree) -> Tree:
    """The number and the scalars times the tree; a divisor of the number stands below, its sign before all."""
    minus = coefficient.could_extract_minus_sign()
    coefficient = -coefficient if minus else coefficient
    if minus and (opposite := turned(tree)) is not None:
        tree, minus = opposite, False
    whole = coefficient.is_Rational and is_decimal(Fraction(int(coefficient.p), int(coefficient.q)))
    over, below = (coefficient, Integer(1)) if whole else parts_of(coefficient)
    factors = (*([] if over == 1 else [number(over)]), *scalars)
    if isinstance(tree, Quotient) and tree.over == Number(1) and factors:
        product: Tree = Quotient(factors[0] if len(factors) == 1 else Product(factors), tree.under)
    else:
        product = Product((*factors, turned_product(tree, 1) if scalars else tree)) if factors else tree
    if below != 1:
        product = Quotient(product, number(below))
    return Negative(product) if minus else product
