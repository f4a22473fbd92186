"""Functions that change arrays in place: what they compute is what NumPy makes of the very same code, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derive
from derive.errors import ShapeError, UnsupportedError
from derive.forward.trace import trace
from derive.proof.evidence import Strength


def other_name(X: "N D"):
    Y = X
    Y += 1
    return Y * X


def name_of_a_value(X: "N D"):
    Y = X * 2
    Z = Y
    Z *= 3
    return Y + Z


def shifted(X: "N D", W: "D D"):
    Z = X @ W
    H = Z
    H -= H.max(axis=1, keepdims=True)
    return np.exp(H) + Z


def copied(X: "N D"):
    Y = X.copy()
    Y **= 2
    Z = +Y
    Z /= 3
    return X * Y + Z


def numbers(x: "N"):
    s = x.sum()
    t = s
    s += 1
    s *= t
    return s


def loop(X: "N D", W: "D D"):
    total = 0
    for _ in range(3):
        X = np.sin(X @ W)
        total += X
    return total


def picked(X: "N D"):
    first = X[0, 0]
    Y = X * first
    first += 1
    Y *= first
    return Y


@pytest.mark.parametrize("function", [other_name, name_of_a_value, shifted, copied, numbers, loop, picked])
def test_what_numpy_computes_is_what_is_derived(function: Callable[..., Any]):
    found = derive.derive(trace(function, defaults="N=2 D=3" if function is not numbers else "N=2"))
    for gradient in found.gradients.values():
        assert all(item.strength is not Strength.REFUTED for item in gradient.evidence)


def test_both_names_see_the_change():
    # Y = X + 1 under both names, so the output is (X + 1)² and its gradient 2 G (X + 1).
    layer = trace(other_name, defaults="N=2 D=3")
    values = derive.derive(layer).evaluate({"X": [[1, 2, 3], [4, 5, 6]], "G": [[1, 1, 1], [1, 1, 1]]})
    np.testing.assert_array_equal(np.asarray(values["dX"], dtype=float), [[4, 6, 8], [10, 12, 14]])


def row(X: "N D"):
    Y = X * 1
    Y[0] += 1
    return Y


def column(X: "N D"):
    Z = X * 1
    Y = Z[:, 0]
    Y += 1
    return Z


def viewed_before(X: "N D"):
    Z = X * 1
    Y = Z.T
    Z += 1
    return Y


def reshaped(X: "N D"):
    Z = X * 1
    Y = Z.reshape(-1)
    Y += 1
    return Z


def by_einsum(X: "N N"):
    Z = X * 1
    Y = np.einsum("ii->i", Z)
    Y += 1
    return Z


def scalar_argument(x: ""):
    y = x
    y += 1
    return x * y


@pytest.mark.parametrize("function", [row, column, viewed_before, reshaped, by_einsum, scalar_argument])
def test_shared_memory_is_refused(function: Callable[..., Any]):
    with pytest.raises(UnsupportedError, match=r"shares its memory.*write Y = Y \+ \.\.\.|assigning"):
        trace(function)


def test_a_value_of_another_shape_is_refused_as_by_numpy():
    def grown(x: "D", X: "N D"):
        x += X
        return x

    with pytest.raises(ShapeError, match=r"\+=: expected a value of shape \(D,\), which stays, got one of shape"):
        trace(grown)


def test_numbers_on_a_comparison_are_refused():
    def counted(X: "N D"):
        mask = X > 0
        mask += 0.5
        return mask * X

    with pytest.raises(UnsupportedError, match=r"\+= of numbers on a comparison"):
        trace(counted)
