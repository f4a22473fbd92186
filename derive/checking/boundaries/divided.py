"""What elements are where another is 0: a variable is put in, or multiples are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from derive.checking.proofs.generic import substituted
from derive.proof.ring import Coefficient, Element, Kind, Ring

__all__ = ["on_boundary"]

_MOST_ROUNDS = 64


def on_boundary(value: Element, u: Element) -> Element:
    """The value where u is 0, as far as that makes it another."""
    solved = _solved(u)
    return substituted(value, solved) if solved else _remainder(value, u)


def _solved(u: Element) -> dict[int, Element]:
    """Variables, and what they are where u = 0: one that is in it straight, or all where it is a sum of squares."""
    field = u.field
    for number, slope in u.gradient().items():
        if set(slope) == {0}:
            rest = u - field.atom(number) * slope[0]
            return {number: rest * (Fraction(-1) / Fraction(str(slope[0])))}
    powers = [field.monomials[monomial] for monomial in u.terms]
    if len(powers) == 1 and len(powers[0]) == 1 and field.generators[powers[0][0][0]].kind is Kind.POWER:
        return _solved(field.generators[powers[0][0][0]].arguments[0]) if powers[0][0][1] > 0 else {}
    if all(coefficient > 0 for coefficient in u.terms.values()) and all(
        len(items) == 1 and items[0][1] > 0 and items[0][1] % 2 == 0 for items in powers
    ):
        numbers = [items[0][0] for items in powers]
        if all(field.generators[number].kind is Kind.VARIABLE for number in numbers):
            return dict.fromkeys(numbers, field.zero)
    return {}


def _remainder(value: Element, u: Element) -> Element:
    """What is left of a polynomial divided by u, in which some product of variables stands out: x y + ... = 0."""
    field = value.field
    terms = [(monomial, dict(field.monomials[monomial])) for monomial in u.terms]
    lead = next((m for m, powers in terms if _stands_out(field, powers, [p for other, p in terms if other != m])), None)
    if lead is None:
        return value
    wanted = field.monomials[lead]
    instead = (u - Element(field, {lead: u.terms[lead]})) * (Fraction(-1) / Fraction(str(u.terms[lead])))
    for _ in range(_MOST_ROUNDS):
        found = [m for m in value.terms if all(dict(field.monomials[m]).get(n, 0) >= e for n, e in wanted)]
        if not found:
            break
        parts = []
        for monomial in found:
            powers = dict(field.monomials[monomial])
            rest = {n: e - dict(wanted).get(n, 0) for n, e in powers.items()}
            parts.append(field.monomial(rest) * instead * Fraction(str(value.terms[monomial])))
        kept = Element(field, {m: c for m, c in value.terms.items() if m not in found})
        value = field.add([kept, *parts])
    return value


def _stands_out(field: Ring, powers: Mapping[int, Coefficient], others: Sequence[Mapping[int, Coefficient]]) -> bool:
    """Whether it is a product of variables, one of which is in no other."""
    return all(field.generators[n].kind is Kind.VARIABLE and e == 1 for n, e in powers.items()) and any(
        all(n not in other for other in others) for n in powers
    )
