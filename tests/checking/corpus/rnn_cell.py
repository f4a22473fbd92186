"""Backward functions of a recurrent cell."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D", "H": "N M", "W": "D M", "U": "M M", "b": "M"}
TYPICAL = {"N": 3, "D": 2, "M": 4}


def forward(X, H, W, U, b):
    T = np.tanh(X @ W + H @ U + b)
    return T, (X, H, W, U, T)


class Cell:
    """Keeps what the last call saw."""

    def forward(self, X, H, W, U, b):
        self.saved = X, H, W, U
        self.out = np.tanh(np.dot(X, W) + np.dot(H, U) + b)
        return self.out

    def backward(self, dout):
        X, H, W, U = self.saved
        da = dout * (1 - self.out * self.out)
        self.dW, self.dU, self.db = X.T.dot(da), H.T.dot(da), da.sum(axis=0)
        return da.dot(W.T), da.dot(U.T)


def backward_stacked(dY, cache):
    X, H, W, U, T = cache
    D = X.shape[1]
    A = (1 - T**2) * dY
    dinputs = A @ np.concatenate([W, U]).T
    dweights = np.concatenate([X, H], axis=1).T @ A
    return dinputs[:, :D], dinputs[:, D:], dweights[:D], dweights[D:], A.sum(axis=0)


def backward_samples(dY, cache):
    X, H, W, U, T = cache
    dX, dH, dW, dU = np.zeros_like(X), np.zeros_like(H), np.zeros_like(W), np.zeros_like(U)
    db = np.zeros(W.shape[1])
    for n in range(X.shape[0]):
        a = dY[n] - dY[n] * T[n] * T[n]
        dX[n], dH[n] = W @ a, U @ a
        dW += X[n][:, None] * a[None, :]
        dU += H[n][:, None] * a[None, :]
        db += a
    return dX, dH, dW, dU, db


def backward_new_state(dY, cache):
    X, H, W, U, T = cache
    A = dY * (1 - T**2)
    return A @ W.T, A @ U.T, X.T @ A, T.T @ A, A.sum(axis=0)


def backward_recurrent_not_transposed(dY, cache):
    X, H, W, U, T = cache
    A = dY * (1 - T**2)
    return A @ W.T, A @ U, X.T @ A, H.T @ A, A.sum(axis=0)


def backward_state_before_tanh(dY, cache):
    X, H, W, U, T = cache
    A = dY * (1 - T**2)
    return A @ W.T, dY @ U.T, X.T @ A, H.T @ A, A.sum(axis=0)


def backward_clipped(dY, cache):
    X, H, W, U, T = cache
    A = dY * (1 - T**2)
    found = A @ W.T, A @ U.T, X.T @ A, H.T @ A, A.sum(axis=0)
    return tuple(np.clip(gradient, -5, 5) for gradient in found)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
ONE = {"N": 1, "D": 1, "M": 1}

CASES = (
    case("rnn_cell/on_self", Cell.backward, Cell.forward, RIGHT, "dW, dU and db stay on self", "class", owner=Cell),
    case("rnn_cell/stacked", backward_stacked, forward, RIGHT, "input and state as one matrix", "concatenate, slices"),
    case("rnn_cell/samples", backward_samples, forward, RIGHT, "outer products by broadcasting", "loop over samples"),
    case(
        "rnn_cell/new_state",
        backward_new_state,
        forward,
        WRONG,
        "dU is made from the new state instead of the old",
        "stale cache",
        witness=Witness(wrt="U", sizes=ONE, by=0.3),
    ),
    case(
        "rnn_cell/recurrent_not_transposed",
        backward_recurrent_not_transposed,
        forward,
        WRONG,
        "U is square, so nothing complains that it is not transposed",
        "transpose",
        witness=Witness(wrt="H", sizes={"N": 1, "D": 1, "M": 2}, by=0.2),
    ),
    case(
        "rnn_cell/state_before_tanh",
        backward_state_before_tanh,
        forward,
        WRONG,
        "the old state's gradient goes past tanh",
        "factor lost",
        witness=Witness(wrt="H", sizes=ONE, by=0.0001),
    ),
    case(
        "rnn_cell/clipped",
        backward_clipped,
        forward,
        WRONG,
        "the gradients are clipped to [-5, 5]",
        "branch never visited",
        witness=Witness(
            wrt="b",
            also=("X", "H", "W", "U"),
            sizes=ONE,
            # Nothing arrives at tanh, so that all gradients are 8, or -8.
            arrays={"X": 1, "H": 1, "W": 1, "U": -1, "b": 0},
            upstream=8.0,
            by=2.9,
        ),
    ),
)
