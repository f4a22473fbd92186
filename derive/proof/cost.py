"""How much work it is to differentiate an element, counted without differentiating it."""

from __future__ import annotations

from derive.proof.ring import Element, Kind

__all__ = ["slope_terms"]


def slope_terms(value: Element) -> int:
    """About how many terms the derivatives of an element have, with respect to all variables together.

    By the product and the chain rule every generator of a monomial gives a term for each term of its own derivatives.
    """
    found: dict[Element, int] = {}
    _count(value, found, {})
    return found[value]


def _count(value: Element, found: dict[Element, int], generators: dict[int, int]) -> None:
    """Counts the terms of an element, after those of the elements inside its generators."""
    field = value.field
    pending = [value]
    while pending:
        element = pending[-1]
        monomials = [field.monomials[monomial] for monomial in element.terms]
        new = {number for monomial in monomials for number, _ in monomial} - generators.keys()
        inner = [a for number in sorted(new) for a in field.generators[number].arguments if a not in found]
        if inner:
            pending += inner
            continue
        pending.pop()
        for number in new:
            generator = field.generators[number]
            generators[number] = (
                1 if generator.kind is Kind.VARIABLE else sum(found[argument] for argument in generator.arguments)
            )
        found[element] = sum(generators[number] for monomial in monomials for number, _ in monomial)
