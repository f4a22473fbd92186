"""Checks a backward function: for all sizes if that can be done, else at sizes, else at points; or refutes it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from warnings import catch_warnings, simplefilter

from derive.checking.boundary import Boundary, at_points, settled
from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.causes import likely_cause
from derive.checking.claim import claim
from derive.checking.counterexample import Finding, confirm, output_shape, search, settle
from derive.checking.every_size import Traced, traced
from derive.checking.exactly import Branch, branches, raised, whole_numbers
from derive.checking.explore import explore
from derive.checking.generic import vanishes_generically
from derive.checking.involved import without_others
from derive.checking.kinks import Kink, kinks, merged
from derive.checking.matching import is_class, partner, subject
from derive.checking.points import (
    MOST_CHOICES,
    differ_somewhere,
    more_sizes,
    size_choices,
    smaller_sizes,
    whole_choices,
)
from derive.checking.report import Report, Verdict
from derive.checking.reproduce import command_words
from derive.checking.rule import rule
from derive.checking.scalars import TooManyBranchesError
from derive.checking.sides import Explored
from derive.checking.subject import CodeError, Subject
from derive.checking.sweep import StuckError, Suspicion, sweep, swept_sizes
from derive.errors import UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Input, topological
from derive.forward.shape import bind
from derive.layers import load
from derive.proof.evidence import Strength

__all__ = ["check_backward"]

SECONDS = 10.0
"""How long a check may take before it says what it knows by then."""

_SWEEP = 1.0
"""How long many sizes are looked at in floats."""

_CONFIRM = 2.0
"""How long what seems to be wrong is compared exactly, and made small."""

_CAUSES = 2.0
"""How long the cause of what is wrong is looked for."""

_RULES = 1.0
"""How long what is expected in its place is made short."""

_EXPLORING = 7.0
"""How long inputs are sought for the sides of comparisons."""

_SETTLING = 1.0
"""How long it is decided what the code gives on boundaries."""

_KINKS = 1.5
"""How long a point at which the derivative jumps is looked for."""

_ALL = "the code, run on letters for sizes, has the canonical form of the derived gradient"
_AT = "every entry, in the exact field of the inputs' entries"
_NUMBERS = "the code itself, at these numbers, with what forward derives to there"

_SIDES = "the code itself with 100 digits, beside the boundary of a comparison or on it, against the derivative nearby"
_NEARBY = "the code itself, where the derivative jumps, against the derivatives nearby"

Sizes = Mapping[str, int]


def check_backward(
    backward: Any,
    forward: Any = None,
    *,
    shapes: Mapping[str, str] | None = None,
    sizes: Mapping[str, int] | None = None,
    returns: str = "",
    against: str | Layer | None = None,
    seconds: float = SECONDS,
) -> Report:
    """What is known about each gradient that a backward function gives.

    Args:
        backward: a function backward(dout, cache), or one of forward's arguments and the upstream gradient by their
            names, or a class with the methods forward and backward, or a torch.autograd.Function or torch.nn.Module.
        forward: the function that it belongs to, a layer, or the name of one of the catalogue.
        shapes: the shapes of forward's arguments, {"X": "N D"}, where its annotations do not say them.
        sizes: numbers for the letters, for the proofs at sizes.
        returns: what backward gives back, "dX,dW,db", where it is not the gradients of forward's arguments in order.
        against: a layer that forward claims to be, which is checked as well. Without forward, it is the function of the
            same module that belongs to a backward function with a cache (affine_forward to affine_backward, else
            forward), or the layer itself.
        seconds: how long it may take. What the code does is interrupted by a timer, in the main thread of a process and
            where the system has such timers; one long call into NumPy is not. The command derive check runs it in a
            process of its own, which is ended in any case.

    Raises: UserError if the functions cannot be matched, or forward cannot be run.

    Example:
        >>> import numpy as np
        >>> def scale(X, s):
        ...     return X * s
        >>> def scale_backward(dout, X, s):
        ...     return dout * s, (dout * X).sum(axis=0)
        >>> report = check_backward(scale_backward, scale, shapes={"X": "N D", "s": "D"})
        >>> [(verdict.name, verdict.strength.value) for verdict in report.gradients]
        [('X', 'proved for all sizes'), ('s', 'proved for all sizes')]
    """
    started = time.monotonic()
    claimed = load(against) if isinstance(against, str) else against
    if forward is None and claimed is not None and not is_class(backward):
        forward = partner(backward, claimed)
    if forward is None and claimed is not None and not is_class(backward):
        forward, claimed = claimed, None
    found = subject(backward, forward, shapes=shapes, returns=returns, claimed=claimed)
    check = _Check(found, sizes or {}, Budget(seconds))
    with catch_warnings():
        # The code is run at sizes and numbers that nobody else would choose.
        simplefilter("ignore")
        verdicts = check.verdicts()
        told = None if claimed is None else check.claimed(claimed, Budget(seconds / 2))
    return Report(
        found.name,
        found.against,
        verdicts,
        tuple(tuple(at.items()) for at in check.sizes),
        time.monotonic() - started,
        command_words(found, shapes or {}, returns, claimed),
        told,
    )


@dataclass(slots=True)
class _Check:
    """What is known so far; reasons say by the name of an input why it is no more, general why not for all sizes.

    stuck says at which sizes the code did not come back, if so.
    """

    subject: Subject
    given: Mapping[str, int]
    budget: Budget
    sizes: list[dict[str, int]] = field(default_factory=list)
    strengths: dict[str, Strength] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    general: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    traced: Traced | None = None
    hurried: bool = False
    runs: list[Branch] = field(default_factory=list)
    paths: list[Branch] = field(default_factory=list)
    further: list[Branch] = field(default_factory=list)
    causes: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    boundaries: dict[str, str] = field(default_factory=dict)
    beyond: dict[str, str] = field(default_factory=dict)
    wrong: frozenset[str] = frozenset()
    stuck: str = ""

    def verdicts(self) -> tuple[Verdict, ...]:
        """One for each gradient."""
        self.sizes = size_choices(self.subject, self.given)
        limit = Budget(min(_SWEEP, self.budget.seconds / 8))
        with suppress(OutOfTimeError), limit.interrupting():
            self.sizes = self._usable()
        finding = Finding()
        self._sweep(finding)
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
        # The numbers are looked at in any case: that code was read rightly shows only when it runs.
        finding.proved = frozenset(self.strengths)
        jumps: dict[str, Kink] = {}
        with suppress(OutOfTimeError), self.budget.interrupting():
            if len(finding.wrong) < len(self.subject.wanted):
                search(self.subject, self.sizes, self.budget, finding, self.runs)
            self._find_causes(finding)
        explored = self._explore(finding)
        limit = Budget(min(_KINKS, max(0.1, self.budget.seconds - self.budget.spent)))
        with suppress(OutOfTimeError), limit.interrupting():
            jumps = kinks(self.subject, self.sizes[0], limit)
        jumps = merged(explored.jumps, jumps)
        if finding.failures and not finding.wrong:
            raise UserError(f"check: {self.subject.name}: {finding.failures[0]}")
        if finding.forward_failure and not self.strengths:
            raise UserError(f"check: {self.subject.against}: {finding.forward_failure}")
        self._find_rules(finding)
        verdicts = (self._verdict(node, finding) for node in self.subject.wanted)
        return tuple(_with_kink(verdict, jumps.get(verdict.name)) for verdict in verdicts)

    def _explore(self, finding: Finding) -> Explored:
        """What is known on the boundaries of comparisons, and on sides that no point before was on.

        What is proved away from boundaries stays proved only if it is known what comes there.
        """
        explored = Explored(known=frozenset(finding.wrong))
        every_size = {name for name, found in self.strengths.items() if found is Strength.PROVED_FOR_ALL_SIZES}
        known: dict[str, Boundary] = {}
        limit = Budget(min(_SETTLING, max(0.1, self.budget.seconds - self.budget.spent)))
        with suppress(OutOfTimeError), limit.interrupting():
            for name in self.strengths:
                found = settled(name, self.traced, self._every_path, limit, every_size=name in every_size)
                known |= {} if found is None else {name: found}
        limit = Budget(min(_EXPLORING, max(0.1, self.budget.seconds - self.budget.spent)))
        with suppress(OutOfTimeError), limit.interrupting():
            explore(self.subject, self.sizes[0], limit, explored, self.strengths, known)
        finding.wrong.update(explored.wrong)
        self.beyond = dict.fromkeys(explored.wrong, _NUMBERS if explored.rough else _SIDES)
        for name in list(self.strengths):
            found = known.get(name) or at_points(explored)
            self.boundaries[name] = found.told
            if found.reason:
                del self.strengths[name]
                self.reasons[name] = found.reason
        for name in self.reasons.keys() - self.strengths.keys() if explored.unvisited else ():
            places = "; ".join(map(str, explored.unvisited[:2]))
            self.reasons[name] += f"; no input was found at which a comparison turns out otherwise: {places}"
        return explored

    def _every_path(self) -> list[Branch]:
        """Every way in which the code runs at the sizes of proofs; code that is traced for all sizes has but one."""
        return self.paths or self.at_two()

    def claimed(self, layer: Layer, limit: Budget) -> Verdict:
        """What is known of forward being the layer."""
        try:
            with limit.interrupting():
                return claim(self.subject, layer, self.traced, self.at_two(), limit)
        except OutOfTimeError as error:
            raise UserError(
                f"check: {self.subject.against}: not compared with {layer.name} within {limit.seconds:.0f} s"
                f"{f' ({error})' if str(error) else ''}; leave --against out, or give smaller sizes"
            ) from error

    def at_two(self) -> list[Branch]:
        """One run on symbols at each of the sizes of proofs."""
        runs = list(self.runs)
        for sizes in () if runs else self.sizes:
            with suppress(Exception, OutOfTimeError):
                runs += islice(branches(self.subject, sizes, self.budget), 1)
        return runs

    def _usable(self) -> list[dict[str, int]]:
        """The sizes of proofs; others where forward takes none of them, and nobody has asked for them."""
        chosen = self.sizes
        if self.given or any(output_shape(self.subject, sizes) is not None for sizes in chosen):
            return chosen
        others = (sizes for sizes in swept_sizes(self.subject) if output_shape(self.subject, sizes) is not None)
        return list(islice(others, len(chosen))) or chosen

    def _sweep(self, finding: Finding) -> None:
        """What is grossly wrong is found before time is spent on proofs, at more sizes than those have."""
        suspicions: list[Suspicion] = []
        limit = Budget(min(_SWEEP, self.budget.seconds / 8))
        try:
            with limit.interrupting():
                for suspicion in sweep(self.subject, limit):
                    suspicions.append(suspicion)
        except OutOfTimeError as error:
            self.stuck = str(error) if isinstance(error, StuckError) else ""
        for suspicion in suspicions:
            limit = Budget(min(_CONFIRM, self.budget.seconds / 4) / len(suspicions))
            try:
                with limit.interrupting():
                    confirm(self.subject, suspicion, limit, finding)
            except OutOfTimeError:
                settle(self.subject, suspicion, finding)
        self.wrong = frozenset(finding.wrong)

    def _open(self) -> list[Input]:
        return [node for node in self.subject.wanted if node.name not in {*self.strengths, *self.wrong}]

    def _note(self, reason: str) -> None:
        for node in self._open():
            self.reasons[node.name] = reason

    def _for_all_sizes(self) -> None:
        self.traced = traced(self.subject, self.budget)
        self._note(self.traced.reason or "its canonical form is another than that of the derived gradient")
        self.general = dict(self.reasons)
        for node in self._open():
            begun = time.monotonic()
            if self.traced.agree(node.name, self.budget):
                self.strengths[node.name] = Strength.PROVED_FOR_ALL_SIZES
            self.seconds[node.name] = time.monotonic() - begun

    def _at_smaller_sizes(self) -> None:
        """Where the code branches in too many ways, or there was no time."""
        smaller = smaller_sizes(self.subject)
        if self._open() and smaller and self.hurried:
            self.sizes = smaller
            self._at_sizes()

    def _at_sizes(self) -> None:
        if not self._open():
            return
        proved = {node.name: True for node in self._open()}
        self.paths = []
        for sizes in self.sizes:
            try:
                for number, branch in enumerate(branches(self.subject, sizes, self.budget)):
                    self.runs += [] if number else [branch]
                    self.paths.append(branch)
                    self._compare(branch, proved)
            except TooManyBranchesError as error:
                self.hurried = True
                self._note(str(error))
                return
            except CodeError as error:
                self._note(str(error))
                return
            except OutOfTimeError:
                raise
            except Exception as error:
                self._note(raised(error))
                return
        sampled = self._sampled()
        for name, holds in proved.items():
            if holds and sampled:
                self.reasons[name] = sampled
            elif holds:
                self.strengths[name] = Strength.PROVED_AT_SIZES

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

    def _find_causes(self, finding: Finding) -> None:
        if not finding.wrong:
            return
        runs = list(self.runs)
        limit = Budget(min(_CAUSES, max(0.1, self.budget.seconds - self.budget.spent)))
        with suppress(OutOfTimeError), limit.interrupting():
            # At further sizes a factor N and a factor 2 are not the same.
            for sizes in (*more_sizes(self.subject), *([] if runs else self.sizes)):
                with suppress(Exception):
                    runs += islice(branches(self.subject, sizes, limit), 1)
            self.further = runs
            for name in self._shortest_first(finding.wrong):
                self.causes[name] = likely_cause(self.subject, self.traced, runs, name, limit)

    def _find_rules(self, finding: Finding) -> None:
        """The derived gradients in words, for what is wrong, as far as there is time to make them short."""
        limit = Budget(min(_RULES, max(0.1, self.budget.seconds - self.budget.spent)))
        with suppress(OutOfTimeError), limit.interrupting():
            for name in self._shortest_first(finding.wrong):
                self.rules[name] = rule(self.traced, name)

    def _shortest_first(self, names: Iterable[str]) -> list[str]:
        """By how much the derived gradients are made of, so that long ones take no time from short ones."""
        expected = {} if self.traced is None else self.traced.expected
        return sorted(names, key=lambda name: len([*topological(expected[name])]) if name in expected else 0)

    def _verdict(self, node: Input, finding: Finding) -> Verdict:
        name = node.name
        shape = bind(node.shape, self.sizes[0])
        seconds = self.seconds.get(name, 0.0)
        wrong = finding.wrong.get(name)
        if wrong is not None:
            shape = bind(node.shape, dict(wrong.sizes))
            wrong = without_others(wrong, self.traced, [*self.runs, *self.further], name)
            method = self.beyond.get(name, _NUMBERS)
            return Verdict(
                *(name, Strength.REFUTED, method, "", str(wrong), self.causes.get(name, ""), "", seconds),
                rule=self.rules.get(name, ""),
                shape=shape,
                found=wrong,
            )
        strength = self.strengths.get(name)
        if strength is Strength.PROVED_FOR_ALL_SIZES:
            return Verdict(name, strength, _ALL, seconds=seconds, shape=shape, boundary=self.boundaries.get(name, ""))
        if strength is Strength.PROVED_AT_SIZES:
            reason = "; ".join(filter(None, (self.general.get(name, ""), self.stuck)))
            boundary = self.boundaries.get(name, "")
            return Verdict(name, strength, _AT, reason, seconds=seconds, shape=shape, boundary=boundary)
        if not finding.points.get(name):
            raise UserError(
                f"check: {self.subject.name}: d{name} can neither be proved nor compared with numbers: "
                f"{self.reasons.get(name, 'forward gives no finite numbers')}"
            )
        method = f"at {finding.points[name]} points, {'; '.join(finding.methods)}"
        return Verdict(
            name, Strength.CHECKED_AT_POINTS, method, self.reasons.get(name, ""), seconds=seconds, shape=shape
        )


def _with_kink(verdict: Verdict, kink: Kink | None) -> Verdict:
    """The verdict with what happens at a kink; a value outside of the subdifferential is wrong there."""
    if kink is None or verdict.strength is Strength.REFUTED:
        return verdict
    if not kink.outside:
        return replace(verdict, kink=kink.told)
    return replace(
        verdict,
        strength=Strength.REFUTED,
        method=_NEARBY,
        reason="",
        counterexample=str(kink.found),
        found=kink.found,
        kink=kink.told,
        kink_is_wrong=True,
    )
