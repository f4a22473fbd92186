"""What derive says of the cases of the set."""

from __future__ import annotations

from functools import cache

from derive.checking import Report, check_backward
from tests.checking.case import Case

SECONDS = 60.0
"""More than a check takes by itself, so that a busy machine gets the verdicts of an idle one."""


@cache
def checked(case: Case) -> Report:
    """The report of a check, made once in a process."""
    return check_backward(case.backward, case.forward, shapes=case.shapes, returns=case.returns, seconds=SECONDS)
