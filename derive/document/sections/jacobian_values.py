"""The values of a Jacobian, as a Kronecker product if it is one, and its pattern where they are too long."""

from __future__ import annotations

from itertools import islice
from math import prod
from typing import Literal

from derive.document.draft import Draft
from derive.document.layout import fit, fits, grids, is_readable
from derive.document.material import Material
from derive.document.words import by_names, map_name, two_matrices
from derive.engine import tables
from derive.engine.concrete import unflat
from derive.engine.tables import EntryTable
from derive.forward.nodes import Constant, Ones
from derive.locale import N_
from derive.notation.measure import width
from derive.notation.tree import (
    At,
    Entry,
    Explicit,
    JacobianOf,
    Kronecker,
    Name,
    Number,
    Product,
    Relation,
    Tree,
)
from derive.routes.jacobian import KRONECKER, VALUES, JacobianRoute
from derive.steps import Reason, Step

__all__ = ["show_pattern", "show_values", "step_of", "why_zeros", "with_values"]

_EXAMPLES = 2
"""So many entries of a Jacobian are written out where all of them would be too long."""


_INLINE = 16.0
"""The width in em of a derivative in a sentence, and of a product that a matrix is said to be."""


Begun = Literal["spoken of", "alone", "others"]
"""Whether the Jacobian has been spoken of; if not, whether the input is alone or there are others beside it."""

_PATTERNS: dict[tuple[Begun, bool], str] = {
    ("spoken of", True): N_(
        "Of its {all} entries, {nnz} can differ from zero. Written out they are long, so here they keep their names:"
    ),
    ("spoken of", False): N_("Written out, its {all} entries are long, so here they keep their names:"),
    ("alone", True): N_(
        "Of the {all} entries of the Jacobian, {nnz} can differ from zero. Written out they are long, so here they "
        "keep their names:"
    ),
    ("alone", False): N_("Written out, the {all} entries of the Jacobian are long, so here they keep their names:"),
    ("others", True): N_(
        "While the other inputs are held constant, {nnz} of the {all} entries of the Jacobian can differ from zero. "
        "Written out they are long, so here they keep their names:"
    ),
    ("others", False): N_(
        "While the other inputs are held constant, the Jacobian has {all} entries. Written out they are long, so here "
        "they keep their names:"
    ),
}
"""What introduces a Jacobian whose entries keep their names, by what has been said and whether some are zero."""


_SEARCHED = 64
"""So many components are looked through for one that does not contain a variable."""


def step_of(route: JacobianRoute, reason: Reason) -> Step[Tree] | None:
    """The step of the derivation that has this reason."""
    return next((step for step in route.derivation.steps if step.reason is reason), None)


def with_values(route: JacobianRoute) -> Relation:
    """J_y with its values, and as a Kronecker product if it is one.

    Of a Jacobian that is too large to be shown, the corners would say little: its blocks are shown instead.
    """
    values, product = step_of(route, VALUES), step_of(route, KRONECKER)
    assert values is not None
    map = route.map
    name = At(JacobianOf(map_name(map.layer)), Name(map.input.letter, "vector"))
    if product is None:
        return Relation.equal(name, values.after)
    as_product = by_names(product.after, map.layer)
    if width(as_product) > _INLINE:
        # It explains less than it has to be explained.
        return Relation.equal(name, values.after)
    whole = Relation.equal(name, values.after, as_product)
    blocks = tables.blocks(product.after, map.concrete)
    if blocks is None or all(grid.size is None for line in fit(whole) for grid in grids(line)):
        return whole
    return Relation.equal(name, Explicit(blocks), as_product)


def why_zeros(draft: Draft, material: Material, route: JacobianRoute) -> None:
    """What the layer's author says about the zeros, if there are any."""
    why = dict(material.layer.prose.zeros).get(route.map.input.name)
    if why and route.jacobian.nnz < prod(route.jacobian.shape):
        draft.prose(why)


