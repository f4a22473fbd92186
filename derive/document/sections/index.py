"""For sizes that are letters: an entry as a sum, its derivatives with deltas, each contracted, read as a product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.document.blocks import Line, Math, Prose, Run, Runs, Text
from derive.document.draft import Draft
from derive.document.entrywise import in_notation, shown_formula
from derive.document.indexed import IndexReader
from derive.document.layout import LINE_WIDTH, reason_room
from derive.document.material import Material
from derive.document.reading import reading
from derive.errors import UnsupportedError
from derive.locale import N_
from derive.notation.measure import width
from derive.notation.tree import Delta, Entry, Listed, Name, Number, Partial, Product, Relation, Tree
from derive.routes.index import CHAIN, DELTA, DERIVATIVE, ENTRIES, SCALAR, derive_index
from derive.routes.jacobian import JacobianRoute
from derive.rules.index import IndexSum, Kronecker
from derive.steps import Step

__all__ = ["write", "write_brief"]

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


_MOST_NAMES = 8
"""A layer of more intermediate results is too long."""


@dataclass(frozen=True, slots=True)
class _Link:
    """One more side of an equality, and the reason for it; left is k = n where a delta has left one term of a sum."""

    right: Tree
    runs: Runs
    left: Relation | None = None


@dataclass(frozen=True, slots=True)
class _Chain:
    """left = right = right = ..."""

    left: Tree
    links: tuple[_Link, ...]

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


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    _heading(draft, material)
    reader = _entry(draft, material)
    if reader is None:
        return
    first = True
    for route in material.routes.values():
        chains = _chains(draft, reader, route)
        if chains is None:
            _skip(draft, material, route)
            continue
        name = route.map.input.name
        if first:
            _introduce(draft, reader, route)
            draft.steps(f"index.{name}.partial", chains[0].lines)
            _chain_rule(draft, reader, route, chains[1])
            draft.steps(f"index.{name}.loss", chains[1].lines)
        else:
            _same(draft, route, chains)
            draft.equation(f"index.{name}.loss", *(chain.whole for chain in chains))
        first = False
        _formula(draft, route)


def write_brief(draft: Draft, material: Material) -> None:
    """Adds the entry, and for each input its derivative, that of the loss, and the product that it is."""
    _heading(draft, material)
    reader = _entry(draft, material)
    if reader is None:
        return
    first = True
    for route in material.routes.values():
        chains = _chains(draft, reader, route)
        if chains is None:
            _skip(draft, material, route)
            continue
        if first:
            _introduce(draft, reader, route)
        else:
            _same(draft, route, chains)
        draft.equation(f"index.{route.map.input.name}.gradient", *(chain.ends for chain in chains))
        first = False
        _formula(draft, route)


def _heading(draft: Draft, material: Material) -> None:
    letters = material.layer.letters
    if letters:
        # The outline of a PDF takes single letters, and no lists.
        pieces: list[Run] = []
        for letter in letters:
            pieces += [*([Text(", ")] if pieces else []), Math(Number(letter))]
        draft.heading("index", N_("For all {sizes}"), sizes=tuple(pieces))
    else:
        draft.heading("index", N_("With letters for indices"))


def _entry(draft: Draft, material: Material) -> IndexReader | None:
    """y_ij = Σ_k x_ik w_kj + b_j, and what the names in it stand for; None if that is too long for a page."""
    reader = IndexReader(material.layer)
    try:
        output = reader.output()
        # Derivatives may use more names, and how a name is written depends on how many there are.
        for route in material.routes.values():
            _chains(draft, reader, route)
        output, definitions = reader.output(), reader.definitions()
    except UnsupportedError:
        _refuse(draft)
        return None
    if len(definitions) > _MOST_NAMES or any(width(item) > LINE_WIDTH for item in (output, *definitions)):
        _refuse(draft)
        return None
    draft.prose(
        N_(
            "Written with letters for indices, sizes need no numbers: what follows holds for all of them at once, and "
            "no matrix is written out. An entry of {Y} is"
        )
    )
    draft.equation("index.entry", output)
    if definitions:
        draft.prose(N_("where a letter stands for what a function is taken of:"))
        draft.equation("index.definitions", *definitions)
    return reader


def _refuse(draft: Draft) -> None:
    draft.prose(
        N_(
            "An entry of {Y}, written as one sum with letters for indices, is too long for a page, and so "
            "are its derivatives."
        )
    )


def _place(route: JacobianRoute) -> tuple[str, ...]:
    return derive_index(route.map.layer, route.map.input.name).at


def _introduce(draft: Draft, reader: IndexReader, route: JacobianRoute) -> None:
    """What a delta is, where the first appears."""
    wrt, at = route.map.input, _place(route)
    entry = reader.entry(wrt, at)
    if not at:
        draft.prose(N_("Let {entry} vary. Its derivative with respect to itself is 1:"), entry=entry)
        return
    other = tuple(letter for letter in "ikluv" if letter not in at)[: len(at)]
    deltas = tuple(map(Delta, zip(other, at, strict=True)))
    draft.prose(
        N_(
            "Let one entry {entry} vary. The *Kronecker delta* {delta} is 1 if {i} = {j} and 0 otherwise. No entry "
            "depends on another, so {itself}. A delta ends a sum over one of its letters, since it removes every "
            "term but one:"
        ),
        entry=entry,
        delta=Delta(("i", "j")),
        itself=Relation.equal(
            Partial(Entry(wrt.letter, other), entry), deltas[0] if len(deltas) == 1 else Product(deltas)
        ),
    )


def _chain_rule(draft: Draft, reader: IndexReader, route: JacobianRoute, chain: _Chain) -> None:
    if not route.map.layer.output.shape:
        message = N_("The loss is the number {Y} itself, so that the first factor of the chain rule is 1:")
    elif any(link.left is not None for link in chain.links):
        message = N_(
            "The loss depends on {entry} through the entries of {Y}. The chain rule goes over all of them, and the "
            "delta leaves those on which {entry} has an influence:"
        )
    else:
        message = N_(
            "The loss depends on {entry} through the entries of {Y}, and the chain rule goes over all of them:"
        )
    draft.prose(message, entry=reader.entry(route.map.input, _place(route)))


def _same(draft: Draft, route: JacobianRoute, chains: tuple[_Chain, _Chain]) -> None:
    """What is different for a later input: the terms that the deltas leave."""
    left = [link.left for chain in chains for link in chain.links if link.left is not None]
    draft.prose(
        N_("For {array}, the same steps; the deltas leave {left}:") if left else N_("For {array}, the same steps:"),
        array=draft.words[route.map.input.name],
        left=Listed(tuple(left)),
    )


def _chains(draft: Draft, reader: IndexReader, route: JacobianRoute) -> tuple[_Chain, _Chain] | None:
    """The derivatives of an entry and of the loss; None if they are too long for a page."""
    indices = derive_index(route.map.layer, route.map.input.name)
    try:
        _, *steps = indices.derivation.steps
    except UnsupportedError:
        return None
    if len(steps) > _MOST_STEPS:
        return None
    middle = next(n for n, step in enumerate(steps) if step.reason is CHAIN)
    array = draft.words[route.map.input.name]
    by = reader.entry(route.map.input, indices.at)
    entry = Entry(route.map.layer.output_letter, indices.output)
    derivative = _Chain(Partial(entry, by), _links(draft, reader, array, steps[:middle]))
    rule = _Link(reader.chain_rule(indices.output, by), draft.runs(N_("chain rule")))
    inserted = _Link(reader.read(steps[middle].after), draft.runs(N_("the derivative from above")))
    loss = _Chain(
        reader.read(steps[middle].before), (rule, inserted, *_links(draft, reader, array, steps[middle + 1 :]))
    )
    lines = [line for chain in (derivative, loss) for line, _ in chain.lines]
    return (derivative, loss) if reason_room(lines) >= _LEAST_ROOM else None


def _links(draft: Draft, reader: IndexReader, array: Tree, steps: Sequence[Step[IndexSum]]) -> tuple[_Link, ...]:
    links: list[_Link] = []
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
        links.append(_Link(right, draft.runs(_REASONS[step.reason.name], **values), equal))
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


def _formula(draft: Draft, route: JacobianRoute) -> None:
    told = reading(draft, route)
    if told is None:
        draft.prose(in_notation(route.map.layer))
    else:
        draft.add(Prose(told))
    draft.result(f"index.{route.map.input.name}.formula", shown_formula(route.map.layer, route.formula))


def _skip(draft: Draft, material: Material, route: JacobianRoute) -> None:
    """What is said of a derivation that is too long."""
    name = route.map.input.name
    if any(item.route == "index" for item in material.evidence[name]):
        message = N_(
            "With respect to {array} the same rules lead to sums that are too long for a page. They were applied all "
            "the same, and they give the formula."
        )
    else:
        message = N_("With respect to {array} the sums would be too long.")
    draft.prose(message, array=draft.words[name])
