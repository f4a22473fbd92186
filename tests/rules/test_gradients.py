"""Gradients with stand-ins: put together again they are those of plain reverse mode, and no longer than worth it."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.forward.matrix import read
from derive.forward.nodes import Input, topological
from derive.layers import index, load
from derive.proof.evaluate import evaluate
from derive.proof.numeric import sample
from derive.rules.adjoint import reverse
from derive.rules.gradients import gradients

CATALOGUE = [load(item.name) for item in index()]


@derive.layer(defaults="N=2 D=3 H=4 M=5")
def perceptron(X: "N D", W: "D H", b: H, V: "H M"):
    return np.tanh(X @ W + b) @ V


@derive.layer(defaults="N=2 D=3")
def residual(X: "N D"):
    for _ in range(6):
        X = X + np.tanh(X)
    return X


@derive.layer(defaults="N=2 D=3 M=4")
def squares(X: "N D", W: "D M", Y: "N M"):
    return np.sum((X @ W - Y) ** 2)


LAYERS = [*CATALOGUE, perceptron, residual, squares]


@pytest.mark.parametrize("layer", LAYERS)
def test_whole_gradients_are_those_of_reverse_mode(layer):
    found = gradients(layer)
    assert set(found.inputs) <= set(layer.inputs)
    at = sample(layer, layer.sizes({}), 3)
    for node, gradient in found.inputs.items():
        plain, _ = reverse(layer.output, layer.seed, node)
        values = [
            np.asarray(evaluate(read(whole), at.arrays, at.sizes), dtype=float)
            for whole in (plain, found.whole(gradient))
        ]
        assert values[0].shape == values[1].shape
        np.testing.assert_allclose(values[1], values[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_whole_gradient_uses_inputs_and_the_upstream_gradient_alone(layer):
    found = gradients(layer)
    known = {*layer.inputs, layer.upstream}
    for gradient in found.inputs.values():
        used = {node for node in topological(found.whole(gradient)) if isinstance(node, Input)}
        assert used <= known


def test_the_gradient_where_ways_part_is_found_once():
    found = gradients(perceptron)
    # G Vᵀ ⊙ (1 - tanh²) is needed for X, W and b.
    (cut,) = found.cuts
    assert str(cut.node) == "X @ W + b"
    users = [
        name
        for node, name in ((found.inputs[node], node.name) for node in perceptron.inputs)
        if cut.stand_in in set(topological(node))
    ]
    assert users == ["X", "W", "b"]


def test_a_short_gradient_is_written_where_it_is_used():
    assert gradients(squares).cuts == ()


def test_many_paths_do_not_multiply():
    # Multiplied out, twelve blocks would be 4096 terms.
    def deep(X: "N D"):
        for _ in range(12):
            X = X + np.tanh(X)
        return X

    (gradient,) = gradients(derive.layer()(deep)).inputs.values()
    assert sum(1 for _ in topological(gradient)) < 200
