"""What a float stands for: the expected values are what Python and NumPy compute from the exact number."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import sympy
from sympy import Rational, pi, sqrt

import derive
from derive.forward.number import exact_number

EXACT = [
    (0.1, Rational(1, 10)),
    (1e-5, Rational(1, 100000)),
    (0.044715, Rational(44715, 1000000)),
    (-2.5, Rational(-5, 2)),
    (123456.789, Rational(123456789, 1000)),
    (1 / 3, Rational(1, 3)),
    (-5 / 7, Rational(-5, 7)),
    (2**0.5, sqrt(2)),
    (1 / math.sqrt(2), sqrt(2) / 2),
    (float(np.sqrt(2 / np.pi)), sqrt(2 / pi)),
    (2 / math.sqrt(math.pi), 2 / sqrt(pi)),
    (-1 / math.sqrt(2 * math.pi), -1 / sqrt(2 * pi)),
    (math.pi, pi),
    (2 * math.pi / 3, 2 * pi / 3),
]


@pytest.mark.parametrize(("value", "exact"), EXACT, ids=str)
def test_simple_numbers_are_found(value, exact):
    assert exact_number(value) == exact


def test_what_is_found_is_the_number_to_all_its_digits():
    draw = random.Random(0)
    for _ in range(500):
        value = draw.uniform(-1, 1) * 10 ** draw.randint(-8, 8)
        assert abs(float(exact_number(value)) - value) <= 4e-16 * abs(value)


def test_other_numbers_stay_as_they_are_written():
    for value in (0.7071067811865, 3.14159265358, 1.2345678901234567, 0.5772156649015329):
        assert exact_number(value) == Rational(str(value))


def test_a_forward_definition_shows_roots_and_pi():
    def scaled(X: "N D"):
        return np.sqrt(2 / np.pi) * X

    layer = derive.layer()(scaled)
    assert eval(str(layer.output), {"sqrt": np.sqrt, "pi": np.pi, "X": 3.0}) == pytest.approx(
        3 * math.sqrt(2 / math.pi)
    )
    assert "pi" in str(layer.output)
    (gradient,) = derive.derive(layer, n=2, d=3).gradients.values()
    assert str(gradient.formula) == str(layer.output).replace("X", "G")
    assert gradient.evidence
    assert sympy.pi in derive.derive(layer, n=2, d=3).wrt("X").jacobian[0, 0].atoms()
