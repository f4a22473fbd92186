"""The gradients in a box on page one, with shapes, and the backward pass in NumPy."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from derive.code import numpy_class
from derive.document.blocks import Verbatim
from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.notations import is_indexed, shown_definition, shown_formula, shown_forward
from derive.document.sections import assumed
from derive.document.words import array_name, is_loss, named_values
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Node
from derive.locale import N_
from derive.notation.tree import Beside, Delta, Gradient, MatMul, Name, Ones, Relation, Shaped, SumAxis, Transpose, Tree
from derive.notation.walk import contains

__all__ = ["write"]

_TOGETHER, _IN_BOX = 12, 9
"""So many equations stand under one number, and so many formulas in one box; more would not fit on a page."""


def write(draft: Draft, material: Material) -> None:
    """Adds the section; where no other says what the layer computes, this one begins with it."""
    layer = material.layer
    draft.heading("result", N_("The result"))
    formulas = list(material.formulas.values())
    single = len(formulas) == 1
    told = set() if material.has("layer") or material.has("network") else _computed(draft, layer)
    draft.prose(_promise(layer, single=single), X=array_name(formulas[0].wrt))
    annotated: list[Tree] = [
        Relation.equal(_labelled(f.name, f.wrt.shape, layer), with_shapes(f.tree, layer)) for f in formulas
    ]
    if is_indexed(layer):
        annotated = [shown_formula(layer, formula) for formula in formulas]
    in_one_line = Beside(tuple(annotated))
    first, more = annotated[:_IN_BOX], annotated[_IN_BOX:]
    draft.result("result.formulas", *([in_one_line] if not more and draft.fits(in_one_line) else first))
    for number, start in enumerate(range(0, len(more), _IN_BOX), start=2):
        draft.result(f"result.formulas.{number}", *more[start : start + _IN_BOX])
    if is_indexed(layer):
        draft.prose(
            N_(
                "Arrays with more than two axes, and windows of arrays, have no matrix notation. These formulas are "
                "in *index notation*, entry by entry: the letters on the left run over all places of the array, and "
                "the code below says the same for whole arrays."
            )
        )
        if any(contains(item, Delta) for item in annotated):
            draft.prose(
                N_(
                    "The *Kronecker delta* {delta} is 1 if {i} = {j} and 0 otherwise: it picks, among all terms, those "
                    "whose place in the window is the entry on the left."
                ),
                delta=Delta(("i", "j")),
            )
    _definitions(draft, layer, formulas, told)
    assumed.write(draft, material)
    if layer.prose.purpose and len(formulas) == len(layer.inputs):
        draft.prose(layer.prose.purpose)
    draft.prose(
        _in_code(layer, single=single),
        letter=Verbatim(layer.upstream.name),
        results=Verbatim(", ".join(f"d{formula.wrt.name}" for formula in formulas)),
    )
    draft.code("result.code", numpy_class(material.assumed or layer, formulas))


def _computed(draft: Draft, layer: Layer) -> set[str]:
    """What the layer computes; the names of the values on the way that have been told with it."""
    values = named_values(layer)
    statements: Sequence[Tree] = [
        *(item.equation for item in values),
        Relation.equal(draft.words["Y"], draft.words["forward"]),
    ]
    if is_indexed(layer):
        statements = shown_forward(layer) or ()
    if not statements:
        return set()
    draft.prose(layer.prose.forward or N_("The layer computes"))
    _equations(draft, "result.computed", statements)
    return {layer.output_name, *(item.text for item in values)}


def _promise(layer: Layer, *, single: bool) -> str:
    """What stands in the box."""
    if is_loss(layer):
        if single:
            return N_("The output is a number, the loss {L} itself. Its gradient with respect to {X} is")
        return N_("The output is a number, the loss {L} itself. Its gradients with respect to what enters are")
    if single:
        return N_(
            "Let {L} be the loss, a number that the following layers compute from the output {Y}. If {G} is known, the "
            "gradient of {L} with respect to {X} is"
        )
    return N_(
        "Let {L} be the loss, a number that the following layers compute from the output {Y}. If {G} is known, the "
        "gradients of {L} with respect to what enters this layer are"
    )


def _in_code(layer: Layer, *, single: bool) -> str:
    """What the names in the code are."""
    if not is_loss(layer):
        if single:
            return N_("In code, {letter} is the upstream gradient {G}, and {results} is the gradient above:")
        return N_("In code, {letter} is the upstream gradient {G}, and {results} are the gradients above:")
    if single:
        return N_("In code, {results} is the gradient above:")
    return N_("In code, {results} are the gradients above:")


def _equations(draft: Draft, id: str, equations: Sequence[Tree]) -> None:
    for start in range(0, len(equations), _TOGETHER):
        name = id if start == 0 else f"{id}.{start // _TOGETHER + 1}"
        draft.equation(name, *equations[start : start + _TOGETHER])


def _definitions(draft: Draft, layer: Layer, formulas: Sequence[Formula], told: Collection[str]) -> None:
    """What the formulas call by a name: values of the forward pass, and gradients that several of them use."""
    used = {item.text: item for formula in formulas for item in formula.definitions}
    forward = [shown_definition(layer, item) for item in used.values() if not item.backward and item.text not in told]
    backward = [shown_definition(layer, item) for item in used.values() if item.backward]
    if forward:
        draft.prose(
            N_("The forward pass has computed")
            if len(forward) == 1
            else N_("The forward pass has computed these values, which the formulas use:")
        )
        _equations(draft, "result.forward", forward)
    if backward:
        draft.prose(
            N_("The gradient with respect to {array} is needed several times, so it is computed once:")
            if len(backward) == 1
            else N_("These gradients with respect to values on the way are needed several times, and computed once:"),
            array=next(
                iter(item.name.of for item in used.values() if isinstance(item.name, Gradient)), draft.words["Y"]
            ),
        )
        _equations(draft, "result.backward", backward)


def with_shapes(tree: Tree, layer: Layer) -> Tree:
    """The formula with the shape of every factor under it; only products are annotated."""
    match tree:
        case MatMul(factors):
            return MatMul(tuple(_standing(with_shapes(factor, layer)) for factor in factors))
        case SumAxis(operand, 0, 2):
            shape = _shape(operand, layer)
            if shape is not None:
                ones = Shaped(Transpose(Ones("")), (1, shape[0]))
                return MatMul((ones, with_shapes(operand, layer)))
        case SumAxis(operand, 1, 2) if layer.upright:
            shape = _shape(operand, layer)
            if shape is not None:
                return MatMul((with_shapes(operand, layer), Shaped(Ones(""), (shape[1], 1))))
    shape = _shape(tree, layer)
    return tree if shape is None else Shaped(tree, shape)


def _standing(factor: Tree) -> Tree:
    """A vector in a product of matrices is a column, N×1, and a row if it is transposed."""
    match factor:
        case Shaped(Name() as name, (size,)):
            return Shaped(name, (size, "1"))
        case Shaped(Transpose(Name()) as row, (size,)):
            return Shaped(row, ("1", size))
    return factor


def _shape(tree: Tree, layer: Layer) -> tuple[str, ...] | None:
    """The shape of an array or of a transposed one, in letters; None for anything else."""
    match tree:
        case Ones(size) if size:
            return (size, "1")
        case Name(text):
            return next((_written(node, layer) for node in layer.inputs if node.name == text), None)
        case Gradient(Name(text)) if text == layer.output_name:
            return _written(layer.output, layer)
        case Transpose(operand):
            shape = _shape(operand, layer)
            return None if shape is None else shape[::-1]
    return None


def _written(node: Node, layer: Layer) -> tuple[str, ...]:
    """The shape in letters, that of a row for a vector where vectors are rows."""
    shape = tuple(map(str, node.shape))
    return ("1", *shape) if len(shape) == 1 and layer.samples == "one" else shape


def _labelled(name: Gradient, axes: tuple[object, ...], layer: Layer) -> Tree:
    shape = tuple(map(str, axes))
    vector = (*shape, "1") if layer.upright else ("1", *shape)
    return Shaped(name, vector if len(shape) == 1 else shape) if shape else name