def show_values(draft: Draft, material: Material, route: JacobianRoute, *, first: bool) -> None:
    """Adds the values, or the pattern where they are too long, and why there are zeros."""
    name = route.map.input.name
    if not is_readable(with_values(route)):
        show_pattern(draft, route)
        why_zeros(draft, material, route)
        return
    if first:
        _example(draft, route)
    rows, columns = route.jacobian.shape
    if route.jacobian.nnz == rows * columns:
        message = N_("Differentiating all components gives the values:")
    elif all(isinstance(term.coefficient, Ones | Constant) for term in route.jacobian.terms):
        message = N_("Every component contains one of the variables, with the factor 1. All other derivatives are 0:")
    else:
        message = N_("Differentiating all components gives the values. Of {all} entries, {nnz} can differ from zero:")
    draft.prose(message, all=rows * columns, nnz=route.jacobian.nnz)
    draft.equation(f"{name}.jacobian", with_values(route))
    if _begins_kronecker(material, route):
        first_of_two, second_of_two = two_matrices(material.layer)
        entry = Entry(first_of_two.text.lower(), ("i", "j"))
        draft.prose(
            N_(
                "Here {kron} is the *Kronecker product*: the block {block} stands in the place of each entry {entry} "
                "of {P}."
            ),
            kron=Kronecker((first_of_two, second_of_two)),
            block=Product((entry, second_of_two)),
            entry=entry,
            P=first_of_two,
        )
    why_zeros(draft, material, route)


def show_pattern(draft: Draft, route: JacobianRoute, begun: Begun = "spoken of") -> None:
    """Which derivatives are zero, and what the first of the others are, where all of them would be too long.

    begun is what the sentences before have said.
    """
    jacobian, name = route.jacobian, route.map.input.name
    rows, columns = jacobian.shape

    def tree(i: int, j: int) -> Tree:
        return Number(0) if jacobian.is_zero(i, j) else jacobian.partial(i, j)

    table = tables.values(jacobian)
    named = EntryTable("", jacobian.shape, tree, dict, table.blocks, sparse=True)
    left = At(JacobianOf(map_name(route.map.layer)), Name(route.map.input.letter, "vector"))
    zeros = rows * columns - jacobian.nnz
    draft.prose(_PATTERNS[begun, zeros > 0], all=rows * columns, nnz=jacobian.nnz)
    draft.equation(f"{name}.jacobian", Relation.equal(left, Explicit(named)))
    places = list(islice(jacobian.nonzeros(), _EXAMPLES))
    shown = [Relation.equal(jacobian.partial(*place), jacobian.shown(*place)) for place in places]
    shown = [statement for statement in shown if fits(statement)]
    if shown:
        draft.prose(
            N_("They are all made alike. The first of them is")
            if len(shown) == 1
            else N_("They are all made alike. The first of them are")
        )
        draft.equation(f"{name}.entries", *shown)


def _begins_kronecker(material: Material, route: JacobianRoute) -> bool:
    """Whether this is the first of the derivations that shows a Kronecker product, and has to say what one is."""
    steps = ((other, step_of(other, KRONECKER)) for other in material.routes.values())
    first = next((other for other, step in steps if step is not None and isinstance(step.after, Kronecker)), None)
    return first is route


def _example(draft: Draft, route: JacobianRoute) -> None:
    """One derivative that is not zero, and one that is."""
    jacobian = route.jacobian
    place = next(jacobian.nonzeros(), None)
    if place is None:
        return
    row, column = place
    values = {"one": Relation.equal(jacobian.partial(row, column), jacobian.shown(row, column))}
    if width(values["one"], display=False) > _INLINE:
        return
    searched = range(min(jacobian.shape[0], _SEARCHED))
    other = next((n for n in searched if jacobian.is_zero(n, column)), None)
    variable = Entry(route.map.input.letter, unflat(column, route.map.input_shape))
    if other is None:
        draft.prose(N_("The first entry, for example, is {one}."), **values)
        return
    component = Entry(route.map.layer.output_letter, unflat(other, route.map.output_shape))
    draft.prose(
        N_("For example, {one}, while {component} does not contain {variable} and {zero}."),
        **values,
        component=component,
        variable=variable,
        zero=Relation.equal(jacobian.partial(other, column), Number(0)),
    )
