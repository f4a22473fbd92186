"""Backward functions of dropout, the random numbers U given: what is below 0.8 is kept and divided by 0.8."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D", "U": "N D"}
TYPICAL = {"N": 4, "D": 5}
KEEP = 0.8


def forward(X, U):
    mask = U < KEEP
    return np.where(mask, X / KEEP, 0.0), mask


def forward_scaled_mask(X, U):
    scaled = (U < KEEP) / KEEP
    return X * scaled, {"mask": scaled}


def forward_keeping_output(X, U):
    Y = X * (U < KEEP) / KEEP
    return Y, (X, Y)


def backward_scaled_mask(dY, cache):
    return cache["mask"] * dY


def backward_in_place(dY, cache):
    dX = dY / KEEP
    dX[~cache] = 0
    return dX


def backward_by_name(dY, X, U):
    dX = np.zeros_like(X)
    np.copyto(dX, dY / KEEP, where=U < KEEP)
    return dX


def backward_not_scaled(dY, cache):
    return np.where(cache, dY, 0.0)


def backward_other_probability(dY, cache):
    return dY * cache / (1 - KEEP)


def backward_output_not_zero(dY, cache):
    X, Y = cache
    return np.where(Y != 0, dY, 0.0) / KEEP


case = partial(Case, shapes=SHAPES, typical=TYPICAL, draws={"U": "between 0 and 1"}, returns="dX")
ONE = {"N": 1, "D": 1}

CASES = (
    case("dropout/scaled_mask", backward_scaled_mask, forward_scaled_mask, RIGHT, "the mask holds 0 and 1/0.8", "dict"),
    case(
        "dropout/in_place", backward_in_place, forward, RIGHT, "zeros assigned through the mask's opposite", "in place"
    ),
    case("dropout/by_name", backward_by_name, forward, RIGHT, "copied where kept", "np.copyto, inputs by name"),
    case(
        "dropout/not_scaled",
        backward_not_scaled,
        forward,
        WRONG,
        "not divided by the probability to keep",
        "factor lost",
        witness=Witness(wrt="X", sizes=ONE, arrays={"U": 0.3}, upstream=1.0, by=0.2),
    ),
    case(
        "dropout/other_probability",
        backward_other_probability,
        forward,
        WRONG,
        "divided by the probability to drop",
        "wrong factor",
        witness=Witness(wrt="X", sizes=ONE, arrays={"U": 0.3}, upstream=1.0, by=3.7),
    ),
    case(
        "dropout/output_not_zero",
        backward_output_not_zero,
        forward_keeping_output,
        WRONG,
        "what was kept is told from the output, which is 0 also where the input was, as after a relu",
        "wrong at one point",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.0, "U": 0.3}, upstream=1.0, by=1.2),
    ),
)
