"""Which notation a page shows a formula in: matrix notation, or index notation where a layer needs it.

Index notation that cannot be read, or does not fit into a line, is not shown.
"""

from __future__ import annotations

from derive.document.entrywise import Entrywise
from derive.document.layout import fits
from derive.document.words import named_values
from derive.errors import UnsupportedError
from derive.forward.formula import Definition, Formula
from derive.forward.layer import Layer
from derive.forward.nodes import topological
from derive.locale import N_
from derive.notation.tree import Einsum, Gradient, Name, Pad, Relation, Repeat, Reshape, Selection, Tree, Windows
from derive.notation.walk import children

__all__ = [
    "in_notation",
    "is_indexed",
    "is_unreadable",
    "shown_definition",
    "shown_formula",
    "shown_forward",
    "shown_output",
]


def is_indexed(layer: Layer) -> bool:
    """Whether a layer is written in index notation: it has an array of more than two axes, or needs einsum."""
    if any(len(node.shape) > 2 for node in topological(layer.output)):
        return True
    return is_unreadable(layer.read(layer.output))


def is_unreadable(tree: Tree) -> bool:
    """Whether a formula in matrix notation needs einsum, selections or the like."""
    pending = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, Einsum | Pad | Repeat | Reshape | Selection | Windows):
            return True
        pending += children(item)
    return False


def shown_forward(layer: Layer) -> tuple[Relation, ...] | None:
    """Every value that has a name, and the output, in index notation; None where that cannot be read or is too long."""
    values = named_values(layer)
    reader = Entrywise.of(layer, values)
    try:
        found = [reader.value(item.entries.letter, item.node) for item in values if item.entries is not None]
        found.append(reader.value(layer.output_letter, layer.output))
    except UnsupportedError:
        return None
    return tuple(found) if all(map(fits, found)) else None


def shown_formula(layer: Layer, formula: Formula) -> Relation:
    """The formula of a gradient as the page shows it: in index notation where the layer is written in it."""
    if not is_indexed(layer):
        return formula.equation
    # The gradient of a value that a network's formula does not use otherwise has the letter of that value, too.
    known = named_values(layer) if layer.stages else [item for item in formula.definitions if not item.backward]
    reader = Entrywise.of(layer, known)
    try:
        found = reader.gradient(formula.wrt.letter, formula.short or formula.node)
    except UnsupportedError:
        return formula.equation
    return found if fits(found) else formula.equation


def shown_definition(layer: Layer, definition: Definition) -> Relation:
    """What a name of a formula stands for, as the page shows it."""
    if not is_indexed(layer):
        return definition.equation
    reader = Entrywise.of(layer, named_values(layer))
    try:
        if definition.source is not None and isinstance(definition.name, Gradient):
            of = definition.name.of
            letter = reader.letters.get(of.text, layer.output_letter) if isinstance(of, Name) else layer.output_letter
            found = reader.gradient(letter, definition.source)
        elif definition.entries is not None:
            # A value between the stages of a network is an array of its own to what follows.
            found = reader.value(definition.entries.letter, definition.source or definition.node)
        else:
            return definition.equation
    except UnsupportedError:
        return definition.equation
    return found if fits(found) else definition.equation


def shown_output(layer: Layer) -> Relation | None:
    """y_ij = ..., what an entry of the output is; None where that cannot be read or is too long."""
    try:
        others = [item for item in named_values(layer) if item.node is not layer.output]
        found = Entrywise.of(layer, others).value(layer.output_letter, layer.output)
    except UnsupportedError:
        return None
    return found if fits(found) else None


def in_notation(layer: Layer) -> str:
    """What introduces a formula."""
    return N_("With letters for indices, this is") if is_indexed(layer) else N_("In matrix notation, this is")
