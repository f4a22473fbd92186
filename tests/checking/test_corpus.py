"""derive passes every right backward function of the set, refutes every wrong one, and proves most of the right."""

from __future__ import annotations

from typing import Any

import pytest

from derive.checking import Report, Verdict
from derive.errors import UserError
from tests.checking.case import RIGHT, WRONG, Case, cases
from tests.checking.verdict import checked

SHARE = 0.85
"""At least so many of the gradients that are right must be proved."""

BRANCHES_NEVER_VISITED = {
    *("attention/small_weights_dropped", "bce_with_logits/probability_clipped", "cosine/opposite_clipped"),
    *("cross_entropy/unlikely_dropped", "huber/sign_lost_at_five", "huber/slope_of_one", "relu/threshold"),
    *("rnn_cell/clipped", "sigmoid/saturated", "tanh/series"),
}
"""Wrong ones that still pass: no point that is tried lies in the branch of backward that is wrong."""

WRONG_AT_ONE_POINT = {"bce_with_logits/hole_at_zero", "huber/hole_at_corner"}
"""Wrong ones that still pass: they are right but for the boundary of two branches, where the forward is smooth."""

STILL_WRONG = BRANCHES_NEVER_VISITED | WRONG_AT_ONE_POINT

RIGHT_ONES = [case for case in cases() if case.label == RIGHT]
WRONG_ONES = [case for case in cases() if case.label == WRONG]

pytestmark = pytest.mark.thorough


def marked(found: list[Case]) -> list[Any]:
    """The cases; what the check is still wrong about has to fail until it leaves the lists."""
    return [
        pytest.param(
            case,
            id=case.name,
            marks=[
                pytest.mark.xfail(case.name in STILL_WRONG, reason="the check is still wrong about it", strict=True)
            ],
        )
        for case in found
    ]


def gradients(case: Case) -> tuple[Verdict, ...]:
    """The verdicts; a refusal is raised."""
    report = checked(case)
    if isinstance(report, UserError):
        raise report
    return report.gradients


@pytest.mark.parametrize("case", marked(RIGHT_ONES))
def test_a_right_one_passes(case):
    found = gradients(case)
    assert all(verdict.ok for verdict in found)
    assert [verdict.name for verdict in found] == list(case.wrt)


@pytest.mark.parametrize("case", marked(WRONG_ONES))
def test_a_wrong_one_is_refuted_and_shown_where(case):
    found = {verdict.name: verdict for verdict in gradients(case)}
    assert [name for name, verdict in found.items() if not verdict.ok] == sorted(case.wrong, key=list(found).index)
    assert all(found[name].counterexample or found[name].kink for name in case.wrong)


def test_most_of_what_is_right_is_proved():
    reports = [report for case in RIGHT_ONES if isinstance(report := checked(case), Report)]
    proved = sum(verdict.proved for report in reports for verdict in report.gradients)
    assert proved >= SHARE * sum(len(case.wrt) for case in RIGHT_ONES)
