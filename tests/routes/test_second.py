"""Hessians and their products with a direction, against textbooks and PyTorch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derive.errors import UnsupportedError
from derive.forward.layer import Layer
from derive.forward.parse import parse
from derive.layers import load
from derive.proof.evidence import Strength
from derive.proof.numeric import sample
from derive.proof.prove import check_sizes
from derive.proof.second import check_second
from derive.proof.symbolic import Exact
from derive.proof.torch_oracle import run_graph
from derive.routes.second import derive_second
from tests.running import run

REGRESSION = {"X": "N D", "w": "D", "y": "N"}

KNOWN = [
    # expression, shapes, input, Hessian, product with v, source
    ("x @ A @ x", {"x": "N", "A": "N N"}, "x", "A.T + A", "(A.T + A) @ v", "Matrix Cookbook 98"),
    ("sum((X @ w - y)**2) / N", REGRESSION, "w", "2 * X.T @ X / N", None, "Boyd and Vandenberghe, section 1.2"),
    ("sum((X @ W - Y)**2)", {"X": "N D", "W": "D M", "Y": "N M"}, "W", "kron(2 * X.T @ X, eye(M))", None, "by columns"),
    ("sum(x**4)", {"x": "N"}, "x", "diag(12 * x**2)", None, "entry by entry"),
    ("sum(log(x))", {"x": "N"}, "x", "-diag(1 / x**2)", "-v / x**2", "the barrier, Boyd and Vandenberghe, 11.2"),
    ("sum(X**3)", {"X": "N D"}, "X", "diag((6 * X).reshape(-1))", "6 * V * X", "entry by entry"),
    ("c**3 / 6", {"c": ""}, "c", "c * eye(1)", "v * c", "a matrix of one entry"),
    ("sum(x * c)", {"x": "N", "c": ""}, "c", "zeros((1, 1))", "0", "a linear map"),
    ("A @ x", {"A": "M N", "x": "N"}, "x", "zeros((N, N))", "zeros(N)", "a linear map"),
]


@pytest.mark.parametrize(("text", "shapes", "wrt", "hessian", "product", "source"), KNOWN)
def test_a_hessian_is_the_one_of_the_textbook(
    text: str, shapes: dict[str, str], wrt: str, hessian: str, product: str | None, source: str
) -> None:
    layer = parse(text, shapes)
    second = derive_second(layer, wrt, layer.sizes({}))
    assert str(second.hessian.formula) == hessian, source
    assert product is None or str(second.product) == product, source


def test_the_hessian_of_logsumexp_is_diag_p_minus_p_pt() -> None:
    """Boyd and Vandenberghe, "Convex Optimization", section 3.1.5."""
    layer = parse("logsumexp(x)", {"x": "N"})
    found = derive_second(layer, "x", {"N": 3}).hessian.formula
    assert found is not None
    name = found.definitions[-1].text
    assert str(found) == f"diag({name}) - outer({name}, {name})"


def test_the_hessian_of_logistic_regression_is_xt_diag_x() -> None:
    """Bishop, "Pattern Recognition and Machine Learning", equation 4.97: Xᵀ diag(s (1 - s)) X / N."""
    layer = parse("sum(softplus(X @ w) - y * (X @ w)) / N", REGRESSION)
    second = derive_second(layer, "w", layer.sizes({}))
    found = second.hessian.formula
    assert found is not None
    assert str(found) == "((h * (1 - h))[:, None] * X).T @ X / N"
    assert str(second.product) == "X.T @ (h * (X @ v) * (1 - h)) / N"


CASES = [
    *((parse(text, shapes), wrt) for text, shapes, wrt, *_ in KNOWN),
    (parse("logsumexp(x)", {"x": "N"}), "x"),
    (parse("sum(softplus(X @ w) - y * (X @ w)) / N", REGRESSION), "w"),
    (parse("sum(exp(X @ w))", {"X": "N D", "w": "D"}), "w"),
    (parse("sqrt(sum(x**2))", {"x": "N"}), "x"),
    (parse("logdet(A)", {"A": "N N"}), "A"),
    (parse("trace(inv(A) @ B)", {"A": "N N", "B": "N N"}), "A"),
    (parse("sum(tanh(x))", {"x": "N"}), "x"),
    (parse("tanh(X @ w)", {"X": "N D", "w": "D"}), "w"),
    (parse("softmax(x)", {"x": "N"}), "x"),
    (parse("softmax(X @ W, axis=1)", {"X": "N D", "W": "D M"}), "W"),
    (parse("sum(x)**3", {"x": "N"}), "x"),
    (parse("c**3", {"c": ""}), "c"),
    (parse("sum(x * c**2)", {"x": "N", "c": ""}), "c"),
    (parse("V @ v", {"V": "N D", "v": "D"}), "V"),
    (load("cross_entropy"), "Z"),
    (load("rmsnorm"), "X"),
    (load("rnn_cell"), "W"),
]


@pytest.mark.parametrize("start", [2, 3])
@pytest.mark.parametrize(("layer", "wrt"), CASES, ids=[f"{layer.text or layer.name} {wrt}" for layer, wrt in CASES])
def test_second_derivatives_are_those_of_pytorch(layer: Layer, wrt: str, start: int) -> None:
    """By torch.autograd.functional.hessian and hvp of Σ G ⊙ Y; the formulas are run as they are written."""
    torch = pytest.importorskip("torch")
    sizes = {letter: start + n for n, letter in enumerate(layer.letters)}
    second = derive_second(layer, wrt, sizes)
    at = sample(layer, sizes, start)
    tensors = {name: torch.tensor(array, dtype=torch.float64) for name, array in at.arrays.items()}

    def loss(x: Any) -> Any:
        return (run_graph(torch, layer.output, {**tensors, wrt: x}, sizes) * tensors[layer.upstream.name]).sum()

    direction = np.random.default_rng(start).normal(size=at.arrays[wrt].shape)
    _, expected = torch.autograd.functional.hvp(loss, tensors[wrt], torch.tensor(direction))
    arrays = {**at.arrays, second.direction.name: direction, **sizes}
    assert np.allclose(run(second.product, arrays), expected.numpy(), atol=1e-8)
    if second.hessian.formula is not None:
        matrix = torch.autograd.functional.hessian(loss, tensors[wrt]).numpy()
        got = run(second.hessian.formula, arrays)
        assert got.shape == (direction.size, direction.size)
        assert np.allclose(got, matrix.reshape(got.shape), atol=1e-8)


@pytest.mark.parametrize(("layer", "wrt"), CASES, ids=[f"{layer.text or layer.name} {wrt}" for layer, wrt in CASES])
def test_second_derivatives_are_proved_by_differentiating_twice(layer: Layer, wrt: str) -> None:
    evidence = check_second(derive_second(layer, wrt, layer.sizes({})), check_sizes(layer)[:1], Exact(layer))
    assert [item.strength for item in evidence] == [Strength.PROVED_AT_SIZES, Strength.CHECKED_AT_POINTS]


def test_entries_of_the_hessian_are_symmetric_second_derivatives() -> None:
    """∂²(x₁² x₂)/∂x₁∂x₂ = 2 x₁, by hand."""
    layer = parse("x[0]**2 * x[1]", {"x": "N"})
    hessian = derive_second(layer, "x", {"N": 2}).hessian
    assert [[str(hessian[i, j]) for j in range(2)] for i in range(2)] == [["2*x_2", "2*x_1"], ["2*x_1", "0"]]


def test_the_direction_has_a_name_that_nothing_else_has() -> None:
    layer = parse("V @ v", {"V": "N D", "v": "D"})
    assert derive_second(layer, "V", layer.sizes({})).direction.name not in ("V", "v", "G", "N", "D")


@pytest.mark.parametrize("name", ["batchnorm", "layernorm"])
def test_the_direction_is_not_what_the_hessian_beside_it_calls_something(name: str) -> None:
    """The lines of --formula run one after the other, as a reader would run them."""
    torch = pytest.importorskip("torch")
    layer, sizes = load(name), {"N": 2, "D": 3}
    second = derive_second(layer, "X", sizes)
    at = sample(layer, sizes, 1)
    direction = np.random.default_rng(1).normal(size=at.arrays["X"].shape)
    assert second.hessian.formula is not None
    space = {**at.arrays, **sizes, second.direction.name: direction}
    for item in second.hessian.formula.definitions:
        space[item.text] = run(replace(second.hessian.formula, tree=item.tree), space)
    tensors = {key: torch.tensor(array, dtype=torch.float64) for key, array in at.arrays.items()}

    def loss(x: Any) -> Any:
        return (run_graph(torch, layer.output, {**tensors, "X": x}, sizes) * tensors["G"]).sum()

    _, expected = torch.autograd.functional.hvp(loss, tensors["X"], torch.tensor(direction))
    assert np.allclose(run(second.product, space), expected.numpy(), atol=1e-8)


def test_the_product_of_a_wrong_matrix_is_refuted() -> None:
    layer = parse("x @ A @ x", {"x": "N", "A": "N N"})
    other = parse("x @ A @ x / 2", {"x": "N", "A": "N N"})
    route = derive_second(layer, "x", {"N": 2})
    false = replace(route)
    object.__setattr__(false, "product", derive_second(other, "x", {"N": 2}).product)
    (evidence,) = check_second(false, check_sizes(layer), Exact(layer))
    assert evidence.strength is Strength.REFUTED
    assert evidence.counterexample.startswith("Hessian times V: entry (1,)")


def test_whole_numbers_have_no_second_derivatives() -> None:
    from derive.forward.trace import trace

    def rows(W: "V D", t: N in V):  # type: ignore[no-untyped-def]
        return W[t]

    with pytest.raises(UnsupportedError, match="holds whole numbers"):
        derive_second(trace(rows, defaults="V=3 D=2 N=4"), "t", {"V": 3, "D": 2, "N": 4})
