"""What searches among random expressions have found, each as small as it still fails: now none is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from tests.corpus.random_check import failures
from tests.corpus.random_text import Example

FOUND: dict[str, tuple[str, dict[str, str]]] = {
    "a diagonal beside vectors": ("sum(diag(A / (3 + b**2)) * x)", {"A": "D D", "b": "", "x": "D"}),
    "a row's sum of exponentials under a diagonal": ("diag(softmax(A)) @ b", {"A": "D D", "b": "D"}),
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
