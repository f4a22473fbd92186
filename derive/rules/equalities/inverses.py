"""Equalities of inverses: what stands beside an inverse and is a factor of what is inverted, cancels.

Every application makes the factors fewer, so that they come to an end. Each side exists where the inverse on the left
does: where a product of square matrices has an inverse, each of them has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from sympy import Expr, Integer

from derive.forward.nodes import Delta, MatrixFunction, Node
from derive.forward.shape import Size, same
from derive.rules.build import build
from derive.rules.known import Forward
from derive.rules.terms import Power, Term, Terms, flatten, replaced

__all__ = ["cancelled_inverse", "double_inverse"]


def double_inverse(terms: Terms, forward: Forward) -> Terms | None:
    """(X⁻¹)⁻¹ = X.

    Source: the definition of the inverse.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            inner = power.node.operands[0] if _is_inverse(power.node) else None
            if inner is not None and _is_inverse(inner) and power.exponent == 1:
                (twice,) = inner.operands
                return replaced(terms, number, place, Term(Integer(1), (Power(twice, power.index),)))
    return None


def cancelled_inverse(terms: Terms, forward: Forward) -> Terms | None:
    """(A B)⁻¹ A = B⁻¹ and B (A B)⁻¹ = A⁻¹ for square matrices, X⁻¹ X = I, and c (c A)⁻¹ = A⁻¹.

    Source: (A B)⁻¹ = B⁻¹ A⁻¹.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            chain = _chain(power.node.operands[0]) if power.exponent == 1 and _is_inverse(power.node) else None
            if chain is None:
                continue
            others = (*term.powers[:place], *term.powers[place + 1 :])
            for gone, other in enumerate(others):
                left = _without(chain, power, other, (*others[:gone], *others[gone + 1 :]), terms.free)
                if left is not None:
                    at = next(n for n, p in enumerate(term.powers) if p is other and n != place)
                    kept = replace(term, powers=tuple(p for n, p in enumerate(term.powers) if n != at))
                    rest = replace(terms, terms=(*terms.terms[:number], kept, *terms.terms[number + 1 :]))
                    return replaced(rest, number, place - (at < place), left)
    return None


def _is_inverse(node: Node) -> bool:
    return isinstance(node, MatrixFunction) and node.name == "inv"


@dataclass(frozen=True, slots=True)
class _Chain:
    """c s A B C: a number, scalars, and square matrices of one size; of each whether it is transposed."""

    size: Size
    coefficient: Expr
    scalars: tuple[Power, ...]
    matrices: tuple[tuple[Node, bool], ...]


@lru_cache(maxsize=1024)
def _chain(node: Node) -> _Chain | None:
    """A matrix as a product of scalars and square matrices; None if it is none."""
    opened = flatten(node, ())
    if opened is None or len(opened.terms) != 1:
        return _Chain(node.shape[0], Integer(1), (), ((node, False),))
    (term,) = opened.terms
    scalars = tuple(power for power in term.powers if not power.index)
    left = [power for power in term.powers if power.index]
    current, end = opened.free
    matrices: list[tuple[Node, bool]] = []
    while left:
        found = [power for power in left if current in power.index]
        if len(found) != 1 or not _is_square(found[0], node):
            return None
        (power,) = found
        left.remove(power)
        transposed = power.index[0] != current
        matrices.append((power.node, transposed))
        current = power.index[0] if transposed else power.index[1]
    if current != end or not matrices:
        return None
    return _Chain(node.shape[0], term.coefficient, scalars, tuple(matrices))


def _is_square(power: Power, node: Node) -> bool:
    shape = power.node.shape
    return power.exponent == 1 and len(set(power.index)) == 2 and all(same(size, node.shape[0]) for size in shape)


def _without(chain: _Chain, inverse: Power, other: Power, rest: Sequence[Power], free: Sequence[int]) -> Term | None:
    """What the inverse of a chain times another power is, if that is a scalar or stands at an end of the chain."""
    row, column = inverse.index
    if not other.index:
        scalar = next((s for s in chain.scalars if s.node is other.node and s.exponent == other.exponent), None)
        if scalar is None:
            return None
        return _inverse(replace(chain, scalars=tuple(s for s in chain.scalars if s is not scalar)), row, column)
    # What a matrix cancels says nothing of its diagonal.
    if other.exponent != 1 or len(other.index) != 2 or other.index[0] == other.index[1] or row == column:
        return None
    for label, place, kept in ((column, 0, slice(1, None)), (row, -1, slice(None, -1))):
        node, transposed = chain.matrices[place]
        index = other.index[::-1] if transposed else other.index
        meets = index[0] if place == 0 else index[1]
        alone = label not in free and not any(label in power.index for power in rest)
        if other.node is node and meets == label and alone:
            further = index[1] if place == 0 else index[0]
            ends = (row, further) if place == 0 else (further, column)
            return _inverse(replace(chain, matrices=chain.matrices[kept]), *ends)
    return None


def _inverse(chain: _Chain, row: int, column: int) -> Term:
    """The inverse of what is left of a chain; of no matrices the identity, divided by the scalars."""
    if not chain.matrices:
        below = tuple(replace(power, exponent=-power.exponent) for power in chain.scalars)
        return Term(1 / chain.coefficient, (*below, Power(Delta(chain.size), (row, column))))
    if len(chain.matrices) == 1 and chain.coefficient == 1 and not chain.scalars:
        ((node, transposed),) = chain.matrices
        index = (column, row) if transposed else (row, column)
        return Term(Integer(1), (Power(MatrixFunction((node,), "inv"), index),))
    # The labels 0 and 1 are the axes, and those from 2 on are summed over.
    last = len(chain.matrices)
    labels = (0, *range(2, last + 1), 1)
    powers = tuple(
        Power(node, (labels[n + 1], labels[n]) if transposed else (labels[n], labels[n + 1]))
        for n, (node, transposed) in enumerate(chain.matrices)
    )
    whole = Terms((Term(chain.coefficient, (*chain.scalars, *powers)),), (0, 1), (chain.size, chain.size))
    return Term(Integer(1), (Power(MatrixFunction((build(whole),), "inv"), (row, column)),))
