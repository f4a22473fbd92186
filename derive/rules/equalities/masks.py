"""Equalities of masks: where something holds, bounds of a value, and values that are bounded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, permutations

from sympy import Expr, Integer, Rational

from derive.forward.functions import abs as absolute
from derive.forward.functions import clip, relu, sign, step
from derive.forward.nodes import Add, Constant, Contract, Map, Node, Ones, placeholder
from derive.forward.normal import apply
from derive.rules.known import Forward
from derive.rules.matching import alike
from derive.rules.terms import Power, Term, Terms, gathered, replaced

__all__ = ["bounded", "bounds", "rectified"]

_X = placeholder(0)


@dataclass(frozen=True, slots=True)
class _Bound:
    """[u > t], or [u < t]; inner says that the mask was written with another value than u."""

    node: Node
    above: bool
    number: Rational
    inner: bool

    @property
    def mask(self) -> Node:
        return apply(step(_X - self.number if self.above else self.number - _X), [self.node])


def bounds(terms: Terms, forward: Forward) -> Terms | None:
    """[2 u + 1 > 0] = [u > -1/2], and [u > -c] [u < c] = [|u| < c].

    Source: both sides of an inequality may be shifted, and scaled by a positive number.
    """
    for number, term in enumerate(terms.terms):
        found = {place: _bound(power.node, forward.named) for place, power in enumerate(term.powers)}
        known = [(place, bound) for place, bound in found.items() if bound is not None]
        for (first, one), (second, other) in combinations(known, 2):
            same = one.node is other.node and term.powers[first].index == term.powers[second].index
            if same and one.above != other.above and one.number == -other.number:
                size = max(one.number, other.number)
                mask = apply(step(size - absolute(_X)), [one.node])
                if size > 0 and (one.number > 0) != one.above:
                    rest = tuple(power for place, power in enumerate(term.powers) if place not in (first, second))
                    made = replace(term, powers=(*rest, Power(mask, term.powers[first].index)))
                    return replace(terms, terms=(*terms.terms[:number], made, *terms.terms[number + 1 :]))
        for place, bound in known:
            if bound.inner:
                power = replace(term.powers[place], node=bound.mask)
                return replaced(terms, number, place, Term(Integer(1), (power,)))
    return None


def _bound(node: Node, given: Collection[Node]) -> _Bound | None:
    """A value, whether it is above a number, and the number, where a mask compares them."""
    if not isinstance(node, Map) or not isinstance(node.function, step) or len(node.operands) != 1:
        return None
    line = _line(node.function.args[0])
    if line is None:
        return None
    slope, shift = line
    (operand,) = node.operands
    base, scale, offset = (operand, Integer(1), Integer(0)) if operand in given else _affine(operand)
    steepness = slope * scale
    return _Bound(base, bool(steepness > 0), -(slope * offset + shift) / steepness, base is not operand)


def _line(function: Expr) -> tuple[Rational, Rational] | None:
    """a and b where the function is a x + b, in rational numbers."""
    slope = function.coeff(_X)
    shift = function - slope * _X
    return (slope, shift) if isinstance(slope, Rational) and slope and isinstance(shift, Rational) else None


def _affine(node: Node) -> tuple[Node, Rational, Rational]:
    """u, a and b where the node is a u + b, in rational numbers; a is not 0."""
    if isinstance(node, Add) and len(node.operands) == 2:
        for value, other in (node.operands, node.operands[::-1]):
            shift = _everywhere(other)
            if shift is not None:
                base, scale, _ = _affine(value)
                return base, scale, shift
    if isinstance(node, Contract) and len(node.operands) == 2 and node.indices[1] == node.output:
        first, second = node.operands
        if isinstance(first, Constant) and isinstance(first.value, Rational) and first.value:
            return second, first.value, Integer(0)
    return node, Integer(1), Integer(0)


def _everywhere(node: Node) -> Rational | None:
    """The number that an array holds at every entry."""
    if isinstance(node, Contract) and node.summed():
        return None
    parts = node.operands if isinstance(node, Contract) else (node,)
    values = [part.value for part in parts if isinstance(part, Constant)]
    if any(not isinstance(part, Constant | Ones) for part in parts) or len(values) > 1:
        return None
    value = values[0] if values else Integer(1)
    return value if isinstance(value, Rational) else None


def rectified(terms: Terms, forward: Forward) -> Terms | None:
    """u [u > 0] = relu(u), and the same with [u ≥ 0].

    Source: the definition of relu; at 0 both sides are 0.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            if not isinstance(power.node, Add) or not power.exponent.is_integer or power.exponent < 1:
                continue
            for beside, mask in enumerate(term.powers):
                if mask.index == power.index and power.node in _where_positive(mask.node):
                    made = Power(apply(relu(_X), [power.node]), power.index)
                    left = replace(power, exponent=power.exponent - 1)
                    rest = (p for k, p in enumerate(term.powers) if k not in (place, beside))
                    whole = gathered(Term(term.coefficient, (*rest, left, made)), terms.free)
                    return replace(terms, terms=(*terms.terms[:number], whole, *terms.terms[number + 1 :]))
    return None


