"""The field against SymPy and mpmath: values, derivatives, and what is equal or different by construction."""

from __future__ import annotations

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    Integer,
    Rational,
    Symbol,
    atan,
    cos,
    diff,
    erf,
    exp,
    expand,
    factor_terms,
    lambdify,
    log,
    pi,
    sin,
    sqrt,
    tanh,
    together,
)

from derive.errors import UnsupportedError
from derive.forward.functions import abs as modulus
from derive.forward.functions import clip, defined, maximum, minimum, relu, sigmoid, sign, softplus, step
from derive.proof.decide import vanishes
from derive.proof.equality import are_equal
from derive.proof.field import Field
from derive.proof.ring import Element

x, y, z = SYMBOLS = tuple(Symbol(name, real=True) for name in "xyz")

SMOOTH = (
    tanh,
    sigmoid,
    sin,
    cos,
    erf,
    atan,
    lambda u: exp(u / 3),
    lambda u: log(1 + u**2),
    lambda u: sqrt(1 + u**2),
    lambda u: 1 / (1 + exp(-u)),
    lambda u: 1 / (2 + u**2),
    lambda u: (3 + u**2) ** Rational(-3, 2),
    lambda u: u**2,
    lambda u: u**3 / 2,
    softplus,
)
KINKED = (relu, modulus, sign, step)


def grown(functions):
    numbers = st.sampled_from([Integer(1), Integer(-2), Rational(1, 3), sqrt(2), pi, Rational(-5, 7)])
    leaves = st.sampled_from(SYMBOLS) | numbers

    def more(inner):
        return (
            st.builds(lambda a, b: a + b, inner, inner)
            | st.builds(lambda a, b: a * b, inner, inner)
            | st.builds(lambda f, a: f(a), st.sampled_from(functions), inner)
        )

    return st.recursive(leaves, more, max_leaves=6)


def number(expr, at):
    steps = {"step": lambda u: mpmath.mpf(u > 0)}
    with mpmath.workdps(40):
        return mpmath.mpmathify(lambdify(SYMBOLS, defined(expr), [steps, "mpmath"])(*at))


POINTS = [
    (mpmath.mpf(3) / 7, mpmath.mpf(-5) / 11, mpmath.mpf(9) / 8),
    (mpmath.mpf(-7) / 6, mpmath.mpf(4) / 9, mpmath.mpf(-1)),
]


def close(a, b):
    with mpmath.workdps(40):
        return abs(a - b) <= mpmath.mpf(10) ** -25 * max(1, abs(a))


@settings(max_examples=150, deadline=None)
@given(grown(SMOOTH + KINKED))
def test_an_element_has_the_value_of_the_expression_that_it_was_read_from(expr):
    back = Field().read(expr)
    for at in POINTS:
        assert close(number(back.field.expression(back), at), number(expr, at))


@settings(max_examples=100, deadline=None)
@given(grown(SMOOTH))
def test_derivatives_are_those_of_sympy(expr):
    field = Field()
    value = field.read(expr)
    gradient = value.gradient()
    for symbol in SYMBOLS:
        ((monomial, _),) = field.variable(symbol.name).terms.items()
        ((variable, _),) = field.monomials[monomial]
        slope = field.expression(Element(field, dict(gradient.get(variable, {}))))
        for at in POINTS:
            assert close(number(slope, at), number(diff(expr, symbol), at))


@settings(max_examples=100, deadline=None)
@given(grown(SMOOTH + KINKED), grown(SMOOTH), st.sampled_from([expand, together, factor_terms]))
def test_what_is_equal_by_construction_is_never_refuted(first, second, rewritten):
    assert are_equal(first * second + first, rewritten(first * (1 + second))) is not False


@settings(max_examples=100, deadline=None)
@given(grown(SMOOTH), grown(SMOOTH))
def test_quotients_are_brought_over_one_denominator(first, second):
    under = 2 + second**2
    assert are_equal(
        first / under + second / (1 + first**2), (first * (1 + first**2) + second * under) / (under * (1 + first**2))
    )


