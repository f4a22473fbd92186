"""The cases of the set by their labels, and what a test of one is called."""

from __future__ import annotations

from tests.checking.case import RIGHT, WRONG, Case, cases

RIGHT_ONES = tuple(case for case in cases() if case.label == RIGHT)
WRONG_ONES = tuple(case for case in cases() if case.label == WRONG)


def by_name(case: Case) -> str:
    """The id of a parametrised test."""
    return case.name
