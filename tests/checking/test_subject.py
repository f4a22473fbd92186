"""What may be given to be checked: functions, methods and classes, and how their gradients come back."""

from __future__ import annotations

import pytest

from derive.checking import check_backward
from derive.errors import UserError
from derive.proof.evidence import Strength
from tests.checking.backwards import affine, affine_matrices
from tests.checking.verdict import strengths

ALL, AT, POINTS, REFUTED = Strength


def test_shapes_can_be_given_beside_the_function():
    def scale(X, s):
        return X * s

    def back(dout, X, s):
        return dout * s, (dout * X).sum(axis=0)

    assert strengths(back, scale, shapes={"X": "N D", "s": "D"}) == {"X": ALL, "s": ALL}


def test_what_comes_back_can_be_named():
    def back(dout, cache):
        X = cache[0]
        return dout.sum(axis=0), "unused", X.T @ dout

    found = strengths(back, affine, returns="db,_,dW")
    assert found == {"W": ALL, "b": ALL}


def test_a_dictionary_of_gradients():
    def back(dout, cache):
        X, W = cache
        return {"grad_W": X.T @ dout, "dX": dout @ W.T, "db": dout.sum(axis=0)}

    assert set(strengths(back, affine).values()) == {ALL}


class Affine:
    """A class in the style of lecture notes."""

    def __init__(self, W: "D M", b: "M"):
        self.W, self.b = W, b

    def forward(self, X: "N D"):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dY):
        self.dW = self.X.T @ dY
        self.db = dY.sum(axis=0)
        return dY @ self.W.T


class Bare:
    """Parameters are set from outside."""

    def forward(self, X):
        self.cache = X
        return X @ self.W

    def backward(self, dY):
        self.grad_W = self.cache.T @ dY
        return dY @ self.W


def test_a_class_keeps_its_cache_on_itself():
    assert strengths(Affine) == {"X": ALL, "W": ALL, "b": ALL}
    assert strengths(Affine.backward) == {"X": ALL, "W": ALL, "b": ALL}
    assert strengths(Affine.backward, Affine.forward) == {"X": ALL, "W": ALL, "b": ALL}


class Returns:
    """All inputs are arguments of forward; gradients come back or stay on self, as somebody likes it."""

    left = "Wb"

    def forward(self, X: "N D", W: "D M", b: "M"):
        self.X, self.W = X, W
        self.dX = None
        return X @ W + b

    def backward(self, dY):
        every = {"X": dY @ self.W.T, "W": self.X.T @ dY, "b": dY.sum(axis=0)}
        for name in self.left:
            setattr(self, f"d{name}", every[name])
        back = tuple(value for name, value in every.items() if name not in self.left)
        return back[0] if len(back) == 1 else back or None


@pytest.mark.parametrize("left", ["Wb", "b", "X", "XW", "XWb", ""])
def test_gradients_come_back_in_order_or_are_left_on_self(left):
    kind = type("Kind", (Returns,), {"left": left})
    assert strengths(kind) == {"X": ALL, "W": ALL, "b": ALL}


def test_a_lost_transpose_shows_although_square_matrices_would_hide_the_shape():
    found = check_backward(Bare, shapes={"X": "N D", "W": "D D"})
    assert {v.name: v.strength for v in found.gradients} == {"X": REFUTED, "W": ALL}


def test_a_layer_of_the_catalogue_by_its_name():
    def back(dout, out):
        return dout * out * (1 - out)

    assert strengths(back, "sigmoid") == {"X": ALL}


@pytest.mark.parametrize(
    ("returned", "words"), [((1, 2), "returns 2 values, expected 3"), ((1, 2, 3, 4), "returns 4 values, expected 3")]
)
def test_another_number_of_gradients_is_refused_with_the_remedy(returned, words):
    with pytest.raises(UserError, match=words):
        check_backward(lambda dout, cache: returned, affine)


def test_an_argument_without_a_shape_is_named():
    with pytest.raises(UserError, match="argument s has no shape"):
        check_backward(affine_matrices, lambda X, s: X * s, shapes={"X": "N"})
