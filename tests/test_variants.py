"""Variants of a handout: each derives the formulas of the textbooks, proves them, prints code that runs, compiles."""

import json

import numpy as np
import pytest

import derive
from derive.errors import UnknownNameError, UserError
from derive.pdf import typeset_with_log
from derive.pdf.log import overfull, warnings
from derive.proof.evidence import Strength
from tests.variant import code, made, options, text

FORMULAS = {
    "convention=columns": {"X": "W.T @ G", "W": "G @ X.T", "b": "sum(G, axis=1)"},
    "convention=columns n=1": {"X": "W.T @ G", "W": "G @ X.T", "b": "sum(G, axis=1)"},
    "bias=none": {"X": "G @ W.T", "W": "X.T @ G"},
    "bias=none convention=columns": {"X": "W.T @ G", "W": "G @ X.T"},
    "bias=none n=1": {"x": "G @ W.T", "W": "outer(x, G)"},
    "bias=ones": {"X": "G @ W.T", "W": "X.T @ G", "b": "sum(G, axis=0, keepdims=True)"},
    "bias=ones convention=columns": {"X": "W.T @ G", "W": "G @ X.T", "b": "sum(G, axis=1, keepdims=True)"},
    "bias=ones n=1": {"x": "G @ W.T", "W": "outer(x, G)", "b": "G"},
    "names=dX": {"X": "G @ W.T", "W": "X.T @ G", "b": "sum(G, axis=0)"},
    "names=nabla": {"X": "G @ W.T", "W": "X.T @ G", "b": "sum(G, axis=0)"},
    "bias=augmented": {"A": "G @ V.T", "V": "A.T @ G"},
    "bias=augmented convention=columns": {"A": "V.T @ G", "V": "G @ A.T"},
    "bias=augmented n=1": {"a": "G @ V.T", "V": "outer(a, G)"},
    "end=vector": {"X": "G @ W.T", "W": "X.T @ G", "b": "sum(G, axis=0)"},
    "end=vector n=1": {"x": "G @ W.T", "W": "outer(x, G)", "b": "G"},
    "n=1": {"x": "G @ W.T", "W": "outer(x, G)", "b": "G"},
    "n=1 samples=matrix": {"X": "G @ W.T", "W": "X.T @ G", "b": "sum(G, axis=0)"},
}
"""What the textbooks have, or what follows by transposing it on paper."""


def differences(layer, arrays, name, weights, step=1e-6):
    """∂L/∂X by central differences of the printed forward method, L = Σ weights ⊙ Y."""
    result = np.empty_like(arrays[name])
    for place in np.ndindex(result.shape):
        ends = []
        for sign in (1, -1):
            moved = {key: array.copy() for key, array in arrays.items()}
            moved[name][place] += sign * step
            ends.append(np.sum(weights * layer.forward(*moved.values())))
        result[place] = (ends[0] - ends[1]) / (2 * step)
    return result


@pytest.mark.parametrize("variant", FORMULAS)
class TestEveryVariant:
    def test_derives_the_formulas(self, variant):
        found = made(variant)
        assert {name: str(gradient.formula) for name, gradient in found.gradients.items()} == FORMULAS[variant]

    def test_proves_them(self, variant):
        for gradient in made(variant).gradients.values():
            strengths = {item.route: item.strength for item in gradient.evidence}
            assert strengths["jacobian"] is Strength.PROVED_AT_SIZES
            assert strengths["numpy"] is Strength.CHECKED_AT_POINTS
            assert Strength.REFUTED not in strengths.values()

    def test_prints_code_that_runs_and_is_right(self, variant):
        found = made(variant)
        random = np.random.default_rng(0)
        sizes = {letter: found.sizes[letter] for letter in found.layer.letters}
        arrays = {node.name: random.normal(size=found.layer.shape(node, sizes)) for node in found.layer.inputs}
        layer = code(found)()
        output = layer.forward(*arrays.values())
        assert output.shape == found.layer.shape(found.layer.output, sizes)
        weights = random.normal(size=output.shape)
        gradients = layer.backward(weights)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        for name, gradient in zip(found.gradients, gradients, strict=True):
            assert gradient.shape == arrays[name].shape
            np.testing.assert_allclose(gradient, differences(layer, arrays, name, weights), rtol=1e-6, atol=1e-6)

    def test_tells_the_command_that_makes_it_again(self, variant):
        words = made(variant).command
        for name, value in options(variant).items():
            assert f"--{name} {value}" in words


@pytest.mark.thorough
@pytest.mark.parametrize("variant", [variant for variant in FORMULAS if variant.count("=") == 1])
def test_compiles_without_an_overfull_box(variant):
    log = typeset_with_log(made(variant, d=12, m=11).latex(), engine="tinytex").log
    assert "Output written on" in log
    assert overfull(log) == ()
    assert warnings(log) == ()
    assert "set below 80 percent" not in log


def linear(names: str) -> str:
    return "".join(made(f"names={names}").latex().split())


