"""Which known quantity a line computes; the quantities are named by hand from the code and the textbook's rule."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checking.check import check_backward, meant
from derive.checking.lines.account import account
from derive.checking.lines.shortened import difference, short

EPS = 1e-5


def scale(X: "N D", s: "D"):
    Z = X * s
    return np.tanh(Z), (X, s, Z)


def scale_backward(dout, cache):
    X, s, Z = cache
    dZ = dout * (1 - np.tanh(Z) ** 2)
    return dZ * s, (dZ * X).sum(axis=0)


def scale_mean(dout, cache):
    X, s, Z = cache
    dZ = dout * (1 - np.tanh(Z) ** 2)
    return dZ * s, (dZ * X).mean(axis=0)


def scale_loop(dout, cache):
    X, s, Z = cache
    ds = np.zeros(s.shape)
    dX = np.zeros(X.shape)
    for n in range(X.shape[0]):
        g = dout[n] * (1 - np.tanh(Z[n]) ** 2)
        ds += g * X[n]
        dX[n] = g * s
    turned = dX.T
    assert turned.shape[0] == X.shape[1]
    return dX, ds


def forward_sized(X: "N D"):
    return X * int(X.shape[0])


def told(backward, forward=scale, **options):
    report = check_backward(backward, forward, **options)
    found, _ = meant(backward, forward)
    return account(found, report)


def meanings(made, role="backward"):
    listing = next(item for item in made.listings if item.role == role)
    return {
        (row.text.strip(), one.left.name): one.meaning and (one.meaning.kind, one.meaning.name, one.meaning.transposed)
        for row in listing.rows
        for one in row.told
    }


def test_a_line_is_told_to_be_the_gradient_of_a_value_of_forward():
    found = meanings(told(scale_backward))
    assert found["dZ = dout * (1 - np.tanh(Z) ** 2)", "dZ"] == ("arriving", "Z", False)
    assert found["X, s, Z = cache", "Z"] == ("value", "Z", False)


def test_what_is_given_back_is_told_to_be_the_derived_gradient():
    found = meanings(told(scale_backward))
    line = "return dZ * s, (dZ * X).sum(axis=0)"
    assert found[line, "dZ * s"] == ("gradient", "X", False)
    assert found[line, "(dZ * X).sum(axis=0)"] == ("gradient", "s", False)


def test_what_is_wrong_is_no_gradient_but_is_given_back_as_one():
    made = told(scale_mean)
    rows = next(item for item in made.listings if item.role == "backward").rows
    right, wrong = rows[-1].told
    assert (right.meaning.kind, right.gradient) == ("gradient", "X")
    assert (wrong.meaning, wrong.gradient) == (None, "s")


def test_the_difference_of_rule_and_code_is_that_of_sum_and_mean():
    made = told(scale_mean)
    assert "mean" in str(short(made.traced, "s"))
    assert [str(size) for size in difference(made.traced, "s").shape] == ["D"]


def test_a_loop_is_run_at_sizes_and_told_after_its_last_run():
    made = told(scale_loop)
    listing = next(item for item in made.listings if item.role == "backward")
    assert dict(listing.sizes) == {"N": 2, "D": 3}
    by_text = {row.text.strip(): row for row in listing.rows}
    assert by_text["ds += g * X[n]"].times == 2
    found = meanings(made)
    assert found["ds += g * X[n]", "ds"] == ("gradient", "s", False)
    assert found["dX[n] = g * s", "dX"] == ("gradient", "X", False)
    assert found["turned = dX.T", "turned"] == ("gradient", "X", True)
    assert made.traced.reason


def test_forward_is_a_layer_with_the_names_that_it_keeps():
    made = told(scale_backward)
    assert [(name, str(node)) for name, node in made.layer.named] == [("Z", "s * X")]
    # The layer computes on numbers what the code does.
    X, s = np.array([[1.0, -2.0]]), np.array([0.5, 3.0])
    np.testing.assert_allclose(made.layer.function(X, s), np.tanh(X * s))


def test_the_whole_file_of_a_function_is_told_with_its_own_numbers():
    made = told(scale_backward)
    for listing, function in zip(made.listings, (scale, scale_backward), strict=True):
        assert listing.rows[0].number == function.__code__.co_firstlineno
        assert listing.rows[0].text.startswith("def ")


@pytest.mark.parametrize("kind", ["forward", "backward"])
def test_without_a_formula_the_reason_is_told(kind):
    def backward(dout, X):
        return dout * X.shape[0]

    report = check_backward(backward, forward_sized)
    found, _ = meant(backward, forward_sized)
    made = account(found, report)
    assert (made.layer is None) == bool(made.reason)
    assert any(listing.role == kind for listing in made.listings)
