"""The row of upstream derivatives times a Jacobian, entry by entry, and put back in the shape of the input."""

from __future__ import annotations

from math import prod

from derive.document.blocks import Prose, Ref
from derive.document.draft import Draft
from derive.document.layout import fits, is_readable
from derive.document.material import Material
from derive.document.notations import in_notation, is_indexed, shown_formula
from derive.document.reading import reading
from derive.document.sections.jacobian_values import step_of, with_values
from derive.document.words import array_name, is_loss
from derive.engine import tables
from derive.engine.pattern import Labels
from derive.engine.tables import EntryTable
from derive.locale import N_
from derive.notation.tree import Dots, Relation, Tree
from derive.routes.entry import ENTRIES, EntryRoute
from derive.routes.jacobian import FACTOR, REGROUP, JacobianRoute

__all__ = ["in_places", "regroup", "show_row"]

_LISTED = 6
"""So many entries of the row are written out, each in a line of its own."""


def show_row(draft: Draft, material: Material, route: JacobianRoute, *, first: bool) -> None:
    """Adds the row times the Jacobian, a line for each of its first entries; a loss has none."""
    name = route.map.input.name
    if is_loss(route.map.layer):
        return
    count, what = _column_count(route), _counted(draft, material, route)
    if count == route.map.codomain:
        message = N_("Multiply the row of upstream derivatives by each column:")
    elif count == 1:
        message = N_(
            "Multiply the row of upstream derivatives by each column. A zero removes its term, and one is left:"
        )
    elif not first and what:
        message = N_("Multiply the row by each column; {count} terms are left, one for each {what}:")
    elif what:
        message = N_(
            "Multiply the row of upstream derivatives by each column. A zero removes its term, so that of {m} terms "
            "{count} are left in every entry, one for each {what}:"
        )
    else:
        message = N_(
            "Multiply the row of upstream derivatives by each column. A zero removes its term, so that of {m} terms at "
            "most {count} are left in every entry:"
        )
    draft.prose(message, m=route.map.codomain, count=count, what=what)
    names = tables.derivatives(route.chain_rule)
    listed = _listed(names, _products(route))
    short = is_readable(with_values(route)) and all(map(fits, listed))
    draft.equation(f"{name}.row", *(listed if short else _listed(names, _unevaluated(route))))


def _summed(route: JacobianRoute) -> list[tuple[int, ...]]:
    """For each pattern of the Jacobian that lies in no other, the axes of the output that a column does not pin."""
    patterns = dict.fromkeys((term.output, term.input) for term in route.jacobian.terms)
    widest: list[tuple[Labels, Labels]] = []
    for one in patterns:
        if not any(_lies_in(one, other) for other in widest):
            widest = [*(other for other in widest if not _lies_in(other, one)), one]
    return [tuple(axis for axis, label in enumerate(output) if label not in wrt) for output, wrt in widest]


def _lies_in(one: tuple[Labels, Labels], other: tuple[Labels, Labels]) -> bool:
    """Whether all places of one pattern are places of the other: what the other wants to be equal is equal in it."""
    place = dict(zip((*other[0], *other[1]), (*one[0], *one[1]), strict=True))
    return all(place[label] == at for label, at in zip((*other[0], *other[1]), (*one[0], *one[1]), strict=True))


def _column_count(route: JacobianRoute) -> int:
    """How many entries of a column can differ from zero."""
    counted = sum(prod(route.map.output_shape[axis] for axis in axes) for axes in _summed(route))
    return min(counted, route.map.codomain)


def _counted(draft: Draft, material: Material, route: JacobianRoute) -> str:
    """What those entries are counted by, in the words of the layer's author; '' if there is no word."""
    summed = _summed(route)
    if len(summed) != 1 or len(summed[0]) != 1:
        return ""
    letter = str(material.layer.output.shape[summed[0][0]])
    return next((draft.translate(one) for size, one, _ in material.layer.prose.sizes if size == letter), "")


def _listed(names: EntryTable, entries: EntryTable) -> list[Tree]:
    """The entries of a row, each as an equation; dots for the middle of a long row."""
    count = names.shape[1]
    shown = list(range(count)) if count <= _LISTED else [0, 1, 2, -1, count - 1]
    return [Relation.equal(names.tree(0, n), entries.tree(0, n)) if n >= 0 else Dots("column") for n in shown]


def _products(route: JacobianRoute) -> EntryTable:
    """The row, a product for each entry of a column that can differ from zero; dots only where these are too many."""
    entries = EntryRoute(route.map)
    return EntryTable("", (1, route.map.domain), lambda i, j: entries.single(j).shown(), dict)


def _unevaluated(route: JacobianRoute) -> EntryTable:
    """The row whose entries use the derivatives by their names."""
    entries = EntryRoute(route.map)
    return EntryTable("", (1, route.map.domain), lambda i, j: entries.single(j).named(), dict)


def in_places(route: JacobianRoute) -> Tree:
    """The entries of the gradient in the places of the input, written as those of the row."""
    return EntryRoute(route.map).derivation.step(ENTRIES.name).after


def regroup(draft: Draft, material: Material, route: JacobianRoute) -> None:
    """Adds the row in the shape of the input, why it is a product, and the formula."""
    map = route.map
    name = map.input.name
    step, factor = step_of(route, REGROUP), step_of(route, FACTOR)
    assert step is not None
    array = array_name(route.map.input)
    if is_loss(map.layer):
        draft.prose(N_("{L} is {Y}, so these derivatives, in the places of {array}, are the gradient:"), array=array)
    elif len(map.input.shape) > 1:
        draft.prose(N_("Put each entry of the row back in the place that its variable has in {array}:"), array=array)
    else:
        draft.prose(N_("These entries, in their order, are the gradient:"))
    whole = Relation.equal(route.formula.name, step.before, in_places(route))
    readable = is_readable(whole)
    if not readable:
        whole = Relation.equal(route.formula.name, step.before)
    draft.equation(f"{name}.gradient", whole)
    reason = reading(draft, route)
    if factor is None and not readable and material.has("graph") and not is_indexed(map.layer):
        draft.prose(
            N_(
                "In matrix notation these entries are one formula. The computational graph, {graph}, shows how it "
                "arises:"
            ),
            graph=Ref("graph.formulas"),
        )
    elif factor is None:
        draft.prose(in_notation(route.map.layer))
    elif reason is not None:
        draft.add(Prose(reason))
    else:
        draft.prose(N_("These are the sums that a product of matrices is made of:"))
    if factor is not None:
        draft.equation(f"{name}.factors", Relation.equal(route.formula.name, factor.after))
    draft.result(f"{name}.formula", shown_formula(route.map.layer, route.formula))
