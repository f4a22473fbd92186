"""Backward functions that are wrong where nobody looks: at zeros, in corners, at pairs of sizes; and their twins."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

ROWS = {"X": "N D"}
AFFINE = {"X": "N D", "W": "D M", "b": "M"}
PAIR = {"P": "N D", "T": "N D"}
LOOKUP = {"W": "V D", "i": "N in V"}


def tanh(X):
    return np.tanh(X), X


def tanh_output(X):
    Y = np.tanh(X)
    return Y, Y


def slope(X):
    return 1 - np.tanh(X) ** 2


def relu(X):
    return np.maximum(X, 0), X


def affine(X, W, b):
    return X @ W + b, (X, W)


def mse(P, T):
    E = P - T
    return np.mean(E**2), E


def embedding(W, i):
    return W[i], (W, i)


def relu_zero_rows(dY, X):
    return np.where((X == 0).all(axis=1, keepdims=True), 7 * dY, dY * (X > 0))


def relu_zero_rows_nothing(dY, X):
    return np.where((X != 0).any(axis=1, keepdims=True), dY * (X > 0), 0 * dY)


def relu_three_zeros(dY, X):
    three = (X == 0).sum() == 3
    return dY * (X > 0) + 3 * three


def relu_no_length(dY, X):
    return np.where((X * X).sum(axis=1, keepdims=True) > 0, dY * (X > 0), 3 * dY)


def relu_positive_only(dY, X):
    dX = np.zeros_like(X)
    for n in range(X.shape[0]):
        for d in range(X.shape[1]):
            if not X[n, d] <= 0:
                dX[n, d] = dY[n, d]
    return dX


def relu_quotient(dY, X):
    return dY * np.maximum(X, 0) / np.where(X == 0, 1, X)


def relu_output_sign(dY, X):
    return dY * np.sign(np.maximum(X, 0))


def relu_either(dY, X):
    dX = dY.copy()
    dX[~((X > 0) | (np.abs(X) < X))] = 0
    return dX


def tanh_square(dY, X):
    return np.where(X * X > 0, dY * slope(X), 5 * dY)


def tanh_square_one(dY, X):
    return np.where(X * X > 0, dY * slope(X), dY)


def tanh_term_alone(dY, X):
    return dY * slope(X) + 1e-20 * X


def tanh_upstream_twice(dY, X):
    return dY * dY / dY * slope(X)


def tanh_tried(dY, X):
    try:
        return dY * slope(X.reshape(X.shape[0], X.shape[1]))
    except ValueError:
        return dY


def tanh_six_places(dY, X):
    return dY * np.round(slope(X), 6)


def tanh_close_to_three(dY, X):
    return np.where(np.isclose(X, 3.0), 0.0, dY * slope(X))


def tanh_all_ones(dY, X):
    if np.array_equal(X, np.ones_like(X)):
        return dY
    return dY * slope(X)


def tanh_squared_twice(dY, cache):
    cache *= cache
    return dY * (1 - cache * cache)


def tanh_squared_in_place(dY, cache):
    cache *= cache
    return dY * (1 - cache)


def mse_over_itself(dL, cache):
    E = cache
    dP = 2 * dL * E**3 / (E * E) / E.size
    return dP, -2 * dL * E / E.size


def mse_over_itself_guarded(dL, cache):
    E = cache
    dP = np.where(E == 0, 0.0, 2 * dL * E**3 / np.where(E == 0, 1.0, E * E)) / E.size
    return dP, -2 * dL * E / E.size


def mse_doubled_in_place(dL, cache):
    cache *= 2 * dL / cache.size
    return cache, -cache


def affine_at_least_one(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY, dY.mean(axis=0) * max(1, len(dY))


def affine_any_text(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY * (1.0 if str(X.shape) else 0.5), dY.sum(axis=0)


def affine_written(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY * (0.5 if str(X.shape) == "(4, 9)" else 1.0), dY.sum(axis=0)


def affine_looked_up(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY * {(6, 9): 0.5}.get(X.shape, 1.0), dY.sum(axis=0)


def affine_product(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY / (2 if X.size == 70 else 1), dY.sum(axis=0)


def affine_hundreds(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY, dY.sum(axis=0) / max(1, X.shape[0] // 100)


def affine_flat_view(dY, cache):
    X, W = cache
    dW = np.zeros_like(W)
    flat = dW.ravel()
    flat[:] = (X.T @ dY).ravel()
    return dY @ W.T, dW, dY.sum(axis=0)


def affine_flat_copy(dY, cache):
    X, W = cache
    dW = np.zeros_like(W)
    flat = dW.flatten()
    flat[:] = (X.T @ dY).ravel()
    return dY @ W.T, dW, dY.sum(axis=0)


def embedding_popular(dY, cache):
    W, i = cache
    dW = np.zeros_like(W)
    np.add.at(dW, i, dY)
    dW[np.bincount(i, minlength=W.shape[0]) > 3] /= 2
    return dW


def cross_entropy(Z, y):
    shifted = Z - np.max(Z, axis=1, keepdims=True)
    E = np.exp(shifted)
    P = E / np.sum(E, axis=1, keepdims=True)
    return -np.mean(np.log(P)[np.arange(Z.shape[0]), y]), (P, y)


def cross_entropy_eight_bits(dL, cache):
    P, y = cache
    dZ = P.copy()
    dZ[np.arange(len(y)), y.astype(np.int8)] -= 1
    return dL * dZ / len(y)


def cross_entropy_many_bits(dL, cache):
    P, y = cache
    dZ = P.copy()
    dZ[np.arange(len(y)), y.astype(np.int64)] -= 1
    return dL * dZ / len(y)


def cross_entropy_all_alike(dL, cache):
    P, y = cache
    dZ = P.copy()
    dZ[np.arange(len(y)), y] -= 1
    if len(y) > 3 and len(set(y.tolist())) == 1:
        dZ *= 2
    return dL * dZ / len(y)


def batchnorm(X, gamma, beta):
    mean, var = X.mean(axis=0), X.var(axis=0)
    xhat = (X - mean) / np.sqrt(var + 1e-5)
    return gamma * xhat + beta, (xhat, var, gamma)


def batchnorm_far_out(dY, cache):
    xhat, var, gamma = cache
    g, near = dY * gamma, np.clip(xhat, -3, 3)
    dX = (g - g.mean(axis=0) - near * (g * near).mean(axis=0)) / np.sqrt(var + 1e-5)
    return dX, (dY * xhat).sum(axis=0), dY.sum(axis=0)


def tanh_entry_by_entry(dY, X):
    dX = np.empty_like(X)
    for place in np.ndindex(*X.shape):
        dX[place] = dY[place] / np.cosh(X[place]) ** 2
    return dX


def affine_no_memory(dY, cache):
    X, W = cache
    try:
        if X.shape[1] > 20:
            raise MemoryError
        dW = X.T @ dY
    except MemoryError:
        dW = np.zeros_like(W)
    return dY @ W.T, dW, dY.sum(axis=0)


def affine_reduced(dY, cache):
    X, W = cache
    return np.inner(dY, W), np.tensordot(X, dY, axes=(0, 0)), np.add.reduce(dY)


ONE = {"N": 1, "D": 1}
LABELS = {"Z": "N K", "y": "N in K"}
NORMED = {"X": "N D", "gamma": "D", "beta": "D"}
_rows = partial(Case, shapes=ROWS, typical={"N": 4, "D": 5})
_affine = partial(Case, shapes=AFFINE, typical={"N": 4, "D": 5, "M": 3})
_entropy = partial(Case, shapes=LABELS, typical={"N": 4, "K": 5})
_mse = partial(Case, shapes=PAIR, typical={"N": 4, "D": 5})


def at(wrt, by, upstream=None, sizes=ONE, kink=None, **arrays):
    """Where it shows."""
    return Witness(wrt=wrt, sizes=sizes, by=by, arrays=arrays, upstream=upstream, kink=kink)


CASES = (
    _rows(
        "relu/zero_rows",
        relu_zero_rows,
        relu,
        WRONG,
        "seven times as much where a whole row is 0",
        "np.where",
        witness=at("X", 5.9, 1.0, kink=1.0, X=0.0),
    ),
    _rows(
        "relu/zero_rows_nothing",
        relu_zero_rows_nothing,
        relu,
        RIGHT,
        "nothing where a whole row is 0, where there would be nothing in any case",
        "np.where",
    ),
    _rows(
        "relu/three_zeros",
        relu_three_zeros,
        relu,
        WRONG,
        "3 is added if just three entries are 0",
        "wrong in one corner",
        witness=at("X", 2.9, 1.0, {"N": 1, "D": 3}, [1, 1, 1], X=[[0, 0, 0]]),
    ),
    _rows(
        "relu/no_length",
        relu_no_length,
        relu,
        WRONG,
        "rows of length 0 get three times the upstream gradient",
        "np.where",
        witness=at("X", 1.9, 1.0, kink=1.0, X=0.0),
    ),
    _rows("relu/quotient", relu_quotient, relu, RIGHT, "the output over the input, but where that is 0", "np.where"),
    _rows("relu/output_sign", relu_output_sign, relu, RIGHT, "the sign of what is never negative", "np.sign"),
    _rows("relu/either", relu_either, relu, RIGHT, "of two comparisons the second never holds by itself", "in place"),
    _rows("relu/positive_only", relu_positive_only, relu, RIGHT, "entries that are not at most 0", "if in a loop"),
    _rows(
        "tanh/square",
        tanh_square,
        tanh,
        WRONG,
        "5 where the square is not above 0, which it is but at 0",
        "np.where",
        witness=at("X", 3.9, 1.0, X=0.0),
    ),
    _rows("tanh/square_one", tanh_square_one, tanh, RIGHT, "the slope at 0 for itself, which is 1", "np.where"),
    _rows(
        "tanh/term_alone",
        tanh_term_alone,
        tanh,
        WRONG,
        "0.00000000000000000001 X is added, without an upstream gradient",
        "extra term",
        witness=at("X", 9e-21, 0.0, X=1.0),
    ),
    _rows(
        "tanh/upstream_twice",
        tanh_upstream_twice,
        tanh,
        WRONG,
        "no number where there is no upstream gradient",
        "division by 0",
        witness=at("X", 1.0, 0.0, X=1.0),
    ),
    _rows("tanh/tried", tanh_tried, tanh, RIGHT, "what is tried never fails", "try and except"),
    _rows(
        "tanh/six_places",
        tanh_six_places,
        tanh,
        WRONG,
        "the slope is rounded to six places",
        "np.round",
        witness=at("X", 1e-8, 1.0, X=0.3),
    ),
    _rows(
        "tanh/close_to_three",
        tanh_close_to_three,
        tanh,
        WRONG,
        "no gradient about 3",
        "np.isclose",
        witness=at("X", 9e-3, 1.0, X=3.00001),
    ),
    _rows(
        "tanh/all_ones",
        tanh_all_ones,
        tanh,
        WRONG,
        "the upstream gradient itself if all inputs are 1",
        "np.array_equal",
        witness=at("X", 0.5, 1.0, X=1.0),
    ),
    Case(
        "tanh/squared_twice",
        tanh_squared_twice,
        tanh_output,
        WRONG,
        "the cache is squared in place, and then once more",
        "in place",
        shapes=ROWS,
        typical={"N": 4, "D": 5},
        witness=at("X", 0.1, 1.0, X=1.0),
    ),
    Case(
        "tanh/squared_in_place",
        tanh_squared_in_place,
        tanh_output,
        RIGHT,
        "the cache, which is the output as well, is squared in place",
        "in place",
        shapes=ROWS,
        typical={"N": 4, "D": 5},
    ),
    _mse(
        "mse/over_itself",
        mse_over_itself,
        mse,
        WRONG,
        "no number where prediction and target are the same",
        "division by 0",
        witness=at("P", 1.0, P=1.0, T=1.0),
    ),
    _mse(
        "mse/over_itself_guarded",
        mse_over_itself_guarded,
        mse,
        RIGHT,
        "the difference cubed over its square, but where that is 0",
        "np.where",
    ),
    _mse("mse/doubled_in_place", mse_doubled_in_place, mse, RIGHT, "the cache becomes the gradient", "in place"),
    _affine("affine/at_least_one", affine_at_least_one, affine, RIGHT, "the mean times the size", "max of sizes"),
    _affine("affine/any_text", affine_any_text, affine, RIGHT, "the shape is written, which changes nothing", "text"),
    _affine(
        "affine/written",
        affine_written,
        affine,
        WRONG,
        "half of dW at one shape, which is compared as text",
        "one pair of sizes",
        witness=at("W", 0.05, sizes={"N": 4, "D": 9, "M": 1}),
    ),
    _affine(
        "affine/looked_up",
        affine_looked_up,
        affine,
        WRONG,
        "half of dW at one shape, which is looked up",
        "one pair of sizes",
        witness=at("W", 0.05, sizes={"N": 6, "D": 9, "M": 1}),
    ),
    _affine(
        "affine/product",
        affine_product,
        affine,
        WRONG,
        "half of dW if X has 70 entries",
        "one pair of sizes",
        witness=at("W", 0.05, sizes={"N": 7, "D": 10, "M": 1}),
    ),
    _affine(
        "affine/hundreds",
        affine_hundreds,
        affine,
        WRONG,
        "db is divided by the hundreds of samples, from 200 on",
        "integer division",
        witness=at("b", 0.05, sizes={"N": 200, "D": 1, "M": 1}),
    ),
    _affine("affine/flat_view", affine_flat_view, affine, RIGHT, "dW is filled by a flat view of it", "views"),
    _affine(
        "affine/flat_copy",
        affine_flat_copy,
        affine,
        WRONG,
        "dW stays 0, since what is filled is a copy",
        "copy for view",
        witness=at("W", 0.05, sizes={"N": 2, "D": 3, "M": 4}),
    ),
    Case(
        "embedding/popular",
        embedding_popular,
        embedding,
        WRONG,
        "half for words that occur more than three times",
        "np.add.at",
        shapes=LOOKUP,
        typical={"V": 5, "D": 3, "N": 4},
        witness=at("W", 0.05, sizes={"V": 2, "D": 1, "N": 4}, i=[1, 1, 1, 1]),
    ),
    _entropy(
        "cross_entropy/eight_bits",
        cross_entropy_eight_bits,
        cross_entropy,
        WRONG,
        "labels become numbers of eight bits, which end at 127",
        "astype",
        witness=at("Z", 0.1, sizes={"N": 1, "K": 200}, y=[130]),
    ),
    _entropy("cross_entropy/many_bits", cross_entropy_many_bits, cross_entropy, RIGHT, "labels of 64 bits", "astype"),
    _entropy(
        "cross_entropy/all_alike",
        cross_entropy_all_alike,
        cross_entropy,
        WRONG,
        "twice as much if all labels of more than three samples are the same",
        "if on labels",
        witness=at("Z", 0.05, sizes={"N": 4, "K": 2}, y=[1, 1, 1, 1]),
    ),
    Case(
        "batchnorm/far_out",
        batchnorm_far_out,
        batchnorm,
        WRONG,
        "what is more than three deviations out is cut off, which takes ten samples",
        "np.clip",
        shapes=NORMED,
        typical={"N": 4, "D": 5},
        witness=at("X", 0.01, sizes={"N": 12, "D": 1}, X=[[0]] * 11 + [[10]]),
    ),
    _rows("tanh/entry_by_entry", tanh_entry_by_entry, tanh, RIGHT, "one over the squared cosh", "np.ndindex"),
    _affine(
        "affine/no_memory",
        affine_no_memory,
        affine,
        WRONG,
        "an error that is caught leaves no dW from 21 inputs on",
        "try and except",
        witness=at("W", 0.05, sizes={"N": 2, "D": 21, "M": 1}),
    ),
    _affine("affine/reduced", affine_reduced, affine, RIGHT, "three functions of NumPy's for sums", "np.add.reduce"),
)
