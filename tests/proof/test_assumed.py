"""A formula that uses an assumption in the wrong way is refuted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derive.errors import UserError
from derive.forward.assumption import Assumption, read_assumptions
from derive.forward.layer import Layer
from derive.forward.parse import parse
from derive.proof import assumed as proof
from derive.proof.evidence import Strength
from derive.proof.prove import check_sizes
from derive.proof.symbolic import Exact
from derive.rules import assumed as rules
from derive.rules import naming

LAYERS = {
    "A symmetric": (parse("x @ A @ x", {"x": "N", "A": "N N"}), "x"),
    "T rows sum to 1": (parse("sum(T @ w)", {"T": "N K", "w": "K"}), "w"),
    "w > 0": (parse("sum(abs(w) * v)", {"w": "K", "v": "K"}), "w"),
    "T columns sum to 1": (parse("sum((T * w)**2) + sum(T @ w)", {"T": "N K", "w": "K"}), "w"),
}


def assuming(layer: Layer, *texts: str) -> Layer:
    return replace(layer, assumptions=read_assumptions(texts, layer.inputs, layer.name))


def evidence(layer: Layer, wrt: str) -> Sequence[Any]:
    pytest.importorskip("torch")
    plain = replace(layer, assumptions=())
    return proof.check_assumed(layer, wrt, check_sizes(plain), Exact(plain), oracle="torch")


@pytest.mark.parametrize("text", ["A symmetric", "w > 0", "T columns sum to 1"])
def test_a_formula_is_proved_where_the_assumption_holds(text: str) -> None:
    layer, wrt = LAYERS[text]
    found = evidence(assuming(layer, text), wrt)
    assert [item.strength for item in found] == [Strength.PROVED_AT_SIZES, *[Strength.CHECKED_AT_POINTS] * 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # What the rule applies, and what the proof is told: the rule goes beyond what is assumed.
        ("A symmetric", "A rows sum to 1"),
        ("w > 0", "w != 0"),
        ("T columns sum to 1", "T rows sum to 1"),
    ],
)
def test_a_formula_that_uses_more_than_is_assumed_is_refuted(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, wrt = LAYERS[text]
    stated = assuming(layer, said)
    used = read_assumptions([text], layer.inputs, layer.name)
    true_rules = rules.assumed_rules

    def false_rules(assumptions: Sequence[Assumption]) -> Any:
        made = true_rules(used)
        return {replace(reason, name=said): rule for reason, rule in made.items()}

    naming._named.cache_clear()
    naming._formulas.cache_clear()
    monkeypatch.setattr(rules, "assumed_rules", false_rules)
    found = evidence(stated, wrt)
    naming._named.cache_clear()
    naming._formulas.cache_clear()
    assert found[0].strength is Strength.REFUTED
    assert said in found[0].counterexample


def test_a_wrong_sum_is_refuted_by_numbers_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    layer, wrt = LAYERS["T columns sum to 1"]
    stated = assuming(layer, "T columns sum to 1")
    (wrong,) = read_assumptions(["T columns sum to 2"], layer.inputs, layer.name)
    true_rules = rules.assumed_rules
    monkeypatch.setattr(
        rules,
        "assumed_rules",
        lambda _: {replace(r, name="T columns sum to 1"): f for r, f in true_rules([wrong]).items()},
    )
    monkeypatch.setattr(proof, "_symbolic", lambda *_: None)
    naming._named.cache_clear()
    naming._formulas.cache_clear()
    found = evidence(stated, wrt)
    naming._named.cache_clear()
    naming._formulas.cache_clear()
    assert {item.strength for item in found} == {Strength.REFUTED}


@pytest.mark.parametrize(
    "texts",
    [
        ("A symmetric",),
        ("A rows sum to 1",),
        ("A columns sum to 0",),
        ("A symmetric", "A rows sum to 1"),
        ("A rows sum to 1", "A columns sum to 1", "A > 0"),
        ("A symmetric", "A >= 0", "A rows sum to 3"),
        ("A > 0", "A symmetric"),
    ],
)
def test_numbers_are_drawn_so_that_they_satisfy_what_is_assumed(texts: Sequence[str]) -> None:
    layer = assuming(parse("sum(A)", {"A": "N N"}), *texts)
    A = proof.constrained(layer, layer.inputs[0], np.random.default_rng(1).normal(size=(4, 4)))
    for item in layer.assumptions:
        if item.kind == "symmetric":
            assert np.array_equal(A, A.T)
        elif item.kind == "sum":
            assert np.allclose(A.sum(axis=item.axis), float(item.number))
        else:
            assert np.all(A > 0)


def test_assumptions_that_nothing_satisfies_are_refused() -> None:
    """Rows that add up to 1 and columns to 2 would need a total of N and of 2 N."""
    layer = assuming(parse("sum(T @ w)", {"T": "N N", "w": "N"}), "T rows sum to 1", "T columns sum to 2")
    with pytest.raises(UserError, match="T rows sum to 1, T columns sum to 2: no array was found that satisfies"):
        evidence(layer, "w")
