"""check_backward: what is right is proved, what is wrong gets numbers at which it is wrong."""

from __future__ import annotations

import time

import numpy as np
import pytest

from derive.checking import check_backward
from derive.errors import UserError
from derive.proof.evidence import Strength
from tests.checking.backwards import RIGHT, WRONG, affine, affine_matrices, affine_mean, relu
from tests.checking.verdict import strengths

ALL, AT, POINTS, REFUTED = Strength


@pytest.mark.parametrize(("backward", "forward"), RIGHT, ids=lambda f: getattr(f, "__name__", ""))
def test_what_is_right_is_proved(backward, forward):
    report = check_backward(backward, forward)
    assert report.gradients and report.proved, [(v.name, v.reason, v.counterexample) for v in report.gradients]


@pytest.mark.parametrize(("backward", "forward", "names"), WRONG, ids=lambda f: getattr(f, "__name__", ""))
def test_what_is_wrong_is_refuted_and_the_rest_is_proved(backward, forward, names):
    report = check_backward(backward, forward)
    assert {v.name for v in report.gradients if v.strength is REFUTED} == names
    assert all(v.proved for v in report.gradients if v.name not in names)
    assert all(v.counterexample for v in report.gradients if v.name in names)


def test_matrix_code_is_proved_for_all_sizes():
    assert set(strengths(affine_matrices, affine).values()) == {ALL}


def test_the_counterexample_is_small_and_true():
    (wrong,) = [v for v in check_backward(affine_mean, affine).gradients if v.name == "W"]
    # A mean over one sample is its sum, so two are needed, with one feature and one output.
    assert dict(wrong.found.sizes) == {"N": 2, "D": 1, "M": 1}
    assert (wrong.found.got, wrong.found.expected) == ("[[0.5]]", "[[1]]")


def cross_entropy(Z: "N K", y: N in K):
    p = np.exp(Z - Z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).mean(), (p, y)


def test_the_usual_gradient_of_cross_entropy_by_labels():
    def back(cache):
        p, y = cache
        dZ = p.copy()
        dZ[np.arange(len(y)), y] -= 1
        return dZ / len(y)

    def undivided(cache):
        p, y = cache
        dZ = p.copy()
        dZ[np.arange(len(y)), y] -= 1
        return dZ

    assert strengths(back, cross_entropy) == {"Z": AT}
    assert strengths(undivided, cross_entropy) == {"Z": REFUTED}


def embedding(W: "V D", t: N in V):
    return W[t], (t, W.shape)


def test_words_that_occur_twice_add_up():
    def back(dout, cache):
        t, shape = cache
        dW = np.zeros(shape)
        np.add.at(dW, t, dout)
        return dW

    def once(dout, cache):
        t, shape = cache
        dW = np.zeros(shape)
        dW[t] += dout
        return dW

    assert strengths(back, embedding) == {"W": AT}
    assert strengths(once, embedding) == {"W": REFUTED}


def pool(X: "N 2*K"):
    return X.reshape(X.shape[0], -1, 2).max(axis=2), X


def test_maxima_by_masks_and_by_argmax():
    def masks(dout, X):
        R = X.reshape(X.shape[0], -1, 2)
        return ((R.max(axis=2, keepdims=True) == R) * dout[:, :, None]).reshape(X.shape)

    def argmax(dout, X):
        dX = np.zeros_like(X)
        for n in range(dout.shape[0]):
            for k in range(dout.shape[1]):
                dX[n, 2 * k + np.argmax(X[n, 2 * k : 2 * k + 2])] += dout[n, k]
        return dX

    # Where both are the largest, both get everything.
    assert strengths(masks, pool) == {"X": REFUTED}
    assert strengths(argmax, pool) == {"X": AT}


def test_entries_that_a_mask_picks_can_be_changed():
    def leaky(X: "N D"):
        return np.where(X > 0, X, 0.01 * X), X

    def back(dout, X):
        dout[X < 0] *= 0.01
        return dout

    assert strengths(back, leaky) == {"X": AT}


def test_changing_an_array_changes_its_views():
    def back(dout, cache):
        X, W = cache
        turned = dout.T
        dout *= 2
        return turned.T @ W.T / 2, X.T @ dout / 2, dout.sum(axis=0)

    assert strengths(back, affine) == {"X": AT, "W": AT, "b": REFUTED}


def test_another_name_for_an_array_is_the_same_array():
    def back(dout, cache):
        X, W = cache
        dX = dout
        dX *= 2
        return dX @ W.T, X.T @ dout, dout.sum(axis=0)

    assert set(strengths(back, affine).values()) == {REFUTED}


def test_what_was_not_filled_is_not_zero():
    def back(dout, cache):
        X, W = cache
        dX = np.empty(X.shape)
        dX += dout @ W.T
        return dX, X.T @ dout, dout.sum(axis=0)

    assert strengths(back, affine)["X"] is not ALL
    assert strengths(back, affine)["X"] is not AT


