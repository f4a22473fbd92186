"""Makes a formula as short as one would write it: a table of named equalities between sums of products.

    like terms              a b + b a = 2 a b
    forward function        1 - tanh(u)² = 1 - T²            where the forward pass computes T = tanh(u)
    forward value           exp(u) / s = P                   where it computes P
    forward factor          a / (a b) = 1 / b                where it computes a b
    forward power           u^(-1/2) = 1 / s                 where it computes s = √u
    constant sum            Σ_j (x_j - Σ_k x_k / N) = 0      what its own definition adds up to
    own mask                relu(u) [u > 0] = relu(u), u sign(u) = |u|
    own sign                |u|² = u², sign(u) |u|² = u |u|, sign(u) / |u| = 1 / u
    quotient of functions   sinh(u) / cosh(u) = tanh(u)
    double angle            2 sin(u) cos(u) = sin(2 u)
    negative argument       1 - sigmoid(-u) = sigmoid(u)
    function opened         a - (1 - tanh(u)²) a = tanh(u)² a
    common factor           a b + a c = a (b + c)

Every rule makes the terms fewer or the factors fewer, so they come to an end; every application is recorded, and
`proof` evaluates both sides.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Integer

from derive.forward.nodes import Add, Node, topological
from derive.rules.choice import written
from derive.rules.equalities import REWRITES
from derive.rules.factoring import factored, shared_by_all
from derive.rules.known import Forward, is_product
from derive.rules.length import lengths
from derive.rules.terms import MOST_TERMS, Power, Term, Terms, build, flatten, opened
from derive.steps import Reason, Step

__all__ = ["regrouped", "simplify"]


_MOST = 1000

_FEW_TERMS = 8
"""A sum of more terms is not expected to become short when it is multiplied out altogether."""


def simplify(node: Node, forward: Forward, *, opens: bool = True) -> tuple[Node, tuple[Step[Node], ...]]:
    """The node as short as the rules make it, and the steps that lead there.

    Values of the forward pass are kept whole; where that gives no single term, sums and products of inputs are also
    multiplied out, and, where opens says so, products entry by entry; the shorter result is taken. A node that would
    have too many terms is left as it is.

    Shapes: unchanged.
    """
    found = _simplified(node, forward)
    if found is None:
        return node, ()
    best, steps = found
    if any(isinstance(inner, Add) for inner in topological(best, leaves=forward.whole)):
        other = _simplified(node, forward.functions, most=_FEW_TERMS)
        if other is not None and _size(other[0], forward) < _size(best, forward):
            best, steps = other
    if opens and any(is_product(inner) and inner in forward.whole for inner in topological(best, leaves=forward.whole)):
        other = _simplified(node, forward.factors, most=_FEW_TERMS)
        if other is not None and _written(other[0], forward) <= _written(best, forward):
            best, steps = other
    return best, steps


def _written(node: Node, forward: Forward) -> int:
    return written(node, forward.whole, forward.given)


def _size(node: Node, forward: Forward) -> int:
    return lengths(node, named=forward.functions.whole)[node]


def _simplified(node: Node, forward: Forward, *, most: int = MOST_TERMS) -> tuple[Node, tuple[Step[Node], ...]] | None:
    """The node as short as the rules make it while some nodes are kept whole; None if it has too many terms."""
    terms, before = flatten(node, forward.whole, most=most), node
    if terms is None:
        return None
    steps: list[Step[Node]] = []

    def record(after: Node, why: Reason) -> None:
        nonlocal before
        if after is not before:
            steps.append(Step(before, after, why))
            before = after

    seen = {terms}
    record(build(terms), Reason("multiplied out", "a (b + c) = a b + a c"))
    for _ in range(_MOST):
        found = _next(terms, forward, seen)
        if found is None:
            break
        why, terms = found
        seen.add(terms)
        record(build(terms), why)
    record(factored(terms), Reason("common factor", "a b + a c = a (b + c)"))
    return before, tuple(steps)


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
    terms = flatten(simplify(node, forward, opens=False)[0], forward.whole)
    if terms is None:
        return node
    taken: list[Power] = []
    inner = terms
    while (found := shared_by_all(inner)) is not None:
        unit, inner = found
        taken.append(unit)
    powers = (*taken, Power(factored(inner), inner.free))
    return build(replace(terms, terms=(Term(Integer(1), powers),))) if taken else node
