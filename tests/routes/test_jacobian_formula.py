"""Jacobians as formulas for all sizes: those of textbooks, equal to the explicit matrix when they are run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from derive.forward.layer import Layer
from derive.forward.parse import parse
from derive.layers import index, load
from derive.proof.evidence import Strength
from derive.proof.jacobian_formula import check_jacobian_formula
from derive.proof.numeric import sample
from derive.proof.prove import check_sizes
from derive.proof.symbolic import Exact
from derive.proof.torch_oracle import run_graph
from derive.routes.jacobian_formula import jacobian_formula
from tests.running import run

KNOWN = [
    # expression, shapes, input, Jacobian row by row, source
    ("X @ W", {"X": "N D", "W": "D M"}, "X", "kron(eye(N), W.T)", "Magnus and Neudecker, chapter 2"),
    ("X @ W", {"X": "N D", "W": "D M"}, "W", "kron(X, eye(M))", "Magnus and Neudecker, chapter 2"),
    ("A @ x", {"A": "M N", "x": "N"}, "x", "A", "Matrix Cookbook 69"),
    ("A @ x", {"A": "M N", "x": "N"}, "A", "kron(eye(M), x[None])", "Magnus and Neudecker, chapter 2"),
    ("A @ X @ B", {"A": "K N", "X": "N D", "B": "D M"}, "X", "kron(A, B.T)", "vec(AXB) = (A ⊗ Bᵀ) vec X, by rows"),
    ("tanh(x)", {"x": "N"}, "x", "diag(1 - tanh(x)**2)", "diag(f'(x))"),
    ("X * Y", {"X": "N D", "Y": "N D"}, "X", "diag(Y.reshape(-1))", "diag(vec Y)"),
    ("X * b", {"X": "N D", "b": "D"}, "X", "kron(eye(N), diag(b))", "one diagonal block for each row"),
    ("X + b", {"X": "N D", "b": "D"}, "b", "kron(ones((N, 1)), eye(D))", "one identity below the other"),
    ("3 * X", {"X": "N D"}, "X", "3 * eye(D*N)", "a multiple of the identity"),
    ("c**3", {"c": ""}, "c", "3 * c**2 * eye(1)", "a matrix of one entry"),
    ("c + sum(x)", {"c": "", "x": "N"}, "c", "eye(1)", "a matrix of one entry"),
    ("c / N + sum(x)", {"c": "", "x": "N"}, "c", "1 / N * eye(1)", "a matrix of one entry"),
    ("outer(x, b)", {"x": "N", "b": "M"}, "x", "kron(eye(N), b[:, None])", "x ⊗ b"),
    ("outer(x, b)", {"x": "N", "b": "M"}, "b", "kron(x[:, None], eye(M))", "x ⊗ b"),
    ("x - mean(x)", {"x": "N"}, "x", "eye(N) - 1 / N * ones((N, N))", "the centring matrix"),
    ("tanh(X @ W)", {"X": "N D", "W": "D M"}, "X", "diag((1 - Y**2).reshape(-1)) @ kron(eye(N), W.T)", "chain rule"),
]


@pytest.mark.parametrize(("text", "shapes", "wrt", "formula", "source"), KNOWN)
def test_a_jacobian_is_the_one_of_the_textbook(
    text: str, shapes: dict[str, str], wrt: str, formula: str, source: str
) -> None:
    assert str(jacobian_formula(parse(text, shapes), wrt)) == formula, source


def test_softmax_of_a_vector_is_diag_p_minus_p_pt() -> None:
    """Goodfellow, Bengio and Courville, "Deep Learning", section 6.2.2.3."""
    found = jacobian_formula(parse("softmax(x)", {"x": "N"}), "x")
    assert found is not None
    name = found.definitions[-1].text
    assert str(found) == f"diag({name}) - outer({name}, {name})"


@pytest.mark.parametrize(
    ("text", "shapes", "wrt"),
    [("X.T", {"X": "N D"}, "X"), ("X @ X.T", {"X": "N D"}, "X"), ("X @ W @ W.T", {"X": "N D", "W": "D M"}, "W")],
)
def test_where_axes_cross_there_is_no_such_form(text: str, shapes: dict[str, str], wrt: str) -> None:
    assert jacobian_formula(parse(text, shapes), wrt) is None


RUN = [
    *((parse(text, shapes), wrt) for text, shapes, wrt, *_ in KNOWN),
    (parse("softmax(x)", {"x": "N"}), "x"),
    (parse("x / sum(x)", {"x": "N"}), "x"),
    (parse("x / sqrt(sum(x**2))", {"x": "N"}), "x"),
    (parse("x * sum(x)", {"x": "N"}), "x"),
    (parse("sum(x) * b", {"x": "N", "b": "M"}), "x"),
    (parse("X @ W + tanh(X @ W)", {"X": "N D", "W": "D M"}), "W"),
    (parse("softmax(X, axis=0)", {"X": "N D"}), "X"),
    (parse("X - mean(X, axis=1, keepdims=True)", {"X": "N D"}), "X"),
    (parse("sum(X[:, None, :] * Y, axis=2)", {"X": "N D", "Y": "N D"}), "X"),
    (parse("c * X", {"c": "", "X": "N D"}), "c"),
    (parse("sum(X**3)", {"X": "N D"}), "X"),
    (load("softmax"), "Z"),
    (load("log_softmax"), "Z"),
    (load("l2norm"), "X"),
    (load("layernorm"), "X"),
    (load("batchnorm"), "X"),
    (load("rnn_cell"), "W"),
    (load("maxout"), "X"),
    (load("attention"), "V"),
]


@pytest.mark.parametrize("start", [2, 3])
@pytest.mark.parametrize(("layer", "wrt"), RUN, ids=[f"{layer.text or layer.name} {wrt}" for layer, wrt in RUN])
def test_the_text_runs_and_is_the_matrix_that_pytorch_gives(layer: Layer, wrt: str, start: int) -> None:
    """At two sizes, all different."""
    found = jacobian_formula(layer, wrt)
    assert found is not None
    torch = pytest.importorskip("torch")
    sizes = {letter: start + (2 * n if start == 3 else n) for n, letter in enumerate(layer.letters)}
    at = sample(layer, sizes, start)
    tensors = {name: torch.tensor(array, dtype=torch.float64) for name, array in at.arrays.items()}

    def forward(x: Any) -> Any:
        return run_graph(torch, layer.output, {**tensors, wrt: x}, sizes)

    expected = torch.autograd.functional.jacobian(forward, tensors[wrt]).numpy()
    got = run(found, {**at.arrays, **sizes})
    assert got.shape == (at.output.size, at.arrays[wrt].size)
    assert np.allclose(got, expected.reshape(got.shape), atol=1e-10)


def test_small_formulas_of_every_third_layer_are_proved() -> None:
    """Of the first two inputs, where fewer than four letters say the sizes."""
    names = [item.name for item in index()][::3]
    assert len(names) > 10
    proved = 0
    for name in names:
        layer = load(name)
        exact = Exact(layer)
        for node in layer.smooth[:2]:
            found = jacobian_formula(layer, node.name)
            if found is not None and len(layer.letters) < 4:
                evidence = check_jacobian_formula(layer, found, check_sizes(layer)[:2], exact)
                assert evidence.strength is Strength.PROVED_AT_SIZES, (name, node.name, evidence.counterexample)
                proved += 1
    assert proved > 10


@pytest.mark.parametrize(
    ("true", "false"),
    [
        # A lost transpose, which shows where D and M differ in value, and the factors in the wrong order.
        (("X @ W", {"X": "N D", "W": "D D"}, "X"), ("X @ W.T", {"X": "N D", "W": "D D"}, "X")),
        (("X * b", {"X": "N N", "b": "N"}, "X"), ("X * b[:, None]", {"X": "N N", "b": "N"}, "X")),
    ],
)
def test_a_wrong_formula_is_refuted(true: tuple[Any, ...], false: tuple[Any, ...]) -> None:
    layer = parse(*true[:2])
    other = jacobian_formula(parse(*false[:2]), false[2])
    assert other is not None
    evidence = check_jacobian_formula(layer, other, check_sizes(layer), Exact(layer))
    assert evidence.strength is Strength.REFUTED
    assert evidence.counterexample.startswith("J_X: entry (1, 2)" if "W" in true[1] else "J_X: entry (2, 2)")
