"""Backward functions of the binary cross entropy with logits."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"z": "N", "t": "N"}
TYPICAL = {"N": 5}


def forward(z, t):
    return np.mean(np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))), (z, t)


def forward_plain(z, t):
    return np.mean(np.log(1 + np.exp(z)) - t * z), {"z": z, "t": t}


def backward_difference(dL, cache):
    z, t = cache
    return dL * (1 / (1 + np.exp(-z)) - t) / len(z)


def backward_stable(dL, cache):
    z, t = cache
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return dL / z.shape[0] * (p - t)


def backward_half_tanh(dL, z, t):
    return dL * (0.5 * np.tanh(0.5 * z) + 0.5 - t) / z.size


def backward_both(dL, cache):
    z, t = cache["z"], cache["t"]
    dz, dt = np.empty_like(z), np.empty_like(t)
    for n in range(z.shape[0]):
        dz[n] = np.exp(z[n]) / (1 + np.exp(z[n])) - t[n]
        dt[n] = -z[n]
    return dL * dz / z.shape[0], dL * dt / z.shape[0]


def backward_not_averaged(dL, cache):
    z, t = cache
    return dL * (1 / (1 + np.exp(-z)) - t)


def backward_probability_clipped(dL, cache):
    z, t = cache
    p = np.clip(1 / (1 + np.exp(-z)), 1e-4, 1 - 1e-4)
    return dL * (p - t) / z.size


def backward_epsilon(dL, cache):
    z, t = cache
    p = 1 / (1 + np.exp(-z))
    dp = -t / (p + 1e-7) + (1 - t) / (1 - p + 1e-7)
    return dL * dp * p * (1 - p) / z.size


def backward_hole_at_zero(dL, cache):
    z, t = cache
    e = np.exp(-np.abs(z))
    p = (z > 0) / (1 + e) + (z < 0) * e / (1 + e)
    return dL * (p - t) / z.size


def backward_target_sign(dL, cache):
    z, t = cache["z"], cache["t"]
    return dL * (1 / (1 + np.exp(-z)) - t) / z.size, dL * z / z.size


case = partial(
    Case, shapes=SHAPES, typical=TYPICAL, returns="dz", draws={"t": "between 0 and 1"}, inputs={"t": [0, 1, 1, 0, 1]}
)
ONE = {"N": 1}

CASES = (
    case("bce_with_logits/difference", backward_difference, forward, RIGHT, "probability less target", "fused"),
    case("bce_with_logits/stable", backward_stable, forward, RIGHT, "exp of what is negative only", "np.where"),
    case("bce_with_logits/half_tanh", backward_half_tanh, forward_plain, RIGHT, "by tanh of half", "inputs by name"),
    case(
        "bce_with_logits/both",
        backward_both,
        forward_plain,
        RIGHT,
        "both gradients, entry by entry",
        "loop over samples",
        returns="dz,dt",
    ),
    case(
        "bce_with_logits/not_averaged",
        backward_not_averaged,
        forward,
        WRONG,
        "1/N is missing; right for one sample",
        "1/N missing",
        witness=Witness(wrt="z", sizes={"N": 2}, by=0.1),
    ),
    case(
        "bce_with_logits/probability_clipped",
        backward_probability_clipped,
        forward,
        WRONG,
        "the probability is clipped to [0.0001, 0.9999]",
        "branch never visited",
        witness=Witness(wrt="z", sizes=ONE, arrays={"z": [12], "t": [1]}, by=9e-5),
    ),
    case(
        "bce_with_logits/epsilon",
        backward_epsilon,
        forward,
        WRONG,
        "0.0000001 guards both divisions by probabilities, so that the error grows where they are small",
        "epsilon in the wrong place",
        witness=Witness(wrt="z", sizes=ONE, arrays={"z": [-16], "t": [1]}, by=0.4),
    ),
    case(
        "bce_with_logits/hole_at_zero",
        backward_hole_at_zero,
        forward,
        WRONG,
        "neither branch holds the logit 0, with which training often begins",
        "wrong at one point",
        witness=Witness(wrt="z", sizes=ONE, arrays={"z": [0], "t": [1]}, by=0.4),
    ),
    case(
        "bce_with_logits/target_sign",
        backward_target_sign,
        forward_plain,
        WRONG,
        "the gradient of the targets has the wrong sign",
        "sign",
        returns="dz,dt",
        witness=Witness(wrt="t", sizes=ONE, arrays={"z": [1]}, by=1.9),
    ),
)
