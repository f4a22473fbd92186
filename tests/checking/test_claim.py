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
