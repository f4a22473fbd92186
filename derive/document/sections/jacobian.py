"""For each input: the map, the chain rule, its Jacobian as derivatives and as values, the row, the formula."""

from __future__ import annotations

from derive.document.blocks import Ref
from derive.document.draft import Draft, Values
from derive.document.layout import fits, is_readable
from derive.document.material import Material
from derive.document.notations import is_indexed, shown_formula, shown_output
from derive.document.sections import stacks
from derive.document.sections.jacobian_row import in_places, regroup, show_row
from derive.document.sections.jacobian_values import show_pattern, show_values, step_of, why_zeros, with_values
from derive.document.words import array_name, is_loss, map_name, named_values
from derive.engine import tables
from derive.forward.nodes import topological
from derive.locale import N_
from derive.notation.tree import (
    At,
    Entry,
    Explicit,
    JacobianOf,
    Listed,
    Name,
    Relation,
    Signature,
    Space,
)
from derive.notation.walk import entries
from derive.routes.jacobian import CHAIN, FACTOR, JacobianRoute

__all__ = ["write", "write_brief"]

_LOOKED_AT = 8
"""So many components tell which values that have a name stand in them."""


def write(draft: Draft, material: Material) -> None:
    """Adds a section for each input."""
    for place, route in enumerate(material.routes.values()):
        name = route.map.input.name
        draft.heading(name, N_("The gradient with respect to {array}"), array=array_name(route.map.input))
        _map(draft, route, first=place == 0)
        _chain_rule(draft, material, route, first=place == 0)
        show_values(draft, material, route, first=place == 0)
        show_row(draft, material, route, first=place == 0)
        regroup(draft, material, route)
    stacks.write(draft, material)


def write_brief(draft: Draft, material: Material) -> None:
    """Adds the shortest proof for each input: its Jacobian, the row times it, regrouped, and the formula."""
    for route in material.routes.values():
        name = route.map.input.name
        array = array_name(route.map.input)
        draft.heading(name, N_("The gradient with respect to {array}"), array=array)
        alone = len(material.layer.inputs) == 1
        if not is_readable(with_values(route)):
            show_pattern(draft, route, "alone" if alone else "others")
        else:
            draft.prose(
                N_("The Jacobian is") if alone else N_("While the other inputs are held constant, the Jacobian is")
            )
            draft.equation(f"{name}.jacobian", with_values(route))
        why_zeros(draft, material, route)
        factor = step_of(route, FACTOR)
        parts = Relation.equal(route.formula.name, in_places(route), *([factor.after] if factor else []))
        if is_readable(parts):
            draft.prose(
                N_("Put back in the places of {array}, these derivatives are the gradient:")
                if is_loss(material.layer)
                else N_("The row of upstream derivatives times this matrix, put back in the places of {array}, is"),
                array=array,
            )
            draft.equation(f"{name}.gradient", parts)
            draft.prose(
                N_("or, with letters for indices,") if is_indexed(material.layer) else N_("or, in matrix notation,")
            )
        else:
            draft.prose(
                N_("The row of upstream derivatives times this matrix is the gradient. With letters for indices, it is")
                if is_indexed(material.layer)
                else N_("The row of upstream derivatives times this matrix is the gradient. In matrix notation, it is")
            )
        draft.result(f"{name}.formula", shown_formula(route.map.layer, route.formula))
    stacks.write(draft, material)


