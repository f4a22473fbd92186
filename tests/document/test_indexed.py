"""Index sums as notation, against the formulas of textbooks, printed as LaTeX and as plain text."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.document.blocks import Equation, Result, StepList
from derive.document.indexed import IndexReader
from derive.forward.layer import Layer
from derive.layers import load
from derive.notation.latex import print_latex
from derive.notation.plain import print_plain
from derive.notation.tree import BigSum, Entry, Gradient, Tree
from derive.notation.walk import children
from derive.render.latex import render_latex
from derive.render.text import render_text
from derive.routes.index import derive_index


def plain(tree: Tree) -> str:
    (line,) = print_plain(tree, display=False).lines
    return line


def told(layer: Layer, wrt: str) -> list[str]:
    """The right sides of a derivation, from the definition to the derivative of the loss."""
    reader = IndexReader(layer)
    return [plain(reader.read(step.after)) for step in derive_index(layer, wrt).derivation.steps]


@derive.layer()
def one_sample(x: D, W: "D M", b: M):
    return x @ W + b


@derive.layer()
def two_layers(X: "N D", U: "D H", c: H, V: "H M"):
    return np.tanh(X @ U + c) @ V


@derive.layer()
def softmax(X: "N D"):
    e = np.exp(X)
    return e / e.sum(axis=1, keepdims=True)


def test_the_affine_layer_with_respect_to_x_is_that_of_the_textbook():
    assert told(load("affine"), "X") == [
        "∑ₖ₌₁ᴰ xᵢₖwₖⱼ + bⱼ",
        "∑ₖ₌₁ᴰ ∂xᵢₖ/∂xₘₙ·wₖⱼ",
        "∑ₖ₌₁ᴰ δᵢₘδₖₙwₖⱼ",
        "δᵢₘwₙⱼ",
        "∑ᵢ₌₁ᴺ ∑ⱼ₌₁ᴹ ∂L/∂yᵢⱼ·δᵢₘwₙⱼ",
        "∑ⱼ₌₁ᴹ ∂L/∂yₘⱼ·wₙⱼ",
    ]


def test_the_affine_layer_with_respect_to_w_and_b_is_that_of_the_textbook():
    assert told(load("affine"), "W")[3:] == [
        "xᵢₘδⱼₙ",
        "∑ᵢ₌₁ᴺ ∑ⱼ₌₁ᴹ ∂L/∂yᵢⱼ·xᵢₘδⱼₙ",
        "∑ᵢ₌₁ᴺ ∂L/∂yᵢₙ·xᵢₘ",
    ]
    assert told(load("affine"), "b")[1:] == [
        "∂bⱼ/∂bₘ",
        "δⱼₘ",
        "∑ᵢ₌₁ᴺ ∑ⱼ₌₁ᴹ ∂L/∂yᵢⱼ·δⱼₘ",
        "∑ᵢ₌₁ᴺ ∂L/∂yᵢₘ",
    ]


def test_one_sample_gives_the_formulas_of_the_lecture_notes():
    # Equations 1.9, 1.17, 1.13 with 1.17, 1.25 and 1.26 of Yook's notes, their letters renamed.
    assert told(one_sample, "x") == [
        "∑ₖ₌₁ᴰ xₖwₖᵢ + bᵢ",
        "∑ₖ₌₁ᴰ ∂xₖ/∂xₘ·wₖᵢ",
        "∑ₖ₌₁ᴰ δₖₘwₖᵢ",
        "wₘᵢ",
        "∑ᵢ₌₁ᴹ ∂L/∂yᵢ·wₘᵢ",
    ]
    assert told(one_sample, "W")[3:] == ["xₘδᵢₙ", "∑ᵢ₌₁ᴹ ∂L/∂yᵢ·xₘδᵢₙ", "∂L/∂yₙ·xₘ"]
    # Equations 1.20 and 1.30: ∂L/∂Y Wᵀ, and x times the row of upstream derivatives.
    derived = derive.derive(one_sample, D=2, M=3)
    assert str(derived.wrt("x").formula) in ("G @ W.T", "W @ G")
    assert str(derived.wrt("W").formula) == "outer(x, G)"


def test_latex_has_the_bounds_and_the_deltas():
    reader, route = IndexReader(load("affine")), derive_index(load("affine"), "X")
    assert print_latex(reader.output()) == r"y_{ij} = \sum_{k=1}^{D} x_{ik} w_{kj} + b_{j}"
    deltas = route.derivation.step("independent entries").after
    assert print_latex(reader.read(deltas)) == r"\sum_{k=1}^{D} \delta_{im} \delta_{kn} w_{kj}"
    rule = reader.chain_rule(("i", "j"), Entry("x", ("m", "n")))
    assert print_latex(rule) == (
        r"\sum_{i=1}^{N}\sum_{j=1}^{M} \frac{\partial L}{\partial y_{ij}} \, "
        r"\frac{\partial y_{ij}}{\partial x_{mn}}"
    )


def test_what_a_function_is_taken_of_has_a_name():
    reader = IndexReader(two_layers)
    assert plain(reader.output()) == "yᵢⱼ = ∑ₖ₌₁ᴴ tanh(zᵢₖ)·vₖⱼ"
    assert [plain(item) for item in reader.definitions()] == ["zᵢⱼ = ∑ₖ₌₁ᴰ xᵢₖuₖⱼ + cⱼ"]
    assert told(two_layers, "X")[-1] == "∑ⱼ₌₁ᴹ ∑ₖ₌₁ᴴ ∂L/∂yₘⱼ·(1 − tanh(zₘₖ)²)·uₙₖvₖⱼ"


def test_a_sum_of_one_term_has_no_sign_of_a_sum():
    reader = IndexReader(softmax)
    assert plain(reader.output()) == "yᵢⱼ = exp(xᵢⱼ)·1/zᵢ"


def test_a_name_is_none_that_the_layer_uses():
    @derive.layer()
    def taken(Z: "N D", S: "D M"):
        return np.exp(Z @ S)

    reader = IndexReader(taken)
    assert [plain(item) for item in reader.definitions()] == ["tᵢⱼ = ∑ₖ₌₁ᴰ zᵢₖsₖⱼ"]


def test_a_difference_keeps_its_minus():
    @derive.layer()
    def difference(X: "N D", Y: "N D"):
        return X - Y

    assert told(difference, "Y")[2:] == [
        "−δᵢₘδⱼₙ",
        "−∑ᵢ₌₁ᴺ ∑ⱼ₌₁ᴰ ∂L/∂zᵢⱼ·δᵢₘδⱼₙ",
        "−∑ⱼ₌₁ᴰ ∂L/∂zₘⱼ·δⱼₙ",
        "−∂L/∂zₘₙ",
    ]


def letters_of(tree: Tree) -> list[str]:
    """The summed letters of every Σ, in the order of the text."""
    found = [letter for letter, _ in tree.bounds] if isinstance(tree, BigSum) else []
    return found + [letter for child in children(tree) for letter in letters_of(child)]


def used(tree: Tree) -> set[str]:
    """The letters that are indices of entries."""
    own = {i for i in tree.index if isinstance(i, str)} if isinstance(tree, Entry) else set()
    return own.union(*(used(child) for child in children(tree)))


def test_letters_never_clash_however_deep_an_expression_is():
    @derive.layer()
    def deep(A: "N N"):
        value = A
        for _ in range(24):
            value = value @ A
        return value

    output = IndexReader(deep).output()
    summed = letters_of(output)
    assert len(summed) == 24
    assert len(set(summed)) == 24
    assert not {"i", "j", "a", "y"} & set(summed)
    assert used(output) == {"i", "j", *summed}


def test_letters_are_none_of_the_sizes_and_of_the_arrays():
    @derive.layer()
    def small(M: "n k", i: "k p"):
        return M @ i

    reader = IndexReader(small)
    assert len(used(reader.output())) == 3
    for wrt in ("M", "i"):
        for step in derive_index(small, wrt).derivation.steps:
            assert used(reader.read(step.after)).isdisjoint({"n", "k", "p", "m", "i", "y"})


def section(layer: Layer | str, **sizes: int):
    return derive.derive(layer, sections="index", **sizes).document()


def test_every_step_has_a_reason_and_the_reading_is_in_words():
    document = section("affine")
    partial, loss = (block for block in document.blocks if isinstance(block, StepList))
    assert [len(partial.steps), len(loss.steps)] == [3, 3]
    assert all(step.reason for chain in (partial, loss) for step in chain.steps)
    text = render_text(document, width=100)
    assert "of the sum over k, k = n is left" in text
    assert "row m of ∂L/∂Y times row n of W (column n of Wᵀ)" in text
    assert "For W, the same steps; the deltas leave k = m, j = n:" in text
    assert text.index("Kronecker delta") < text.index("δᵢₘδₖₙwₖⱼ")
    assert len([block for block in document.blocks if isinstance(block, Result)]) == 3


def test_the_same_page_serves_every_size():
    small, large = (section("affine", n=n, d=n, m=n).blocks for n in (2, 10**9))
    assert small == large


@pytest.mark.parametrize("depth", ["full", "brief"])
def test_the_route_can_be_chosen_at_both_depths(depth):
    document = derive.derive("affine", route="index", depth=depth).document()
    ids = [block.id for block in document.blocks if isinstance(block, Equation | Result)]
    assert "index.entry" in ids and "index.X.formula" in ids
    assert "X.formula" not in ids


def test_layers_without_letters_and_of_single_numbers_have_the_section_too():
    @derive.layer()
    def number(a: "", b: ""):
        return a * b

    document = section(number)
    tex = render_latex(document)
    assert "With letters for indices" in tex and "Kronecker" not in tex

    @derive.layer()
    def fixed(X: "2 3"):
        return 2 * X

    assert "index.X.formula" in render_latex(section(fixed))


@pytest.mark.thorough
def test_what_is_too_long_for_a_page_says_so():
    @derive.layer()
    def power(A: "N N"):
        value = A
        for _ in range(20):
            value = value @ A
        return value

    document = section(power, N=2)
    assert "too long for a page" in render_latex(document)
    assert not [block for block in document.blocks if isinstance(block, Equation | StepList)]


def test_an_upstream_gradient_is_written_with_its_own_loss():
    reader = IndexReader(load("affine"))
    tree = reader.read(derive_index(load("affine"), "b").gradient)
    assert isinstance(tree, BigSum) and tree.bounds == (("i", "N"),)
    assert isinstance(tree.body, Gradient) and tree.body.of == Entry("y", ("i", "m"))


@derive.layer()
def by_columns(X: "N D"):
    return X * np.exp(X.sum(axis=0))


@derive.layer()
def above_the_largest(X: "N D"):
    return X - np.max(X, axis=0)


@derive.layer()
def of_a_square(A: "N N"):
    return A * np.exp(A.sum(axis=0))


def test_a_value_of_every_column_has_the_letter_that_columns_have_in_the_output():
    for layer, output, definition in (
        (by_columns, "yᵢⱼ = xᵢⱼ·exp(zⱼ)", "zⱼ = ∑ₖ₌₁ᴺ xₖⱼ"),
        (above_the_largest, "yᵢⱼ = xᵢⱼ − zⱼ", "zⱼ = max(xₖⱼ)"),
    ):
        reader = IndexReader(layer)
        assert plain(reader.output()) == output
        assert [plain(item) for item in reader.definitions()] == [definition]


def test_where_two_axes_have_one_size_letters_come_in_their_order():
    (definition,) = IndexReader(of_a_square).definitions()
    assert plain(definition) == "zᵢ = ∑ₖ₌₁ᴺ aₖᵢ"


@derive.layer()
def gated(X: "N D", W: "D D"):
    Z = derive.let("Z", np.exp(X))
    return np.tanh(Z @ W) * Z * Z


@derive.layer()
def activated(X: "N D", W: "D M"):
    Z = derive.let("Z", X @ W)
    return np.tanh(Z) * Z


def test_a_result_on_the_way_has_no_letter_that_the_page_uses_for_another():
    # z_ij is e^x_ij in the formulas of this layer, so that the sum in the hyperbolic tangent is s_ij.
    assert [plain(item) for item in IndexReader(gated).definitions()] == ["sᵢⱼ = ∑ₖ₌₁ᴰ exp(xᵢₖ)·wₖⱼ"]
    assert [plain(item) for item in IndexReader(activated).definitions()] == ["zᵢⱼ = ∑ₖ₌₁ᴰ xᵢₖwₖⱼ"]
