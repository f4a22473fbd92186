"""The estimated widths against those that TeX measures: never below, and not far above."""

from __future__ import annotations

import re
from fractions import Fraction
from string import ascii_letters

import pytest

import derive
from derive.document.layout import grid
from derive.engine import tables
from derive.notation.latex import Style, print_latex
from derive.notation.measure import width
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
    Zeros,
)
from derive.pdf import typeset_with_log
from derive.render.latex import COLOURS

X, Y, W = Name("X", "matrix"), Name("Y", "matrix"), Name("W", "matrix")


b, x = Name("b", "vector"), Name("x", "vector")
G = Gradient(Y, "G")
LETTERS = (*ascii_letters, "alpha", "beta", "gamma", "delta", "theta", "mu", "Gamma", "Theta", "Omega")


def E(letter, *index):  # noqa: N802 -- an entry as it is spoken: x one two
    return Entry(letter, tuple(i - 1 if isinstance(i, int) else i for i in index))


def g(*index):
    return Gradient(E("y", *index), "g")


def cells(rows, columns, make, **named):
    return Grid(tuple(tuple(make(i, j) for j in range(columns)) for i in range(rows)), **named)


def component(i, j):
    terms = (Product((E("x", i, 1), E("w", 1, j))), Product((E("x", i, 2), E("w", 2, j))), E("b", j))
    return Sum(terms)


