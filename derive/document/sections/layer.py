"""The layer itself: its arrays with their entries, the output in full, and what a row, a column and a batch mean."""

from __future__ import annotations

from derive.document.draft import Draft
from derive.document.layout import fits, is_readable
from derive.document.material import Material
from derive.document.notations import is_indexed, shown_forward, shown_output
from derive.document.sections import stacks
from derive.document.words import array_name, is_loss, named_values, output_name, written_name
from derive.engine import tables
from derive.engine.concrete import Concrete, unflat
from derive.forward.layer import Layer
from derive.forward.matrix import read
from derive.forward.nodes import Add, Contract, Input, Node, Ones
from derive.locale import N_
from derive.notation.tree import (
    Beside,
    Entry,
    Explicit,
    Listed,
    MatMul,
    Name,
    Relation,
    Space,
    Transpose,
    Tree,
)
from derive.notation.walk import replace

__all__ = ["write"]


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    layer = material.layer
    concrete = next(iter(material.routes.values())).map.concrete
    draft.heading("layer", N_("The layer"))
    draft.prose(layer.prose.forward or N_("The layer computes"))
    statements, spaces = _forward(layer, draft)
    draft.equation("layer.forward", *statements)
    if spaces:
        draft.prose(N_("where {spaces}."), spaces=Listed(tuple(spaces)))
    _names(draft, layer)
    stacks.introduce(draft, layer)
    if layer.samples == "columns" and layer.origin is not None:
        draft.prose(
            N_(
                "Whether samples are rows or columns is a matter of writing. Transposing twice changes nothing, and "
                "the transpose of a product is the product of the transposes in reverse order. So {Y} is the transpose "
                "of what the layer whose samples are rows, {rows}, makes of the transposed matrices, and both "
                "conventions compute the same numbers:"
            ),
            rows=Relation.equal(draft.words["Y"], read(layer.origin.output)),
        )
        draft.equation("layer.transposed", _transposed(layer.origin, draft))
    if any(len(node.shape) > 2 for node in (*layer.inputs, layer.output)):
        draft.prose(
            N_(
                "An array with more than two axes is written as its slices, which are matrices over the last two "
                "axes, one under the other in the order of the other indices."
            )
        )
    told = (
        N_("The array that enters the layer is")
        if len(layer.inputs) == 1
        else N_("The arrays that enter the layer are")
    )
    for message in layer.prose.arrays or (told,):
        draft.prose(message)
    arrays = [_array(node, concrete) for node in layer.inputs]
    draft.equation("layer.inputs", Beside(tuple(arrays)))
    for node, term, axis in _broadcast_inputs(layer):
        if layer.prose.broadcast:
            draft.prose(layer.prose.broadcast)
        elif axis == 0:
            draft.prose(
                N_("NumPy repeats {vector} along the rows; in matrix notation a column of ones says it:"),
                vector=array_name(node),
            )
        else:
            draft.prose(
                N_("{vector} is repeated along the columns; in matrix notation a row of ones says it:"),
                vector=array_name(node),
            )
        draft.equation(f"layer.broadcast.{node.name}", _broadcast(node, term, axis, layer, concrete))
    _written_out(draft, layer, concrete)
    for number, remark in enumerate(layer.prose.remarks, start=1):
        draft.prose(remark.message, **dict(remark.values))
        if remark.formulas:
            draft.display(f"layer.remark.{number}", *remark.formulas)


def _written_out(draft: Draft, layer: Layer, concrete: Concrete) -> None:
    """The output with all its entries, or with the one that they are all like if they are long."""
    written, entry = _output(layer, concrete), shown_output(layer)
    if entry is None and not fits(written):
        _first(draft, layer, concrete)
    elif is_readable(written) or entry is None:
        draft.prose(
            (layer.prose.output or N_("The output, entry by entry, is"))
            if layer.output.shape
            else N_("The output is one number, the loss. Written out, it is")
            if is_loss(layer)
            else N_("The output is one number. Written out, it is")
        )
        draft.equation("layer.output", written)
    elif not is_indexed(layer) or shown_forward(layer) is None:
        draft.prose(
            N_("The entries of the output are all made alike:")
            if layer.output.shape
            else N_("The output is one number, the loss. Written with sums, it is")
            if is_loss(layer)
            else N_("The output is one number. Written with sums, it is")
        )
        draft.equation("layer.output", entry)


def _first(draft: Draft, layer: Layer, concrete: Concrete) -> None:
    """One entry of an output that is too wide to be written out and has no form with sums."""
    place = tuple(0 for _ in layer.output.shape)
    one = Relation.equal(Entry(layer.output_letter, place), concrete.shown_output(place))
    if fits(one):
        draft.prose(N_("The entries of the output are too long to be written side by side; the first of them is"))
        draft.equation("layer.output", one)
    else:
        draft.prose(N_("Written out, an entry of the output is too long for a page."))


