"""Looks for a proof of each gradient: for all sizes, else at sizes, else at smaller ones, each within its time."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

from derive.checking.arrays.scalars import TooManyBranchesError
from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.frames import raised
from derive.checking.numbers.points import MOST_CHOICES, differ_somewhere, smaller_sizes, whole_choices
from derive.checking.proofs.every_size import Traced, traced
from derive.checking.proofs.exactly import Branch, branches, where_assumed, whole_numbers
from derive.checking.proofs.generic import vanishes_generically
from derive.checking.subject import CodeError, Subject
from derive.errors import UserError
from derive.forward.nodes import Input
from derive.proof.evidence import Strength

__all__ = ["Proofs"]


@dataclass(slots=True)
class Proofs:
    """What is proved so far; reasons say by the name of an input why it is no more, general why not for all sizes.

    sizes are those of the proofs, runs has one run on symbols at some of them, and paths every way in which the code
    runs at all of them, none if that is not known.
    """

    subject: Subject
    budget: Budget
    sizes: list[dict[str, int]] = field(default_factory=list)
    wrong: frozenset[str] = frozenset()
    strengths: dict[str, Strength] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    general: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    traced: Traced | None = None
    hurried: bool = False
    runs: list[Branch] = field(default_factory=list)
    paths: list[Branch] = field(default_factory=list)

    def run(self, wrong: Collection[str]) -> None:
        """Fills in what can be proved of what is not wrong."""
        self.wrong = frozenset(wrong)
        stages = (self._for_all_sizes, 0.3), (self._at_sizes, 0.5), (self._at_smaller_sizes, 0.7)
        hung = ""
        for stage, share in stages:
            whole, self.budget.seconds = self.budget.seconds, self.budget.seconds * share
            try:
                with self.budget.interrupting():
                    stage()
            except OutOfTimeError as error:
                self.hurried = True
                if str(error):
                    hung = f"the code did not come back within {self.budget.seconds:.0f} s ({error})"
                # Where it hangs says more than that there was no time afterwards.
                self._note(hung or f"no proof within {self.budget.seconds:.0f} s")
            finally:
                self.budget.seconds = whole

    def every_path(self) -> list[Branch]:
        """Every way in which the code runs at all sizes of proofs; none if it does not run at one of them."""
        if self._sampled():
            return []
        if not self.paths:
            with suppress(Exception):
                every = [branch for sizes in self.sizes for branch in branches(self.subject, sizes, self.budget)]
                self.paths = [made for branch in every if (made := where_assumed(branch)) is not None]
        return self.paths

    def _open(self) -> list[Input]:
        own = () if self.traced is None else self.traced.own
        return [node for node in self.subject.wanted if node.name not in {*self.strengths, *self.wrong, *own}]

    def _note(self, reason: str) -> None:
        for node in self._open():
            self.reasons[node.name] = reason

    def _for_all_sizes(self) -> None:
        self.traced = traced(self.subject, self.budget)
        self._note(self.traced.reason or "its canonical form is another than that of the derived gradient")
        self.reasons.update(self.traced.own)
        self.general = dict(self.reasons)
        for node in self._open():
            begun = time.monotonic()
            if self.traced.agree(node.name, self.budget):
                self.strengths[node.name] = Strength.PROVED_FOR_ALL_SIZES
            self.seconds[node.name] = time.monotonic() - begun

    def _at_smaller_sizes(self) -> None:
        """Where the code branches in too many ways, or there was no time."""
        smaller = smaller_sizes(self.subject)
        # What is proved already is proved at the sizes that are said.
        if self._open() and smaller and self.hurried and Strength.PROVED_AT_SIZES not in self.strengths.values():
            self.sizes = smaller
            self._at_sizes()

    def _at_sizes(self) -> None:
        if not self._open():
            return
        proved = {node.name: True for node in self._open()}
        paths: list[Branch] = []
        self.paths = []
        for sizes in self.sizes:
            compared = False
            try:
                for number, branch in enumerate(branches(self.subject, sizes, self.budget)):
                    self.runs += [] if number else [branch]
                    if (made := where_assumed(branch)) is not None:
                        compared = True
                        paths.append(made)
                        self._compare(made, proved)
            except TooManyBranchesError as error:
                self.hurried = True
                self._note(str(error))
                return
            except CodeError as error:
                self._note(str(error))
                return
            except Exception as error:
                self._note(raised(error))
                return
            if not compared:
                self._note("on symbols, the code never runs at inputs that satisfy the assumptions")
                return
        self.paths = paths
        sampled = self._sampled()
        for name, holds in proved.items():
            if not holds and self._signs:
                self.reasons[name] = (
                    f"that {self._signs} is used for numbers, not for proofs; assume > if that is meant"
                )
            if holds and sampled:
                self.reasons[name] = sampled
            elif holds:
                self.strengths[name] = Strength.PROVED_AT_SIZES

    @property
    def _signs(self) -> str:
        """What is assumed that no symbol stands for: one may be 0 there, or on either side of it."""
        return ", ".join(str(item) for item in self.subject.assumptions if item.kind in (">=", "!="))

    def _sampled(self) -> str:
        """What was run where there are too many ways to choose whole numbers; "" if all were."""
        names = ", ".join(node.name for node in self.subject.inputs if node.below is not None)
        for sizes in self.sizes:
            every = whole_choices(self.subject, sizes)
            if every > MOST_CHOICES:
                some = len(whole_numbers(self.subject, sizes))
                at = ", ".join(f"{letter}={number}" for letter, number in sizes.items())
                return (
                    f"every entry agrees in the exact field for {some} of the {every} ways to choose {names} at {at}; "
                    f"at smaller sizes all are run"
                )
        return ""

    def _compare(self, branch: Branch, proved: dict[str, bool]) -> None:
        for name, holds in proved.items():
            if not holds:
                continue
            begun = time.monotonic()
            reason = self._unequal(branch, name)
            if reason:
                proved[name], self.reasons[name] = False, reason
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - begun

    def _unequal(self, branch: Branch, name: str) -> str:
        """Why the entries of a branch are not seen to be equal; "" if they are."""
        if branch.failure:
            return branch.failure
        if name in (own := dict(branch.own)):
            return own[name]
        got, expected = branch.got[name].data, branch.expected[name]
        if got.shape != expected.shape:
            return f"the gradient has shape {got.shape}, expected {expected.shape}"
        for a, b in zip(got.ravel(), expected.ravel(), strict=True):
            if not branch.known and differ_somewhere([(a, b)]):
                return "it is not the derived gradient"
            try:
                if not vanishes_generically(a - b, branch.known, self.budget):
                    return "algebra does not show that it is the derived gradient"
            except UserError as error:
                return str(error)
        return ""
