"""Backward functions of scaled dot-product attention."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"Q": "N D", "K": "M D", "V": "M E"}
TYPICAL = {"N": 3, "D": 4, "M": 5, "E": 4}


def forward(Q, K, V):
    Z = Q @ K.T / np.sqrt(Q.shape[1])
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    return P @ V, (Q, K, V, P)


def backward_matrices(dY, cache):
    Q, K, V, P = cache
    dP = dY @ V.T
    dZ = P * (dP - np.sum(dP * P, axis=1, keepdims=True)) / np.sqrt(Q.shape[1])
    return dZ @ K, dZ.T @ Q, P.T @ dY


def backward_flash(dY, cache):
    Q, K, V, P = cache
    O = P @ V  # noqa: E741 -- the paper's letter for the output
    delta = np.einsum("ne,ne->n", dY, O)
    dS = np.einsum("nm,nm->nm", P, np.einsum("ne,me->nm", dY, V) - delta[:, None])
    scale = Q.shape[1] ** -0.5
    return scale * np.einsum("nm,md->nd", dS, K), scale * np.einsum("nm,nd->md", dS, Q), np.einsum("nm,ne->me", P, dY)


def backward_queries(dY, cache):
    Q, K, V, P = cache
    dQ, dK, dV = np.zeros_like(Q), np.zeros_like(K), np.zeros_like(V)
    for n in range(Q.shape[0]):
        p = P[n]
        J = np.diag(p) - np.outer(p, p)
        dz = J @ (V @ dY[n]) / np.sqrt(Q.shape[1])
        dQ[n] += K.T @ dz
        dK += np.outer(dz, Q[n])
        dV += np.outer(p, dY[n])
    return dQ, dK, dV


def backward_scale_of_values(dY, cache):
    Q, K, V, P = cache
    dP = dY @ V.T
    dZ = P * (dP - np.sum(dP * P, axis=1, keepdims=True)) / np.sqrt(V.shape[1])
    return dZ @ K, dZ.T @ Q, P.T @ dY


def backward_scale_lost_in_keys(dY, cache):
    Q, K, V, P = cache
    dP = dY @ V.T
    dZ = P * (dP - np.sum(dP * P, axis=1, keepdims=True))
    return dZ @ K / np.sqrt(Q.shape[1]), dZ.T @ Q, P.T @ dY


def backward_softmax_diagonal(dY, cache):
    Q, K, V, P = cache
    dZ = dY @ V.T * P * (1 - P) / np.sqrt(Q.shape[1])
    return dZ @ K, dZ.T @ Q, P.T @ dY


def backward_small_weights_dropped(dY, cache):
    Q, K, V, P = cache
    P = np.where(P < 1e-5, 0.0, P)
    dP = dY @ V.T
    dZ = P * (dP - np.sum(dP * P, axis=1, keepdims=True)) / np.sqrt(Q.shape[1])
    return dZ @ K, dZ.T @ Q, P.T @ dY


case = partial(Case, shapes=SHAPES, typical=TYPICAL)

CASES = (
    case("attention/matrices", backward_matrices, forward, RIGHT, "softmax in the middle", "matrix products"),
    case(
        "attention/flash",
        backward_flash,
        forward,
        RIGHT,
        "the inner sum taken over features of the output instead of keys",
        "einsum",
        rounded=True,
    ),
    case("attention/queries", backward_queries, forward, RIGHT, "a Jacobian for every query", "explicit Jacobian"),
    case(
        "attention/scale_of_values",
        backward_scale_of_values,
        forward,
        WRONG,
        "scaled by the size of the values; right if keys and values have as many features, as they mostly do",
        "right when sizes are equal",
        witness=Witness(wrt="Q", also=("K",), sizes={"N": 1, "D": 1, "M": 2, "E": 2}, by=0.01),
    ),
    case(
        "attention/scale_lost_in_keys",
        backward_scale_lost_in_keys,
        forward,
        WRONG,
        "dK is not scaled; right for one feature",
        "factor lost",
        witness=Witness(wrt="K", sizes={"N": 1, "D": 2, "M": 2, "E": 1}, by=0.001),
    ),
    case(
        "attention/softmax_diagonal",
        backward_softmax_diagonal,
        forward,
        WRONG,
        "the softmax's Jacobian has its diagonal only",
        "off-diagonal lost",
        witness=Witness(wrt="Q", also=("K",), sizes={"N": 1, "D": 1, "M": 2, "E": 1}, by=0.05),
    ),
    case(
        "attention/small_weights_dropped",
        backward_small_weights_dropped,
        forward,
        WRONG,
        "weights below 0.00001 count as 0 on the way back",
        "branch never visited",
        witness=Witness(
            wrt="K",
            also=("Q", "V"),
            sizes={"N": 1, "D": 1, "M": 2, "E": 1},
            arrays={"Q": [[4]], "K": [[3], [0]], "V": [[0], [1]]},
            upstream=1.0,
            by=1e-5,
        ),
    ),
)
