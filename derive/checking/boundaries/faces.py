"""What entries made of masks are where masks turn, against what they are beside those places.

On u = 0 all of [u > 0], [-u > 0] and [u = 0] are known, as they are to both sides. What entries are there is the same
as on one side, or halfway between both, whatever other masks are: that is an equality, decided like any other. It then
holds where several boundaries meet too, as long as the sides exist together there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from derive.checking.boundaries.cells import ABOVE, BELOW, SHARES, exist_together, only_side
from derive.checking.boundaries.divided import on_boundary
from derive.checking.boundaries.masked import (
    NotDecidedError,
    apart,
    difference,
    inner,
    known,
    masks_of,
    step_of,
    values,
    where,
)
from derive.checking.boundaries.range import is_never_positive, is_never_zero
from derive.checking.budget import Budget
from derive.checking.proofs.exactly import Branch
from derive.checking.proofs.generic import substituted, vanishes_generically
from derive.errors import UserError
from derive.forward.functions import equal, step
from derive.proof.masks import on_line
from derive.proof.ring import Element, Generator

__all__ = ["Taken", "taken", "vanishes_everywhere"]

_MOST_CASES = 243


class Taken(Enum):
    """What gradients are on boundaries: some beside them or halfway, or those of one of the ways of forward."""

    SIDE = "a gradient of one side or halfway"
    FORWARD = "the gradient of the way that forward takes"
    OTHER = "the gradient of the way that forward does not take"


def taken(run: Branch, names: Sequence[str], budget: Budget) -> Taken | None:
    """What the gradients of a branch, right away from boundaries, are seen to be on all of them, together."""
    if run.failure:
        return None
    try:
        return _taken(run, names, budget)
    except (NotDecidedError, UserError, ArithmeticError):
        return None


def vanishes_everywhere(value: Element, run: Branch, budget: Budget) -> bool:
    """Whether an element is seen to be 0 at all inputs that take the way of a branch, those on boundaries too."""
    try:
        asked = _asked(run)
        return _is_impossible(asked) or _is_nothing(_answered(value, asked), budget)
    except (NotDecidedError, UserError, ArithmeticError):
        return False


def _taken(run: Branch, names: Sequence[str], budget: Budget) -> Taken | None:
    asked = _asked(run)
    if _is_impossible(asked):
        return Taken.SIDE
    entries = [_answered(entry, asked) for name in names for entry in run.got[name].data.ravel()]
    groups = list(_groups(masks_of(entries), [mask for mask, held in asked if not held]))
    # Where forward itself jumps, what is beside a boundary says nothing of what is on it.
    outputs = [_answered(entry, asked) for entry in run.output.ravel()]
    continuous = all(_is_continuous(group.u, outputs, budget) for group in groups)
    if continuous:
        # What does not jump is on every side, which costs more to see.
        for every in (False, True):
            if exist_together([(group.u, group.shares(entries, budget, every=every)) for group in groups]):
                return Taken.SIDE
    # Beside each boundary by itself there is what is taken on it.
    alone = (
        exist_together([(group.u, SHARES if only_side(group.u) is None else group.shares(entries, budget, every=True))])
        for group in groups
    )
    if not all(alone):
        return None
    expected = [_answered(entry, asked) for name in names for entry in run.expected[name].ravel()]
    ways = [(Taken.FORWARD, expected)]
    if continuous:
        ways.append((Taken.OTHER, [_turned(entry) for entry in expected]))
    for told, wanted in ways:
        if all(_is_nothing(a - b, budget) for a, b in zip(entries, wanted, strict=True)):
            return told
    return None


def _is_continuous(u: Element, outputs: Sequence[Element], budget: Budget) -> bool:
    """Whether the output does not jump where u = 0."""
    masks = [mask for mask in masks_of(outputs) if (line := on_line(u, difference(mask))) is not None and not line[1]]
    group = next(_groups(masks, still=True), None)
    return group is None or all(group.takes(share, entry, budget) for entry in outputs for share in (ABOVE, BELOW))


def _turned(value: Element) -> Element:
    """The same but for boundaries: 1 - [-u > 0] in the place of [u > 0]."""
    return substituted(value, {m.number: 1 - step_of(-m.arguments[0]) for m in masks_of([value]) if m.name is step})


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
            if share == natural or all(self.takes(share, entry, budget) for entry in entries)
        ]

    def takes(self, share: Fraction, entry: Element, budget: Budget) -> bool:
        """Whether an entry has this share of what is above on u = 0, and else what is below."""
        # What turns elsewhere along the same line is known, wherever beside u = 0.
        entry = substituted(entry, values(entry, known(self.u, 0, masks_of([entry]), only_others=True)))
        on, above, below = (where(entry, self.u, side) for side in (0, 1, -1))
        return _is_nothing(on - above * share - below * (1 - share), budget, self.u)


def _asked(run: Branch) -> list[tuple[Generator, bool]]:
    """The masks that the code asked for, with the answers.

    Raises: NotDecidedError where on boundaries other answers may come together than in any branch.
    """
    made = [(run.field.generators[number], run.known[number]) for number in sorted(run.questioned)]
    for mask, held in made:
        # Whether two values are equal is answered as it is away from where they are.
        if (mask.name is equal and not held) or inner(difference(mask), within=True) is not None:
            raise NotDecidedError
    # On a boundary neither u > 0 nor -u > 0 holds, and no branch has both answers.
    if any(len(group.masks) > 1 for group in _groups([mask for mask, _ in made if mask.name is step])):
        raise NotDecidedError
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
    value = apart(substituted(value, values(value, {mask.number: held for mask, held in asked})))
    for mask, held in asked:
        if held and mask.name is step:
            # It is on one side: that says what other masks are which turn there.
            value = where(value, mask.arguments[0], 1)
    return value


def _groups(masks: Sequence[Generator], held: Sequence[Generator] = (), *, still: bool = False) -> Iterator[_Group]:
    """By where they turn; what never turns is in none unless it is wanted still."""
    made: list[tuple[Element, list[tuple[Generator, int]], list[tuple[Generator, int]]]] = []
    for number, mask in enumerate((*masks, *held)):
        compared = difference(mask)
        if not still and is_never_zero(compared):
            continue
        found = [(inside, asked, sign) for u, inside, asked in made if (sign := _ratio(compared, u))]
        if not found:
            found = [([], [], 1)]
            made.append((compared, *found[0][:2]))
        inside, asked, sign = found[0]
        (inside if number < len(masks) else asked).append((mask, sign))
    return (_Group(u, tuple(inside), tuple(asked)) for u, inside, asked in made)


def _ratio(first: Element, second: Element) -> int:
    """The sign of a number that one element is of the other; 0 if there is none."""
    found = on_line(second, first)
    return 0 if found is None or found[1] else 1 if found[0] > 0 else -1


def _is_nothing(value: Element, budget: Budget, on: Element | None = None) -> bool:
    """Whether a polynomial of masks is 0 whatever they are, at least where `on` is 0 if that is given.

    Of masks that turn together one or the other holds, or neither; no more is taken to be known of them.
    """
    if on is not None and _is_nothing(value, budget):
        return True
    pending = [value if on is None else on_boundary(value, on)]
    cases = 0
    while pending:
        budget.check()
        case = pending.pop()
        group = next(_groups(masks_of([case]), still=True), None)
        if group is None:
            if case.terms and not vanishes_generically(case, {}, budget):
                return False
            continue
        cases += 3
        if cases > _MOST_CASES:
            raise NotDecidedError
        pending += [where(case, group.u, side) for side in (1, -1)]
        turned = where(case, group.u, 0)
        if not _is_nothing(turned, budget):
            pending.append(on_boundary(turned, group.u))
    return True
