"""Formulas that use what is assumed, against the literature and PyTorch; none without it, and none in silence."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.api import Derived
from derive.layers import index, load
from derive.rules.assumed import assumed
from derive.rules.gradients import gradients

CASES = [
    # expression, shapes, assumption, input, formula, source
    # The Matrix Cookbook (Petersen and Pedersen 2012) gives these for entries that vary independently.
    ("x @ A @ x", {"x": "N", "A": "N N"}, "A symmetric", "x", "2 * A @ x", "Matrix Cookbook 81"),
    ("trace(X.T @ A @ X)", {"X": "N M", "A": "N N"}, "A symmetric", "X", "2 * A @ X", "Matrix Cookbook 108"),
    ("logdet(A)", {"A": "N N"}, "A symmetric", "A", "inv(A)", "Matrix Cookbook 57"),
    ("trace(A @ X @ A)", {"X": "N N", "A": "N N"}, "A symmetric", "X", "A @ A", "Matrix Cookbook 101"),
    ("X @ A", {"X": "M N", "A": "N N"}, "A symmetric", "X", "G @ A", "Giles 2008, section 2.2.2"),
    ("A @ X", {"X": "N M", "A": "N N"}, "A symmetric", "X", "A @ G", "Giles 2008, section 2.2.2"),
    ("sum(abs(x))", {"x": "N"}, "x > 0", "x", "ones(N)", "|x| = x"),
    ("sum(relu(x) * w)", {"x": "N", "w": "N"}, "x > 0", "x", "w", "max(x, 0) = x"),
    ("sum(relu(x) * w)", {"x": "N", "w": "N"}, "x >= 0", "w", "x", "max(x, 0) = x"),
    ("sum(sqrt(x**2) * w)", {"x": "N", "w": "N"}, "x > 0", "x", "w", "√x² = x"),
    ("sum(w * sign(x)**2)", {"x": "N", "w": "N"}, "x != 0", "w", "ones(N)", "sign(x)² = 1"),
    ("abs(sum(x))", {"x": "N"}, "x > 0", "x", "ones(N)", "a sum of positive numbers is positive"),
]


@pytest.mark.parametrize(("text", "shapes", "assume", "wrt", "formula", "source"), CASES)
def test_a_formula_is_the_one_of_the_literature(
    text: str, shapes: dict[str, str], assume: str, wrt: str, formula: str, source: str
) -> None:
    gradient = derive.derive(text, shapes=shapes, assume=assume).wrt(wrt)
    assert str(gradient.formula) == formula, source
    assert [str(item) for item in gradient.assumptions] == [assume]
    assert {item.route for item in gradient.evidence} >= {"assumed", "assumed, in numbers"}


@pytest.mark.parametrize(("text", "shapes", "assume", "wrt", "formula", "source"), CASES)
def test_without_the_assumption_nothing_is_assumed(
    text: str, shapes: dict[str, str], assume: str, wrt: str, formula: str, source: str
) -> None:
    gradient = derive.derive(text, shapes=shapes).wrt(wrt)
    assert str(gradient.formula) != formula
    assert gradient.assumptions == ()
    assert str(derive.derive(text, shapes=shapes, assume=assume).wrt(wrt).route.formula) == str(gradient.formula)


def test_softmax_with_cross_entropy_is_probabilities_minus_targets() -> None:
    """Bishop, "Pattern Recognition and Machine Learning", equation 4.109; PyTorch's cross_entropy, at such targets."""
    derived = derive.derive("cross_entropy", n=3, k=4, assume="T rows sum to 1")
    formula = derived.wrt("Z").formula
    assert "sum(T" not in str(formula)
    random = np.random.default_rng(0)
    Z, T = random.normal(size=(3, 4)), random.uniform(size=(3, 4))
    T /= T.sum(axis=1, keepdims=True)
    torch = pytest.importorskip("torch")
    scores = torch.tensor(Z, requires_grad=True)
    torch.nn.functional.cross_entropy(scores, torch.tensor(T)).backward()
    space: dict[str, object] = {name: getattr(np, name) for name in ("exp", "log", "sum", "max")}
    space |= {"Z": Z, "T": T, "N": 3, "K": 4}
    for line in formula.statements:
        if not any(word in line for word in ("softmax", "logsumexp")):
            exec(line, space)
    probabilities = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    assert scores.grad is not None
    assert np.allclose((probabilities - T) / 3, scores.grad.numpy(), atol=1e-12)
    if "dZ" in space:
        assert np.allclose(np.asarray(space["dZ"]), scores.grad.numpy(), atol=1e-12)


def test_the_gradient_of_a_symmetric_matrix_is_that_of_independent_entries() -> None:
    """PyTorch at a symmetric A; the derivative along symmetric matrices alone would be 2 X - diag(X)."""
    gradient = derive.derive("logdet(A)", shapes={"A": "N N"}, assume="A symmetric").wrt("A")
    torch = pytest.importorskip("torch")
    A = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64, requires_grad=True)
    torch.logdet(A).backward()
    assert str(gradient.formula) == "inv(A)"
    assert A.grad is not None
    assert np.allclose(np.linalg.inv(A.detach().numpy()), A.grad.numpy())


def test_an_assumption_that_no_formula_needs_is_said_to_be_unused() -> None:
    derived = derive.derive("x @ A @ x", shapes={"x": "N", "A": "N N"}, assume=["A symmetric", "x > 0"])
    assert derived.assumption_notes == ("assumed: A symmetric (used in dx)", "assumed: x > 0 (not used)")


def test_the_assumption_of_a_layer_is_said_to_be_its_own() -> None:
    @derive.layer(defaults="N=3", assume=["A symmetric"])
    def quadratic(x: N, A: "N N"):  # type: ignore[no-untyped-def]
        return x @ A @ x

    derived = derive.derive(quadratic)
    assert str(derived.wrt("x").formula) == "2 * A @ x"
    assert derived.assumption_notes == ("assumed by the layer: A symmetric (used in dx)",)


def test_no_layer_changes_under_an_assumption_that_does_not_matter() -> None:
    layers = [item.name for item in index()]
    assert len(layers) > 30
    for name in layers[::6]:
        layer = load(name)
        found = gradients(layer)
        made = assumed(layer, found).gradients
        assert all(made.inputs[wrt] is node for wrt, node in found.inputs.items())


def test_options_that_change_keep_what_is_assumed() -> None:
    derived = derive.derive("cross_entropy", assume="T rows sum to 1")
    assert isinstance(derived, Derived)
    assert "--assume 'T rows sum to 1'" in derived.command
    assert "adds up to" in repr(derived.document(depth="brief"))


def test_a_stage_of_a_network_uses_what_is_assumed_of_its_targets() -> None:
    """Nielsen, "Neural Networks and Deep Learning", chapter 3: δ = (a - y) / N at the last layer."""
    text = "affine(3) > sigmoid > affine(2) > cross_entropy"
    plain, derived = (derive.derive(derive.network(text), **more) for more in ({}, {"assume": "T rows sum to 1"}))
    (before,), (line,) = (
        [line for line in made.wrt("W_2").formula.statements if line.startswith("dZ_2 = ")] for made in (plain, derived)
    )
    assert "sum(T" in before
    assert "sum(T" not in line
    assert {item.route for item in derived.wrt("X").evidence} >= {"assumed", "assumed, in numbers"}
    assert derived.assumption_notes[0].startswith("assumed: T rows sum to 1 (used in dX, dW_1, db_1, dW_2, db_2")
