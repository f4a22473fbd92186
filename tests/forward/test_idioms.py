"""What NumPy's users have a word for is called by it, and means what NumPy, PyTorch or its definition says."""

from __future__ import annotations

import re

import numpy as np
import pytest

import derive
from derive.forward.idioms import idiom
from derive.forward.matrix import read
from derive.notation.code import print_code
from derive.proof.evaluate import evaluate
from tests.running import namespace

SHAPES = {"X": "N D", "x": "D", "T": "N D K"}
SIZES = {"N": 2, "D": 3, "K": 4}

WRITTEN = [
    ("exp(X) / sum(exp(X), axis=1, keepdims=True)", "softmax(X)"),
    ("exp(X) / sum(exp(X), axis=0)", "softmax(X, axis=0)"),
    ("exp(-x) / sum(exp(-x))", "softmax(-x)"),
    ("exp(T) / sum(exp(T), axis=-1, keepdims=True)", "softmax(T)"),
    ("log(sum(exp(X), axis=1))", "logsumexp(X, axis=1)"),
    ("log(sum(exp(X)))", "logsumexp(X)"),
    ("X - log(sum(exp(X), axis=1, keepdims=True))", "log_softmax(X)"),
    ("sqrt(sum(X**2))", "norm(X)"),
    ("sqrt(sum(X**2, axis=1))", "norm(X, axis=1)"),
    ("sum(X, axis=0) / N", "mean(X, axis=0)"),
    ("sum(T, axis=(0, 2)) / (N * K)", "mean(T, axis=(0, 2))"),
    ("sum((X - sum(X, axis=0) / N)**2, axis=0) / N", "var(X, axis=0)"),
    ("sum((x - sum(x) / D)**2) / D", "var(x)"),
    ("sqrt(mean((X - mean(X, axis=1, keepdims=True))**2, axis=1))", "std(X, axis=1)"),
]
"""An expression, and what a reader of NumPy calls it."""

OTHERS = [
    ("exp(X) / sum(exp(2 * X), axis=1, keepdims=True)", "softmax"),
    ("X - log(sum(exp(2 * X), axis=1, keepdims=True))", "log_softmax"),
    ("sqrt(sum(X**4))", "norm"),
    ("sum((X - sum(X, axis=1, keepdims=True) / D)**2, axis=0) / N", "var"),
    ("sum(X, axis=0) / D", "mean"),
]
"""What looks like one and is none."""


def layer_of(expression):
    used = {name: shape for name, shape in SHAPES.items() if name in re.findall(r"\w+", expression)}
    return derive.derive(expression, shapes=used).layer


@pytest.mark.parametrize(("expression", "text"), WRITTEN, ids=[text for _, text in WRITTEN])
def test_it_is_called_by_its_word(expression, text):
    assert print_code(read(layer_of(expression).output)) == text


@pytest.mark.parametrize(("expression", "text"), WRITTEN, ids=[text for _, text in WRITTEN])
def test_the_word_means_what_its_definition_says(expression, text):
    """The notation is evaluated by one piece of code, and run as NumPy by another."""
    layer = layer_of(expression)
    random = np.random.default_rng(3)
    arrays = {node.name: random.normal(size=layer.shape(node, SIZES)) for node in layer.inputs}
    numpy = {name: getattr(np, name) for name in ("exp", "log", "sum", "sqrt", "mean")}
    wanted = eval(expression, {**numpy, **SIZES, **arrays})
    tree = read(layer.output)
    np.testing.assert_allclose(np.asarray(evaluate(tree, arrays, SIZES), dtype=float), wanted)
    np.testing.assert_allclose(eval(print_code(tree, module="np."), namespace(**arrays, **SIZES)), wanted)


@pytest.mark.parametrize(("expression", "word"), OTHERS)
def test_what_only_looks_like_it_is_not_called_so(expression, word):
    found = idiom(layer_of(expression).output)
    assert found is None or found.function != word


def test_printed_softmax_does_not_overflow():
    layer = layer_of("exp(X) / sum(exp(X), axis=1, keepdims=True)")
    X = np.array([[1000.0, 1001.0, 999.0]])
    got = eval(print_code(read(layer.output), module="np."), namespace(X=X))
    assert np.all(np.isfinite(got))
    np.testing.assert_allclose(got.sum(axis=1), 1)


def test_the_gradient_of_logsumexp_is_softmax_though_the_forward_pass_has_none():
    """Boyd and Vandenberghe, Convex Optimization, section 3.1.5."""
    assert str(derive.derive("sum(logsumexp(Z, axis=1))", shapes={"Z": "N D"}).wrt("Z").formula) == "softmax(Z)"


KNOWN = [
    ("sum(exp(X @ w))", "w", "X.T @ exp(X @ w)"),
    ("softmax(Z)", "Z", "Y = softmax(Z); Y * (G - sum(G * Y, axis=1)[:, None])"),
    ("X - mean(X, axis=0)", "X", "G - mean(G, axis=0)"),
    ("sum(abs(x))", "x", "sign(x)"),
    ("clip(X, 0, 6)", "X", "G * (X > 0) * (X < 6)"),
    ("where(x > 0, x, exp(x) - 1)", "x", "G * where(x > 0, 1, exp(x))"),
    ("sum(relu(1 - y * z))", "z", "-y * (y * z < 1)"),
    ("P @ Q", "P", "G @ swapaxes(Q, 1, 2)"),
    ("P @ Q", "Q", "swapaxes(P, 1, 2) @ G"),
]
"""Short forms of the literature: PRML (4.106), Clevert (15), NumPy's product of stacks."""


@pytest.mark.parametrize(("expression", "wrt", "text"), KNOWN, ids=[f"{e} / {w}" for e, w, _ in KNOWN])
def test_a_gradient_is_written_as_the_field_writes_it(expression, wrt, text):
    shapes = {"X": "N D", "w": "D", "Z": "N D", "x": "D", "y": "N", "z": "N", "P": "B N D", "Q": "B D M"}
    names = {n: s for n, s in shapes.items() if n in re.findall(r"\w+", expression)}
    formula = derive.derive(expression, shapes=names).wrt(wrt).formula
    assert "; ".join((*formula.statements[:-1], str(formula))) == text


def test_a_sum_that_is_divided_by_one_of_its_sizes_alone_is_no_mean():
    found = derive.derive("sum(T * log_softmax(Z)) / N", shapes={"T": "N K", "Z": "N K"})
    assert str(found.layer.output) == "sum(T * log_softmax(Z)) / N"
