"""Backward functions of an LSTM cell; hidden state and cell state come out side by side."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D", "H": "N M", "C": "N M", "W": "D 4*M", "U": "M 4*M", "b": "4*M"}
TYPICAL = {"N": 2, "D": 3, "M": 2}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward(X, H, C, W, U, b):
    M = H.shape[1]
    Z = X @ W + H @ U + b
    i, f, a, o = sigmoid(Z[:, :M]), sigmoid(Z[:, M : 2 * M]), np.tanh(Z[:, 2 * M : 3 * M]), sigmoid(Z[:, 3 * M :])
    R = f * C + i * a
    t = np.tanh(R)
    return np.concatenate([o * t, R], axis=1), (X, H, C, W, U, i, f, a, o, t)


class LSTMCell:
    """Gates in a dict on self."""

    def forward(self, X, H, C, W, U, b):
        self.inputs = (X, H, C, W, U)
        gates = dict(zip("ifao", np.split(X @ W + H @ U + b, 4, axis=1), strict=True))
        self.gates = {name: np.tanh(z) if name == "a" else sigmoid(z) for name, z in gates.items()}
        self.R = self.gates["f"] * C + self.gates["i"] * self.gates["a"]
        return np.concatenate([self.gates["o"] * np.tanh(self.R), self.R], axis=1)

    def backward(self, dout):
        X, H, C, W, U = self.inputs
        i, f, a, o = (self.gates[name] for name in "ifao")
        dh, dr = np.split(dout, 2, axis=1)
        t = np.tanh(self.R)
        dr = dr + dh * o * (1 - t**2)
        parts = {"i": dr * a, "f": dr * C, "a": dr * i, "o": dh * t}
        slopes = {name: 1 - g**2 if name == "a" else g - g**2 for name, g in self.gates.items()}
        dZ = np.hstack([parts[name] * slopes[name] for name in "ifao"])
        self.dW, self.dU, self.db = X.T @ dZ, H.T @ dZ, dZ.sum(axis=0)
        return dZ @ W.T, dZ @ U.T, dr * f


def _rest(dZ, dC, X, H, W, U):
    return dZ @ W.T, dZ @ U.T, dC, X.T @ dZ, H.T @ dZ, dZ.sum(axis=0)


def backward_joined(dY, cache):
    X, H, C, W, U, i, f, a, o, t = cache
    M = H.shape[1]
    dH, dR = dY[:, :M], dY[:, M:] + dY[:, :M] * o * (1 - t**2)
    dZ = np.concatenate([dR * a * i * (1 - i), dR * C * f * (1 - f), dR * i * (1 - a**2), dH * t * o * (1 - o)], axis=1)
    return _rest(dZ, dR * f, X, H, W, U)


def backward_assigned(dY, cache):
    X, H, C, W, U, i, f, a, o, t = cache
    N, M = H.shape
    dR = dY[:, M:].copy()
    dR += dY[:, :M] * o
    dR -= dY[:, :M] * o * t * t
    dZ = np.empty((N, 4 * M))
    dZ[:, :M] = dR * a
    dZ[:, M : 2 * M] = dR * C
    dZ[:, 2 * M : 3 * M] = dR * i
    dZ[:, 3 * M :] = dY[:, :M] * t
    for place, gate in enumerate((i, f, a, o)):
        dZ[:, place * M : (place + 1) * M] *= 1 - gate**2 if place == 2 else gate * (1 - gate)
    return _rest(dZ, dR * f, X, H, W, U)


def backward_no_path_through_output(dY, cache):
    X, H, C, W, U, i, f, a, o, t = cache
    M = H.shape[1]
    dH, dR = dY[:, :M], dY[:, M:]
    dZ = np.concatenate([dR * a * i * (1 - i), dR * C * f * (1 - f), dR * i * (1 - a**2), dH * t * o * (1 - o)], axis=1)
    return _rest(dZ, dR * f, X, H, W, U)


def backward_new_cell_state(dY, cache):
    X, H, C, W, U, i, f, a, o, t = cache
    M = H.shape[1]
    R = f * C + i * a
    dH, dR = dY[:, :M], dY[:, M:] + dY[:, :M] * o * (1 - t**2)
    dZ = np.concatenate([dR * a * i * (1 - i), dR * R * f * (1 - f), dR * i * (1 - a**2), dH * t * o * (1 - o)], axis=1)
    return _rest(dZ, dR * f, X, H, W, U)


def backward_candidate_as_sigmoid(dY, cache):
    X, H, C, W, U, i, f, a, o, t = cache
    M = H.shape[1]
    dH, dR = dY[:, :M], dY[:, M:] + dY[:, :M] * o * (1 - t**2)
    dZ = np.concatenate(
        [dR * a * i * (1 - i), dR * C * f * (1 - f), dR * i * a * (1 - a), dH * t * o * (1 - o)], axis=1
    )
    return _rest(dZ, dR * f, X, H, W, U)


def backward_gate_for_state(dY, cache):
    X, H, C, W, U, i, f, a, o, t = cache
    M = H.shape[1]
    dH, dR = dY[:, :M], dY[:, M:] + dY[:, :M] * o * (1 - t**2)
    dZ = np.concatenate([dR * a * i * (1 - i), dR * C * f * (1 - f), dR * i * (1 - a**2), dH * t * o * (1 - o)], axis=1)
    return _rest(dZ, dR * i, X, H, W, U)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
ONE = {"N": 1, "D": 1, "M": 1}

CASES = (
    case("lstm_cell/on_self", LSTMCell.backward, LSTMCell.forward, RIGHT, "gates in a dict", "class", owner=LSTMCell),
    case("lstm_cell/joined", backward_joined, forward, RIGHT, "four gates side by side", "concatenate"),
    case("lstm_cell/assigned", backward_assigned, forward, RIGHT, "gates assigned, then multiplied", "in place"),
    case(
        "lstm_cell/no_path_through_output",
        backward_no_path_through_output,
        forward,
        WRONG,
        "the cell state gets nothing from the hidden state",
        "term lost",
        witness=Witness(wrt="C", also=("X", "H", "W", "U", "b"), sizes=ONE, by=0.2),
    ),
    case(
        "lstm_cell/new_cell_state",
        backward_new_cell_state,
        forward,
        WRONG,
        "the forget gate is made from the new cell state",
        "stale cache",
        witness=Witness(wrt="b", also=("X", "H", "W", "U"), sizes=ONE, by=0.0001),
    ),
    case(
        "lstm_cell/candidate_as_sigmoid",
        backward_candidate_as_sigmoid,
        forward,
        WRONG,
        "the candidate has the derivative of a sigmoid",
        "wrong derivative",
        witness=Witness(wrt="b", also=("X", "H", "W", "U"), sizes=ONE, by=0.006),
    ),
    case(
        "lstm_cell/gate_for_state",
        backward_gate_for_state,
        forward,
        WRONG,
        "the old cell state is multiplied by the input gate instead of the forget gate",
        "inputs swapped",
        witness=Witness(wrt="C", sizes=ONE, by=0.08),
    ),
)
