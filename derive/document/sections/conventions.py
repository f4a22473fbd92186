"""The box that says how things are written, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from derive.document.blocks import Runs, Verbatim
from derive.document.draft import Draft, Values
from derive.document.kinks import kink_message, kinks
from derive.document.material import Material
from derive.document.notations import is_indexed
from derive.document.sections import assumed
from derive.document.words import array_name, coloured_letters, is_loss, map_name, named_values, two_matrices
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Ones, topological
from derive.locale import N_
from derive.notation.tree import (
    Along,
    Concatenate,
    Dots,
    Entry,
    Extreme,
    Gradient,
    Identity,
    JacobianOf,
    Listed,
    MatMul,
    Name,
    Number,
    Partial,
    Relation,
    Slice,
    Transpose,
    Tree,
)
from derive.notation.tree import Ones as OnesTree
from derive.notation.walk import contains, parts

__all__ = ["write"]

_LETTERS = ("i", "j", "k", "l", "m", "n")

_CODE = 60
"""The characters of an expression in a sentence, at most."""


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    inner = draft.apart()
    inner.items(*_items(draft, material))
    draft.panel("conventions", N_("Conventions"), inner)


def _items(draft: Draft, material: Material) -> Iterator[Runs]:
    layer = material.layer
    route = next(iter(material.routes.values()))
    yield from _samples(draft, material)
    flattened = next((r.map.input for r in material.routes.values() if len(r.map.input.shape) > 1), route.map.input)
    yield _flattening(draft, flattened)
    yield draft.runs(
        N_(
            "*Jacobians are in numerator layout:* {J} has a row for each component, here the only one, and a column "
            "for each variable; the entry in column {j} is {partial}."
        )
        if is_loss(layer)
        else N_(
            "*Jacobians are in numerator layout:* {J} has a row for each component of {y} and a column for each "
            "variable; the entry in row {i}, column {j} is {partial}."
        ),
        J=JacobianOf(map_name(layer)),
        y=map_name(layer),
        partial=Partial(Entry(layer.output_letter, () if is_loss(layer) else ("i",)), Entry("x", ("j",))),
    )
    yield from _gradients(draft, material)
    yield from _names(draft, material)
    ones = next((node for node in topological(layer.output) if isinstance(node, Ones)), None)
    if ones is not None and not is_indexed(layer):
        size = layer.sample_size or next(iter(layer.letters), str(ones.size))
        yield draft.runs(
            N_(
                "*Constants:* {ones} is a column of ones, {ones_n} one with {n} of them; {identity} is an identity "
                "matrix."
            ),
            ones=OnesTree(""),
            ones_n=OnesTree(size),
            n=Number(size),
            identity=Identity(size),
        )
    yield from _as_in_code(draft, material)
    yield from _stretched(draft, layer)
    yield from _kinks(draft, layer)
    if is_loss(layer):
        yield draft.runs(N_("*Nothing arrives:* {Y} is the loss {L} itself, so that {one}."), one=_one(draft))
    else:
        yield draft.runs(
            N_(
                "*Upstream gradient:* {G} comes from the next layer and is taken as known; in code it is called "
                "{letter}."
            ),
            letter=Verbatim(layer.upstream.name),
        )
    yield from assumed.conventions(draft, material)


def _as_in_code(draft: Draft, material: Material) -> Iterator[Runs]:
    """What the formulas write as NumPy does: axes by number, and parts of arrays."""
    if is_indexed(material.layer):
        return
    formulas = tuple(material.formulas.values())
    trees = [material.layer.read(material.layer.output), *(formula.tree for formula in formulas)]
    trees += [item.equation for item in named_values(material.layer)]
    trees += [item.equation for formula in formulas for item in formula.definitions]
    first, second = two_matrices(material.layer)
    along: list[Along | Extreme] = [found for tree in trees for found in parts(tree, Along)]
    along += [found for tree in trees for found in parts(tree, Extreme)]
    example = next((found for found in along if found.rank == 2 and found.axes in ((0,), (1,))), None)
    if example is not None:
        yield draft.runs(
            N_("*Axes are counted from 0,* as in code: {example} is taken of every column of {A} by itself.")
            if example.axes == (0,)
            else N_("*Axes are counted from 0,* as in code: {example} is taken of every row of {A} by itself."),
            example=replace(example, operand=first),
            A=first,
        )
    if any(contains(tree, Slice) for tree in trees):
        values: Values = {"part": Slice(first, (":", "a:b")), "A": first, "a": Name("a"), "b": Name("b")}
        yield draft.runs(
            N_(
                "*Parts of arrays* are written as in code: {part} has the columns of {A} from {a} on, counted from 0, "
                "up to but without {b}."
            ),
            **values,
        )
    joined = (found for tree in trees for found in parts(tree, Concatenate))
    if any(found.axis == 1 and not found.stacked for found in joined):
        yield draft.runs(
            N_("*Arrays beside each other:* {joined} has the columns of {A}, and then those of {B}."),
            joined=Concatenate((first, second), 1),
            A=first,
            B=second,
        )


def _one(draft: Draft) -> Relation:
    """∂L/∂y = 1."""
    return Relation.equal(draft.words["G"], Number(1))


def _kinks(draft: Draft, layer: Layer) -> Iterator[Runs]:
    """Which derivative is taken where a function has none."""
    for kind in kinks(layer):
        yield draft.runs(kink_message(kind))


def _stretched(draft: Draft, layer: Layer) -> Iterator[Runs]:
    """Broadcasting that was perhaps not meant."""
    messages = {
        "column": N_(
            "*Mind the shapes:* in {code} an array of shape {other} meets one of shape {vector}, and NumPy stretches "
            "both to {result}: every entry of one meets every entry of the other. That is what is derived here. For "
            "entry by entry both need one shape, which {column}, or leaving out {keepdims}, gives; with {row} the "
            "code says that every pair is meant."
        ),
        "square": N_(
            "*Mind the shapes:* in {code} NumPy repeats the array of shape {vector} as every row of the one of shape "
            "{other}, whose axes are equally long. That is what is derived here. Written with {column} it would be "
            "repeated as columns; written with {row} the code says that rows are meant."
        ),
    }
    for item in layer.stretched:
        yield draft.runs(
            messages[item.kind],
            code=Verbatim(item.expression if len(item.expression) <= _CODE else f"{item.expression[: _CODE - 3]}..."),
            vector=Verbatim(item.vector),
            other=Verbatim(item.other),
            result=Verbatim(item.result),
            column=Verbatim("[:, None]"),
            row=Verbatim("[None, :]"),
            keepdims=Verbatim("keepdims"),
        )


def _samples(draft: Draft, material: Material) -> Iterator[Runs]:
    layer = material.layer
    if layer.samples == "one":
        shown: list[Tree] = [*(array_name(node) for node in layer.inputs if len(node.shape) == 1)]
        shown += [draft.words["Y"]] if len(layer.output.shape) == 1 else []
        yield draft.runs(
            N_(
                "*One sample:* there is nothing for an index of samples to count, so {vectors} have one index each. "
                "They are *rows*, as a sample is in a matrix of samples; for two rows, {product} is the matrix of all "
                "products of an entry of {u} and one of {v}. Only where a map between spaces of vectors is written "
                "down do they stand upright."
            ),
            u=Name("u", "vector"),
            v=Name("v", "vector"),
            vectors=Listed(tuple(shown)),
            product=MatMul((Transpose(Name("u", "vector")), Name("v", "vector"))),
        )
    elif layer.sample_size and layer.samples == "columns":
        yield draft.runs(
            N_(
                "*Samples are columns:* column {j} of {first} is sample {j}, and column {j} of {Y} is its output. Both "
                "have one colour, which says no more than the indices do."
            )
            if len(coloured_letters(layer)) > 1
            else N_("*Samples are columns:* column {j} of {first} is sample {j}, and column {j} of {Y} is its output."),
            first=array_name(next(node for node in layer.inputs if len(node.shape) > 1)),
        )
    elif layer.sample_size:
        array = next(node for node in layer.inputs if len(node.shape) > 1)
        first = array_name(array)
        if len(array.shape) > 2:
            if layer.output.shape and layer.output.shape[0] == array.shape[0]:
                yield draft.runs(
                    N_("*Samples come first:* the first index of {first}, and that of {Y}, says which sample it is."),
                    first=first,
                )
            return
        coloured = len(coloured_letters(layer)) > 1
        if is_loss(layer):
            yield draft.runs(
                N_("*Samples are rows:* row {i} of {first} is sample {i}, and has a colour of its own."), first=first
            )
            return
        yield draft.runs(
            N_(
                "*Samples are rows:* row {i} of {first} is sample {i}, and row {i} of {Y} is its output. Both have one "
                "colour, which says no more than the indices do."
            )
            if coloured
            else N_("*Samples are rows:* row {i} of {first} is sample {i}, and row {i} of {Y} is its output."),
            first=first,
        )


def _flattening(draft: Draft, wrt: Input) -> Runs:
    vector = Name(wrt.letter, "vector")
    if len(wrt.shape) < 2:
        return draft.runs(N_("*Vectors* keep the order of their entries."))
    corner = (0,) * (len(wrt.shape) - 1)
    shown = Listed((Entry(wrt.letter, (*corner, 0)), Entry(wrt.letter, (*corner, 1)), Dots()), wrapped=True)
    return draft.runs(
        N_(
            "*Arrays are flattened row by row*, so that the last index runs fastest: {array} becomes the vector "
            "{vector}."
        )
        if len(wrt.shape) > 2
        else N_("*Matrices are flattened row by row:* {array} becomes the vector {vector}."),
        array=Name(wrt.name, "matrix"),
        vector=Relation.equal(vector, shown),
    )


def _names(draft: Draft, material: Material) -> Iterator[Runs]:
    """What dX or ∇ is; ∂L/∂X needs no explanation."""
    layer, wrt = material.layer, next(iter(material.routes.values())).map.input
    name, index = array_name(wrt), (0,) * len(wrt.shape)
    values: Values = {
        "name": Gradient(array_name(wrt), "d", layer.loss),
        "long": Partial(Name(layer.loss), name),
        "entry": Gradient(Entry(wrt.letter, index), "d", layer.loss),
        "derivative": Partial(Name(layer.loss), Entry(wrt.letter, index)),
    }
    if material.options.names == "dX":
        yield draft.runs(
            N_("*Names:* {name} is short for {long}, and {entry} for {derivative}, as in code."),
            **values,
        )
    elif material.options.names == "nabla":
        yield draft.runs(
            N_("*Names:* {name} is what is also written as {long}; its entries are partial derivatives, {derivative}."),
            **values,
        )


def _gradients(draft: Draft, material: Material) -> Iterator[Runs]:
    layer = material.layer
    route = next(iter(material.routes.values()))
    wrt = route.map.input
    yield draft.runs(
        N_(
            "*Gradients have the shape of what they belong to:* entry {place} of {gradient} is {entry}. The gradient "
            "of a function on a space of vectors is a vector at each point; {gradient} holds its components in the "
            "places of {first}. It is called a gradient although it is a rearrangement of one."
        ),
        gradient=route.formula.name,
        entry=Gradient(Entry(wrt.letter, _LETTERS[: len(wrt.shape)]), "d", layer.loss),
        first=array_name(wrt),
        place=Listed(tuple(map(Name, _LETTERS[: len(wrt.shape)])), wrapped=True) if len(wrt.shape) > 1 else Name("i"),
    )
    vector = next((node for node in layer.inputs if len(node.shape) == 1), None)
    if vector is not None and layer.samples == "columns":
        yield draft.runs(
            N_(
                "*One-dimensional arrays* such as {vector} are neither rows nor columns in NumPy. In matrix notation "
                "{vector} is a column, and so is its gradient."
            ),
            vector=array_name(vector),
        )
    elif vector is not None and layer.samples == "rows":
        yield draft.runs(
            N_(
                "*One-dimensional arrays* such as {vector} are neither rows nor columns, as in NumPy. In a product of "
                "matrices {vector} is the column and {row} the row; its gradient is written as a row."
            ),
            vector=array_name(vector),
            row=Transpose(Name(vector.name, "vector")),
        )
