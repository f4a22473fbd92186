"""The estimated widths against those that TeX measures: never below, and not far above."""

from __future__ import annotations

import re

import pytest

import derive
from derive.document.layout import grid
from derive.engine import tables
from derive.notation.latex import Style, print_latex
from derive.notation.measure import width
from derive.notation.tree import (
    At,
    Composition,
    Entry,
    Gradient,
    JacobianOf,
    MatMul,
    Name,
    Number,
    Partial,
    Product,
    Relation,
    Sum,
    Transpose,
)
from derive.pdf import typeset_with_log
from derive.render.latex import COLOURS

X, Y, W = Name("X", "matrix"), Name("Y", "matrix"), Name("W", "matrix")


def typical():
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DERIVE_CACHE", str(tmp_path_factory.mktemp("cache")))
        log = typeset_with_log(preamble + body, engine="tinytex").log
    em = float(re.search(r"^em=([\d.]+)pt", log, re.MULTILINE)[1])
    widths = [float(found) / em for found in re.findall(r"^width=([\d.]+)pt", log, re.MULTILINE)]
    assert len(widths) == len(trees) > 60
    return list(zip(trees, widths, strict=True))


def test_no_estimate_is_below_what_tex_measures(measured):
    short = [(print_latex(tree)[:80], width(tree), true) for tree, true in measured if width(tree) < true]
    assert short == []


def test_estimates_of_wide_notation_are_close(measured):
    wide = [(tree, true) for tree, true in measured if true > 8]
    assert wide
    far = [(print_latex(tree)[:80], width(tree), true) for tree, true in wide if width(tree) > 1.35 * true]
    assert far == []
