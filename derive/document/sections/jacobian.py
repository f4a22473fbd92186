"""For each input: the map, the chain rule, its Jacobian as derivatives and as values, the row, the formula."""

from __future__ import annotations

from itertools import islice
from math import prod

from derive.document.blocks import Prose, Ref
from derive.document.draft import Draft, Values
from derive.document.entrywise import in_notation, is_indexed, shown_formula, shown_output
from derive.document.layout import fit, fits, grids, is_readable
from derive.document.material import Material
from derive.document.reading import reading
from derive.document.sections import stacks
from derive.document.words import is_loss, map_name, named_values, two_matrices
from derive.engine import tables
from derive.engine.concrete import unflat
from derive.engine.tables import EntryTable
from derive.forward.nodes import Constant, Ones, topological
from derive.locale import N_
from derive.notation.measure import width
from derive.notation.tree import (
    At,
    Dots,
    Entry,
    Explicit,
    JacobianOf,
    Kronecker,
    Listed,
    Name,
    Number,
    Product,
    Relation,
    Signature,
    Space,
    Tree,
)
from derive.notation.walk import contains, entries
from derive.routes.entry import EntryRoute
from derive.routes.jacobian import CHAIN, FACTOR, KRONECKER, REGROUP, VALUES, JacobianRoute
from derive.steps import Reason, Step

__all__ = ["write", "write_brief"]

_LISTED = 6
"""So many entries of the row are written out, each in a line of its own."""

_EXAMPLES = 2
"""So many entries of a Jacobian are written out where all of them would be too long."""

_INLINE = 16.0
"""The width in em of a derivative in a sentence."""

_LOOKED_AT = 8
"""So many components tell which values that have a name stand in them."""

_SEARCHED = 64
"""So many components are looked through for one that does not contain a variable."""


def write(draft: Draft, material: Material) -> None:
    """Adds a section for each input."""
    for place, route in enumerate(material.routes.values()):
        name = route.map.input.name
        draft.heading(name, N_("The gradient with respect to {array}"), array=draft.words[name])
        _map(draft, route, first=place == 0)
        _chain_rule(draft, material, route, first=place == 0)
        _values(draft, material, route, first=place == 0)
        _row(draft, material, route, first=place == 0)
        _regroup(draft, route)
    stacks.write(draft, material)


def write_brief(draft: Draft, material: Material) -> None:
    """Adds the shortest proof for each input: its Jacobian, the row times it, regrouped, and the formula."""
    for route in material.routes.values():
        name = route.map.input.name
        array = draft.words[name]
        draft.heading(name, N_("The gradient with respect to {array}"), array=draft.words[name])
        draft.prose(
            N_("While the other inputs are held constant, and {array} and {Y} are read row by row, the Jacobian is"),
            array=array,
        )
        if not is_readable(_jacobian(route)):
            _pattern(draft, route)
        else:
            draft.equation(f"{name}.jacobian", _jacobian(route))
        _why(draft, material, route)
        regrouped, factor = _step(route, REGROUP), _step(route, FACTOR)
        assert regrouped is not None
        parts = Relation.equal(route.formula.name, regrouped.after, *([factor.after] if factor else []))
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
            array=draft.words[map.input.name],
        )


def _chain_rule(draft: Draft, material: Material, route: JacobianRoute, *, first: bool) -> None:
    map = route.map
    name = map.input.name
    step = _step(route, CHAIN)
    assert step is not None
    if is_loss(map.layer):
        return
    if not first and not is_readable(_jacobian(route)):
        draft.prose(
            N_(
                "The row of upstream derivatives is the same as before. It multiplies another Jacobian, with a column "
                "for each entry of {array}."
            ),
            array=draft.words[name],
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
            array=draft.words[name],
        )
    draft.equation(f"{name}.chain", Relation.equal(loss, step.before, step.after))


def _jacobian(route: JacobianRoute) -> Relation:
    """J_y with its values, and as a Kronecker product if it is one.

    Of a Jacobian that is too large to be shown, the corners would say little: its blocks are shown instead.
    """
    values, product = _step(route, VALUES), _step(route, KRONECKER)
    assert values is not None
    map = route.map
    name = At(JacobianOf(map_name(map.layer)), Name(map.input.letter, "vector"))
    if product is None:
        return Relation.equal(name, values.after)
    whole = Relation.equal(name, values.after, product.after)
    blocks = tables.blocks(product.after, map.concrete)
    if blocks is None or all(grid.size is None for line in fit(whole) for grid in grids(line)):
        return whole
    return Relation.equal(name, Explicit(blocks), product.after)


