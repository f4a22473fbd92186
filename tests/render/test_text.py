"""The view in a terminal: pictures drawn by hand, and what must hold at every width."""

import re
from functools import cache
from itertools import product

import numpy as np
import pytest

import derive
from derive.document.blocks import (
    Code,
    Definition,
    Document,
    Emphasis,
    Equation,
    EvidenceRow,
    EvidenceTable,
    Head,
    Heading,
    Line,
    ListBlock,
    Math,
    Panel,
    Prose,
    Ref,
    Result,
    ShapeRow,
    ShapeTable,
    StepLine,
    StepList,
    Text,
    Verbatim,
)
from derive.document.compose import compose
from derive.document.material import Material
from derive.errors import InternalError
from derive.notation.box import columns
from derive.notation.tree import (
    BigSum,
    Entry,
    Gradient,
    Grid,
    MatMul,
    Name,
    Negative,
    Partial,
    Relation,
    Shaped,
    Sum,
    Transpose,
)
from derive.render.text import NARROWEST, render_text
from tests.notation.pieces import W, X, Y, g, w, x
from tests.render.pieces import document

SIZES = [(2, 2, 3), (1, 2, 3), (2, 30, 2), (1, 1, 1), (3, 4, 5), (8, 8, 8), (64, 4096, 4096)]
WIDTHS = [60, 80, 100]
COLOUR = re.compile("\x1b\\[[0-9;]*m")


@derive.layer(defaults="N=2 D=2 M=3")
def dense(X: "N D", W: "D M", b: "M"):
    return np.tanh(X @ W + b)


@cache
def handout(layer: str, sizes: tuple[int, int, int]) -> Document:
    """The document of a layer; evidence is that of small sizes, since proofs take their time."""
    traced = {"affine": "affine", "dense": dense}[layer]
    derived, small = (derive.derive(traced, n=n, d=d, m=m, samples="matrix") for n, d, m in (sizes, (1, 2, 3)))
    routes = {name: gradient.route for name, gradient in derived.gradients.items()}
    evidence = {name: gradient.page_evidence for name, gradient in small.gradients.items()}
    return compose(
        Material(
            layer=derived.layer,
            sizes=derived.sizes,
            routes=routes,
            evidence=evidence,
            options=derived.options,
            command=derived.command,
            version="0.1",
        )
    )


def drawing(text: str) -> list[str]:
    """A drawing between an empty first and last line, without the margin of its last line."""
    first, *lines = text.split("\n")
    assert not first
    return [line[len(lines[-1]) :] for line in lines[:-1]]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("layer", "sizes"),
    [
        *product(["affine"], SIZES),
        *(pytest.param("dense", sizes, marks=pytest.mark.thorough) for sizes in SIZES[::3]),
    ],
)
def test_no_line_is_wider_than_the_terminal(layer, sizes, width) -> None:
    whole = handout(layer, sizes)
    # Code is not broken, since it would no longer run.
    code = {f"    {line}" for block in whole.blocks if isinstance(block, Code) for line in block.text.split("\n")}
    assert code
    wide = [line for line in render_text(whole, width=width).split("\n") if columns(line) > width and line not in code]
    assert wide == []


@pytest.mark.parametrize("width", [80, 100])
def test_the_worked_example_is_shown_without_dots(width) -> None:
    whole = handout("affine", (2, 2, 3))
    start = next(n for n, block in enumerate(whole.blocks) if isinstance(block, Heading) and block.id == "layer")
    end = next(n for n, block in enumerate(whole.blocks) if isinstance(block, Heading) and block.id == "background")
    equations = [block for block in whole.blocks[start:end] if isinstance(block, Equation | Result)]
    assert len(equations) > 15
    text = render_text(Document(whole.head, tuple(equations), whole.coloured), width=width)
    assert not set("⋯⋮⋱") & set(text)


