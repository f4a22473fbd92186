"""For sizes that are letters: an entry as a sum, its derivatives with deltas, each contracted, read as a product."""

from __future__ import annotations

from derive.document.blocks import Math, Prose, Run, Text
from derive.document.draft import Draft
from derive.document.indexed import IndexReader
from derive.document.layout import LINE_WIDTH
from derive.document.material import Material
from derive.document.notations import in_notation, shown_formula
from derive.document.reading import reading
from derive.document.sections.index_names import by_names, forward_entries
from derive.document.sections.index_names import names as named
from derive.document.sections.index_steps import Chain, chains_of
from derive.document.words import array_name, is_loss
from derive.errors import UnsupportedError
from derive.locale import N_
from derive.notation.measure import width
from derive.notation.tree import Delta, Entry, Listed, Number, Partial, Product, Relation
from derive.notation.walk import contains
from derive.routes.index import reserved
from derive.routes.jacobian import JacobianRoute
from derive.rules.index import Letters

__all__ = ["write", "write_brief"]

_MOST_NAMES = 8
"""A layer of more intermediate results is too long."""

_MOST_ENTRIES = 12
"""So many entries are told without their derivatives; more of them say less than the layer itself."""


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    _heading(draft, material)
    found = _derived(draft, material)
    if found is None:
        _by_names(draft, material)
        return
    reader, told = found
    _entry(draft, reader)
    for number, (route, chains) in enumerate(told):
        name = route.map.input.name
        if number == 0:
            _introduce(draft, route)
            draft.steps(f"index.{name}.partial", chains[0].lines)
            _chain_rule(draft, route, has_deltas=any(link.left is not None for link in chains[1].links))
            draft.steps(f"index.{name}.loss", chains[1].lines)
        else:
            _same(draft, route, chains)
            draft.equation(f"index.{name}.loss", *(chain.whole for chain in chains))
        _formula(draft, route)


def write_brief(draft: Draft, material: Material) -> None:
    """Adds the entry, and for each input its derivative, that of the loss, and the product that it is."""
    _heading(draft, material)
    found = _derived(draft, material)
    if found is None:
        _by_names(draft, material)
        return
    reader, told = found
    _entry(draft, reader)
    for number, (route, chains) in enumerate(told):
        if number == 0:
            _introduce(draft, route)
        else:
            _same(draft, route, chains)
        draft.equation(f"index.{route.map.input.name}.gradient", *(chain.ends for chain in chains))
        _formula(draft, route)


def _derived(
    draft: Draft, material: Material
) -> tuple[IndexReader, list[tuple[JacobianRoute, tuple[Chain, Chain]]]] | None:
    """The derivations step by step, each in the inputs alone; None if one of them is too long for a page."""
    reader = IndexReader(material.layer)
    told = []
    try:
        for route in material.routes.values():
            # Derivatives may use more names, and how a name is written depends on how many there are.
            chains_of(draft, reader, route)
        for route in material.routes.values():
            chains = chains_of(draft, reader, route)
            if chains is None:
                return None
            told.append((route, chains))
        statements = (reader.output(), *reader.definitions())
    except UnsupportedError:
        return None
    if len(statements) > _MOST_NAMES or any(width(item) > LINE_WIDTH for item in statements):
        return None
    return reader, told


