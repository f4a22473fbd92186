"""Whether two elements are equal wherever nothing jumps: masks are decided one by one, and in every case it is algebra.

1 - [-u > 0]  and  [u > 0]      differ where u = 0 alone, which is no open set
[x_j = max x] / Σ [x_i = max x]      is 1 for one j, whichever is the largest
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import combinations
from operator import mul

from derive.checking.boundaries.range import is_never_positive
from derive.checking.budget import Budget
from derive.forward.functions import equal, largest, smallest, step
from derive.forward.nodes import placeholder
from derive.proof.decide import vanishes, vanishes_in_parts
from derive.proof.ring import Coefficient, Element, Generator, Kind

__all__ = ["generators", "is_piecewise", "substituted", "vanishes_generically"]

_MOST_CASES = 512


def vanishes_generically(value: Element, known: Mapping[int, bool], budget: Budget) -> bool:
    """Whether the element is seen to be 0 in every case that the masks it is made of allow; known are decided."""
    pending = [(value, dict(known))]
    cases = 0
    while pending:
        budget.check()
        case, masks = pending.pop()
        case = _decided(case, masks)
        if not case.terms:
            continue
        jump = _innermost(case)
        if vanishes_in_parts(case) or (jump is None and vanishes(case)):
            continue
        if jump is None:
            if _is_impossible(case, masks):
                continue
            return False
        cases += 1
        if cases > _MOST_CASES:
            return False
        pending += _cases(case, jump, masks)
    return True


def _decided(value: Element, masks: Mapping[int, bool]) -> Element:
    """The element with 1 and 0 in the place of masks, also of those that come about by that: [x [x > 0] > 0]."""
    numbers = {n: value.field.one if held else value.field.zero for n, held in masks.items()}
    while (made := substituted(value, numbers)) is not value and made != value:
        value = made
    return value


def _is_impossible(value: Element, masks: Mapping[int, bool]) -> bool:
    """Whether something is said to be positive that never is, or two things whose sum is not: u > 0 and -u - 1 > 0."""
    asked = [(value.field.generators[number], held) for number, held in masks.items()]
    positive = [u.arguments[0] if held else -u.arguments[0] for u, held in asked if u.name is step]
    if any(map(is_never_positive, positive)):
        return True
    sums = (a + b for a, b in combinations(positive, 2))
    return any(set(total.terms) <= {0} and total.terms.get(0, 0) < 0 for total in sums)


def _cases(value: Element, jump: Generator, masks: Mapping[int, bool]) -> list[tuple[Element, dict[int, bool]]]:
    field = value.field
    if jump.name is step:
        return [(value, {**masks, **_held(jump, held)}) for held in (True, False)]
    if jump.name is equal:
        # Two different values are equal on no open set.
        difference = jump.arguments[0] - jump.arguments[1]
        return [(value, {**masks, jump.number: vanishes_in_parts(difference) or vanishes(difference)})]
    made = []
    for place, winner in enumerate(jump.arguments):
        held: dict[int, bool] = {}
        for other, argument in enumerate(jump.arguments):
            if other != place:
                sign = 1 if jump.name is largest else -1
                for monomial in field.apply(step(placeholder(0)), [(winner - argument) * sign]).terms:
                    for number, _ in field.monomials[monomial]:
                        held.update(_held(field.generators[number], True))
        # What is known already may rule a case out.
        if all(masks.get(number, answer) == answer for number, answer in held.items()):
            made.append((substituted(value, {jump.number: winner}), {**masks, **held}))
    return made


def _held(mask: Generator, held: bool) -> dict[int, bool]:
    """What it says about this mask and about its opposite that it holds, or does not."""
    field = mask.arguments[0].field
    found = {mask.number: held}
    for monomial in field.apply(step(placeholder(0)), [-mask.arguments[0]]).terms:
        for number, _ in field.monomials[monomial]:
            found[number] = not held
    return found


def _jumps(generator: Generator) -> bool:
    return generator.kind is Kind.MASK or generator.name in (largest, smallest)


def is_piecewise(value: Element) -> bool:
    """Whether the element is made of masks or of largest entries."""
    return _innermost(value) is not None


def _innermost(value: Element) -> Generator | None:
    """A mask or an extreme that is a function of no other: extremes first, since masks compare with them."""
    # What was made first is a function of nothing that was made later.
    found = filter(_jumps, generators([value]))
    return min(found, key=lambda g: (g.kind is Kind.MASK, g.number), default=None)


def generators(elements: Iterable[Element]) -> Iterator[Generator]:
    """All that elements are made of, each once."""
    seen: set[int] = set()
    stack = list(elements)
    while stack:
        element = stack.pop()
        field = element.field
        for monomial in element.terms:
            for number, _ in field.monomials[monomial]:
                if number not in seen:
                    seen.add(number)
                    yield field.generators[number]
                    stack += field.generators[number].arguments


def substituted(value: Element, values: Mapping[int, Element]) -> Element:
    """The element with others in the place of some generators, of masks and of variables alike."""
    if not values:
        return value
    field = value.field
    made: dict[int, Element] = {}
    touched: dict[int, bool] = {}

    def is_touched(number: int) -> bool:
        if number not in touched:
            arguments = field.generators[number].arguments
            touched[number] = number in values or any(
                is_touched(n) for u in arguments for monomial in u.terms for n, _ in field.monomials[monomial]
            )
        return touched[number]

    def of(number: int) -> Element:
        if number not in made:
            generator = field.generators[number]
            if number in values:
                made[number] = values[number]
            elif not is_touched(number):
                made[number] = field.raised(generator, 1)
            else:
                arguments = [total(argument) for argument in generator.arguments]
                places = [placeholder(p) for p in range(len(arguments))]
                made[number] = field.apply(generator.function(*places), arguments)
        return made[number]

    raised: dict[tuple[int, Coefficient], Element] = {}

    def power(number: int, exponent: Coefficient) -> Element:
        if (number, exponent) not in raised:
            raised[number, exponent] = of(number) ** exponent
        return raised[number, exponent]

    def total(element: Element) -> Element:
        kept, changed = {}, []
        for monomial, coefficient in element.terms.items():
            powers = field.monomials[monomial]
            if not any(is_touched(number) for number, _ in powers):
                kept[monomial] = coefficient
                continue
            factors = [
                power(number, exponent) if is_touched(number) else field.raised(field.generators[number], exponent)
                for number, exponent in powers
            ]
            changed.append(reduce(mul, factors, field.one) * coefficient)
        return field.add([Element(field, kept), *changed]) if changed else element

    return total(value)
