"""What a page says of numbers, names and places is what stands there: counts, order, axes, and what is too long."""

import re

import numpy as np
import pytest

import derive
from derive.document.blocks import Document, Equation
from derive.document.followed import followed
from derive.document.layout import fits
from derive.layers import load
from derive.proof import numeric
from derive.proof.evaluate import value_of
from derive.render.latex import render_latex


def tex(name: str, **chosen) -> str:
    return " ".join(render_latex(derive.derive(name, **chosen).document()).split())


def equation(document: Document, id: str) -> Equation:
    (found,) = (block for block in document.blocks if isinstance(block, Equation) and block.id == id)
    return found


@pytest.mark.parametrize(
    ("name", "left", "what"),
    [("softmax", 3, "class"), ("batchnorm", 3, "sample"), ("layernorm", 3, "feature"), ("l2norm", 3, "feature")],
)
def test_of_a_column_of_the_jacobian_products_are_counted_and_no_terms(name, left, what):
    # Two patterns meet on the diagonal; one lies in the other, so every entry of a row or column counts once.
    assert f"so that of 6 terms {left} are left in every entry, one for each {what}:" in tex(name, sections="jacobian")


def test_no_more_terms_are_left_than_there_are():
    # With respect to W every output is reached, by terms that overlap.
    said = tex("softmax(X @ W)", shapes={"X": "N D", "W": "D M"}, n=2, d=3, m=4, sections="jacobian", wrt="W")
    assert "Multiply the row of upstream derivatives by each column:" in said


def test_the_derivative_of_softmax_is_factored_as_in_textbooks():
    # Bishop, (4.106): y_k (1 - y_k) on the diagonal.
    assert r"s_{11} \left(1 - s_{11}\right)" in tex("softmax", sections="jacobian", samples="matrix").replace(
        r"\sample{1}", ""
    )


def test_the_derivative_of_batch_normalisation_has_one_fraction():
    # ∂y_11/∂x_21 = -γ (1 + x̂_11 x̂_21) / (N σ): Ioffe and Szegedy, the third formula for ∂l/∂x_i, for one l.
    assert r"-\frac{\gamma_{1} \left(1 + \hat{x}_{11} \hat{x}_{21}\right)}{3 \sigma_{1}}" in tex(
        "batchnorm", sections="jacobian"
    )


@pytest.mark.parametrize("name", ["batchnorm", "cross_entropy", "lstm_cell", "layernorm"])
def test_on_the_way_back_names_are_told_before_they_are_used(name):
    document = derive.derive(name, sections="graph").document()
    lines = [
        line
        for block in document.blocks
        if isinstance(block, Equation) and block.id.startswith(("graph.gradients", "graph.sums"))
        for line in block.lines
    ]
    lefts = [line.left for line in lines]
    assert len(lefts) > 2 and None not in lefts
    for place, line in enumerate(lines):
        assert not any(repr(later) in repr(line.right) for later in lefts[place + 1 :])


def test_two_orders_of_the_same_factors_have_one_rule():
    # γ x̂ and x̂ / σ are both a matrix times a vector in every row.
    said = tex("batchnorm", sections="graph")
    assert len(re.findall(r"One node computes \$\\mathbf\{Z\} = \\left\(\\mathbf\{1\}", said)) == 1


def test_vectors_on_the_way_are_written_small():
    said = tex("batchnorm", sections="graph")
    assert r"\mathbf{a}_{1} & = \mathbf{1}^{\top} \mathbf{X}" in said
    assert r"\mathbf{A}_{2}" in said


@pytest.mark.parametrize("name", ["softmax", "layernorm", "conv2d", "mse", "lstm_cell"])
def test_a_brief_handout_says_what_the_layer_computes(name):
    document = derive.derive(name, depth="brief").document()
    last = equation(document, "result.computed").lines[-1]
    whole = equation(derive.derive(name, sections="layer").document(), "layer.forward")
    assert last.left is not None and repr(last.left) in repr(whole) and repr(last.right) in repr(whole)
    # What has been told there is not told again.
    assert "result.forward" not in [block.id for block in document.blocks if isinstance(block, Equation)]


def test_no_sentence_about_a_jacobian_ends_in_the_air():
    said = tex("layernorm", depth="brief")
    assert "the Jacobian is % block: gamma.jacobian" in said
    assert "While the other inputs are held constant, 18 of the 36 entries of the Jacobian can differ" in said
    assert "other inputs" not in tex("softmax", depth="brief")


