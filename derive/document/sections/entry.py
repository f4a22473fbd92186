"""One entry at a time: ∂L/∂w_11 as the sum of all entries of ∂L/∂Y ⊙ ∂Y/∂w_11, then all entries, then the formula."""

from __future__ import annotations

from derive.document.blocks import Prose, Ref, Verbatim
from derive.document.draft import Draft, Values
from derive.document.layout import fits
from derive.document.material import Material
from derive.document.notations import in_notation, is_indexed, shown_formula
from derive.document.reading import reading
from derive.document.words import array_name, is_loss, output_name, two_matrices
from derive.engine.single import SingleEntry
from derive.engine.tables import EntryTable
from derive.locale import N_
from derive.notation.tree import (
    BigSum,
    Dots,
    Entry,
    Explicit,
    Gradient,
    Hadamard,
    Inner,
    Listed,
    Partial,
    Product,
    Relation,
    Tree,
)
from derive.routes.entry import CHAIN, ENTRIES, FACTOR, PRODUCTS, SUM, VALUES, EntryRoute
from derive.routes.jacobian import JacobianRoute
from derive.steps import Derivation

__all__ = ["write", "write_brief"]

_INDICES = ("i", "j", "k", "l")


def write(draft: Draft, material: Material) -> None:
    """Adds the section: one input in every step, the others in short."""
    draft.heading("entry", N_("One entry at a time"))
    detailed = _detailed(material)
    _one_entry(draft, EntryRoute(detailed.map))
    _every_entry(draft, material, detailed)
    for route in material.routes.values():
        if route is not detailed:
            _in_short(draft, EntryRoute(route.map), boxed=False)


def write_brief(draft: Draft, material: Material) -> None:
    """Adds for each input one entry, all entries, and the formula."""
    draft.heading("entry", N_("One entry at a time"))
    draft.prose(
        N_("The loss {L} is the number {Y}; it is differentiated with respect to each entry of an input by itself.")
        if is_loss(material.layer)
        else N_(
            "The loss is one number, and so is its derivative with respect to one entry of an input: {G} is multiplied "
            "entry by entry by the derivatives of {Y} with respect to that entry, and all the products are added."
        )
    )
    for route in material.routes.values():
        _in_short(draft, EntryRoute(route.map), boxed=True)


def _detailed(material: Material) -> JacobianRoute:
    """The second input that is a matrix, since the first often shares its rows with the output; else the first one."""
    routes = list(material.routes.values())
    matrices = [route for route in routes if len(route.map.input.shape) == 2]
    return matrices[1] if len(matrices) > 1 else routes[0]


def _values(draft: Draft, route: EntryRoute) -> Values:
    """What the sentences about the first entry of an input may name."""
    single = route.single(0)
    moved = tuple(Dots() if row is None else single.output(row) for row in single.moved())
    return {
        "array": array_name(route.map.input),
        "variable": single.variable,
        "moved": Listed(moved),
        "dY": _by(route, single),
    }


def _by(route: EntryRoute, single: SingleEntry) -> Tree:
    """∂Y/∂w_11."""
    return Partial(output_name(route.map.layer), single.variable)


def _upstream(route: EntryRoute) -> Gradient:
    layer = route.map.layer
    return Gradient(output_name(layer), layer.upstream.name, layer.loss)


def _sum(route: EntryRoute) -> Tree:
    """Σ_i Σ_j ∂L/∂y_ij · ∂y_ij/∂w_11."""
    layer, single = route.map.layer, route.single(0)
    letters = _INDICES[: len(layer.output.shape)]
    output = Entry(layer.output_letter, letters)
    term = Product((Gradient(output, layer.upstream.letter, layer.loss), Partial(output, single.variable)))
    return BigSum(tuple(zip(letters, route.map.output_shape, strict=True)), term) if letters else term


def _scalar(side: Tree) -> Tree:
    """The number that a side with one entry holds."""
    assert isinstance(side, Explicit)
    return side.table.tree(0, 0)


