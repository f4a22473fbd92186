"""Equalities of scalar functions, entry by entry."""

from __future__ import annotations

from dataclasses import replace

from sympy import Integer

from derive.forward.functions import abs as absolute
from derive.forward.functions import relu, sign, step
from derive.forward.nodes import Map, placeholder
from derive.forward.normal import apply
from derive.rules.known import Forward
from derive.rules.terms import Power, Term, Terms, replaced

__all__ = ["own_mask"]


def own_mask(terms: Terms, forward: Forward) -> Terms | None:
    """relu(u) [u > 0] = relu(u), and u sign(u) = |u|.

    Source: the functions' definitions; at 0 both sides are 0.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            if not isinstance(power.node, Map) or power.exponent != 1:
                continue
            function = power.node.function
            for beside in term.powers:
                if beside.index != power.index or beside.exponent < 1 or not beside.exponent.is_integer:
                    continue
                if function == step(placeholder(0)) and beside.node is apply(relu(placeholder(0)), power.node.operands):
                    return replaced(terms, number, place, Term(Integer(1), ()))
                if function == sign(placeholder(0)) and beside.node is power.node.operands[0]:
                    size = Power(apply(absolute(placeholder(0)), power.node.operands), power.index)
                    left = replace(beside, exponent=beside.exponent - 1)
                    powers = tuple(left if p is beside else p for p in term.powers)
                    without = replace(term, powers=powers)
                    changed = replace(terms, terms=(*terms.terms[:number], without, *terms.terms[number + 1 :]))
                    return replaced(changed, number, place, Term(Integer(1), (size,)))
    return None
