"""Which matrices are symmetric, and formulas that are short because of it, from the literature."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.rules.symmetry import is_symmetric

SHAPES = {"A": "N N", "B": "N N", "X": "N D", "Y": "N D", "x": "N", "s": ""}

SYMMETRIC = [
    # expression, the inputs that are assumed to be symmetric
    ("X @ X.T", ""),
    ("eye(N) + X @ X.T", ""),
    ("A + A.T", ""),
    ("X @ Y.T + Y @ X.T", ""),
    ("inv(eye(N) + X @ X.T)", ""),
    ("exp(X @ X.T)", ""),
    ("A @ A.T - 3 * eye(N)", ""),
    ("outer(x, x)", ""),
    ("A", "A"),
    ("inv(A + s * eye(N))", "A"),
    ("A @ B @ A", "AB"),
    ("A @ B + B @ A", "AB"),
    ("X @ X.T @ A @ X @ X.T", "A"),
]
OTHERS = [
    ("A", ""),
    ("A @ B", "AB"),
    ("A - A.T", ""),
    ("X @ Y.T", ""),
    ("A @ A", ""),
    ("A + B.T", "A"),
    ("A @ B @ A", "A"),
    ("inv(A)", "B"),
    ("outer(x, A @ x)", "A"),
]


def made(text: str) -> tuple[derive.Derived, object]:
    found = derive.derive(text, shapes={name: SHAPES[name] for name in SHAPES if name in text.replace("exp", "")})
    return found, found.layer.output


@pytest.mark.parametrize(("text", "given"), SYMMETRIC)
def test_a_matrix_that_numpy_finds_symmetric_is_known_to_be(text: str, given: str) -> None:
    assert is_symmetric(made(text)[1], frozenset(given))
    assert difference(text, given) < 1e-9


@pytest.mark.parametrize(("text", "given"), OTHERS)
def test_nothing_else_is_symmetric(text: str, given: str) -> None:
    assert not is_symmetric(made(text)[1], frozenset(given))
    assert difference(text, given) > 1e-3


def difference(text: str, given: str) -> float:
    """How far the value is from its transpose, at arrays of which the given ones are symmetric."""
    random = np.random.default_rng(0)
    sizes = {"N": 3, "D": 2}
    scope: dict[str, object] = {"inv": np.linalg.inv, "exp": np.exp, "eye": np.eye, "outer": np.outer, **sizes}
    for name, shape in SHAPES.items():
        array = random.normal(size=tuple(sizes[letter] for letter in shape.split()))
        scope[name] = array + array.T if name in given else array
    value = eval(text, scope)
    return float(np.max(np.abs(value - value.T)))


# The Matrix Cookbook (Petersen and Pedersen 2012) where it has a number; products with themselves need no assumption.
KNOWN = [
    ("logdet(X.T @ X)", {"X": "N D"}, (), "X", "2 * X @ inv(X.T @ X)", "Matrix Cookbook 55"),
    ("logdet(eye(N) + X @ X.T)", {"X": "N D"}, (), "X", "2 * inv(eye(N) + X @ X.T) @ X", "the chain rule with 57"),
    ("x @ inv(A) @ x", {"x": "N", "A": "N N"}, ("A symmetric",), "x", "2 * x @ inv(A)", "Matrix Cookbook 81"),
    (
        "(x - A @ s) @ W @ (x - A @ s)",
        {"x": "N", "A": "N M", "s": "M", "W": "N N"},
        ("W symmetric",),
        "x",
        "2 * W @ (x - A @ s)",
        "Matrix Cookbook 86",
    ),
    (
        "logdet(A + X.T @ C @ X)",
        {"A": "D D", "X": "N D", "C": "N N"},
        ("A symmetric", "C symmetric"),
        "X",
        "2 * C @ X @ inv(A + X.T @ C @ X)",
        "the chain rule with 57",
    ),
]


@pytest.mark.parametrize(("text", "shapes", "assume", "wrt", "formula", "source"), KNOWN)
def test_transposes_of_symmetric_matrices_are_left_out(
    text: str, shapes: dict[str, str], assume: tuple[str, ...], wrt: str, formula: str, source: str
) -> None:
    gradient = derive.derive(text, shapes=shapes, assume=assume).wrt(wrt)
    assert str(gradient.formula) == formula, source


def test_what_two_assumptions_make_symmetric_together_is_said_to_use_both() -> None:
    shapes = {"A": "D D", "X": "N D", "C": "N N"}
    found = derive.derive(
        "logdet(A + X.T @ C @ X)", shapes=shapes, assume=("A symmetric", "C symmetric"), n=2, d=2
    ).wrt("A")
    assert str(found.formula) == "inv(A + X.T @ C @ X)"
    assert [str(item) for item in found.assumptions] == ["A symmetric", "C symmetric"]
    assert {item.route for item in found.evidence} >= {"assumed", "assumed, in numbers"}


def test_a_symmetric_inverse_is_proved_for_all_sizes() -> None:
    found = derive.derive("logdet(eye(N) + X @ X.T)", shapes={"X": "N D"}, n=2, d=3).wrt("X")
    assert {item.strength.value for item in found.evidence if item.route == "index"} == {"proved for all sizes"}
