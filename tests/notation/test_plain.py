"""What the terminal's printer writes in one line, its colours, and how wide that is."""

import re
from fractions import Fraction

import pytest

from derive.notation.box import Box, columns
from derive.notation.ink import Ink
from derive.notation.plain import print_plain
from derive.notation.tree import (
    At,
    Beside,
    BigSum,
    Broadcast,
    Call,
    Composition,
    Delta,
    Dots,
    Einsum,
    Entry,
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
    Nabla,
    Name,
    Negative,
    Number,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Relation,
    Shaped,
    Signature,
    Space,
    Sum,
    SumAxis,
    Transpose,
    Tree,
    Zeros,
)
from tests.notation.pieces import A, B, G, L, W, X, b, drawn, g, w, x


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        (x(0, 1), "x₁₂"),
        (x(8, 8), "x₉₉"),
        (x(11, 2), "x₁₂,₃"),
        (x(0, 4095), "x₁,₄₀₉₆"),
        (x("i", "j"), "xᵢⱼ"),
        (x("i", 3), "xᵢ₄"),
        (x("i", "N"), "x_(i,N)"),
        (x("N"), "x_N"),
        (x("k1", "j"), "xₖ₁,ⱼ"),
        (Entry("theta", (0,)), "θ₁"),
        (Entry("g_y", (0, 1)), "g⁽ʸ⁾₁₂"),
        (Entry("a"), "a"),
        (Name("theta"), "θ"),
        (Name("W_1", "matrix"), "W₁"),
        (Name("G_Y", "matrix"), "G_Y"),
        (Delta(("i", "k")), "δᵢₖ"),
        (Number(-2), "−2"),
        (Number(Fraction(1, 3)), "1/3"),
        (Number("-0.5000"), "−0.5000"),
        (Number("N"), "N"),
        (g(0, 1), "∂L/∂y₁₂"),
        (Gradient(Entry("y", (0, 11)), "g", "J"), "∂J/∂y₁,₁₂"),
        (Gradient(Entry("y", (0, 11)), "g", names="dX"), "dy₁,₁₂"),
        (Gradient(Name("Y", "matrix"), "G", names="dX"), "dY"),
        (MatMul((Gradient(Name("Y", "matrix"), "G", names="dX"), Transpose(W))), "dY Wᵀ"),
        (MatMul((Gradient(Name("Y", "matrix"), "G", names="nabla"), Transpose(W))), "(∇_Y L) Wᵀ"),
        (Partial(Entry("y", (0, 1)), x(1, 0)), "∂y₁₂/∂x₂₁"),
        (Identity("N"), "I_N"),
        (Identity("2"), "I₂"),
        (Ones(""), "1"),
        (Zeros(("N", "D")), "0_N×D"),
        (Transpose(W), "Wᵀ"),
        (JacobianOf(L), "J_L"),
        (At(JacobianOf(Name("h")), At(Name("y"), Name("x", "vector"))), "J_h(y(x))"),
        (At(Partial(Name("f"), x(0)), Name("x", "vector")), "∂f/∂x₁(x)"),
        (Transpose(At(Nabla(Entry("f", (0,))), Name("x", "vector"))), "∇f₁(x)ᵀ"),
        (Composition((Name("h"), Name("y"))), "h ∘ y"),
        (Space(()), "ℝ"),
        (Space((6,)), "ℝ⁶"),
        (Space((2, 3)), "ℝ²ˣ³"),
        (Space(("N", "D")), "ℝᴺˣᴰ"),
        (Space(("N", "C")), "ℝ^(N×C)"),
        (Signature(Name("y"), Space((4,)), Space((6,))), "y: ℝ⁴ → ℝ⁶"),
        (Listed((X, W)), "X, W"),
        (Listed((Name("i"), Name("j")), wrapped=True), "(i, j)"),
        (Relation((X, Space(("N", "D"))), ("in",)), "X ∈ ℝᴺˣᴰ"),
        (Relation((X, A, B), ("maps", ":=")), "X ↦ A := B"),
        (Beside((X, W)), "X    W"),
    ],
)
def test_a_small_thing_is_written_in_one_line(tree: Tree, line: str) -> None:
    assert drawn(tree) == line
    assert drawn(tree, display=False) == line


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        (Sum((x(0, 0), Negative(x(0, 1)))), "x₁₁ − x₁₂"),
        (Negative(Sum((x(0), x(1)))), "−(x₁ + x₂)"),
        (Sum((x(0), Negative(Sum((x(1), x(2)))))), "x₁ − (x₂ + x₃)"),
        (Sum((x(0), Sum((x(1), x(2))))), "x₁ + (x₂ + x₃)"),
        (Product((x(0, 0), w(0, 0))), "x₁₁w₁₁"),
        (Product((Number(2), x(0))), "2x₁"),
        (Product((x(0), Number(2))), "x₁·2"),
        (Product((g(0, 0), w(0, 0))), "∂L/∂y₁₁·w₁₁"),
        (Product((g(0), Product((Sum((x(0), x(1))), w(0))))), "∂L/∂y₁·(x₁ + x₂)·w₁"),
        (Product((Negative(x(0)), x(1))), "(−x₁)·x₂"),
        (Product((Call("exp", (x(0),)), w(0))), "exp(x₁)·w₁"),
        (Product((Number("N"), x(0))), "N·x₁"),
        (Sum((Product((x(0), w(0))), Dots(), Product((x(8), w(8))))), "x₁w₁ + ⋯ + x₉w₉"),
        (MatMul((X, W)), "X W"),
        (MatMul((Sum((A, B)), W)), "(A + B) W"),
        (MatMul((Hadamard((A, B)), W)), "(A ⊙ B) W"),
        (Hadamard((A, MatMul((A, B)))), "A ⊙ (A B)"),
        (Hadamard((A, Sum((Number(1), Negative(B))))), "A ⊙ (1 − B)"),
        (Inner(A, Sum((A, B))), "⟨A, A + B⟩"),
        (Kronecker((Identity("N"), Transpose(W))), "I_N ⊗ Wᵀ"),
        (Sum((MatMul((X, W)), Broadcast(b, 0, "N"))), "X W + 1 bᵀ"),
        (Broadcast(b, 1, "N"), "b 1ᵀ"),
        (Transpose(Sum((A, B))), "(A + B)ᵀ"),
        (Transpose(MatMul((A, B))), "(A B)ᵀ"),
        (Power(x(0), Number(2)), "x₁²"),
        (Power(x(0), Number(-1)), "x₁⁻¹"),
        (Power(Sum((x(0), x(1))), Number(10)), "(x₁ + x₂)¹⁰"),
        (Power(Number(-2), Number(2)), "(−2)²"),
        (Power(x(0), Name("Q")), "x₁^Q"),
        (Power(Call("tanh", (x(0),)), Number(2)), "tanh(x₁)²"),
        (Call("sqrt", (x(0),)), "√x₁"),
        (Call("sqrt", (Sum((x(0), x(1))),)), "√(x₁ + x₂)"),
        (Call("max", (x(0), x(1))), "max(x₁, x₂)"),
        (Call("abs", (x(0),)), "|x₁|"),
        (Greater(x(0), Number(0)), "[x₁ > 0]"),
        (SumAxis(A, 0, 2), "1ᵀ A"),
        (SumAxis(A, 1, 2), "A 1"),
        (SumAxis(A, None, 2), "1ᵀ A 1"),
        (SumAxis(b, None, 1), "1ᵀ b"),
        (SumAxis(Hadamard((A, B)), 0, 2), "1ᵀ (A ⊙ B)"),
        (Einsum("ij,jk->ik", (A, B)), "einsum[ij, jk → ik](A, B)"),
    ],
)
def test_parentheses_and_spaces_keep_the_order_of_operations(tree: Tree, line: str) -> None:
    assert drawn(tree) == line


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        (MatMul((G, Transpose(W))), "∂L/∂Y · Wᵀ"),
        (Transpose(G), "(∂L/∂Y)ᵀ"),
        (Quotient(Sum((x(0), x(1))), Product((Number(2), x(2)))), "(x₁ + x₂)/(2x₃)"),
        (Quotient(x(0), Quotient(x(1), x(2))), "x₁/(x₂/x₃)"),
        (BigSum((("k", 4096),), Product((x("i", "k"), w("k", "j")))), "∑ₖ₌₁⁴⁰⁹⁶ xᵢₖwₖⱼ"),
        (BigSum((("k", "D"),), x("k")), "∑ₖ₌₁ᴰ xₖ"),
        (Grid(((x(0), Dots()), (Number(0), x(1))), sparse=True), "[x₁ ⋯; · x₂]"),
        (Shaped(W, ("D", "M")), "W"),
    ],
)
def test_what_is_tall_on_its_own_stays_in_the_line_of_a_sentence(tree: Tree, line: str) -> None:
    assert drawn(tree, display=False) == line


