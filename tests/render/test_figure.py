"""Figures: the same drawing for LaTeX, for the web and for a terminal."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest

import derive
from derive.document.blocks import Figure
from derive.pdf import find_engine, typeset_with_log
from derive.pdf.log import overfull, warnings
from derive.render.latex import render_fragment, render_latex
from derive.render.text import render_text

SVG = "{http://www.w3.org/2000/svg}"


@derive.layer(defaults="N=2 D=3 K=4 M=5")
def network(X: "N D", V: "D K", a: K, W: "K M", b: M):
    return np.tanh(X @ V + a) @ W + b


@derive.layer(defaults="N=2 D=3")
def mixed(X: "N D", s: "", Y: "N D"):
    return (np.exp(X) * s + X / Y - Y**2).sum(axis=1)


@derive.layer(defaults="N=2 D=3")
def gram(X: "N D"):
    return X.T @ X


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["system", "tinytex"])
@pytest.mark.parametrize("layer", ["affine", network, mixed, gram], ids=lambda layer: getattr(layer, "name", layer))
def test_a_figure_compiles_without_an_overfull_box(layer, engine):
    try:
        find_engine(engine)
    except derive.errors.EngineMissingError:
        pytest.skip(f"the engine {engine} is not installed on this machine")
    source = render_latex(derive.derive(layer, sections="graph").document())
    assert r"\begin{tikzpicture}" in source
    log = typeset_with_log(source, engine=engine).log
    assert (overfull(log), warnings(log)) == ((), ())
    assert "set below 80 percent" not in log


def test_forward_values_stand_on_their_own_and_backward_values_are_coloured_and_have_an_arrow():
    source = render_latex(derive.derive("affine", sections="graph").document())
    forward = re.findall(r"^\\graphforward\{[^}]*\}\{(.*)\}$", source, re.MULTILINE)
    backward = re.findall(r"^\\graphbackward\{[^}]*\}\{(.*)\}$", source, re.MULTILINE)
    upstream = r"\frac{\partial L}{\partial \mathbf{Y}}"
    # Figures 1.6 to 1.8 of document 003.
    assert {r"\mathbf{X}", r"\mathbf{W}", r"\mathbf{b}", r"\mathbf{1}", r"\mathbf{X} \mathbf{W}"} < set(forward)
    assert sorted(backward) == sorted(
        [
            rf"{upstream} \, \mathbf{{W}}^{{\top}}",
            rf"\mathbf{{X}}^{{\top}} \, {upstream}",
            rf"\mathbf{{1}}^{{\top}} {upstream}",
            upstream,
            upstream,
            upstream,
            r"\frac{\partial L}{\partial L} = 1",
        ]
    )
    assert len(re.findall(r"^\\graphback\{", source, re.MULTILINE)) == len(backward)
    assert len(re.findall(r"^\\graphline\{", source, re.MULTILINE)) == 8


def test_a_fragment_names_tikz_only_if_it_has_a_figure():
    with_figure = render_fragment(derive.derive("affine", sections="graph").document())
    without = render_fragment(derive.derive("affine", sections="result").document())
    assert "and tikz for its pictures." in with_figure.split("\n")[1]
    assert "tikz" not in without.split("\n")[1]


def test_a_fragment_without_a_figure_compiles_in_a_document_that_does_not_load_tikz():
    body = render_fragment(derive.derive("affine", sections="conventions").document())
    names = ("lmodern", "amsmath", "array", "graphicx", "xcolor", "hyperref")
    loaded = "".join(rf"\usepackage{{{name}}}" + "\n" for name in names)
    shell = "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n" + loaded + "\\begin{document}\n"
    assert "Output written" in typeset_with_log(f"{shell}{body}\n\\end{{document}}\n", engine="auto").log


def files(layer) -> list[ElementTree.Element]:
    found = [ElementTree.fromstring(text) for text in derive.derive(layer).svg()]
    assert found
    return found


@pytest.mark.parametrize("layer", ["affine", network, mixed, gram], ids=lambda layer: getattr(layer, "name", layer))
def test_svg_is_valid_and_says_what_it_shows(layer):
    for root in files(layer):
        assert root.tag == f"{SVG}svg" and root.get("role") == "img"
        assert root.find(f"{SVG}title").text.startswith("Computational graph of")
        assert "dX = " in root.find(f"{SVG}desc").text
        ids = [element.get("id") for element in root.iter() if element.get("id")]
        assert set(root.get("aria-labelledby").split()) <= set(ids)
        _, _, wide, high = map(float, root.get("viewBox").split())
        for text in root.iter(f"{SVG}text"):
            assert 0 < float(text.get("x")) < wide and 0 < float(text.get("y")) < high


def test_boxes_of_an_svg_do_not_overlap():
    for layer in ("affine", network, mixed):
        for root in files(layer):
            boxes = [
                [float(rect.get(name)) for name in ("x", "y", "width", "height")] for rect in root.iter(f"{SVG}rect")
            ]
            assert boxes
            for (a, b, w, h), (c, d, v, g) in combinations(boxes, 2):
                assert a + w <= c or c + v <= a or b + h <= d or d + g <= b


def test_an_svg_shows_every_gradient_in_a_class_of_its_own():
    (root,) = files("affine")
    backward = ["".join(text.itertext()) for text in root.iter(f"{SVG}text") if text.get("class") == "backward"]
    assert "──\u00a0Wᵀ" in backward and "Xᵀ\u00a0──" in backward and "1ᵀ\u00a0──" in backward
    arrows = [path for path in root.iter(f"{SVG}path") if path.get("class") == "backward"]
    assert len(arrows) == 7


def test_a_graph_that_is_too_large_has_no_picture():
    @derive.layer()
    def long(X: "N D"):
        for _ in range(70):
            X = np.tanh(X)
        return X

    assert derive.derive(long, N=1, D=1).svg() == ()


def test_a_terminal_lists_the_edges():
    text = render_text(derive.derive("affine", sections="graph").document(), width=80)
    lines = [line.split("  ") for line in text.split("\n") if " → " in line]
    table = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert table == [
        ["X → dot", "X", "∂L/∂Y · Wᵀ"],
        ["W → dot", "W", "Xᵀ · ∂L/∂Y"],
        ["1 → dot", "1"],
        ["b → dot", "b", "1ᵀ · ∂L/∂Y"],
        ["dot → +", "X W", "∂L/∂Y"],
        ["dot → +", "1 bᵀ", "∂L/∂Y"],
        ["+ → h", "Y", "∂L/∂Y"],
        ["h → L", "L", "∂L/∂L = 1"],
    ]


def test_the_section_costs_nothing_that_grows_with_the_sizes():
    made = (derive.derive("affine", n=n, d=n, m=n, sections="graph").document() for n in (2, 10**9))
    small, large = (document.blocks for document in made)
    figures = [block for block in small if isinstance(block, Figure)]
    assert figures and figures == [block for block in large if isinstance(block, Figure)]
