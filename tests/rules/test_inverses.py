"""What cancels beside an inverse, against the literature, and what must not."""

from __future__ import annotations

import pytest

import derive

SQUARE = {"A": "N N", "B": "N N", "X": "N N"}

KNOWN = [
    # Petersen and Pedersen, "The Matrix Cookbook" (2012), by number; Giles, NA-08-01.
    ("det(A @ X @ B)", SQUARE, "X", "det(A @ X @ B) * inv(X).T", "Matrix Cookbook 51"),
    ("det(X.T @ A @ X)", {"A": "N N", "X": "N N"}, "X", "2 * det(X.T @ A @ X) * inv(X).T", "Matrix Cookbook 52"),
    ("logdet(A @ X)", {"A": "N N", "X": "N N"}, "X", "inv(X).T", "Matrix Cookbook 57"),
    ("det(X @ X @ X)", {"X": "N N"}, "X", "3 * det(X @ X @ X) * inv(X).T", "Matrix Cookbook 58"),
    ("det(inv(X))", {"X": "N N"}, "X", "-det(inv(X)) * inv(X).T", "Matrix Cookbook 62"),
    ("logdet(c * X)", {"c": "", "X": "N N"}, "X", "inv(X).T", "Matrix Cookbook 57"),
    ("logdet(c * X)", {"c": "", "X": "N N"}, "c", "N / c", "det(c X) = c^N det X, Matrix Cookbook 20"),
    (
        "trace(inv(A @ X) @ X)",
        {"A": "N N", "X": "N N"},
        "A",
        "-inv(A).T @ inv(A).T",
        "Matrix Cookbook 64: the trace is that of inv(A)",
    ),
    ("sum(inv(inv(X)) * A)", {"A": "N N", "X": "N N"}, "X", "A", "the definition of the inverse"),
]


@pytest.mark.parametrize(("text", "shapes", "wrt", "formula", "source"), KNOWN)
def test_what_stands_beside_an_inverse_cancels(
    text: str, shapes: dict[str, str], wrt: str, formula: str, source: str
) -> None:
    gradient = derive.derive(text, shapes=shapes, n=2).wrt(wrt)
    assert str(gradient.formula) == formula, source
    assert {item.strength.value for item in gradient.evidence if item.route == "index"} == {"proved for all sizes"}


KEPT = [
    # A factor that is not square has no inverse, though the product has one.
    ("logdet(A @ X)", {"A": "M N", "X": "N M"}, "X", "A.T @ inv(A @ X).T"),
    # What is inverted is a sum.
    ("logdet(A + X)", {"A": "N N", "X": "N N"}, "X", "inv(A + X).T"),
]


@pytest.mark.parametrize(("text", "shapes", "wrt", "formula"), KEPT)
def test_what_does_not_cancel_is_kept(text: str, shapes: dict[str, str], wrt: str, formula: str) -> None:
    gradient = derive.derive(text, shapes=shapes, n=3, **({"m": 2} if "M" in str(shapes) else {})).wrt(wrt)
    assert str(gradient.formula) == formula
    assert {item.strength.value for item in gradient.evidence} >= {"proved at sizes"}
