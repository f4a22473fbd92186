"""Jacobians of slices, windows and joined arrays: SymPy's own finds the same entries, and zeros in the same places."""

import sys
import time

import numpy as np
import pytest
import sympy

import derive
from derive.engine import jacobian, vectorize


def windows(x, sizes, axis=None):
    return np.lib.stride_tricks.sliding_window_view(x, sizes, axis=axis)


@derive.layer()
def convolution(X: "N D", w: "R"):
    return windows(X, w.shape[0], axis=1) @ w


@derive.layer()
def image(X: "N D", W: "R R"):
    return np.einsum("abij,ij->ab", windows(X, W.shape), W)


@derive.layer()
def shifted(X: "N D"):
    return X + np.pad(X[:, 1:] ** 2, ((0, 0), (0, 1)))


@derive.layer()
def part(X: "N D"):
    return np.tanh(X)[:, 1:]


@derive.layer()
def differences(X: "N D"):
    return X[:, 1:] - X[:, :-1]


@derive.layer()
def joined(x: "N", Y: "N D"):
    return np.concatenate([x[:, None], Y, Y * Y], axis=1)


@derive.layer()
def diagonal(x: "N"):
    return np.diag(x)


@derive.layer()
def heads(V: "N R*D"):
    return V.reshape(V.shape[0], -1).sum(axis=0) * V


LAYERS = [convolution, image, shifted, part, differences, joined, diagonal, heads]
CASES = [(layer, node.name) for layer in LAYERS for node in layer.inputs]


@pytest.mark.parametrize(("layer", "wrt"), CASES, ids=lambda item: getattr(item, "name", item))
@pytest.mark.parametrize("sizes", [{"N": 4, "D": 5, "R": 2}, {"N": 3, "D": 3, "R": 3}], ids=str)
def test_the_zeros_lie_where_sympys_jacobian_has_them(layer, wrt, sizes):
    found = jacobian(vectorize(layer, wrt, {letter: sizes[letter] for letter in layer.letters}))
    expected = found.map.sympy().jacobian(list(found.map.variables))
    places = [(i, j) for i in range(expected.rows) for j in range(expected.cols) if expected[i, j] != 0]
    assert list(found.nonzeros()) == places
    assert found.nnz == len(places)
    assert set(found.entries()) == set(places)
    for j in range(expected.cols):
        rows = [row for row, column in places if column == j]
        assert list(found.rows_of(j)) == rows
        assert found.last_row_of(j) == (rows[-1] if rows else None)
        for i in range(expected.rows):
            assert found.is_zero(i, j) == (i not in rows)
            assert sympy.simplify(found[i, j] - expected[i, j]) == 0


def test_zeros_of_large_arrays_are_counted_without_visiting_every_position():
    """A pool of 2 by 2 sends every output to four inputs."""

    @derive.layer()
    def pool(X: "2*H 2*W"):
        H, W = X.shape[0] // 2, X.shape[1] // 2
        return X.reshape(H, 2, W, 2).mean(axis=(1, 3))

    start = time.perf_counter()
    assert jacobian(vectorize(pool, "X", {"H": 500, "W": 400})).nnz == 4 * 500 * 400
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize("layer", [convolution, image, shifted, part, differences], ids=lambda layer: layer.name)
def test_counting_at_once_and_one_by_one_agree(layer, monkeypatch):
    sizes = {letter: number for number, letter in enumerate(layer.letters, start=3)}
    sizes |= {"R": 2} if "R" in sizes else {}
    at_once = jacobian(vectorize(layer, "X", sizes)).nnz
    # The package has a function of the name of the module.
    monkeypatch.setattr(sys.modules["derive.engine.jacobian"], "_COUNTED_AT_ONCE", 0)
    assert jacobian(vectorize(layer, "X", sizes)).nnz == at_once > 0


@pytest.mark.parametrize("layer", [convolution, image, shifted, part, differences, heads], ids=lambda layer: layer.name)
def test_places_that_are_kept_and_those_that_are_asked_for_agree(layer, monkeypatch):
    sizes = {letter: number for number, letter in enumerate(layer.letters, start=3)}
    sizes |= {"R": 2} if "R" in sizes else {}
    wrt = layer.inputs[0].name
    kept = jacobian(vectorize(layer, wrt, sizes))
    found = list(kept.nonzeros())
    monkeypatch.setattr("derive.engine.support._KEPT", 0)
    asked = jacobian(vectorize(layer, wrt, sizes))
    assert list(asked.nonzeros()) == found
    assert sorted(asked.entries()) == sorted(kept.entries()) == found
    rows, columns = kept.shape
    zeros = {(i, j) for i in range(rows) for j in range(columns)} - set(found)
    assert zeros and all(asked.is_zero(*place) and kept.is_zero(*place) for place in zeros)


def test_a_shown_sum_has_no_zeros_however_large_the_array_is():
    start = time.perf_counter()
    sizes = {"N": 3000, "D": 4000, "R": 3}
    derived = derive.derive(convolution, sizes)
    assert str(derived.wrt("X").chain_rule[0, 2]) == "g_1_1*w_3 + g_1_2*w_2 + g_1_3*w_1"
    assert derived.wrt("X").jacobian[0, 2] == sympy.Symbol("w_3", real=True)
    assert derived.wrt("X").jacobian.is_zero(0, 3)
    assert time.perf_counter() - start < 5


def test_a_long_sum_over_a_part_of_an_axis_is_listed_with_its_place():
    @derive.layer()
    def tail(x: "N"):
        return x[2:].sum()

    from derive.notation.code import print_code

    map = vectorize(tail, "x", {"N": 100})
    assert print_code(map.listed(0)) == "Σ(x_k+2, k=1..98)"
    assert print_code(map.shown(0)) == "x_3 + x_4 + ... + x_100"


def test_a_large_image_is_pooled_at_no_cost():
    # Every pixel lies in one window, and can be its largest.
    pool = derive.derive("maxpool", n=64, c=100, h=512, w=32).layer
    found = jacobian(vectorize(pool, "X", {"N": 64, "C": 100, "H": 512, "W": 32}))
    assert found.nnz == 64 * 100 * 1024 * 64
