"""The worked example: the forward pass, each Jacobian, the row times it, and each gradient, with numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from derive.document.arithmetic import arithmetic
from derive.document.blocks import Verbatim
from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.numeric_table import DECIMALS, array_table, equation, is_short, number, sparse_table
from derive.document.words import array_name, is_loss, map_name, output_name
from derive.engine import tables
from derive.engine.tables import EntryTable
from derive.errors import InternalError
from derive.locale import N_
from derive.notation.tree import (
    At,
    Beside,
    BigSum,
    Einsum,
    Entry,
    Explicit,
    Gradient,
    JacobianOf,
    Listed,
    MatMul,
    Name,
    Product,
    Relation,
    Space,
    Tree,
)
from derive.proof import numeric
from derive.proof.worked import Worked, WorkedGradient
from derive.routes.jacobian import JacobianRoute
from derive.rules.naming import definitions

__all__ = ["write"]

_SOURCES = {
    "seed": N_(
        "Every letter now stands for a number, so that each step can be followed by hand. The numbers are small and "
        "picked at random, by NumPy's generator `PCG64` with the seed {label}, which gives the same ones each time."
    ),
    "file": N_(
        "Every letter now stands for a number, so that each step can be followed by hand. The numbers are those of "
        "the file {file}."
    ),
    "text": N_("Every letter now stands for a number, so that each step can be followed by hand."),
}


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    worked, layer = material.worked, material.layer
    if worked is None:
        raise InternalError("numbers: the material holds no worked example")
    known: set[str] = set()

    def lines(name: Tree, tree: Tree) -> list[tuple[Relation, Any]]:
        return list(arithmetic(name, tree, worked.value, known, layer.samples))

    values = [item for item in definitions(layer) if not item.backward]
    names = {item.node: item.name for item in values if item.node is not layer.output}
    forward = [line for item in values if item.node in names for line in lines(item.name, item.tree)]
    forward += lines(output_name(layer), layer.read(layer.output, names))
    told: set[str] = set()
    formulas: dict[str, list[tuple[Relation, Any]]] = {}
    for name, route in material.routes.items():
        new = [item for item in route.formula.definitions if item.backward and item.text not in told]
        told |= {item.text for item in new}
        formulas[name] = [line for item in new for line in lines(item.name, item.tree)]
        formulas[name] += lines(route.formula.name, route.formula.tree)
    shown = [*worked.given.arrays.values(), *(value for lines in (forward, *formulas.values()) for _, value in lines)]
    draft.heading("numbers", N_("The same with numbers"))
    given = worked.given
    draft.prose(_SOURCES[given.kind], label=given.label, file=Verbatim(given.label))
    _rounding(draft, worked, shown)
    draft.equation(
        "numbers.inputs", Beside(tuple(equation(array_name(n), given.arrays[n.name], layer) for n in layer.inputs))
    )
    draft.prose(N_("The forward pass, one operation after the other:"))
    draft.equation("numbers.forward", *(line for line, _ in forward))
    _upstream(draft, material, worked)
    for place, (name, route) in enumerate(material.routes.items()):
        _gradient(draft, route, worked, [line for line, _ in formulas[name]], first=place == 0)
    _verdict(draft, material, worked)


def _rounding(draft: Draft, worked: Worked, shown: list[Any]) -> None:
    """Whether the numbers are exact, and which are rounded on the page."""
    values = (value for array in shown for value in np.asarray(array).flat)
    entries = (value for found in worked.gradients.values() for value in found.jacobian.values())
    short = all(map(is_short, values)) and all(map(is_short, entries))
    if worked.exact and short:
        draft.prose(N_("The layer adds and multiplies only, so that every number below is exact:"))
    elif worked.exact:
        draft.prose(
            N_(
                "The layer adds and multiplies only, so that all arithmetic below is exact; a number that is too long "
                "to be shown so is rounded to {decimals} decimals:"
            ),
            decimals=DECIMALS,
        )
    else:
        draft.prose(
            N_(
                "Numbers that are not whole are rounded to {decimals} decimals where they are shown; the arithmetic "
                "behind them keeps about 16 digits:"
            ),
            decimals=DECIMALS,
        )


def _upstream(draft: Draft, material: Material, worked: Worked) -> None:
    layer = material.layer
    if is_loss(layer):
        draft.prose(
            N_("The output is the loss itself: {loss}."),
            loss=Relation.equal(Name(layer.loss), output_name(layer), number(worked.loss)),
        )
        return
    letters = ("i", "j", "k", "l")[: len(layer.output.shape)]
    entry, weight = Entry(layer.output_letter, letters), Entry(layer.upstream.letter, letters)
    bounds = tuple((letter, str(size)) for letter, size in zip(letters, layer.output.shape, strict=False))
    term: Tree = Product((weight, entry)) if worked.given.upstream else entry
    loss = Relation.equal(Name(layer.loss), BigSum(bounds, term) if bounds else term, number(worked.loss))
    if worked.given.upstream:
        draft.prose(
            N_("The loss is {loss}, with fixed numbers {weight}, so that these numbers are the upstream gradient:"),
            loss=loss,
            weight=weight,
        )
    else:
        draft.prose(
            N_(
                "No upstream gradient is given. As loss serves the sum of the outputs, {loss}, so that every entry of "
                "{G} is 1:"
            ),
            loss=loss,
        )
    upstream = Gradient(output_name(layer), layer.upstream.name, layer.loss)
    draft.equation("numbers.upstream", equation(upstream, worked.given.arrays[layer.upstream.name], layer))


def _gradient(draft: Draft, route: JacobianRoute, worked: Worked, formula: list[Relation], *, first: bool) -> None:
    map, name = route.map, route.map.input.name
    found = worked.gradients[name]
    vector = Name(map.input.letter, "vector")
    jacobian = At(JacobianOf(map_name(map.layer)), vector)
    symbols = tables.values(route.jacobian)
    draft.prose(
        N_("The Jacobian with respect to {array}, the numbers in the places of the letters, is")
        if first
        else N_("For {array}, the Jacobian is"),
        array=array_name(route.map.input),
    )
    numbers = sparse_table("", symbols.shape, symbols.blocks, found.jacobian)
    draft.equation(f"numbers.{name}.jacobian", Relation.equal(jacobian, Explicit(numbers)))
    if is_loss(map.layer):
        _comparison(draft, route, found, formula, first=first)
        return
    draft.prose(
        N_(
            "The upstream gradient, read row by row, is the row that multiplies it. Entry {j} of the product is the "
            "sum of the products of the row and column {j}:"
        )
        if first
        else N_("and the row times it")
    )
    upstream = _row(worked.given.arrays[map.layer.upstream.name], tables.upstream_row(route.chain_rule))
    result = _row(found.row, tables.row(route.chain_rule))
    loss = At(JacobianOf(Name(map.layer.loss)), vector)
    product = MatMul((Explicit(upstream), jacobian))
    draft.equation(f"numbers.{name}.row", Relation.equal(loss, product, Explicit(result)))
    _comparison(draft, route, found, formula, first=first)


def _row(values: Any, like: EntryTable) -> EntryTable:
    """All numbers in one row, its blocks those of the row of symbols."""
    table = array_table(np.asarray(values).reshape(1, -1))
    return EntryTable("", table.shape, table.tree, dict, like.blocks)


def _comparison(
    draft: Draft, route: JacobianRoute, found: WorkedGradient, formula: list[Relation], *, first: bool
) -> None:
    map, name = route.map, route.map.input.name
    array = array_name(map.input)
    output, wrt = "ijmnop"[: len(map.output_shape)], "klqrst"[: len(map.input_shape)]
    value = equation(route.formula.name, found.contracted, map.layer)
    if is_loss(map.layer):
        draft.prose(N_("In the shape of {array} this row is the gradient:"), array=array)
        draft.equation(f"numbers.{name}.gradient", value)
        draft.prose(N_("The formula gives the same:"))
        draft.equation(f"numbers.{name}.formula", *formula)
        return
    upstream = Gradient(output_name(map.layer), map.layer.upstream.name, map.layer.loss)
    jacobian = Name("J", "matrix")
    contracted = Einsum(f"{output},{output}{wrt}->{wrt}", (upstream, jacobian))
    draft.prose(
        N_(
            "In the shape of {array} this row is the gradient. NumPy's `einsum` does the same in one step. The "
            "Jacobian is then an array {J}, and the letters of the axes that the result lacks are summed over:"
        )
        if first
        else N_("In the shape of {array} it is the gradient, with {J} as an array:"),
        array=array,
        J=Relation((jacobian, Space((*map.output_shape, *map.input_shape))), ("in",)),
    )
    draft.equation(f"numbers.{name}.gradient", Relation.equal(value.parts[0], contracted, value.parts[1]))
    draft.prose(N_("The formula needs no Jacobian, and gives the same:"))
    draft.equation(f"numbers.{name}.formula", *formula)


def _verdict(draft: Draft, material: Material, worked: Worked) -> None:
    """What was compared; a difference would have been raised where the example was worked out."""
    gradients = Listed(tuple(route.formula.name for route in material.routes.values()))
    count = sum(found.row.size for found in worked.gradients.values())
    if worked.exact:
        message = N_("Jacobian and formula were compared in all {count} entries of {gradients}; they are equal.")
    else:
        message = N_(
            "Jacobian and formula were compared in all {count} entries of {gradients}; they are equal up to rounding."
        )
    draft.prose(message, count=count, gradients=gradients)
    if all(found.differences for found in worked.gradients.values()):
        draft.prose(
            N_(
                "The Jacobians were compared with the layer's own code as well: if each number of the input in turn is "
                "moved a little up and down, the outputs change at the rates in its column, to {digits} digits."
            ),
            digits=numeric.DIGITS,
        )
    else:
        draft.prose(
            N_(
                "The Jacobians were not all compared with differences of the layer's own code: these numbers are too "
                "large, or too near to a place where the layer has no derivative, for differences to tell."
            )
        )
