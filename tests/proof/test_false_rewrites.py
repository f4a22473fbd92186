"""A rewriting rule that is false is refuted wherever it is applied, though formula and Jacobian are made with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import derive
from derive.proof.evidence import Strength
from derive.proof.prove import prove
from derive.rules.equalities import REWRITES

LAYERS = {
    "like terms": ("X * X", {"X": "N D"}),
    "forward function": ("tanh(X)", {"X": "N D"}),
    "forward value": ("softmax(X)", {"X": "N D"}),
    "forward factor": ("log(X @ W * X)", {"X": "N N", "W": "N N"}),
    "constant sum": ("(X - mean(X, axis=0)) / sqrt(var(X, axis=0) + 1)", {"X": "N D"}),
    "own mask": ("relu(X)**2", {"X": "N D"}),
    "double inverse": ("inv(inv(X)) @ W", {"X": "N N", "W": "N N"}),
    "cancelled inverse": ("logdet(W @ X)", {"X": "N N", "W": "N N"}),
    "symmetric matrix": ("logdet(X @ X.T)", {"X": "N D"}),
    "bounds": ("clip(X + 3, 0, 6)", {"X": "N D"}),
    "rectified": ("(X + 0.1)**2 * (X >= -0.1)", {"X": "N D"}),
    "bounded": ("where(abs(X) <= 1, X**2 / 2, abs(X) - 0.5)", {"X": "N D"}),
    "own sign": ("abs(X)**3", {"X": "N D"}),
    "quotient of functions": ("log(cosh(X))", {"X": "N D"}),
    "double angle": ("sin(X)**2", {"X": "N D"}),
    "negative argument": ("-log(sigmoid(-X))", {"X": "N D"}),
    "function opened": ("X - tanh(X)", {"X": "N D"}),
    "common denominator": ("X / (1 + X)", {"X": "N D"}),
    "forward power": ("(X - mean(X, axis=0)) / sqrt(var(X, axis=0) + 1)", {"X": "N D"}),
}


@pytest.mark.parametrize("reason", REWRITES, ids=lambda reason: reason.name)
def test_a_rewriting_rule_that_multiplies_a_term_by_seven_is_refuted(monkeypatch, reason):
    right = REWRITES[reason]
    applied = []

    def wrong(terms, forward):
        made = right(terms, forward)
        # Once for all, so that no form of the gradient is right, and none is much longer than another.
        if made is None or not made.terms or made.terms[0].coefficient.as_coeff_Mul()[0].p % 7 == 0:
            return made
        applied.append(reason)
        first, *rest = made.terms
        return replace(made, terms=(replace(first, coefficient=7 * first.coefficient), *rest))

    monkeypatch.setitem(REWRITES, reason, wrong)
    text, shapes = LAYERS[reason.name]
    layer = derive.derive(text, shapes=shapes, **{"N": 2, "D": 3} if "D" in str(shapes) else {"N": 2}).layer
    (found, *_) = prove(layer, "X", {letter: {"N": 2, "D": 3}[letter] for letter in layer.letters})
    assert applied
    assert found.strength is Strength.REFUTED
    assert found.counterexample