def _map(draft: Draft, route: JacobianRoute, *, first: bool) -> None:
    map = route.map
    name = map.input.name
    vector = Name(map.input.letter, "vector")
    others = [array_name(node) for node in map.layer.inputs if node is not map.input]
    values: Values = {
        "vector": vector,
        "array": array_name(route.map.input),
        "others": Listed(tuple(others)),
        "map": Signature(
            map_name(map.layer), Space((map.domain,)), Space(() if is_loss(map.layer) else (map.codomain,))
        ),
    }
    if is_loss(map.layer):
        draft.prose(_of_a_loss(len(others), first=first), **values)
    elif not others:
        draft.prose(
            N_("Read {array} row by row into a vector {vector}. The layer is then the map {map} with")
            if len(map.input.shape) > 1
            else N_("The layer is the map {map} with"),
            **values,
        )
    elif first and len(map.input.shape) < 2:
        draft.prose(
            N_(
                "Hold {others} constant and let {vector} vary. The layer is then a map {map}. Its components keep the "
                "indices that they have in {Y}, so that each is easy to find again:"
            ),
            **values,
        )
    elif first:
        draft.prose(
            N_(
                "Hold {others} constant and read {array} row by row into a vector {vector}. The layer is then a map "
                "{map}. Its components keep the indices that they have in {Y}, so that each is easy to find again:"
            ),
            **values,
        )
    else:
        draft.prose(
            N_(
                "Now {array} varies, {others} are constant, and the layer is a map {map}. The components are the same "
                "expressions; what has changed is which of the letters are variables:"
            )
            if len(others) > 1
            else N_(
                "Now {array} varies, {others} is constant, and the layer is a map {map}. The components are the same "
                "expressions; what has changed is which of the letters are variables:"
            ),
            **values,
        )
    mapping = Relation(
        (
            Relation.equal(vector, Explicit(tables.variables(map))),
            Explicit(tables.components(map)),
            Explicit(tables.component_names(map)),
        ),
        ("maps", "="),
    )
    if is_loss(map.layer):
        values_of = tables.components(map).tree(0, 0)
        whole = Relation.equal(At(Entry(map.layer.output_letter), vector), values_of)
        if not fits(whole) and (entry := shown_output(map.layer)) is not None:
            whole = Relation.equal(At(Entry(map.layer.output_letter), vector), entry.parts[1])
        if not fits(whole):
            whole = Relation.equal(At(Entry(map.layer.output_letter), vector), draft.words["forward"])
        draft.equation(f"{name}.map", whole)
        _dependent(draft, route)
        return
    if not is_readable(mapping):
        shown = tuple(Explicit(table) for table in (tables.variables(map), tables.component_names(map)))
        mapping = Relation((Relation.equal(vector, shown[0]), shown[1]), ("maps",))
    draft.equation(f"{name}.map", mapping)
    _dependent(draft, route)


def _of_a_loss(others: int, *, first: bool) -> str:
    """What varies, and what the loss is a function of."""
    if not others:
        return N_("With the entries of {array} in a vector {vector}, the loss is a function {map}:")
    if first:
        return N_(
            "Hold {others} constant and read the entries of {array} into a vector {vector}. The loss is then a "
            "function {map}:"
        )
    if others > 1:
        return N_("Now {array} varies and {others} are constant. The loss, as a function {map} of {vector}, is")
    return N_("Now {array} varies and {others} is constant. The loss, as a function {map} of {vector}, is")


def _dependent(draft: Draft, route: JacobianRoute) -> None:
    """Which values that have a name, and stand in the components, vary with this input."""
    map = route.map
    written = [tables.components(map).tree(n, 0) for n in range(min(map.codomain, _LOOKED_AT))]
    letters = {entry.letter for tree in written for entry in entries(tree)}
    names = tuple(
        item.name
        for item in named_values(map.layer)
        if item.entries is not None and item.entries.letter in letters and map.input in topological(item.node)
    )
    if names:
        draft.prose(
            N_(
                "The entries of {names} stand for what they are computed from: they depend on {array}, and are "
                "differentiated with respect to it by the chain rule."
            ),
            names=Listed(names),
            array=array_name(map.input),
        )


def _chain_rule(draft: Draft, material: Material, route: JacobianRoute, *, first: bool) -> None:
    map = route.map
    name = map.input.name
    step = step_of(route, CHAIN)
    assert step is not None
    if is_loss(map.layer):
        return
    if not first and not is_readable(with_values(route)):
        draft.prose(
            N_(
                "The row of upstream derivatives is the same as before. It multiplies another Jacobian, with a column "
                "for each entry of {array}."
            ),
            array=array_name(route.map.input),
        )
        return
    loss = At(JacobianOf(Name(map.layer.loss)), Name(map.input.letter, "vector"))
    if first:
        draft.prose(
            N_(
                "In the chain rule {rule} the upstream derivatives form a row, with an entry for each component of "
                "{y}. A row of {J} holds the derivatives of one component with respect to all variables:"
            )
            if material.has("idea")
            else N_(
                "In the chain rule the upstream derivatives form a row, with an entry for each component of {y}. A row "
                "of {J} holds the derivatives of one component with respect to all variables:"
            ),
            rule=Ref("idea.chain"),
            J=JacobianOf(map_name(map.layer)),
        )
    else:
        draft.prose(
            N_(
                "The row of upstream derivatives is the same as before. It multiplies another Jacobian, with a column "
                "for each entry of {array}:"
            ),
            array=array_name(route.map.input),
        )
    draft.equation(f"{name}.chain", Relation.equal(loss, step.before, step.after))
