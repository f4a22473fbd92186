"""Backward functions of the logistic function."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D"}
TYPICAL = {"N": 4, "D": 5}


def forward(X):
    S = 1 / (1 + np.exp(-X))
    return S, S


def forward_keeping_input(X):
    return 1 / (1 + np.exp(-X)), (X,)


class Sigmoid:
    """Keeps its output on self."""

    def forward(self, X):
        self.out = 1 / (1 + np.exp(-X))
        return self.out

    def backward(self, dout):
        return dout * (1.0 - self.out) * self.out


def backward_stable(dY, cache):
    (X,) = cache
    e = np.exp(-np.abs(X))
    return dY * e / (1 + e) ** 2


def backward_half_tanh(dY, cache):
    (X,) = cache
    return dY * (1 - np.tanh(X / 2) ** 2) / 4


def backward_entries(dY, cache):
    dX = np.zeros_like(dY)
    for n in range(dY.shape[0]):
        for d in range(dY.shape[1]):
            dX[n, d] = dY[n, d] * cache[n, d] - dY[n, d] * cache[n, d] ** 2
    return dX


def backward_of_input(dY, cache):
    (X,) = cache
    return dY * X * (1 - X)


def backward_clipped_input(dY, cache):
    (X,) = cache
    S = 1 / (1 + np.exp(-np.clip(X, -6, 6)))
    return dY * S * (1 - S)


def backward_saturated(dY, cache):
    dX = dY * cache * (1 - cache)
    dX[cache > 0.999] = 0
    return dX


def backward_hole_at_zero(dY, cache):
    (X,) = cache
    above = 1 / (1 + np.exp(-X))
    below = np.exp(X) / (1 + np.exp(X))
    S = np.where(X > 0, above, np.where(X < 0, below, 0.0))
    return dY * S * (1 - S)


def backward_epsilon(dY, cache):
    return dY * (cache * (1 - cache) + 1e-7)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
ONE = {"N": 1, "D": 1}

CASES = (
    case("sigmoid/on_self", Sigmoid.backward, Sigmoid.forward, RIGHT, "from the output", "class", owner=Sigmoid),
    case(
        "sigmoid/stable",
        backward_stable,
        forward_keeping_input,
        RIGHT,
        "even in X, so that only exp of what is negative is taken",
        "fused",
    ),
    case("sigmoid/half_tanh", backward_half_tanh, forward_keeping_input, RIGHT, "by tanh of half", "closed form"),
    case("sigmoid/entries", backward_entries, forward, RIGHT, "S - S squared, entry by entry", "loop over entries"),
    case(
        "sigmoid/of_input",
        backward_of_input,
        forward_keeping_input,
        WRONG,
        "the input is used where the output should be",
        "wrong value cached",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.0}, upstream=1.0, by=0.2),
    ),
    case(
        "sigmoid/clipped_input",
        backward_clipped_input,
        forward_keeping_input,
        WRONG,
        "the input is clipped to [-6, 6] on the way back only",
        "branch never visited",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 8.0}, upstream=1.0, by=1e-3),
    ),
    case(
        "sigmoid/saturated",
        backward_saturated,
        forward,
        WRONG,
        "no gradient where the output is above 0.999",
        "branch never visited",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 7.0}, upstream=1.0, by=9e-4),
    ),
    case(
        "sigmoid/hole_at_zero",
        backward_hole_at_zero,
        forward_keeping_input,
        WRONG,
        "neither branch holds the input 0, where the gradient is 0 instead of 1/4",
        "wrong at one point",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.0}, upstream=1.0, by=0.2),
    ),
    case(
        "sigmoid/epsilon",
        backward_epsilon,
        forward,
        WRONG,
        "0.0000001 is added to the derivative, so that it never vanishes",
        "small error",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.0}, upstream=1.0, by=9e-8),
    ),
)
