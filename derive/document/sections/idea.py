"""The idea: the loss as a composition, upstream derivatives, and why a layer needs no more than its own Jacobian."""

from __future__ import annotations

from derive.document.blocks import Ref
from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.words import is_loss, map_name
from derive.engine import tables
from derive.locale import N_
from derive.notation.tree import (
    At,
    Composition,
    Explicit,
    JacobianOf,
    MatMul,
    Name,
    Number,
    Relation,
    Signature,
    Space,
)

__all__ = ["write"]


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    layer = material.layer
    route = next(iter(material.routes.values()))
    vector = Name(route.map.input.letter, "vector")
    y, h, loss = map_name(layer), Name("h"), Name(layer.loss)
    draft.heading("idea", N_("The idea"))
    if is_loss(layer):
        _of_a_loss(draft, material)
        return
    draft.prose(
        N_(
            "Let {map} be the function that computes the loss from the entries of {Y}, read row by row. Let one of the "
            "inputs vary, hold the others constant, and write its entries as a vector {vector}. The layer is then a "
            "map {y} between spaces of vectors, and the loss, seen for a moment as a function of {vector} alone, is "
            "{h} after {y}:"
        )
        if len(layer.output.shape) > 1 or len(route.map.input.shape) > 1
        else N_(
            "Let {map} be the function that computes the loss from the entries of {Y}. Let one of the inputs vary, "
            "hold the others constant, and write its entries as a vector, {vector} for example. The layer is then a "
            "map {y} between spaces of vectors, and the loss, seen for a moment as a function of {vector} alone, is "
            "{h} after {y}:"
        ),
        map=Signature(h, Space((route.map.codomain,)), Space(())),
        vector=vector,
    )
    draft.equation("idea.composition", Relation.equal(loss, Composition((h, y))))
    draft.prose(
        N_(
            "We need not know {h}. The chain rule in several dimensions, theorem {background}, separates what belongs "
            "to {h} from what belongs to the layer:"
        )
        if material.has("background")
        else N_(
            "We need not know {h}. The chain rule in several dimensions separates what belongs to {h} from what "
            "belongs to the layer:"
        ),
        background=Ref("background.chain"),
    )
    point = At(y, vector)
    chain = MatMul((At(JacobianOf(h), point), At(JacobianOf(y), vector)))
    draft.equation("idea.chain", Relation.equal(At(JacobianOf(loss), vector), chain))
    draft.prose(
        N_(
            "Backpropagation visits the layers from the last to the first. When it reaches this one, the next layer "
            "has already computed the entries of the row {Jh}. They are called *upstream derivatives*, and are written "
            "for short:"
        ),
        Jh=At(JacobianOf(h), point),
    )
    short, long = Explicit(tables.upstream_row(route.chain_rule)), Explicit(tables.upstream_partials(route.chain_rule))
    draft.equation("idea.upstream", Relation.equal(At(JacobianOf(h), point), long, short))
    draft.prose(
        N_(
            "{G} holds them in the shape of {Y}. What is left to find is {Jy}, and that depends on this layer alone. "
            "The same letters {y} and {L} are used whichever input varies."
        ),
        Jy=JacobianOf(y),
    )


def _of_a_loss(draft: Draft, material: Material) -> None:
    """For a number there is no chain: the Jacobian is a row, and that row is the gradient."""
    layer = material.layer
    route = next(iter(material.routes.values()))
    vector, y, loss = Name(route.map.input.letter, "vector"), map_name(layer), Name(layer.loss)
    draft.prose(
        N_(
            "Nothing follows: the output {Y} is the loss {L} itself, and backpropagation begins here, with {one}. Let "
            "one of the inputs vary, hold the others constant, and read its entries into a vector {vector}. The loss "
            "is then a function {map} of them, and its Jacobian is a single row, with a derivative for each entry:"
        ),
        one=Relation.equal(draft.words["G"], Number(1)),
        vector=vector,
        map=Signature(y, Space((route.map.domain,)), Space(())),
    )
    row = Explicit(tables.derivatives(route.chain_rule))
    draft.equation("idea.chain", Relation.equal(At(JacobianOf(loss), vector), At(JacobianOf(y), vector), row))
    draft.prose(
        N_(
            "Put back in the places of the input, these derivatives are its gradient. It is what the layer before "
            "receives as its upstream gradient. The same letter {y} is used whichever input varies."
        )
    )
