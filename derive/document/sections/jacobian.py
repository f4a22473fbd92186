"""For each input: the map, the chain rule, its Jacobian as derivatives and as values, the row, the formula."""

from __future__ import annotations

from math import prod

from derive.document.blocks import Ref
from derive.document.draft import Draft, Values
from derive.document.material import Material
from derive.engine import tables
from derive.engine.tables import EntryTable
from derive.locale import N_
from derive.notation.tree import (
    At,
    Beside,
    Dots,
    Explicit,
    JacobianOf,
    Kronecker,
    Listed,
    Name,
    Relation,
    Signature,
    Space,
    Tree,
)
from derive.routes.jacobian import CHAIN, FACTOR, KRONECKER, REGROUP, ROW, VALUES, JacobianRoute
from derive.steps import Reason, Step

__all__ = ["write", "write_brief"]

_LISTED = 6
"""So many entries of the row are written out, each in a line of its own."""


def write(draft: Draft, material: Material) -> None:
    """Adds a section for each input."""
    for place, route in enumerate(material.routes.values()):
        name = route.map.input.name
        draft.heading(name, N_("Derivation of {gradient}"), gradient=route.formula.name)
        _map(draft, route, first=place == 0)
        _chain_rule(draft, route, first=place == 0)
        _values(draft, material, route)
        _row(draft, route)
        _regroup(draft, route)


def write_brief(draft: Draft, material: Material) -> None:
    """Adds the shortest proof for each input: its Jacobian, the row regrouped, the formula."""
    for route in material.routes.values():
        name = route.map.input.name
        draft.heading(name, N_("Derivation of {gradient}"), gradient=route.formula.name)
        _values(draft, material, route)
        _regroup(draft, route)


def _step(route: JacobianRoute, reason: Reason) -> Step[Tree] | None:
    return next((step for step in route.derivation.steps if step.reason is reason), None)


def _map(draft: Draft, route: JacobianRoute, *, first: bool) -> None:
    map = route.map
    name = map.input.name
    vector = Name(map.input.letter, "vector")
    others = [draft.words[node.name] for node in map.layer.inputs if node is not map.input]
    values = {"vector": vector, "array": draft.words[name], "others": Listed(tuple(others)), "n": map.domain}
    if first and others:
        draft.prose(
            N_(
                "Hold {others} constant and read {array} row by row into a vector {vector}. The components of {y} keep "
                "the indices that they have in {Y}, so that each is easy to find again:"
            ),
            **values,
        )
    elif others:
        draft.prose(
            N_(
                "Now {array} varies, as the vector {vector}, while {others} stay constant. The components are the same "
                "expressions; what has changed is which letters are variables:"
            ),
            **values,
        )
    else:
        draft.prose(N_("Read {array} row by row into a vector {vector}:"), **values)
    signature = Signature(Name(map.layer.output_letter), Space((map.domain,)), Space((map.codomain,)))
    mapping = Relation(
        (
            Relation.equal(vector, Explicit(tables.variables(map))),
            Explicit(tables.components(map)),
            Explicit(tables.component_names(map)),
        ),
        ("maps", "="),
    )
    draft.equation(f"{name}.map", Beside((signature,)), mapping)


def _chain_rule(draft: Draft, route: JacobianRoute, *, first: bool) -> None:
    map = route.map
    name = map.input.name
    step = _step(route, CHAIN)
    assert step is not None
    vector = Name(map.input.letter, "vector")
    loss = At(JacobianOf(Name(map.layer.loss)), vector)
    values: Values = {
        "m": map.codomain,
        "n": map.domain,
        "J": JacobianOf(Name(map.layer.output_letter)),
        "array": draft.words[name],
    }
    if first:
        draft.prose(
            N_(
                "In the chain rule {rule} the upstream derivatives form a row with {m} entries, one for each component "
                "of {y}. Row after row, {J} asks how one component reacts to each of the {n} variables:"
            ),
            rule=Ref("idea.chain"),
            **values,
        )
    else:
        draft.prose(
            N_(
                "The row of upstream derivatives is the same as before. It meets another Jacobian, with a column for "
                "each of the {n} entries of {array}:"
            ),
            **values,
        )
    draft.equation(f"{name}.chain", Relation.equal(loss, step.before, step.after))


