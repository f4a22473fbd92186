"""What the backward pass costs in NumPy as printed, against the best that one writes by hand.

The counts are made by hand: a multiplication, an addition, a function and a comparison are one operation each, so that
an entry of a product of matrices with K terms takes K multiplications and K - 1 additions. All gradients are asked for.
"""

from __future__ import annotations

import numpy as np
import pytest

from derive.code import layer_source
from derive.code.layout import camel
from derive.forward.shape import bind
from derive.layers import load
from derive.rules.naming import formulas
from tests.code.counting import Counted, count
from tests.code.running import executed


def product(rows: int, terms: int, columns: int) -> int:
    return rows * columns * (2 * terms - 1)


def affine(N, D, M):
    # G W^T, X^T G and the column sums of G.
    return product(N, M, D) + product(D, N, M) + M * (N - 1)


def mlp(N, D, K, M):
    # (G V^T) [Z > 0], then the gradients of both affine maps, of which one product is done.
    return product(N, M, K) + 2 * N * K + affine(N, D, K) + product(K, N, M) + M * (N - 1)


def softmax(N, K):
    # S (G - rowsum(G S)).
    return 3 * N * K + N * (K - 1)


def cross_entropy(N, K):
    # (P - T) / N, where the rows of T sum to 1 and P is kept, and (lse - Z) / N.
    return 4 * N * K


def layernorm(N, D):
    # g = G gamma; (g - mean(g) - xhat mean(g xhat)) / sigma; sums of G xhat and of G.
    return N * D * (1 + 1 + 1 + 1 + 1 + 2 + 1) + N * D * 3


def batchnorm(N, D):
    # dbeta = sum(G), dgamma = sum(G xhat), dX = gamma / sigma (G - dbeta / N - xhat dgamma / N).
    return N * D * (1 + 1 + 1 + 1 + 2 + 1)


def attention(N, D, M, E):
    # dV = P^T G; dP = G V^T; dZ = P (dP - rowsum(G Y)) / sqrt(D); dZ K and dZ^T Q.
    pointwise = 2 * N * E + 3 * N * M
    return product(M, N, E) + product(N, E, M) + pointwise + product(N, M, D) + product(M, N, D)


def lstm_cell(N, D, M):
    # dR = Gc + Gh O (1 - K^2), then three operations of each of four gates and its slope, 1 - A^2 or S (1 - S).
    pointwise = N * M * (5 + 4 * 4 + 1)
    products = product(N, 4 * M, D) + product(N, 4 * M, M) + product(D, N, 4 * M) + product(M, N, 4 * M)
    return pointwise + products + 4 * M * (N - 1)


def conv2d(N, C, H, K, W, M):
    # Columns of X: F^T G, laid back and added up; their product with G; sums of G.
    columns = N * C * H * W * K * K
    return columns * (2 * M - 1) + columns + M * C * K * K * (2 * N * H * W - 1) + M * (N * H * W - 1)


def avgpool(N, C, H, W):
    # G / 4, each entry laid down at four places.
    return N * C * H * W


def maxpool(N, C, H, W):
    # Of two pairs, and of the two in each: a comparison, a product, and G less that for the other one.
    return N * C * H * W * 3 * 3


BEST = {
    "avgpool": (avgpool, {"N": 4, "C": 5, "H": 8, "W": 9}),
    "maxpool": (maxpool, {"N": 4, "C": 5, "H": 8, "W": 9}),
    "affine": (affine, {"N": 16, "D": 12, "M": 13}),
    "mlp": (mlp, {"N": 16, "D": 12, "K": 13, "M": 14}),
    "softmax": (softmax, {"N": 16, "K": 12}),
    "cross_entropy": (cross_entropy, {"N": 16, "K": 12}),
    "layernorm": (layernorm, {"N": 16, "D": 12}),
    "batchnorm": (batchnorm, {"N": 16, "D": 12}),
    "attention": (attention, {"N": 16, "D": 12, "M": 13, "E": 14}),
    "lstm_cell": (lstm_cell, {"N": 16, "D": 12, "M": 13}),
    "conv2d": (conv2d, {"N": 4, "C": 5, "H": 8, "K": 3, "W": 9, "M": 6}),
}


@pytest.mark.parametrize("name", BEST)
def test_the_backward_pass_costs_at_most_twice_the_best_by_hand(name):
    best, sizes = BEST[name]
    layer = load(name)
    assert set(layer.letters) == set(sizes)
    random = np.random.default_rng(0)
    arrays = [random.normal(size=bind(node.shape, sizes)) for node in layer.inputs]
    found = [formulas(layer)[node.name] for node in layer.smooth]
    made = executed(layer_source(layer, found))[camel(name)]()
    made.forward(*(array.view(Counted) for array in arrays))
    upstream = [random.normal(size=bind(layer.output.shape, sizes))] if layer.output.shape else []
    operations = count(made.backward, *upstream)
    assert best(**sizes) * 0.5 < operations <= 2 * best(**sizes)


def test_counting_counts():
    a, b = np.ones((2, 3)), np.ones((3, 4))
    assert count(lambda x, y: x @ y, a, b) == 2 * 4 * 5
    assert count(lambda x, y: np.einsum("ij,jk->ik", x, y), a, b) == 2 * 4 * 5
    assert count(lambda x: np.sum(x, axis=0), a) == 3
    assert count(lambda x: np.exp(2 * x) + x, a) == 18
    assert count(lambda x: np.add.at(np.zeros(3).view(Counted), np.array([0, 1, 1]), x[0]), a) == 3
