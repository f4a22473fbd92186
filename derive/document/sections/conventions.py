"""The box that says how things are written, and what was assumed."""

from __future__ import annotations

from derive.document.draft import Draft
from derive.document.material import Material
from derive.locale import N_
from derive.notation.tree import Entry, Gradient, JacobianOf, Listed, Name, Partial, Transpose

__all__ = ["write"]


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    layer = material.layer
    route = next(iter(material.routes.values()))
    wrt = route.map.input
    inner = draft.apart()
    items = []
    if layer.sample_size:
        samples = next(node for node in layer.inputs if len(node.shape) > 1)
        items.append(
            draft.runs(
                N_("*Samples are rows:* row {i} of {first} is sample {i}, and row {i} of {Y} is its output."),
                first=draft.words[samples.name],
            )
        )
    items.append(
        draft.runs(
            N_(
                "*Vectors are made row by row:* {vector} lists the entries of {first} in the order in which one reads "
                "them."
            ),
            vector=Name(wrt.letter, "vector"),
            first=draft.words[wrt.name],
        )
        if len(wrt.shape) > 1
        else draft.runs(N_("*Vectors* keep the order of their entries."))
    )
    items.append(
        draft.runs(
            N_(
                "*Jacobians are in numerator layout:* {J} has a row for each component of {y} and a column for each "
                "variable. The entry in row {i}, column {j} is {partial}."
            ),
            J=JacobianOf(Name("f")),
            y=Name("f"),
            partial=Partial(Entry("f", ("i",)), Entry("x", ("j",))),
        )
    )
    items.append(
        draft.runs(
            N_(
                "*Gradients have the shape of what they belong to:* entry {ij} of {gradient} is {entry}. The gradient "
                "of a function on a space of vectors is a vector; {gradient} holds the components of that vector in "
                "the places of {first}. It is called a gradient although it is a rearrangement of one."
            ),
            gradient=route.formula.name,
            entry=Gradient(Entry(wrt.letter, ("i", "j")[: len(wrt.shape)]), "d", layer.loss),
            first=draft.words[wrt.name],
            ij=Listed((Name("i"), Name("j")), wrapped=True) if len(wrt.shape) > 1 else Name("i"),
        )
    )
    vectors = [node for node in layer.inputs if len(node.shape) == 1]
    if vectors:
        items.append(
            draft.runs(
                N_(
                    "*One-dimensional arrays* such as {vector} are neither rows nor columns, as in NumPy. Where a "
                    "matrix is needed, {vector} is the column, {row} the row. The gradient of {vector} is printed as a "
                    "row."
                ),
                vector=draft.words[vectors[0].name],
                row=Transpose(Name(vectors[0].name, "vector")),
            )
        )
    items.append(
        draft.runs(
            N_(
                "*Upstream gradient:* {G} comes from the layer above and is taken as known; in code it is called "
                "`{letter}`."
            ).replace("{letter}", layer.upstream.name)
        )
    )
    items.append(
        draft.runs(
            N_(
                "*Assumed:* all entries are real numbers, {L} is a differentiable function of {Y}, and while one input "
                "varies the others are held constant. Nothing else."
            )
        )
    )
    inner.items(*items)
    draft.panel("conventions", N_("Conventions"), inner)
