"""Backward functions of a convolution along the last axis, without padding."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N C T+K-1", "F": "M C K", "b": "M"}
TYPICAL = {"N": 2, "C": 2, "T": 4, "K": 3, "M": 3}


def forward(X, F, b):
    T = X.shape[2] - F.shape[2] + 1
    Y = np.zeros((X.shape[0], F.shape[0], T))
    for t in range(T):
        Y[:, :, t] = np.tensordot(X[:, :, t : t + F.shape[2]], F, axes=([1, 2], [1, 2])) + b
    return Y, (X, F)


def forward_windows(X, F, b):
    windows = np.lib.stride_tricks.sliding_window_view(X, F.shape[2], axis=2)
    return np.einsum("nctk,mck->nmt", windows, F) + b[:, None], (windows, F)


def backward_places(dY, cache):
    X, F = cache
    dX, dF = np.zeros_like(X), np.zeros_like(F)
    K = F.shape[2]
    for n in range(dY.shape[0]):
        for m in range(dY.shape[1]):
            for t in range(dY.shape[2]):
                dX[n, :, t : t + K] += dY[n, m, t] * F[m]
                dF[m] += dY[n, m, t] * X[n, :, t : t + K]
    return dX, dF, dY.sum(axis=(0, 2))


def backward_im2col(dY, cache):
    X, F = cache
    N, C, L = X.shape
    M, _, K = F.shape
    T = L - K + 1
    columns = np.stack([X[:, :, k : k + T] for k in range(K)], axis=2).transpose(0, 3, 1, 2).reshape(N * T, C * K)
    flat = dY.transpose(0, 2, 1).reshape(N * T, M)
    dF = (flat.T @ columns).reshape(M, C, K)
    dcolumns = (flat @ F.reshape(M, C * K)).reshape(N, T, C, K)
    dX = np.zeros((N, C, L))
    for k in range(K):
        dX[:, :, k : k + T] += dcolumns[:, :, :, k].transpose(0, 2, 1)
    return dX, dF, flat.sum(axis=0)


def backward_added_at(dY, cache):
    X, F = cache
    K, T = F.shape[2], dY.shape[2]
    places = np.arange(T)[:, None] + np.arange(K)[None, :]
    dX = np.zeros(X.shape)
    np.add.at(dX, (slice(None), slice(None), places), np.einsum("nmt,mck->nctk", dY, F))
    dF = np.einsum("nmt,nctk->mck", dY, X[:, :, places])
    return dX, dF, np.einsum("nmt->m", dY)


def backward_padded(dY, cache):
    windows, F = cache
    K = F.shape[2]
    padded = np.pad(dY, ((0, 0), (0, 0), (K - 1, K - 1)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, K, axis=2)
    dX = np.einsum("nmlk,mck->ncl", seen, F[:, :, ::-1])
    return dX, np.einsum("nctk,nmt->mck", windows, dY), dY.sum((0, 2))


def backward_filter_not_turned(dY, cache):
    windows, F = cache
    K = F.shape[2]
    padded = np.pad(dY, ((0, 0), (0, 0), (K - 1, K - 1)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, K, axis=2)
    return np.einsum("nmlk,mck->ncl", seen, F), np.einsum("nctk,nmt->mck", windows, dY), dY.sum((0, 2))


def backward_last_place_lost(dY, cache):
    X, F = cache
    dX, dF = np.zeros_like(X), np.zeros_like(F)
    K = F.shape[2]
    for t in range(max(dY.shape[2] - 1, 1)):
        dX[:, :, t : t + K] += np.tensordot(dY[:, :, t], F, axes=1)
        dF += np.tensordot(dY[:, :, t], X[:, :, t : t + K], axes=(0, 0))
    return dX, dF, dY.sum(axis=(0, 2))


def backward_mean_bias(dY, cache):
    X, F = cache
    dX, dF, _ = backward_places(dY, cache)
    return dX, dF, dY.mean(axis=2).sum(axis=0)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)

CASES = (
    case("conv1d/places", backward_places, forward, RIGHT, "sample, filter and place in turn", "three loops"),
    case("conv1d/im2col", backward_im2col, forward, RIGHT, "windows as rows of one matrix", "im2col"),
    case("conv1d/added_at", backward_added_at, forward, RIGHT, "added at a table of places", "np.add.at"),
    case(
        "conv1d/padded",
        backward_padded,
        forward_windows,
        RIGHT,
        "the upstream gradient with zeros around it, and the filter turned",
        "sliding windows",
    ),
    case(
        "conv1d/filter_not_turned",
        backward_filter_not_turned,
        forward_windows,
        WRONG,
        "the filter is not turned; right for filters of one place or symmetric ones",
        "reversal lost",
        witness=Witness(wrt="X", sizes={"N": 1, "C": 1, "T": 1, "K": 2, "M": 1}, by=0.5),
    ),
    case(
        "conv1d/last_place_lost",
        backward_last_place_lost,
        forward,
        WRONG,
        "the loop ends one place early, unless there is only one",
        "off by one",
        witness=Witness(wrt="F", also=("X",), sizes={"N": 1, "C": 1, "T": 2, "K": 1, "M": 1}, by=0.4),
    ),
    case(
        "conv1d/mean_bias",
        backward_mean_bias,
        forward,
        WRONG,
        "db is a mean over places; right for one place",
        "mean for sum",
        witness=Witness(wrt="b", sizes={"N": 1, "C": 1, "T": 2, "K": 1, "M": 1}, by=0.06),
    ),
)
