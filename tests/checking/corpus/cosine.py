"""Backward functions of the mean cosine distance between rows."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"A": "N D", "B": "N D"}
TYPICAL = {"N": 3, "D": 4}


def forward(A, B):
    r, s = np.sqrt(np.sum(A**2, axis=1)), np.sqrt(np.sum(B**2, axis=1))
    c = np.sum(A * B, axis=1) / (r * s)
    return np.mean(1 - c), (A, B, r, s, c)


def backward_two_terms(dL, cache):
    A, B, r, s, c = cache
    scale = -dL / A.shape[0]
    dA = B / (r * s)[:, None] - A * (c / r**2)[:, None]
    dB = A / (r * s)[:, None] - B * (c / s**2)[:, None]
    return scale * dA, scale * dB


def backward_unit_vectors(dL, cache):
    A, B, r, s, c = cache
    a, b = A / r[:, None], B / s[:, None]
    k = -dL / len(A)
    return k * (b - c[:, None] * a) / r[:, None], k * (a - c[:, None] * b) / s[:, None]


def backward_projections(dL, cache):
    A, B, r, s, c = cache
    N, D = A.shape
    dA, dB = np.zeros_like(A), np.zeros_like(B)
    for n in range(N):
        a, b = A[n] / r[n], B[n] / s[n]
        dA[n] -= (np.eye(D) - np.outer(a, a)) @ b / r[n]
        dB[n] -= (np.eye(D) - np.outer(b, b)) @ a / s[n]
    dA *= dL / N
    dB *= dL / N
    return dA, dB


def backward_einsum(dL, A, B):
    p, q, m = np.einsum("nd,nd->n", A, A), np.einsum("nd,nd->n", B, B), np.einsum("nd,nd->n", A, B)
    w = (p * q) ** -0.5 / -A.shape[0] * dL
    dA = np.einsum("n,nd->nd", w, B) - np.einsum("n,n,n,nd->nd", w, m, 1 / p, A)
    dB = np.einsum("n,nd->nd", w, A) - np.einsum("n,n,n,nd->nd", w, m, 1 / q, B)
    return dA, dB


def backward_lengths_constant(dL, cache):
    A, B, r, s, c = cache
    scale = -dL / A.shape[0] / (r * s)[:, None]
    return scale * B, scale * A


def backward_lengths_swapped(dL, cache):
    A, B, r, s, c = cache
    scale = -dL / A.shape[0]
    dA = B / (r * s)[:, None] - A * (c / s**2)[:, None]
    dB = A / (r * s)[:, None] - B * (c / r**2)[:, None]
    return scale * dA, scale * dB


def backward_epsilon(dL, cache):
    A, B, r, s, c = cache
    scale = -dL / A.shape[0]
    product = (r * s + 1e-6)[:, None]
    dA = B / product - A * (c / (r**2 + 1e-6))[:, None]
    dB = A / product - B * (c / (s**2 + 1e-6))[:, None]
    return scale * dA, scale * dB


def backward_opposite_clipped(dL, cache):
    A, B, r, s, c = cache
    scale = np.where(c < -0.99, 0.0, -dL / A.shape[0])[:, None]
    dA = B / (r * s)[:, None] - A * (c / r**2)[:, None]
    dB = A / (r * s)[:, None] - B * (c / s**2)[:, None]
    return scale * dA, scale * dB


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
TWO = {"N": 1, "D": 2}

CASES = (
    case("cosine/two_terms", backward_two_terms, forward, RIGHT, "two terms for each input", "closed form"),
    case("cosine/unit_vectors", backward_unit_vectors, forward, RIGHT, "by rows of length 1", "fused"),
    case("cosine/projections", backward_projections, forward, RIGHT, "a projection for every row", "explicit Jacobian"),
    case("cosine/einsum", backward_einsum, forward, RIGHT, "from three inner products", "einsum, inputs by name"),
    case(
        "cosine/lengths_constant",
        backward_lengths_constant,
        forward,
        WRONG,
        "the lengths are taken for constant",
        "term lost",
        witness=Witness(wrt="A", also=("B",), sizes={"N": 1, "D": 1}, by=0.5),
    ),
    case(
        "cosine/lengths_swapped",
        backward_lengths_swapped,
        forward,
        WRONG,
        "each input is divided by the other's squared length; right if they are equal",
        "inputs swapped",
        witness=Witness(wrt="A", also=("B",), sizes=TWO, by=0.9),
    ),
    case(
        "cosine/epsilon",
        backward_epsilon,
        forward,
        WRONG,
        "0.000001 guards the divisions on the way back only",
        "epsilon in the wrong place",
        witness=Witness(wrt="A", also=("B",), sizes=TWO, arrays={"A": [[0.001, 0]], "B": [[0, 0.001]]}, by=400),
    ),
    case(
        "cosine/opposite_clipped",
        backward_opposite_clipped,
        forward,
        WRONG,
        "rows that are nearly opposite get no gradient",
        "branch never visited",
        witness=Witness(wrt="A", also=("B",), sizes=TWO, arrays={"A": [[1, 0]], "B": [[-1, 0.1]]}, by=0.05),
    ),
)
