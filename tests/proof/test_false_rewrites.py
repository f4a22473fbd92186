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
    "forward power": ("(X - mean(X, axis=0)) / sqrt(var(X, axis=0) + 1)", {"X": "N D"}),
}


@pytest.mark.parametrize("reason", REWRITES, ids=lambda reason: reason.name)
def test_a_rewriting_rule_that_doubles_a_term_is_refuted(monkeypatch, reason):
    right = REWRITES[reason]
    applied = []

    def doubled(terms, forward):
        made = right(terms, forward)
        if made is None or not made.terms or len(applied) > 20:
            return made
        applied.append(reason)
        first, *rest = made.terms
        return replace(made, terms=(replace(first, coefficient=2 * first.coefficient), *rest))

    monkeypatch.setitem(REWRITES, reason, doubled)
    text, shapes = LAYERS[reason.name]
    layer = derive.derive(text, shapes=shapes, **{"N": 2, "D": 3} if "D" in str(shapes) else {"N": 2}).layer
    (found, *_) = prove(layer, "X", {letter: {"N": 2, "D": 3}[letter] for letter in layer.letters})
    assert applied
    assert found.strength is Strength.REFUTED
    assert found.counterexample
