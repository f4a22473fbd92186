"""What is known on the boundaries of comparisons, where a proof by canonical forms or case by case says nothing.

On u = 0 code may take one of the gradients to both sides, or one between them: those are subgradients. Written with
[u > 0], [-u > 0] and [u = 0], which are independent there, that is an equality, and it is decided like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.checking.budget import Budget
from derive.checking.every_size import Traced
from derive.checking.exactly import Branch
from derive.checking.generic import is_piecewise, substituted, vanishes_generically
from derive.checking.range import is_never_positive, is_never_zero
from derive.checking.sides import Explored
from derive.errors import UserError
from derive.forward.functions import equal, largest, smallest, step
from derive.proof.ring import Element, Generator, Kind

__all__ = ["Boundary", "at_points", "is_one_sided", "settled"]

_SHARES = (Fraction(0), Fraction(1), Fraction(1, 2))
"""How much of the gradient to the side where u > 0 is taken on u = 0."""

_SHOWN = 2

Masks = dict[int, Element]
Group = list[tuple[Generator, int]]
"""Masks that turn where the same u is 0, each with the sign of u in it."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """How it is known what code gives on boundaries; reason is why that is not known, "" if it is."""

    told: str = ""
    reason: str = ""


def settled(
    name: str, traced: Traced | None, runs: Callable[[], Sequence[Branch]], budget: Budget, *, every_size: bool
) -> Boundary | None:
    """What is proved about the boundaries of one gradient that is proved away from them; None if nothing is."""
    if every_size and traced is not None:
        if not traced.jumps(name):
            return Boundary()
    made = runs()
    if every_size and traced is not None and traced.is_one_sided(name) and made:
        if all(_has_both_sides(run, name) for run in made):
            return Boundary("at its boundary it takes the gradient of one side")
    if not every_size and made and all(_is_smooth(run, name) for run in made):
        return Boundary()
    if made and all(is_one_sided(run, name, budget) for run in made):
        return Boundary("at its boundary it takes a gradient of one side or halfway, exactly, at the sizes of proofs")
    return None


def at_points(explored: Explored) -> Boundary:
    """What points on boundaries say, where nothing is proved."""
    if explored.started and explored.followed and not explored.unreached:
        many = explored.boundaries
        if not many and any(sides.varies for sides in explored.sides.values()):
            return Boundary(reason="proved but for its boundary, on which no input was found with gradients beside it")
        if not many:
            # No comparison has more than one answer.
            return Boundary()
        points = f"at {many} point{'s' * (many != 1)} on its boundary"
        return Boundary(
            f"{points} it takes one of the gradients nearby, with 100 digits; no proof was found for others"
        )
    if not explored.followed:
        why = explored.failure or "forward has no value"
        return Boundary(reason=f"what it gives at the boundaries of comparisons cannot be followed: {why}")
    if explored.unreached:
        places = "; ".join(map(str, explored.unreached[:_SHOWN]))
        told = "proved but for the boundary of a comparison, on which no input was found with gradients beside it"
        return Boundary(reason=f"{told}: {places}")
    return Boundary(reason="proved but for the boundaries of comparisons, for which there was no time")


def _is_smooth(run: Branch, name: str) -> bool:
    """Whether the code compares nothing."""
    return not run.known and not any(is_piecewise(entry) for entry in run.got[name].data.ravel())


def _has_both_sides(run: Branch, name: str) -> bool:
    """Whether no comparison has but one side: the other is no gradient to take on the boundary."""
    masks = [mask for mask in _masks(list(run.got[name].data.ravel())) if mask.kind is Kind.MASK]
    return not run.failure and all(len(_sides(_difference(mask))) == 2 for mask in masks if _is_reached(mask))


def is_one_sided(run: Branch, name: str, budget: Budget) -> bool:
    """Whether on the boundary of every mask the gradient is one to its sides, or halfway between them."""
    if run.failure or not _is_followed_at_boundaries(run):
        return False
    entries = list(run.got[name].data.ravel())
    masks = [mask for mask in _masks(entries) if mask.kind is Kind.MASK and _is_reached(mask)]
    # The largest of several is continuous where two are equal, but whether one is the largest is not.
    if any(mask.name is equal and any(g.kind is not Kind.MASK for g in _masks(mask.arguments)) for mask in masks):
        return False
    asked = [
        run.field.generators[number] for number in sorted(run.questioned) if number not in {m.number for m in masks}
    ]
    if _has_corner(entries, _by_boundary([*masks, *asked])):
        return False
    try:
        return all(_on_one(entries, u, group, run.known, budget) for u, group in _by_boundary(masks))
    except UserError:
        return False


def _is_reached(mask: Generator) -> bool:
    return not is_never_zero(_difference(mask))


def _sides(u: Element) -> list[Fraction]:
    """The sides of u = 0 that there are, as shares of the one where u > 0: x² has no other."""
    return [share for share, side in ((Fraction(1), u), (Fraction(0), -u)) if not is_never_positive(side)]


def _has_corner(entries: Sequence[Element], groups: Iterator[tuple[Element, Group]]) -> bool:
    """Whether masks that say more than on which side it is of two boundaries occur together.

    Where both boundaries meet they may then give what none of the sides has, as [u = 0] [v = 0] does; on each of them
    by itself that is nothing.
    """
    owners: dict[int, int] = {}
    for place, (u, group) in enumerate(groups):
        alone = len({sign for _, sign in group}) == 1 and all(mask.name is not equal for mask, _ in group)
        if not alone or len(_sides(u)) < 2:
            owners |= {mask.number: place for mask, _ in group}
    for entry in entries:
        for monomial in entry.terms:
            masks = _masks([Element(entry.field, {monomial: entry.terms[monomial]})])
            if len({owners[mask.number] for mask in masks if mask.number in owners}) > 1:
                return True
    return False


def _is_followed_at_boundaries(run: Branch) -> bool:
    """Whether code that asks takes on a boundary the way of one of its sides, all of which are looked at.

    It does if it asks whether u > 0 or whether u < 0, and not both, nor whether u = 0, and if u can be below 0 as well.
    """
    generators = [run.field.generators[number] for number in sorted(run.questioned)]
    if any(generator.name is equal and not run.known[generator.number] for generator in generators):
        return False
    if any(g.name is step and _is_reached(g) and is_never_positive(-g.arguments[0]) for g in generators):
        return False
    return all(len(group) == 1 for _, group in _by_boundary(generators))


def _masks(entries: Sequence[Element]) -> list[Generator]:
    """All that the entries are made of that jumps."""
    found: dict[int, Generator] = {}
    stack = list(entries)
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        for monomial in value.terms:
            for number, _ in value.field.monomials[monomial]:
                if number in seen:
                    continue
                seen.add(number)
                generator = value.field.generators[number]
                if generator.kind is Kind.MASK or generator.name in (largest, smallest):
                    found[number] = generator
                stack += generator.arguments
    return [found[number] for number in sorted(found)]


def _difference(mask: Generator) -> Element:
    return mask.arguments[0] if mask.name is step else mask.arguments[0] - mask.arguments[1]


def _by_boundary(masks: Sequence[Generator]) -> Iterator[tuple[Element, Group]]:
    groups: list[tuple[Element, Group]] = []
    for mask in masks:
        difference = _difference(mask)
        for u, group in groups:
            ratio = _ratio(difference, u)
            if ratio:
                group.append((mask, ratio))
                break
        else:
            groups.append((difference, [(mask, 1)]))
    return iter(groups)


def _ratio(first: Element, second: Element) -> int:
    """The sign of a number that one element is of the other; 0 if there is none."""
    if first.terms.keys() != second.terms.keys() or not first.terms:
        return 0
    ratios = {Fraction(str(first.terms[m])) / Fraction(str(second.terms[m])) for m in first.terms}
    return (1 if ratios.pop() > 0 else -1) if len(ratios) == 1 else 0


def _on_one(
    entries: Sequence[Element],
    u: Element,
    group: Group,
    known: Mapping[int, bool],
    budget: Budget,
) -> bool:
    """Whether on u = 0 all entries are those of one side, or halfway between both; of a side that there is."""
    field = u.field
    on: Masks = {}
    above: Masks = {}
    below: Masks = {}
    for mask, sign in group:
        equality = mask.name is equal
        on[mask.number] = field.one if equality else field.zero
        above[mask.number] = field.one if not equality and sign > 0 else field.zero
        below[mask.number] = field.one if not equality and sign < 0 else field.zero
    solved = _solved(u)
    places: list[Mapping[int, Element]] = [{}, *([solved] if solved else [])]
    # Code that has asked is on one side only.
    asked = {Fraction((sign > 0) == known[mask.number]) for mask, sign in group if mask.number in known}
    others = {number: held for number, held in known.items() if number not in on}
    there = _sides(u)
    for share in [share for share in asked or (_SHARES if len(there) == 2 else there) if share in there or not asked]:
        for place in places:
            differences = (
                substituted(entry, on) - substituted(entry, above) * share - substituted(entry, below) * (1 - share)
                for entry in entries
            )
            if all(_vanishes(value, place, others, budget) for value in differences):
                return True
    return False


def _vanishes(value: Element, place: Mapping[int, Element], known: Mapping[int, bool], budget: Budget) -> bool:
    return not value.terms or vanishes_generically(substituted(value, place) if place else value, known, budget)


def _solved(u: Element) -> Masks:
    """A variable, and what it is where u = 0; nothing if u is in no variable straight."""
    field = u.field
    inside: dict[int, int] = {}
    for monomial in u.terms:
        for number, _ in field.monomials[monomial]:
            inside[number] = inside.get(number, 0) + 1
    for monomial, coefficient in u.terms.items():
        powers = field.monomials[monomial]
        if len(powers) == 1 and powers[0][1] == 1 and inside[powers[0][0]] == 1:
            number = powers[0][0]
            others = [n for n in inside if n != number]
            if field.generators[number].kind is Kind.VARIABLE and not any(
                _holds(field.generators[n], number) for n in others
            ):
                rest = u - field.atom(number) * coefficient
                return {number: rest * (Fraction(-1) / Fraction(str(coefficient)))}
    return {}


def _holds(generator: Generator, number: int) -> bool:
    """Whether it is a function of a variable."""
    field = generator.arguments[0].field if generator.arguments else None
    return field is not None and any(
        n == number or _holds(field.generators[n], number)
        for argument in generator.arguments
        for monomial in argument.terms
        for n, _ in field.monomials[monomial]
    )
