"""Backward functions of the mean squared error."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"P": "N D", "T": "N D"}
TYPICAL = {"N": 4, "D": 5}


def forward(P, T):
    E = P - T
    return np.mean(E**2), E


def forward_as_sum(P, T):
    return np.sum((P - T) * (P - T)) / P.size, {"P": P, "T": T}


def backward_both(dL, cache):
    g = 2 * dL * cache / cache.size
    return g, -g


def backward_samples(dL, cache):
    P, T = cache["P"], cache["T"]
    N, D = P.shape
    dP = np.zeros_like(P)
    for n in range(N):
        dP[n] += (P[n] - T[n]) * dL
        dP[n] *= 2.0 / D
    dP /= N
    return dP


def backward_expanded(dL, P, T):
    return dL * (np.einsum(",nd->nd", 2.0, P) - 2 * T) / (P.shape[0] * P.shape[1])


def backward_half(dL, cache):
    return dL * cache / cache.size


def backward_rows_only(dL, cache):
    return 2 * dL * cache / cache.shape[0]


def backward_same_sign(dL, cache):
    g = 2 * dL * cache / cache.size
    return g, g


def backward_clipped(dL, cache):
    g = np.clip(2 * cache / cache.size, -1, 1) * dL
    return g


def backward_over_itself(dL, cache):
    E = cache
    dP = 2 * dL * E**3 / (E * E) / E.size
    return dP, -2 * dL * E / E.size


def backward_over_itself_guarded(dL, cache):
    E = cache
    dP = np.where(E == 0, 0.0, 2 * dL * E**3 / np.where(E == 0, 1.0, E * E)) / E.size
    return dP, -2 * dL * E / E.size


def backward_doubled_in_place(dL, cache):
    cache *= 2 * dL / cache.size
    return cache, -cache


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
first = partial(Case, shapes=SHAPES, typical=TYPICAL, returns="dP")

CASES = (
    case("mse/both", backward_both, forward, RIGHT, "both gradients from the difference cached", "fused"),
    first(
        "mse/samples",
        backward_samples,
        forward_as_sum,
        RIGHT,
        "1/N and 1/D one after the other",
        "loop, in place",
        rounded=True,
    ),
    first("mse/expanded", backward_expanded, forward_as_sum, RIGHT, "from the inputs, by name", "inputs by name"),
    first(
        "mse/half",
        backward_half,
        forward,
        WRONG,
        "the factor 2 of the square is lost",
        "factor lost",
        witness=Witness(wrt="P", sizes={"N": 1, "D": 1}, by=1),
    ),
    first(
        "mse/rows_only",
        backward_rows_only,
        forward,
        WRONG,
        "divided by N, not by N D; right for one column",
        "1/D missing",
        witness=Witness(wrt="P", sizes={"N": 1, "D": 2}, by=1),
    ),
    case(
        "mse/same_sign",
        backward_same_sign,
        forward,
        WRONG,
        "the gradient of the targets has the sign of the other",
        "sign",
        witness=Witness(wrt="T", sizes={"N": 1, "D": 1}, by=6),
    ),
    first(
        "mse/clipped",
        backward_clipped,
        forward,
        WRONG,
        "the gradient is clipped to [-1, 1], which inputs of usual size never reach",
        "branch never visited",
        witness=Witness(wrt="P", sizes={"N": 1, "D": 1}, arrays={"P": 3.0, "T": 0.0}, by=4.9),
    ),
    case(
        "mse/over_itself",
        backward_over_itself,
        forward,
        WRONG,
        "no number where prediction and target are the same",
        "division by 0",
        witness=Witness(wrt="P", sizes={"N": 1, "D": 1}, arrays={"P": 1.0, "T": 1.0}, by=1.0),
    ),
    case(
        "mse/over_itself_guarded",
        backward_over_itself_guarded,
        forward,
        RIGHT,
        "the difference cubed over its square, but where that is 0",
        "np.where",
    ),
    case(
        "mse/doubled_in_place", backward_doubled_in_place, forward, RIGHT, "the cache becomes the gradient", "in place"
    ),
)
