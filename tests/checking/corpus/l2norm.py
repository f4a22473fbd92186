"""Backward functions of rows divided by their lengths, with a small number under the root."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"X": "N D"}
TYPICAL = {"N": 4, "D": 5}


def forward(X):
    r = np.sqrt(np.sum(X**2, axis=1, keepdims=True) + 1e-8)
    Y = X / r
    return Y, (X, Y, r)


def backward_projection(dY, cache):
    X, Y, r = cache
    return (dY - Y * np.sum(dY * Y, axis=1, keepdims=True)) / r


def backward_jacobian_of_each(dY, cache):
    X, Y, r = cache
    rows = []
    for x, g, length in zip(X, dY, r[:, 0], strict=True):
        J = np.eye(x.size) / length - np.outer(x, x) / length**3
        rows.append(J.T @ g)
    return np.stack(rows)


def backward_einsum(dY, cache):
    X, Y, r = cache
    inner = np.einsum("nd,nd->n", dY, X)
    return dY / r - np.einsum("nd,n->nd", X, inner / r[:, 0] ** 3)


def backward_quotient(dY, cache):
    X, Y, r = cache
    dr = -(dY * X).sum(axis=1)[:, np.newaxis] / r**2
    dX = dY / r
    dX += dr * (0.5 / r) * 2 * X
    return dX


def backward_length_constant(dY, cache):
    X, Y, r = cache
    return dY / r


def backward_epsilon_outside(dY, cache):
    X, Y, r = cache
    r = np.sqrt(np.sum(X**2, axis=1, keepdims=True)) + 1e-8
    return (dY - Y * np.sum(dY * Y, axis=1, keepdims=True)) / r


def backward_without_epsilon(dY, cache):
    X, Y, r = cache
    squares = np.sum(X**2, axis=1, keepdims=True)
    along = X * np.sum(dY * X, axis=1, keepdims=True) / np.maximum(squares, 1e-300)
    return (dY - along) / r


def backward_columns(dY, cache):
    X, Y, r = cache
    return (dY - Y * np.sum(dY * Y, axis=0, keepdims=True)) / r


case = partial(Case, shapes=SHAPES, typical=TYPICAL)

CASES = (
    case("l2norm/projection", backward_projection, forward, RIGHT, "what is along the output is taken off", "fused"),
    case(
        "l2norm/jacobian_of_each",
        backward_jacobian_of_each,
        forward,
        RIGHT,
        "I / r - x xT / r cubed for every row, stacked",
        "explicit Jacobian",
    ),
    case("l2norm/einsum", backward_einsum, forward, RIGHT, "from input and length", "einsum"),
    case("l2norm/quotient", backward_quotient, forward, RIGHT, "the quotient rule, step by step", "staged, in place"),
    case(
        "l2norm/length_constant",
        backward_length_constant,
        forward,
        WRONG,
        "the length is taken for constant",
        "term lost",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 1}, by=0.5),
    ),
    case(
        "l2norm/epsilon_outside",
        backward_epsilon_outside,
        forward,
        WRONG,
        "the small number is added to the length instead of its square",
        "epsilon in the wrong place",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 2}, scale=1e-4, by=70),
    ),
    case(
        "l2norm/without_epsilon",
        backward_without_epsilon,
        forward,
        WRONG,
        "the projection is divided by the square without the small number",
        "right for epsilon = 0",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 2}, scale=1e-4, by=400),
    ),
    case(
        "l2norm/columns",
        backward_columns,
        forward,
        WRONG,
        "the inner sum runs over samples",
        "wrong axis",
        witness=Witness(wrt="X", sizes={"N": 1, "D": 2}, by=0.1),
    ),
)