@pytest.mark.parametrize(
    "drawn",
    [
        """
        J_y(x) = ⎢ ┈┈┈┈┈┈┈┈┈┼┈┈┈┈┈┈┈┈┈ ⎥ = I_N ⊗ Wᵀ
                 ⎢  ·    ·  ┊ w₁₁  w₂₁ ⎥
                 ⎢  ·    ·  ┊ w₁₂  w₂₂ ⎥
                 ⎣  ·    ·  ┊ w₁₃  w₂₃ ⎦
        """,
        """
                 ⎡ x₁₁   ·    ·  ┊ x₁₂   ·    ·  ⎤
                 ⎢  ·   x₁₁   ·  ┊  ·   x₁₂   ·  ⎥
                 ⎢  ·    ·   x₁₁ ┊  ·    ·   x₁₂ ⎥
        J_y(w) = ⎢ ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┼┈┈┈┈┈┈┈┈┈┈┈┈┈┈ ⎥ = X ⊗ I_M
                 ⎢ x₂₁   ·    ·  ┊ x₂₂   ·    ·  ⎥
                 ⎢  ·   x₂₁   ·  ┊  ·   x₂₂   ·  ⎥
                 ⎣  ·    ·   x₂₁ ┊  ·    ·   x₂₂ ⎦
        """,
        """
                 ⎡ 1  ·  · ⎤
                 ⎢ ·  1  · ⎥
                 ⎢ ·  ·  1 ⎥
        J_y(b) = ⎢ ┈┈┈┈┈┈┈ ⎥ = 1_N ⊗ I_M
                 ⎢ 1  ·  · ⎥
                 ⎢ ·  1  · ⎥
                 ⎣ ·  ·  1 ⎦
        """,
        """
        ∂L/∂x₁₁ = ∂L/∂y₁₁·w₁₁ + ∂L/∂y₁₂·w₁₂ + ∂L/∂y₁₃·w₁₃
        ∂L/∂x₁₂ = ∂L/∂y₁₁·w₂₁ + ∂L/∂y₁₂·w₂₂ + ∂L/∂y₁₃·w₂₃
        ∂L/∂x₂₁ = ∂L/∂y₂₁·w₁₁ + ∂L/∂y₂₂·w₁₂ + ∂L/∂y₂₃·w₁₃
        ∂L/∂x₂₂ = ∂L/∂y₂₁·w₂₁ + ∂L/∂y₂₂·w₂₂ + ∂L/∂y₂₃·w₂₃
        """,
        """
        ∂L/∂w₁₁ = ∂L/∂y₁₁·x₁₁ + ∂L/∂y₂₁·x₂₁
        ∂L/∂w₁₂ = ∂L/∂y₁₂·x₁₁ + ∂L/∂y₂₂·x₂₁
        ∂L/∂w₁₃ = ∂L/∂y₁₃·x₁₁ + ∂L/∂y₂₃·x₂₁
        ∂L/∂w₂₁ = ∂L/∂y₁₁·x₁₂ + ∂L/∂y₂₁·x₂₂
        ∂L/∂w₂₂ = ∂L/∂y₁₂·x₁₂ + ∂L/∂y₂₂·x₂₂
        ∂L/∂w₂₃ = ∂L/∂y₁₃·x₁₂ + ∂L/∂y₂₃·x₂₂
        """,
    ],
    ids=["Jacobian of X", "Jacobian of W", "Jacobian of b", "row of X", "row of W"],
)
def test_the_worked_example_shows_what_was_computed_by_hand(drawn) -> None:
    lines = [re.sub(r"\s+\(\d+\)$", "", line) for line in render_text(handout("affine", (2, 2, 3))).split("\n")]
    expected = [f"    {line}".rstrip() for line in drawing(drawn)]
    assert any(lines[start : start + len(expected)] == expected for start in range(len(lines)))


def test_the_code_in_the_text_runs_and_its_gradients_are_right() -> None:
    lines = render_text(handout("affine", (2, 2, 3))).split("\n")
    start, end = lines.index("    import numpy as np"), lines.index("            return dX, dW, db")
    names: dict[str, type] = {}
    exec("\n".join(line[4:] for line in lines[start : end + 1]), names)
    random = np.random.default_rng(1)
    given = random.normal(size=(2, 4)), random.normal(size=(4, 3)), random.normal(size=3)
    upstream = random.normal(size=(2, 3))
    layer = names["Affine"]()
    np.testing.assert_allclose(layer.forward(*given), np.einsum("nd,dm->nm", *given[:2]) + given[2])
    expected = (
        np.einsum("nm,dm->nd", upstream, given[1]),
        np.einsum("nm,nd->dm", upstream, given[0]),
        np.einsum("nm->m", upstream),
    )
    for found, right in zip(layer.backward(upstream), expected, strict=True):
        np.testing.assert_allclose(found, right)


def test_every_equation_has_its_number_at_the_right_margin_in_order() -> None:
    lines = [line.rstrip(" ┃│") for line in render_text(handout("affine", (2, 2, 3)), width=100).split("\n")]
    found = [int(label[1]) for line in lines if (label := re.search(r" \((\d+)\)$", line)) and len(line) >= 97]
    assert len(found) > 20
    assert found == list(range(1, len(found) + 1))


@pytest.mark.parametrize("layer", ["affine", "dense"])
def test_colour_changes_nothing_but_the_colour(layer) -> None:
    plain = render_text(handout(layer, (2, 2, 3)))
    coloured = render_text(handout(layer, (2, 2, 3)), colour=True)
    assert "\x1b" not in plain
    assert "\x1b" in coloured
    stripped = COLOUR.sub("", coloured)
    assert [line.rstrip() for line in stripped.split("\n")] == plain.split("\n")


def test_every_coloured_line_ends_in_the_normal_colour() -> None:
    for line in render_text(handout("affine", (2, 2, 3)), colour=True).split("\n"):
        codes = COLOUR.findall(line)
        assert len(codes) % 2 == 0
        assert set(codes[1::2]) <= {"\x1b[0m"}


