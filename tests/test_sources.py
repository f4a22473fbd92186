"""What the source documents state, corrected where they slip (docs/sources.md lists how), against what is derived.

Every expected value is copied from a document by hand, or computed by NumPy or PyTorch.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sympy import Expr, Matrix, Symbol, eye, ones, zeros

import derive
from derive.api import Derived
from derive.document.blocks import Equation, Heading
from derive.layers import load
from derive.options import SECTIONS, DocumentOptions
from derive.routes.index import derive_index
from derive.rules.index import Factor, IndexSum, Kronecker

SOURCES = Path(derive.__file__).parents[1] / "docs" / "sources.md"


def symbol(letter: str, *indices: int) -> Expr:
    return Symbol("_".join([letter, *map(str, indices)]), real=True)


def matrix(letter: str, rows: int, columns: int) -> Matrix:
    return Matrix(rows, columns, lambda i, j: symbol(letter, i + 1, j + 1))


@cache
def affine(n: int, d: int, m: int) -> Derived:
    return derive.derive("affine", n=n, d=d, m=m)


X, W, G = matrix("x", 2, 2), matrix("w", 2, 3), matrix("g", 2, 3)
b1, b2, b3 = (symbol("b", j) for j in (1, 2, 3))
x11, x12, x21, x22 = X
w11, w12, w13, w21, w22, w23 = W
g11, g12, g13, g21, g22, g23 = G

COMPONENTS = [
    x11 * w11 + x12 * w21 + b1,
    x11 * w12 + x12 * w22 + b2,
    x11 * w13 + x12 * w23 + b3,
    x21 * w11 + x22 * w21 + b1,
    x21 * w12 + x22 * w22 + b2,
    x21 * w13 + x22 * w23 + b3,
]
"""Document A, the components of y at N=2, D=2, M=3."""


class TestHoltkamp:
    """A: Backpropagation through an affine linear layer."""

    def test_the_three_formulas(self):
        assert str(affine(2, 2, 3).wrt("X").formula) == "G @ W.T"
        assert str(affine(2, 2, 3).wrt("W").formula) == "X.T @ G"
        assert str(affine(2, 2, 3).wrt("b").formula) == "sum(G, axis=0)"

    @pytest.mark.parametrize(("wrt", "domain"), [("X", 4), ("W", 6), ("b", 3)])
    def test_the_maps(self, wrt, domain):
        map = affine(2, 2, 3).wrt(wrt).map
        assert (map.domain, map.codomain) == (domain, 6)
        assert list(map.sympy()) == COMPONENTS
        variables = {"X": list(X), "W": list(W), "b": [b1, b2, b3]}
        assert list(map.variables) == variables[wrt]

    def test_the_jacobian_of_x_has_w_transposed_on_its_diagonal(self):
        expected = Matrix(
            [
                [w11, w21, 0, 0],
                [w12, w22, 0, 0],
                [w13, w23, 0, 0],
                [0, 0, w11, w21],
                [0, 0, w12, w22],
                [0, 0, w13, w23],
            ]
        )
        assert Matrix(affine(2, 2, 3).wrt("X").jacobian.sympy()) == expected

    def test_the_jacobian_of_w(self):
        expected = Matrix(
            [
                [x11, 0, 0, x12, 0, 0],
                [0, x11, 0, 0, x12, 0],
                [0, 0, x11, 0, 0, x12],
                [x21, 0, 0, x22, 0, 0],
                [0, x21, 0, 0, x22, 0],
                [0, 0, x21, 0, 0, x22],
            ]
        )
        assert Matrix(affine(2, 2, 3).wrt("W").jacobian.sympy()) == expected

    def test_the_jacobian_of_b_has_six_rows(self):
        expected = Matrix([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
        assert Matrix(affine(2, 2, 3).wrt("b").jacobian.sympy()) == expected

    def test_the_row_of_x(self):
        expected = [
            g11 * w11 + g12 * w12 + g13 * w13,
            g11 * w21 + g12 * w22 + g13 * w23,
            g21 * w11 + g22 * w12 + g23 * w13,
            g21 * w21 + g22 * w22 + g23 * w23,
        ]
        assert list(affine(2, 2, 3).wrt("X").chain_rule.sympy()) == expected

    def test_the_gradient_of_x_is_a_product_with_w_transposed(self):
        # The first row is w_11 w_21; printed is w_11 w_12.
        transposed = Matrix([[w11, w21], [w12, w22], [w13, w23]])
        assert (affine(2, 2, 3).wrt("X").gradient.sympy() - G * transposed).expand() == zeros(2, 2)

    def test_the_gradient_of_w_is_a_product_with_x_transposed(self):
        expected = Matrix([[x11, x21], [x12, x22]]) * G
        assert (affine(2, 2, 3).wrt("W").gradient.sympy() - expected).expand() == zeros(2, 3)

    def test_the_gradient_of_b_is_a_row_of_ones_times_the_upstream_gradient(self):
        assert affine(2, 2, 3).wrt("b").gradient.sympy() == Matrix([[1, 1]]) * G

    def test_its_backward_method(self):
        rng = np.random.default_rng(0)
        x, w, dout = rng.normal(size=(2, 2)), rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
        expected = {"X": np.dot(dout, w.T), "W": np.dot(x.T, dout), "b": np.sum(dout, axis=0)}
        for name, value in expected.items():
            code = str(affine(2, 2, 3).wrt(name).formula).replace("sum", "np.sum")
            np.testing.assert_allclose(eval(code, {"np": np, "X": x, "W": w, "G": dout}), value)


def said(value: IndexSum) -> list[str]:
    """Each product with its sums, as in 'sum j: G[mj] W[nj]'."""

    def part(item: object) -> str:
        assert isinstance(item, Factor | Kronecker)
        if isinstance(item, Kronecker):
            return f"delta[{item.first}{item.second}]"
        return f"{item.node}[{''.join(item.index)}]"

    return [" ".join([f"sum {''.join(p.sums)}:", *sorted(map(part, p.factors))]) for p in value.products]


class TestNotebook:
    """B: Backpropagation through Linear Layer of a Neural Network using Pytorch."""

    def test_the_entry_of_the_output(self):
        step = derive_index(load("affine"), "X").derivation.step("definition")
        assert said(step.after) == ["sum k: W[kj] X[ik]", "sum : b[j]"]

    @pytest.mark.parametrize(
        ("wrt", "partial", "gradient"),
        [
            # ∂Z_ij/∂x_mn = w_nj if i = m; Σ_j ∂L/∂Z_mj w_nj
            ("X", "sum : W[nj] delta[im]", "sum j: G[mj] W[nj]"),
            # ∂Z_ij/∂w_mn = x_im if j = n; Σ_i x_im ∂L/∂Z_in
            ("W", "sum : X[im] delta[jn]", "sum i: G[in] X[im]"),
            # ∂Z_ij/∂b_m = 1 if j = m; Σ_i ∂L/∂Z_im
            ("b", "sum : delta[jm]", "sum i: G[im]"),
        ],
    )
    def test_its_derivatives(self, wrt, partial, gradient):
        route = derive_index(load("affine"), wrt)
        place = next(n for n, step in enumerate(route.derivation.steps) if step.reason.name == "chain rule")
        assert said(route.derivation.steps[place - 1].after) == [partial]
        assert said(route.gradient) == [gradient]

    @pytest.mark.parametrize(("wrt", "shape"), [("X", (5, 2, 5, 3)), ("W", (5, 2, 3, 2)), ("b", (5, 2, 2))])
    def test_the_shapes_of_in_9(self, wrt, shape):
        map = affine(5, 3, 2).wrt(wrt).map
        assert (*map.output_shape, *map.input_shape) == shape
        assert affine(5, 3, 2).wrt(wrt).jacobian.shape == (10, int(np.prod(shape[2:])))

    def test_68_billion_numbers(self):
        rows, columns = affine(64, 4096, 4096).wrt("X").jacobian.shape
        assert rows * columns == 64 * 4096 * 64 * 4096 == 68_719_476_736
        # In 32-bit floats, 256 GiB; of which all but one in 64 are zero.
        assert rows * columns * 4 == 256 * 2**30
        assert affine(64, 4096, 4096).wrt("X").jacobian.nnz * 64 == rows * columns

    def test_in_10_exchanges_two_names(self):
        assert affine(5, 3, 2).wrt("X").gradient.shape == (5, 3)
        assert affine(5, 3, 2).wrt("W").gradient.shape == (3, 2)
        assert (np.ones((3, 5)) @ np.ones((5, 2))).shape == (3, 2)  # X.T @ dL_dZ, which is called dl_dx

    @pytest.mark.parametrize("seed", range(3))
    def test_in_11_the_formulas_are_the_contracted_jacobians(self, seed):
        worked = derive.derive("affine", n=5, d=3, m=2, values=f"seed:{seed}").worked
        g = worked.arrays["G"].astype(float)
        for name, pattern in (("X", "ij,ijkl->kl"), ("W", "ij,ijkl->kl"), ("b", "ij,ijk->k")):
            wrt = worked.arrays[name].shape
            dense = np.zeros((10, int(np.prod(wrt))))
            for place, value in worked.gradients[name].jacobian.items():
                dense[place] = float(value)
            expected = np.einsum(pattern, g, dense.reshape(5, 2, *wrt))
            assert worked.gradients[name].formula.astype(float).tolist() == expected.tolist()

    def test_in_12_jacobians_compose_with_outputs_first(self):
        @derive.layer()
        def product(X: "N D", W: "D M"):
            return X @ W

        @derive.layer()
        def twice(X: "N D", W: "D M", V: "M P"):
            return X @ W @ V

        def tensor(derived, values: dict) -> np.ndarray:
            found = derived(**values).wrt("X")
            shape = (*found.map.output_shape, *found.map.input_shape)
            numbers = dict(zip(found.map.variables, values["x"].flat, strict=True))
            numbers |= {
                symbol(letter, i + 1, j + 1): array[i, j]
                for letter, array in values.items()
                for i, j in np.ndindex(array.shape)
            }
            entries = [complex(found.jacobian[i, j].subs(numbers)).real for i, j in np.ndindex(found.jacobian.shape)]
            return np.array(entries).reshape(shape)

        rng = np.random.default_rng(1)
        x, w, v = rng.integers(-3, 4, (5, 4)), rng.integers(-3, 4, (4, 3)), rng.integers(-3, 4, (3, 2))
        of_f = tensor(lambda **_: derive.derive(product, n=5, d=4, m=3), {"x": x, "w": w})
        of_g = tensor(lambda **_: derive.derive(product, n=5, d=3, m=2), {"x": x @ w, "w": v})
        of_h = tensor(lambda **_: derive.derive(twice, n=5, d=4, m=3, p=2), {"x": x, "w": w, "v": v})
        assert [a.shape for a in (of_f, of_g, of_h)] == [(5, 3, 5, 4), (5, 2, 5, 3), (5, 2, 5, 4)]
        np.testing.assert_array_equal(np.einsum("abij,ijxy->abxy", of_g, of_f), of_h)


@derive.layer()
def product_of(X: "N D", W: "D M"):
    return X @ W


@derive.layer()
def squared(X: "N D", W: "D M"):
    return (X @ W) ** 2


@derive.layer()
def sigmoid(Y: "N M"):
    return 1 / (1 + np.exp(-Y))


class TestHalperin:
    """C: TUM - I2DL - Matrix derivatives."""

    def test_12_the_output_without_a_bias(self):
        expected = [component.subs({b1: 0, b2: 0, b3: 0}) for component in COMPONENTS]
        assert list(derive.derive(product_of, n=2, d=2, m=3).wrt("W").map.sympy()) == expected

    def test_17_the_derivative_of_the_output_by_its_first_weight(self):
        column = [affine(2, 2, 3).wrt("W").jacobian[i, 0] for i in range(6)]
        assert Matrix(2, 3, column) == Matrix([[x11, 0, 0], [x21, 0, 0]])

    def test_18_the_derivative_of_the_loss_by_its_first_weight(self):
        assert affine(2, 2, 3).wrt("W").gradient[0, 0] == g11 * x11 + g21 * x21

    def test_19_all_entries(self):
        expected = Matrix(
            [
                [g11 * x11 + g21 * x21, g12 * x11 + g22 * x21, g13 * x11 + g23 * x21],
                [g11 * x12 + g21 * x22, g12 * x12 + g22 * x22, g13 * x12 + g23 * x22],
            ]
        )
        assert affine(2, 2, 3).wrt("W").gradient.sympy() == expected
        assert derive.derive(product_of, n=2, d=2, m=3).wrt("W").gradient.sympy() == expected

    def test_20_and_21_the_formulas(self):
        found = derive.derive(product_of, n=2, d=2, m=3)
        assert [str(found.wrt(name).formula) for name in "XW"] == ["G @ W.T", "X.T @ G"]

    def test_the_broadcast_matrix(self):
        # 1ᴺ b, of N rows that are all b; the gradient of b as that of W in 1ᴺ b.
        rows = Matrix(4, 1, [1] * 4) * Matrix([[b1, b2, b3]])
        output = affine(4, 2, 3).wrt("b").map.sympy().reshape(4, 3)
        inner = matrix("x", 4, 2) * matrix("w", 2, 3)
        assert (output - inner - rows).expand() == zeros(4, 3)
        assert affine(4, 2, 3).wrt("b").gradient.sympy() == ones(1, 4) * matrix("g", 4, 3)

    def test_exercise_1_the_sigmoid(self):
        values = {"Y": [[-2, 0.5], [1, 3]], "G": [[1, -2], [0.5, 4]]}
        found = derive.derive(sigmoid, values=values).worked
        s = 1 / (1 + np.exp(-np.array(values["Y"])))
        np.testing.assert_allclose(found.gradients["Y"].formula, np.array(values["G"]) * s * (1 - s), rtol=1e-12)

    def test_exercise_2(self):
        numbers = {"X": [[0, 1], [2, 3]], "W": [[1, 1], [1, 1]]}
        found = derive.derive(squared, values=numbers).worked
        assert found.loss == 52
        assert found.arrays[squared.upstream.name].tolist() == [[1, 1], [1, 1]]
        assert found.gradients["X"].formula.tolist() == [[4, 4], [20, 20]]
        assert found.gradients["W"].formula.tolist() == [[20, 20], [32, 32]]
        # (c), by the square alone.
        square = derive.layer()(_square)
        y = (np.array(numbers["X"]) @ np.array(numbers["W"])).tolist()
        assert derive.derive(square, values={"Y": y}).worked.gradients["Y"].formula.tolist() == [[2, 2], [10, 10]]
        # With y = X, as printed, the loss would be 0 + 1 + 4 + 9.
        assert derive.derive(square, values={"Y": numbers["X"]}).worked.loss == 14


def _square(Y: "N M"):
    return Y**2


class TestYook:
    """D: Deep Learning: Backpropagation; one sample, two inputs, three outputs."""

    def test_1_2_a_sum_passes_its_gradient_on(self):
        @derive.layer()
        def plus(u: "N", v: "N"):
            return u + v

        found = derive.derive(plus, n=1)
        assert [found.wrt(name).jacobian[0, 0] for name in "uv"] == [1, 1]
        assert [str(found.wrt(name).formula) for name in "uv"] == ["G", "G"]

    def test_1_8_the_output(self):
        a1, a2 = symbol("x", 1), symbol("x", 2)
        assert list(affine(1, 2, 3).wrt("X").map.sympy()) == [
            a1 * w11 + a2 * w21 + b1,
            a1 * w12 + a2 * w22 + b2,
            a1 * w13 + a2 * w23 + b3,
        ]

    def test_1_18_and_1_19_the_jacobian_of_x_is_w_transposed(self):
        assert affine(1, 2, 3).wrt("X").jacobian.shape == (3, 2)
        assert Matrix(affine(1, 2, 3).wrt("X").jacobian.sympy()) == W.T

    def test_1_20_for_each_of_three_losses(self):
        # Row i of ∂L/∂X is row i of ∂L/∂Y, which is 3 by 3, times Wᵀ: the row of one loss is ours.
        row = affine(1, 2, 3).wrt("X").chain_rule.sympy()
        losses = matrix("l", 3, 3)
        upstream = [symbol("g", k) for k in (1, 2, 3)]
        for i in range(3):
            at = dict(zip(upstream, losses.row(i), strict=True))
            assert (row.subs(at) - losses.row(i) * W.T).expand() == zeros(1, 2)

    def test_1_24_and_1_25_the_derivative_by_a_weight_has_a_delta(self):
        jacobian = affine(1, 2, 3).wrt("W").jacobian
        for i in range(3):
            for j in range(2):
                for k in range(3):
                    assert jacobian[i, 3 * j + k] == (symbol("x", j + 1) if i == k else 0)

    def test_1_30_for_a_scalar_loss(self):
        a1, a2 = symbol("x", 1), symbol("x", 2)
        h1, h2, h3 = (symbol("g", k) for k in (1, 2, 3))
        expected = Matrix([[a1 * h1, a1 * h2, a1 * h3], [a2 * h1, a2 * h2, a2 * h3]])
        assert affine(1, 2, 3).wrt("W").gradient.sympy() == expected

    def test_1_31_two_samples_add_a_column_of_ones_times_the_bias(self):
        column = Matrix([1, 1])
        output = affine(2, 2, 3).wrt("b").map.sympy().reshape(2, 3)
        assert (output - X * W - column * Matrix([[b1, b2, b3]])).expand() == zeros(2, 3)
        assert Matrix(affine(2, 2, 3).wrt("b").jacobian.sympy()) == Matrix.vstack(eye(3), eye(3))
        assert affine(2, 2, 3).wrt("b").gradient.sympy() == column.T * G


class TestTable:
    """docs/sources.md holds together with what exists."""

    def test_every_document_has_rows_and_slips(self):
        parts = re.split(r"^## ", SOURCES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        assert [part[0] for part in parts] == ["A", "B", "C", "D"]
        for part in parts:
            rows, slips = part.split("### Slips")
            assert rows.count("\n| ") > 10 and slips.count("\n| ") > 10
            lines = [line for line in part.splitlines() if line.startswith("|")]
            assert {line.count("|") for line in lines} == {4}, "three columns in every row"

    def test_the_sections_that_exist_are_named_as_they_are_called(self):
        named = set(re.findall(r"`(\w+)`", SOURCES.read_text(encoding="utf-8")))
        # One layer is no network, and has no section of that name.
        sections = [section for section in SECTIONS if section != "network"]
        written = derive.derive("affine", sections=",".join(sections)).document()
        ids = {block.id for block in written.blocks if isinstance(block, Heading | Equation)}
        for section in ("result", "layer", "idea", "jacobian", "numbers", "check", "background"):
            assert section in SECTIONS and section in named
        assert "numbers.forward" in ids
        assert DocumentOptions(values="seed:1").numbers()
