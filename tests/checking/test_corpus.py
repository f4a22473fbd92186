"""derive passes every right backward function of the set, refutes every wrong one, and proves most of the right."""

from __future__ import annotations

import pytest

from derive.checking import Report, Verdict
from derive.errors import UserError
from tests.checking.case import Case
from tests.checking.labelled import RIGHT_ONES, WRONG_ONES, by_name
from tests.checking.verdict import checked

SHARE = 0.97
"""At least so many of the gradients that are right must be proved."""

pytestmark = pytest.mark.thorough


def gradients(case: Case) -> tuple[Verdict, ...]:
    """The verdicts; a refusal is raised."""
    report = checked(case)
    if isinstance(report, UserError):
        raise report
    return report.gradients


@pytest.mark.parametrize("case", RIGHT_ONES, ids=by_name)
def test_a_right_one_passes(case):
    found = gradients(case)
    assert all(verdict.ok for verdict in found)
    assert [verdict.name for verdict in found] == list(case.wrt)


@pytest.mark.parametrize("case", WRONG_ONES, ids=by_name)
def test_a_wrong_one_is_refuted_and_shown_where(case):
    found = {verdict.name: verdict for verdict in gradients(case)}
    assert [name for name, verdict in found.items() if not verdict.ok] == sorted(case.wrong, key=list(found).index)
    assert all(found[name].counterexample or found[name].kink for name in case.wrong)


def test_most_of_what_is_right_is_proved():
    reports = [report for case in RIGHT_ONES if isinstance(report := checked(case), Report)]
    proved = sum(verdict.proved for report in reports for verdict in report.gradients)
    assert proved >= SHARE * sum(len(case.wrt) for case in RIGHT_ONES)