class TestNames:
    def test_every_gradient_is_written_with_a_d(self):
        tex = linear("dX")
        # Only the conventions, which say what dX is, and ∂h/∂y and ∂y/∂x have bars.
        assert r"d\mathbf{X}" in tex and r"\sample{1}{dy_{11}}" in tex
        assert tex.count(r"\frac{\partialL}") == 2

    def test_a_nabla_stands_for_matrices_and_not_for_their_entries(self):
        tex = linear("nabla")
        assert r"\nabla_{\mathbf{X}}L&=\left(\nabla_{\mathbf{Y}}L\right)\,\mathbf{W}^{\top}" in tex
        assert r"\frac{\partialL}{\partial\sample{1}{y_{11}}}" in tex
        assert tex.count(r"\frac{\partialL}{\partial\mathbf{") == 1

    @pytest.mark.parametrize("size", [2, 3000])
    def test_entries_that_are_made_late_are_written_so_too(self, size):
        shown = text(made("names=dX", d=size, m=size), sections="jacobian")
        assert "∂L" not in shown
        assert "dx₁₁ = dy₁₁·w₁₁ + " in shown

    def test_the_default_is_partial_derivatives(self):
        assert made("").document() == made("", names="partial").document()
        assert r"\nabla_" not in made("").latex()

    @pytest.mark.parametrize("names", ["dX", "nabla"])
    def test_json_and_notebooks_write_them_so_too(self, names):
        start = {"dX": r"d\mathbf{X}", "nabla": r"\nabla_{\mathbf{X}} L"}[names]
        found = made(f"names={names}", sections="result")
        assert json.loads(found.json())["gradients"]["X"]["latex"].startswith(start)
        assert found._repr_latex_().startswith(rf"$\displaystyle \begin{{aligned}}{start}")

    @pytest.mark.parametrize("names", ["partial", "dX", "nabla"])
    def test_code_is_the_same(self, names):
        random = np.random.default_rng(3)
        x, w, b, g = (random.normal(size=shape) for shape in ((2, 3), (3, 4), (4,), (2, 4)))
        layer = code(made(f"names={names}"))()
        layer.forward(x, w, b)
        np.testing.assert_allclose(layer.backward(g)[0], g @ w.T)


class TestVectorAtTheEnd:
    def test_it_is_told_when_it_is_asked_for(self):
        for variant in ("", "depth=brief", "sections=jacobian"):
            assert "A vector at the end" not in text(made(variant))
            assert "A vector at the end" in text(made(variant, end="vector"))
        assert "A vector at the end" in text(made("sections=vector"))

    def test_for_one_sample_jacobians_are_multiplied(self):
        # Y = x W + b, so that ∂y/∂x = Wᵀ and ∂y/∂b = I.
        lines = [line.strip() for line in text(made("n=1 end=vector", sections="vector")).splitlines()]
        assert "∂L/∂x = ∂L/∂y  Wᵀ" in lines
        assert "∂L/∂b = ∂L/∂y  I_M" in lines

    @pytest.mark.parametrize("convention", ["rows", "columns"])
    def test_slices_have_the_formulas_with_a_component_for_the_loss(self, convention):
        tex = "".join(made("end=vector", convention=convention).latex().split())
        upstream = r"\frac{\partialL_{p}}{\partial\mathbf{Y}}"
        product = {"rows": rf"{upstream}\,\mathbf{{W}}^{{\top}}", "columns": rf"\mathbf{{W}}^{{\top}}\,{upstream}"}
        assert rf"\frac{{\partialL_{{p}}}}{{\partial\mathbf{{X}}}}={product[convention]}" in tex

    def test_the_sums_by_indices_are_those_of_the_textbook(self):
        # ∂L_p/∂w_jk = Σ_n ∂L_p/∂y_n x_j δ_nk = x_j ∂L_p/∂y_k
        tex = "".join(made("n=1 end=vector").latex().split())
        assert r"\frac{\partialL_{p}}{\partialy_{n}}\,x_{m}" in tex
        assert r"\sum_{i=1}^{M}\frac{\partialL_{p}}{\partialy_{i}}\,w_{mi}" in tex

    def test_what_is_said_was_checked(self):
        found = json.loads(made("end=vector", sections="vector").json())["gradients"]
        assert [any(item["route"] == "vector" for item in found[name]["evidence"]) for name in "XWb"] == [True] * 3

    @pytest.mark.parametrize("names", ["dX", "nabla"])
    def test_components_are_not_lost_in_other_names(self, names):
        tex = "".join(made("end=vector", names=names, sections="vector").latex().split())
        name = {"dX": r"\frac{\partialL_{p}}{\partial\mathbf{X}}", "nabla": r"\nabla_{\mathbf{X}}L_{p}"}[names]
        assert name in tex


def test_what_does_not_exist_is_refused():
    with pytest.raises(UnknownNameError, match="unknown convention 'colums', did you mean columns"):
        derive.derive("affine", convention="colums")
    with pytest.raises(UserError, match="unknown samples 'vector'"):
        derive.derive("affine", samples="vector")
