"""Backward functions that do something else at other sizes: rightly, or wrongly beyond those that somebody tries."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

AFFINE = {"X": "N D", "W": "D M", "b": "M"}
SOFTMAX = {"Z": "N K"}
LAYERNORM = {"X": "N D", "gamma": "D", "beta": "D"}
MSE = {"P": "N D", "T": "N D"}
ATTENTION = {"Q": "N D", "K": "M D", "V": "M E"}
EMBEDDING = {"W": "V D", "i": "N in V"}
CONV1D = {"X": "N C T+K-1", "F": "M C K", "b": "M"}
BLOCK = 8


def affine(X, W, b):
    return X @ W + b, (X, W)


def backward_blocks(dY, cache):
    X, W = cache
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for start in range(0, len(X), 4):
        part = slice(start, start + 4)
        dX[part] = dY[part] @ W.T
        dW += X[part].T @ dY[part]
        db += dY[part].sum(axis=0)
    return dX, dW, db


def backward_whole_blocks(dY, cache):
    X, W = cache
    dW = np.zeros(W.shape)
    if len(X) <= BLOCK:
        dW += X.T @ dY
    else:
        for block in range(len(X) // BLOCK):
            part = slice(BLOCK * block, BLOCK * (block + 1))
            dW += X[part].T @ dY[part]
    return dY @ W.T, dW, dY.sum(axis=0)


def backward_shorter_side(dY, cache):
    X, W = cache
    N, M = dY.shape
    dX = dY @ W.T if N < M else (W @ dY.T).T
    return dX, X.T @ dY, dY[0] if N == 1 else dY.sum(axis=0)


def backward_one_sample(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY, dY.squeeze().sum(axis=0)


def backward_two_samples(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY, dY[0] + dY[-1]


def backward_four_samples(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY, dY[:4].sum(axis=0)


def backward_large_batch(dY, cache):
    X, W = cache
    db = dY.sum(axis=0)
    if X.shape[0] > 64:
        db /= X.shape[0]
    return dY @ W.T, X.T @ dY, db


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    S = E / E.sum(axis=1, keepdims=True)
    return S, S


def backward_class_by_class(dS, cache):
    S = cache
    total = np.zeros((S.shape[0], 1))
    for k in range(S.shape[1]):
        total += (dS * S)[:, k : k + 1]
    return S * (dS - total)


def backward_five_classes(dS, cache):
    S = cache
    total = np.zeros((S.shape[0], 1))
    for k in range(min(5, S.shape[1])):
        total += (dS * S)[:, k : k + 1]
    return S * (dS - total)


def layernorm(X, gamma, beta):
    mu = X.mean(axis=1, keepdims=True)
    rstd = ((X - mu) ** 2).mean(axis=1, keepdims=True)
    rstd = (rstd + 1e-5) ** -0.5
    return (X - mu) * rstd * gamma + beta, ((X - mu) * rstd, rstd, gamma)


def backward_two_ways(dY, cache):
    xhat, rstd, gamma = cache
    g = dY * gamma
    if g.shape[1] > 3:
        rest = np.stack([g, g * xhat]).mean(axis=2, keepdims=True)
        dX = rstd * (g - rest[0] - xhat * rest[1])
    else:
        dX = rstd * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))
    return dX, (dY * xhat).sum(axis=0), dY.sum(axis=0)


def backward_wide_rows(dY, cache):
    xhat, rstd, gamma = cache
    g = dY * gamma
    dX = g - xhat * (g * xhat).mean(axis=1, keepdims=True)
    # In wide rows the mean is small.
    if g.shape[1] < 12:
        dX = dX - g.mean(axis=1, keepdims=True)
    return dX * rstd, (dY * xhat).sum(axis=0), dY.sum(axis=0)


def mse(P, T):
    return np.mean((P - T) ** 2), (P, T)


def backward_table(dL, cache):
    P, T = cache
    slope = {1: 2.0, 2: 1.0, 4: 0.5}.get(P.size, 2 / P.size) * dL
    return slope * (P - T), slope * (T - P)


def backward_odd(dL, cache):
    P, T = cache
    count = P.size - P.size % 2 if P.size > 9 else P.size
    dP = dL * 2 * (P - T) / count
    return dP, -dP


def attention(Q, K, V):
    Z = Q @ K.T / np.sqrt(Q.shape[1])
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    return P @ V, (Q, K, V, P)


def backward_checked(dY, cache):
    Q, K, V, P = cache
    assert K.shape[0] == V.shape[0] and Q.shape[1] == K.shape[1]
    dP = dY @ V.T
    dZ = P * (dP - (dP * P).sum(axis=1, keepdims=True)) / np.sqrt(K.shape[1])
    dQ, dK, dV = dZ @ K, dZ.T @ Q, P.T @ dY
    assert (dQ.shape, dK.shape, dV.shape) == (Q.shape, K.shape, V.shape)
    return dQ, dK, dV


def backward_scale_of_whole_root(dY, cache):
    Q, K, V, P = cache
    dP = dY @ V.T
    scale = int(np.sqrt(K.shape[1])) if K.shape[1] > 5 else np.sqrt(K.shape[1])
    dZ = P * (dP - (dP * P).sum(axis=1, keepdims=True)) / scale
    return dZ @ K, dZ.T @ Q, P.T @ dY


def embedding(W, i):
    return W[i], (W.shape, i)


def backward_word_by_word(dY, cache):
    shape, i = cache
    dW = np.zeros(shape)
    for v in range(shape[0]):
        dW[v] = dY[i == v].sum(axis=0)
    return dW


def backward_first_words(dY, cache):
    shape, i = cache
    dW = np.zeros(shape)
    for v in range(min(shape[0], 4)):
        dW[v] = dY[i == v].sum(axis=0)
    return dW


def conv1d(X, F, b):
    windows = np.lib.stride_tricks.sliding_window_view(X, F.shape[2], axis=2)
    return np.einsum("nctk,mck->nmt", windows, F) + b[:, None], (X, F)


def backward_turned(dY, cache):
    X, F = cache
    K = F.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(X, K, axis=2)
    wide = np.pad(dY, ((0, 0), (0, 0), (K - 1, K - 1))) if K > 1 else dY
    turned = F[:, :, ::-1] if K > 1 else F
    dX = np.einsum("nmtk,mck->nct", np.lib.stride_tricks.sliding_window_view(wide, K, axis=2), turned)
    return dX, np.einsum("nctk,nmt->mck", windows, dY), dY.sum(axis=(0, 2))


def backward_four_places(dY, cache):
    X, F = cache
    K = F.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(X, K, axis=2)
    dX = np.zeros(X.shape)
    for k in range(K):
        dX[:, :, k : k + dY.shape[2]] += np.einsum("nmt,mc->nct", dY, F[:, :, k % 4])
    return dX, np.einsum("nctk,nmt->mck", windows, dY), dY.sum(axis=(0, 2))


_affine = partial(Case, shapes=AFFINE, typical={"N": 4, "D": 5, "M": 3})
_softmax = partial(Case, shapes=SOFTMAX, typical={"N": 4, "K": 5})
_layernorm = partial(Case, shapes=LAYERNORM, typical={"N": 4, "D": 5})
_mse = partial(Case, shapes=MSE, typical={"N": 4, "D": 2})
_attention = partial(Case, shapes=ATTENTION, typical={"N": 3, "D": 4, "M": 5, "E": 4})
_embedding = partial(Case, shapes=EMBEDDING, typical={"N": 3, "V": 4, "D": 4})
_conv1d = partial(Case, shapes=CONV1D, typical={"N": 2, "C": 2, "T": 4, "K": 3, "M": 3})

CASES = (
    _affine(
        "affine/blocks",
        backward_blocks,
        affine,
        RIGHT,
        "four samples at a time, and what is left",
        "blocks",
        more=({"N": 9, "D": 2, "M": 1},),
    ),
    _affine(
        "affine/shorter_side",
        backward_shorter_side,
        affine,
        RIGHT,
        "one product if there are fewer samples than outputs, else another; one sample needs no sum",
        "branches on sizes",
        more=({"N": 1, "D": 2, "M": 1}, {"N": 5, "D": 2, "M": 3}),
    ),
    _affine(
        "affine/whole_blocks",
        backward_whole_blocks,
        affine,
        WRONG,
        "above 8 samples dW is made of whole blocks of 8; what is left is lost",
        "right at small sizes",
        witness=Witness(wrt="W", sizes={"N": 9, "D": 1, "M": 1}, by=0.1),
    ),
    _affine(
        "affine/one_sample",
        backward_one_sample,
        affine,
        WRONG,
        "squeezed, so that one sample or one output has an axis less",
        "right from two of everything on",
        witness=Witness(wrt="b", sizes={"N": 1, "D": 1, "M": 2}, by=float("inf")),
    ),
    _affine(
        "affine/two_samples",
        backward_two_samples,
        affine,
        WRONG,
        "the first and the last sample are summed: right for two",
        "right at one size",
        witness=Witness(wrt="b", sizes={"N": 3, "D": 1, "M": 1}, by=0.1),
    ),
    _affine(
        "affine/four_samples",
        backward_four_samples,
        affine,
        WRONG,
        "four samples are summed: right up to four",
        "right at small sizes",
        witness=Witness(wrt="b", sizes={"N": 5, "D": 1, "M": 1}, by=0.1),
    ),
    _affine(
        "affine/large_batch",
        backward_large_batch,
        affine,
        WRONG,
        "above 64 samples db is a mean",
        "right at small sizes",
        witness=Witness(wrt="b", sizes={"N": 65, "D": 1, "M": 1}, by=1),
    ),
    _softmax(
        "softmax/class_by_class", backward_class_by_class, softmax, RIGHT, "the sum in a loop", "loop over classes"
    ),
    _softmax(
        "softmax/five_classes",
        backward_five_classes,
        softmax,
        WRONG,
        "the sum stops at the fifth class",
        "right at small sizes",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 6}, by=0.001),
    ),
    _layernorm(
        "layernorm/two_ways",
        backward_two_ways,
        layernorm,
        RIGHT,
        "both means at once if a row has more than three entries",
        "branches on sizes",
        more=({"N": 2, "D": 6},),
    ),
    _layernorm(
        "layernorm/wide_rows",
        backward_wide_rows,
        layernorm,
        WRONG,
        "a term is left out from 12 features on",
        "right at small sizes",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 12}, by=0.01),
    ),
    _mse(
        "mse/table",
        backward_table,
        mse,
        RIGHT,
        "2 over the count from a table",
        "branches on sizes",
        more=({"N": 1, "D": 1}, {"N": 2, "D": 1}, {"N": 2, "D": 2}),
        rounded=True,
    ),
    _mse(
        "mse/odd",
        backward_odd,
        mse,
        WRONG,
        "from 11 entries on an odd number of them is taken for one less",
        "right at small sizes",
        witness=Witness(wrt="P", also=("T",), sizes={"N": 11, "D": 1}, by=0.01),
    ),
    _attention(
        "attention/checked", backward_checked, attention, RIGHT, "shapes are compared with each other", "assertions"
    ),
    _attention(
        "attention/scale_of_whole_root",
        backward_scale_of_whole_root,
        attention,
        WRONG,
        "the root of more than 5 features is rounded down",
        "right at small sizes",
        witness=Witness(wrt="Q", also=("K",), sizes={"N": 1, "D": 6, "M": 2, "E": 1}, by=0.0001),
    ),
    _embedding(
        "embedding/word_by_word", backward_word_by_word, embedding, RIGHT, "a mask for every word", "loop over words"
    ),
    _embedding(
        "embedding/first_words",
        backward_first_words,
        embedding,
        WRONG,
        "words from the fifth on get no gradient",
        "right at small sizes",
        witness=Witness(wrt="W", sizes={"N": 1, "V": 5, "D": 1}, arrays={"i": [4]}, by=0.1),
    ),
    _conv1d(
        "conv1d/turned",
        backward_turned,
        conv1d,
        RIGHT,
        "a filter of one place is neither turned nor padded for",
        "branches on sizes",
        more=({"N": 2, "C": 1, "T": 3, "K": 1, "M": 2},),
    ),
    _conv1d(
        "conv1d/four_places",
        backward_four_places,
        conv1d,
        WRONG,
        "places of the filter are counted modulo 4",
        "right at small sizes",
        witness=Witness(wrt="X", sizes={"N": 1, "C": 1, "T": 1, "K": 5, "M": 1}, by=0.1),
    ),
)
