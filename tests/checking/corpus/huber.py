"""Backward functions of the Huber loss, with the corner at 1 or at 5."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"P": "N D", "T": "N D"}
TYPICAL = {"N": 4, "D": 5}


def forward(P, T):
    E = P - T
    size = np.abs(E)
    return np.mean(np.where(size > 1, size - 0.5, 0.5 * E**2)), (E,)


def forward_at_five(P, T):
    E = P - T
    size = np.abs(E)
    return np.mean(np.where(size > 5, 5 * (size - 2.5), 0.5 * E**2)), (E,)


def backward_clip(dL, cache):
    (E,) = cache
    return dL * np.clip(E, -1, 1) / E.size


def backward_masks(dL, cache):
    (E,) = cache
    dP = E.copy()
    far = np.abs(E) > 1
    dP[far] = np.sign(E[far])
    return dL * dP / E.size


def backward_branches(dL, cache):
    (E,) = cache
    dP = np.zeros_like(E)
    for n in range(E.shape[0]):
        for d in range(E.shape[1]):
            if E[n, d] > 1:
                dP[n, d] = 1
            elif E[n, d] < -1:
                dP[n, d] = -1
            else:
                dP[n, d] = E[n, d]
    return dL * dP / E.size


def backward_difference_of_relus(dL, cache):
    (E,) = cache
    inner = np.maximum(E + 1, 0) - np.maximum(E - 1, 0) - 1
    dP = dL * inner / E.size
    return dP, -dP


def backward_sign_lost(dL, cache):
    (E,) = cache
    return dL * np.where(np.abs(E) > 1, 1.0, E) / E.size


def backward_sign_lost_at_five(dL, cache):
    (E,) = cache
    return dL * np.where(np.abs(E) > 5, 5.0, E) / E.size


def backward_hole_at_corner(dL, cache):
    (E,) = cache
    size = np.abs(E)
    return dL * np.where(size < 1, E, np.where(size > 1, np.sign(E), 0.0)) / E.size


def backward_slope_of_one(dL, cache):
    (E,) = cache
    return dL * np.where(np.abs(E) > 5, np.sign(E), E) / E.size


case = partial(Case, shapes=SHAPES, typical=TYPICAL, returns="dP")
ONE = {"N": 1, "D": 1}

CASES = (
    case("huber/clip", backward_clip, forward, RIGHT, "the difference, clipped", "closed form"),
    case("huber/masks", backward_masks, forward, RIGHT, "the sign assigned where the difference is large", "in place"),
    case("huber/branches", backward_branches, forward, RIGHT, "an if for each entry", "loop with if"),
    case(
        "huber/difference_of_relus",
        backward_difference_of_relus,
        forward,
        RIGHT,
        "clip written as two relus; both gradients",
        "closed form",
        returns="dP,dT",
    ),
    case(
        "huber/sign_lost",
        backward_sign_lost,
        forward,
        WRONG,
        "far from 0 the slope is 1 on both sides",
        "sign in one branch",
        witness=Witness(wrt="P", sizes=ONE, arrays={"P": -2.0, "T": 0.0}, by=1.9),
    ),
    case(
        "huber/sign_lost_at_five",
        backward_sign_lost_at_five,
        forward_at_five,
        WRONG,
        "below -5, where typical inputs do not come, the slope has the wrong sign",
        "sign in a rare branch",
        reference="huber_at_five",
        witness=Witness(wrt="P", sizes=ONE, arrays={"P": -6.0, "T": 0.0}, by=9.9),
    ),
    case(
        "huber/hole_at_corner",
        backward_hole_at_corner,
        forward,
        WRONG,
        "neither branch holds a difference of exactly 1, where the loss is smooth",
        "wrong at one point",
        witness=Witness(wrt="P", sizes=ONE, arrays={"P": 1.0, "T": 0.0}, by=0.9),
    ),
    case(
        "huber/slope_of_one",
        backward_slope_of_one,
        forward_at_five,
        WRONG,
        "beyond the corner at 5 the slope is 1 instead of 5",
        "factor lost in a rare branch",
        reference="huber_at_five",
        witness=Witness(wrt="P", sizes=ONE, arrays={"P": 6.0, "T": 0.0}, by=3.9),
    ),
)