def test_axes_are_numbered_as_in_the_code_beside_the_formulas():
    said = tex("softmax", sections="result,conventions", n=2, k=3)
    assert r"\operatorname{softmax}_{\text{axis 1}}" in said
    assert "is taken of every row of" in said
    assert "is taken of every column of" in tex("batchnorm", sections="result,conventions")
    assert "counted from 0" not in tex("affine", sections="result,conventions")


def test_a_jacobian_that_would_be_shrunk_is_not_written_out():
    derived = derive.derive("softmax(X @ W)", shapes={"X": "N D", "W": "D M"}, n=2, d=3, m=4, jacobian=True)
    document = derived.document()
    shown = [block for block in document.blocks if isinstance(block, Equation) and block.id.startswith("jacobians")]
    assert shown
    assert all(fits(line.right) for block in shown for line in block.lines)
    assert "Its entries are too long to be written out here." in " ".join(render_latex(document).split())


def test_a_product_of_names_says_what_a_jacobian_is():
    # ∂vec(P V)/∂vec(V) = P ⊗ I, row by row: Magnus and Neudecker, chapter 2.
    assert r"\mathbf{P} \otimes \mathbf{I}_{E}" in tex("attention", sections="jacobian")


@pytest.mark.parametrize("name", ["mae", "huber", "batchnorm", "relu", "hinge", "cross_entropy"])
def test_the_input_that_is_followed_lies_away_from_kinks(name):
    derived = derive.derive(name)
    formulas = [derived.wrt(node.name).formula for node in derived.layer.inputs]
    sample = followed(derived.layer, formulas, derived.sizes)
    assert [numeric.disagreement(derived.layer, formula, sample) for formula in formulas] == [""] * len(formulas)


def test_no_column_of_the_gradient_that_is_followed_is_zero_for_nothing():
    # The first random input gives every sample the same upstream gradient in one column, and that column nothing.
    derived = derive.derive("batchnorm")
    first = numeric.sample(derived.layer, derived.sizes, 0)
    formula = derived.wrt("X").formula
    assert np.allclose(value_of(formula, first.arrays, derived.sizes)[:, 1], 0)
    sample = followed(derived.layer, [formula], derived.sizes)
    assert np.all(np.any(np.abs(value_of(formula, sample.arrays, derived.sizes)) > 1e-6, axis=0))


@pytest.mark.parametrize(("name", "target"), [("cross_entropy", "T"), ("nll", "T"), ("bce", "t"), ("hinge", "t")])
def test_targets_are_such_as_occur(name, target):
    derived = derive.derive(name)
    formulas = [derived.wrt(node.name).formula for node in derived.layer.inputs]
    sample = followed(derived.layer, formulas, derived.sizes)
    made = sample.arrays[target]
    assert np.all(np.isin(made, (-1, 1) if name == "hinge" else (0, 1)))
    if target == "T":
        assert np.array_equal(made.sum(axis=1), np.ones(len(made)))
    assert np.allclose(sample.output, numeric.forward(derived.layer, sample.arrays))


def test_only_whole_numbers_are_called_so():
    assert "small whole numbers" in tex("mse", sections="check")
    assert "whole numbers" not in tex("kl", sections="check")


def test_the_values_of_one_sample_have_small_letters():
    made = derive.derive("attention", n=1)
    assert [name for name, _ in made.layer.named] == [
        name.lower() for name, node in load("attention").named if len(node.shape) == 2
    ]


def test_a_function_of_a_vector_needs_no_axis():
    assert r"\operatorname{softmax}\left(" in tex("attention", n=1, sections="result")


def test_a_vector_that_lies_is_transposed_where_vectors_are_columns():
    said = tex("x @ A @ x", shapes={"x": "N", "A": "N N"}, sections="result,layer,jacobian")
    assert r"y = \mathbf{x}^{\top} \mathbf{A} \mathbf{x}" in said
    assert r"\mathbf{x} \mathbf{A}" not in said
    # The product of all pairs is as it was, and of the shapes that it must have.
    assert r"\frac{\partial L}{\partial \mathbf{A}} & = \mathbf{x} \mathbf{x}^{\top}" in said
    assert r"\underset{\shape{N \times 1}}" in said and r"\underset{\shape{1 \times N}}" in said
