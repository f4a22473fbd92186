"""Equal, different, or undecided: expressions whose relation is known from textbooks."""

from __future__ import annotations

import pytest
from sympy import Abs, Function, Symbol, cos, cosh, exp, log, sign, sin, sinh, sqrt, tanh

from derive.errors import UnsupportedError
from derive.proof.equality import are_equal

x, y, z = (Symbol(name, real=True) for name in "xyz")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((x + y) ** 3, x**3 + 3 * x**2 * y + 3 * x * y**2 + y**3),
        (exp(x) * exp(y), exp(x + y)),
        (1 / x + 1 / y, (x + y) / (x * y)),
        (exp(x) / (exp(x) + exp(y)) * (1 + exp(y - x)), 1 + 0 * x),
        (cosh(x) ** 2 - sinh(x) ** 2, 1 + 0 * x),
        (sin(x) ** 2, 1 - cos(x) ** 2),
        (1 - tanh(x) ** 2, 1 / cosh(x) ** 2),
    ],
)
def test_identities_are_proved(left, right):
    assert are_equal(left, right) is True


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (x, y),
        (x * y, x * y + x / 10**6),
        (tanh(x), tanh(x) ** 2),
        (1 - tanh(x) ** 2, 1 / cosh(x)),
        (exp(x), exp(-x)),
        (sqrt(x**2), x),
        (log(x) + log(y), log(x) * log(y)),
        (exp(50 * x) + x, exp(50 * x)),
        (sin(x * y + z), sin(x * y) + sin(z)),
    ],
)
def test_what_differs_anywhere_is_told_apart(left, right):
    assert are_equal(left, right) is False


def test_what_algebra_does_not_decide_is_left_open():
    # Equal but where x = 0, where neither is a derivative.
    assert are_equal(sign(x), x / Abs(x)) is None


def test_an_entry_may_be_called_like_a_function():
    name = Symbol("exp", real=True)
    assert are_equal(exp(name) ** 2, exp(2 * name)) is True
    assert are_equal(exp(name), exp(2 * name)) is False


def test_large_numbers_are_compared_by_their_digits():
    assert are_equal(exp(1000 * x**2) * sin(y) / cos(y), exp(1000 * x**2) * sin(y) / cos(y) + exp(999 * x**2)) is False


def test_what_is_real_nowhere_is_refused():
    unknown = Function("f")
    with pytest.raises(UnsupportedError, match="neither algebra nor random points"):
        are_equal(log(-1 - x**2) + unknown(x) * 0, sqrt(-2 - y**2))
