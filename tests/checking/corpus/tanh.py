"""Backward functions of tanh."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D"}
TYPICAL = {"N": 4, "D": 5}


def forward(X):
    T = np.tanh(X)
    return T, T


def forward_keeping_input(X):
    return np.tanh(X), X


def backward_in_place(dY, cache):
    dX = cache * cache
    dX -= 1
    dX *= -dY
    return dX


def backward_hyperbolic(dY, cache):
    return dY / np.cosh(cache) ** 2


def backward_exponentials(dY, cache):
    plus, minus = np.exp(cache), np.exp(-cache)
    return dY * 4 / np.square(plus + minus)


def backward_factors(dY, cache):
    return (1 + cache) * dY * (1 - cache)


def backward_square_lost(dY, cache):
    return dY * (1 - cache)


def backward_series(dY, cache):
    near = np.abs(cache) < 0.05
    return dY * np.where(near, 1 - cache**2, 1 - np.tanh(cache) ** 2)


def backward_epsilon(dY, cache):
    return dY * (1 - cache**2 + 1e-6)


def backward_normalised(dY, cache):
    largest = np.maximum(np.max(np.abs(dY)), 1)
    return dY / largest * (1 - cache**2)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
ONE = {"N": 1, "D": 1}

CASES = (
    case("tanh/in_place", backward_in_place, forward, RIGHT, "T squared less 1, times the negative", "in place"),
    case("tanh/hyperbolic", backward_hyperbolic, forward_keeping_input, RIGHT, "1 / cosh squared", "closed form"),
    case("tanh/exponentials", backward_exponentials, forward_keeping_input, RIGHT, "by exp alone", "closed form"),
    case("tanh/factors", backward_factors, forward, RIGHT, "1 - T squared as a product", "factored"),
    case(
        "tanh/square_lost",
        backward_square_lost,
        forward,
        WRONG,
        "1 - T instead of 1 - T squared",
        "square lost",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 1.0}, upstream=1.0, by=0.1),
    ),
    case(
        "tanh/series",
        backward_series,
        forward_keeping_input,
        WRONG,
        "near 0 the first two terms of the series stand for the derivative",
        "small error in a rare branch",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.04}, upstream=1.0, by=1e-6),
    ),
    case(
        "tanh/epsilon",
        backward_epsilon,
        forward,
        WRONG,
        "0.000001 is added to the derivative",
        "small error",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.5}, upstream=1.0, by=9e-7),
    ),
    case(
        "tanh/normalised",
        backward_normalised,
        forward,
        WRONG,
        "an upstream gradient above 1 is scaled down to 1",
        "not linear in the upstream gradient",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.5}, upstream=3.0, by=1.0),
    ),
)
