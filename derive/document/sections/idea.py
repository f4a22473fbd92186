"""The idea: the loss as a composition, upstream derivatives, and why a layer needs no more than its own Jacobian."""

from __future__ import annotations

from derive.document.blocks import Ref
from derive.document.draft import Draft
from derive.document.material import Material
from derive.locale import N_
from derive.notation.tree import (
    At,
    Composition,
    Entry,
    Gradient,
    JacobianOf,
    MatMul,
    Name,
    Partial,
    Relation,
)

__all__ = ["write"]


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    layer = material.layer
    route = next(iter(material.routes.values()))
    map = route.map
    vector = Name(map.input.letter, "vector")
    y, h, loss = Name(layer.output_letter), Name("h"), Name(layer.loss)
    draft.heading("idea", N_("The idea"))
    draft.prose(
        N_(
            "Everything that comes after the layer computes {L} from {Y}; call that function {h}. Let one of the "
            "inputs vary, hold the others constant, and write its entries as a vector {vector}. The layer is then a "
            "map {y} between spaces of vectors, and the loss is {h} after {y}:"
        ),
        vector=vector,
    )
    draft.equation(
        "idea.composition",
        Relation.equal(loss, Composition((h, y))),
    )
    draft.prose(
        N_(
            "We do not know {h}, and need not. The chain rule in several dimensions ({background}) "
            "separates what belongs to {h} from what belongs to the layer:"
        ),
        background=Ref("background.chain"),
    )
    draft.equation(
        "idea.chain",
        Relation.equal(
            At(JacobianOf(loss), vector),
            MatMul((At(JacobianOf(h), At(y, vector)), At(JacobianOf(y), vector))),
        ),
    )
    letters = ("i", "j")[: len(layer.output.shape)]
    entry = Entry(layer.output_letter, letters)
    draft.prose(
        N_(
            "Backpropagation visits the layers from the last to the first. When it reaches this one, the entries of "
            "the row {Jh} have already been computed, by the layer that follows. They are the *upstream derivatives*; "
            "we write {short} for {long} at the point {at}, and collect them in {G}, which has the shape of {Y}. What "
            "is left to find is {Jy}, and that depends on this layer alone. In turn, {back} is the upstream gradient "
            "of the layer before."
        ),
        Jh=At(JacobianOf(h), At(y, vector)),
        Jy=JacobianOf(y),
        short=Gradient(entry, "g", layer.loss),
        long=Partial(h, entry),
        at=At(y, vector),
        back=route.formula.name,
    )