def _forward(layer: Layer, draft: Draft) -> tuple[list[Tree], list[Tree]]:
    """What is computed, and where every array lies: beside it in one line if that is short, else apart."""
    sizes = tuple(map(str, layer.output.shape))
    membership = Relation((draft.words["Y"], Space(sizes)), ("in",)) if sizes else None
    statement = Relation.equal(draft.words["Y"], draft.words["forward"])
    inputs = [Relation((array_name(node), Space(tuple(map(str, node.shape)))), ("in",)) for node in layer.inputs]
    spaces = (*inputs, *([membership] if membership else []))
    indexed = shown_forward(layer) if is_indexed(layer) else None
    if indexed is not None:
        return [*indexed], [*spaces]
    values = [item.equation for item in named_values(layer)]
    in_one_line = Beside((statement, *spaces))
    if not values and draft.fits(in_one_line):
        return [in_one_line], []
    return [*values, statement], [*spaces]


def _names(draft: Draft, layer: Layer) -> None:
    """What the names are that values on the way have, and how their entries are written."""
    values = named_values(layer)
    if not values:
        return
    last = next((item for item in reversed(values) if item.entries is not None and item.node.shape), None)
    draft.prose(
        N_("{names} is a value on the way to {Y} that has a name because it is needed again.")
        if len(values) == 1
        else N_("{names} are values on the way to {Y} that have names because they are needed again."),
        names=Listed(tuple(item.name for item in values)),
    )
    if last is not None and last.entries is not None:
        index = ("i", "j", "k", "l")[: len(last.node.shape)]
        draft.prose(
            N_(
                "Its entries are written in small letters: {entry} is a number that the forward pass has computed. It "
                "is no constant: it varies with what it is computed from."
            )
            if len(values) == 1
            else N_(
                "Their entries are written in small letters: {entry} is an entry of {name}, a number that the forward "
                "pass has computed. It is no constant: it varies with what it is computed from."
            ),
            entry=Entry(last.entries.letter, index),
            name=last.name,
        )


def _transposed(origin: Layer, draft: Draft) -> Tree:
    """Y = ((W X)ᵀ)ᵀ = (Xᵀ Wᵀ)ᵀ."""

    def turn(tree: Tree) -> Tree | None:
        match tree:
            case Transpose(Name(_, "matrix") as name):
                return name
            case Name(_, "matrix"):
                return Transpose(tree)
        return None

    parts: list[Tree] = [draft.words["Y"], draft.words["forward"]]
    if len(origin.output.shape) == 2:
        parts += [Transpose(Transpose(draft.words["forward"])), Transpose(replace(read(origin.output), turn))]
    else:
        parts += [replace(read(origin.output), turn)]
    return Relation.equal(*parts)


def _array(node: Input, concrete: Concrete) -> Tree:
    return Relation.equal(written_name(array_name(node), concrete.layer), Explicit(tables.array(concrete, node)))


def _broadcast_inputs(layer: Layer) -> list[tuple[Input, Node, int]]:
    """What is added to every row, with the term and 0, or to every column, with 1: vectors, and matrices as thin."""
    found: list[tuple[Input, Node, int]] = []
    terms = layer.output.operands if isinstance(layer.output, Add) else ()
    for term in terms:
        if isinstance(term, Contract) and len(term.output) == 2:
            inner = [pair for pair in zip(term.operands, term.indices, strict=True) if not isinstance(pair[0], Ones)]
            along = [axis for axis, index in enumerate(term.output) if not any(index in row for _, row in inner)]
            if len(inner) == len(along) == 1 and isinstance(node := inner[0][0], Input):
                if all(index in term.output or size == 1 for index, size in zip(inner[0][1], node.shape, strict=True)):
                    found.append((node, term, along[0]))
    return found


def _broadcast(node: Input, term: Node, axis: int, layer: Layer, concrete: Concrete) -> Tree:
    count = concrete.shape(layer.output)[axis]
    vector, ones = tables.array(concrete, node), tables.ones(count)
    if vector.shape[axis] != 1:
        vector = vector.transposed()
    if axis == 0:
        product, shape = MatMul((Explicit(ones), Explicit(vector))), (count, vector.shape[1])
    else:
        product, shape = MatMul((Explicit(vector), Explicit(ones.transposed()))), (vector.shape[0], count)
    # The page shows this matrix; no proof asks for its values.
    repeated = tables.EntryTable("", shape, lambda i, j: vector.tree(*((0, j), (i, 0))[axis]), dict)
    parts: list[Tree] = [layer.read(term), product, Explicit(repeated)]
    taken = {item.name for item in (*layer.inputs, layer.upstream)}
    # The capital of a letter is a name; that of beta is none.
    if len(node.name) == 1 and node.name.upper() not in taken:
        parts.insert(0, Name(node.name.upper(), "matrix"))
    return Relation.equal(*parts)


def _output(layer: Layer, concrete: Concrete) -> Tree:
    shape = concrete.shape(layer.output)
    if not shape:
        return Relation.equal(output_name(layer), concrete.shown_output(()))
    written = tables.array(concrete, layer.output)
    names = tables.EntryTable(
        "",
        written.shape,
        lambda i, j: Entry(layer.output_letter, unflat(i * written.shape[1] + j, shape)),
        written.nonzeros,
    )
    return Relation.equal(written_name(output_name(layer), layer), Explicit(names), Explicit(written))
