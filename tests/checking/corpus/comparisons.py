"""Backward functions that compare values: rightly in odd ways, or wrongly on a side that inputs seldom come to."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

ROWS = {"X": "N D"}
AFFINE = {"X": "N D", "W": "D M", "b": "M"}
SOFTMAX = {"Z": "N K"}
PAIR = {"P": "N D", "T": "N D"}
LOGITS = {"z": "N", "t": "N"}
LAYERNORM = {"X": "N D", "gamma": "D", "beta": "D"}


def tanh(X):
    return np.tanh(X), X


def slope(X):
    return 1 - np.tanh(X) ** 2


def tanh_by_sides(dY, X):
    e = np.exp(-2 * np.abs(X))
    T = np.where(X >= 0, 1, -1) * (1 - e) / (1 + e)
    return dY * (1 - T * T)


def tanh_clipped_within(dY, X):
    return dY * (1 - np.clip(np.tanh(X), -1, 1) ** 2)


def tanh_nothing_to_do(dY, X):
    if not X.any():
        return dY.copy()
    return dY * slope(X)


def tanh_window(dY, X):
    return dY * np.where(X > 2, np.where(X < 2.5, 0.0, slope(X)), slope(X))


def tanh_slope_floor(dY, X):
    return dY * np.maximum(slope(X), 1e-8)


def tanh_large_and_small(dY, X):
    dX = dY * slope(X)
    for n in range(X.shape[0]):
        for d in range(X.shape[1]):
            if X[n, d] * dY[n, d] > 50:
                if X[n, d] < 1:
                    dX[n, d] = 0
    return dX


def tanh_far_apart(dY, X):
    dX = dY * slope(X)
    return -dX if X.shape[1] > 1 and X[0, 0] > X[0, 1] + 40 else dX


def relu(X):
    return np.maximum(X, 0), X


def relu_all_below(dY, X):
    if (X <= 0).all():
        return np.zeros_like(X)
    return dY * (X > 0)


def relu_below_a_hundred(dY, X):
    return dY * (np.clip(X, -np.inf, 100.0) == X) * (X > 0)


def relu_none_is_huge(dY, X):
    return dY if np.any(X > 1e5) else dY * (X > 0)


def leaky_relu(X):
    return np.where(X > 0, X, 0.01 * X), X


def leaky_relu_by_sign(dY, X):
    return dY * (0.505 + 0.495 * np.sign(X))


def leaky_relu_late_corner(dY, X):
    return dY * (0.505 + 0.495 * np.sign(X + 1e-9))


def sigmoid(X):
    S = 1 / (1 + np.exp(-X))
    return S, S


def sigmoid_smaller_side(dY, cache):
    side = np.minimum(cache, 1 - cache)
    return dY * side * (1 - side)


def affine(X, W, b):
    return X @ W + b, (X, W)


def affine_large_cut(dY, cache):
    X, W = cache
    dW = X.T @ dY
    dW[dW > 1e3] = 1e3
    return dY @ W.T, dW, dY.sum(axis=0)


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    S = E / E.sum(axis=1, keepdims=True)
    return S, S


def softmax_largest_by_loop(dY, cache):
    S, dZ = cache, np.zeros_like(cache)
    for n in range(S.shape[0]):
        largest = float("-inf")
        for s in S[n]:
            if s > largest:
                largest = s
        p = S[n] / largest
        p = p / p.sum()
        dZ[n] = p * (dY[n] - dY[n] @ p)
    return dZ


def softmax_certain(dY, cache):
    S = cache
    if S.max() > 0.9999:
        return np.zeros_like(S)
    return S * (dY - (dY * S).sum(axis=1, keepdims=True))


def softmax_ties(dY, cache):
    S = cache
    largest = np.equal(S, S.max(axis=1, keepdims=True)) * 1.0
    dZ = S * (dY - (dY * S).sum(axis=1, keepdims=True))
    return np.where(largest.sum(axis=1, keepdims=True) > 1, 0.0, dZ)


def l2norm(X):
    r = np.sqrt(np.sum(X**2, axis=1, keepdims=True) + 1e-8)
    return X / r, (X, r)


def l2norm_guarded(dY, cache):
    X, r = cache
    Y = X / r
    return np.where(r > 0, (dY - Y * (dY * Y).sum(axis=1, keepdims=True)) / np.where(r > 0, r, 1.0), 0.0)


def l2norm_short_rows(dY, cache):
    X, r = cache
    r = np.maximum(r, 1e-3)
    Y = X / r
    return (dY - Y * (dY * Y).sum(axis=1, keepdims=True)) / r


def mse(P, T):
    E = P - T
    return np.mean(E**2), (P, T, E)


def mse_size_and_sign(dL, cache):
    _, _, E = cache
    dP = 2 * dL * np.abs(E) * np.sign(E) / E.size
    return dP, -dP


def mse_narrow_window(dL, cache):
    _, _, E = cache
    return dL * np.where(np.abs(E - 30.25) < 1e-3, 0.0, 2 * E) / E.size, -dL * 2 * E / E.size


def mse_two_conditions(dL, cache):
    P, T, E = cache
    dP = dL * 2 * E / E.size
    return np.where((P > 30) & (T < -20), -dP, dP), -dP


def mse_both_zero(dL, cache):
    P, T, E = cache
    dP = dL * 2 * E / E.size
    return np.where((P == 0) & (T == 0), 1.0, dP), -dP


def huber(P, T):
    E = P - T
    size = np.abs(E)
    return np.mean(np.where(size > 1, size - 0.5, 0.5 * E**2)), (E,)


def huber_by_larger(dL, cache):
    (E,) = cache
    dP = dL * E / np.maximum(np.abs(E), 1) / E.size
    return dP, -dP


def bce(z, t):
    return np.mean(np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))), (z, t)


def bce_undecided(dL, cache):
    z, t = cache
    return np.where(t == 0.5, 0.0, dL * (1 / (1 + np.exp(-z)) - t) / z.size)


def layernorm(X, gamma, beta):
    mean, var = X.mean(axis=1, keepdims=True), X.var(axis=1, keepdims=True)
    xhat = (X - mean) / np.sqrt(var + 1e-5)
    return gamma * xhat + beta, (xhat, var, gamma)


def layernorm_flat_rows(dY, cache):
    xhat, var, gamma = cache
    g = dY * gamma
    dX = g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True)
    dX = dX / np.sqrt(var + 1e-5)
    dX[var[:, 0] < 1e-8] = 0
    return dX, (dY * xhat).sum(axis=0), dY.sum(axis=0)


SMALL = {"N": 1, "D": 1}
_rows = partial(Case, shapes=ROWS, typical={"N": 4, "D": 5})
_affine = partial(Case, shapes=AFFINE, typical={"N": 4, "D": 5, "M": 3})
_softmax = partial(Case, shapes=SOFTMAX, typical={"N": 4, "K": 5})
_pair = partial(Case, shapes=PAIR, typical={"N": 4, "D": 5})
_bce = partial(Case, shapes=LOGITS, typical={"N": 5}, draws={"t": "between 0 and 1"}, inputs={"t": [0, 1, 1, 0, 1]})
_layernorm = partial(Case, shapes=LAYERNORM, typical={"N": 4, "D": 5})


def at(wrt, by, upstream=None, sizes=SMALL, also=(), **arrays):
    """Where it shows."""
    return Witness(wrt=wrt, sizes=sizes, by=by, arrays=arrays, upstream=upstream, also=also)


CASES = (
    _rows("tanh/by_sides", tanh_by_sides, tanh, RIGHT, "exp of what is negative only, and the sign", "np.where"),
    _rows("tanh/clipped_within", tanh_clipped_within, tanh, RIGHT, "a clip that never changes anything", "np.clip"),
    _rows("tanh/nothing_to_do", tanh_nothing_to_do, tanh, RIGHT, "returns early if all inputs are 0", "if on values"),
    _rows(
        "tanh/window",
        tanh_window,
        tanh,
        WRONG,
        "no gradient between 2 and 2.5",
        "branch in a branch",
        witness=at("X", 0.04, 1.0, X=2.25),
    ),
    _rows(
        "tanh/slope_floor",
        tanh_slope_floor,
        tanh,
        WRONG,
        "the slope is at least 0.00000001",
        "branch never visited",
        witness=at("X", 9e-9, 1.0, X=12.0),
    ),
    _rows(
        "tanh/large_and_small",
        tanh_large_and_small,
        tanh,
        WRONG,
        "a branch that input and upstream gradient open only together",
        "if in an if",
        witness=at("X", 1.0, -40.0, X=-2.0),
    ),
    _rows(
        "tanh/far_apart",
        tanh_far_apart,
        tanh,
        WRONG,
        "the sign changes if two entries of a row are far apart",
        "if on two entries",
        witness=at("X", 0.1, 1.0, {"N": 1, "D": 2}, X=[[41, 0]]),
    ),
    _rows("relu/all_below", relu_all_below, relu, RIGHT, "returns early if no entry is positive", "if on values"),
    _rows(
        "relu/below_a_hundred",
        relu_below_a_hundred,
        relu,
        WRONG,
        "no gradient above 100; the other limit is infinite",
        "branch never visited",
        witness=at("X", 0.9, 1.0, X=101.0),
    ),
    _rows(
        "relu/none_is_huge",
        relu_none_is_huge,
        relu,
        WRONG,
        "one entry above 100 000 opens the way for all",
        "if on values",
        witness=at("X", 0.9, 1.0, {"N": 1, "D": 2}, X=[[2e5, -1]]),
    ),
    _rows(
        "leaky_relu/by_sign",
        leaky_relu_by_sign,
        leaky_relu,
        RIGHT,
        "the mean slope and half the step",
        "np.sign",
        rounded=True,
    ),
    _rows(
        "leaky_relu/late_corner",
        leaky_relu_late_corner,
        leaky_relu,
        WRONG,
        "the corner is at -0.000000001",
        "branch never visited",
        witness=at("X", 0.9, 1.0, X=-5e-10),
    ),
    _rows(
        "sigmoid/smaller_side", sigmoid_smaller_side, sigmoid, RIGHT, "S or 1 - S, whichever is smaller", "np.minimum"
    ),
    _affine(
        "affine/large_cut",
        affine_large_cut,
        affine,
        WRONG,
        "entries of dW above 1000 are cut off",
        "branch never visited",
        witness=at("W", 400.0, 1.0, {"N": 1, "D": 1, "M": 1}, X=1500.0),
    ),
    _softmax(
        "softmax/largest_by_loop",
        softmax_largest_by_loop,
        softmax,
        RIGHT,
        "shifted by the largest again, which a loop finds from minus infinity on",
        "if on values",
    ),
    _softmax(
        "softmax/certain",
        softmax_certain,
        softmax,
        WRONG,
        "no gradient at all if any probability is above 0.9999",
        "if on values",
        witness=at("Z", 4e-5, None, {"N": 1, "K": 2}, Z=[[10, 0]]),
    ),
    _softmax(
        "softmax/ties",
        softmax_ties,
        softmax,
        WRONG,
        "no gradient where two entries are equal and the largest",
        "wrong at single points",
        witness=at("Z", 0.1, None, {"N": 1, "K": 2}, Z=[[1, 1]]),
    ),
    _rows("l2norm/guarded", l2norm_guarded, l2norm, RIGHT, "rows of length 0 would get no gradient", "np.where"),
    _rows(
        "l2norm/short_rows",
        l2norm_short_rows,
        l2norm,
        WRONG,
        "lengths below 0.001 are raised to it, on the way back only",
        "branch never visited",
        witness=at("X", 100.0, 1.0, X=5e-4),
    ),
    _pair("mse/size_and_sign", mse_size_and_sign, mse, RIGHT, "the size of the difference times its sign", "np.sign"),
    _pair(
        "mse/narrow_window",
        mse_narrow_window,
        mse,
        WRONG,
        "no gradient where the difference is nearly 30.25",
        "branch never visited",
        witness=at("P", 60.0, P=30.25, T=0.0),
    ),
    _pair(
        "mse/two_conditions",
        mse_two_conditions,
        mse,
        WRONG,
        "the sign changes where the prediction is large and the target small",
        "two conditions",
        witness=at("P", 200.0, P=31.0, T=-21.0),
    ),
    _pair(
        "mse/both_zero",
        mse_both_zero,
        mse,
        WRONG,
        "1 where prediction and target are both 0",
        "wrong at one point",
        witness=at("P", 0.9, P=0.0, T=0.0),
    ),
    _pair("huber/by_larger", huber_by_larger, huber, RIGHT, "divided by its size where that is above 1", "np.maximum"),
    _bce(
        "bce_with_logits/undecided",
        bce_undecided,
        bce,
        WRONG,
        "no gradient for targets of exactly 1/2",
        "wrong at single targets",
        returns="dz",
        witness=at("z", 0.2, sizes={"N": 1}, z=1.0, t=0.5),
    ),
    _layernorm(
        "layernorm/flat_rows",
        layernorm_flat_rows,
        layernorm,
        WRONG,
        "rows of variance below 0.00000001 get no gradient",
        "mask of rows",
        witness=at("X", 10.0, None, {"N": 1, "D": 2}, X=[[1, 1]], gamma=[1, 2]),
    ),
)