def test_an_epsilon_that_floats_cannot_tell_apart():
    def forward(x: "D"):
        return 1 / np.sqrt(np.mean(x**2) + 1e-12)

    def back(x):
        return -x / len(x) / np.sqrt(np.mean(x**2) + 1e-12) ** 3

    def misplaced(x):
        return -x / len(x) / (np.sqrt(np.mean(x**2)) + 1e-12) ** 3

    assert strengths(back, forward) == {"x": ALL}
    assert strengths(misplaced, forward) == {"x": REFUTED}


def test_a_helper_of_the_same_module_and_math_are_seen_too():
    import math

    def scaled(x):
        return x / math.sqrt(x.shape[0])

    def forward(x: "D"):
        return np.tanh(scaled(x))

    def back(dout, x):
        return scaled(dout * (1 - np.tanh(scaled(x)) ** 2))

    assert strengths(back, forward) == {"x": ALL}


def test_whole_numbers_cut_off_fractions_as_numpy_does():
    def back(dout, X):
        dX = np.zeros(X.shape, dtype=int)
        dX[...] = dout * 0.5 * (X > 0)
        return dX * 2

    assert strengths(back, relu) == {"X": REFUTED}


def test_what_symbols_cannot_do_is_checked_with_numbers_and_says_why():
    def back(dout, X):
        order = np.argsort(X.ravel())
        dX = np.zeros(X.size)
        dX[order] = (dout * (X > 0)).ravel()[order]
        return dX.reshape(X.shape)

    (verdict,) = check_backward(back, relu).gradients
    assert verdict.strength is POINTS
    assert "argsort" in verdict.reason


def test_code_that_raises_is_no_wrong_gradient():
    def back(dout, cache):
        raise ValueError("not yet")

    with pytest.raises(UserError, match=r"ValueError: not yet \(line \d+ of test_check.py\)"):
        check_backward(back, affine)


def test_it_never_hangs():
    def back(dout, X):
        while True:
            pass

    started = time.monotonic()
    with pytest.raises(UserError):
        check_backward(back, relu, seconds=1.0)
    assert time.monotonic() - started < 5


def test_forward_that_is_random_is_refused_with_the_remedy():
    def dropout(X: "N D"):
        M = np.random.rand(*X.shape) < 0.5
        return X * M, M

    with pytest.raises(UserError, match="forward gives other numbers when it is run again"):
        check_backward(lambda dout, M: dout * M, dropout)


def test_masks_as_whole_numbers_are_zeros_and_ones():
    assert strengths(lambda dout, X: dout * (X > 0).astype(int), relu) == {"X": ALL}


def test_a_branch_that_is_hardly_ever_visited_is_visited():
    def cube(x: "N"):
        return x**3, x

    def far(dout, x):
        dx = 3 * x**2 * dout
        dx[x > 100] = 0
        return dx

    def at_seven(dout, x):
        dx = 3 * x**2 * dout
        dx[x == 7] = 0
        return dx

    assert strengths(far, cube) == {"x": REFUTED}
    assert strengths(at_seven, cube) == {"x": REFUTED}


def usual(cache):
    p, y = cache
    dZ = p.copy()
    dZ[np.arange(len(y)), y] -= 1
    return dZ / len(y)


def test_labels_are_all_run_or_it_is_no_proof():
    assert strengths(usual, cross_entropy) == {"Z": AT}
    (verdict,) = check_backward(usual, cross_entropy, sizes={"N": 3, "K": 4}).gradients
    assert verdict.strength is POINTS
    assert "for 6 of the 64 ways to choose y at N=3, K=4" in verdict.reason


def test_sizes_are_chosen_at_which_all_labels_can_be_run():
    def loss(Z: "N T K", y: "N T in K"):
        p = np.exp(Z)
        p /= p.sum(axis=2, keepdims=True)
        return -np.log(np.take_along_axis(p, y[:, :, None], axis=2)).sum(), (p, y)

    def back(cache):
        p, y = cache
        dZ = p.copy()
        for n, t in np.ndindex(y.shape):
            dZ[n, t, y[n, t]] -= 1
        return dZ

    report = check_backward(back, loss)
    assert [v.strength for v in report.gradients] == [AT]
    for sizes in map(dict, report.sizes):
        assert sizes["K"] ** (sizes["N"] * sizes["T"]) <= 27


def method(back, forward):
    (verdict,) = check_backward(back, forward).gradients
    assert verdict.strength is POINTS
    return verdict.method


def unsorted(dout, X):
    np.argsort(X.ravel())
    return dout * 2 * X


def test_what_numbers_were_compared_is_said():
    def on_symbols(X: "N"):
        return X * X, X

    def in_digits(X: "N"):
        # Which way it goes depends on the entries, so that symbols do not say.
        return (X * X if X[0] > 0 else X**2), X

    def in_floats(X: "N"):
        return X * np.take(X, np.argsort(np.argsort(X)).argsort().argsort() * 0 + np.arange(len(X))), X

    assert "the derivative in 40 digits" in method(unsorted, on_symbols)
    assert "central differences of forward in 100 digits" in method(unsorted, in_digits)
    assert "both in floats: forward runs on NumPy's own arrays only" in method(unsorted, in_floats)
    assert method(unsorted, on_symbols).startswith("at ")
