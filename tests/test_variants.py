"""Variants of a handout: each derives the formulas of the textbooks, proves them, prints code that runs, compiles."""

import json
import re
import types
from dataclasses import replace

import numpy as np
import pytest

import derive
from derive.document.blocks import Code
from derive.errors import UnknownNameError, UserError
from derive.forward.layer import Stack
from derive.layers import load
from derive.pdf import typeset_with_log
from derive.pdf.log import overfull, warnings
from derive.proof.evidence import Strength
from derive.proof.stacks import check_stacks
from derive.render.latex import render_latex
from derive.render.text import render_text

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


def options(variant: str) -> dict[str, object]:
    pairs = (item.split("=") for item in variant.split())
    return {name: int(value) if value.isdecimal() else value for name, value in pairs}


def made(variant: str, **more: object) -> derive.Derived:
    return derive.derive("affine", **{"n": 2, "d": 3, "m": 4, **options(variant), **more})


def code(found: derive.Derived) -> type:
    """The class that the document prints."""
    (block,) = [block for block in found.document(sections="result").blocks if isinstance(block, Code)]
    module = types.ModuleType("printed")
    exec(block.text, module.__dict__)
    (made,) = [item for item in vars(module).values() if isinstance(item, type)]
    return made


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


def text(found: derive.Derived, **chosen: object) -> str:
    return render_text(found.document(**chosen), width=200)


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


@derive.layer(defaults="N=2 D=3 M=2")
def network(X: "N D", V: "D M", c: "M", W: "M D"):
    return np.tanh(X @ V + c) @ W


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


def test_what_does_not_exist_is_refused():
    with pytest.raises(UnknownNameError, match="unknown convention 'colums', did you mean columns"):
        derive.derive("affine", convention="colums")
    with pytest.raises(UserError, match="unknown samples 'vector'"):
        derive.derive("affine", samples="vector")
