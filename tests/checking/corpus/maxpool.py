"""Backward functions of maximum pooling along rows: pairs side by side, or windows of two that overlap."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N 2*T"}
OVERLAPPING = {"X": "N T+1"}
TYPICAL = {"N": 3, "T": 4}


def forward(X):
    N, L = X.shape
    pairs = X.reshape(N, L // 2, 2)
    Y = pairs.max(axis=2)
    return Y, (X, Y)


def forward_strided(X):
    return np.maximum(X[:, ::2], X[:, 1::2]), X


def forward_overlapping(X):
    return np.maximum(X[:, :-1], X[:, 1:]), X


def backward_shared(dY, cache):
    X, Y = cache
    pairs = X.reshape(Y.shape[0], Y.shape[1], 2)
    mask = pairs == Y[:, :, None]
    return (dY[:, :, None] * mask / mask.sum(axis=2, keepdims=True)).reshape(X.shape)


def backward_strided(dY, cache):
    dX = np.zeros_like(cache)
    first = cache[:, ::2] >= cache[:, 1::2]
    dX[:, ::2] = np.where(first, dY, 0)
    dX[:, 1::2] = np.where(first, 0, dY)
    return dX


def backward_argmax(dY, cache):
    X, Y = cache
    N, T = Y.shape
    best = X.reshape(N, T, 2).argmax(axis=2)
    dX = np.zeros((N, T, 2))
    dX[np.arange(N)[:, None], np.arange(T)[None, :], best] = dY
    return dX.reshape(N, 2 * T)


def backward_overlapping(dY, cache):
    dX = np.zeros_like(cache)
    left = cache[:, :-1] > cache[:, 1:]
    dX[:, :-1] += dY * left
    dX[:, 1:] += dY * ~left
    return dX


def backward_both_at_ties(dY, cache):
    X, Y = cache
    mask = X.reshape(Y.shape[0], Y.shape[1], 2) == Y[:, :, None]
    return (dY[:, :, None] * mask).reshape(X.shape)


def backward_none_at_ties(dY, cache):
    dX = np.zeros_like(cache)
    dX[:, ::2] = dY * (cache[:, ::2] > cache[:, 1::2])
    dX[:, 1::2] = dY * (cache[:, 1::2] > cache[:, ::2])
    return dX


def backward_averaged(dY, cache):
    return np.repeat(dY, 2, axis=1) / 2


def backward_overlap_larger(dY, cache):
    left = cache[:, :-1] > cache[:, 1:]
    toward_left, toward_right = np.zeros_like(cache), np.zeros_like(cache)
    toward_left[:, :-1] = dY * left
    toward_right[:, 1:] = dY * ~left
    return np.where(toward_left != 0, toward_left, toward_right)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
overlapping = partial(Case, shapes=OVERLAPPING, typical=TYPICAL, reference="maxpool_overlapping")

CASES = (
    case("maxpool/shared", backward_shared, forward, RIGHT, "ties share the gradient", "mask divided by its sum"),
    case("maxpool/strided", backward_strided, forward_strided, RIGHT, "the first of a tie takes it", "strided slices"),
    case("maxpool/argmax", backward_argmax, forward, RIGHT, "assigned at the place of the largest", "fancy indexing"),
    overlapping(
        "maxpool/overlapping",
        backward_overlapping,
        forward_overlapping,
        RIGHT,
        "windows that overlap, added in place",
        "slices, in place",
    ),
    case(
        "maxpool/both_at_ties",
        backward_both_at_ties,
        forward,
        WRONG,
        "both of a tie take the whole gradient",
        "outside the subdifferential",
        witness=Witness(wrt="X", sizes={"N": 1, "T": 1}, arrays={"X": [[1, 1]]}, upstream=1.0, kink=[[1, 1]], by=0.9),
    ),
    case(
        "maxpool/none_at_ties",
        backward_none_at_ties,
        forward_strided,
        WRONG,
        "neither of a tie takes the gradient",
        "outside the subdifferential",
        witness=Witness(wrt="X", sizes={"N": 1, "T": 1}, arrays={"X": [[1, 1]]}, upstream=1.0, kink=[[1, 1]], by=0.9),
    ),
    case(
        "maxpool/averaged",
        backward_averaged,
        forward,
        WRONG,
        "the gradient of average pooling",
        "wrong layer",
        witness=Witness(wrt="X", sizes={"N": 1, "T": 1}, by=0.1),
    ),
    overlapping(
        "maxpool/overlap_larger",
        backward_overlap_larger,
        forward_overlapping,
        WRONG,
        "what is the largest of two windows gets the gradient of one; one-hot rows never show it",
        "not linear in the upstream gradient",
        witness=Witness(wrt="X", sizes={"N": 1, "T": 2}, arrays={"X": [[0, 1, 0]]}, upstream=1.0, by=0.9),
    ),
)
