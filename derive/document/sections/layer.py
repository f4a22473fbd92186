"""The layer itself: its arrays with their entries, the output in full, and what a row, a column and a batch mean."""

from __future__ import annotations

from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.words import array_name, output_name
from derive.engine import tables
from derive.engine.concrete import Concrete
from derive.forward.layer import Layer
from derive.forward.nodes import Add, Contract, Input, Ones
from derive.locale import N_
from derive.notation.tree import (
    Beside,
    Broadcast,
    Entry,
    Explicit,
    MatMul,
    Name,
    Relation,
    Space,
    Transpose,
    Tree,
)

__all__ = ["write"]


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    layer = material.layer
    concrete = next(iter(material.routes.values())).map.concrete
    draft.heading("layer", N_("The layer"))
    draft.prose(layer.prose.forward or N_("The layer computes"))
    draft.equation("layer.forward", _forward(layer, draft))
    for message in layer.prose.arrays or (N_("The arrays that enter the layer are"),):
        draft.prose(message)
    arrays = [_array(node, concrete) for node in layer.inputs]
    draft.equation("layer.inputs", Beside(tuple(arrays)))
    for node in _broadcast_inputs(layer):
        if layer.prose.broadcast:
            draft.prose(layer.prose.broadcast)
        else:
            draft.prose(
                N_("NumPy repeats {vector} along the rows; in matrix notation a column of ones says it:"),
                vector=draft.words[node.name],
            )
        draft.equation(f"layer.broadcast.{node.name}", _broadcast(node, layer, concrete))
    draft.prose(layer.prose.output or N_("The output, entry by entry, is"))
    draft.equation("layer.output", _output(layer, concrete))
    for number, remark in enumerate(layer.prose.remarks, start=1):
        draft.prose(remark.message, **dict(remark.values))
        if remark.formulas:
            draft.display(f"layer.remark.{number}", *remark.formulas)


def _forward(layer: Layer, draft: Draft) -> Tree:
    sizes = tuple(map(str, layer.output.shape))
    membership = Relation((draft.words["Y"], Space(sizes)), ("in",)) if sizes else None
    statement = Relation.equal(draft.words["Y"], draft.words["forward"])
    inputs = [Relation((draft.words[node.name], Space(tuple(map(str, node.shape)))), ("in",)) for node in layer.inputs]
    return Beside((statement, *inputs, *([membership] if membership else [])))


def _array(node: Input, concrete: Concrete) -> Tree:
    name = array_name(node)
    shown: Tree = Transpose(name) if len(node.shape) == 1 else name
    return Relation.equal(shown, Explicit(tables.array(concrete, node)))


def _broadcast_inputs(layer: Layer) -> list[Input]:
    """The vectors that are added to every row."""
    found = []
    terms = layer.output.operands if isinstance(layer.output, Add) else ()
    for term in terms:
        if isinstance(term, Contract) and not term.summed() and len(term.output) == 2:
            inner = [operand for operand in term.operands if isinstance(operand, Input)]
            ones = [operand for operand in term.operands if isinstance(operand, Ones)]
            if len(term.operands) == 2 and len(inner) == 1 and len(ones) == 1 and term.indices[-1] == term.output[1:]:
                found.append(inner[0])
    return found


def _broadcast(node: Input, layer: Layer, concrete: Concrete) -> Tree:
    count = concrete.shape(layer.output)[0]
    vector = tables.array(concrete, node)
    repeated = tables.EntryTable(
        "",
        (count, vector.shape[1]),
        lambda i, j: vector.tree(0, j),
        lambda: {(i, j): value for i in range(count) for (_, j), value in vector.nonzeros().items()},
    )
    name = Name(node.name, "vector")
    parts: list[Tree] = [
        Broadcast(name, 0, ""),
        MatMul((Explicit(tables.ones(count)), Explicit(vector))),
        Explicit(repeated),
    ]
    taken = {item.name for item in (*layer.inputs, layer.upstream)}
    if node.name.upper() not in taken:
        parts.insert(0, Name(node.name.upper(), "matrix"))
    return Relation.equal(*parts)


def _output(layer: Layer, concrete: Concrete) -> Tree:
    written = tables.array(concrete, layer.output)
    names = tables.EntryTable(
        "",
        written.shape,
        lambda i, j: Entry(layer.output_letter, (i, j)[2 - len(layer.output.shape) :]),
        written.nonzeros,
    )
    name: Tree = output_name(layer)
    if len(layer.output.shape) == 1:
        name = Transpose(name)
    return Relation.equal(name, Explicit(names), Explicit(written))
