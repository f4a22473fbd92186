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
from derive.routes.jacobian import CHAIN, FACTOR, KRONECKER, REGROUP, VALUES, JacobianRoute
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
        _values(draft, material, route, first=place == 0)
        _row(draft, material, route, first=place == 0)
        _regroup(draft, route, first=place == 0)


def write_brief(draft: Draft, material: Material) -> None:
    """Adds the shortest proof for each input: its Jacobian, the row times it, regrouped, and the formula."""
    for route in material.routes.values():
        name = route.map.input.name
        array = draft.words[name]
        draft.heading(name, N_("Derivation of {gradient}"), gradient=route.formula.name)
        draft.prose(
            N_("While the other inputs are held constant, and {array} and {Y} are read row by row, the Jacobian is"),
            array=array,
        )
        draft.equation(f"{name}.jacobian", _jacobian(route))
        _why(draft, material, name)
        draft.prose(
            N_("The row of upstream derivatives times this matrix, put back in the places of {array}, is"), array=array
        )
        regrouped, factor = _step(route, REGROUP), _step(route, FACTOR)
        assert regrouped is not None
        parts = [route.formula.name, regrouped.after, *([factor.after] if factor else [])]
        draft.equation(f"{name}.gradient", Relation.equal(*parts))
        draft.prose(N_("or, in matrix notation,"))
        draft.result(f"{name}.formula", route.formula.equation)


def _step(route: JacobianRoute, reason: Reason) -> Step[Tree] | None:
    return next((step for step in route.derivation.steps if step.reason is reason), None)


def _map(draft: Draft, route: JacobianRoute, *, first: bool) -> None:
    map = route.map
    name = map.input.name
    vector = Name(map.input.letter, "vector")
    others = [draft.words[node.name] for node in map.layer.inputs if node is not map.input]
    values: Values = {
        "vector": vector,
        "array": draft.words[name],
        "others": Listed(tuple(others)),
        "map": Signature(Name(map.layer.output_letter), Space((map.domain,)), Space((map.codomain,))),
    }
    if not others:
        draft.prose(N_("Read {array} as a vector {vector}. The layer is then the map {map} with"), **values)
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
                "Now {array} varies, as the vector {vector}, while {others} stay constant, and the layer is a map "
                "{map}. The components are the same expressions; what has changed is which of the letters are "
                "variables:"
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
    draft.equation(f"{name}.map", mapping)


def _chain_rule(draft: Draft, route: JacobianRoute, *, first: bool) -> None:
    map = route.map
    name = map.input.name
    step = _step(route, CHAIN)
    assert step is not None
    loss = At(JacobianOf(Name(map.layer.loss)), Name(map.input.letter, "vector"))
    if first:
        draft.prose(
            N_(
                "In the chain rule {rule} the upstream derivatives form a row, with an entry for each component of "
                "{y}. Row after row, {J} asks how one component reacts to each of the variables:"
            ),
            rule=Ref("idea.chain"),
            J=JacobianOf(Name(map.layer.output_letter)),
        )
    else:
        draft.prose(
            N_(
                "The row of upstream derivatives is the same as before. It meets another Jacobian, with a column for "
                "each entry of {array}:"
            ),
            array=draft.words[name],
        )
    draft.equation(f"{name}.chain", Relation.equal(loss, step.before, step.after))


def _jacobian(route: JacobianRoute) -> Relation:
    """J_y with its values, and as a Kronecker product if it is one."""
    step, product = _step(route, VALUES), _step(route, KRONECKER)
    assert step is not None
    map = route.map
    name = At(JacobianOf(Name(map.layer.output_letter)), Name(map.input.letter, "vector"))
    return Relation.equal(name, step.after, *([product.after] if product else []))


def _why(draft: Draft, material: Material, name: str) -> None:
    """What the layer's author says about the zeros."""
    why = dict(material.layer.prose.zeros).get(name)
    if why:
        draft.prose(why)


def _values(draft: Draft, material: Material, route: JacobianRoute, *, first: bool) -> None:
    name = route.map.input.name
    rows, columns = route.jacobian.shape
    if route.jacobian.nnz == rows * columns:
        draft.prose(N_("Differentiating the components gives the values:"))
    else:
        draft.prose(
            N_("Differentiating the components gives the values. Of {all} entries, {nnz} can differ from zero:"),
            all=rows * columns,
            nnz=route.jacobian.nnz,
        )
    draft.equation(f"{name}.jacobian", _jacobian(route))
    _why(draft, material, name)
    if first and _step(route, KRONECKER) is not None:
        draft.prose(
            N_("Here {kron} is the *Kronecker product*: every entry of {first}, times all of {second}."),
            kron=Kronecker((Name("A", "matrix"), Name("B", "matrix"))),
            first=Name("A", "matrix"),
            second=Name("B", "matrix"),
        )


def _row(draft: Draft, material: Material, route: JacobianRoute, *, first: bool) -> None:
    name = route.map.input.name
    count, what = _column_count(route), _counted(draft, material, route)
    if route.map.codomain == 1:
        message = N_("Multiply the row of upstream derivatives by each column:")
    elif count == 1:
        message = N_(
            "Multiply the row of upstream derivatives by each column. A zero removes its term, and one is left:"
        )
    elif not first and what:
        message = N_("A column now has {count} entries that can differ from zero, one for each {what}:")
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
    names, entries = tables.derivatives(route.chain_rule), tables.row(route.chain_rule)
    draft.equation(f"{name}.row", *_listed(names, entries))


def _summed(route: JacobianRoute) -> list[tuple[int, ...]]:
    """For each pattern of the Jacobian, the axes of the output that a column does not pin."""
    patterns = dict.fromkeys((term.output, term.input) for term in route.jacobian.terms)
    return [tuple(axis for axis, label in enumerate(output) if label not in wrt) for output, wrt in patterns]


def _column_count(route: JacobianRoute) -> int:
    """How many entries of a column can differ from zero."""
    return sum(prod(route.map.output_shape[axis] for axis in axes) for axes in _summed(route))


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


def _regroup(draft: Draft, route: JacobianRoute, *, first: bool) -> None:
    map = route.map
    name = map.input.name
    step, factor = _step(route, REGROUP), _step(route, FACTOR)
    assert step is not None
    array = draft.words[name]
    if len(map.input.shape) > 1:
        draft.prose(N_("Put each entry of the row back in the place that its variable has in {array}:"), array=array)
    else:
        draft.prose(N_("The entries in their order are the gradient, in the shape of {array}:"), array=array)
    draft.equation(f"{name}.gradient", Relation.equal(route.formula.name, step.before, step.after))
    if factor is None:
        draft.prose(N_("In matrix notation, this is"))
    elif first:
        draft.prose(
            N_(
                "Every entry is a sum of products, an upstream derivative times a constant of this layer. Ordered by "
                "rows and columns, these are the sums that the product of two matrices is made of:"
            )
        )
    else:
        draft.prose(N_("These are again the sums that a product of matrices is made of:"))
    if factor is not None:
        draft.equation(f"{name}.factors", Relation.equal(route.formula.name, factor.after))
        draft.prose(
            N_("The factors have names, and the derivation is complete:") if first else N_("or, by their names,")
        )
    draft.result(f"{name}.formula", route.formula.equation)
