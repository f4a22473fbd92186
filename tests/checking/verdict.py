"""What derive says: how strongly each gradient is known, and of the cases of the set."""

from __future__ import annotations

from functools import cache

from derive.checking import Report, check_backward
from derive.errors import UserError
from tests.checking.case import Case


@cache
def checked(case: Case) -> Report | UserError:
    """The report of a check, or why there is none; made once in a process, in the time that everybody has."""
    try:
        return check_backward(case.backward, case.forward, shapes=case.shapes, returns=case.returns, assume=case.assume)
    except UserError as error:
        return error


def strengths(backward, forward=None, **options):
    """By the name of the input."""
    return {v.name: v.strength for v in check_backward(backward, forward, **options).gradients}
