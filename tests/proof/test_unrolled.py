"""Sums over places are their terms, one by one, for all sizes; and other terms are not."""

from __future__ import annotations

import re

import pytest

import derive
from derive.proof.canonical import same_for_all_sizes

SHAPES = {"x": "2*N", "w": "2", "X": "N 2", "y": "N"}

SAME = [
    ("reshape(x, (-1, 2)) @ w", "w[0] * x[::2] + w[1] * x[1::2]"),
    ("sum(reshape(x, (-1, 2)), axis=1)", "x[::2] + x[1::2]"),
    ("X @ w", "X[:, 0] * w[0] + X[:, 1] * w[1]"),
    ("reshape(outer(y, w), (-1,))", "reshape(stack([w[0] * y, w[1] * y], axis=1), (-1,))"),
]

DIFFERENT = [
    ("reshape(x, (-1, 2)) @ w", "w[1] * x[::2] + w[0] * x[1::2]"),
    ("reshape(x, (-1, 2)) @ w", "w[0] * x[1::2] + w[1] * x[1::2]"),
    ("sum(reshape(x, (-1, 2)), axis=1)", "x[::2] + x[::2]"),
    ("sum(reshape(x, (-1, 2)), axis=1)", "x[::2] + x[1::2] + y"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_sum_is_its_terms(one, other):
    assert same_for_all_sizes(output(one), output(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_terms_are_not_that_sum(one, other):
    assert not same_for_all_sizes(output(one), output(other))


def output(text):
    shapes = {name: shape for name, shape in SHAPES.items() if re.search(rf"\b{name}\b", text)}
    return derive.derive(text, shapes=shapes, N=3).layer.output
