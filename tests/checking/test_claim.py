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


def one_way(X, W, b):
    Y = X @ W + b
    return (Y if X[0, 0] < 50 else Y + 1), (X, W)


def at_a_point(X):
    return np.where(X == 0, 7.0, np.maximum(X, 0)), X


def at_one_size(X, W, b):
    return X @ W + b * (1 if X.shape[0] != 7 else 2), (X, W)


def sorted_if_square(X, W, b):
    if X.shape[0] == X.shape[1]:
        X = np.sort(X, axis=None)[np.argsort(np.argsort(X, axis=None))].reshape(X.shape)
    return X @ W + b, (X, W)


def relu_backward(dY, X):
    return dY * (X > 0)


@pytest.mark.parametrize("forward", [one_way, at_one_size])
def test_every_way_of_forward_is_compared(forward):
    assert check_backward(backward, forward, against="affine").forward.strength is Strength.REFUTED


def test_a_value_is_compared_on_boundaries_too():
    found = check_backward(relu_backward, at_a_point, against="relu").forward
    assert found.strength is Strength.REFUTED
    written = check_backward(relu_backward, lambda X: (np.where(X >= 0, X, 0.0), X), against="relu").forward
    assert written.proved


def test_what_fails_at_one_of_the_sizes_is_no_proof_at_the_others():
    found = check_backward(backward, sorted_if_square, against="affine").forward
    assert found.strength is Strength.CHECKED_AT_POINTS
    assert "points" in found.method


def test_without_any_numbers_to_compare_nothing_is_said():
    def nowhere(X):
        Y = np.maximum(X, 0)
        return np.sort(Y, axis=0)[np.argsort(np.argsort(Y, axis=0), axis=0), np.arange(Y.shape[1])] / 0.0, X

    with pytest.raises(UserError):
        check_backward(relu_backward, nowhere, against="relu")
