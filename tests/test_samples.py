"""Samples as rows, as columns, or one that is a vector: what is written then, and what layers allow it."""

import re

import numpy as np
import pytest

import derive
from derive.errors import UnknownNameError
from derive.proof.evidence import Strength
from derive.render.latex import render_latex
from derive.render.text import render_text
from tests.variant import code, made, network, text


class TestColumns:
    def test_entries_are_those_of_w_times_x(self):
        # y_12 = w_11 x_12 + w_12 x_22 + b_1, written down by hand.
        assert str(made("convention=columns", d=2).wrt("X").map[1]) == "b_1 + w_1_1*x_1_2 + w_1_2*x_2_2"

    def test_jacobians_are_kronecker_products_with_the_factors_exchanged(self):
        shown = text(made("convention=columns"))
        for product in ("W ⊗ I_N", "I_M ⊗ Xᵀ", "I_M ⊗ 1_N"):
            assert product in shown

    def test_the_transposition_argument_is_made(self):
        shown = text(made("convention=columns"))
        assert "Y = W X + b 1ᵀ = ((W X + b 1ᵀ)ᵀ)ᵀ = (Xᵀ Wᵀ + 1 bᵀ)ᵀ" in shown

    def test_nothing_speaks_of_samples_as_rows(self):
        shown = text(made("convention=columns"))
        assert "Samples are columns" in shown
        assert "Samples are rows" not in shown
        assert not re.search(r"row i of X is sample|is sample i", shown)

    def test_colour_follows_the_second_index(self):
        tex = made("convention=columns").latex()
        assert r"\sample{1}{x_{21}}" in tex
        assert r"\sample{2}{x_{12}}" in tex
        assert r"{w_{12}}" not in tex

    def test_both_conventions_compute_the_same_numbers(self):
        rows, columns = code(made("convention=rows"))(), code(made("convention=columns"))()
        random = np.random.default_rng(1)
        x, w, b, g = (random.normal(size=shape) for shape in ((2, 3), (3, 4), (4,), (2, 4)))
        np.testing.assert_allclose(columns.forward(x.T, w.T, b), rows.forward(x, w, b).T)
        for one, other in zip(columns.backward(g.T), rows.backward(g), strict=True):
            np.testing.assert_allclose(one, other.T)

    def test_letters_keep_their_order(self):
        found = made("convention=columns")
        assert found.command == "derive affine --n 2 --d 3 --m 4 --convention columns"
        assert found.layer.letters == ("N", "D", "M")

    def test_json_says_that_samples_are_columns(self):
        assert '"samples": "columns"' in made("convention=columns").json()

    def test_options_are_kept_when_a_document_is_asked_for_with_others(self):
        found = made("convention=columns")
        assert found.document(depth="brief") == made("convention=columns", depth="brief").document()


class TestOneSample:
    def test_it_is_written_with_vectors(self):
        found = made("n=1")
        assert [node.name for node in found.layer.inputs] == ["x", "W", "b"]
        assert found.layer.output_name == "y"
        assert str(found.wrt("x").map[1]) == "b_2 + w_1_2*x_1 + w_2_2*x_2 + w_3_2*x_3"

    def test_the_jacobian_is_the_transpose_of_w(self):
        # y_i = Σ_j x_j w_ji + b_i, so that ∂y_i/∂x_j = w_ji.
        jacobian = made("n=1").wrt("x").jacobian
        assert [[str(jacobian[i, j]) for j in range(3)] for i in range(4)] == [
            [f"w_{j}_{i}" for j in (1, 2, 3)] for i in (1, 2, 3, 4)
        ]
        shown = text(made("n=1"))
        for product in ("= Wᵀ", "x ⊗ I_M", "= I_M"):
            assert product in shown

    def test_formulas_have_vectors_as_rows(self):
        tex = made("n=1").wrt("W").formula.latex()
        assert tex == (
            r"\frac{\partial L}{\partial \mathbf{W}} = \mathbf{x}^{\top} \, \frac{\partial L}{\partial \mathbf{y}}"
        )
        assert r"\shape{D \times 1}" in made("n=1").latex()

    def test_there_is_no_batch_and_no_broadcasting(self):
        shown = text(made("n=1"))
        assert "one sample, D = 3 input features" in shown
        assert not re.search(r"batch|broadcast|N = 1|1 samples", shown)

    def test_an_input_can_be_asked_for_by_the_name_it_has_in_the_layer(self):
        found = made("n=1", wrt="X")
        assert list(found.gradients) == ["x"]
        assert str(found.wrt("X").formula) == str(found.wrt("x").formula) == "G @ W.T"
        with pytest.raises(UnknownNameError):
            found.wrt("Y")

    @pytest.mark.parametrize("sizes", [(1, 1), (4096, 4096), (10**9, 10**9)])
    def test_every_size_can_be_written(self, sizes):
        d, m = sizes
        assert render_latex(made("n=1", d=d, m=m).document())

    def test_matrices_can_be_kept(self):
        found = made("n=1 samples=matrix")
        assert found.layer is found.written
        assert "1 sample" in text(found)

    def test_several_samples_and_columns_are_never_written_as_vectors(self):
        assert made("").layer.samples == "rows"
        assert made("n=1 convention=columns").layer.samples == "columns"


