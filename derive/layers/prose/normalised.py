"""What the normalising layers say alike."""

from __future__ import annotations

from fractions import Fraction

from derive.notation.tree import Number

__all__ = ["ADDED"]

ADDED = (("small", Number(Fraction(1, 100000))),)
"""What is added to the variance, by the name that remarks have for it."""
