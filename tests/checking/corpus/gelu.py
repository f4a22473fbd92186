"""Backward functions of GELU in the approximation by tanh."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D"}
TYPICAL = {"N": 4, "D": 5}
SCALE = np.sqrt(2 / np.pi)


def forward(X):
    t = np.tanh(SCALE * (X + 0.044715 * X**3))
    return 0.5 * X * (1 + t), (X, t)


def backward_product_rule(dY, cache):
    X, t = cache
    du = SCALE * (1 + 3 * 0.044715 * X**2)
    return dY * (0.5 * (1 + t) + 0.5 * X * (1 - t**2) * du)


def backward_by_sigmoid(dY, cache):
    X, _ = cache
    u = 2 * SCALE * (X + 0.044715 * X * X * X)
    s = 1 / (1 + np.exp(-u))
    return dY * s * (1 + (1 - s) * X * 2 * SCALE * (1 + 3 * 0.044715 * X * X))


def backward_in_place(dY, cache):
    X, t = cache
    dX = X * X
    dX *= 3 * 0.044715
    dX += 1
    dX *= SCALE * X
    dX *= 1 - t
    dX += 1
    dX *= 1 + t
    dX *= dY
    dX /= 2
    return dX


def backward_samples(dY, cache):
    X, t = cache
    rows = [
        g * (1 + s) / 2 + g * x / 2 * (1 - s * s) * SCALE * (1 + 0.044715 * 3 * x**2)
        for g, x, s in zip(dY, X, t, strict=True)
    ]
    return np.array(rows)


def backward_three_lost(dY, cache):
    X, t = cache
    du = SCALE * (1 + 0.044715 * X**2)
    return dY * (0.5 * (1 + t) + 0.5 * X * (1 - t**2) * du)


def backward_rounded(dY, cache):
    X, t = cache
    du = SCALE * (1 + 0.13415 * X**2)
    return dY * (0.5 * (1 + t) + 0.5 * X * (1 - t**2) * du)


def backward_scale_rounded(dY, cache):
    X, t = cache
    du = 0.79788 * (1 + 3 * 0.044715 * X**2)
    return dY * (0.5 * (1 + t) + 0.5 * X * (1 - t**2) * du)


def backward_identity_for_large(dY, cache):
    X, t = cache
    du = SCALE * (1 + 3 * 0.044715 * X**2)
    inner = 0.5 * (1 + t) + 0.5 * X * (1 - t**2) * du
    return dY * np.where(X > 3, 1.0, np.where(X < -3, 0.0, inner))


case = partial(Case, shapes=SHAPES, typical=TYPICAL)
ONE = {"N": 1, "D": 1}

CASES = (
    case("gelu/product_rule", backward_product_rule, forward, RIGHT, "the product rule", "closed form", rounded=True),
    case(
        "gelu/by_sigmoid",
        backward_by_sigmoid,
        forward,
        RIGHT,
        "half of 1 + tanh u is sigmoid 2u",
        "other function",
        rounded=True,
    ),
    case(
        "gelu/in_place", backward_in_place, forward, RIGHT, "1 + t factored out, Horner's way", "in place", rounded=True
    ),
    case(
        "gelu/samples", backward_samples, forward, RIGHT, "a list of rows made an array", "comprehension", rounded=True
    ),
    case(
        "gelu/three_lost",
        backward_three_lost,
        forward,
        WRONG,
        "the cube's derivative without its 3",
        "factor lost",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 1.0}, upstream=1.0, by=0.01),
    ),
    case(
        "gelu/rounded",
        backward_rounded,
        forward,
        WRONG,
        "0.13415 instead of 3 times 0.044715 = 0.134145",
        "small error",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 1.0}, upstream=1.0, by=5e-7),
    ),
    case(
        "gelu/scale_rounded",
        backward_scale_rounded,
        forward,
        WRONG,
        "0.79788 instead of the root of 2/pi",
        "small error",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 1.0}, upstream=1.0, by=5e-7),
    ),
    case(
        "gelu/identity_for_large",
        backward_identity_for_large,
        forward,
        WRONG,
        "beyond 3 and -3 the derivative is taken for 1 and 0",
        "branch never visited",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 3.5}, upstream=1.0, by=1e-3),
    ),
)
