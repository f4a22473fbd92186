"""Elements as polynomials of masks, with none inside of another function: f([m]) = [m] f(1) + (1 - [m]) f(0).

Whether u > 0, u = 0 or u < 0 tells all masks that compare a u + c, if c does not stand against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import mul

from derive.checking.proofs.generic import generators, substituted
from derive.forward.functions import equal, largest, smallest, step
from derive.forward.nodes import placeholder
from derive.proof.masks import on_line
from derive.proof.ring import Coefficient, Element, Generator, Kind

__all__ = ["NotDecidedError", "apart", "difference", "inner", "known", "masks_of", "step_of", "values", "where"]

_MOST_PARTS = 64
"""Of more parts, masks inside of others are not taken apart."""

Values = Mapping[int, Element]


class NotDecidedError(Exception):
    """It would take too long."""


def masks_of(entries: Iterable[Element]) -> list[Generator]:
    """The masks that entries are polynomials of."""
    found = {
        number: generator
        for entry in entries
        for monomial in entry.terms
        for number, _ in entry.field.monomials[monomial]
        if (generator := entry.field.generators[number]).kind is Kind.MASK
    }
    return [found[number] for number in sorted(found)]


def difference(mask: Generator) -> Element:
    """What is compared with 0."""
    return mask.arguments[0] if mask.name is step else mask.arguments[0] - mask.arguments[1]


def apart(value: Element) -> Element:
    """The same as a polynomial of masks, with none inside of another function: f([m]) = [m] f(1) + (1 - [m]) f(0).

    Raises: NotDecidedError if it has too many parts.
    """
    return value.field.add(_parts(value, [_MOST_PARTS]))


def _parts(value: Element, left: list[int]) -> Iterator[Element]:
    found = inner(value)
    if found is None:
        yield value
        return
    left[0] -= 1
    if left[0] < 0:
        raise NotDecidedError
    for share, instead in _ways(found, value):
        for part in _parts(substituted(value, instead), left):
            yield share * part


def _ways(generator: Generator, value: Element) -> Iterator[tuple[Element, Values]]:
    """A mask that holds, and one that does not; or which of several is the first that none exceeds."""
    field = value.field
    if generator.kind is Kind.MASK:
        mask, others = field.raised(generator, 1), [g for g in generators([value]) if g.kind is Kind.MASK]
        for share, held in ((mask, True), (1 - mask, False)):
            told = known(generator.arguments[0], 1 if held else None, others) if generator.name is step else {}
            yield share, values(value, {**told, generator.number: held})
        return
    sign = 1 if generator.name is largest else -1
    for place, winner in enumerate(generator.arguments):
        earlier = [step_of((winner - a) * sign) for a in generator.arguments[:place]]
        later = [1 - step_of((a - winner) * sign) for a in generator.arguments[place + 1 :]]
        yield reduce(mul, (*earlier, *later), field.one), {generator.number: winner}


def step_of(u: Element) -> Element:
    """[u > 0]."""
    return u.field.apply(step(placeholder(0)), [u])


def inner(value: Element, *, within: bool = False) -> Generator | None:
    """A mask inside of another function, or an extreme inside of a mask, in which all of it is if `within`."""
    field = value.field
    seen: set[tuple[int, bool, bool]] = set()
    found: dict[int, Generator] = {}
    stack = [(number, within, within) for monomial in value.terms for number, _ in field.monomials[monomial]]
    while stack:
        item = stack.pop()
        if item in seen:
            continue
        seen.add(item)
        number, inside, compared = item
        generator = field.generators[number]
        if (inside and generator.kind is Kind.MASK) or (compared and generator.name in (largest, smallest)):
            found[number] = generator
        below = compared or generator.kind is Kind.MASK
        stack += [(n, True, below) for u in generator.arguments for m in u.terms for n, _ in field.monomials[m]]
    # What was made first is a function of nothing that was made later.
    return found[min(found)] if found else None


def values(value: Element, known: Mapping[int, bool]) -> Values:
    """Truth values as elements of the field."""
    return {number: value.field.one if held else value.field.zero for number, held in known.items()}


def where(value: Element, u: Element, side: int) -> Element:
    """The value where u > 0, u = 0 or u < 0, as far as masks say that."""
    return substituted(value, values(value, known(u, side, masks_of([value]))))


def known(u: Element, side: int | None, masks: Iterable[Generator], *, only_others: bool = False) -> dict[int, bool]:
    """The masks that are known where u > 0, u = 0 or u < 0, or else not above 0: those of a u + c."""
    found: dict[int, bool] = {}
    for mask in masks:
        line = on_line(u, difference(mask))
        if line is not None and not (only_others and not line[1]):
            held = _holds(mask.name is equal, *line, side)
            found |= {} if held is None else {mask.number: held}
    return found


def _holds(equality: bool, a: Coefficient, c: Coefficient, side: int | None) -> bool | None:
    """Whether a u + c is 0, or whether it is above 0."""
    if side == 0:
        return bool(c == 0 if equality else c > 0)
    rises = a * (side or -1) > 0
    if (c > 0) if rises else (c < 0):
        return rises and not equality
    # Just c itself is reached only where u = 0 is.
    if c == 0 and side is not None:
        return rises and not equality
    return False if c == 0 and not rises and not equality else None
