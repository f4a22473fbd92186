"""What a check found: one verdict for each gradient."""

from __future__ import annotations

from dataclasses import dataclass

from derive.forward.assumption import Assumption
from derive.proof.evidence import Strength

__all__ = ["Counterexample", "Report", "Verdict"]

PROOFS = (Strength.PROVED_FOR_ALL_SIZES, Strength.PROVED_AT_SIZES)


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Where a gradient is wrong: sizes and inputs, what was expected, what came.

    shown are the arrays that matter for the answer; place is the worst entry, counted from 0, () for a number.
    wrong says how many entries differ, of how many; message replaces all of it where the code raised, or gave another
    shape.
    """

    sizes: tuple[tuple[str, int], ...]
    shown: tuple[tuple[str, str], ...] = ()
    got: str = ""
    expected: str = ""
    place: tuple[int, ...] = ()
    wrong: int = 0
    of: int = 0
    got_shape: tuple[int, ...] = ()
    message: str = ""

    def __str__(self) -> str:
        if self.message:
            return self.message
        inputs = ", ".join(f"{name} = {value}" for name, value in self.shown)
        at = f"at {inputs}: " if inputs else ""
        worst = f" (worst entry [{', '.join(map(str, self.place))}])" if self.place else ""
        return f"{self.wrong} of {self.of} entries differ; {at}got {self.got}, expected {self.expected}{worst}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known about one gradient.

    method says how it is known, boundary what it is where a comparison is at its boundary ("" if none matters, or it is
    not proved), reason why no proof was found ("" if one was), cause what would make a wrong gradient
    right ("" if nothing that was tried does), kink what happens where the derivative jumps ("" if it nowhere does).
    rule is the gradient as derived, shape what it should be, in sizes.
    """

    name: str
    strength: Strength
    method: str
    reason: str = ""
    counterexample: str = ""
    cause: str = ""
    kink: str = ""
    seconds: float = 0.0
    rule: str = ""
    shape: tuple[int, ...] = ()
    found: Counterexample | None = None
    kink_is_wrong: bool = False
    boundary: str = ""

    @property
    def proved(self) -> bool:
        """Whether it is proved, for all sizes or at some."""
        return self.strength in PROOFS

    @property
    def ok(self) -> bool:
        """Whether nothing wrong was found, a value outside the subdifferential at a kink being wrong."""
        return self.strength is not Strength.REFUTED and not self.kink_is_wrong


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts about a backward function, and about its forward function where that is taken for a layer.

    sizes are those of the proofs at sizes.

    assumptions are what holds of the inputs at which all of this is said.

    words are those of a command line, behind derive, that make the check again; () if its code is in no file.
    """

    name: str
    against: str
    gradients: tuple[Verdict, ...]
    sizes: tuple[tuple[tuple[str, int], ...], ...] = ()
    seconds: float = 0.0
    words: tuple[str, ...] = ()
    forward: Verdict | None = None
    assumptions: tuple[Assumption, ...] = ()

    def __str__(self) -> str:
        from derive.checking.message import text  # deferred: it reads reports

        return text(self).rstrip("\n")

    @property
    def ok(self) -> bool:
        """Whether nothing was refuted."""
        return all(verdict.ok for verdict in self.verdicts)

    @property
    def proved(self) -> bool:
        """Whether every gradient is proved."""
        return self.ok and all(verdict.proved for verdict in self.verdicts)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All of them."""
        return self.gradients if self.forward is None else (self.forward, *self.gradients)
