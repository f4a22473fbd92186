"""LaTeX of every kind of notation, as a mathematician would type it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.errors import InternalError
from derive.notation.latex import Style, print_latex
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
    Explicit,
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
    Zeros,
)

X, W, Y = Name("X", "matrix"), Name("W", "matrix"), Name("Y", "matrix")
b, x = Name("b", "vector"), Name("x", "vector")
x12, w21 = Entry("x", (0, 1)), Entry("w", (1, 0))
G = Gradient(Y, "G")
UPSTREAM = r"\frac{\partial L}{\partial \mathbf{Y}}"

CASES = [
    (X, r"\mathbf{X}"),
    (b, r"\mathbf{b}"),
    (Name("L"), "L"),
    (Name("beta", "vector"), r"\boldsymbol{\beta}"),
    (Name("beta"), r"\beta"),
    (Name("Theta", "matrix"), r"\boldsymbol{\Theta}"),
    (Name("W_1", "matrix"), r"\mathbf{W}_{1}"),
    (Name("W_q_2", "matrix"), r"\mathbf{W}_{q,2}"),
    (Name("Loss"), r"\mathrm{Loss}"),
    (Name("scale", "matrix"), r"\mathbf{scale}"),
    (Entry("x", (0, 0)), "x_{11}"),
    (Entry("x", (8, 8)), "x_{99}"),
    (Entry("x", (8, 9)), "x_{9,10}"),
    (Entry("x", (9, 8)), "x_{10,9}"),
    (Entry("b", (9,)), "b_{10}"),
    (Entry("x", ("i", "k")), "x_{ik}"),
    (Entry("x", ("i", "k1")), "x_{i,k1}"),
    (Entry("x", (0, 1, 2)), "x_{123}"),
    (Entry("s"), "s"),
    (Entry("gamma", (0, 1)), r"\gamma_{12}"),
    (Entry("w_1", (0, 1)), "w^{(1)}_{12}"),
    (Entry("w_1"), "w_{1}"),
    (Entry("scale", (0,)), r"\mathit{scale}_{1}"),
    (Number(3), "3"),
    (Number(-3), "-3"),
    (Number(Fraction(1, 2)), r"\frac{1}{2}"),
    (Number(Fraction(-1, 2)), r"-\frac{1}{2}"),
    (Number("N"), "N"),
    (Number(16777216), r"16\,777\,216"),
    (G, UPSTREAM),
    (Gradient(x12, "dx"), r"\frac{\partial L}{\partial x_{12}}"),
    (Gradient(X, "dX", "J"), r"\frac{\partial J}{\partial \mathbf{X}}"),
    (Gradient(x12, "dx", names="dX"), "dx_{12}"),
    (Gradient(X, "dX", names="dX"), r"d\mathbf{X}"),
    (Transpose(Gradient(X, "dX", names="dX")), r"d\mathbf{X}^{\top}"),
    (Gradient(X, "dX", "J", "nabla"), r"\nabla_{\mathbf{X}} J"),
    (MatMul((Gradient(X, "dX", names="nabla"), W)), r"\left(\nabla_{\mathbf{X}} L\right) \, \mathbf{W}"),
    (
        Shaped(Gradient(X, "dX", names="nabla"), ("N", "D")),
        r"\underset{\shape{N \times D}}{\vphantom{\bigg|}\nabla_{\mathbf{X}} L}",
    ),
    (Partial(x12, w21), r"\frac{\partial x_{12}}{\partial w_{21}}"),
    (Delta(("i", "k")), r"\delta_{ik}"),
    (Delta((0, 11)), r"\delta_{1,12}"),
    (Dots(), r"\cdots"),
    (Dots("column"), r"\vdots"),
    (Dots("both"), r"\ddots"),
    (Negative(X), r"-\mathbf{X}"),
    # A sum with a sigma ends at the next sign; its own terms stand in parentheses.
    (Negative(BigSum((("k", "K"),), Entry("x", ("k",)))), r"-\sum_{k=1}^{K} x_{k}"),
    (Sum((x12, Negative(BigSum((("k", "K"),), Entry("x", ("k",)))))), r"x_{12} - \sum_{k=1}^{K} x_{k}"),
    (BigSum((("k", "K"),), Sum((x12, w21))), r"\sum_{k=1}^{K} \left(x_{12} + w_{21}\right)"),
    (Product((Number(2), MatMul((X, W)))), r"2 \mathbf{X} \mathbf{W}"),
    (Product((Number(2), Hadamard((X, W)))), r"2 \left(\mathbf{X} \odot \mathbf{W}\right)"),
    (Product((x12, MatMul((X, W)))), r"x_{12} \left(\mathbf{X} \mathbf{W}\right)"),
    (Number(Fraction(1, 100000)), "10^{-5}"),
    (Number(Fraction(1, 100)), "0.01"),
    # Without a dot this would read as one number.
    (Product((Number(Fraction(1, 1000)), Ones("D"))), r"0.001 \cdot \mathbf{1}_{D}"),
    (Product((Number(Fraction(1, 100000)), Ones("D"))), r"10^{-5} \cdot \mathbf{1}_{D}"),
    (Product((Number("N"), Ones("D"))), r"N \mathbf{1}_{D}"),
    (Negative(Sum((X, W))), r"-\left(\mathbf{X} + \mathbf{W}\right)"),
    (Sum((X, Negative(W))), r"\mathbf{X} - \mathbf{W}"),
    (Sum((X, Negative(Sum((W, Y))))), r"\mathbf{X} - \left(\mathbf{W} + \mathbf{Y}\right)"),
    (Product((x12, w21)), "x_{12} w_{21}"),
    (Product((Number(2), Sum((x12, w21)))), r"2 \left(x_{12} + w_{21}\right)"),
    (Product((Number(-2), x12)), r"\left(-2\right) x_{12}"),
    (MatMul((X, W)), r"\mathbf{X} \mathbf{W}"),
    (MatMul((Sum((X, Y)), W)), r"\left(\mathbf{X} + \mathbf{Y}\right) \mathbf{W}"),
    (MatMul((G, Transpose(W))), UPSTREAM + r" \, \mathbf{W}^{\top}"),
    (Hadamard((X, MatMul((Y, W)))), r"\mathbf{X} \odot \left(\mathbf{Y} \mathbf{W}\right)"),
    (Inner(X, Sum((Y, W))), r"\left\langle \mathbf{X}, \mathbf{Y} + \mathbf{W} \right\rangle"),
    (Quotient(Number(1), Number("N")), r"\frac{1}{N}"),
    (Power(X, Number(2)), r"\mathbf{X}^{2}"),
    (Power(x12, Number(2)), "x_{12}^{2}"),
    (Power(Sum((X, W)), Number(-1)), r"\left(\mathbf{X} + \mathbf{W}\right)^{-1}"),
    (Power(Call("exp", (X,)), Number(2)), r"\exp\left(\mathbf{X}\right)^{2}"),
    (Power(Power(X, Number(2)), Number(3)), r"\left(\mathbf{X}^{2}\right)^{3}"),
    # An exponent after a fraction would look like the numerator's; two exponents are an error of TeX's.
    (Power(Quotient(Number(1), x12), Number(2)), r"\left(\frac{1}{x_{12}}\right)^{2}"),
    (Power(Number(Fraction(1, 2)), Number("n")), r"\left(\frac{1}{2}\right)^{n}"),
    (Power(Entry("w_1", (0, 1)), Number(2)), r"\left(w^{(1)}_{12}\right)^{2}"),
    (Transpose(X), r"\mathbf{X}^{\top}"),
    (Transpose(G), rf"\left({UPSTREAM}\right)^{{\top}}"),
    (Transpose(MatMul((X, W))), r"\left(\mathbf{X} \mathbf{W}\right)^{\top}"),
    (Call("exp", (X,)), r"\exp\left(\mathbf{X}\right)"),
    (Call("sqrt", (x12,)), r"\sqrt{x_{12}}"),
    (Call("abs", (x12,)), r"\left|x_{12}\right|"),
    (Greater(x12, Number(0)), r"\left[x_{12} > 0\right]"),
    (Call("sigmoid", (X,)), r"\operatorname{sigmoid}\left(\mathbf{X}\right)"),
    (Call("max", (x12, w21)), r"\operatorname{max}\left(x_{12}, w_{21}\right)"),
    (
        BigSum((("k", 4096),), Product((Entry("x", (0, "k")), Entry("w", ("k", 0))))),
        r"\sum_{k=1}^{4096} x_{1k} w_{k1}",
    ),
    (BigSum((("i", "N"), ("j", "M")), Entry("x", ("i", "j"))), r"\sum_{i=1}^{N}\sum_{j=1}^{M} x_{ij}"),
    (Ones("N"), r"\mathbf{1}_{N}"),
    (Ones(""), r"\mathbf{1}"),
    (Zeros(("N", "D")), r"\mathbf{0}_{N \times D}"),
    (Zeros(("N",)), r"\mathbf{0}_{N}"),
    (Identity("beta"), r"\mathbf{I}_{\beta}"),
    (Kronecker((Identity("N"), Transpose(W))), r"\mathbf{I}_{N} \otimes \mathbf{W}^{\top}"),
    (SumAxis(X, 0, 2), r"\mathbf{1}^{\top} \mathbf{X}"),
    (SumAxis(X, 1, 2), r"\mathbf{X} \mathbf{1}"),
    (SumAxis(X, None, 2), r"\mathbf{1}^{\top} \mathbf{X} \mathbf{1}"),
    (SumAxis(b, None, 1), r"\mathbf{1}^{\top} \mathbf{b}"),
    (Broadcast(b, 0, "N"), r"\mathbf{1} \mathbf{b}^{\top}"),
    (Broadcast(b, 1, "N"), r"\mathbf{b} \mathbf{1}^{\top}"),
    (Einsum("ij,j->ij", (X, b)), r"\operatorname{einsum}_{ij,j\to ij}\left(\mathbf{X}, \mathbf{b}\right)"),
    (At(Name("y"), x), r"y(\mathbf{x})"),
    (At(Composition((Name("h"), Name("y"))), x), r"\left(h \circ y\right)(\mathbf{x})"),
    (JacobianOf(Name("y")), "J_{y}"),
    (At(Nabla(Name("f")), x), r"\nabla f(\mathbf{x})"),
    (Space(()), r"\mathbb{R}"),
    (Space((4,)), r"\mathbb{R}^{4}"),
    (Space(("N", "D")), r"\mathbb{R}^{N \times D}"),
    (Space((64, 262144)), r"\mathbb{R}^{64 \times 262\,144}"),
    (Listed((x12, w21)), r"x_{12}, \allowbreak w_{21}"),
    (Listed((x12, w21), True), "(x_{12}, w_{21})"),
    (Beside((X, W)), r"\mathbf{X} \qquad \mathbf{W}"),
    (Relation.equal(X, W), r"\mathbf{X} = \mathbf{W}"),
    (Relation((x, X, W), ("maps", ":=")), r"\mathbf{x} \longmapsto \mathbf{X} := \mathbf{W}"),
    (Relation((X, Space(("N",))), ("in",)), r"\mathbf{X} \in \mathbb{R}^{N}"),
    (
        Grid(((x12, Number(0)), (Number(0), w21))),
        r"\left[\begin{array}{cc}x_{12} & 0 \\" + "\n" + r"0 & w_{21}\end{array}\right]",
    ),
    (
        MatMul((Grid(((x12,),)), Grid(((w21,),)))),
        r"\left[\begin{array}{c}x_{12}\end{array}\right] \cdot \left[\begin{array}{c}w_{21}\end{array}\right]",
    ),
]


@pytest.mark.parametrize(("tree", "latex"), CASES, ids=[latex[:40] for _, latex in CASES])
def test_notation_is_written_as_a_mathematician_would(tree, latex):
    assert print_latex(tree) == latex


def test_a_signature_is_a_function_with_its_spaces():
    written = print_latex(Signature(Name("y"), Space((4,)), Space((6,))))
    assert written.replace(r"\nobreak", "") == r"y\colon \mathbb{R}^{4} \to \mathbb{R}^{6}"


def test_a_factor_stands_over_its_shape():
    assert r"\underset{\shape{N \times M}}" in print_latex(Shaped(G, ("N", "M")))


def test_rows_are_coloured_by_their_first_index_where_a_style_says_so():
    style = Style(frozenset({"x"}), 2)
    assert print_latex(Entry("x", (0, 1)), style) == r"\sample{1}{x_{12}}"
    assert print_latex(Entry("x", (3, 1)), style) == r"\sample{2}{x_{42}}"
    assert print_latex(Entry("w", (0, 1)), style) == "w_{12}"
    assert print_latex(Entry("x", ("i", 1)), style) == "x_{i2}"


def test_blocks_are_told_apart_by_rules():
    grid = Grid(((Number(1), Number(1)), (Number(1), Number(1))), row_rules=(1,), column_rules=(1,))
    assert r"\begin{array}{c|c}" in print_latex(grid)
    assert r"\hline" in print_latex(grid)
    on_page = print_latex(grid, Style(frozenset(), 1))
    assert r"\blockbar" in on_page and r"\blockline{2}" in on_page


def test_what_latex_could_take_for_a_command_is_escaped():
    written = print_latex(Call("a_b#c{", (X,)))
    assert r"a\,b\#c\{" in written


def test_a_table_that_was_not_laid_out_is_refused():
    class Table:
        name, shape, blocks, sparse = "X", (1, 1), (0, 0), False

        def tree(self, row, column, /):
            return x12

    with pytest.raises(InternalError, match="LaTeX: no rule for notation of kind Explicit"):
        print_latex(Explicit(Table()))


def test_a_size_that_is_computed_is_written_without_the_sign_of_code():
    x = Entry("x", ("i",))
    assert print_latex(BigSum((("i", "2*M"),), x)) == r"\sum_{i=1}^{2\,M} x_{i}"
    assert print_latex(Number("H + K - 1")) == "H+K-1"
    assert print_latex(Product((Number("N"), Number("H + K - 1")))) == r"N \left(H+K-1\right)"
