"""Makes a formula as short as one would write it: a table of named equalities between sums of products.

The table and its families are in `equalities`; common factors are taken out at last. A rule makes the terms or the
factors fewer, or turns what is written in two ways into one; what has been there does not come again, so that they come
to an end. Every application is recorded, and `proof` evaluates both sides.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache

from sympy import Integer

from derive.forward.idioms import idiom
from derive.forward.nodes import Add, Contract, Node, topological
from derive.rules.build import build
from derive.rules.equalities import REWRITES
from derive.rules.factoring import factored, shared_by_all
from derive.rules.known import Forward
from derive.rules.terms import MOST_TERMS, Power, Term, Terms, flatten, opened
from derive.rules.written import times_written, written_length
from derive.steps import Reason, Step

__all__ = ["regrouped", "shortest", "simplify"]


_MOST = 1000

_OUTPUT = 3
"""So many characters more are taken for a form that has the output twice, which a page defines in any case."""

_FEW_TERMS = 8
"""A sum that has more terms, at first or on the way, is not expected to become short when all is multiplied out."""


def simplify(node: Node, forward: Forward, *, opens: bool = True) -> tuple[Node, tuple[Step[Node], ...]]:
    """The node as short as the rules make it, and the steps that lead there.

    Values of the forward pass are kept whole; where that gives no single term, sums and products of inputs are also
    multiplied out, and so are, where opens says so, other products that the result has. The shortest result is taken,
    definitions counted. A node that would have too many terms is left as it is.

    Shapes: unchanged.
    """
    found = _chosen(node, forward, opens=opens)
    return (node, ()) if found is None else (found.node, found.steps(node))


def shortest(node: Node, forward: Forward, *, opens: bool = True) -> Node:
    """The node as short as `simplify` makes it, without the steps.

    Shapes: unchanged.
    """
    found = _chosen(node, forward, opens=opens)
    return node if found is None else found.node


def _chosen(node: Node, forward: Forward, *, opens: bool) -> _Found | None:
    """The shortest of the forms; None if the node has too many terms."""
    found = _simplified(node, forward)
    if found is None or found.node in forward.whole:
        return found
    best = _opened(node, found) if opens else found
    if any(isinstance(inner, Add) for inner in topological(found.node, leaves=forward.whole)):
        other = _simplified(node, forward.functions, most=_FEW_TERMS)
        best = best if other is None else _shorter(best, _opened(node, other) if opens else other)
    return best


def _opened(node: Node, best: _Found) -> _Found:
    """The form with products that it has opened one at a time, as long as that makes it shorter."""
    tried: set[Node] = set()
    while True:
        products = [p for p in topological(best.node, leaves=best.forward.whole) if _may_open(p, best.forward, tried)]
        if not products:
            return best
        tried.add(products[-1])
        found = _simplified(node, best.forward.opened(products[-1]), most=_FEW_TERMS)
        best = best if found is None else _shorter(best, found)


@dataclass(frozen=True, slots=True)
class _Found:
    """A form of a node, the sums of products on the way there, and what was kept whole."""

    node: Node
    trail: tuple[tuple[Terms, Reason], ...]
    forward: Forward

    def steps(self, start: Node) -> tuple[Step[Node], ...]:
        """The steps that lead here from a node."""
        found: list[Step[Node]] = []
        last = self.node, Reason("common factor", "a b + a c = a (b + c)")
        before = start
        for after, why in (*((build(terms), why) for terms, why in self.trail), last):
            if after is not before:
                found.append(Step(before, after, why))
                before = after
        return tuple(found)


def _may_open(node: Node, forward: Forward, tried: Collection[Node]) -> bool:
    """Whether a node is a product of values that have no word for it."""
    return isinstance(node, Contract) and node in forward.whole and node not in tried and idiom(node) is None


def _shorter(first: _Found, second: _Found) -> _Found:
    if second.node is first.node:
        return first
    return second if _size(second.node, second.forward) < _size(first.node, first.forward) else first


def _size(node: Node, forward: Forward) -> tuple[int, int]:
    """Characters, and where they are as many the products that add up; the output is there in any case."""
    return _measured(node, forward.output, forward.named)


@lru_cache(maxsize=512)
def _measured(node: Node, output: Node, named: frozenset[Node]) -> tuple[int, int]:
    # Found once for all that was kept whole on the way to the node.
    inner = [*topological(node, leaves=(output,))]
    products = sum(isinstance(n, Contract) and bool(n.summed()) and n is not output for n in inner)
    refers = output in inner and times_written(node)[output] > 1
    return written_length(node, named) - _OUTPUT * refers, products


def _simplified(node: Node, forward: Forward, *, most: int = MOST_TERMS) -> _Found | None:
    """The node as short as the rules make it while some nodes are kept whole; None if it has too many terms."""
    # Kept where the values are: rules that are not the same may have been applied for others.
    if (node, most) not in forward.found:
        forward.found[node, most] = _made_short(node, forward, most)
    found: _Found | None = forward.found[node, most]
    return found


def _made_short(node: Node, forward: Forward, most: int) -> _Found | None:
    terms = flatten(node, forward.whole, most=most)
    if terms is None:
        return None
    seen = {terms}
    trail = [(terms, Reason("multiplied out", "a (b + c) = a b + a c"))]
    for _ in range(_MOST):
        found = _next(terms, forward, seen)
        if found is None:
            break
        why, terms = found
        if len(terms.terms) > most:
            return None
        seen.add(terms)
        trail.append((terms, why))
    return _Found(_shortest(terms, forward), tuple(trail), forward)


def _shortest(terms: Terms, forward: Forward) -> Node:
    """The shortest of the ways to take out common factors, or none."""
    forms = _forms(terms)
    return min(forms, key=lambda form: _size(form, forward)) if len(forms) > 1 else forms[0]


@lru_cache(maxsize=512)
def _forms(terms: Terms) -> tuple[Node, ...]:
    """The ways to take out common factors, and the sum without; found once, whatever was kept whole on the way."""
    if len(terms.terms) < 2:
        return (build(terms),)
    # Without labels that are summed over nothing but the axes of the result is inside of parentheses.
    summed = any(label not in terms.free for term in terms.terms for label in term.labels())
    apart = [factored(terms, inside=False)] if summed else []
    return tuple(dict.fromkeys((factored(terms), *apart, build(terms))))


def _next(terms: Terms, forward: Forward, seen: set[Terms]) -> tuple[Reason, Terms] | None:
    """What the first rule that applies makes of the terms; what was there before does not come again."""
    for why, rule in (*forward.rules, *REWRITES.items()):
        made = rule(terms, forward)
        # What a rule has put in may be a sum, which is multiplied out.
        changed = None if made is None else opened(made, forward.whole)
        if changed is not None and changed not in seen:
            return why, changed
    return None


def regrouped(node: Node, forward: Forward) -> Node:
    """a b x + a c x = a (b + c) x: the factors that all terms have are taken out at once, of the node made short.

    So each can be multiplied where that is least work. A node that has none, or too many terms, is left as it is.

    Shapes: unchanged.
    """
    terms = flatten(shortest(node, forward, opens=False), forward.whole)
    if terms is None:
        return node
    taken: list[Power] = []
    inner = terms
    while (found := shared_by_all(inner)) is not None:
        unit, inner = found
        taken.append(unit)
    powers = (*taken, Power(factored(inner), inner.free))
    return build(replace(terms, terms=(Term(Integer(1), powers),))) if taken else node