def _values(draft: Draft, material: Material, route: JacobianRoute) -> None:
    map = route.map
    name = map.input.name
    step = _step(route, VALUES)
    assert step is not None
    J = At(JacobianOf(Name(map.layer.output_letter)), Name(map.input.letter, "vector"))
    rows, columns = route.jacobian.shape
    draft.prose(
        N_("Differentiating the components gives the values. Of {all} entries, {nnz} can differ from zero:"),
        all=rows * columns,
        nnz=route.jacobian.nnz,
    )
    parts: list[Tree] = [J, step.after]
    product = _step(route, KRONECKER)
    if product is not None:
        parts.append(product.after)
    draft.equation(f"{name}.jacobian", Relation.equal(*parts))
    why = dict(material.layer.prose.zeros).get(name)
    if why:
        draft.prose(why)
    if product is not None:
        draft.prose(
            N_("({kron} is the *Kronecker product*: every entry of {first} is multiplied by all of {second}.)"),
            kron=Kronecker((Name("A", "matrix"), Name("B", "matrix"))),
            first=Name("A", "matrix"),
            second=Name("B", "matrix"),
        )


def _row(draft: Draft, route: JacobianRoute) -> None:
    name = route.map.input.name
    step = _step(route, ROW)
    assert step is not None
    count = _column_count(route)
    draft.prose(
        N_(
            "Multiply the row of upstream derivatives by each column. A zero removes its term, so that of {m} terms at "
            "most {count} are left in every entry:"
        )
        if count > 1
        else N_(
            "Multiply the row of upstream derivatives by each column. A zero removes its term, so that one is left:"
        ),
        m=route.map.codomain,
        count=count,
    )
    names, entries = tables.derivatives(route.chain_rule), tables.row(route.chain_rule)
    draft.equation(f"{name}.row", *_listed(names, entries))


def _column_count(route: JacobianRoute) -> int:
    """How many entries of a column can differ from zero."""
    shape = route.map.output_shape
    patterns = {(term.output, term.input) for term in route.jacobian.terms}
    return sum(
        prod(size for label, size in zip(output, shape, strict=True) if label not in wrt) for output, wrt in patterns
    )


def _listed(names: EntryTable, entries: EntryTable) -> list[Tree]:
    """The entries of a row, each as an equation; dots for the middle of a long row."""
    count = names.shape[1]
    shown = list(range(count)) if count <= _LISTED else [0, 1, 2, -1, count - 1]
    return [
        Relation.equal(names.tree(0, n), entries.tree(0, n)) if n >= 0 else Relation((Dots("column"),), ())
        for n in shown
    ]


def _regroup(draft: Draft, route: JacobianRoute) -> None:
    map = route.map
    name = map.input.name
    step, factor = _step(route, REGROUP), _step(route, FACTOR)
    assert step is not None
    values: Values = {"array": draft.words[name], "gradient": route.formula.name}
    if len(map.input.shape) > 1:
        draft.prose(N_("Put each entry of the row back in the place that its variable has in {array}:"), **values)
    else:
        draft.prose(N_("The entries in their order are the gradient, in the shape of {array}:"), **values)
    draft.equation(f"{name}.gradient", Relation.equal(route.formula.name, step.before, step.after))
    if factor is not None:
        draft.prose(
            N_(
                "Every entry is a sum of products, an upstream derivative times a constant of this layer. Ordered by "
                "rows and columns, these are the sums that the product of two matrices is made of:"
            ),
            **values,
        )
        draft.equation(f"{name}.factors", Relation.equal(step.after, factor.after))
        draft.prose(N_("The factors have names, and the derivation is complete:"))
    else:
        draft.prose(N_("In matrix notation, this is"))
    draft.result(f"{name}.formula", route.formula.equation)
