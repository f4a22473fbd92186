"""Pictures drawn by hand, with what the printer draws beside them."""

from derive.notation.tree import (
    At,
    Beside,
    BigSum,
    Dots,
    Entry,
    Grid,
    Hadamard,
    JacobianOf,
    MatMul,
    Name,
    Negative,
    Number,
    Product,
    Quotient,
    Relation,
    Shaped,
    Sum,
    Transpose,
)
from tests.notation.pieces import A, B, G, W, X, b, drawn, gradient, w, x


def picture(text: str) -> str:
    """A drawing between an empty first and last line, without the margin of its first line."""
    first, *lines = text.split("\n")
    assert not first
    margin = len(lines[-1])
    return "\n".join(line[margin:].rstrip() for line in lines[:-1])


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
