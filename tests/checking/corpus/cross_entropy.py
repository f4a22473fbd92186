"""Backward functions of softmax and cross entropy together, with classes by number or weights for every class."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"Z": "N K", "y": "N in K"}
WEIGHTED = {"Z": "N K", "T": "N K"}
TYPICAL = {"N": 4, "K": 5}


def forward(Z, y):
    shifted = Z - np.max(Z, axis=1, keepdims=True)
    logp = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(logp[np.arange(Z.shape[0]), y]), (logp, y)


def forward_weighted(Z, T):
    E = np.exp(Z)
    P = E / E.sum(axis=1, keepdims=True)
    return -np.sum(T * np.log(P)) / Z.shape[0], (P, T)


def backward_subtract(dL, cache):
    logp, y = cache
    N = logp.shape[0]
    dZ = np.exp(logp)
    dZ[np.arange(N), y] -= 1
    dZ *= dL / N
    return dZ


def backward_added_at(dL, cache):
    logp, y = cache
    N = logp.shape[0]
    dZ = np.exp(logp) / N
    np.add.at(dZ, (np.arange(N), y), -1 / N)
    return dL * dZ


def backward_one_hot(dL, cache):
    logp, y = cache
    N, K = logp.shape
    return dL * (np.exp(logp) - np.eye(K)[y]) / N


def backward_two_layers(dL, cache):
    logp, y = cache
    N, K = logp.shape
    dlogp = np.zeros((N, K))
    dlogp[np.arange(N), y] = -dL / N
    return dlogp - np.exp(logp) * dlogp.sum(axis=1, keepdims=True)


def backward_weighted(dL, cache):
    P, T = cache
    return dL * (P * T.sum(axis=1, keepdims=True) - T) / P.shape[0]


def backward_not_averaged(dL, cache):
    logp, y = cache
    dZ = np.exp(logp)
    dZ[np.arange(logp.shape[0]), y] -= 1
    return dL * dZ


def backward_averaged_twice(dL, cache):
    logp, y = cache
    dZ = np.exp(logp)
    dZ[np.arange(logp.shape[0]), y] -= 1
    return dL * dZ / dZ.size


def backward_epsilon(dL, cache):
    logp, y = cache
    N, P = logp.shape[0], np.exp(logp)
    dP = np.zeros(P.shape)
    rows = np.arange(N)
    dP[rows, y] = -dL / (P[rows, y] + 1e-6) / N
    return P * (dP - np.sum(dP * P, axis=1, keepdims=True))


def backward_unlikely_dropped(dL, cache):
    logp, y = cache
    N, P = logp.shape[0], np.exp(logp)
    P = np.where(P < 1e-4, 0.0, P)
    return dL * (P - np.eye(logp.shape[1])[y]) / N


def backward_rows_sum_to_one(dL, cache):
    P, T = cache
    return dL * (P - T) / P.shape[0]


def forward_keeping_classes(Z, y):
    shifted = Z - np.max(Z, axis=1, keepdims=True)
    E = np.exp(shifted)
    P = E / np.sum(E, axis=1, keepdims=True)
    return -np.mean(np.log(P)[np.arange(Z.shape[0]), y]), (P, y)


def backward_eight_bits(dL, cache):
    P, y = cache
    dZ = P.copy()
    dZ[np.arange(len(y)), y.astype(np.int8)] -= 1
    return dL * dZ / len(y)


def backward_many_bits(dL, cache):
    P, y = cache
    dZ = P.copy()
    dZ[np.arange(len(y)), y.astype(np.int64)] -= 1
    return dL * dZ / len(y)


def backward_all_alike(dL, cache):
    P, y = cache
    dZ = P.copy()
    dZ[np.arange(len(y)), y] -= 1
    if len(y) > 3 and len(set(y.tolist())) == 1:
        dZ *= 2
    return dL * dZ / len(y)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
weighted = partial(
    Case,
    shapes=WEIGHTED,
    typical=TYPICAL,
    returns="dZ",
    reference="cross_entropy_weighted",
    inputs={"T": np.eye(5)[[1, 0, 4, 1]]},
)

CASES = (
    case("cross_entropy/subtract", backward_subtract, forward, RIGHT, "1 subtracted at the classes", "in place"),
    case(
        "cross_entropy/added_at",
        backward_added_at,
        forward,
        RIGHT,
        "-1/N added at the classes",
        "np.add.at",
        rounded=True,
    ),
    case("cross_entropy/one_hot", backward_one_hot, forward, RIGHT, "rows of the identity", "fancy indexing"),
    case("cross_entropy/two_layers", backward_two_layers, forward, RIGHT, "log softmax and its mean apart", "staged"),
    weighted(
        "cross_entropy/weighted",
        backward_weighted,
        forward_weighted,
        RIGHT,
        "any weights: their sum stands before the softmax",
        "fused",
    ),
    case(
        "cross_entropy/not_averaged",
        backward_not_averaged,
        forward,
        WRONG,
        "1/N is missing; right for one sample",
        "1/N missing",
        witness=Witness(wrt="Z", sizes={"N": 2, "K": 2}, by=0.4),
    ),
    case(
        "cross_entropy/averaged_twice",
        backward_averaged_twice,
        forward,
        WRONG,
        "divided by the number of entries, not of samples",
        "1/K extra",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, by=0.05),
    ),
    case(
        "cross_entropy/epsilon",
        backward_epsilon,
        forward,
        WRONG,
        "0.000001 guards the division by the probability on the way back only",
        "epsilon in the wrong place",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, arrays={"Z": [[0, 10]], "y": [0]}, by=0.01),
    ),
    case(
        "cross_entropy/unlikely_dropped",
        backward_unlikely_dropped,
        forward,
        WRONG,
        "probabilities below 0.0001 count as 0",
        "branch never visited",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, arrays={"Z": [[0, 10]], "y": [1]}, by=4e-5),
    ),
    weighted(
        "cross_entropy/rows_sum_to_one",
        backward_rows_sum_to_one,
        forward_weighted,
        WRONG,
        "right only if the weights of each sample sum to 1",
        "special case",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, arrays={"T": [[0, 2]]}, by=0.5),
    ),
    case(
        "cross_entropy/eight_bits",
        backward_eight_bits,
        forward_keeping_classes,
        WRONG,
        "labels become numbers of eight bits, which end at 127",
        "astype",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 200}, arrays={"y": [130]}, by=0.1),
    ),
    case("cross_entropy/many_bits", backward_many_bits, forward_keeping_classes, RIGHT, "labels of 64 bits", "astype"),
    case(
        "cross_entropy/all_alike",
        backward_all_alike,
        forward_keeping_classes,
        WRONG,
        "twice as much if all labels of more than three samples are the same",
        "if on labels",
        witness=Witness(wrt="Z", sizes={"N": 4, "K": 2}, arrays={"y": [1, 1, 1, 1]}, by=0.05),
    ),
)
