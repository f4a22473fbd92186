"""Backward functions that are right where something holds of the inputs, which derive is told; and some that are not.

Inputs are drawn so that it holds, and the witnesses of what is wrong satisfy it as well.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness


def cross_entropy(Z, T):
    E = np.exp(Z)
    P = E / E.sum(axis=1, keepdims=True)
    return -np.sum(T * np.log(P)) / Z.shape[0], (P, T)


def targets_subtracted(dL, cache):
    P, T = cache
    return dL * (P - T) / P.shape[0]


def targets_staged(dL, cache):
    P, T = cache
    dlogP = -dL * T / P.shape[0]
    return dlogP + dL * P / P.shape[0]


def targets_by_rows(dL, cache):
    P, T = cache
    dZ = np.zeros_like(P)
    for n in range(P.shape[0]):
        dZ[n] += P[n]
        dZ[n] -= T[n]
    return dZ * dL / len(dZ)


def targets_twice(dL, cache):
    P, T = cache
    return dL * (P - 2 * T) / P.shape[0]


def targets_not_averaged(dL, cache):
    P, T = cache
    return dL * (P - T)


def targets_averaged_twice(dL, cache):
    P, T = cache
    return dL * (P - T) / P.size


def targets_never_negative(dL, cache):
    P, T = cache
    return dL * (P - np.maximum(T, 0)) / P.shape[0]


def quadratic(x, A):
    return x @ A @ x


def quadratic_twice(dL, x, A):
    return dL * 2 * A @ x


def quadratic_from_the_left(dL, x, A):
    return 2 * dL * (x @ A)


def quadratic_einsum(dL, x, A):
    return dL * (np.einsum("ij,j->i", A, x) + np.einsum("kj,k->j", A, x))


def quadratic_once(dL, x, A):
    return dL * A @ x


def quadratic_above_the_diagonal(dL, x, A):
    return 2 * dL * np.triu(A) @ x


def positive(x):
    return np.abs(x) * np.sqrt(x)


def positive_power(dy, x):
    return 1.5 * dy * np.sqrt(x)


def positive_product(dy, x):
    root = np.sqrt(x)
    return dy * root + dy * x / (2 * root)


def positive_again(dy, x):
    return dy * 3 * x / (np.sqrt(x) + np.sqrt(np.abs(x)))


def positive_root_alone(dy, x):
    return dy * np.sqrt(x)


def positive_guarded(dy, x):
    return 1.5 * dy * np.sqrt(np.maximum(x, 0.001))


targets = partial(
    Case,
    shapes={"Z": "N K", "T": "N K"},
    typical={"N": 4, "K": 5},
    returns="dZ",
    reference="cross_entropy_weighted",
    draws={"T": "rows sum to 1 exactly"},
    assume=("T rows sum to 1",),
)
symmetric = partial(
    Case,
    shapes={"x": "N", "A": "N N"},
    typical={"N": 4},
    returns="dx",
    draws={"A": "symmetric"},
    assume=("A symmetric",),
)
signed = partial(Case, shapes={"x": "N"}, typical={"N": 4}, draws={"x": "positive"}, assume=("x > 0",))

CASES = (
    targets("cross_entropy/targets", targets_subtracted, cross_entropy, RIGHT, "the sum of targets is 1", "fused"),
    targets("cross_entropy/targets_staged", targets_staged, cross_entropy, RIGHT, "the same, in two steps", "staged"),
    targets("cross_entropy/targets_by_rows", targets_by_rows, cross_entropy, RIGHT, "row by row", "loop"),
    targets(
        "cross_entropy/targets_twice",
        targets_twice,
        cross_entropy,
        WRONG,
        "targets subtracted twice",
        "wrong factor",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, arrays={"T": [[0, 1]]}, by=0.9),
    ),
    targets(
        "cross_entropy/targets_not_averaged",
        targets_not_averaged,
        cross_entropy,
        WRONG,
        "1/N is missing; right for one sample",
        "1/N missing",
        witness=Witness(wrt="Z", sizes={"N": 2, "K": 2}, arrays={"Z": [[0, 0], [0, 0]], "T": [[0, 1], [1, 0]]}, by=0.2),
    ),
    targets(
        "cross_entropy/targets_averaged_twice",
        targets_averaged_twice,
        cross_entropy,
        WRONG,
        "divided by the number of entries, not of samples",
        "1/K extra",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, arrays={"Z": [[0, 0]], "T": [[0, 1]]}, by=0.2),
    ),
    targets(
        "cross_entropy/targets_never_negative",
        targets_never_negative,
        cross_entropy,
        WRONG,
        "negative targets, which may add up to 1 with others, count as 0",
        "branch never visited",
        witness=Witness(wrt="Z", sizes={"N": 1, "K": 2}, arrays={"T": [[-1, 2]]}, by=0.9),
    ),
    symmetric("quadratic/twice", quadratic_twice, quadratic, RIGHT, "A for its transpose", "matrix product"),
    symmetric("quadratic/from_the_left", quadratic_from_the_left, quadratic, RIGHT, "xᵀ A", "matrix product"),
    symmetric("quadratic/einsum", quadratic_einsum, quadratic, RIGHT, "right for any matrix", "einsum"),
    symmetric(
        "quadratic/once",
        quadratic_once,
        quadratic,
        WRONG,
        "a factor 2 is missing",
        "2 missing",
        witness=Witness(wrt="x", sizes={"N": 1}, arrays={"x": [1], "A": [[1]]}, by=0.5),
    ),
    symmetric(
        "quadratic/above_the_diagonal",
        quadratic_above_the_diagonal,
        quadratic,
        WRONG,
        "half of the matrix is not used",
        "part of an array",
        witness=Witness(wrt="x", sizes={"N": 2}, arrays={"x": [1, 0], "A": [[0, 1], [1, 0]]}, by=1.0),
    ),
    symmetric(
        "quadratic/any_matrix",
        quadratic_twice,
        quadratic,
        WRONG,
        "right for a symmetric matrix alone, which nobody has said it is",
        "special case",
        draws={},
        assume=(),
        witness=Witness(wrt="x", sizes={"N": 2}, arrays={"x": [1, 0], "A": [[0, 1], [0, 0]]}, by=0.9),
    ),
    signed("positive/power", positive_power, positive, RIGHT, "as the power 3/2", "fused"),
    signed("positive/product", positive_product, positive, RIGHT, "|x|' = 1", "staged"),
    signed("positive/again", positive_again, positive, RIGHT, "|x| = x in a denominator", "fused"),
    signed(
        "positive/root_alone",
        positive_root_alone,
        positive,
        WRONG,
        "the root is not differentiated",
        "term missing",
        witness=Witness(wrt="x", sizes={"N": 1}, arrays={"x": [1]}, by=0.3),
    ),
    signed(
        "positive/guarded",
        positive_guarded,
        positive,
        WRONG,
        "numbers below 0.001 are taken for it",
        "branch never visited",
        witness=Witness(wrt="x", sizes={"N": 1}, arrays={"x": [0.0001]}, by=0.01),
    ),
)
