"""Equalities of fractions: terms are put over one denominator where that leaves less to write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from sympy import Expr, Integer

from derive.forward.matrix import read
from derive.forward.nodes import Add, Node
from derive.notation.code import print_code
from derive.rules.equalities.sums import like_terms
from derive.rules.factoring import factored
from derive.rules.known import Forward
from derive.rules.terms import Power, Term, Terms, flatten, gathered, opened

__all__ = ["common_denominator"]

_MOST_TERMS, _MOST_FACTORS, _MOST_OPENED = 4, 3, 12
"""More terms, or a sum to a higher power, are not expected to become short over one denominator."""

_Base = tuple[Node, tuple[int, ...]]


def common_denominator(terms: Terms, forward: Forward) -> Terms | None:
    """1 / (1 + a) - a / (1 + a)² = 1 / (1 + a)², and b / (1 - a) - (1 - b) / a = (a + b - 1) / (a (1 - a)).

    Source: fractions are added over a common denominator, and sums above it are multiplied out.
    """
    if not 2 <= len(terms.terms) <= _MOST_TERMS:
        return None
    below = _below(terms)
    if not any(isinstance(node, Add) for node, _ in below):
        return None
    over: list[Term] = []
    for term in terms.terms:
        exponents = {(power.node, power.index): power.exponent for power in term.powers}
        rest = tuple(power for power in term.powers if (power.node, power.index) not in below)
        times = {base: lowest + exponents.get(base, Integer(0)) for base, lowest in below.items()}
        if any(number > _MOST_FACTORS or not number.is_integer for number in times.values()):
            return None
        made = _multiplied([replace(term, powers=rest)], times, forward)
        if made is None:
            return None
        over += made
    lower = tuple(Power(*base, -lowest) for base, lowest in below.items())
    # Sums in other factors stay as they are, unless more becomes of it when they are multiplied out as well.
    whole = replace(terms, terms=tuple(over))
    every = (whole, opened(whole, forward.functions.whole, most=_MOST_OPENED))
    return next((found for made in every if made and (found := _shorter(made, lower, terms, forward))), None)


def _shorter(over: Terms, lower: tuple[Power, ...], before: Terms, forward: Forward) -> Terms | None:
    """What stands above the line, put together and divided; None unless that has fewer terms or is shorter."""
    gather = (gathered(replace(t, powers=(*t.powers, *lower)), over.free) for t in over.terms)
    found = replace(over, terms=tuple(gather))
    while (merged := like_terms(found, forward)) is not None:
        found = merged
    if len(found.terms) < len(before.terms) or _written(found) < _written(before):
        return found
    return None


def _below(terms: Terms) -> dict[_Base, Expr]:
    """What terms are divided by, entry by entry, and how often; without what divides all of them alike."""
    found: dict[_Base, list[Expr]] = {}
    for term in terms.terms:
        for power in term.powers:
            if power.exponent < 0 and power.exponent.is_integer and set(power.index) <= set(terms.free):
                found.setdefault((power.node, power.index), []).append(-power.exponent)
    return {
        base: max(exponents)
        for base, exponents in found.items()
        if len(exponents) < len(terms.terms) or len(set(exponents)) > 1
    }


def _multiplied(made: list[Term], times: dict[_Base, Expr], forward: Forward) -> list[Term] | None:
    """Terms times powers of bases, sums among which are multiplied out."""
    for (node, index), number in times.items():
        if not isinstance(node, Add):
            made = [replace(term, powers=(*term.powers, Power(node, index, number))) for term in made]
            continue
        inner = flatten(node, forward.whole - {node})
        if inner is None:
            return None
        for _ in range(int(number)):
            made = [_product(term, part) for term in made for part in _renamed(inner, index, made)]
    return made


def _renamed(inner: Terms, index: tuple[int, ...], made: list[Term]) -> Iterator[Term]:
    """The terms of a sum at its place, their summed labels clear of all others."""
    first = 1 + max((*index, *(label for term in made for label in term.labels())), default=0)
    for term in inner.terms:
        fresh = zip((label for label in term.labels() if label not in inner.free), count(first))
        yield term.renamed({**dict(zip(inner.free, index, strict=True)), **dict(fresh)})


def _product(term: Term, part: Term) -> Term:
    return Term(term.coefficient * part.coefficient, (*term.powers, *part.powers))


def _written(terms: Terms) -> int:
    return len(print_code(read(factored(terms))))
