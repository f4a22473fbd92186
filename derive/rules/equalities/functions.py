"""Equalities of scalar functions, entry by entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import permutations

from sympy import Expr, Integer, cos, cosh, sin, sinh, tan, tanh

from derive.forward.functions import abs as absolute
from derive.forward.functions import relu, sigmoid, sign, step
from derive.forward.nodes import Constant, Contract, Map, Node, placeholder
from derive.forward.normal import apply, contract
from derive.rules.equalities.sums import like_terms
from derive.rules.known import Forward
from derive.rules.matching import alike, factors
from derive.rules.terms import Power, Term, Terms, flatten, gathered, replaced

__all__ = ["double_angle", "function_opened", "negative_sigmoid", "own_mask", "own_sign", "quotient_of_functions"]

_X = placeholder(0)
_STEP, _SIGN, _ABS, _SIGMOID, _SIN, _COS = (f(_X) for f in (step, sign, absolute, sigmoid, sin, cos))


def _of(power: Power, function: Expr) -> Node | None:
    """The operand, where a power is one of that function."""
    return power.node.operands[0] if isinstance(power.node, Map) and power.node.function == function else None


def _multiplied(terms: Terms, number: int, places: tuple[int, ...], made: Term) -> Terms:
    """The terms with some powers of one term replaced by a product."""
    term = terms.terms[number]
    left = tuple(power for place, power in enumerate(term.powers) if place not in places)
    changed = Term(term.coefficient * made.coefficient, (*left, *made.powers))
    others = (*terms.terms[:number], gathered(changed, terms.free), *terms.terms[number + 1 :])
    return replace(terms, terms=others)


def _pairs(terms: Terms) -> Iterator[tuple[int, int, int, Power, Power]]:
    """Two powers of functions, with labels alike, in one term: the term's number, both places, both powers."""
    for number, term in enumerate(terms.terms):
        maps = [place for place, power in enumerate(term.powers) if isinstance(power.node, Map)]
        for first, second in permutations(maps, 2):
            if term.powers[first].index == term.powers[second].index:
                yield number, first, second, term.powers[first], term.powers[second]


def own_mask(terms: Terms, forward: Forward) -> Terms | None:
    """relu(u) [u > 0] = relu(u), and u sign(u) = |u|.

    Source: the functions' definitions; at 0 both sides are 0.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            if not isinstance(power.node, Map) or power.exponent != 1:
                continue
            function = power.node.function
            if function not in (_STEP, _SIGN):
                continue
            for beside in term.powers:
                if beside.index != power.index or beside.exponent < 1 or not beside.exponent.is_integer:
                    continue
                if function == _STEP and beside.node is apply(relu(_X), power.node.operands):
                    return replaced(terms, number, place, Term(Integer(1), ()))
                if function == _SIGN and beside.node is power.node.operands[0]:
                    size = Power(apply(absolute(_X), power.node.operands), power.index)
                    left = replace(beside, exponent=beside.exponent - 1)
                    powers = tuple(left if p is beside else p for p in term.powers)
                    without = replace(term, powers=powers)
                    changed = replace(terms, terms=(*terms.terms[:number], without, *terms.terms[number + 1 :]))
                    return replaced(changed, number, place, Term(Integer(1), (size,)))
    return None


def own_sign(terms: Terms, forward: Forward) -> Terms | None:
    """|u|² = u², sign(u) |u|² = u |u|, and sign(u) / |u| = 1 / u.

    Source: |u| = u sign(u) and sign(u)² = 1 but at 0, where either both sides are 0 or neither is defined.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            inner = _of(power, _ABS)
            if inner is not None and power.exponent.is_integer and power.exponent % 2 == 0:
                return replaced(terms, number, place, Term(Integer(1), (replace(power, node=inner),)))
    for number, first, second, power, other in _pairs(terms):
        inner = _of(power, _SIGN)
        if inner is None or inner is not _of(other, _ABS) or power.exponent != 1:
            continue
        if other.exponent.is_integer:
            # Even powers of |u| are gone.
            return _multiplied(terms, number, (first, second), Term(Integer(1), (replace(other, node=inner),)))
    return None


_QUOTIENTS = {sinh(_X): (cosh(_X), tanh(_X)), sin(_X): (cos(_X), tan(_X))}
"""A function, what it is divided by, and the quotient."""


