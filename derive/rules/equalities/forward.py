"""Equalities by which a formula refers to what the forward pass has computed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from sympy import Integer

from derive.forward.nodes import Map, Node, placeholder
from derive.forward.normal import apply
from derive.rules.known import Forward
from derive.rules.matching import matches
from derive.rules.terms import Power, Term, Terms, cost, flatten, gathered, replaced

__all__ = ["forward_factor", "forward_function", "forward_power", "forward_value"]


def forward_function(terms: Terms, forward: Forward) -> Terms | None:
    """1 - tanh(u)² = 1 - T² where the forward pass computes T = tanh(u).

    Source: a function of a value that is known by name is the function of that name.
    """
    found = None
    while (changed := _one_function(found or terms, forward)) is not None:
        found = changed
    return found


def _one_function(terms: Terms, forward: Forward) -> Terms | None:
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            if isinstance(power.node, Map) and power.node not in forward.whole:
                known = _in_forward_functions(power.node, forward)
                if known is not None:
                    made = flatten(known, forward.whole)
                    free = tuple(range(len(known.shape)))
                    (inner,) = (
                        made.terms
                        if made is not None and len(made.terms) == 1
                        else (Term(Integer(1), (Power(known, free),)),)
                    )
                    named = inner.renamed(dict(zip(free, power.index, strict=True)))
                    if power.exponent != 1:
                        named = Term(Integer(1), (Power(known, power.index, power.exponent),))
                    return replaced(terms, number, place, named)
    return None


@lru_cache(maxsize=256)
def _in_forward_functions(node: Map, forward: Forward) -> Node | None:
    function = node.function
    operands = list(node.operands)
    for other in forward.nodes:
        if isinstance(other, Map) and all(operand in node.operands for operand in other.operands):
            places = {placeholder(k): placeholder(node.operands.index(o)) for k, o in enumerate(other.operands)}
            inner = other.function.xreplace(places)
            fresh = placeholder(len(operands))
            changed = function.subs(inner, fresh)
            if fresh in changed.free_symbols:
                function = changed
                operands.append(other)
    used = [place for place in range(len(operands)) if placeholder(place) in function.free_symbols]
    if any(place < len(node.operands) for place in used) or not used:
        return None
    names = {placeholder(place): placeholder(number) for number, place in enumerate(used)}
    return apply(function.xreplace(names), [operands[place] for place in used])


def forward_value(terms: Terms, forward: Forward) -> Terms | None:
    """exp(u) / s = P where the forward pass computes P: a product that it has computed is referred to.

    Source: a value that is known by name is that name.
    """
    for number, term in enumerate(terms.terms):
        for node, pattern in forward.patterns:
            axes = tuple(range(len(node.shape)))
            for rest, names in matches(pattern.powers, term.powers, {}, bound=()):
                inner = {label for label in pattern.labels() if label not in axes}
                left = {label for power in rest for label in power.index} | set(terms.free)
                summed = {names[label] for label in inner}
                if summed & left or len(set(names.values())) < len(names) or not all(a in names for a in axes):
                    continue
                found = Power(node, tuple(names[axis] for axis in axes))
                made = gathered(Term(term.coefficient / pattern.coefficient, (*rest, found)), terms.free)
                if cost(made, terms.free) < cost(term, terms.free):
                    return replace(terms, terms=(*terms.terms[:number], made, *terms.terms[number + 1 :]))
    return None


def forward_power(terms: Terms, forward: Forward) -> Terms | None:
    """u^(-1/2) = 1 / s where the forward pass computes s = √u.

    Source: (a^q)^p = a^(pq) for whole p.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            if power.exponent.is_integer:
                continue
            for node, root in forward.roots:
                times = power.exponent / root.exponent
                if root.node is power.node and times.is_integer and node is not power.node:
                    back = dict(zip(root.index, power.index, strict=True))
                    index = tuple(back[axis] for axis in range(len(node.shape)))
                    changed = (*term.powers[:place], Power(node, index, times), *term.powers[place + 1 :])
                    made = replace(term, powers=changed)
                    return replace(terms, terms=(*terms.terms[:number], made, *terms.terms[number + 1 :]))
    return None


def forward_factor(terms: Terms, forward: Forward) -> Terms | None:
    """a / (a b) = 1 / b where the forward pass computes the product a b.

    Source: a factor that is above and below is left out.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            pattern = forward.products.get(power.node)
            if pattern is None or not power.exponent.is_integer or _sums(pattern, power.node):
                continue
            inner = pattern.renamed(dict(enumerate(power.index)))
            powers = tuple(replace(p, exponent=p.exponent * power.exponent) for p in inner.powers)
            changed = replaced(terms, number, place, Term(inner.coefficient**power.exponent, powers))
            if cost(changed.terms[number], terms.free) < cost(term, terms.free):
                return changed
    return None


def _sums(term: Term, node: Node) -> bool:
    return any(label >= len(node.shape) for label in term.labels())
