"""What a rewrite leaves behind: an equality, and the reason why it holds.

    Derivation = Step, Step, ...        Step: before == after, because of a Reason

Both sides of a step are values that `proof` evaluates, so that a false step is caught by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Derivation", "Reason", "Step"]

Side = TypeVar("Side")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step holds: the name of a rule, and the rule as a formula or a sentence."""

    name: str
    rule: str


@dataclass(frozen=True, slots=True)
class Step(Generic[Side]):
    """The equality before == after."""

    before: Side
    after: Side
    reason: Reason


@dataclass(frozen=True, slots=True)
class Derivation(Generic[Side]):
    """The steps of one route to the gradient with respect to one input."""

    route: str
    wrt: str
    steps: tuple[Step[Side], ...]

    def step(self, name: str) -> Step[Side]:
        """The step whose reason has this name.

        Raises: KeyError if there is none.
        """
        for step in self.steps:
            if step.reason.name == name:
                return step
        raise KeyError(name)
