"""Equalities of sums: like terms, and sums that are numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sympy import Expr, Integer, cancel, expand

from derive.forward.nodes import Input, Map, Node
from derive.forward.normal import contract
from derive.rules.equalities.forward import forward_value
from derive.rules.known import Forward, Rewrite
from derive.rules.matching import alike, factors
from derive.rules.terms import Term, Terms, flatten, replaced

__all__ = ["constant_sum", "like_terms"]

_MOST = 1000


def like_terms(terms: Terms, forward: Forward) -> Terms | None:
    """a b + b a = 2 a b: terms that differ in coefficient and names of summed labels alone are put together.

    Source: the distributive law.
    """
    found: list[Term] = []
    places: dict[object, list[int]] = {}
    for term in terms.terms:
        candidates = places.setdefault(factors(*term.powers), [])
        place = next((k for k in candidates if alike(term, found[k], terms.free)), None)
        if place is None:
            candidates.append(len(found))
            found.append(term)
        else:
            found[place] = replace(found[place], coefficient=found[place].coefficient + term.coefficient)
    merged = tuple(term for term in found if not _is_zero(term.coefficient))
    return replace(terms, terms=merged) if len(merged) < len(terms.terms) else None


def _is_zero(coefficient: Expr) -> bool:
    """Whether a number, or an expression in sizes, is 0."""
    return bool(coefficient == 0 or (coefficient.is_Add and (expand(coefficient) == 0 or cancel(coefficient) == 0)))


def constant_sum(terms: Terms, forward: Forward) -> Terms | None:
    """Σ_j a_j = c where that follows from how the forward pass computes a: centred values add up to 0, softmax to 1.

    Source: the definition of a, summed.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            if power.exponent != 1 or power.node not in forward.whole or isinstance(power.node, Input | Map):
                continue
            if len(set(power.index)) < len(power.index):
                # What rows or columns add up to says nothing of a diagonal.
                continue
            others = {i for p in (*term.powers[:place], *term.powers[place + 1 :]) for i in p.index} | set(terms.free)
            gone = [axis for axis, label in enumerate(power.index) if label not in others]
            if not gone:
                continue
            value = _summed(power.node, tuple(gone))
            if value is not None:
                inner = Term(value, ())
                changed = replaced(terms, number, place, inner)
                return replace(changed, terms=tuple(t for t in changed.terms if t.coefficient != 0))
    return None


def _summed(node: Node, axes: tuple[int, ...]) -> Expr | None:
    """What a value of the forward pass adds up to along axes, if that is a number."""
    rank = len(node.shape)
    kept = [axis for axis in range(rank) if axis not in axes]
    total = contract([node], [list(range(rank))], kept)
    # What the value is made of is summed by the same rules, but not in terms of the value itself.
    below = Forward(node, frozenset({node}))
    terms = flatten(total, below.whole)
    if terms is None:
        return None
    settled = _settled(terms, below, (like_terms, constant_sum, forward_value))
    if not settled.terms:
        return Integer(0)
    if len(settled.terms) == 1 and not settled.terms[0].powers:
        return settled.terms[0].coefficient
    return None


def _settled(terms: Terms, forward: Forward, rules: Sequence[Rewrite]) -> Terms:
    for _ in range(_MOST):
        changed = next((made for rule in rules if (made := rule(terms, forward)) is not None), None)
        if changed is None:
            return terms
        terms = changed
    return terms