def _why(draft: Draft, material: Material, route: JacobianRoute) -> None:
    """What the layer's author says about the zeros, if there are any."""
    why = dict(material.layer.prose.zeros).get(route.map.input.name)
    if why and route.jacobian.nnz < prod(route.jacobian.shape):
        draft.prose(why)


def _values(draft: Draft, material: Material, route: JacobianRoute, *, first: bool) -> None:
    name = route.map.input.name
    if not is_readable(_jacobian(route)):
        _pattern(draft, route)
        _why(draft, material, route)
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
    draft.equation(f"{name}.jacobian", _jacobian(route))
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
    _why(draft, material, route)


def _pattern(draft: Draft, route: JacobianRoute) -> None:
    """Which derivatives are zero, and what the first of the others are, where all of them would be too long."""
    jacobian, name = route.jacobian, route.map.input.name
    rows, columns = jacobian.shape

    def tree(i: int, j: int) -> Tree:
        return Number(0) if jacobian.is_zero(i, j) else jacobian.partial(i, j)

    table = tables.values(jacobian)
    named = EntryTable("", jacobian.shape, tree, dict, table.blocks, sparse=True)
    left = At(JacobianOf(map_name(route.map.layer)), Name(route.map.input.letter, "vector"))
    zeros = rows * columns - jacobian.nnz
    draft.prose(
        N_(
            "Of its {all} entries, {nnz} can differ from zero. Written out they are long, so here they keep their "
            "names:"
        )
        if zeros
        else N_("Written out, its {all} entries are long, so here they keep their names:"),
        all=rows * columns,
        nnz=jacobian.nnz,
    )
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
    steps = ((other, _step(other, KRONECKER)) for other in material.routes.values())
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


def _row(draft: Draft, material: Material, route: JacobianRoute, *, first: bool) -> None:
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
    names, entries = tables.derivatives(route.chain_rule), tables.row(route.chain_rule)
    listed = _listed(names, _without_needless_dots(route, entries))
    short = is_readable(_jacobian(route)) and all(map(fits, listed))
    draft.equation(f"{name}.row", *(listed if short else _listed(names, _unevaluated(route))))


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


def _without_needless_dots(route: JacobianRoute, entries: EntryTable) -> EntryTable:
    """The row, in which dots stand for terms only where too many are left."""
    single = EntryRoute(route.map).single

    def tree(i: int, j: int) -> Tree:
        shown = entries.tree(i, j)
        return single(j).shown() if contains(shown, Dots) else shown

    return EntryTable(entries.name, entries.shape, tree, entries.nonzeros, entries.blocks)


def _unevaluated(route: JacobianRoute) -> EntryTable:
    """The row whose entries use the derivatives by their names."""
    entries = EntryRoute(route.map)
    return EntryTable("", (1, route.map.domain), lambda i, j: entries.single(j).named(), dict)


def _regroup(draft: Draft, route: JacobianRoute) -> None:
    map = route.map
    name = map.input.name
    step, factor = _step(route, REGROUP), _step(route, FACTOR)
    assert step is not None
    array = draft.words[name]
    if is_loss(map.layer):
        draft.prose(N_("{L} is {Y}, so these derivatives, in the places of {array}, are the gradient:"), array=array)
    elif len(map.input.shape) > 1:
        draft.prose(N_("Put each entry of the row back in the place that its variable has in {array}:"), array=array)
    else:
        draft.prose(N_("These entries, in their order, are the gradient:"))
    whole = Relation.equal(route.formula.name, step.before, step.after)
    if not is_readable(whole):
        whole = Relation.equal(route.formula.name, step.before)
    draft.equation(f"{name}.gradient", whole)
    reason = reading(draft, route)
    if factor is None:
        draft.prose(in_notation(route.map.layer))
    elif reason is not None:
        draft.add(Prose(reason))
    else:
        draft.prose(N_("These are the sums that a product of matrices is made of:"))
    if factor is not None:
        draft.equation(f"{name}.factors", Relation.equal(route.formula.name, factor.after))
    draft.result(f"{name}.formula", shown_formula(route.map.layer, route.formula))
