"""Equalities of square matrices."""

from __future__ import annotations

from derive.rules.known import Forward
from derive.rules.symmetry import turned
from derive.rules.terms import Terms

__all__ = ["symmetric"]


def symmetric(terms: Terms, forward: Forward) -> Terms | None:
    """S_ji = S_ij where S is symmetric by how it is made, as Xᵀ X, Z + Zᵀ and the inverses of them are.

    Source: (A B)ᵀ = Bᵀ Aᵀ and (A⁻¹)ᵀ = (Aᵀ)⁻¹.
    """
    return turned(terms, forward.patterns)
