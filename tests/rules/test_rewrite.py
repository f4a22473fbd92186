"""Formulas as one would write them, from the literature; and every rewrite is an equality."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import erf, log

import derive
from derive.forward.functions import relu, sigmoid
from derive.forward.library import FUNCTIONS
from derive.forward.matrix import read
from derive.forward.shape import bind
from derive.proof.evaluate import evaluate
from derive.routes.second import derive_second
from derive.rules.adjoint import reverse
from derive.rules.known import Forward
from derive.rules.rewrite import regrouped, shortest, simplify

SIZES = {"N": 3, "D": 2, "M": 4, "K": 5}
softmax = FUNCTIONS["softmax"]

SILU = "G * sigmoid(X) * (X * (1 - sigmoid(X)) + 1)"

GELU = "G * (1 + erf(X / sqrt(2)) + sqrt(2 / pi) * X * exp(-X**2 / 2)) / 2"

KNOWN = [
    ("mean squared error", lambda X, Y: np.mean((X - Y) ** 2), "X", "2 * G * (X - Y) / (D*N)"),
    ("least squares", lambda X, W, Z: np.sum((X @ W - Z) ** 2), "W", "2 * G * X.T @ (X @ W - Z)"),
    ("two layers", lambda X, W, V: np.tanh(X @ W) @ V, "W", "X.T @ (G @ V.T * (1 - tanh(X @ W)**2))"),
    ("a quadratic form", lambda A, x: x @ A @ x, "x", "G * (A.T + A) @ x"),
    ("a squared norm", lambda A, x: np.linalg.norm(A @ x) ** 2, "x", "2 * G * A.T @ A @ x"),
    ("the trace of a square", lambda A: np.trace(A @ A), "A", "2 * G * A.T"),
    ("a norm", lambda X: np.linalg.norm(X), "X", "G * X / norm(X)"),
    ("the sigmoid", lambda X: X.apply("sigmoid", sigmoid, X), "X", "G * sigmoid(X) * (1 - sigmoid(X))"),
    ("relu between", lambda X, W, c: np.maximum(X @ W, 0) @ c, "X", "G[:, None] * (c * (X @ W > 0) @ W.T)"),
    ("a squared rectifier", lambda X: X.apply("relu", relu, X) ** 2, "X", "2 * G * relu(X)"),
    ("a signed square", lambda X: np.sign(X) * X**2, "X", "2 * G * abs(X)"),
    ("a cube of the size", lambda X: np.abs(X) ** 3, "X", "3 * G * X * abs(X)"),
    ("the logarithm of the size", lambda X: np.log(np.abs(X)), "X", "G / X"),
    ("the logarithm of cosh", lambda X: np.log(np.cosh(X)), "X", "G * tanh(X)"),
    ("the logarithm of the sine", lambda X: np.log(np.cos(X)), "X", "-G * tan(X)"),
    ("a squared sine", lambda X: np.sin(X) ** 2, "X", "G * sin(2 * X)"),
    ("a negative argument", lambda X: X.apply("log", log, X.apply("sigmoid", sigmoid, -X)), "X", "-G * sigmoid(X)"),
    ("the rest of tanh", lambda X: X - np.tanh(X), "X", "G * tanh(X)**2"),
    ("a gate on itself", lambda X: X * X.apply("sigmoid", sigmoid, X), "X", SILU),
    ("numbers in powers", lambda X, Y: np.sum((X - Y) ** 2 / (2 * Y**2)), "X", "G * (X - Y) / Y**2"),
    ("the hard sigmoid", lambda X: np.clip(X / 6 + 0.5, 0, 1), "X", "G * (abs(X) < 3) / 6"),
    ("the hard tanh", lambda X: np.clip(X, -1, 1), "X", "G * (abs(X) < 1)"),
    ("the Huber loss", lambda X: np.where(np.abs(X) <= 1, X**2 / 2, np.abs(X) - 0.5), "X", "G * clip(X, -1, 1)"),
    ("a squared hinge", lambda X, Y: np.sum((X - Y) ** 2 * (X >= Y)), "X", "2 * G * relu(X - Y)"),
    ("softsign", lambda X: X / (1 + np.abs(X)), "X", "G / (1 + abs(X))**2"),
    ("a rational loss", lambda X: np.sum(2 * X**2 / (X**2 + 4)), "X", "16 * G * X / (X**2 + 4)**2"),
    ("gelu", lambda X: X * (1 + X.apply("erf", erf, X / np.sqrt(2))) / 2, "X", GELU),
    ("a stable loss", lambda X: np.maximum(X, 0) + np.log(1 + np.exp(-np.abs(X))), "X", "G * sigmoid(X)"),
    ("a distance below", lambda X, Y: np.exp(-((X - Y) ** 2) / 2), "Y", "G * exp(-(X - Y)**2 / 2) * (X - Y)"),
    ("a distance above", lambda X, Y: np.exp(-((X - Y) ** 2) / 2), "X", "G * exp(-(X - Y)**2 / 2) * (Y - X)"),
    ("a leaky rectifier", lambda X: np.where(X > 0, X, 0.01 * X), "X", "G * where(X > 0, 1, 0.01)"),
    ("a product with itself", lambda X: X @ X.T, "X", "(G + G.T) @ X"),
]
SHAPES = {"X": "N D", "Y": "N D", "Z": "N M", "W": "D M", "V": "M K", "A": "N N", "x": "N", "c": "M", "b": "D"}

OTHERS = {
    "softmax": lambda X: softmax(X),
    "layernorm": lambda X, b: (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1) * b,
    "batchnorm": lambda X, b: (X - X.mean(0)) / np.sqrt(X.var(0) + 1) * b,
    "rows of length one": lambda X: X / np.linalg.norm(X, axis=1, keepdims=True),
    "cosine": lambda X, Y: np.sum(X * Y, axis=1) / np.sqrt(np.sum(X**2, axis=1) * np.sum(Y**2, axis=1)),
    "cross entropy": lambda X, Y: -np.sum(Y * FUNCTIONS["log_softmax"](X)) / X.shape[0],
    "variance": lambda X: X.var(axis=1),
    "symmetric": lambda A: A @ A.T + A.T @ A,
    "logsumexp": lambda X: FUNCTIONS["logsumexp"](X, 1),
    "several coefficients": lambda X, b: np.sum((X - b.mean()) ** 2) / X.shape[0],
    "a root and what is under it": lambda X: X / np.sqrt(1 + X) + 1 / (1 + X),
    "powers": lambda X: X**3 / (1 + X**2) ** 2,
}


def traced(function):
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    layer = eval(f"lambda {', '.join(names)}: function({', '.join(names)})", {"function": function})
    layer.__annotations__ = {name: SHAPES[name] for name in names}
    return derive.layer(name="traced")(layer)


@pytest.mark.parametrize(("function", "wrt", "text"), [row[1:] for row in KNOWN], ids=[row[0] for row in KNOWN])
def test_a_formula_is_the_one_that_is_known(function, wrt, text):
    layer = traced(function)
    found, _ = simplify(reverse(layer.output, layer.upstream, layer.input(wrt))[0], Forward(layer.output))
    assert str(found) == text


@pytest.mark.parametrize("name", [*OTHERS, *(row[0] for row in KNOWN)])
def test_every_rewrite_is_an_equality(name):
    layer = traced({row[0]: row[1] for row in KNOWN}.get(name) or OTHERS[name])
    random = np.random.default_rng(0)
    arrays = {node.name: random.normal(size=bind(node.shape, SIZES)) for node in (*layer.inputs, layer.upstream)}
    for node in layer.inputs:
        gradient, _ = reverse(layer.output, layer.upstream, node)
        found, steps = simplify(gradient, Forward(layer.output))
        expected = np.asarray(evaluate(read(gradient), arrays, SIZES), dtype=float)
        for step in steps:
            for side in (step.before, step.after):
                value = np.asarray(evaluate(read(side), arrays, SIZES), dtype=float)
                np.testing.assert_allclose(value, expected, atol=1e-12, err_msg=step.reason.name)
        # The steps lead from the gradient to what is found, and what is found without them is the same.
        assert [gradient, *(step.after for step in steps)] == [*(step.before for step in steps), found]
        assert shortest(gradient, Forward(layer.output)) is found
        np.testing.assert_allclose(np.asarray(evaluate(read(found), arrays, SIZES), dtype=float), expected, atol=1e-12)


def steps_of(name, wrt="X"):
    layer = traced(OTHERS[name])
    return [
        s.reason.name
        for s in simplify(reverse(layer.output, layer.upstream, layer.input(wrt))[0], Forward(layer.output))[1]
    ]


def test_the_sum_of_centred_values_is_recognised_as_zero():
    assert "constant sum" in steps_of("layernorm")
    assert "constant sum" in steps_of("variance")


def test_softmax_refers_to_its_own_output():
    assert steps_of("softmax").count("forward value") == 3
    layer = traced(OTHERS["softmax"])
    found, _ = simplify(reverse(layer.output, layer.upstream, layer.input("X"))[0], Forward(layer.output))
    probabilities = str(layer.output)
    assert str(found).count(probabilities) == 2 and str(found).startswith(f"{probabilities} * (G - ")


def test_factors_that_all_terms_have_are_taken_out_at_once() -> None:
    """h_n (1 - h_n) Σ_d X_nd v_d: the product with v is formed once, and nothing is transposed."""
    found = derive.derive("sum(sigmoid(X @ w))", shapes={"X": "N D", "w": "D"})
    layer = derive_second(found.layer, "w", found.sizes).directional
    made = regrouped(derive_second(found.layer, "w", found.sizes).product.node, Forward(layer.output))
    assert str(made).count("X @ v") == 1
    assert ".T).T" not in str(made)
