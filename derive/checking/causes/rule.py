"""The formula of a derived gradient, as the code that one would write."""

from __future__ import annotations

from derive.checking.proofs.every_size import Traced
from derive.checking.words import rule_words
from derive.errors import DeriveError

__all__ = ["rule"]

_LONGEST = 100


def rule(traced: Traced | None, name: str) -> str:
    """X.T @ dout, for example; "" if forward was not traced, or the formula is too long to be read."""
    if traced is None or traced.output is None or name not in traced.expected:
        return ""
    try:
        text = str(traced.short(name))
    except DeriveError:
        return ""
    return rule_words(text, traced.expected[name]) if len(text) <= _LONGEST else ""
