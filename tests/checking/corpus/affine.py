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


def backward_at_least_one(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY, dY.mean(axis=0) * max(1, len(dY))


def backward_any_text(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY * (1.0 if str(X.shape) else 0.5), dY.sum(axis=0)


def backward_written(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY * (0.5 if str(X.shape) == "(4, 9)" else 1.0), dY.sum(axis=0)


def backward_looked_up(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY * {(6, 9): 0.5}.get(X.shape, 1.0), dY.sum(axis=0)


def backward_product(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY / (2 if X.size == 70 else 1), dY.sum(axis=0)


def backward_hundreds(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY, dY.sum(axis=0) / max(1, X.shape[0] // 100)


def backward_flat_view(dY, cache):
    X, W = cache
    dW = np.zeros_like(W)
    flat = dW.ravel()
    flat[:] = (X.T @ dY).ravel()
    return dY @ W.T, dW, dY.sum(axis=0)


def backward_flat_copy(dY, cache):
    X, W = cache
    dW = np.zeros_like(W)
    flat = dW.flatten()
    flat[:] = (X.T @ dY).ravel()
    return dY @ W.T, dW, dY.sum(axis=0)


def backward_no_memory(dY, cache):
    X, W = cache
    try:
        if X.shape[1] > 20:
            raise MemoryError
        dW = X.T @ dY
    except MemoryError:
        dW = np.zeros_like(W)
    return dY @ W.T, dW, dY.sum(axis=0)


def backward_reduced(dY, cache):
    X, W = cache
    return np.inner(dY, W), np.tensordot(X, dY, axes=(0, 0)), np.add.reduce(dY)


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
    case("affine/at_least_one", backward_at_least_one, forward, RIGHT, "the mean times the size", "max of sizes"),
    case("affine/any_text", backward_any_text, forward, RIGHT, "the shape is written, which changes nothing", "text"),
    case(
        "affine/written",
        backward_written,
        forward,
        WRONG,
        "half of dW at one shape, which is compared as text",
        "one pair of sizes",
        witness=Witness(wrt="W", sizes={"N": 4, "D": 9, "M": 1}, by=0.05),
    ),
    case(
        "affine/looked_up",
        backward_looked_up,
        forward,
        WRONG,
        "half of dW at one shape, which is looked up",
        "one pair of sizes",
        witness=Witness(wrt="W", sizes={"N": 6, "D": 9, "M": 1}, by=0.05),
    ),
    case(
        "affine/product",
        backward_product,
        forward,
        WRONG,
        "half of dW if X has 70 entries",
        "one pair of sizes",
        witness=Witness(wrt="W", sizes={"N": 7, "D": 10, "M": 1}, by=0.05),
    ),
    case(
        "affine/hundreds",
        backward_hundreds,
        forward,
        WRONG,
        "db is divided by the hundreds of samples, from 200 on",
        "integer division",
        witness=Witness(wrt="b", sizes={"N": 200, "D": 1, "M": 1}, by=0.05),
    ),
    case("affine/flat_view", backward_flat_view, forward, RIGHT, "dW is filled by a flat view of it", "views"),
    case(
        "affine/flat_copy",
        backward_flat_copy,
        forward,
        WRONG,
        "dW stays 0, since what is filled is a copy",
        "copy for view",
        witness=Witness(wrt="W", sizes={"N": 2, "D": 3, "M": 4}, by=0.05),
    ),
    case(
        "affine/no_memory",
        backward_no_memory,
        forward,
        WRONG,
        "an error that is caught leaves no dW from 21 inputs on",
        "try and except",
        witness=Witness(wrt="W", sizes={"N": 2, "D": 21, "M": 1}, by=0.05),
    ),
    case("affine/reduced", backward_reduced, forward, RIGHT, "three functions of NumPy's for sums", "np.add.reduce"),
)
