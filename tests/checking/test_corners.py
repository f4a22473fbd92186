"""Boundaries that have but one side, and places where two of them meet."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from derive.checking import check_backward
from derive.checking.boundaries.cells import ABOVE, BELOW, HALFWAY, exist_together
from derive.checking.boundaries.range import is_never_zero
from derive.proof.field import Field


def identity(X: "N D"):
    return np.where(X * X > 0, X, 0.0), X


def relu(X: "N D"):
    return np.maximum(X, 0), X


def by_loop(middle):
    def back(dout, X):
        dX = np.zeros_like(X)
        for n in range(X.shape[0]):
            for d in range(X.shape[1]):
                dX[n, d] = dout[n, d] if X[n, d] * X[n, d] > 0 else middle * dout[n, d]
        return dX

    return back


def only(backward, forward):
    (verdict,) = check_backward(backward, forward).gradients
    return verdict


def first_two(u, v):
    """The derivative of a rectifier, and 7 where both of the first two columns of a row are on a boundary."""

    def back(dout, X):
        dX = dout * (X > 0)
        if X.shape[1] > 1:
            dX = dX + 7 * dout * (u(X[:, :1]) & v(X[:, 1:2])) * (X == 0)
        return dX

    return back


@pytest.mark.parametrize("middle", [0, 5])
def test_a_side_that_cannot_be_is_none(middle):
    # The derivative of x is 1 at 0 as well.
    assert not only(lambda dout, X: np.where(X * X > 0, dout, middle * dout), identity).proved
    assert not only(by_loop(middle), identity).proved


def test_the_gradient_of_the_one_side_is_proved():
    assert only(lambda dout, X: np.where(X * X > 0, dout, 1 * dout), identity).proved


@pytest.mark.parametrize(
    ("u", "v"),
    [
        (lambda x: x == 0, lambda x: x == 0),
        (lambda x: (x >= 0) & (x <= 0), lambda x: (x >= 0) & (x <= 0)),
        (lambda x: x == 0, lambda x: ~(x * x > 0)),
    ],
    ids=("equal", "neither above nor below", "no square above 0"),
)
def test_where_two_boundaries_meet_nothing_is_proved_by_each_alone(u, v):
    assert not only(first_two(u, v), relu).proved


def test_a_corner_in_one_branch_of_a_question_is_seen():
    def back(dout, X):
        dX = dout * (X > 0)
        if X.shape[1] > 1:
            if X[0, 0] > 0:
                return dX
            dX[0, 1] = dX[0, 1] + 7 * dout[0, 1] * (X[0, 1] == 0) * (1 - (-X[0, 0] > 0))
        return dX

    assert not only(back, relu).proved


def test_boundaries_of_different_entries_are_settled_one_by_one():
    assert only(lambda dout, X: dout * ((X > 0) + 0.5 * (X == 0)), relu).proved

    def twice(X: "N D"):
        return np.maximum(np.maximum(X, 0) - 1, 0), X

    assert only(lambda dout, X: dout * (X > 0) * (np.maximum(X, 0) > 1), twice).proved


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("sqrt(x**2 + y**2 + 1)", True),
        ("exp(x)*exp(y)", True),
        ("-1/(1 + exp(x))", True),
        ("1 - tanh(x)", True),
        ("cosh(x) - 1", False),
        ("sqrt(x**2 + y**2)", False),
        ("exp(x) - 1", False),
        ("x", False),
        ("1 - sin(x)", False),
    ],
)
def test_what_is_never_zero(text, never):
    names = {name: sympy.Symbol(name, real=True) for name in "xy"}
    assert is_never_zero(Field().read(sympy.parse_expr(text, names))) is never


def fold(X: "N D"):
    return np.maximum(X, 0) - np.maximum(X * X - X, 0), X


def touching(X: "N D"):
    return X + np.where(X * X * (X - 1) > 0, X, 0.0), X


def test_sides_that_do_not_exist_together_prove_nothing():
    # Both masks turn at 0, where the one side is above for the one and below for the other: the slope is 1 there.
    assert not only(lambda dout, X: dout * ((X > 0) - (2 * X - 1) * (X * X - X > 0)), fold).proved


def test_what_only_touches_its_boundary_has_no_side_there():
    # At 0 there is X^2 (X - 1) < 0 on both sides, so 2 is no gradient.
    assert not only(lambda dout, X: dout * (1 + (X * X * (X - 1) >= 0)), touching).proved


def test_points_on_a_boundary_are_no_proof():
    verdict = only(lambda dout, X: dout * (X > 0) * (1 + 5 * ((X == 0).sum() == 5)), relu)
    assert not verdict.proved
    assert "proved but for" in verdict.reason


def test_products_without_a_bias_take_the_way_of_forward():
    def dense(X: "N D", W: "D M"):
        Z = X @ W
        return np.maximum(Z, 0), (X, W, Z)

    def back(dout, cache):
        X, W, Z = cache
        G = dout * (Z > 0)
        return G @ W.T, X.T @ G

    for verdict in check_backward(back, dense).gradients:
        assert verdict.proved
        assert "the way that forward takes" in verdict.boundary


@pytest.mark.parametrize(
    ("boundaries", "exist"),
    [
        ((("x", BELOW), ("y", ABOVE)), True),
        ((("x", BELOW), ("2*x", ABOVE)), False),
        ((("x", BELOW), ("x + y", ABOVE), ("y - x", ABOVE)), True),
        ((("x - y", BELOW), ("y - z", BELOW), ("z - x", BELOW)), False),
        ((("x - y", BELOW), ("y - z", BELOW), ("x - z", BELOW)), True),
        ((("x - 1", ABOVE), ("x + 1", BELOW)), True),
        ((("x", HALFWAY), ("y", HALFWAY)), True),
        ((("x", HALFWAY), ("x + y", HALFWAY)), True),
        ((("x**2", ABOVE),), True),
        ((("x**2", BELOW),), False),
        ((("x**2 + y**2 - 1", BELOW),), True),
        ((("x*y", ABOVE),), True),
        ((("x**3 - x**2", ABOVE),), False),
        ((("tanh(x) - 1/2", BELOW), ("x + y", ABOVE)), True),
    ],
)
def test_which_sides_exist_together(boundaries, exist):
    names = {name: sympy.Symbol(name, real=True) for name in "xyz"}
    field = Field()
    read = [(field.read(sympy.parse_expr(text, names)), {wanted}) for text, wanted in boundaries]
    assert exist_together(read) is exist


def test_what_grows_from_a_boundary_on_is_not_off_there():
    def size(a: "N", b: "N"):
        return np.abs(a * b), (a, b)

    def back(dout, cache):
        a, b = cache
        return np.sign(a * b) * dout * b, np.sign(a * b) * dout * a

    def by_each(dout, cache):
        a, b = cache
        return dout * np.sign(a) * np.abs(b), dout * np.sign(b) * np.abs(a)

    assert check_backward(back, size).ok
    assert check_backward(by_each, size).ok


def test_two_inputs_that_both_get_everything_where_they_are_the_same_are_refuted():
    def larger(A: "N D", B: "N D"):
        return np.maximum(A, B), (A, B)

    def both(dout, cache):
        A, B = cache
        return dout * (A >= B), dout * (A <= B)

    def each_half(dout, cache):
        A, B = cache
        return dout * ((A > B) + 0.5 * (A == B)), dout * ((A < B) + 0.5 * (A == B))

    assert not check_backward(both, larger).ok
    assert check_backward(each_half, larger).proved


def test_where_forward_jumps_no_side_is_a_gradient():
    def dropped(X: "N D", U: "N D"):
        return X * (U > 0.5), U

    def back(dout, U):
        return dout * (U >= 0.5), 0 * U

    assert not next(v for v in check_backward(back, dropped).gradients if v.name == "X").proved
    assert check_backward(lambda dout, U: (dout * (U > 0.5), 0 * U), dropped).proved


def test_rows_that_are_the_same_are_looked_at_beyond_the_sizes_of_proofs():
    def square(X: "N D"):
        return X**2, X

    def back(dout, X):
        again = (X[:1] == X).all(axis=1, keepdims=True) & (np.arange(len(X)) > 1)[:, None]
        return np.where(again, 0.0, 2 * dout * X)

    assert not only(back, square).ok
