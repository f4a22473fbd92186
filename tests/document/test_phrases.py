"""Sentences that must fit what stands beside them: one or several, and no explanation twice."""

from collections import Counter

import pytest

import derive
from derive.document.blocks import Heading, Math, Prose, Text, Verbatim
from derive.document.words import two_matrices
from derive.networks.network import network
from derive.pdf import typeset_with_log
from derive.pdf.log import overfull, warnings
from derive.render.latex import render_latex

NAMES_A_NODE = ("One node computes", "The node")


def sentences(name: str, **chosen) -> list[str]:
    document = derive.derive(name, **chosen).document()
    return [
        " ".join("".join(r.text if isinstance(r, Text | Verbatim) else "_" for r in block.runs).split())
        for block in document.blocks
        if isinstance(block, Prose)
    ]


def test_one_gradient_is_no_plural():
    said = " ".join(sentences("softmax", sections="result,layer"))
    assert "gradients" not in said and "arrays" not in said
    assert "the gradient of _ with respect to _ is" in said
    assert "dZ is the gradient above" in said
    assert "Its entries are written in small letters" in said
    assert "Its gradients with respect to what enters are" in " ".join(sentences("mse", sections="result"))


@pytest.mark.parametrize("name", ["layernorm", "lstm_cell", "attention", "gelu"])
def test_the_walk_along_the_graph_explains_nothing_twice(name):
    said = Counter(sentences(name, sections="graph"))
    assert said
    assert [sentence for sentence, times in said.items() if times > 1 and not sentence.startswith(NAMES_A_NODE)] == []


def test_only_a_product_that_was_told_comes_again():
    # The walk meets the bias of X W + b before the product, that of (X + b) W after it.
    assert "This is a product with ones" in " ".join(sentences("affine", sections="graph"))
    later = sentences("(X + b) @ W", shapes={"X": "N D", "b": "D", "W": "D M"}, sections="graph")
    assert "This is the rule of a product again" in " ".join(later)


def test_any_two_matrices_are_called_like_none_of_the_layer():
    layer = derive.derive("attention").layer
    assert [name.text for name in two_matrices(layer)] == ["A", "B"]
    assert [name.text for name in two_matrices(derive.derive("affine").layer)] == ["P", "Q"]
    assert "np.sum(A * B)" in " ".join(sentences("attention", sections="entry"))


def test_an_input_called_like_the_usual_output_keeps_its_name():
    document = derive.derive("sum((X - Y)**2)", shapes={"X": "N D", "Y": "N D"}, sections="layer,jacobian").document()
    headings = [block for block in document.blocks if isinstance(block, Heading)]
    assert [run.tree.text for run in headings[-1].runs if isinstance(run, Math)] == ["Y"]
    tex = render_latex(document)
    assert r"\mathbf{Y} \in \mathbb{R}^{N \times D}" in tex
    assert r"z \in \mathbb{R}^{N \times D}" not in tex


def test_sizes_of_a_network_have_their_indices_in_the_table_of_evidence():
    tex = derive.derive(network("affine(3) > sigmoid > affine(2)"), n=2, d=2, sections="check").latex()
    assert "M_{1}" in tex
    assert r"M\_1" not in tex


@pytest.mark.thorough
def test_a_product_of_jacobians_that_nobody_could_read_is_left_out():
    made = typeset_with_log(derive.derive(network("affine > gelu > lstm_cell")).latex(), engine="tinytex")
    assert overfull(made.log) == () and warnings(made.log) == ()
    assert "set below 80 percent" not in made.log
