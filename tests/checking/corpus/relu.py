"""Backward functions of relu."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D"}
TYPICAL = {"N": 4, "D": 5}


def forward(X):
    return np.maximum(X, 0), X


def forward_keeping_output(X):
    Y = np.where(X > 0, X, 0)
    return Y, (Y,)


def backward_mask(dY, cache):
    return dY * (cache > 0)


def backward_in_place(dY, cache):
    dX = dY.copy()
    dX[cache <= 0] = 0
    return dX


def backward_overwrites_upstream(dY, cache):
    dY[cache < 0] = 0
    return dY


def backward_from_sign(dY, cache):
    return dY * (1 + np.sign(cache)) / 2


def backward_from_output(dY, cache):
    (Y,) = cache
    return np.where(Y > 0, dY, 0.0)


def forward_overwrites_input(X):
    X[X < 0] = 0
    return X, X


def backward_of_overwritten(dY, cache):
    dX = dY.copy()
    dX[cache < 0] = 0
    return dX


def backward_mask_of_upstream(dY, cache):
    return dY * (dY > 0)


def backward_two_at_zero(dY, cache):
    return dY * ((cache > 0) * 1.0 + (cache == 0) * 2.0)


def backward_of_relu6(dY, cache):
    return np.where((cache > 0) & (cache < 6), dY, 0.0)


def backward_threshold(dY, cache):
    dX = dY.copy()
    dX[cache < 1e-3] = 0
    return dX


def backward_zero_rows(dY, X):
    return np.where((X == 0).all(axis=1, keepdims=True), 7 * dY, dY * (X > 0))


def backward_zero_rows_nothing(dY, X):
    return np.where((X != 0).any(axis=1, keepdims=True), dY * (X > 0), 0 * dY)


def backward_three_zeros(dY, X):
    three = (X == 0).sum() == 3
    return dY * (X > 0) + 3 * three


def backward_no_length(dY, X):
    return np.where((X * X).sum(axis=1, keepdims=True) > 0, dY * (X > 0), 3 * dY)


def backward_positive_only(dY, X):
    dX = np.zeros_like(X)
    for n in range(X.shape[0]):
        for d in range(X.shape[1]):
            if not X[n, d] <= 0:
                dX[n, d] = dY[n, d]
    return dX


def backward_quotient(dY, X):
    return dY * np.maximum(X, 0) / np.where(X == 0, 1, X)


def backward_output_sign(dY, X):
    return dY * np.sign(np.maximum(X, 0))


def backward_either(dY, X):
    dX = dY.copy()
    dX[~((X > 0) | (np.abs(X) < X))] = 0
    return dX


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
ONE = {"N": 1, "D": 1}

CASES = (
    case("relu/mask", backward_mask, forward, RIGHT, "a mask of truth values as a factor", "mask"),
    case("relu/in_place", backward_in_place, forward, RIGHT, "zeros assigned through a mask", "in place"),
    case(
        "relu/overwrites_upstream",
        backward_overwrites_upstream,
        forward,
        RIGHT,
        "zeros assigned into the upstream gradient itself",
        "in place",
    ),
    case("relu/from_sign", backward_from_sign, forward, RIGHT, "half the sign plus a half; 1/2 at 0", "closed form"),
    case(
        "relu/from_output",
        backward_from_output,
        forward_keeping_output,
        RIGHT,
        "the output tells where the input was positive",
        "np.where, tuple as cache",
    ),
    case(
        "relu/of_overwritten",
        backward_of_overwritten,
        forward_overwrites_input,
        WRONG,
        "forward works in place, so that the cache holds its output, which is nowhere below 0",
        "overwritten cache",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": -1.0}, upstream=1.0, by=0.9),
    ),
    case(
        "relu/mask_of_upstream",
        backward_mask_of_upstream,
        forward,
        WRONG,
        "the mask is that of the upstream gradient",
        "wrong value cached",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": -1.0}, upstream=1.0, by=0.9),
    ),
    case(
        "relu/two_at_zero",
        backward_two_at_zero,
        forward,
        WRONG,
        "the value at 0 is 2, and no subgradient is above 1",
        "outside the subdifferential",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.0}, upstream=1.0, kink=1.0, by=0.9),
    ),
    case(
        "relu/of_relu6",
        backward_of_relu6,
        forward,
        WRONG,
        "the mask of relu6: no gradient from 6 on",
        "branch never visited",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 7.0}, upstream=1.0, by=0.9),
    ),
    case(
        "relu/threshold",
        backward_threshold,
        forward,
        WRONG,
        "the mask begins at 0.001 instead of 0",
        "branch never visited",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.0005}, upstream=1.0, by=0.9),
    ),
    case(
        "relu/zero_rows",
        backward_zero_rows,
        forward,
        WRONG,
        "seven times as much where a whole row is 0",
        "np.where",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.0}, upstream=1.0, by=5.9, kink=1.0),
    ),
    case(
        "relu/zero_rows_nothing",
        backward_zero_rows_nothing,
        forward,
        RIGHT,
        "nothing where a whole row is 0, where there would be nothing in any case",
        "np.where",
    ),
    case(
        "relu/three_zeros",
        backward_three_zeros,
        forward,
        WRONG,
        "3 is added if just three entries are 0",
        "wrong in one corner",
        witness=Witness(
            wrt="X", sizes={"N": 1, "D": 3}, arrays={"X": [[0, 0, 0]]}, upstream=1.0, by=2.9, kink=[1, 1, 1]
        ),
    ),
    case(
        "relu/no_length",
        backward_no_length,
        forward,
        WRONG,
        "rows of length 0 get three times the upstream gradient",
        "np.where",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.0}, upstream=1.0, by=1.9, kink=1.0),
    ),
    case(
        "relu/quotient", backward_quotient, forward, RIGHT, "the output over the input, but where that is 0", "np.where"
    ),
    case("relu/output_sign", backward_output_sign, forward, RIGHT, "the sign of what is never negative", "np.sign"),
    case(
        "relu/either",
        backward_either,
        forward,
        RIGHT,
        "of two comparisons the second never holds by itself",
        "in place",
    ),
    case(
        "relu/positive_only", backward_positive_only, forward, RIGHT, "entries that are not at most 0", "if in a loop"
    ),
)
