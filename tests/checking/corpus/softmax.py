"""Backward functions of softmax over the rows."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"Z": "N K"}
TYPICAL = {"N": 4, "K": 5}


def forward(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    S = E / E.sum(axis=1, keepdims=True)
    return S, S


def forward_unshifted(Z):
    E = np.exp(Z)
    total = np.sum(E, axis=-1, keepdims=True)
    return E / total, (E, total)


def backward_fused(dY, cache):
    dZ = cache * dY
    dZ -= cache * dZ.sum(axis=1, keepdims=True)
    return dZ


def backward_jacobian_of_each(dY, cache):
    dZ = np.empty_like(dY)
    for n in range(dY.shape[0]):
        s = cache[n].reshape(-1, 1)
        J = np.diagflat(s) - s @ s.T
        dZ[n] = J @ dY[n]
    return dZ


def backward_batch_of_jacobians(dY, cache):
    J = np.einsum("ni,ij->nij", cache, np.eye(cache.shape[1])) - np.einsum("ni,nj->nij", cache, cache)
    return np.einsum("nij,nj->ni", J, dY)


def backward_classes(dY, cache):
    N, K = dY.shape
    dZ = np.zeros((N, K))
    for i in range(K):
        for j in range(K):
            dZ[:, i] += dY[:, j] * cache[:, j] * ((1.0 if i == j else 0.0) - cache[:, i])
    return dZ


def backward_quotient(dY, cache):
    E, total = cache
    dE = dY / total
    dtotal = -np.sum(dY * E, axis=-1, keepdims=True) / total**2
    dE = dE + np.broadcast_to(dtotal, E.shape)
    return dE * E


def backward_diagonal(dY, cache):
    return dY * cache * (1 - cache)


def backward_whole_sum(dY, cache):
    return cache * (dY - np.sum(dY * cache))


def backward_columns(dY, cache):
    return cache * (dY - np.sum(dY * cache, axis=0))


def backward_one_hot_only(dY, cache):
    inner = np.sum(dY * cache, axis=1, keepdims=True) * np.sum(dY, axis=1, keepdims=True)
    return cache * (dY - inner)


def backward_largest_only(dY, cache):
    N, K = dY.shape
    dZ = np.zeros((N, K))
    for n in range(N):
        k = np.argmax(np.abs(dY[n]))
        dZ[n] = -cache[n] * cache[n, k] * dY[n, k]
        dZ[n, k] += cache[n, k] * dY[n, k]
    return dZ


case = partial(Case, shapes=SHAPES, typical=TYPICAL)

CASES = (
    case("softmax/fused", backward_fused, forward, RIGHT, "two lines, in place, keepdims", "fused, in place"),
    case(
        "softmax/jacobian_of_each",
        backward_jacobian_of_each,
        forward,
        RIGHT,
        "diag(s) - s sT for each sample",
        "explicit Jacobian",
    ),
    case(
        "softmax/batch_of_jacobians",
        backward_batch_of_jacobians,
        forward,
        RIGHT,
        "all Jacobians at once, contracted",
        "einsum",
    ),
    case("softmax/classes", backward_classes, forward, RIGHT, "each pair of classes", "loop over classes"),
    case(
        "softmax/quotient",
        backward_quotient,
        forward_unshifted,
        RIGHT,
        "numerator and denominator apart, by the quotient rule",
        "staged",
    ),
    case(
        "softmax/diagonal",
        backward_diagonal,
        forward,
        WRONG,
        "the Jacobian's diagonal only",
        "off-diagonal lost",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, by=0.1),
    ),
    case(
        "softmax/whole_sum",
        backward_whole_sum,
        forward,
        WRONG,
        "the inner sum runs over the batch too; right for one sample",
        "axis missing",
        witness=Witness(wrt="Z", sizes={"N": 2, "K": 2}, by=0.1),
    ),
    case(
        "softmax/columns",
        backward_columns,
        forward,
        WRONG,
        "the inner sum runs over samples instead of classes, and fits by broadcasting",
        "wrong axis",
        witness=Witness(wrt="Z", sizes={"N": 2, "K": 2}, by=0.1),
    ),
    case(
        "softmax/one_hot_only",
        backward_one_hot_only,
        forward,
        WRONG,
        "one factor too many, the sum of the upstream gradient; right for one-hot rows",
        "not linear in the upstream gradient",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, upstream=2.0, by=3),
    ),
    case(
        "softmax/largest_only",
        backward_largest_only,
        forward,
        WRONG,
        "only the largest entry of the upstream gradient is sent back; right for one-hot rows",
        "not linear in the upstream gradient",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, by=0.1),
    ),
)
