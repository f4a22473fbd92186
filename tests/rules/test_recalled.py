"""Functions written by those of the same value that have a name already: what is expected is elementary calculus."""

import pytest
from sympy import cos, exp, sin, sqrt, tanh

from derive.forward.nodes import Input, Map, placeholder
from derive.forward.shape import size
from derive.rules.recalled import recalled

X = Input("X", (size("N"),), "x")
S = Input("S", (size("N"),), "s")
x = placeholder(0)


@pytest.mark.parametrize(
    ("function", "known", "expected"),
    [
        (1 - tanh(x) ** 2, tanh(x), "1 - S**2"),
        (1 / sqrt(x), sqrt(x), "1 / S"),
        (exp(x) / (1 + exp(x)) ** 2, exp(x), "S / (S + 1)**2"),
    ],
)
def test_a_function_is_written_by_one_that_has_a_name(function, known, expected):
    node = Map((X,), function)
    assert {key: str(value) for key, value in recalled(node, {Map((X,), known): S}).items()} == {node: expected}


@pytest.mark.parametrize(("function", "known"), [(x * tanh(x), tanh(x)), (cos(x), sin(x))])
def test_a_function_that_needs_more_stays(function, known):
    assert recalled(Map((X,), function), {Map((X,), known): S}) == {}


def test_a_function_of_another_value_stays():
    other = Input("Y", X.shape, "y")
    assert recalled(Map((other,), tanh(x) ** 2), {Map((X,), tanh(x)): S}) == {}
