"""Which matrices are their own transposes: by how they are made, or by what is assumed of inputs.

Xᵀ X,  X A Xᵀ + B  for symmetric A and B,  Z + Zᵀ,  f(A) entry by entry,  and the inverse of each
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from derive.forward.nodes import Add, Contract, Delta, Input, Map, MatrixFunction, Node, topological
from derive.forward.shape import same
from derive.rules.matching import alike
from derive.rules.terms import Term, Terms, flatten, gathered, is_backwards

__all__ = ["is_symmetric", "turned"]

_FEW = 12
"""A sum of more products is not looked at."""


@lru_cache(maxsize=4096)
def is_symmetric(node: Node, given: frozenset[str] = frozenset()) -> bool:
    """Whether a matrix is its own transpose, if the inputs of the given names are.

    Source: (A B)ᵀ = Bᵀ Aᵀ, (A + B)ᵀ = Aᵀ + Bᵀ, (A⁻¹)ᵀ = (Aᵀ)⁻¹.
    """
    if len(node.shape) != 2 or not same(*node.shape):
        return False
    match node:
        case Input():
            return node.name in given
        case Delta():
            return True
        case MatrixFunction():
            return is_symmetric(node.arguments[0], given)
        case Map():
            return all(is_symmetric(operand, given) for operand in node.operands)
        case Add() | Contract():
            return _is_sum_of_pairs(node, given)
    return False


def _is_sum_of_pairs(node: Node, given: frozenset[str]) -> bool:
    """Whether every product of a sum has its transpose among the others, or is its own."""
    if not given and not any(_may_be_symmetric(inner) for inner in topological(node)):
        return False
    terms = flatten(node, (), most=_FEW)
    if terms is None:
        return False
    left = list(terms.terms)
    for term in terms.terms:
        other = term.renamed({0: 1, 1: 0})
        found = next(
            (
                t
                for t in left
                if t.coefficient == other.coefficient
                and alike(t, other, terms.free, symmetric=lambda inner: is_symmetric(inner, given))
            ),
            None,
        )
        if found is None:
            return False
        left.remove(found)
    return True


def _may_be_symmetric(node: Node) -> bool:
    """Whether a node has one operand twice, or is a sum: a cheap look before the products are compared."""
    match node:
        case Contract(operands):
            return len(set(operands)) < len(operands)
        case Add() | Delta():
            return True
    return False


def turned(terms: Terms, given: frozenset[str] = frozenset()) -> Terms | None:
    """a_ji = a_ij for symmetric A, such that like terms meet; the first index is the one nearer to the rows.

    None if nothing changes.
    Source: the definition of a symmetric matrix.
    """
    symmetric = {
        power.node
        for term in terms.terms
        for power in term.powers
        if len(set(power.index)) == 2 and is_symmetric(power.node, given)
    }
    if not symmetric:
        return None
    made: list[Term] = []
    for term in terms.terms:
        powers = tuple(
            replace(power, index=power.index[::-1])
            if power.node in symmetric
            and is_backwards(power.index, [other.index for other in term.powers if other is not power], terms.free)
            else power
            for power in term.powers
        )
        # A product in which no end is nearer to the rows is written like the one before that equals it.
        like = next(
            (t for t in made if alike(t, replace(term, powers=powers), terms.free, symmetric=symmetric.__contains__)),
            None,
        )
        made.append(gathered(replace(term, powers=powers if like is None else like.powers), terms.free, terms.shape))
    return replace(terms, terms=tuple(made)) if tuple(made) != terms.terms else None
