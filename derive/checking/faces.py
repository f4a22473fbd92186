"""What entries made of masks are where masks turn, against what they are beside those places.

On u = 0 all of [u > 0], [-u > 0] and [u = 0] are known, as they are to both sides. What entries are there is the same
as on one side, or halfway between both, whatever other masks are: that is an equality, decided like any other. It then
holds where several boundaries meet too, as long as the sides exist together there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import reduce
from operator import mul

from derive.checking.budget import Budget
from derive.checking.cells import ABOVE, BELOW, SHARES, exist_together, on_line, only_side
from derive.checking.exactly import Branch
from derive.checking.generic import substituted, vanishes_generically
from derive.checking.range import is_never_positive, is_never_zero
from derive.errors import UserError
from derive.forward.functions import equal, largest, smallest, step
from derive.forward.nodes import placeholder
from derive.proof.ring import Element, Generator, Kind

__all__ = ["Taken", "taken", "vanishes_everywhere"]

_MOST_PARTS = 64
"""Of more parts, masks inside of others are not taken apart."""

_MOST_CASES = 243

Values = Mapping[int, Element]


class Taken(Enum):
    """What a gradient is on boundaries: one of those beside them or halfway, or that of the way which forward takes."""

    SIDE = "a gradient of one side or halfway"
    FORWARD = "the gradient of the way that forward takes"


class _NotDecidedError(Exception):
    """It would take too long."""


def taken(run: Branch, name: str, budget: Budget) -> Taken | None:
    """What the gradient of a branch, right away from boundaries, is seen to be on all of them."""
    if run.failure:
        return None
    try:
        return _taken(run, name, budget)
    except (_NotDecidedError, UserError, ArithmeticError):
        return None


def vanishes_everywhere(value: Element, run: Branch, budget: Budget) -> bool:
    """Whether an element is seen to be 0 at all inputs that take the way of a branch, those on boundaries too."""
    try:
        asked = _asked(run)
        return _is_impossible(asked) or _is_nothing(_answered(value, asked), budget)
    except (_NotDecidedError, UserError, ArithmeticError):
        return False


def _taken(run: Branch, name: str, budget: Budget) -> Taken | None:
    asked = _asked(run)
    if _is_impossible(asked):
        return Taken.SIDE
    entries = [_answered(entry, asked) for entry in run.got[name].data.ravel()]
    groups = list(_groups(_masks(entries), [mask for mask, held in asked if not held]))
    # What does not jump is on every side, which costs more to see.
    for every in (False, True):
        if exist_together([(group.u, group.shares(entries, budget, every=every)) for group in groups]):
            return Taken.SIDE
    expected = [_answered(entry, asked) for entry in run.expected[name].ravel()]
    if not all(_is_nothing(a - b, budget) for a, b in zip(entries, expected, strict=True)):
        return None
    # Beside each boundary by itself there is what is taken on it.
    alone = (
        exist_together([(group.u, SHARES if only_side(group.u) is None else group.shares(entries, budget, every=True))])
        for group in groups
    )
    return Taken.FORWARD if all(alone) else None


# The masks.


@dataclass(frozen=True, slots=True)
class _Group:
    """Masks that turn where the same u is 0, each with the sign of u in it; held are those answered with no."""

    u: Element
    masks: Sequence[tuple[Generator, int]]
    held: Sequence[tuple[Generator, int]] = ()

    @property
    def _natural(self) -> Fraction | None:
        """The side that all the masks are on where u = 0, without looking at entries."""
        sides = {(BELOW if sign > 0 else ABOVE) if mask.name is step else None for mask, sign in self.masks}
        return sides.pop() if len(sides) == 1 else None

    def shares(self, entries: Sequence[Element], budget: Budget, *, every: bool = False) -> list[Fraction]:
        """What the entries may be said to take on u = 0, all of it or what is seen at once.

        Of what has been asked, that is the side of the answer alone.
        """
        ways = {BELOW if sign > 0 else ABOVE for _, sign in self.held}
        natural = self._natural
        if len(ways) > 1 or not self.masks:
            return list(ways) if len(ways) == 1 else []
        if natural is not None and not every and ways <= {natural}:
            return [natural]
        return [
            share
            for share in (ways or SHARES)
            if share == natural or all(self._takes(share, entry, budget) for entry in entries)
        ]

    def _takes(self, share: Fraction, entry: Element, budget: Budget) -> bool:
        # What turns elsewhere along the same line is known, wherever beside u = 0.
        entry = substituted(entry, _values(entry, _known(self.u, 0, _masks([entry]), only_others=True)))
        on, above, below = (_where(entry, self.u, side) for side in (0, 1, -1))
        return _is_nothing(on - above * share - below * (1 - share), budget, self.u)


def _values(value: Element, known: Mapping[int, bool]) -> Values:
    """Truth values as elements of the field."""
    return {number: value.field.one if held else value.field.zero for number, held in known.items()}


def _where(value: Element, u: Element, side: int) -> Element:
    """The value where u > 0, u = 0 or u < 0, as far as masks say that."""
    return substituted(value, _values(value, _known(u, side, _masks([value]))))


def _asked(run: Branch) -> list[tuple[Generator, bool]]:
    """The masks that the code asked for, with the answers.

    Raises: _NotDecidedError where on boundaries other answers may come together than in any branch.
    """
    made = [(run.field.generators[number], run.known[number]) for number in sorted(run.questioned)]
    for mask, held in made:
        # Whether two values are equal is answered as it is away from where they are.
        if (mask.name is equal and not held) or _inner(_difference(mask), within=True) is not None:
            raise _NotDecidedError
    # On a boundary neither u > 0 nor -u > 0 holds, and no branch has both answers.
    if any(len(group.masks) > 1 for group in _groups([mask for mask, _ in made if mask.name is step])):
        raise _NotDecidedError
    return made


def _is_impossible(asked: Sequence[tuple[Generator, bool]]) -> bool:
    """Whether an answer is seen to be one that no input gives."""
    return any(
        is_never_positive(u) if held else is_never_positive(-u) and is_never_zero(u)
        for mask, held in asked
        if mask.name is step
        for u in mask.arguments
    )


def _answered(value: Element, asked: Sequence[tuple[Generator, bool]]) -> Element:
    """An entry with the answers in it, and no mask inside of another function."""
    value = _apart(substituted(value, _values(value, {mask.number: held for mask, held in asked})))
    for mask, held in asked:
        if held and mask.name is step:
            # It is on one side: that says what other masks are which turn there.
            value = _where(value, mask.arguments[0], 1)
    return value


def _masks(entries: Iterable[Element]) -> list[Generator]:
    """The masks that entries are polynomials of."""
    found = {
        number: generator
        for entry in entries
        for monomial in entry.terms
        for number, _ in entry.field.monomials[monomial]
        if (generator := entry.field.generators[number]).kind is Kind.MASK
    }
    return [found[number] for number in sorted(found)]


def _difference(mask: Generator) -> Element:
    return mask.arguments[0] if mask.name is step else mask.arguments[0] - mask.arguments[1]


def _groups(masks: Sequence[Generator], held: Sequence[Generator] = (), *, still: bool = False) -> Iterator[_Group]:
    """By where they turn; what never turns is in none unless it is wanted still."""
    made: list[tuple[Element, list[tuple[Generator, int]], list[tuple[Generator, int]]]] = []
    for number, mask in enumerate((*masks, *held)):
        difference = _difference(mask)
        if not still and is_never_zero(difference):
            continue
        found = [(inside, asked, sign) for u, inside, asked in made if (sign := _ratio(difference, u))]
        if not found:
            found = [([], [], 1)]
            made.append((difference, *found[0][:2]))
        inside, asked, sign = found[0]
        (inside if number < len(masks) else asked).append((mask, sign))
    return (_Group(u, tuple(inside), tuple(asked)) for u, inside, asked in made)


def _ratio(first: Element, second: Element) -> int:
    """The sign of a number that one element is of the other; 0 if there is none."""
    found = on_line(second, first)
    return 0 if found is None or found[1] else 1 if found[0] > 0 else -1


# Polynomials of masks.


def _apart(value: Element) -> Element:
    """The same as a polynomial of masks, with none inside of another function: f([m]) = [m] f(1) + (1 - [m]) f(0).

    Raises: _NotDecidedError if it has too many parts.
    """
    return value.field.add(_parts(value, [_MOST_PARTS]))


def _parts(value: Element, left: list[int]) -> Iterator[Element]:
    inner = _inner(value)
    if inner is None:
        yield value
        return
    left[0] -= 1
    if left[0] < 0:
        raise _NotDecidedError
    for share, instead in _ways(inner, value):
        for part in _parts(substituted(value, instead), left):
            yield share * part


def _ways(inner: Generator, value: Element) -> Iterator[tuple[Element, Values]]:
    """A mask that holds, and one that does not; or which of several is the first that none exceeds."""
    field = value.field
    if inner.kind is Kind.MASK:
        mask, others = field.raised(inner, 1), [g for g in _inside(value) if g.kind is Kind.MASK]
        for share, held in ((mask, True), (1 - mask, False)):
            known = _known(inner.arguments[0], 1 if held else None, others) if inner.name is step else {}
            yield share, _values(value, {**known, inner.number: held})
        return
    sign = 1 if inner.name is largest else -1
    for place, winner in enumerate(inner.arguments):
        earlier = [_step((winner - a) * sign) for a in inner.arguments[:place]]
        later = [1 - _step((a - winner) * sign) for a in inner.arguments[place + 1 :]]
        yield reduce(mul, (*earlier, *later), field.one), {inner.number: winner}


def _known(u: Element, side: int | None, masks: Iterable[Generator], *, only_others: bool = False) -> dict[int, bool]:
    """The masks that are known where u > 0, u = 0 or u < 0, or else not above 0: those of a u + c."""
    found: dict[int, bool] = {}
    for mask in masks:
        line = on_line(u, _difference(mask))
        if line is not None and not (only_others and not line[1]):
            held = _holds(mask.name is equal, *line, side)
            found |= {} if held is None else {mask.number: held}
    return found


def _holds(equality: bool, a: Fraction, c: Fraction, side: int | None) -> bool | None:
    """Whether a u + c is 0, or whether it is above 0."""
    if side == 0:
        return c == 0 if equality else c > 0
    rises = a * (side or -1) > 0
    if (c > 0) if rises else (c < 0):
        return rises and not equality
    # Just c itself is reached only where u = 0 is.
    if c == 0 and side is not None:
        return rises and not equality
    return False if c == 0 and not rises and not equality else None


def _inside(value: Element) -> list[Generator]:
    """All generators that an element is made of."""
    field = value.field
    found: dict[int, Generator] = {}
    stack = [value]
    while stack:
        for monomial in stack.pop().terms:
            for number, _ in field.monomials[monomial]:
                if number not in found:
                    found[number] = field.generators[number]
                    stack += found[number].arguments
    return list(found.values())


def _step(u: Element) -> Element:
    return u.field.apply(step(placeholder(0)), [u])


def _inner(value: Element, *, within: bool = False) -> Generator | None:
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


def _is_nothing(value: Element, budget: Budget, on: Element | None = None) -> bool:
    """Whether a polynomial of masks is 0 whatever they are, at least where `on` is 0 if that is given.

    Of masks that turn together one or the other holds, or neither; no more is taken to be known of them.
    """
    if on is not None and _is_nothing(value, budget):
        return True
    pending = [value if on is None else _on(value, on)]
    cases = 0
    while pending:
        budget.check()
        case = pending.pop()
        group = next(_groups(_masks([case]), still=True), None)
        if group is None:
            if case.terms and not vanishes_generically(case, {}, budget):
                return False
            continue
        cases += 3
        if cases > _MOST_CASES:
            raise _NotDecidedError
        pending += [_where(case, group.u, side) for side in (1, -1)]
        turned = _where(case, group.u, 0)
        if not _is_nothing(turned, budget):
            pending.append(_on(turned, group.u))
    return True


def _on(value: Element, u: Element) -> Element:
    """The value where u is 0, if u is a variable and something without it."""
    solved = _solved(u)
    return substituted(value, solved) if solved else value


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
