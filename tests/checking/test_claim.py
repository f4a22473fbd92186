"""A forward function that is taken for a layer of the catalogue is compared with it."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checking import check_backward
from derive.errors import UserError
from derive.proof.evidence import Strength


def forward(X, W, b):
    return X @ W + b, (X, W)


def rows(X, W, b):
    Y = np.zeros((X.shape[0], W.shape[1]))
    for n in range(X.shape[0]):
        Y[n] = X[n] @ W + b
    return Y, (X, W)


def another(X, W, b):
    return X @ W - b, (X, W)


def backward(dY, cache):
    X, W = cache
    return dY @ W.T, X.T @ dY, dY.sum(axis=0)


def test_the_same_function_is_proved_to_be_the_layer():
    report = check_backward(backward, forward, against="affine")
    assert report.forward.strength is Strength.PROVED_FOR_ALL_SIZES
    assert report.proved
    assert check_backward(backward, rows, against="affine").forward.strength is Strength.PROVED_AT_SIZES


def test_another_function_is_refuted_with_numbers():
    report = check_backward(backward, another, against="affine")
    assert not report.ok
    assert "affine gives" in report.forward.counterexample


def test_the_cache_of_a_layer_is_not_guessed():
    with pytest.raises(UserError, match="takes a cache, which only the forward function that makes it can give"):
        check_backward(backward, "affine")


def test_arguments_have_the_names_of_the_layers():
    with pytest.raises(UserError, match="expected the arguments of affine, X, W, b, got x, W, b"):
        check_backward(backward, lambda x, W, b: x @ W + b, against="affine")


class Affine:
    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dY):
        self.dW, self.db = self.X.T @ dY, dY.sum(axis=0)
        return dY @ self.W.T


class Built(Affine):
    def __init__(self, W, b):
        self.W, self.b = W, b


class Negative(Affine):
    def forward(self, X):
        self.X = X
        return X @ self.W - self.b


class Scaled(Affine):
    def forward(self, X, s: "M"):
        return super().forward(X) * s


@pytest.mark.parametrize("kind", [Affine, Built])
def test_a_class_that_is_taken_for_a_layer_has_its_shapes(kind):
    report = check_backward(kind, against="affine")
    assert report.forward.strength is Strength.PROVED_FOR_ALL_SIZES
    assert {v.name: v.strength for v in report.gradients} == dict.fromkeys("XWb", Strength.PROVED_FOR_ALL_SIZES)
    assert report.words[-2:] == ("--against", "affine")


def test_a_class_that_is_another_layer_is_refuted():
    report = check_backward(Negative, against="affine")
    assert report.forward.strength is Strength.REFUTED
    assert "affine gives" in report.forward.counterexample


def test_arguments_of_a_class_that_the_layer_has_not_are_named():
    with pytest.raises(UserError, match="expected the arguments of affine, X, W, b, got s beside them"):
        check_backward(Scaled, against="affine")


def affine_forward(X, W, b):
    return X @ W + b, (X, W)


def affine_backward(dY, cache):
    return backward(dY, cache)


def test_the_forward_function_is_found_by_its_name():
    report = check_backward(affine_backward, against="affine")
    assert (report.against, report.forward.strength) == ("affine_forward", Strength.PROVED_FOR_ALL_SIZES)
    assert check_backward(backward, against="affine").against == "forward"


def test_what_has_to_be_added_is_said_with_the_file():
    with pytest.raises(UserError, match=r"yours that returns \(output, cache\) \(--forward test_claim\.py:NAME, and"):
        check_backward(backward, "affine")