def every_kind():
    """Trees of every kind, small and large, that a page may hold."""
    yield from (Name(letter, kind) for letter in LETTERS for kind in ("scalar", "matrix"))
    yield from (E(letter, 1, 2) for letter in LETTERS)
    yield from (
        E("x", 1, 1),
        E("w", 4096, 4096),
        E("x", 12, 3),
        E("b", 1),
        E("m", 2, 3),
        E("beta", 1),
        E("gamma", 1, 2),
        E("w_1", 1, 2),
        E("scale", 1, 2),
        E("x", "i", "k"),
        X,
        W,
        b,
        Name("L"),
        Name("beta", "vector"),
        Name("gamma"),
        Name("W_1", "matrix"),
        Name("scale", "matrix"),
        Name("Theta", "matrix"),
        Name("M", "matrix"),
        Name("mu", "vector"),
        Number(2),
        Number(Fraction(1, 2)),
        Number(-3),
        Number(Fraction(-13, 42)),
        Number("N"),
        Number(4096),
        G,
        Gradient(X, "dX"),
        g(1, 1),
        g(4096, 4096),
        Gradient(b, "db"),
        Gradient(Name("beta", "vector"), "d"),
        Gradient(E("gamma", 1), "d"),
        Gradient(X, "dX", "Loss"),
        *(Gradient(Y, "dY", names=names) for names in ("dX", "nabla")),
        Gradient(Name("beta", "vector"), "d", names="nabla"),
        Gradient(E("w", 4096, 4096), "d", names="dX"),
        *(MatMul((Gradient(Y, "G", names=names), Transpose(W))) for names in ("dX", "nabla")),
        Product((Gradient(E("y", 1, 1), "g", names="dX"), E("x", 1, 1))),
        Transpose(Gradient(Y, "G", names="nabla")),
        Partial(E("y", 1, 1), E("x", 1, 1)),
        Partial(E("y", 64, 4096), E("x", 64, 4096)),
        Partial(E("y", 1, 3), E("w", 2, 3)),
        Delta(("i", "k")),
        component(1, 1),
        component(2, 3),
        Sum((Product((g(1, 1), E("w", 1, 1))), Product((g(1, 2), E("w", 1, 2))), Product((g(1, 3), E("w", 1, 3))))),
        Sum(
            (
                Product((E("x", 1, 1), E("w", 1, 1))),
                Product((E("x", 1, 2), E("w", 2, 1))),
                Dots(),
                Product((E("x", 1, 4096), E("w", 4096, 1))),
                E("b", 1),
            )
        ),
        MatMul((G, Transpose(W))),
        MatMul((Transpose(X), G)),
        SumAxis(G, 0, 2),
        SumAxis(G, 1, 2),
        SumAxis(G, None, 2),
        Broadcast(b, 0, "N"),
        Broadcast(b, 1, "N"),
        Sum((MatMul((X, W)), b)),
        Sum((MatMul((X, W)), Broadcast(b, 0, "N"))),
        Hadamard((G, X, W)),
        Hadamard((Sum((X, W)), G)),
        Inner(X, W),
        Inner(G, Partial(Name("Y", "matrix"), E("w", 1, 1))),
        Inner(Sum((X, W)), G),
        Quotient(Number(1), Number("N")),
        Quotient(Sum((X, W)), Number(2)),
        Product((Quotient(Number(1), Number("N")), G)),
        Power(E("x", 1, 2), Number(2)),
        Power(Sum((E("x", 1, 1), E("x", 1, 2))), Number(2)),
        Power(X, Number(Fraction(3, 2))),
        Transpose(Sum((X, W))),
        Transpose(G),
        Call("exp", (X,)),
        Call("tanh", (MatMul((X, W)),)),
        Call("abs", (E("x", 1, 1),)),
        Greater(X, Number(0)),
        Greater(Quotient(E("x", 1, 1), E("x", 1, 2)), E("x", 2, 1)),
        Call("sqrt", (E("x", 1, 1),)),
        Call("sigmoid", (X,)),
        Negative(X),
        Negative(Sum((X, W))),
        Kronecker((Identity("N"), Transpose(W))),
        Kronecker((X, Identity("M"))),
        Kronecker((Ones("N"), Identity("M"))),
        Ones("N"),
        Zeros(("N", "D")),
        Zeros(("N", "D - 2", "M")),
        Ones(""),
        BigSum((("k", 4096),), Product((E("x", 1, "k"), E("w", "k", 1)))),
        BigSum(
            (("i", "N"), ("j", "M")),
            Product((Gradient(E("y", "i", "j"), "g"), Partial(E("y", "i", "j"), E("x", "k", "l")))),
        ),
        Einsum("ij,j->ij", (G, b)),
        cells(2, 2, lambda i, j: E("x", i + 1, j + 1)),
        cells(2, 3, lambda i, j: E("w", i + 1, j + 1)),
        cells(2, 3, lambda i, j: component(i + 1, j + 1)),
        cells(
            6,
            4,
            lambda i, j: Partial(E("y", i // 3 + 1, i % 3 + 1), E("x", j // 2 + 1, j % 2 + 1)),
            row_rules=(3,),
            column_rules=(2,),
        ),
        cells(
            6,
            4,
            lambda i, j: E("w", j % 2 + 1, i % 3 + 1) if i // 3 == j // 2 else Number(0),
            row_rules=(3,),
            column_rules=(2,),
        ),
        cells(8, 8, lambda i, j: Number(int(i == j))),
        cells(
            4,
            4,
            lambda i, j: Dots("both") if 2 in (i, j) else E("w", (1, 2, 3, 4096)[i], (1, 2, 3, 4096)[j]),
            size=(4096, 4096),
        ),
        cells(6, 1, lambda i, j: component(i // 3 + 1, i % 3 + 1)),
        cells(1, 6, lambda i, j: g(j // 3 + 1, j % 3 + 1)),
        cells(1, 1, lambda i, j: E("x", 1, 1), size=(4096, 4096)),
        cells(2, 2, lambda i, j: Gradient(E("x", i + 1, j + 1), "d")),
        cells(1, 4, lambda i, j: Sum((Product((g(1, 1), E("w", 1, 1))), Product((g(1, 2), E("w", 1, 2)))))),
        cells(2, 12, lambda i, j: E("x", i + 1, j + 1)),
        cells(3, 3, lambda i, j: Number("-1.2345")),
        cells(4, 1, lambda i, j: Number(1)),
        Relation.equal(Gradient(X, "dX"), MatMul((G, Transpose(W)))),
        Relation.equal(Y, Sum((MatMul((X, W)), b)), cells(2, 2, lambda i, j: component(i + 1, j + 1))),
        Relation((E("y", 1, 1), component(1, 1)), (":=",)),
        Relation((X, Space(("N", "D"))), ("in",)),
        Relation((X, Space((64, 4096))), ("in",)),
        Relation((x, cells(2, 1, lambda i, j: component(i + 1, 1))), ("maps",)),
        Signature(Name("y"), Space((4,)), Space((6,))),
        Signature(Name("y"), Space((262144,)), Space((262144,))),
        Relation.equal(
            At(JacobianOf(Name("L")), x),
            MatMul((At(JacobianOf(Name("h")), At(Name("y"), x)), At(JacobianOf(Name("y")), x))),
        ),
        At(E("y", 1, 1), x),
        At(Partial(Name("h"), E("y", 1, 1)), At(Name("y"), x)),
        At(Nabla(Name("f")), x),
        Composition((Name("h"), Name("y"))),
        Shaped(G, ("N", "M")),
        Shaped(X, (4096, 4096)),
        MatMul((Shaped(G, ("N", "M")), Shaped(Transpose(W), ("M", "D")))),
        Listed((E("x", 1, 1), E("x", 1, 2), Dots(), E("x", 2, 2)), True),
        Beside(
            (
                Relation.equal(X, cells(2, 2, lambda i, j: E("x", i + 1, j + 1))),
                Relation.equal(b, cells(1, 3, lambda i, j: E("b", j + 1))),
            )
        ),
        MatMul((cells(2, 3, lambda i, j: g(i + 1, j + 1)), cells(3, 2, lambda i, j: E("w", j + 1, i + 1)))),
    )


def typical():
    yield from every_kind()
    yield from (X, Y, W, Entry("x", (0, 1)), Entry("w", (63, 4095)), Entry("y", (0, 0)), Entry("b", (2,)))
    yield from (
        Gradient(Y, "G"),
        Gradient(Entry("y", (63, 4095)), "g"),
        Partial(Entry("y", (0, 0)), Entry("x", (1, 1))),
    )
    yield Relation.equal(Gradient(X, "dX"), MatMul((Gradient(Y, "G"), Transpose(W))))
    yield Relation.equal(At(JacobianOf(Name("L")), Name("x", "vector")), Composition((Name("h"), Name("y", "vector"))))
    yield Sum(
        (
            Product((Entry("x", (0, 0)), Entry("w", (0, 0)))),
            Product((Entry("x", (0, 1)), Entry("w", (1, 0)))),
            Number(12),
        )
    )
    for sizes in ((2, 2, 3), (3, 4, 5), (64, 4096, 4096)):
        found = derive.derive("affine", n=sizes[0], d=sizes[1], m=sizes[2])
        for name in "XWb":
            w = found.wrt(name)
            for table in (
                tables.values(w.jacobian),
                tables.partials(w.jacobian),
                tables.row(w.chain_rule),
                tables.upstream_row(w.chain_rule),
                tables.upstream_partials(w.chain_rule),
                tables.components(w.map),
                tables.component_names(w.map),
                tables.variables(w.map),
            ):
                for limit in (5, 24):
                    for large in (False, True):
                        yield grid(table, limit, limit, large=large)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    style = Style(frozenset({"x", "y"}), COLOURS)
    trees = list(dict.fromkeys(typical()))
    preamble = derive.derive("affine").latex().partition(r"\begin{document}")[0]
    lines = [rf"\sbox0{{$\displaystyle {print_latex(tree, style)}$}}\typeout{{width=\the\wd0}}" for tree in trees]
    body = "\n".join([r"\begin{document}", r"\typeout{em=\the\dimexpr1em\relax}", *lines, "x", r"\end{document}"])
    log = typeset_with_log(preamble + body, engine="tinytex").log
    em = float(re.search(r"^em=([\d.]+)pt", log, re.MULTILINE)[1])
    widths = [float(found) / em for found in re.findall(r"^width=([\d.]+)pt", log, re.MULTILINE)]
    assert len(widths) == len(trees) > 60
    return list(zip(trees, widths, strict=True))


def test_no_estimate_is_below_what_tex_measures(measured):
    short = [(print_latex(tree)[:80], width(tree), true) for tree, true in measured if width(tree) < true]
    assert short == []


def test_estimates_are_at_most_a_quarter_too_wide(measured):
    far = [(print_latex(tree)[:80], width(tree), true) for tree, true in measured if width(tree) > 1.25 * true]
    assert far == []


def test_estimates_of_wide_notation_are_close(measured):
    wide = [(tree, true) for tree, true in measured if true > 8]
    assert len(wide) > 60
    far = [(print_latex(tree)[:80], width(tree), true) for tree, true in wide if width(tree) > 1.1 * true]
    assert far == []