def _where_positive(mask: Node) -> Iterator[Node]:
    """The values for which a mask is [u > 0] or [u ≥ 0]."""
    inside = _complement(mask)
    for node, turned in ((mask, 1), (inside, -1)):
        if isinstance(node, Map) and _is_step(node):
            yield apply(turned * node.function.args[0], node.operands)


def _complement(node: Node | None) -> Node | None:
    """The mask m where the node is 1 - m."""
    if not isinstance(node, Add) or len(node.operands) != 2:
        return None
    for one, other in (node.operands, node.operands[::-1]):
        if _everywhere(one) == 1:
            base, scale, shift = _affine(other)
            if scale == -1 and shift == 0 and (_is_step(base) or _complement(base) is not None):
                return base
    return None


def _is_step(node: Node) -> bool:
    return isinstance(node, Map) and isinstance(node.function, step)


def bounded(terms: Terms, forward: Forward) -> Terms | None:
    """[|u| ≤ c] u + [|u| > c] c sign(u) = clip(u, -c, c).

    Source: the definition of clip; where |u| is c both forms are the same.
    """
    masks = [
        (number, power, *found)
        for number, term in enumerate(terms.terms)
        for power in term.powers
        if (found := _size_of(power.node)) is not None
    ]
    for (near, inside, node, size, less), (far, outside, other, limit, more) in permutations(masks, 2):
        if not less or more or (node, size, inside.index) != (other, limit, outside.index) or near == far:
            continue
        if _complement(inside.node) is not outside.node and _complement(outside.node) is not inside.node:
            continue
        u, s = Power(node, inside.index), Power(apply(sign(_X), [node]), inside.index)
        kept, gone = _without(terms.terms[near], inside, u), _without(terms.terms[far], outside, s)
        if kept is None or gone is None or not alike(kept, gone, (*terms.free, *inside.index)):
            continue
        if kept.coefficient * size == gone.coefficient:
            made = Power(apply(clip(_X, -size, size), [node]), inside.index)
            rest = [term for number, term in enumerate(terms.terms) if number not in (near, far)]
            return replace(terms, terms=(*rest, replace(kept, powers=(*kept.powers, made))))
    return None


def _without(term: Term, *gone: Power) -> Term | None:
    """The term without some of its powers."""
    if any(power not in term.powers for power in gone):
        return None
    return replace(term, powers=tuple(power for power in term.powers if power not in gone))


def _size_of(mask: Node) -> tuple[Node, Rational, bool] | None:
    """u, c, and whether the size of u is below c or above it, where a mask compares them."""
    holds = True
    while (inside := _complement(mask)) is not None:
        mask, holds = inside, not holds
    bound = _bound(mask, ())
    if bound is None or not isinstance(bound.node, Map) or bound.node.function != absolute(_X) or bound.number <= 0:
        return None
    return bound.node.operands[0], bound.number, bound.above != holds