def test_without_colour_no_code_is_written() -> None:
    assert "\x1b" not in drawn(Grid(((x(0, 0), Number(0)),), sparse=True), ink=Ink(frozenset("x"), colour=False))


def test_rows_have_six_colours_that_return_at_the_seventh() -> None:
    ink = Ink(frozenset("x"), colour=True)
    codes = [re.match(r"\x1b\[([0-9;]+)m", drawn(x(row, 0), ink=ink)).group(1) for row in range(7)]
    assert len(set(codes[:6])) == 6
    assert codes[6] == codes[0]


def test_only_the_letters_of_samples_are_coloured() -> None:
    ink = Ink(frozenset("xy"), colour=True)
    assert drawn(w(0, 0), ink=ink) == "w₁₁"
    assert drawn(x("i", "j"), ink=ink) == "xᵢⱼ"
    assert drawn(g(0, 0), ink=ink).endswith("∂L/∂y₁₁\x1b[0m")


def test_colour_changes_nothing_but_the_colour() -> None:
    cells = ((x(0, 0), Number(0)), (Number(0), Sum((x(1, 1), w(1, 1)))))
    tree = Relation.equal(X, Grid(cells, size=(9, 9), sparse=True), MatMul((Transpose(W), Power(A, Number(2)))))
    plain = print_plain(tree)
    coloured = print_plain(tree, Ink(frozenset("x"), colour=True))
    assert any("\x1b" in line for line in coloured.lines)
    assert coloured.width == plain.width
    assert tuple(re.sub("\x1b\\[[0-9;]*m", "", line) for line in coloured.lines) == plain.lines


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("abc", 3), ("x₁₂", 3), ("層x", 3), ("e\u0301", 1), ("a\u200bb", 2), ("\x1b[38;5;33mX\x1b[0m", 1)],
)
def test_a_terminal_shows_text_in_so_many_columns(text: str, count: int) -> None:
    assert columns(text) == count


def test_a_box_grows_around_its_baseline() -> None:
    assert Box(("ab",)).grown(1, 2) == Box(("  ", "ab", "  ", "  "), 1)
