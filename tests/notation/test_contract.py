"""Every kind of notation and of block is known to every printer, or is named here as one that it refuses."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

import derive.render.latex
from derive.document import blocks
from derive.document.blocks import Block, Document, Head, Line, Run
from derive.document.drawing.drawing import Arc, Vertex
from derive.document.drawing.layout import lay_out
from derive.errors import InternalError
from derive.notation import tree
from derive.notation.box import columns
from derive.notation.code import print_code
from derive.notation.latex import print_latex
from derive.notation.measure import height, width
from derive.notation.plain import print_plain
from derive.notation.tree import (
    Along,
    At,
    AtLeast,
    Beside,
    BigSum,
    Broadcast,
    Call,
    Composition,
    Concatenate,
    Delta,
    Diagonal,
    Dots,
    Einsum,
    Entry,
    Equal,
    Explicit,
    Extreme,
    Gradient,
    Greater,
    Grid,
    Hadamard,
    Identity,
    Inner,
    JacobianOf,
    Kronecker,
    Listed,
    MatMul,
    MatrixCall,
    Nabla,
    Name,
    Negative,
    Number,
    OneHot,
    Ones,
    Pad,
    Partial,
    Permute,
    Power,
    Product,
    Quotient,
    Relation,
    Repeat,
    Reshape,
    Selection,
    Shaped,
    Signature,
    Slice,
    Space,
    Sum,
    SumAxis,
    Take,
    Transpose,
    Tree,
    Where,
    Windows,
    Zeros,
)
from derive.render.latex import render_fragment
from derive.render.text import render_text

X, W, b = Name("X", "matrix"), Name("W", "matrix"), Name("b", "vector")
x, y = Entry("x", (0, 0)), Entry("y", (0, 1))


class _Table:
    name = "X"
    shape = (1, 1)
    blocks = (0, 0)
    sparse = False

    def tree(self, row: int, column: int, /) -> Tree:
        return x


TREES = {
    Name: X,
    Entry: x,
    Number: Number(2),
    Gradient: Gradient(X, "dX"),
    Partial: Partial(y, x),
    Delta: Delta(("i", "j")),
    Dots: Dots(),
    Negative: Negative(x),
    Sum: Sum((x, y)),
    Product: Product((x, y)),
    Quotient: Quotient(x, y),
    Power: Power(x, Number(2)),
    Call: Call("tanh", (x,)),
    Greater: Greater(x, Number(0)),
    Equal: Equal(x, y),
    AtLeast: AtLeast(x, Number(0)),
    Where: Where(Greater(x, Number(0)), x, y),
    Extreme: Extreme("max", X, (1,), 2),
    MatrixCall: MatrixCall("inv", X),
    BigSum: BigSum((("k", 4096),), x),
    Ones: Ones("N"),
    Zeros: Zeros(("N", "D")),
    Transpose: Transpose(X),
    MatMul: MatMul((X, W)),
    Hadamard: Hadamard((X, W)),
    Inner: Inner(X, W),
    SumAxis: SumAxis(X, 0, 2),
    Along: Along("softmax", X, (1,), 2),
    Permute: Permute(X, (1, 0)),
    Broadcast: Broadcast(b, 0, "N"),
    Identity: Identity("N"),
    Diagonal: Diagonal(b),
    Kronecker: Kronecker((X, W)),
    Einsum: Einsum("ij,jk->ik", (X, W)),
    Slice: Slice(X, (":", "1:3")),
    Selection: Selection(("P", "R"), "N", ("2", "1"), "0"),
    OneHot: OneHot(b, "V"),
    Take: Take(X, b, "N", 1),
    Pad: Pad(X, (("0", "0"), ("1", "D - 3"))),
    Repeat: Repeat(X, "2", 1, 2),
    Reshape: Reshape(X, ("N", "H", "K")),
    Windows: Windows(X, (1,), ("R",), 2),
    Concatenate: Concatenate((X, W), 1),
    Explicit: Explicit(_Table()),
    Grid: Grid(((x, y),)),
    At: At(Name("f"), b),
    JacobianOf: JacobianOf(Name("f")),
    Nabla: Nabla(Name("f")),
    Composition: Composition((Name("g"), Name("f"))),
    Space: Space((2, "N")),
    Signature: Signature(Name("f"), Space(("n",)), Space(())),
    Shaped: Shaped(X, ("N", "D")),
    Listed: Listed((X, W)),
    Beside: Beside((X, W)),
    Relation: Relation.equal(X, W),
}

# A table must be fitted to the page first; then it is a Grid.
UNFITTED = {Explicit}

# Code says what can be computed; statements and functions as objects cannot.
NO_CODE = UNFITTED | {
    Grid,
    At,
    JacobianOf,
    Nabla,
    Composition,
    Space,
    Signature,
    Shaped,
    Listed,
    Beside,
    Relation,
}

HEAD = Head("A title", (), "", "", "", "", "License:", (), "derive affine", "0", "en", "a4")
LINES = (Line(X, "=", W),)
PROSE = blocks.Prose((blocks.Text("Words."),))

BLOCKS = {
    blocks.Heading: blocks.Heading("a", 1, (blocks.Text("Words"),)),
    blocks.Prose: PROSE,
    blocks.ListBlock: blocks.ListBlock(((blocks.Text("Words"),),)),
    blocks.Equation: blocks.Equation("a", 1, LINES),
    blocks.Result: blocks.Result("a", 1, LINES),
    blocks.Panel: blocks.Panel("a", "Words", (PROSE,)),
    blocks.Definition: blocks.Definition("a", "Theorem", "Words", (blocks.Text("Words"),), (PROSE,)),
    blocks.Code: blocks.Code("a", "python", "Words"),
    blocks.EvidenceTable: blocks.EvidenceTable(
        "a", ("Words", "Words", "Words"), (blocks.EvidenceRow(X, "Words", "Words", (blocks.Text("Words"),)),)
    ),
    blocks.StepList: blocks.StepList("a", 1, (blocks.StepLine(LINES[0], (blocks.Text("Words"),)),), 5.0),
    blocks.ShapeTable: blocks.ShapeTable(
        "a", (X,), (blocks.ShapeRow((blocks.Text("Words"),), ((blocks.Text("Words"),),)),)
    ),
    blocks.Figure: blocks.Figure(
        "a", lay_out((Vertex("value", X, X),) * 2, (Arc(0, 1, X, X),)), (blocks.Text("Words"),), ("Words", "Words")
    ),
    blocks.Listing: blocks.Listing(
        "a", (blocks.ListingRow(1, ("Y = X",), (blocks.ListingNote(LINES, (blocks.Text("Words"),), "equal"),)),)
    ),
    blocks.Arrays: blocks.Arrays("a", (blocks.ArrayItem(X, ((X,),), ((0, 0),)),)),
}

RUNS = {
    blocks.Text: blocks.Text("words"),
    blocks.Emphasis: blocks.Emphasis("words"),
    blocks.Verbatim: blocks.Verbatim("words"),
    blocks.Math: blocks.Math(X),
    blocks.Ref: blocks.Ref("an.equation"),
}


@dataclass(frozen=True)
class Unknown:
    """A kind that no printer knows."""


def document(*content: Block) -> Document:
    return Document(HEAD, content, ())


def kinds(table: dict[type, object], without: set[type] = frozenset()) -> list[type]:
    return [kind for kind in table if kind not in without]


def test_the_tables_here_name_every_kind() -> None:
    assert len(TREES) > 30
    assert set(TREES) == set(get_args(Tree))
    assert len(BLOCKS) > 7
    assert set(BLOCKS) == set(get_args(Block))
    assert len(RUNS) > 3
    assert set(RUNS) == set(get_args(Run))
    assert all(type(example) is kind for table in (TREES, BLOCKS, RUNS) for kind, example in table.items())


def test_the_notation_tree_exports_every_kind() -> None:
    assert {kind.__name__ for kind in get_args(Tree)} <= set(tree.__all__)


@pytest.mark.parametrize("kind", kinds(TREES, UNFITTED))
def test_latex_prints_the_kind(kind: type) -> None:
    assert print_latex(TREES[kind]).strip()


@pytest.mark.parametrize("kind", kinds(TREES, UNFITTED))
def test_plain_text_prints_the_kind_in_lines_of_equal_width(kind: type) -> None:
    box = print_plain(TREES[kind])
    assert "".join(box.lines).strip()
    assert {columns(line) for line in box.lines} == {box.width}
    assert 0 <= box.baseline < len(box.lines)


@pytest.mark.parametrize("kind", kinds(TREES, UNFITTED))
def test_plain_text_prints_the_kind_in_one_line_within_a_sentence(kind: type) -> None:
    (line,) = print_plain(TREES[kind], display=False).lines
    assert line.strip()


@pytest.mark.parametrize("kind", kinds(TREES, UNFITTED))
def test_the_kind_has_a_width_and_a_height(kind: type) -> None:
    assert width(TREES[kind]) > 0
    assert height(TREES[kind]) > 0


@pytest.mark.parametrize("kind", kinds(TREES, NO_CODE))
def test_code_prints_the_kind(kind: type) -> None:
    assert print_code(TREES[kind]).strip()


@pytest.mark.parametrize("kind", sorted(NO_CODE, key=lambda kind: kind.__name__))
def test_code_refuses_what_cannot_be_computed(kind: type) -> None:
    with pytest.raises(InternalError, match=kind.__name__):
        print_code(TREES[kind])


@pytest.mark.parametrize("printer", [print_latex, print_code, print_plain, width])
@pytest.mark.parametrize("item", [TREES[Explicit], Unknown()], ids=["unfitted", "unknown"])
def test_a_printer_names_the_notation_that_it_has_no_rule_for(printer, item) -> None:
    with pytest.raises(InternalError, match=f"no rule for notation of kind {type(item).__name__}"):
        printer(item)


@pytest.mark.parametrize("render", [render_fragment, render_text])
@pytest.mark.parametrize("kind", kinds(BLOCKS))
def test_a_document_shows_every_kind_of_block(render, kind: type) -> None:
    assert len(render(document(BLOCKS[kind]))) > len(render(document()))


@pytest.mark.parametrize("render", [render_fragment, render_text])
@pytest.mark.parametrize("kind", kinds(RUNS))
def test_a_document_shows_every_kind_of_run(render, kind: type) -> None:
    target = blocks.Equation("an.equation", 1, LINES)
    with_run = document(blocks.Prose((RUNS[kind],)), target)
    assert len(render(with_run)) > len(render(document(blocks.Prose(()), target)))


def test_text_names_the_block_that_it_has_no_rule_for() -> None:
    with pytest.raises(InternalError, match="no rule for a block of kind Unknown"):
        render_text(document(Unknown()))


def test_text_names_the_run_that_it_has_no_rule_for() -> None:
    with pytest.raises(InternalError, match="no rule for a run of kind Unknown"):
        render_text(document(blocks.Prose((Unknown(),))))


def test_latex_has_a_template_for_every_kind_of_block_and_for_nothing_else() -> None:
    (folder,) = derive.render.latex.template_folders("latex")
    found = {path.stem for path in Path(folder).glob("*.tex") if path.stem[0].isupper()}
    assert found == {kind.__name__ for kind in get_args(Block)}
