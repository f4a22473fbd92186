"""A derivation by indices as lines: what each side is, and the reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.document.blocks import Line, Runs
from derive.document.draft import Draft
from derive.document.indexed import IndexReader
from derive.document.layout import reason_room
from derive.document.words import array_name
from derive.errors import UnsupportedError
from derive.locale import N_
from derive.notation.tree import Entry, Name, Partial, Relation, Tree
from derive.routes.index import CHAIN, DELTA, DERIVATIVE, ENTRIES, SCALAR, derive_index
from derive.routes.jacobian import JacobianRoute
from derive.rules.index import IndexSum, Kronecker
from derive.steps import Step

__all__ = ["Chain", "Link", "chains_of"]

_MOST_STEPS = 12
"""A derivation of more steps is told by its end."""

_LEAST_ROOM = 9.0
"""A formula is too long if it leaves less than so many em beside it for a reason."""

_REASONS = {
    DERIVATIVE.name: N_("sum and product rule; only {array} varies"),
    SCALAR.name: N_("chain rule for the function"),
    ENTRIES.name: N_("an entry of {array} depends on itself alone"),
    DELTA.name: N_("of the sum over {gone}, {equal} is left"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """One more side of an equality, and the reason for it; left is k = n where a delta has left one term of a sum."""

    right: Tree
    runs: Runs
    left: Relation | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """left = right = right = ..."""

    left: Tree
    links: tuple[Link, ...]

    @property
    def lines(self) -> list[tuple[Line, Runs]]:
        """A line for each side, with its reason."""
        return [(Line(None if n else self.left, "=", link.right), link.runs) for n, link in enumerate(self.links)]

    @property
    def whole(self) -> Relation:
        """All sides, without the reasons."""
        return Relation.equal(self.left, *(link.right for link in self.links))

    @property
    def ends(self) -> Relation:
        """left = the last of the right sides."""
        return Relation.equal(self.left, self.links[-1].right)


def chains_of(draft: Draft, reader: IndexReader, route: JacobianRoute) -> tuple[Chain, Chain] | None:
    """The derivatives of an entry and of the loss; None if they are too long for a page."""
    indices = derive_index(route.map.layer, route.map.input.name)
    try:
        _, *steps = indices.derivation.steps
    except UnsupportedError:
        return None
    if len(steps) > _MOST_STEPS:
        return None
    middle = next(n for n, step in enumerate(steps) if step.reason is CHAIN)
    array = array_name(route.map.input)
    by = reader.entry(route.map.input, indices.at)
    entry = Entry(route.map.layer.output_letter, indices.output)
    derivative = Chain(Partial(entry, by), _links(draft, reader, array, steps[:middle]))
    rule = Link(reader.chain_rule(indices.output, by), draft.runs(N_("chain rule")))
    inserted = Link(reader.read(steps[middle].after), draft.runs(N_("the derivative from above")))
    loss = Chain(
        reader.read(steps[middle].before), (rule, inserted, *_links(draft, reader, array, steps[middle + 1 :]))
    )
    lines = [line for chain in (derivative, loss) for line, _ in chain.lines]
    return (derivative, loss) if reason_room(lines) >= _LEAST_ROOM else None


def _links(draft: Draft, reader: IndexReader, array: Tree, steps: Sequence[Step[IndexSum]]) -> tuple[Link, ...]:
    links: list[Link] = []
    for step in steps:
        right = reader.read(step.after)
        if links and links[-1].right == right:
            continue
        values: dict[str, Tree] = {"array": array}
        equal = None
        if step.reason is DELTA:
            gone, kept = _contracted(step)
            equal = Relation.equal(Name(gone), Name(kept))
            values |= {"gone": Name(gone), "equal": equal}
        links.append(Link(right, draft.runs(_REASONS[step.reason.name], **values), equal))
    return tuple(links)


def _contracted(step: Step[IndexSum]) -> tuple[str, str]:
    """The letter that a contraction of a delta removes, and the one that takes its place."""
    for before, after in zip(step.before.products, step.after.products, strict=True):
        gone = next((letter for letter in before.sums if letter not in after.sums), None)
        if gone is not None:
            deltas = (part for part in before.factors if isinstance(part, Kronecker) and part not in after.factors)
            delta = next(part for part in deltas if gone in (part.first, part.second))
            return gone, delta.second if delta.first == gone else delta.first
    raise AssertionError("a contraction removes a letter")