def test_the_rows_of_x_have_two_colours() -> None:
    text = render_text(handout("affine", (2, 2, 3)), colour=True)
    first, second = (re.search(rf"\x1b\[([0-9;]+)mx{row}₁\x1b", text).group(1) for row in "₁₂")
    assert first != second
    assert f"\x1b[{first}m∂L/∂y₁₁\x1b[0m" in text
    assert f"\x1b[{second}m∂L/∂y₂₁\x1b[0m" in text


def test_a_brief_document_is_shorter() -> None:
    derived = derive.derive("affine", n=2, d=2, m=3)
    brief, full = (render_text(derived.document(depth=depth)).count("\n") for depth in ("brief", "full"))
    assert 50 < brief < full / 2


def test_every_kind_of_block_looks_as_it_was_seen_to_look(golden) -> None:
    row, column = Grid(((g(0, 0), g(0, 1)),)), Grid(((w(0, 0),), (w(0, 1),)))
    gradient = Gradient(X, "dX")
    statement = Relation.equal(
        Shaped(gradient, ("N", "D")),
        MatMul((Shaped(Gradient(Y, "G"), ("N", "M")), Shaped(Transpose(W), ("M", "D")))),
    )
    words = "A paragraph of words that is long enough to be broken where the terminal ends, after a whole word."
    blocks = (
        Heading("one", 1, (Text("The gradient "), Math(gradient))),
        Prose((Text(words + " See "), Ref("one.product"), Text("; in code, "), Verbatim("G @ W.T"), Text("."))),
        Result("one.result", 1, (Line(None, "", statement),)),
        Equation("one.product", 2, (Line(gradient, "=", MatMul((row, column))),)),
        Equation("one.entry", None, (Line(Entry("y", (0, 0)), "=", Sum((x(0), Negative(x(1))))),)),
        Code("one.code", "python", "def double(x):\n    return 2 * x"),
        Panel("one.panel", "Conventions", (ListBlock(((Emphasis("Short:"), Text(" an item.")), (Text(words),))),)),
        Heading("two", 2, (Text("Background"),)),
        Definition(
            "two.definition",
            "Definition",
            "gradient",
            (Text("The vector of "), Math(Partial(Name("f"), x(0))), Text(" and its like:")),
            (Equation("two.gradient", 3, (Line(None, "", Grid(((x(0),), (x(1),)))),)),),
        ),
        EvidenceTable(
            "two.evidence",
            ("Evidence", "Method", "Where"),
            (
                EvidenceRow(gradient, "proved at sizes", "every entry, in SymPy", (Text("N×D×M = 2×2×3, 2×3×4"),)),
                EvidenceRow(gradient, "checked at points", "central differences in NumPy", (Text("3 random inputs"),)),
            ),
        ),
        StepList(
            "two.steps",
            4,
            (
                StepLine(Line(Entry("y", ("i",)), "=", BigSum((("k", "D"),), x(0))), (Text("a reason"),)),
                StepLine(Line(None, "=", x(1)), ()),
                StepLine(Line(None, "=", x(0)), (Text("one that goes on for more than a single line "), Math(x(0)))),
            ),
            17.0,
        ),
        ShapeTable(
            "two.shapes",
            (Partial(Y, X), Partial(Y, W)),
            (
                ShapeRow((Text("entries"),), ((Text("24"),), (Text("36"),))),
                ShapeRow((Text("memory in float32"),), ((Text("96 bytes"),), (Text("144 bytes"),))),
            ),
        ),
    )
    head = Head(
        "Backpropagation through an affine layer",
        (Math(Relation.equal(Y, MatMul((X, W)))), Text(" with N = 2 samples")),
        "A. Uthor",
        "A course",
        "2024-02-29",
        "CC BY 4.0",
        "License:",
        (),
        "derive affine --n 2 --d 2 --m 3",
        "0.1.0",
        "en",
        "a4",
    )
    golden("text/every-block.txt", render_text(Document(head, blocks, ("x",)), width=72))


def test_a_terminal_that_is_too_narrow_gets_the_narrowest_text() -> None:
    assert render_text(document(), width=10) == render_text(document(), width=NARROWEST)


def test_what_could_be_mark_up_is_printed_as_it_is() -> None:
    title = r"\input{secret} 100 % $x$ [bold] <b> {y} *z* `w`"
    assert render_text(document(title=title)).split("\n")[0] == title


def test_a_reference_to_nothing_is_our_own_mistake() -> None:
    with pytest.raises(InternalError, match=r"a reference to nowhere, which has no number"):
        render_text(document(Prose((Ref("nowhere"),))))


def test_no_line_ends_in_blanks_and_the_text_ends_in_one_newline() -> None:
    text = render_text(handout("affine", (2, 2, 3)))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(line == line.rstrip() for line in text.split("\n"))
