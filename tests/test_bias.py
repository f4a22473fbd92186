"""The bias of an affine layer as a vector, as a column of ones times a row, among the weights, or not at all."""

from dataclasses import replace

import numpy as np
import pytest

import derive
from derive.errors import UnknownNameError
from derive.forward.layer import Stack
from derive.layers import load
from derive.proof.evidence import Strength
from derive.proof.stacks import check_stacks
from tests.variant import code, made, network, text


class TestBias:
    def test_the_column_of_ones_is_written_out(self):
        found = made("bias=ones")
        tex = found.wrt("b").formula.latex()
        assert tex.endswith(r"= \mathbf{1}_{N}^{\top} \, \frac{\partial L}{\partial \mathbf{Y}}")
        assert found.wrt("b").gradient.shape == (1, 4)
        shown = text(found)
        assert "B = 1_N b" in shown
        assert "1_N ⊗ I_M" in shown
        assert "1_N b" in text(made("bias=ones", m=1, d=1))

    def test_with_columns_it_is_a_row_of_ones(self):
        found = made("bias=ones convention=columns")
        assert found.wrt("b").gradient.shape == (4, 1)
        shown = text(found)
        assert "B = b 1_Nᵀ" in shown
        assert "I_M ⊗ 1_N" in shown

    def test_without_bias_nothing_speaks_of_one(self):
        for variant in ("bias=none", "bias=none convention=columns", "bias=none n=1"):
            words = text(made(variant), sections="result,conventions,layer,idea,jacobian,check")
            said = ("--bias", "without bias", "its bias", "without a bias")
            assert words.lower().count("bias") == sum(map(words.lower().count, said))
            assert "ones" not in words

    def test_the_one_bias_is_the_transpose_of_a_vector_times_ones(self):
        # The same gradient as that of the vector, in a row: NumPy says so on numbers.
        random = np.random.default_rng(2)
        x, w, b, g = (random.normal(size=shape) for shape in ((2, 3), (3, 4), (1, 4), (2, 4)))
        ones, vector = code(made("bias=ones"))(), code(made(""))()
        np.testing.assert_allclose(ones.forward(x, w, b), vector.forward(x, w, b[0]))
        np.testing.assert_allclose(ones.backward(g)[2], [vector.backward(g)[2]])

    @pytest.mark.parametrize("convention", ["rows", "columns"])
    @pytest.mark.parametrize("count", [1, 2])
    def test_the_augmented_layer_is_the_plain_one_and_its_gradients_split(self, count, convention):
        random = np.random.default_rng(4)
        x, w, b, g = (random.normal(size=shape) for shape in ((count, 3), (3, 4), (4,), (count, 4)))
        a, v = np.hstack([x, np.ones((count, 1))]), np.vstack([w, b])
        layer = code(made("bias=augmented", n=count, convention=convention, samples="matrix"))()
        turn = {"rows": lambda array: array, "columns": lambda array: array.T}[convention]
        np.testing.assert_allclose(turn(layer.forward(turn(a), turn(v))), x @ w + b)
        da, dv = map(turn, layer.backward(turn(g)))
        np.testing.assert_allclose(da[:, :3], g @ w.T)
        np.testing.assert_allclose(dv, np.vstack([x.T @ g, g.sum(axis=0)]))

    def test_the_split_is_told_and_proved(self):
        found = made("bias=augmented")
        shown = text(found)
        assert "A = [ X  1 ]    V = ⎡ W  ⎤" in shown
        assert "[ Wᵀ  b ] = [ ∂L/∂Y · Wᵀ  ∂L/∂Y · b ]" in shown
        assert "The gradients with respect to the blocks" in shown
        split = next(item for item in found.wrt("V").evidence if item.route == "blocks")
        assert split.strength is Strength.PROVED_AT_SIZES
        assert found.layer.shape(found.layer.inputs[1], found.sizes) == (4, 4)

    def test_with_columns_blocks_are_transposed(self):
        shown = text(made("bias=augmented convention=columns"))
        assert "V = [ W  b ]" in shown
        assert "[ Xᵀ  1 ] = [ ∂L/∂Y · Xᵀ  ∂L/∂Y · 1 ]" in shown
        assert "= W X + b 1ᵀ" in shown

    def test_one_sample_gets_a_one_at_its_end(self):
        shown = text(made("bias=augmented n=1"))
        assert "a = [ x  1 ]" in shown
        assert "[ Wᵀ  bᵀ ] = [ ∂L/∂y · Wᵀ  ∂L/∂y · bᵀ ]" in shown
        assert "= x W + b" in shown

    def test_a_wrong_split_is_refuted(self):
        layer = load("affine", {"bias": "augmented"})
        wrong = [Stack("A", (None, 0), 1), Stack("V", (1, 2), 0)], [Stack("A", (0, None), 1), Stack("V", (2, 1), 0)]
        for stacks in wrong:
            evidence = check_stacks(replace(layer, stacks=tuple(stacks)), [{"N": 2, "D": 2, "M": 2}])
            assert evidence is not None and evidence.strength is Strength.REFUTED
            assert evidence.counterexample.startswith("output: entry (1, 1)")

    def test_a_wrong_gradient_of_the_plain_layer_is_refuted(self):
        # A plain layer that computes something else: its gradients are not those of the blocks.
        layer = load("affine", {"bias": "augmented"})

        @derive.layer(defaults="N=2 D=2 M=3")
        def other(X: "N D", W: "D M", b: "M"):
            return X @ W + 2 * b

        evidence = check_stacks(replace(layer, plain=other), [{"N": 2, "D": 3, "M": 4}])
        assert evidence is not None and evidence.strength is Strength.REFUTED

    def test_unknown_ones_are_refused(self):
        with pytest.raises(UnknownNameError, match="unknown bias 'vektor', did you mean vector"):
            made("bias=vektor")
        with pytest.raises(UnknownNameError, match="unknown option 'bias'"):
            derive.derive(network, bias="none")
