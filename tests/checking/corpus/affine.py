"""Backward functions of an affine layer, Y = X W + b."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D", "W": "D M", "b": "M"}
TYPICAL = {"N": 4, "D": 5, "M": 3}


def forward(X, W, b):
    return X @ W + b, (X, W)


def forward_plain(X, W, b):
    return X @ W + b


def backward_einsum(dY, cache):
    X, W = cache
    return np.einsum("nm,dm->nd", dY, W), np.einsum("nd,nm->dm", X, dY), np.einsum("nm->m", dY)


def backward_samples(dY, cache):
    X, W = cache
    dX, dW, db = np.zeros_like(X), np.zeros(W.shape), np.zeros(W.shape[1])
    for n in range(X.shape[0]):
        dX[n] = W @ dY[n]
        dW += np.outer(X[n], dY[n])
        db += dY[n]
    return dX, dW, db


def backward_explicit_jacobian(dY, cache):
    X, W = cache
    N, (D, M) = X.shape[0], W.shape
    row = dY.reshape(1, N * M)
    dX = row @ np.kron(np.eye(N), W.T)
    dW = row @ np.kron(X, np.eye(M))
    db = row @ np.kron(np.ones((N, 1)), np.eye(M))
    return dX.reshape(N, D), dW.reshape(D, M), db.reshape(M)


def backward_augmented(dY, X, W, b):
    ones = np.ones((X.shape[0], 1))
    both = np.concatenate([X, ones], axis=1).T @ dY
    return dY @ W.T, both[:-1], both[-1]


class Affine:
    """A layer in the style of a course: inputs kept on self, gradients left there."""

    def forward(self, X, W, b):
        self.X = X
        self.W = W
        return np.dot(X, W) + b

    def backward(self, dout):
        self.dW = np.dot(self.X.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class Layer:
    """A layer that owns its parameters; the code of document 000, with names of its own."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dout):
        self.dW = self.X.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


def backward_mean_bias(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY, dY.mean(axis=0)


def backward_shape_repaired(dY, cache):
    X, W = cache
    dW = dY.T @ X
    if dW.shape != W.shape:
        dW = dW.T
    return dY @ W.T, dW, dY.sum(axis=0)


def backward_first_sample_lost(dY, cache):
    X, W = cache
    db = np.zeros(W.shape[1])
    for n in range(1, dY.shape[0]):
        db += dY[n]
    return dY @ W.T, X.T @ dY, db


def backward_clipped(dY, cache):
    X, W = cache
    dY = np.clip(dY, -1, 1)
    return dY @ W.T, X.T @ dY, dY.sum(axis=0)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)

CASES = (
    case("affine/einsum", backward_einsum, forward, RIGHT, "three contractions, the bias too", "einsum"),
    case("affine/samples", backward_samples, forward, RIGHT, "a sum of outer products, in place", "loop over samples"),
    case(
        "affine/explicit_jacobian",
        backward_explicit_jacobian,
        forward,
        RIGHT,
        "the row of upstream derivatives times Kronecker products",
        "explicit Jacobian",
    ),
    case(
        "affine/augmented",
        backward_augmented,
        forward_plain,
        RIGHT,
        "the bias as one more row of W, split off again",
        "inputs by name",
    ),
    case(
        "affine/on_self",
        Affine.backward,
        Affine.forward,
        RIGHT,
        "dX is returned, dW and db stay on self",
        "class",
        owner=Affine,
    ),
    case(
        "affine/layer",
        Layer.backward,
        Layer.forward,
        RIGHT,
        "W and b belong to the object, and so do their gradients",
        "class with parameters",
        owner=Layer,
    ),
    case(
        "affine/mean_bias",
        backward_mean_bias,
        forward,
        WRONG,
        "db is the mean over the batch; right for one sample",
        "mean for sum",
        witness=Witness(wrt="b", sizes={"N": 2, "D": 1, "M": 1}, by=0.06),
    ),
    case(
        "affine/shape_repaired",
        backward_shape_repaired,
        forward,
        WRONG,
        "dW is transposed only if its shape does not fit, so it is wrong where D = M",
        "transposed when square",
        witness=Witness(wrt="W", sizes={"N": 2, "D": 2, "M": 2}, by=2),
    ),
    case(
        "affine/first_sample_lost",
        backward_first_sample_lost,
        forward,
        WRONG,
        "the sum over samples begins with the second",
        "off by one",
        witness=Witness(wrt="b", sizes={"N": 1, "D": 1, "M": 1}, by=0.5),
    ),
    case(
        "affine/clipped",
        backward_clipped,
        forward,
        WRONG,
        "the upstream gradient is clipped to [-1, 1], which unit vectors never show",
        "not linear in the upstream gradient",
        witness=Witness(wrt="b", also=("X", "W"), sizes={"N": 1, "D": 1, "M": 1}, upstream=3.0, by=1.9),
    ),
)
