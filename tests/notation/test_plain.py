"""Pictures drawn by hand, with what the printer draws beside them."""

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

X, W, A, B = (Name(letter, "matrix") for letter in "XWAB")
b = Name("b", "vector")
gradient, G = Gradient(X, "dX"), Gradient(Name("Y", "matrix"), "G")
L = Name("L")


def x(*index: int | str) -> Entry:
    return Entry("x", index)


def w(*index: int | str) -> Entry:
    return Entry("w", index)


def g(*index: int | str) -> Gradient:
    return Gradient(Entry("y", index), "g")


def drawn(tree: Tree, **options: object) -> str:
    return "\n".join(line.rstrip() for line in print_plain(tree, **options).lines)


def picture(text: str) -> str:
    """A drawing between an empty first and last line, without the margin of its first line."""
    first, *lines = text.split("\n")
    assert not first
    margin = len(lines[-1])
    return "\n".join(line[margin:].rstrip() for line in lines[:-1])


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


def test_the_gradient_of_a_matrix_is_a_fraction_with_a_bar() -> None:
    assert drawn(Relation.equal(gradient, MatMul((G, Transpose(W))))) == picture(
        """
        ∂L   ∂L
        ── = ── Wᵀ
        ∂X   ∂Y
        """
    )


def test_a_fraction_is_as_wide_as_its_wider_half() -> None:
    assert drawn(Quotient(Sum((A, B)), Name("n"))) == picture(
        """
        A + B
        ─────
          n
        """
    )


def test_parentheses_grow_with_what_they_enclose() -> None:
    assert drawn(MatMul((Transpose(X), Hadamard((G, A))))) == picture(
        """
           ⎛∂L    ⎞
        Xᵀ ⎜── ⊙ A⎟
           ⎝∂Y    ⎠
        """
    )


def test_a_superscript_of_something_tall_stands_at_its_upper_corner() -> None:
    assert drawn(Transpose(Hadamard((G, A)))) == picture(
        """
        ⎛∂L    ⎞ᵀ
        ⎜── ⊙ A⎟
        ⎝∂Y    ⎠
        """
    )


def test_a_long_sum_has_its_bounds_above_and_below_the_sign() -> None:
    assert drawn(Relation.equal(Entry("y", ("i", "j")), BigSum((("k", 4096),), x("i", "k")))) == picture(
        """
              4096
        yᵢⱼ =  ∑   xᵢₖ
              k=1
        """
    )


def test_shapes_stand_in_one_line_under_letters_and_fractions() -> None:
    left = Shaped(gradient, ("N", "D"))
    right = MatMul((Shaped(G, ("N", "M")), Shaped(Transpose(W), ("M", "D"))))
    assert drawn(Relation.equal(left, right)) == picture(
        """
        ∂L    ∂L
        ──  = ──   Wᵀ
        ∂X    ∂Y
        N×D   N×M  M×D
        """
    )


def test_a_matrix_stands_in_tall_brackets() -> None:
    cells = tuple(tuple(x(row, column) for column in range(2)) for row in range(3))
    assert drawn(Relation.equal(X, Grid(cells))) == picture(
        """
            ⎡ x₁₁  x₁₂ ⎤
        X = ⎢ x₂₁  x₂₂ ⎥
            ⎣ x₃₁  x₃₂ ⎦
        """
    )


def test_matrices_of_one_and_two_rows_have_brackets_of_their_own() -> None:
    row, square = Grid(((x(0), x(1)),)), Grid(((x(0), x(1)), (x(2), x(3))))
    assert drawn(MatMul((row, square))) == picture(
        """
        [ x₁  x₂ ] · ⎡ x₁  x₂ ⎤
                     ⎣ x₃  x₄ ⎦
        """
    )


def test_columns_of_a_matrix_are_as_wide_as_their_widest_entry() -> None:
    assert drawn(Grid(((x(0), Sum((x(1), x(2)))), (Dots("column"), x(3)), (x(4), x(5))))) == picture(
        """
        ⎡ x₁  x₂ + x₃ ⎤
        ⎢ ⋮     x₄    ⎥
        ⎣ x₅    x₆    ⎦
        """
    )


def test_columns_of_numbers_are_aligned_at_their_last_digit() -> None:
    assert drawn(Grid(((Number(-10), Number(3)), (Number(7), Number(-4))))) == picture(
        """
        ⎡ −10   3 ⎤
        ⎣   7  −4 ⎦
        """
    )


def test_dashes_lie_between_the_blocks_of_a_jacobian_and_its_structural_zeros_are_dots() -> None:
    zero = Number(0)
    cells = (
        (w(0, 0), w(1, 0), zero, zero),
        (w(0, 1), w(1, 1), zero, zero),
        (zero, zero, w(0, 0), w(1, 0)),
        (zero, zero, w(0, 1), w(1, 1)),
    )
    block = Grid(cells, row_rules=(2,), column_rules=(2,), sparse=True)
    assert drawn(Relation.equal(At(JacobianOf(Name("y")), Name("x")), block)) == picture(
        """
                 ⎡ w₁₁  w₂₁ ┊  ·    ·  ⎤
                 ⎢ w₁₂  w₂₂ ┊  ·    ·  ⎥
        J_y(x) = ⎢ ┈┈┈┈┈┈┈┈┈┼┈┈┈┈┈┈┈┈┈ ⎥
                 ⎢  ·    ·  ┊ w₁₁  w₂₁ ⎥
                 ⎣  ·    ·  ┊ w₁₂  w₂₂ ⎦
        """
    )


def test_a_zero_that_is_a_value_is_printed_as_a_number() -> None:
    assert drawn(Grid(((Number(0), Number(1)),))) == "[ 0  1 ]"


def test_a_matrix_of_which_a_part_is_shown_has_its_true_size_under_it() -> None:
    cells = ((x(0, 0), Dots(), x(0, 9)), (Dots("column"), Dots("both"), Dots("column")))
    assert drawn(Grid(cells, size=(8, 10))) == picture(
        """
        ⎡ x₁₁  ⋯  x₁,₁₀ ⎤
        ⎣  ⋮   ⋱    ⋮   ⎦
              8×10
        """
    )


def test_wide_entries_go_on_several_lines_and_rows_are_kept_apart() -> None:
    long = Sum((Product((x(0), w(0))), Product((x(1), w(1))), Negative(Product((x(2), w(2))))))
    assert drawn(Grid(((long, b), (x(0), long))), cell_width=11) == picture(
        """
        ⎡ x₁w₁ + x₂w₂       b      ⎤
        ⎢ − x₃w₃                   ⎥
        ⎢                          ⎥
        ⎢     x₁       x₁w₁ + x₂w₂ ⎥
        ⎣              − x₃w₃      ⎦
        """
    )


def test_a_small_entry_stands_in_the_middle_beside_a_high_one() -> None:
    long = Sum((Product((x(0), w(0))), Product((x(1), w(1))), Product((x(2), w(2)))))
    assert drawn(Grid(((long, x(0)),)), cell_width=7) == picture(
        """
        ⎡ x₁w₁       ⎤
        ⎢ + x₂w₂  x₁ ⎥
        ⎣ + x₃w₃     ⎦
        """
    )


def test_statements_side_by_side_share_a_baseline() -> None:
    column = Grid(((x(0),), (x(1),), (x(2),)))
    assert drawn(Beside((Relation.equal(b, column), Relation.equal(A, B)))) == picture(
        """
            ⎡ x₁ ⎤
        b = ⎢ x₂ ⎥    A = B
            ⎣ x₃ ⎦
        """
    )


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