def _one_entry(draft: Draft, route: EntryRoute) -> None:
    name = route.map.input.name
    values = _values(draft, route)
    steps = Derivation("entry", name, route.steps_of(0))
    chain, product, total = (steps.step(reason.name) for reason in (CHAIN, PRODUCTS, SUM))
    left, added = _scalar(chain.before), _scalar(total.after)
    if is_loss(route.map.layer):
        draft.prose(
            N_(
                "The loss {L} is the number {Y}. With respect to one entry of an input, such as {variable}, it is a "
                "function of one variable, while everything else is held constant, and is differentiated as such:"
            ),
            **values,
        )
        partial = Partial(output_name(route.map.layer), route.single(0).variable)
        written_out = Relation.equal(left, partial, added)
        draft.equation(f"entry.{name}.sum", written_out if fits(written_out) else Relation.equal(left, partial))
        return
    draft.prose(
        N_(
            "The loss is one number, and so is its derivative with respect to one entry of {array}, such as "
            "{variable}. The chain rule adds up what reaches the loss through each entry of {Y}:"
        )
        if route.map.input.shape
        else N_(
            "The loss is one number, and so is its derivative with respect to {variable}. The chain rule adds up what "
            "reaches the loss through each entry of {Y}:"
        ),
        **values,
    )
    any_two = two_matrices(route.map.layer)
    draft.equation(f"entry.{name}.chain", Relation.equal(left, _sum(route), Inner(_upstream(route), _by_name(route))))
    draft.prose(
        N_(
            "The array {dY} holds the derivatives of all entries of {Y} with respect to {variable}, in the shape of "
            "{Y}, and {inner} is the sum of all entries of {hadamard}, the *Frobenius inner product*. It is often "
            "called a dot product, but it is not `np.dot`, which multiplies matrices; NumPy writes it {code}."
        ),
        **values,
        inner=Inner(*any_two),
        hadamard=Hadamard(any_two),
        code=Verbatim(f"np.sum({any_two[0].text} * {any_two[1].text})"),
    )
    draft.prose(_why_zeros(route), **values)
    assert isinstance(product.before, Hadamard) and isinstance(chain.after, Inner)
    upstream, found = product.before.factors
    by_name = Hadamard((_upstream(route), _by_name(route))), Hadamard((upstream, chain.after.right))
    written_out = Relation.equal(*by_name, Hadamard((upstream, found)), product.after)
    total_of = Relation.equal(left, added)
    if fits(written_out) and fits(total_of):
        draft.equation(f"entry.{name}.products", written_out)
        draft.prose(N_("The sum of all entries is"))
        draft.equation(f"entry.{name}.sum", total_of)
    else:
        draft.equation(f"entry.{name}.products", Relation.equal(*by_name))
        draft.prose(N_("The sum of all entries, in which the long derivatives keep their names, is"))
        draft.equation(f"entry.{name}.sum", Relation.equal(left, route.single(0).named()))


def _why_zeros(route: EntryRoute) -> str:
    """Which derivatives are zero."""
    moved = route.single(0).moved()
    if not moved:
        return N_("No entry of {Y} contains {variable}, so every derivative is zero:")
    if None not in moved and len(moved) == route.map.codomain:
        return N_("Every entry of {Y} contains {variable}:")
    if len(moved) == 1:
        return N_(
            "Of the entries of {Y}, only {moved} contains {variable}. All other derivatives are zero, and a zero "
            "removes its product:"
        )
    return N_(
        "Of the entries of {Y}, only {moved} contain {variable}. All other derivatives are zero, and a zero removes "
        "its product:"
    )


def _by_name(route: EntryRoute) -> Tree:
    return _by(route, route.single(0))


def _every_entry(draft: Draft, material: Material, of: JacobianRoute) -> None:
    route = EntryRoute(of.map)
    name = route.map.input.name
    steps = {step.reason: step for step in route.derivation.steps}
    factor = steps.get(FACTOR)
    if route.map.input.shape:
        draft.prose(_collected(route), **_values(draft, route))
        entries = _entries(route)
        written = (entries,) if entries is not None else ()
        draft.equation(f"entry.{name}.entries", Relation.equal(route.formula.name, steps[ENTRIES].before, *written))
    reason = None if material.has("jacobian") else reading(draft, of)
    if reason is not None and factor is not None:
        draft.add(Prose(reason))
    elif factor is not None:
        draft.prose(N_("Every entry is a row of one matrix times a column of another, so all of them are a product:"))
    else:
        draft.prose(in_notation(route.map.layer))
    if factor is not None:
        draft.equation(f"entry.{name}.factors", Relation.equal(route.formula.name, factor.after))
    draft.result(f"entry.{name}.formula", shown_formula(route.map.layer, route.formula))
    if route.map.input.shape and route.map.output_shape:
        _one_number(draft, material, route)


