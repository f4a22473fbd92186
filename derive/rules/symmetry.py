"""Which matrices are their own transposes: by how they are made, or by what is assumed of inputs.

Xᵀ X,  X A Xᵀ + B  for symmetric A and B,  Z + Zᵀ,  f(A) entry by entry,  and the inverse of each
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from derive.forward.nodes import Add, Contract, Delta, Input, Map, MatrixFunction, Node, topological
from derive.forward.shape import same
from derive.rules.build import is_backwards
from derive.rules.matching import alike, matches
from derive.rules.terms import Power, Term, Terms, flatten, gathered

__all__ = ["is_symmetric", "turned"]

Patterns: TypeAlias = Sequence[tuple[Node, Term]]
"""Products of the forward pass, each with what it is the product of."""

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


def turned(terms: Terms, patterns: Patterns, given: frozenset[str] = frozenset()) -> Terms | None:
    """a_ji = a_ij for symmetric A, such that like terms meet; the first index is the one nearer to the rows.

    A vector that the forward pass computes, one of the patterns, is written as it is there. None if nothing changes.
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
    upright = [tuple(_upright(power, term, terms.free, symmetric) for power in term.powers) for term in terms.terms]
    # Where one product ends in S, another that has the vector S v there is read as ending in S, too.
    ends = {
        (p.node, p.index[1])
        for powers in upright
        for p in powers
        if p.index[1:] == terms.free[1:] != () and p.index[0] not in terms.free
    }
    made: list[Term] = []
    for term, powers in zip(terms.terms, upright, strict=True):
        powers = tuple(
            replace(p, index=p.index[::-1]) if p.node in symmetric and (p.node, *p.index[:1]) in ends else p
            for p in powers
        )
        powers = _as_computed(powers, symmetric, patterns)
        # A product in which no end is nearer to the rows is written like the one before that equals it.
        like = next(
            (t for t in made if alike(t, replace(term, powers=powers), terms.free, symmetric=symmetric.__contains__)),
            None,
        )
        made.append(gathered(replace(term, powers=powers if like is None else like.powers), terms.free))
    return replace(terms, terms=tuple(made)) if tuple(made) != terms.terms else None


def _upright(power: Power, term: Term, free: tuple[int, ...], symmetric: Collection[Node]) -> Power:
    """A power of a symmetric matrix with the axis first that is nearer to the rows; others as they are."""
    others = [other.index for other in term.powers if other is not power]
    if power.node not in symmetric or not is_backwards(power.index, others, free):
        return power
    return replace(power, index=power.index[::-1])


def _as_computed(powers: tuple[Power, ...], symmetric: Collection[Node], patterns: Patterns) -> tuple[Power, ...]:
    """The powers with A⁻¹ v turned to v A⁻¹ where that is what the forward pass computes."""
    inverses = {node for node in symmetric if isinstance(node, MatrixFunction)}
    for node, pattern in patterns if inverses else ():
        if len(node.shape) == 1 and any(power.node in inverses for power in pattern.powers):
            found = matches(pattern.powers, powers, {}, bound=(), symmetric=symmetric.__contains__)
            for rest, names in found:
                powers = (*rest, *pattern.renamed(names).powers)
                break
    return powers
