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


def slope(X):
    return 1 - np.tanh(X) ** 2


def backward_square(dY, X):
    return np.where(X * X > 0, dY * slope(X), 5 * dY)


def backward_square_one(dY, X):
    return np.where(X * X > 0, dY * slope(X), dY)


def backward_term_alone(dY, X):
    return dY * slope(X) + 1e-20 * X


def backward_upstream_twice(dY, X):
    return dY * dY / dY * slope(X)


def backward_tried(dY, X):
    try:
        return dY * slope(X.reshape(X.shape[0], X.shape[1]))
    except ValueError:
        return dY


def backward_six_places(dY, X):
    return dY * np.round(slope(X), 6)


def backward_close_to_three(dY, X):
    return np.where(np.isclose(X, 3.0), 0.0, dY * slope(X))


def backward_all_ones(dY, X):
    if np.array_equal(X, np.ones_like(X)):
        return dY
    return dY * slope(X)


def backward_squared_twice(dY, cache):
    cache *= cache
    return dY * (1 - cache * cache)


def backward_squared_in_place(dY, cache):
    cache *= cache
    return dY * (1 - cache)


def backward_entry_by_entry(dY, X):
    dX = np.empty_like(X)
    for place in np.ndindex(*X.shape):
        dX[place] = dY[place] / np.cosh(X[place]) ** 2
    return dX


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
    case(
        "tanh/square",
        backward_square,
        forward_keeping_input,
        WRONG,
        "5 where the square is not above 0, which it is but at 0",
        "np.where",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.0}, upstream=1.0, by=3.9),
    ),
    case(
        "tanh/square_one",
        backward_square_one,
        forward_keeping_input,
        RIGHT,
        "the slope at 0 for itself, which is 1",
        "np.where",
    ),
    case(
        "tanh/term_alone",
        backward_term_alone,
        forward_keeping_input,
        WRONG,
        "0.00000000000000000001 X is added, without an upstream gradient",
        "extra term",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 1.0}, upstream=0.0, by=9e-21),
    ),
    case(
        "tanh/upstream_twice",
        backward_upstream_twice,
        forward_keeping_input,
        WRONG,
        "no number where there is no upstream gradient",
        "division by 0",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 1.0}, upstream=0.0, by=1.0),
    ),
    case("tanh/tried", backward_tried, forward_keeping_input, RIGHT, "what is tried never fails", "try and except"),
    case(
        "tanh/six_places",
        backward_six_places,
        forward_keeping_input,
        WRONG,
        "the slope is rounded to six places",
        "np.round",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 0.3}, upstream=1.0, by=1e-08),
    ),
    case(
        "tanh/close_to_three",
        backward_close_to_three,
        forward_keeping_input,
        WRONG,
        "no gradient about 3",
        "np.isclose",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 3.00001}, upstream=1.0, by=0.009),
    ),
    case(
        "tanh/all_ones",
        backward_all_ones,
        forward_keeping_input,
        WRONG,
        "the upstream gradient itself if all inputs are 1",
        "np.array_equal",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 1.0}, upstream=1.0, by=0.5),
    ),
    case(
        "tanh/squared_twice",
        backward_squared_twice,
        forward,
        WRONG,
        "the cache is squared in place, and then once more",
        "in place",
        witness=Witness(wrt="X", sizes=ONE, arrays={"X": 1.0}, upstream=1.0, by=0.1),
    ),
    case(
        "tanh/squared_in_place",
        backward_squared_in_place,
        forward,
        RIGHT,
        "the cache, which is the output as well, is squared in place",
        "in place",
    ),
    case(
        "tanh/entry_by_entry",
        backward_entry_by_entry,
        forward_keeping_input,
        RIGHT,
        "one over the squared cosh",
        "np.ndindex",
    ),
)
