"""How strongly something is known, said in the same words everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Evidence", "Strength"]


class Strength(Enum):
    """From the strongest to the weakest; refuted means that a counterexample was found."""

    PROVED_FOR_ALL_SIZES = "proved for all sizes"
    PROVED_AT_SIZES = "proved at sizes"
    CHECKED_AT_POINTS = "checked at points"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was verified, how, and where.

    sizes are those of every proof or check, none where it holds for all; points is how many random inputs were tried;
    digits is how many decimal digits had to agree; counterexample says where a refuted equality fails.
    """

    route: str
    strength: Strength
    method: str
    sizes: tuple[tuple[tuple[str, int], ...], ...]
    points: int | None = None
    digits: int | None = None
    counterexample: str = ""