@settings(max_examples=150, deadline=None)
@given(
    grown(SMOOTH + KINKED),
    st.sampled_from([Integer(1), x, exp(-(x**2)), 1 / (1 + y**2), tanh(z), sqrt(1 + z**2), log(2 + y**2)]),
    st.sampled_from([Rational(1, 10**9), Rational(-1, 3), Integer(7)]),
)
def test_what_is_different_by_construction_is_never_equal(expr, more, times):
    assert are_equal(expr, expr + times * more) is False


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sqrt(6), sqrt(2) * sqrt(3)),
        (sqrt(Rational(3, 4)), sqrt(3) / 2),
        (1 / sqrt(2), sqrt(2) / 2),
        (sqrt(x + y) ** 2, x + y),
        ((x**2 + 1) ** Rational(-3, 2) * (x**2 + 1), 1 / sqrt(x**2 + 1)),
        (1 / (2 * x + 2 * y), Rational(1, 2) / (x + y)),
        (1 / (x - y), -1 / (y - x)),
        (exp(log(exp(x) + exp(y)) - x), 1 + exp(y - x)),
        (log(exp(x) / (exp(x) + exp(y))), x - log(exp(x) + exp(y))),
        (sigmoid(x), 1 / (1 + exp(-x))),
        (sigmoid(-x), 1 - sigmoid(x)),
        (tanh(x), 2 * sigmoid(2 * x) - 1),
        (softplus(x) - softplus(-x), x),
        (erf(-x), -erf(x)),
        (relu(x) * step(x), relu(x)),
        (maximum(x, y), relu(x - y) + y),
        (step(3 * x * exp(y)), step(x)),
        (exp(x / 2) ** 2, exp(x)),
        (sin(x) ** 3, sin(x) - sin(x) * cos(x) ** 2),
        (sin(2 * x), 2 * sin(x) * cos(x)),
        (cos(4 * x), 8 * cos(x) ** 4 - 8 * cos(x) ** 2 + 1),
        (step(1 - modulus(x)), step(1 - x) * step(1 + x)),
        (step(modulus(x - y) - 2), step(x - y - 2) + step(y - x - 2)),
        (step(x) * step(x - 1), step(x - 1)),
        (step(2 - x) * step(3 * x - 9), Integer(0)),
        (step(relu(x) - 1), step(x - 1)),
        (clip(x, -1, 2), minimum(maximum(x, -1), 2)),
        (
            clip(2 * x, -1, 1),
            2 * x * step(Rational(1, 2) - modulus(x)) + sign(x) * (1 - step(Rational(1, 2) - modulus(x))),
        ),
        ((x - y) * (1 - step(y - x)), relu(x - y)),
    ],
)
def test_identities_of_the_functions_are_proved(left, right):
    assert are_equal(left, right) is True


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sqrt(x**2), x),
        (sigmoid(x), tanh(x)),
        (step(-x), step(x)),
        (erf(x), tanh(x)),
        (exp(x), exp(x / 2)),
        (relu(x), x),
        (1 / (1 + exp(x)), 1 / (1 + exp(-x))),
        (step(1 - modulus(x)), step(1 - x)),
        (sin(x), sin(2 * x)),
        (clip(x, -1, 1), clip(x, -1, Rational(1, 4))),
    ],
)
def test_what_holds_for_some_numbers_only_is_no_identity(left, right):
    assert are_equal(left, right) is False


def test_a_step_is_not_that_of_a_factor_which_may_be_zero():
    # [x r > 0] with r the root of y^2 + z^2 is 0 where y and z are, [x > 0] is not.
    field = Field()
    assert field.read(step(x * sqrt(y**2 + z**2))) != field.read(step(x))
    assert field.read(step(x * sqrt(y**2 + 1))) == field.read(step(x))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (step(x) + step(-x), Integer(1)),
        (step(1 - modulus(x)), 1 - step(modulus(x) - 1)),
        (step(x) * step(1 - x), step(1 - x) - step(-x)),
    ],
)
def test_what_holds_but_at_one_place_does_not_vanish(left, right):
    # They differ at 0, at -1 and 1, and at 0.
    assert not vanishes(Field().read(left - right))


def test_a_difference_that_only_large_numbers_hide_is_no_difference():
    big = exp(40 * x**2)
    assert are_equal((big + 1) ** 2 / (big + 1), big + 1) is True
    assert are_equal((big + tanh(y)) - big, (exp(y) - exp(-y)) / (exp(y) + exp(-y))) is True


def test_what_is_real_nowhere_is_refused():
    field = Field()
    for expr in (sqrt(Integer(-1) - x + x), log(Integer(-2) + x - x)):
        with pytest.raises(UnsupportedError):
            field.read(expr)
    with pytest.raises(UnsupportedError, match="1 / 0"):
        field.zero**-1


def test_an_element_that_is_not_zero_is_not_said_to_vanish():
    field = Field()
    assert not vanishes(field.read(1 / (1 + exp(x)) + tanh(y)))
    assert vanishes(field.read(1 / (1 + exp(x)) + 1 / (1 + exp(-x)) - 1))


def test_operators_take_numbers_of_python_and_of_sympy():
    field = Field()
    a = field.variable("x")
    assert Integer(2) * a == a * 2 == a + a
    assert Rational(1, 2) * a + a / 2 == a
    assert sqrt(2) * a * sqrt(2) == 2 * a
    assert 1 - (1 - a) == a and (2 / a) * a == 2
    assert str(a**2 / 2) == "x**2/2"
