"""derive passes every right backward function of the set, refutes every wrong one, and proves most of the right."""

from __future__ import annotations

import pytest

from derive.proof.evidence import Strength
from tests.checking.case import RIGHT, WRONG, Case, cases
from tests.checking.verdict import checked

SHARE = 0.85
"""At least so many of the gradients that are right must be proved."""

RIGHT_ONES = [case for case in cases() if case.label == RIGHT]
WRONG_ONES = [case for case in cases() if case.label == WRONG]

pytestmark = pytest.mark.thorough


def by_name(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", RIGHT_ONES, ids=by_name)
def test_a_right_one_passes(case):
    report = checked(case)
    assert report.ok
    assert [verdict.name for verdict in report.gradients] == list(case.wrt)


@pytest.mark.parametrize("case", WRONG_ONES, ids=by_name)
def test_a_wrong_one_is_refuted_and_shown_where(case):
    found = {verdict.name: verdict for verdict in checked(case).gradients}
    assert [name for name, verdict in found.items() if not verdict.ok] == sorted(case.wrong, key=list(found).index)
    assert all(found[name].counterexample or found[name].kink for name in case.wrong)


def test_most_of_what_is_right_is_proved():
    verdicts = [verdict for case in RIGHT_ONES for verdict in checked(case).gradients]
    proofs = (Strength.PROVED_FOR_ALL_SIZES, Strength.PROVED_AT_SIZES)
    assert sum(verdict.strength in proofs for verdict in verdicts) >= SHARE * len(verdicts)
