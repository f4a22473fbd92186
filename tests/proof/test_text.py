"""The text of a formula by itself, which has other names than a page: it is proved where somebody asks for it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import derive
from derive.errors import RefutedError
from derive.forward.normal import add
from derive.notation.tree import Negative
from derive.proof.evidence import Strength
from derive.proof.prove import prove_text
from derive.rules import naming

SHAPES = {"X": "N D", "C": "K D"}


def kernel(scale: int) -> derive.Derived:
    """A layer whose text has other names than its page; each scale is another one, of which nothing is known yet."""
    return derive.derive(f"exp(-sum((X[:, None] - C)**2, axis=2) / {scale})", shapes=SHAPES, n=2, d=2, k=3)


def wrong_definition(formula):
    first, *others = formula.definitions
    return replace(formula, definitions=(replace(first, tree=Negative(first.tree)), *others))


def wrong_line(formula):
    return replace(formula, short=add([formula.short, formula.short]))


def test_text_with_other_names_is_proved_with_the_formula():
    gradient = kernel(2).wrt("C")
    assert gradient.formula.statements != gradient.formula.lines
    first, text, *others = gradient.evidence
    assert (text.route, text.strength) == ("text", Strength.PROVED_AT_SIZES)
    assert (first, *others) == gradient.page_evidence


def test_text_that_reads_as_on_a_page_needs_no_proof_of_its_own():
    affine = derive.derive("affine").wrt("W")
    assert affine.formula.statements == affine.formula.lines
    assert affine.evidence == affine.page_evidence


@pytest.mark.parametrize(("mutated", "scale"), [(wrong_definition, 3), (wrong_line, 5)])
def test_false_text_is_refuted_with_a_counterexample(monkeypatch, mutated, scale):
    right = naming.standing
    monkeypatch.setattr(naming, "standing", lambda *given: {n: mutated(f) for n, f in right(*given).items()})
    gradient = kernel(scale).wrt("C")
    assert all(item.strength is not Strength.REFUTED for item in gradient.page_evidence)
    found = prove_text(gradient.map.layer, "C", {"N": 2, "D": 2, "K": 3})
    assert found is not None and found.strength is Strength.REFUTED
    assert "formula as text" in found.counterexample
    with pytest.raises(RefutedError, match="formula as text"):
        _ = gradient.evidence


def test_data_that_has_the_names_of_the_page_looks_for_no_others(monkeypatch):
    def refuse(*given):
        raise AssertionError("nobody has asked for the text")

    monkeypatch.setattr(naming, "standing", refuse)
    data = json.loads(kernel(7).json())
    assert data["gradients"]["C"]["evidence"][0]["route"] == "jacobian"
