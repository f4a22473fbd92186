"""What searches among random expressions have found, each as small as it still fails: now none is wrong."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from tests.corpus.random_check import failures
from tests.corpus.random_text import Example, example

FOUND: dict[str, tuple[str, dict[str, str]]] = {
    "a diagonal beside vectors": ("sum(diag(A / (3 + b**2)) * x)", {"A": "D D", "b": "", "x": "D"}),
    "a row's sum of exponentials under a diagonal": ("diag(softmax(A)) @ b", {"A": "D D", "b": "D"}),
    "a sum over an axis of size 1 beside a diagonal": (
        "einsum('ji,k->ij', A, diag(X @ W))[:, 0]",
        {"A": "3 1", "X": "D 6", "W": "6 D"},
    ),
    "what a name divides by": (
        "T = (cos(A) + 2)**(-1.5)\n(T * sigmoid(T)) @ b",
        {"A": "D N", "b": "N"},
    ),
    "a divisor without axes in a sum of three axes": ("reshape(A / (3 + s**2), (D, 6))", {"A": "D 2 3", "s": ""}),
    "a mask that is negated": ("mean(relu(1 - t * z))", {"t": "N", "z": "N"}),
    "a mask over a number": ("sum(relu(1 - x)) / N", {"x": "N"}),
    "a mask that is negated as a matrix": ("sum((1 - where(A > 1, 1.0, 2.0) @ B) * B)", {"A": "D D", "B": "D D"}),
    "a softmax of a softmax, whose sums have several labels": (
        "softmax(tanh(softmax(tanh(A)))) - 1",
        {"A": "N D"},
    ),
    "masks that are multiplied as matrices": ("((1.0 * (A > 1)) @ (1.0 * (A > 0.75))) * B", {"A": "D D", "B": "D D"}),
    "the same array stacked twice, and one of the two taken": ("exp(stack([A, A], axis=1)[:, 0][0])", {"A": "N 6"}),
    "a column of one of two matrices in a stack": (
        "transpose(stack([A, B], axis=2), (2, 0, 1))[0][:, 1]",
        {"A": "3 N", "B": "3 N"},
    ),
    "a stack of matrices times a vector, which is a matrix": (
        'einsum("ikj,kj->i", transpose(T, (2, 1, 0)), (X @ W) @ E)',
        {"T": "D 3 4", "X": "3 1", "W": "1 4", "E": "4 D"},
    ),
    "one matrix of a stack under a sum": (
        'einsum("kij,k->ij", einsum("ijl,ilk->ijk", (A @ B) @ X, W), x)[1]',
        {"A": "2 3 6", "B": "6 M", "X": "M 6", "W": "2 6 4", "x": "2"},
    ),
    "the diagonal of a centred matrix, which is not centred": (
        "sum((A - mean(A, axis=1, keepdims=True)) @ diag(B - mean(B, axis=0)))",
        {"A": "N D", "B": "D D"},
    ),
    "a function of a mask on a diagonal": ("A * logdet(4 * eye(2) + tanh(diag(b > 1)))", {"A": "N", "b": "2"}),
    "one less a sum of sigmoids": ("t + sum(softplus(-(c + t)))", {"t": "", "c": "N"}),
    "an inverse times the diagonal of its matrix": ("sum(inv(A) @ diag(A))", {"A": "D D"}),
    "a mask of zeros": ("where(zeros((D, 3))[:, -1] > 1, A, 0.5)", {"A": "D"}),
    "rows repeated, and with a sum before them": (
        "outer(log_softmax(3 * tanh(A.T @ ones(M))), b)",
        {"A": "M D", "b": "N"},
    ),
    "a repeated row beside a place on another axis": (
        "T = concatenate([mean(A, axis=-2, keepdims=True)[0], b], axis=0) + X\nT**2",
        {"A": "3 2 2", "X": "2 2", "b": "1 2"},
    ),
}
"""Expressions, and the shapes of their inputs."""


@pytest.mark.parametrize("name", FOUND)
def test_it_is_right_now(name):
    pytest.importorskip("torch")
    text, shapes = FOUND[name]
    axes = {axis for shape in shapes.values() for axis in shape.split() if not axis.isdecimal()}
    sizes = {letter: size for letter, size in (("N", 3), ("D", 4), ("M", 2)) if letter in axes}
    random = np.random.default_rng(0)
    arrays = {
        word: random.uniform(0.5, 1.5, tuple(sizes.get(axis) or int(axis) for axis in shape.split()))
        for word, shape in shapes.items()
    }
    assert failures(Example(text, shapes, sizes, arrays)) == []


SEEDS = {
    142: "a number in a factor of what stays an einsum",
    409: "a diagonal of an axis that is split",
    444: "a number in a factor, beside ones",
    688: "a scalar in a factor of what stays an einsum",
    743: "a number in a factor of a stack",
}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_expression_that_was_wrong_is_right(seed):
    pytest.importorskip("torch")
    assert failures(example(Random(seed))) == []
