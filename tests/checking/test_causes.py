"""The likely cause of what is wrong: each mistake here was made on purpose, and is told by its name."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checking import check_backward
from tests.checking import backwards as b
from tests.checking.case import cases


def causes(backward, forward):
    return {v.name: v.cause for v in check_backward(backward, forward).gradients if not v.ok}


@pytest.mark.parametrize(
    ("backward", "forward", "name", "words"),
    [
        (b.affine_first_row, b.affine, "b", "the sum over the batch axis is missing (dout[0])"),
        (b.affine_transposed, b.affine, "W", "it is transposed"),
        (b.affine_mean, b.affine, "W", "1/N is too much: a mean in the place of a sum"),
        (b.affine_mean, b.affine, "b", "1/N is too much: a mean in the place of a sum"),
        (b.softmax_diagonal, b.softmax, "Z", "of the Jacobian only the diagonal is used"),
        (b.layernorm_without_mean, b.layernorm, "X", "the term"),
        (b.layernorm_epsilon_outside, b.layernorm, "X", "the ε stands outside of the root"),
        (b.mse_rows, b.mse, "Y", "1/D is missing: a sum in the place of a mean"),
        (b.mse_same_sign, b.mse, "T", "the sign is the other one"),
    ],
)
def test_a_mistake_is_told_by_its_name(backward, forward, name, words):
    assert words in causes(backward, forward)[name]


def tanh(x: "N"):
    y = np.tanh(x)
    return y, (x, y)


def test_a_value_before_the_function_and_one_after_it():
    assert causes(lambda dout, cache: dout * (1 - cache[0] ** 2), tanh) == {
        "x": "the value before tanh in the place of the one after it"
    }
    assert causes(lambda dout, cache: dout * (1 - np.tanh(cache[1]) ** 2), tanh) == {"x": "tanh(x) in the place of x"}


def test_inputs_that_are_swapped():
    def product(x: "N", y: "N"):
        return x * y * y, (x, y)

    def back(dout, cache):
        y, x = cache
        return dout * y**2, 2 * dout * x * y

    assert causes(back, product) == {"x": "x and y are swapped"}


def test_a_sum_that_is_missing_and_one_over_the_wrong_axis():
    def scale(X: "N N", s: "N"):
        return X * s

    def unsummed(dout, X, s):
        return dout * s, dout * X

    def other_axis(dout, X, s):
        return dout * s, (dout * X).sum(axis=1)

    assert causes(unsummed, scale) == {"s": "the sum over the batch axis is missing"}
    assert "summed over axis 1" in causes(other_axis, scale)["s"]


def test_a_sum_that_keeps_its_axis():
    def kept(dout, cache):
        X, W = cache
        return dout @ W.T, X.T @ dout, dout.sum(axis=0, keepdims=True)

    assert causes(kept, b.affine) == {"b": "an axis of length 1 is left, the batch axis"}


def test_a_factor():
    def square(x: "N"):
        return x**2

    assert causes(lambda dout, x: dout * x, square) == {"x": "a factor 2 is missing"}
    assert causes(lambda dout, x: 4 * dout * x, square) == {"x": "a factor 1/2 is missing"}


def test_what_nothing_explains_has_no_cause():
    assert causes(lambda dout, cache: dout * np.cos(cache[0]), tanh) == {"x": ""}


def test_a_sum_over_the_wrong_axis_inside_a_formula():
    def softmax(dout, S):
        return S * (dout - (dout * S).sum(axis=0, keepdims=True))

    def layernorm(dout, cache):
        xhat, std = cache
        inner = dout - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=1, keepdims=True)
        return inner / std

    def normalised(X: "N D"):
        mu = X.mean(axis=1, keepdims=True)
        std = np.sqrt(X.var(axis=1, keepdims=True) + 1e-5)
        return (X - mu) / std, ((X - mu) / std, std)

    told = "a sum runs over axis 0 in the place of axis 1"
    assert causes(softmax, b.softmax) == {"Z": told}
    assert causes(layernorm, normalised) == {"X": told}


def test_a_sum_over_another_axis_than_the_batch_has_its_number():
    def shift(X: "D N", b: "D"):
        return X + b[:, None]

    assert causes(lambda dout, X, b: (dout, dout[:, 0]), shift) == {"b": "the sum over axis 1 is missing (dout[:, 0])"}


IN_CELLS = {
    "lstm_cell/no_path_through_output": ("XHCWUb", "what comes back from o * t to t is missing"),
    "lstm_cell/new_cell_state": ("XHWUb", "R in the place of C, on the way back from f * C to f"),
    "lstm_cell/candidate_as_sigmoid": (
        "XHWUb",
        "y (1 - y), as for a sigmoid y, in the place of the derivative of tanh, "
        "on the way back from a to Z[:, 2*M:3*M]",
    ),
    "lstm_cell/gate_for_state": ("C", "i in the place of f, on the way back from f * C to C"),
    "rnn_cell/new_state": ("U", "T in the place of H, on the way back from H @ U to U"),
    "rnn_cell/recurrent_not_transposed": ("H", "U is transposed the other way, on the way back from H @ U to H"),
    "attention/softmax_diagonal": ("QK", "y (1 - y), for y = P, in the place of its whole Jacobian with respect to Z"),
    "batchnorm/ddof": ("X", "1 / (N - 1) in the place of 1 / N"),
    "batchnorm/centred_for_normalised": (
        ("gamma",),
        "xmu in the place of xhat, on the way back from gamma * xhat to gamma",
    ),
    "batchnorm/variance_constant": ("X", "what comes back from xhat to inv is missing"),
    "tanh/square_lost": ("X", "1 - y, for the value y, in the place of the derivative of tanh, "),
    "tanh/epsilon": ("X", "1e-06 is added to the derivative, on the way back from T to X"),
    "gelu/three_lost": ("X", "is 1/3 times what it should be"),
}
"""What is wrong in each of these is said by `why` in the corpus, in the names of its own code."""


@pytest.mark.parametrize("name", IN_CELLS)
def test_a_mistake_inside_of_a_long_formula_is_told_in_the_names_of_the_code(name):
    case = next(case for case in cases() if case.name == name)
    report = check_backward(
        case.owner or case.backward, None if case.owner else case.forward, shapes=case.shapes, assume=case.assume
    )
    wrong, told = IN_CELLS[name]
    assert [v.name for v in report.gradients if not v.ok] == list(wrong)
    assert all(told in v.cause for v in report.gradients if not v.ok)


def test_what_turns_at_numbers_that_are_seldom_met_has_no_cause():
    for name in ("tanh/window", "affine/four_samples", "bce_with_logits/hole_at_zero"):
        case = next(case for case in cases() if case.name == name)
        found = check_backward(
            case.backward, case.forward, shapes=case.shapes, returns=case.returns, assume=case.assume
        ).gradients
        assert [v.cause for v in found if not v.ok] == [""]
