"""Where code compares: every side is visited, and on the boundary the gradient is one of those beside it."""

from __future__ import annotations

from ast import literal_eval

import numpy as np
import pytest

from derive.checking import check_backward
from derive.checking.boundaries.range import is_never_positive
from derive.checking.numbers.line import Line
from derive.proof.evidence import Strength
from derive.proof.field import Field
from tests.checking.backwards import relu

ALL, AT, POINTS, REFUTED = Strength


def tanh(X: "N D"):
    return np.tanh(X), X


def slope(X):
    return 1 - np.tanh(X) ** 2


def only(backward, forward):
    (verdict,) = check_backward(backward, forward).gradients
    return verdict


def test_a_hole_between_two_strict_comparisons_is_refuted_at_the_hole():
    def back(dY, X):
        return dY * slope(X) * ((X > 1.5) * 1.0 + (X < 1.5) * 1.0)

    verdict = only(back, tanh)
    assert verdict.strength is REFUTED
    assert dict(verdict.found.shown)["X"] == "[[1.5]]"
    assert verdict.found.got == "[[0]]"


@pytest.mark.parametrize("number", [1e-7, 0.3, 17.0, 5e5])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_side_is_found_wherever_it_begins(number, sign):
    def cube(X: "N"):
        return X**3, X

    def back(dY, X):
        return dY * np.where(sign * X > number, 0.0, 3 * X**2)

    verdict = only(back, cube)
    assert verdict.strength is REFUTED
    assert any(sign * x > number for x in literal_eval(dict(verdict.found.shown)["X"]))


def test_a_side_that_only_two_inputs_open_together_is_found():
    def product(A: "N", B: "N"):
        return A * B, (A, B)

    def back(dY, cache):
        A, B = cache
        return dY * B, np.where((A > 50) & (B < -70), 0.0, dY * A)

    found = {v.name: v for v in check_backward(back, product).gradients}
    assert found["A"].strength is ALL
    assert found["B"].strength is REFUTED


def test_a_side_of_what_grows_slowly_is_found():
    def sigmoid(X: "N"):
        S = 1 / (1 + np.exp(-X))
        return S, S

    def back(dY, S):
        return dY * np.where(S * (1 - S) < 1e-12, 0.0, S * (1 - S))

    assert only(back, sigmoid).strength is REFUTED


def test_a_comparison_that_is_made_only_on_one_side_of_another_is_found():
    def back(dY, X):
        dX = dY * slope(X)
        for n in range(X.shape[0]):
            for d in range(X.shape[1]):
                if X[n, d] > 30:
                    if dY[n, d] > 40:
                        dX[n, d] = 1.0
        return dX

    assert only(back, tanh).strength is REFUTED


def test_both_sides_of_a_stable_form_are_proved_and_so_is_the_boundary():
    def softplus(X: "N D"):
        return np.maximum(X, 0) + np.log1p(np.exp(-np.abs(X))), X

    def back(dY, X):
        e = np.exp(-np.abs(X))
        return dY * np.where(X >= 0, 1 / (1 + e), e / (1 + e))

    verdict = only(back, softplus)
    assert verdict.proved
    assert "at its boundary" in verdict.boundary


def test_the_derivative_of_what_is_smooth_but_written_with_kinks_has_to_be_right_there():
    def forward(X: "N D"):
        return np.maximum(X, 0) - np.maximum(-X, 0), X

    # At 0 the rules of most tools give 0, and forward is the identity.
    assert only(lambda dY, X: dY * ((X > 0) * 1.0 + (-X > 0) * 1.0), forward).strength is REFUTED
    assert only(lambda dY, X: dY * 1.0, forward).proved


def test_a_limit_beyond_what_a_function_reaches_is_no_branch():
    assert only(lambda dY, X: dY * (1 - np.clip(np.tanh(X), -1, 1) ** 2), tanh).proved


def test_infinite_limits_are_none():
    assert only(lambda dY, X: dY * (np.clip(X, -np.inf, np.inf) > 0), relu).proved
    assert only(lambda dY, X: dY * ((X > 0) & (np.inf > X) & (-np.inf < X)), relu).proved
    assert only(lambda dY, X: dY * ((X > 0) & (X < 1e4)), relu).strength is REFUTED


def test_where_no_point_is_on_a_boundary_the_verdict_is_weaker_and_says_why():
    def back(dY, X):
        if (np.exp(X) + 1 == 0).any():
            return np.zeros_like(dY)
        return dY * slope(X)

    verdict = only(back, tanh)
    assert verdict.strength is POINTS
    assert "no input was found" in verdict.reason
    assert "if (np.exp(X) + 1 == 0).any()" in verdict.reason


def test_ways_that_are_taken_by_asking_are_proved_but_for_a_hole_between_them():
    def ways(middle):
        def back(dY, X):
            dX = np.zeros_like(X)
            for n in range(X.shape[0]):
                for d in range(X.shape[1]):
                    if X[n, d] > 3:
                        dX[n, d] = dY[n, d] * slope(X[n, d])
                    elif X[n, d] < 3:
                        dX[n, d] = dY[n, d] * (1 - np.tanh(X[n, d])) * (1 + np.tanh(X[n, d]))
                    else:
                        dX[n, d] = middle * dY[n, d]
            return dX

        return back

    def asked(dY, X):
        dX = np.zeros_like(X)
        for n in range(X.shape[0]):
            for d in range(X.shape[1]):
                T = np.tanh(X[n, d])
                dX[n, d] = dY[n, d] * (slope(X[n, d]) if X[n, d] >= 3 else (1 - T) * (1 + T))
        return dX

    hole = only(ways(1.0), tanh)
    assert hole.strength is REFUTED
    assert dict(hole.found.shown)["X"] == "[[3]]"
    assert only(asked, tanh).strength is AT


