"""Backward functions of a leaky relu with slope 0.01."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D"}
TYPICAL = {"N": 4, "D": 5}


def forward(X):
    return np.where(X > 0, X, 0.01 * X), {"X": X}


def backward_slopes(dY, cache):
    slope = np.ones_like(cache["X"])
    slope[cache["X"] < 0] = 0.01
    slope *= dY
    return slope


def backward_from_sign(dY, cache):
    return np.maximum(np.sign(cache["X"]), 0.01) * dY


def backward_two_relus(dY, cache):
    X = cache["X"]
    return dY * (X > 0) + 0.01 * dY * (X <= 0)


def backward_flat_tail(dY, cache):
    X = cache["X"]
    return dY * np.where(X > 0, 1.0, np.where(X > -5, 0.01, 0.0))


def backward_slope_of_value(dY, cache):
    X = cache["X"]
    return dY * np.where(X > 0, 1.0, 0.01 * X)


def backward_assigned(dY, cache):
    dX = dY.copy()
    negative = cache["X"] <= 0
    dX[negative] = 0.01 * (dY[negative] != 0)
    return dX


def backward_rounded(dY, cache):
    return dY * np.where(cache["X"] > 0, 1.0, 0.010005)


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
ONE = {"N": 1, "D": 1}

CASES = (
    case("leaky_relu/slopes", backward_slopes, forward, RIGHT, "a table of slopes, filled by a mask", "in place"),
    case("leaky_relu/from_sign", backward_from_sign, forward, RIGHT, "the larger of sign and slope", "closed form"),
    case("leaky_relu/two_relus", backward_two_relus, forward, RIGHT, "two masks that exclude each other", "masks"),
    case(
        "leaky_relu/flat_tail",
        backward_flat_tail,
        forward,
        WRONG,
        "no gradient below -5",
        "branch never visited",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": -6.0}, upstream=1.0, by=0.009),
    ),
    case(
        "leaky_relu/slope_of_value",
        backward_slope_of_value,
        forward,
        WRONG,
        "the value below 0 stands where its slope should",
        "value for derivative",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": -2.0}, upstream=1.0, by=0.02),
    ),
    case(
        "leaky_relu/assigned",
        backward_assigned,
        forward,
        WRONG,
        "the slope is assigned, not multiplied with the upstream gradient; right where that is 0 or 1",
        "not linear in the upstream gradient",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": -1.0}, upstream=2.0, by=0.009),
    ),
    case(
        "leaky_relu/rounded",
        backward_rounded,
        forward,
        WRONG,
        "the slope is 0.010005 instead of 0.01",
        "small error",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": -1.0}, upstream=1.0, by=4e-6),
    ),
)
