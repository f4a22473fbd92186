"""Notices what was traced for all sizes but holds at some of them only: X[2] where an axis may have two entries.

A layer means its own sizes, and says nothing. Whoever proves something for all sizes asks for the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sympy import expand

from derive.forward.shape import Size

__all__ = ["is_at_least", "proviso", "provisos"]

_found: ContextVar[list[str] | None] = ContextVar("found", default=None)


@contextmanager
def provisos() -> Iterator[list[str]]:
    """A list that gets what is noticed inside, in words."""
    found: list[str] = []
    token = _found.set(found)
    try:
        yield found
    finally:
        _found.reset(token)


def proviso(told: str) -> None:
    """Adds something to the list that is open, if one is."""
    found = _found.get()
    if found is not None and told not in found:
        found.append(told)


def is_at_least(value: Size, least: int) -> bool:
    """Whether a size is seen to be at least so large whatever its letters are: no coefficient in N - 1 is negative.

    Example:
        >>> from derive.forward.shape import size
        >>> is_at_least(size("N*D-N"), 0), is_at_least(size("N-1"), 1)
        (True, False)
    """
    letters = sorted(value.free_symbols, key=str)
    above = expand(value.xreplace({letter: letter + 1 for letter in letters}) - least)
    if not above.is_polynomial(*letters):
        return False
    return all(coefficient >= 0 for coefficient in above.as_coefficients_dict().values())