def quotient_of_functions(terms: Terms, forward: Forward) -> Terms | None:
    """sinh(u) / cosh(u) = tanh(u), and sin(u) / cos(u) = tan(u).

    Source: the functions' definitions.
    """
    for number, first, second, over, under in _pairs(terms):
        if over.exponent == 1 and under.exponent == -1 and isinstance(over.node, Map):
            divisor, quotient = _QUOTIENTS.get(over.node.function, (None, None))
            if divisor is not None and over.node.operands[0] is _of(under, divisor):
                made = Power(apply(quotient, over.node.operands), over.index)
                return _multiplied(terms, number, (first, second), Term(Integer(1), (made,)))
    return None


def double_angle(terms: Terms, forward: Forward) -> Terms | None:
    """2 sin(u) cos(u) = sin(2 u).

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 4.3.24.
    """
    for number, first, second, sine, cosine in _pairs(terms):
        inner = _of(sine, _SIN)
        if inner is None or inner is not _of(cosine, _COS) or sine.exponent != 1 or cosine.exponent != 1:
            continue
        if terms.terms[number].coefficient.as_coeff_Mul()[0] % 2 == 0:
            made = Power(apply(sin(_X), [_scaled(inner, 2)]), sine.index)
            return _multiplied(terms, number, (first, second), Term(Integer(1) / 2, (made,)))
    return None


def _scaled(node: Node, number: int) -> Node:
    first, *rest = node.operands or (node,)
    if isinstance(node, Contract) and isinstance(first, Constant):
        return contract([Constant(first.value * number), *rest], node.indices, node.output)
    axes = range(len(node.shape))
    return contract([Constant(Integer(number)), node], [(), axes], axes)


def negative_sigmoid(terms: Terms, forward: Forward) -> Terms | None:
    """1 - sigmoid(-u) = sigmoid(u), where the sign is seen.

    Source: 1 - 1 / (1 + exp(u)) = 1 / (1 + exp(-u)).
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            inner = _of(power, _SIGMOID)
            if inner is None or power.exponent != 1 or power.node in forward.named or not _has_sign(inner):
                continue
            rest = (*term.powers[:place], *term.powers[place + 1 :])
            alone = Term(-term.coefficient, rest)
            if any(other.node is power.node for other in rest):
                continue
            # Where nothing else has an axis that is summed over, a stands for a times its size.
            if not {*power.index} <= {*terms.free, *alone.labels()}:
                continue
            for beside, other in enumerate(terms.terms):
                if other.coefficient == -term.coefficient and alike(alone, other, terms.free):
                    turned = Power(apply(sigmoid(_X), [_scaled(inner, -1)]), power.index)
                    changed = _multiplied(terms, number, (place,), Term(Integer(-1), (turned,)))
                    kept = tuple(t for k, t in enumerate(changed.terms) if k != beside)
                    return replace(changed, terms=kept)
    return None


def _has_sign(node: Node) -> bool:
    """Whether a product begins with a negative number."""
    first = node.operands[0] if isinstance(node, Contract) else None
    return isinstance(first, Constant) and bool(first.value.could_extract_minus_sign())


@lru_cache(maxsize=256)
def _opened(node: Map, forward: Forward) -> tuple[Term, ...]:
    """The terms of a function that is a sum; what the forward pass computes is kept whole."""
    parts = [flatten(apply(part, node.operands), forward.whole) for part in node.function.args]
    return tuple(made.terms[0] for made in parts if made is not None and len(made.terms) == 1)


def function_opened(terms: Terms, forward: Forward) -> Terms | None:
    """a - (1 - tanh(u)²) a = tanh(u)² a: a function that is a sum is opened where less is left of it then.

    Source: the distributive law.
    """
    if len(terms.terms) < 2:
        return None
    made_of = [factors(*term.powers) for term in terms.terms]
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            node = power.node
            if isinstance(node, Map) and node.function.is_Add and power.exponent == 1:
                inner = _opened(node, forward)
                rest = (*term.powers[:place], *term.powers[place + 1 :])
                after = [*made_of[:number], *(factors(*rest, *part.powers) for part in inner), *made_of[number + 1 :]]
                if sum(times == 1 for times in Counter(after).values()) >= len(terms.terms):
                    # So many terms have nothing that they could be put together with.
                    continue
                axes = dict(enumerate(power.index))
                opened = [
                    replaced(terms, number, place, part.renamed(axes)).terms[number]
                    for part in inner
                    if set(part.labels()) <= axes.keys()
                ]
                if len(opened) == len(node.function.args):
                    others = (*terms.terms[:number], *opened, *terms.terms[number + 1 :])
                    made_ = replace(terms, terms=others)
                    while (merged := like_terms(made_, forward)) is not None:
                        made_ = merged
                    if len(made_.terms) < len(terms.terms):
                        return made_
    return None