@derive.layer(defaults="N=2 D=3")
def gram(X: "N D"):
    return X.T @ X


@derive.layer(defaults="N=2 D=3")
def energy(X: "N D", s: ""):
    return np.sum(X * X) * s


@derive.layer(defaults="N=2 D=3")
def centred(X: "N D"):
    return X - X.sum(axis=0) / X.shape[0]


@derive.layer(defaults="N=2 D=3")
def weighted(X: "N D", t: "N"):
    return X.T @ t


@derive.layer(defaults="D=3")
def plain(v: "D"):
    return v * v


LAYERS = [network, gram, energy, centred, weighted, plain]


@pytest.mark.thorough
@pytest.mark.parametrize("convention", ["rows", "columns"])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
class TestLayersOfEveryKind:
    def test_gradients_are_proved_and_a_document_is_written(self, layer, count, convention):
        sizes = {"N": count} if "N" in layer.letters else {}
        # A number is the loss itself, at which no vector can stand.
        end = "vector" if layer.output.shape else "scalar"
        found = derive.derive(layer, sizes, convention=convention, end=end)
        for gradient in found.gradients.values():
            assert gradient.evidence[0].strength in (Strength.PROVED_AT_SIZES, Strength.CHECKED_AT_POINTS)
            arranged = [item for item in gradient.evidence if item.route in ("transposed", "one sample")]
            assert len(arranged) == (found.layer.origin is not None)
        document = found.document()
        assert render_latex(document) and render_text(document, width=80)


class TestWhenThereIsOneSample:
    def test_samples_must_be_the_rows_of_matrices(self):
        assert derive.derive(network, n=1).layer.samples == "one"
        assert derive.derive(gram, n=1).layer.samples == "one"
        # The weights t are one a sample, in a vector: there they are no rows.
        assert derive.derive(weighted, n=1).layer.samples == "rows"
        assert derive.derive(plain, d=1).layer.samples == "rows"

    def test_a_name_that_is_taken_keeps_the_matrix(self):
        @derive.layer(defaults="N=1 D=2")
        def two(X: "N D", x: "D"):
            return X * x

        assert {node.name for node in derive.derive(two).layer.inputs} == {"X", "x"}

    def test_a_gram_matrix_of_one_sample_is_an_outer_product(self):
        found = derive.derive(gram, n=1)
        assert str(found.layer.read(found.layer.output)) and found.layer.output.shape == gram.output.shape
        # Y = xᵀx: ∂L/∂x = x (G + Gᵀ).
        x, g = np.array([1.0, 2.0, 3.0]), np.arange(9.0).reshape(3, 3)
        printed = code(found)()
        np.testing.assert_allclose(printed.forward(x), np.outer(x, x))
        np.testing.assert_allclose(printed.backward(g), x @ (g + g.T))
