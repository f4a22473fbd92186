"""What cannot be checked is refused with where, what was expected, what came, and what to do."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from derive.checking import check_backward
from derive.errors import UserError
from derive.forward.file import imported
from tests.checking.backwards import affine, affine_matrices


def nothing(dout, cache):
    dout @ cache[1].T


def two(dout, cache):
    X, W = cache
    return dout @ W.T, X.T @ dout


def four(dout, cache):
    return *affine_matrices(dout, cache), 1


def none_at_all(dout, cache):
    return ()


def generated(dout, cache):
    yield from affine_matrices(dout, cache)


def by_name(dout, cache, *, scale):
    return affine_matrices(dout, cache)


def anything(*given):
    return affine_matrices(*given)


def many(dout, cache, rate, momentum):
    return affine_matrices(dout, cache)


@pytest.mark.parametrize(
    ("backward", "told"),
    [
        (nothing, "backward returns None, expected dX,dW,db; let it return them, in this order"),
        (
            two,
            "backward returns 2 values, expected 3: dX, dW, db; say which they are with returns, .* (--returns dX,dW)",
        ),
        (four, "backward returns 4 values, expected 3: dX, dW, db; say which they are with .* (--returns dX,dW,db,_)"),
        (none_at_all, "backward returns 0 values, expected 3: dX, dW, db; say which .* (--returns dX,dW,db)"),
        (generated, "backward returns 1 value (generator), expected 3: dX, dW, db"),
        (by_name, "by_name takes scale by name alone: expected parameters as in backward(dout, cache); give others a"),
        (anything, "anything takes whatever is given: expected parameters as in backward(dout, cache)"),
        (many, "many(dout, cache, rate, momentum): expected .* by their names (X, W, b); rename .* others a default"),
        (3, "expected a backward function, or a class with the methods forward and backward, got int"),
    ],
)
def test_a_backward_function_that_gives_no_gradients(backward, told):
    with pytest.raises(UserError, match=re.escape(told).replace(r"\.\*", ".*")):
        check_backward(backward, affine)


def backward(dout, X, W):
    return dout @ W.T, X.T @ dout


def returns_nothing(X: "N D", W: "D M"):
    X @ W


def returns_text(X: "N D", W: "D M"):
    return "Y"


def returns_all(X: "N D", W: "D M"):
    return [X @ W, X]


def returns_complex(X: "N D", W: "D M"):
    return X @ W * 1j


def raises(X: "N D", W: "D M"):
    raise NotImplementedError


def asserts(X: "N D", W: "D M"):
    assert len(X) == 64, "a batch is 64"
    return X @ W


def takes_logarithms(X: "N D", W: "D M"):
    return np.log(-1 - (X @ W) ** 2)


def turned_round(X: "N D", W: "M D"):
    return X @ W


def untyped(X, W: "D M"):
    return X @ W


def mistyped(X: "N/D", W: "D M"):
    return X @ W


EXPECTED = "expected an array of real numbers, or that and a cache, as in return out, (X, W)"


@pytest.mark.parametrize(
    ("forward", "told"),
    [
        (returns_nothing, f"returns_nothing: forward returns None, {EXPECTED}"),
        (returns_text, f"returns_text: forward returns a str, {EXPECTED}"),
        (returns_all, f"returns_all: forward returns a list, {EXPECTED}"),
        (returns_complex, f"returns_complex: forward returns an array of complex128, {EXPECTED}"),
        (
            raises,
            "raises: at N=2, D=3, M=4 forward raises NotImplementedError (line .* of test_refusals.py); run it by",
        ),
        (takes_logarithms, "forward gives no finite numbers where it was tried"),
        (turned_round, "(line .* of test_refusals.py); it runs only where D and M are the same: turn a shape round"),
        (untyped, "untyped: argument X has no shape; give it as in shapes={'X': 'N D'} (--shape X=N,D;"),
        (mistyped, "mistyped: argument X has no shape, and its annotation 'N/D' is none; give it as in"),
    ],
)
def test_a_forward_function_that_gives_no_array_of_numbers(forward, told):
    with pytest.raises(UserError, match=re.escape(told).replace(r"\.\*", ".*")):
        check_backward(backward, forward)


def test_sizes_that_forward_does_not_take():
    with pytest.raises(UserError, match=r"at N=3, D=3, M=4 forward raises AssertionError: a batch is 64 .* give sizes"):
        check_backward(backward, asserts, sizes={"N": 3})
    with pytest.raises(UserError, match="unknown size of affine 'K'; known: N, D, M"):
        check_backward(affine_matrices, affine, sizes={"K": 3})


def halves(X: "N D"):
    first, second = X.reshape(2, X.shape[0], X.shape[1] // 2)
    return first * second


def halves_backward(dout, X):
    first, second = X.reshape(2, X.shape[0], X.shape[1] // 2)
    return np.stack([dout * second, dout * first]).reshape(X.shape)


def test_forward_is_run_at_sizes_that_it_takes_and_that_differ():
    report = check_backward(halves_backward, halves)
    assert report.ok
    assert all(dict(sizes)["D"] % 2 == 0 for sizes in report.sizes)
    assert any(len({*dict(sizes).values()}) == 2 for sizes in report.sizes)


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        return x @ self.W + self.b

    def back(self, dout):
        return dout @ self.W.T


class Halves:
    def forward(self, X: "N D"):
        return X / 2

    def backward(self, dout):
        return dout / 2


class OnlyBackward:
    def backward(self, dout):
        return dout


class Sized:
    def __init__(self, n, m):
        self.W = np.zeros((n, m))

    def forward(self, X: "N D"):
        return X @ self.W

    def backward(self, dout):
        return dout @ self.W.T


@pytest.mark.parametrize(
    ("kind", "shapes", "told"),
    [
        (Affine, {}, "Affine: expected the methods forward and backward, got no backward; name two functions instead"),
        (OnlyBackward, {}, "OnlyBackward: expected the methods forward and backward, got no forward"),
        (Affine.forward, {}, "Affine.forward is no backward method; name the class, or the one that is"),
        (Affine.back, {"X": "N D", "W": "D M", "b": "M"}, "argument x has no shape (those of X, W, b are given)"),
        (Sized, {}, "Sized: __init__ needs n, m; give the shape of each that is an array, .* default to what is none"),
    ],
)
def test_a_class_that_lacks_something(kind, shapes, told):
    with pytest.raises(UserError, match=re.escape(told).replace(r"\.\*", ".*")):
        check_backward(kind, shapes=shapes)


def test_a_gradient_that_is_said_to_come_back_twice():
    with pytest.raises(UserError, match="returns: dX is there twice, in dX,dW,dX; an underscore is for what is no"):
        check_backward(affine_matrices, affine, returns="dX,dW,dX")


def test_complex_numbers_are_no_gradient():
    def turned(dout, cache):
        dX, dW, db = affine_matrices(dout, cache)
        return dX, dW * 1j, db

    dX, dW, db = check_backward(turned, affine).gradients
    assert (dX.ok, dW.ok, db.ok) == (True, False, True)
    assert dW.counterexample == "expected an array of real numbers, got complex ones"


def test_a_module_beside_the_file_is_found_on_request(tmp_path: Path):
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "mine.py").write_text("import beside\n")
    told = f"No module named 'beside'; the folder of the file is searched with PYTHONPATH={tmp_path}"
    with pytest.raises(UserError, match=re.escape(told)):
        imported(tmp_path / "mine.py")


def windows(X: "N D-K"):
    return X * X


def windows_backward(dout, X):
    return 2 * dout * X


def test_an_axis_is_as_long_as_a_difference_of_sizes_where_that_is_a_length():
    report = check_backward(windows_backward, windows)
    assert report.proved
    assert all(dict(sizes)["D"] >= dict(sizes)["K"] for sizes in report.sizes)
    with pytest.raises(UserError, match="windows: at N=2, D=1, K=4 an axis is shorter than 0; give sizes"):
        check_backward(windows_backward, windows, sizes={"D": 1, "K": 4})


SHAPES = {"x": "N D", "W": "D M", "b": "M"}
OBJECT = Affine(np.ones((2, 3)), np.ones(3))


@pytest.mark.parametrize(
    ("backward", "forward", "options", "told"),
    [
        (
            affine_matrices,
            None,
            {},
            "expected a forward function, a layer or the name of one, got none; give it as the",
        ),
        (partial(affine_matrices), affine, {}, "expected a backward function, or a class .*, got partial"),
        (affine_matrices, partial(affine), {}, "expected a forward function, a layer or the name of one, got partial"),
        (
            OBJECT.back,
            OBJECT.forward,
            {"shapes": SHAPES},
            "Affine.back belongs to an object, .* name its class, Affine",
        ),
        (Halves(), None, {}, "expected a class, got an object of Halves; name Halves, which is made for every run"),
        (affine_matrices, affine, {"shapes": ["N D"]}, "shapes: expected names and shapes, {'X': 'N D'}, got list"),
        (
            affine_matrices,
            affine,
            {"shapes": {"X": 3}},
            "shapes: X: expected letters and numbers, 'N D' or (3, 4), got 3",
        ),
        (affine_matrices, affine, {"sizes": {"N": "3"}}, "sizes: N: expected a whole number from 1 on, got '3'"),
        (affine_matrices, affine, {"sizes": {"N": 0}}, "sizes: N: expected a whole number from 1 on, got 0"),
        (affine_matrices, affine, {"returns": ["dX"]}, "returns: expected text such as 'dX,dW', got list"),
    ],
)
def test_what_is_handed_over_and_cannot_be_meant(backward, forward, options, told):
    with pytest.raises(UserError, match=re.escape(told).replace(r"\.\*", ".*")):
        check_backward(backward, forward, **options)


def test_shapes_may_be_tuples():
    report = check_backward(backward, untyped, shapes={"X": ("N", 3), "W": [3, "M"]})
    assert report.proved
    assert report.words[-4:] == ("--shape", "X=N,3", "--shape", "W=3,M")


class Random:
    def __init__(self, n=4, m=3):
        self.W = np.random.default_rng().normal(size=(n, m))

    def forward(self, X: "N 4"):
        self.X = X
        return X @ self.W

    def backward(self, dout):
        self.dW = self.X.T @ dout
        return dout @ self.W.T


def test_parameters_may_be_made_of_random_numbers_where_they_have_shapes():
    assert check_backward(Random, shapes={"W": "4 3"}).proved
    told = "forward gives other numbers when it is run again; .*attributes that are parameters have shapes"
    with pytest.raises(UserError, match=told):
        check_backward(Random)


def picked(x: "V", t: "N"):
    return x[t]


def picked_backward(dout, x, t):
    return np.zeros(x.shape)


def test_whole_numbers_that_are_not_said_to_be_such():
    with pytest.raises(UserError, match='whole numbers below V is "N in V"'):
        check_backward(picked_backward, picked)
