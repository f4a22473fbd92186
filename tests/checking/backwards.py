"""Backward functions in several styles, right and wrong; what is right is the textbook's formula, and PyTorch's."""

from __future__ import annotations

import numpy as np

# Affine: Y = X W + b.


def affine(X: "N D", W: "D M", b: "M"):
    return X @ W + b, (X, W)


def affine_matrices(dout, cache):
    X, W = cache
    return dout @ W.T, X.T @ dout, dout.sum(axis=0)


def affine_einsum(dout, cache):
    X, W = cache
    return np.einsum("nm,dm->nd", dout, W), np.einsum("nd,nm->dm", X, dout), np.einsum("nm->m", dout)


def affine_loops(dout, cache):
    X, W = cache
    dX, dW, db = np.zeros(X.shape), np.zeros_like(W), np.zeros(W.shape[1])
    for n in range(X.shape[0]):
        for m in range(W.shape[1]):
            dX[n] += dout[n, m] * W[:, m]
            dW[:, m] += dout[n, m] * X[n]
            db[m] += dout[n, m]
    return dX, dW, db


def affine_first_row(dout, cache):
    X, W = cache
    return dout @ W.T, X.T @ dout, dout[0]


def affine_transposed(dout, cache):
    X, W = cache
    return dout @ W.T, (dout.T @ X), dout.sum(axis=0)


def affine_mean(dout, cache):
    X, W = cache
    return dout @ W.T, X.T @ dout / len(X), dout.mean(axis=0)


# Softmax: every row of S adds up to 1.


def softmax(Z: "N K"):
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    S = powers / powers.sum(axis=1, keepdims=True)
    return S, S


def softmax_fused(dout, S):
    return S * (dout - (dout * S).sum(axis=1, keepdims=True))


def softmax_jacobians(dout, cache):
    S = cache
    dZ = np.empty(S.shape)
    for n in range(len(S)):
        dZ[n] = (np.diag(S[n]) - np.outer(S[n], S[n])) @ dout[n]
    return dZ


def softmax_einsum(dout, S):
    dZ = np.einsum("nk,nk->nk", S, dout)
    dZ -= S * np.einsum("nk,nk->n", S, dout)[:, None]
    return dZ


def softmax_diagonal(dout, S):
    return dout * S * (1 - S)


def softmax_wrong_axis(dout, S):
    return S * (dout - (dout * S).sum(axis=0, keepdims=True))


# Layer normalisation.


def layernorm(X: "N D", gamma: "D", beta: "D"):
    mu = X.mean(axis=1, keepdims=True)
    inverse = 1 / np.sqrt(X.var(axis=1, keepdims=True) + 1e-5)
    xhat = (X - mu) * inverse
    return gamma * xhat + beta, (xhat, inverse, gamma, X - mu)


def layernorm_fused(dout, cache):
    xhat, inverse, gamma, _ = cache
    D = xhat.shape[1]
    dxhat = dout * gamma
    along = xhat * (dxhat * xhat).sum(axis=1, keepdims=True)
    dX = inverse / D * (D * dxhat - dxhat.sum(axis=1, keepdims=True) - along)
    return dX, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def layernorm_staged(dout, cache):
    _, inverse, gamma, centred = cache
    D = centred.shape[1]
    dxhat = dout * gamma
    dvar = np.sum(dxhat * centred * -0.5 * inverse**3, axis=1, keepdims=True)
    dmu = np.sum(-dxhat * inverse, axis=1, keepdims=True) + dvar * np.mean(-2.0 * centred, axis=1, keepdims=True)
    dX = dxhat * inverse
    dX += dvar * 2 * centred / D
    dX += dmu / D
    return dX, np.einsum("nd,nd->d", dout, centred * inverse), dout.sum(axis=0)


def layernorm_rows(dout, cache):
    xhat, inverse, gamma, _ = cache
    dX = np.zeros(xhat.shape)
    for n in range(xhat.shape[0]):
        g = dout[n] * gamma
        dX[n] = (g - g.mean() - xhat[n] * (g * xhat[n]).mean()) * inverse[n]
    return dX, (dout * xhat).sum(0), dout.sum(0)


def layernorm_without_mean(dout, cache):
    xhat, inverse, gamma, _ = cache
    dxhat = dout * gamma
    dX = inverse * (dxhat - xhat * (dxhat * xhat).mean(axis=1, keepdims=True))
    return dX, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def layernorm_epsilon_outside(dout, cache):
    xhat, _, gamma, centred = cache
    inverse = 1 / (np.sqrt((centred**2).mean(axis=1, keepdims=True)) + 1e-5)
    dxhat = dout * gamma
    along = xhat * (dxhat * xhat).mean(axis=1, keepdims=True)
    dX = inverse * (dxhat - dxhat.mean(axis=1, keepdims=True) - along)
    return dX, (dout * xhat).sum(axis=0), dout.sum(axis=0)


# ReLU.


def relu(X: "N D"):
    return np.maximum(X, 0), X


def relu_mask(dout, X):
    return dout * (X > 0)


def relu_in_place(dout, X):
    dX = dout.copy()
    dX[X <= 0] = 0
    return dX


def relu_branches(dout, X):
    dX = np.zeros(X.shape)
    for n in range(X.shape[0]):
        for d in range(X.shape[1]):
            if X[n, d] > 0:
                dX[n, d] = dout[n, d]
    return dX


def relu_sign(dout, X):
    return dout * np.sign(X)


def relu_of_upstream(dout, X):
    return np.maximum(dout, 0) * (X > 0)


# Mean squared error.


def mse(Y: "N D", T: "N D"):
    return np.mean((Y - T) ** 2)


def mse_plain(Y, T):
    return 2 * (Y - T) / Y.size, 2 * (T - Y) / Y.size


def mse_upstream(dout, Y, T):
    d = Y - T
    d *= 2 * dout / (Y.shape[0] * Y.shape[1])
    return d, -d


def mse_loops(Y, T):
    dY = np.zeros(Y.shape)
    for place in np.ndindex(Y.shape):
        dY[place] = (Y[place] - T[place]) * (2 / Y.size)
    return dY, np.negative(dY)


def mse_rows(Y, T):
    return 2 * (Y - T) / Y.shape[0], 2 * (T - Y) / Y.size


def mse_same_sign(Y, T):
    return 2 * (Y - T) / Y.size, 2 * (Y - T) / Y.size


RIGHT = (
    (affine_matrices, affine),
    (affine_einsum, affine),
    (affine_loops, affine),
    (softmax_fused, softmax),
    (softmax_jacobians, softmax),
    (softmax_einsum, softmax),
    (layernorm_fused, layernorm),
    (layernorm_staged, layernorm),
    (layernorm_rows, layernorm),
    (relu_mask, relu),
    (relu_in_place, relu),
    (relu_branches, relu),
    (mse_plain, mse),
    (mse_upstream, mse),
    (mse_loops, mse),
)

WRONG = (
    (affine_first_row, affine, {"b"}),
    (affine_transposed, affine, {"W"}),
    (affine_mean, affine, {"W", "b"}),
    (softmax_diagonal, softmax, {"Z"}),
    (softmax_wrong_axis, softmax, {"Z"}),
    (layernorm_without_mean, layernorm, {"X"}),
    (layernorm_epsilon_outside, layernorm, {"X"}),
    (relu_sign, relu, {"X"}),
    (relu_of_upstream, relu, {"X"}),
    (mse_rows, mse, {"Y"}),
    (mse_same_sign, mse, {"T"}),
)
