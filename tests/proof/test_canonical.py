"""What is the same for all sizes: identities of sums, powers and functions from textbooks, and what looks like one."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.proof.canonical import same_for_all_sizes
from derive.proof.numeric import forward, samples

SIGNATURE = {"X": "N D", "Y": "N D", "W": "D M", "A": "N N", "B": "N N", "v": "D", "u": "N", "c": "D"}
SIZES = {"N": 3, "D": 4, "M": 2}
S = "(np.exp(X) / np.exp(X).sum(axis=1, keepdims=True))"
ONE = "((1 + x**2) / (2 + x**2) + 1 / (2 + x**2)).sum()"
V = "((X - X.mean(axis=1, keepdims=True)) ** 2).mean(axis=1, keepdims=True)"


def traced(body):
    arguments = ", ".join(f"{name}: '{axes}'" for name, axes in SIGNATURE.items())
    namespace = {"np": np}
    exec(f"def f({arguments}):\n    return {body}\n", namespace)
    return derive.layer()(namespace["f"])


SAME = [
    ("(X * Y).sum(axis=0)", "(Y * X).sum(axis=0)"),
    ("(X + Y) * (X - Y)", "X * X - Y * Y"),
    ("(A @ B).trace()", "(B @ A).trace()"),
    ("(A @ B @ A).trace()", "(A @ A @ B).trace()"),
    ("X.mean(axis=1) * X.shape[1]", "X.sum(axis=1)"),
    ("(X.sum(axis=1) ** 2)", "X.sum(axis=1) * X.sum(axis=1)"),
    ("np.exp(X) * np.exp(Y)", "np.exp(X + Y)"),
    ("np.exp(X - u[:, None])", "np.exp(X) / np.exp(u)[:, None]"),
    (f"np.log({S})", "X - np.log(np.exp(X).sum(axis=1, keepdims=True))"),
    (f"{S} * (Y - (Y * {S}).sum(axis=1, keepdims=True))", f"{S} * Y - {S} * ({S} * Y).sum(axis=1, keepdims=True)"),
    ("np.tanh(X) * (1 - np.tanh(X)) * (1 + np.tanh(X))", "np.tanh(X) - np.tanh(X) ** 3"),
    ("X / np.sqrt(X * X + 1)", "X * (X * X + 1) ** -0.5"),
    ("X / np.sqrt(1 + v) / np.sqrt(1 + v)", "X / (1 + v)"),
    (f"X / np.sqrt({V} + 1)", f"X * np.sqrt({V} + 1) / ({V} + 1)"),
    ("1 / (1 + np.exp(-X))", "np.exp(X) / (1 + np.exp(X))"),
    ("(2 * X.sum(axis=1)) ** -1", "0.5 / X.sum(axis=1)"),
    ("np.exp((2 * X * v).sum(axis=1))", "np.exp((X * v).sum(axis=1)) ** 2"),
    ("np.exp((X * u[:, None]).sum(axis=1))", "np.exp(u * X.sum(axis=1))"),
    ("np.sin((X @ W).sum(axis=1))", "np.sin(X @ W.sum(axis=1))"),
    ("np.sin((X @ W).sum(axis=1))", "np.sin((X * W.sum(axis=1)).sum(axis=1))"),
    ("np.cos(v - c)", "np.cos(c - v)"),
    ("(X * 0 + 1).sum()", "(X * 0 + 1).sum(axis=0).sum()"),
]

DIFFERENT = [
    ("(X * Y).sum(axis=1)", "X.sum(axis=1) * Y.sum(axis=1)"),
    ("np.exp(X.sum(axis=1))", "np.exp(X).sum(axis=1)"),
    ("A @ B", "B @ A"),
    ("A @ B.T", "A @ B"),
    ("(A @ B @ A.T).trace()", "(A @ A.T @ B.T @ B).trace()"),
    ("A.sum(axis=0)", "A.sum(axis=1)"),
    ("np.exp(A.sum(axis=0))", "np.exp(A.sum(axis=1))"),
    ("np.exp(A)", "np.exp(A.T)"),
    ("np.exp(A - A.T)", "np.exp(A.T - A)"),
    ("X.mean(axis=1)", "X.sum(axis=1)"),
    ("X.sum(axis=1) ** 2", "(X**2).sum(axis=1)"),
    ("(1 / X).sum(axis=1)", "1 / X.sum(axis=1)"),
    (f"np.log({S})", "X - np.exp(X).sum(axis=1, keepdims=True)"),
    ("np.sqrt(X * X)", "X"),
    ("np.tanh(X - Y)", "np.tanh(Y - X)"),
    ("np.sin((X @ W).sum(axis=1))", "np.sin(X.sum(axis=1) * W.sum())"),
    (f"X / np.sqrt({V} + 1)", f"X / np.sqrt({V} + 2)"),
    (ONE.replace("x", "u"), ONE.replace("x", "v")),
    ("(A * A).sum(axis=0)", "(A * A.T).sum(axis=0)"),
    ("np.exp((A * A).sum(axis=0))", "np.exp((A * A.T).sum(axis=0))"),
]


def value(body):
    layer = traced(body)
    return forward(layer, samples(traced("X + Y"), SIZES, 3)[1].arrays)


@pytest.mark.parametrize(("first", "second"), SAME)
def test_the_same_in_other_words_is_recognised(first, second):
    np.testing.assert_allclose(value(first), value(second))
    assert same_for_all_sizes(traced(first).output, traced(second).output)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_what_is_different_is_not_said_to_be_the_same(first, second):
    assert not same_for_all_sizes(traced(first).output, traced(second).output)


def test_arrays_of_other_shapes_are_different():
    assert not same_for_all_sizes(traced("X.sum(axis=0)").output, traced("X.sum(axis=1)").output)


def test_a_product_of_too_many_sums_that_nothing_tells_apart_is_not_decided():
    powers = [" * ".join(["A.sum()"] * 8), "A.sum() ** 8"]
    assert not same_for_all_sizes(*(traced(body).output for body in powers))