def _by_names(draft: Draft, material: Material) -> None:
    """The derivatives with the names of values on the way, where they would be too long without."""
    forward = forward_entries(material.layer)
    chains = [(route, by_names(route)) for route in material.routes.values()] if forward else []
    told = any(chain for _, chain in chains)
    if not forward or (not told and not 1 < len(forward) <= _MOST_ENTRIES):
        draft.prose(
            N_(
                "An entry of {Y}, written as one sum with letters for indices, is too long for a page, and so "
                "are its derivatives."
            )
        )
        return
    values = named(material.layer)
    draft.prose(
        N_(
            "Written with letters for indices, sizes need no numbers: what follows holds for all of them at once, and "
            "no matrix is written out. An entry of {Y} is"
        )
        if len(forward) == 1
        else N_(
            "Written with letters for indices, sizes need no numbers: what follows holds for all of them at once, and "
            "no matrix is written out. The entries of {Y}, and of the values on the way to it, are"
        )
    )
    draft.equation("index.entry", *forward)
    if not told:
        draft.prose(
            N_("The derivatives of {Y} are sums of these that are too long for a page, even with names."),
        )
        return
    if values:
        draft.prose(
            N_(
                "The entries of {names} are differentiated, too, by the rules for sums, products and functions; what "
                "comes out is written with them again."
            ),
            names=Listed(values),
        )
    left_out = []
    first = True
    for route, chain in chains:
        if chain is None:
            left_out.append(array_name(route.map.input))
            continue
        name = route.map.input.name
        if first:
            _introduce(draft, route)
        else:
            draft.prose(N_("For {array}, the same steps:"), array=array_name(route.map.input))
        if chain.loss is None:
            draft.equation(f"index.{name}.partial", chain.partial)
        elif first:
            draft.equation(f"index.{name}.partial", chain.partial)
            _chain_rule(draft, route, has_deltas=contains(chain.partial, Delta))
            draft.equation(f"index.{name}.loss", chain.loss)
        else:
            draft.equation(f"index.{name}.loss", chain.partial, chain.loss)
        first = False
        _formula(draft, route)
    if left_out:
        draft.prose(
            N_("With respect to {arrays} these sums are too long for a page, even with names."),
            arrays=Listed(tuple(left_out)),
        )


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


def _entry(draft: Draft, reader: IndexReader) -> None:
    """y_ij = Σ_k x_ik w_kj + b_j, and what the names in it stand for."""
    draft.prose(
        N_(
            "Written with letters for indices, sizes need no numbers: what follows holds for all of them at once, and "
            "no matrix is written out. An entry of {Y} is"
        )
    )
    draft.equation("index.entry", reader.output())
    definitions = reader.definitions()
    if definitions:
        draft.prose(N_("where a letter stands for what a function is taken of:"))
        draft.equation("index.definitions", *definitions)


def _place(route: JacobianRoute) -> tuple[str, ...]:
    letters = Letters(reserved(route.map.layer))
    for _ in route.map.layer.output.shape:
        letters.fresh("i")
    return tuple(letters.fresh("m") for _ in route.map.input.shape)


def _introduce(draft: Draft, route: JacobianRoute) -> None:
    """What a delta is, where the first appears."""
    wrt, at = route.map.input, _place(route)
    entry = Entry(wrt.letter, at)
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


def _chain_rule(draft: Draft, route: JacobianRoute, *, has_deltas: bool) -> None:
    if is_loss(route.map.layer):
        message = N_("The loss is the number {Y} itself, so that the first factor of the chain rule is 1:")
    elif not route.map.layer.output.shape:
        message = N_("The loss depends on {entry} through the number {Y}, by the chain rule:")
    elif has_deltas:
        message = N_(
            "The loss depends on {entry} through the entries of {Y}. The chain rule goes over all of them, and the "
            "delta leaves those on which {entry} has an influence:"
        )
    else:
        message = N_(
            "The loss depends on {entry} through the entries of {Y}, and the chain rule goes over all of them:"
        )
    draft.prose(message, entry=Entry(route.map.input.letter, _place(route)))


def _same(draft: Draft, route: JacobianRoute, chains: tuple[Chain, Chain]) -> None:
    """What is different for a later input: the terms that the deltas leave."""
    left = [link.left for chain in chains for link in chain.links if link.left is not None]
    draft.prose(
        N_("For {array}, the same steps; the deltas leave {left}:") if left else N_("For {array}, the same steps:"),
        array=array_name(route.map.input),
        left=Listed(tuple(left)),
    )


def _formula(draft: Draft, route: JacobianRoute) -> None:
    told = reading(draft, route)
    if told is None:
        draft.prose(in_notation(route.map.layer))
    else:
        draft.add(Prose(told))
    draft.result(f"index.{route.map.input.name}.formula", shown_formula(route.map.layer, route.formula))