def test_lines_find_roots_jumps_and_narrow_windows():
    def turns(function):
        return [float(t) for t, _ in Line(lambda t: {"u": function(t)}).turns(1)]

    assert turns(lambda t: t**3 - 8) == pytest.approx([2])
    assert turns(lambda t: (t - 5.5) ** 2 - 1e-6) == pytest.approx([5.499, 5.501])
    assert turns(lambda t: -1 if t < 7.25 else 3) == pytest.approx([7.25])
    assert turns(lambda t: t**2 + 1) == []
    assert turns(lambda t: 4) == []


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("tanh(x) - 1", True),
        ("tanh(x) - 1/2", False),
        ("-exp(x)", True),
        ("-1/(1 + exp(x))", True),
        ("1/(1 + exp(x)) - 1", True),
        ("-x**2", True),
        ("x", False),
        ("-sqrt(x**2 + y**2)", True),
        ("sin(x)*cos(y) - 1", True),
        ("x**2 - 1", False),
    ],
)
def test_ranges(text, never):
    from sympy import Symbol, parse_expr

    names = {name: Symbol(name, real=True) for name in "xy"}
    assert is_never_positive(Field().read(parse_expr(text, names))) is never


def test_code_that_symbols_cannot_follow_is_followed_in_floats():
    def ordered(limit):
        def back(dY, X):
            order = np.argsort(X.ravel())
            dX = np.zeros(X.size)
            dX[order] = (dY * (X > 0) * (limit > X)).ravel()[order]
            return dX.reshape(X.shape)

        return back

    wrong, right = only(ordered(777.0), relu), only(ordered(np.inf), relu)
    assert wrong.strength is REFUTED
    assert literal_eval(dict(wrong.found.shown)["X"])[0][0] >= 777
    assert right.strength is POINTS
    assert "argsort" in right.reason


def test_numbers_that_floats_round_are_no_error():
    def back(dY, X):
        order = np.argsort(X.ravel())
        e = np.exp(X.ravel()[order])
        dX = np.zeros(X.size)
        dX[order] = 4 * e**2 / (1 + e**2) ** 2
        return dY * np.where(X.ravel() > 20, 0.0 * dX + 4 * np.exp(-2 * X.ravel()), dX).reshape(X.shape)

    verdict = only(back, tanh)
    # Above 20 the slope is 4 exp(-2x) but for less than floats can hold.
    assert verdict.strength is POINTS


def mse(P: "N", T: "N"):
    E = P - T
    return np.mean(E**2), E


@pytest.mark.parametrize(
    "factor",
    [
        lambda E: 0.5 * (1 + np.sqrt((50 - E) ** 2) / (50 - E)),
        lambda E: 0.5 * (1 - np.tanh(1000 * (E - 9))),
        lambda E: np.minimum(1, np.exp(50 - E)),
        lambda E: 1.0 if E.sum() < 1000 else 2.0,
        lambda E: 1 + (1 - np.abs(np.sign(E - 4))),
    ],
    ids=("root of a square", "steep step", "minimum", "sum", "sign"),
)
def test_a_factor_that_is_one_for_small_numbers_is_no_disguise(factor):
    def back(dL, E):
        dP = 2 * dL * E / E.size
        return dP * factor(E), -dP

    found = {v.name: v for v in check_backward(back, mse).gradients}
    assert found["P"].strength is REFUTED
    assert found["T"].proved


def test_where_nothing_has_a_gradient_the_code_may_give_none():
    def norm(x: "D"):
        return np.sqrt(np.sum(x**2)), x

    assert only(lambda dL, x: dL * x / np.sqrt(np.sum(x**2)), norm).proved


def test_every_function_with_a_definition_has_a_value_in_many_digits():
    from mpmath import mpf

    from derive.checking.arrays.scalars import Digits
    from derive.checking.budget import Budget
    from derive.forward.functions import ELEMENTWISE
    from derive.forward.nodes import placeholder

    scalars = Digits(Budget(60))
    for name, function in ELEMENTWISE.items():
        for count in (1, 2, 3):
            try:
                written = function(*map(placeholder, range(count)))
            except TypeError:
                continue
            value = scalars.apply(written, [mpf("0.5"), mpf("0.25"), mpf("0.75")][:count])
            assert isinstance(value, mpf), name


def test_the_slope_of_a_clip_is_right_at_both_limits():
    def clipped(X: "N D"):
        return np.clip(X, -1, 2) ** 2, X

    def back(dY, X):
        return dY * 2 * X * ((X > -1) & (X < 2))

    assert only(back, clipped).proved
    assert only(lambda dY, X: dY * 2 * X * ((X > -1) & (X <= 2)) + 9 * (X == 2), clipped).strength is REFUTED
