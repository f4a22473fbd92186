"""What the handout of a check is composed from."""

from __future__ import annotations

from dataclasses import dataclass

from derive.checking.lines.account import Account
from derive.checking.report import Report, Verdict
from derive.document.material import Material
from derive.options import DocumentOptions
from derive.proof.evidence import Strength

__all__ = ["CheckMaterial"]


@dataclass(frozen=True, slots=True)
class CheckMaterial:
    """The check, the derivation of the rule, and what the reader chose.

    derivation is None where forward has no formula; why says it in that case. command makes the page again, check the
    check alone, "" if its code is in no file.
    """

    account: Account
    derivation: Material | None
    why: str
    options: DocumentOptions
    command: str
    check: str
    version: str

    @property
    def report(self) -> Report:
        """The verdicts."""
        return self.account.report

    def verdict(self, name: str) -> Verdict | None:
        """What is known about the gradient of one input."""
        return next((verdict for verdict in self.report.gradients if verdict.name == name), None)

    def is_wrong(self, name: str) -> bool:
        """Whether the gradient of this input is refuted."""
        verdict = self.verdict(name)
        return verdict is not None and verdict.strength is Strength.REFUTED