def _collected(route: EntryRoute) -> str:
    if is_loss(route.map.layer):
        return N_("In the same way, for every entry of {array}:")
    if len(route.single(0).moved()) > 1:
        return N_(
            "On the way forward {variable} took part in {moved}; on the way back it collects from each of them the "
            "upstream derivative, times the rate at which {variable} moves it. Every entry of {array} collects from "
            "the outputs that it took part in:"
        )
    return N_("Every entry of {array} collects in this way from the outputs that it takes part in:")


def _entries(route: EntryRoute) -> Tree | None:
    """∂L/∂W, entry by entry; derivatives that are too long keep their names; None if that is too long, too."""
    entries = {step.reason: step for step in route.derivation.steps}[ENTRIES].after
    if fits(Relation.equal(route.formula.name, entries)):
        return entries
    columns = route.layout[1]
    named = Explicit(EntryTable("", route.layout, lambda i, j: route.single(i * columns + j).named(), dict))
    return named if not is_loss(route.map.layer) and fits(Relation.equal(route.formula.name, named)) else None


def _names(route: EntryRoute) -> Tree:
    """∂L/∂W, every entry by its name."""
    columns = route.layout[1]
    return Explicit(EntryTable("", route.layout, lambda i, j: route.single(i * columns + j).name, dict))


def _one_number(draft: Draft, material: Material, route: EntryRoute) -> None:
    """Why this is possible at all."""
    draft.prose(
        N_(
            "The gradient fits into the shape of {array} only because {L} is one number. {Y} has a whole array of "
            "derivatives like {dY} for each entry of {array}; read row by row, these arrays are the columns of the "
            "Jacobian {jacobian}."
        )
        if material.has("jacobian")
        else N_(
            "The gradient fits into the shape of {array} only because {L} is one number. {Y} has a whole array of "
            "derivatives like {dY} for each entry of {array}; read row by row, these arrays are the columns of the "
            "Jacobian."
        ),
        **_values(draft, route),
        jacobian=Ref(f"{route.map.input.name}.jacobian"),
    )


def _in_short(draft: Draft, route: EntryRoute, *, boxed: bool) -> None:
    name = route.map.input.name
    single = route.single(0)
    steps = Derivation("entry", name, route.steps_of(0))
    if is_loss(route.map.layer):
        _of_a_loss(draft, route, boxed=boxed)
        return
    one = N_("For {array}: {variable} takes part in {moved}, so that")
    number = N_("{variable} takes part in {moved}, so that")
    draft.prose(
        (one if route.map.input.shape else number) if single.moved() else N_("For {array}:"), **_values(draft, route)
    )
    shown = [Relation.equal(single.name, _scalar(steps.step(SUM.name).after))]
    if route.map.output_shape:
        shown.insert(0, Relation.equal(_by(route, single), steps.step(VALUES.name).after))
    draft.equation(f"entry.{name}.sum", *(shown if fits(*shown) else [Relation.equal(single.name, single.named())]))
    formula = () if boxed or is_indexed(route.map.layer) else (route.formula.tree,)
    if route.map.input.shape:
        draft.prose(N_("and all entries together are"))
        draft.equation(
            f"entry.{name}.entries", Relation.equal(route.formula.name, _entries(route) or _names(route), *formula)
        )
    elif formula:
        draft.prose(N_("or, in matrix notation,"))
        draft.equation(f"entry.{name}.entries", Relation.equal(route.formula.name, *formula))
    if boxed:
        draft.result(f"entry.{name}.formula", shown_formula(route.map.layer, route.formula))


def _of_a_loss(draft: Draft, route: EntryRoute, *, boxed: bool) -> None:
    """The same for a number: one derivative, and all of them."""
    name = route.map.input.name
    steps = Derivation("entry", name, route.steps_of(0))
    one = Relation.equal(route.single(0).name, _scalar(steps.step(SUM.name).after))
    draft.prose(N_("For {array}, in the same way:"), **_values(draft, route))
    if fits(one):
        draft.equation(f"entry.{name}.sum", one)
    draft.equation(f"entry.{name}.entries", Relation.equal(route.formula.name, _entries(route) or _names(route)))
    if boxed:
        draft.result(f"entry.{name}.formula", shown_formula(route.map.layer, route.formula))
