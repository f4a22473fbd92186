"""Which sides of the comparisons in the code have been visited, and what was found there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from derive.checking.boundaries.kinks import Kink
from derive.checking.numbers.watch import NEAR, Site
from derive.checking.report import Counterexample

__all__ = ["Explored", "Sides"]


@dataclass(slots=True)
class Sides:
    """The sides of one comparison that have been visited: below its boundary, on it, above.

    varies is whether what is compared depends on inputs; judged is at how many points on the boundary gradients were
    compared.
    """

    below: bool = False
    on: bool = False
    above: bool = False
    varies: bool = False
    judged: int = 0
    first: Any = None

    def visit(self, difference: Any) -> None:
        """Notes a visit."""
        self.on |= bool(abs(difference) <= NEAR)
        self.above |= bool(difference > NEAR)
        self.below |= bool(difference < -NEAR)
        self.first = difference if self.first is None else self.first
        self.varies |= bool(abs(difference - self.first) > NEAR)

    @property
    def is_unvisited(self) -> bool:
        """Whether it always had the same answer; the boundary belongs to one of the sides."""
        return self.varies and self.above + self.below + self.on < 2

    @property
    def is_unreached(self) -> bool:
        """Whether gradients were compared nowhere on its boundary."""
        return self.varies and not self.judged


@dataclass(slots=True)
class Explored:
    """What was found at the comparisons of the code.

    known are the inputs whose gradient is wrong in any case; wrong are counterexamples and jumps kinks by the names of
    inputs, boundaries at how many points on boundaries gradients were compared. started is whether the code was run at
    all sizes at least once, followed whether it ran on numbers of many digits, rough whether on floats instead; failure
    is why.
    """

    known: frozenset[str] = frozenset()
    wrong: dict[str, Counterexample] = field(default_factory=dict)
    jumps: dict[str, Kink] = field(default_factory=dict)
    sides: dict[Site, Sides] = field(default_factory=dict)
    boundaries: int = 0
    started: bool = False
    followed: bool = False
    rough: bool = False
    failure: str = ""

    @property
    def unreached(self) -> list[Site]:
        """Comparisons on whose boundary no point was found at which gradients can be compared."""
        return [site for site, sides in self.sides.items() if sides.is_unreached and not site.root]

    @property
    def unvisited(self) -> list[Site]:
        """Comparisons that always turned out the same way."""
        return [site for site, sides in self.sides.items() if sides.is_unvisited and not site.root]
