"""Checks a backward function: for all sizes if that can be done, else at sizes, else at points; or refutes it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from warnings import catch_warnings, simplefilter

from derive.checking.assumptions import read
from derive.checking.boundaries.boundary import Boundary, at_points, settled
from derive.checking.boundaries.kinks import Kink, kinks, merged
from derive.checking.boundaries.sides import Explored
from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.causes.explanation import Explanation
from derive.checking.given import check_sizes, written_shapes
from derive.checking.lasting import changes_for_good
from derive.checking.matching import is_class, partner, subject
from derive.checking.numbers.counterexample import Finding, confirm, search, settle
from derive.checking.numbers.explore import explore
from derive.checking.numbers.involved import without_others
from derive.checking.numbers.points import size_choices, size_letters
from derive.checking.numbers.reading import misread
from derive.checking.numbers.sweep import StuckError, Suspicion, sweep
from derive.checking.proofs.claim import claim
from derive.checking.proofs.search import Proofs
from derive.checking.report import Report, Verdict
from derive.checking.reproduce import command_words
from derive.checking.subject import Subject
from derive.checking.usable import usable_sizes
from derive.errors import UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Input
from derive.forward.shape import bind
from derive.layers import load
from derive.locale import N_
from derive.proof.evidence import Strength

__all__ = ["check_backward", "meant"]

SECONDS = 10.0
"""How long a check may take before it says what it knows by then."""

_SWEEP = 1.0
"""How long many sizes are looked at in floats."""

_CONFIRM = 2.0
"""How long what seems to be wrong is compared exactly, and made small."""

_EXPLORING = 7.0
"""How long inputs are sought for the sides of comparisons."""

_READING = 0.5
"""How long the output of forward on symbols is compared with that on numbers."""

_SETTLING = 1.0
"""How long it is decided what the code gives on boundaries."""

_KINKS = 1.5
"""How long a point at which the derivative jumps is looked for."""

_ALL = N_("the code, run on letters for sizes, has the canonical form of the derived gradient")
_AT = N_("every entry, in the exact field of the inputs' entries")
_NUMBERS = N_("the code itself, at these numbers, with what forward derives to there")

_SIDES = N_(
    "the code itself with 100 digits, beside the boundary of a comparison or on it, against the derivative nearby"
)
_NEARBY = N_("the code itself, where the derivative jumps, against the derivatives nearby")

_LASTING = "proved for one call, but every call changes what lasts to the next: a global variable, or a default"

Sizes = Mapping[str, int]


def check_backward(
    backward: Any,
    forward: Any = None,
    *,
    shapes: Mapping[str, str | Sequence[str | int]] | None = None,
    sizes: Mapping[str, int] | None = None,
    returns: str = "",
    against: str | Layer | None = None,
    assume: Sequence[str] = (),
    seconds: float = SECONDS,
) -> Report:
    """What is known about each gradient that a backward function gives.

    Args:
        backward: a function backward(dout, cache), or one of forward's arguments and the upstream gradient by their
            names, or a class with the methods forward and backward, or a torch.autograd.Function, or a torch.nn.Module,
            or the class of one. The parameters of a module, also those of modules in it, are inputs by their dotted
            names; without a backward method its backward pass is that of the Functions which its forward calls, with
            what PyTorch derives between them.
        forward: the function that it belongs to, a layer, or the name of one of the catalogue.
        shapes: the shapes of forward's arguments, {"X": "N D"} or {"X": ("N", "D")}, where its annotations do not say
            them.
        sizes: numbers for the letters, for the proofs at sizes.
        returns: what backward gives back, "dX,dW,db", where it is not the gradients of forward's arguments in order.
        against: a layer that forward claims to be, which is checked as well. Without forward, it is the function of the
            same module that belongs to a backward function with a cache (affine_forward to affine_backward, else
            forward), or the layer itself. What its author assumes of inputs is assumed here, too.
        assume: what holds of the inputs at which it is checked, ["Y rows sum to 1"]; see `derive.forward.assumption`.
            The derivative is that of entries that vary independently of each other all the same.
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
    written = written_shapes(shapes or {})
    found, claimed = meant(backward, forward, shapes=written, returns=returns, against=against)
    check_sizes(sizes or {}, size_letters(found.inputs), found.against)
    found = replace(found, assumptions=read(assume, found.inputs, found.against, claimed or found.layer))
    budget = Budget(seconds)
    check = _Check(found, sizes or {}, budget, Proofs(found, budget))
    with catch_warnings():
        # The code is run at sizes and numbers that nobody else would choose.
        simplefilter("ignore")
        verdicts = check.verdicts()
        told = None if claimed is None else check.claimed(claimed, Budget(seconds / 2))
    return Report(
        found.name,
        found.against,
        verdicts,
        tuple(tuple(at.items()) for at in check.proofs.sizes),
        time.monotonic() - started,
        command_words(found, written, returns, claimed),
        told,
        found.assumptions,
    )


def meant(
    backward: Any,
    forward: Any = None,
    *,
    shapes: Mapping[str, str] | None = None,
    returns: str = "",
    against: str | Layer | None = None,
) -> tuple[Subject, Layer | None]:
    """What is checked, and the layer that forward claims to be, if it claims one; arguments as for check_backward.

    Raises: UserError if the functions cannot be matched.
    """
    claimed = load(against) if isinstance(against, str) else against
    if forward is None and claimed is not None and not is_class(backward):
        forward = partner(backward, claimed)
    if forward is None and claimed is not None and not is_class(backward):
        forward, claimed = claimed, None
    written = written_shapes(shapes or {})
    return subject(backward, forward, shapes=written, returns=returns, claimed=claimed), claimed


@dataclass(slots=True)
class _Check:
    """What is known so far: proofs, why what is wrong is, and what is known on the boundaries of comparisons.

    stuck says at which sizes the code did not come back, if so.
    """

    subject: Subject
    given: Mapping[str, int]
    budget: Budget
    proofs: Proofs
    explained: Explanation = field(default_factory=Explanation)
    boundaries: dict[str, str] = field(default_factory=dict)
    beyond: dict[str, str] = field(default_factory=dict)
    stuck: str = ""

    def verdicts(self) -> tuple[Verdict, ...]:
        """One for each gradient."""
        self.proofs.sizes = size_choices(self.subject, self.given)
        limit = Budget(min(_SWEEP, self.budget.seconds / 8))
        with suppress(OutOfTimeError), limit.interrupting():
            self.proofs.sizes = usable_sizes(self.subject, self.proofs.sizes, asked=bool(self.given))
        finding = Finding()
        self._sweep(finding)
        self.proofs.run(finding.wrong)
        # The numbers are looked at in any case: that code was read rightly shows only when it runs.
        finding.proved = frozenset(self.proofs.strengths)
        finding.own = frozenset(self.proofs.traced.own if self.proofs.traced is not None else ())
        jumps: dict[str, Kink] = {}
        with suppress(OutOfTimeError), self.budget.interrupting():
            if len(finding.wrong) < len(self.subject.wanted):
                search(self.subject, self.proofs.sizes, self.budget, finding, self.proofs.runs)
            self.explained.find_causes(self.proofs, finding.wrong)
        explored = self._explore(finding)
        self._doubt(finding)
        if any(node.name not in {*finding.wrong, *self.proofs.strengths} for node in self.subject.wanted):
            self._sweep(finding, far=True)
        limit = Budget(min(_KINKS, max(0.1, self.budget.seconds - self.budget.spent)))
        with suppress(OutOfTimeError), limit.interrupting():
            jumps = kinks(self.subject, self.proofs.sizes[0], limit)
        jumps = merged(explored.jumps, jumps)
        if finding.failures and not finding.wrong:
            raise UserError(f"check: {self.subject.name}: {finding.failures[0]}")
        if finding.forward_failure and not self.proofs.strengths:
            raise UserError(f"check: {self.subject.against}: {finding.forward_failure}")
        self.explained.find_rules(self.proofs, finding.wrong)
        verdicts = (self._verdict(node, finding) for node in self.subject.wanted)
        return tuple(_with_kink(verdict, jumps.get(verdict.name)) for verdict in verdicts)

    def _explore(self, finding: Finding) -> Explored:
        """What is known on the boundaries of comparisons, and on sides that no point before was on.

        What is proved away from boundaries stays proved only if it is known what comes there.
        """
        explored = Explored(known=frozenset(finding.wrong))
        known: dict[str, Boundary] = {}
        limit = Budget(min(_SETTLING, max(0.1, self.budget.seconds - self.budget.spent)))
        lasts = False
        with suppress(OutOfTimeError), limit.interrupting():
            lasts = bool(self.proofs.strengths) and changes_for_good(self.subject, self.proofs.sizes[0])
            known = settled(self.proofs.strengths, self.proofs.traced, self.proofs.every_path, limit)
        limit = Budget(min(_EXPLORING, max(0.1, self.budget.seconds - self.budget.spent)))
        with suppress(OutOfTimeError), limit.interrupting():
            explore(self.subject, self.proofs.sizes[0], limit, explored, self.proofs.strengths, known)
        finding.wrong.update(explored.wrong)
        self.beyond = dict.fromkeys(explored.wrong, _NUMBERS if explored.rough else _SIDES)
        for name in list(self.proofs.strengths):
            found = known.get(name) or at_points(explored)
            self.boundaries[name] = found.told
            if found.reason:
                del self.proofs.strengths[name]
                self.proofs.reasons[name] = found.reason
        if lasts:
            self.proofs.reasons |= dict.fromkeys(self.proofs.strengths, _LASTING)
            self.proofs.strengths.clear()
        for name in self.proofs.reasons.keys() - self.proofs.strengths.keys() if explored.unvisited else ():
            places = "; ".join(map(str, explored.unvisited[:2]))
            self.proofs.reasons[name] += f"; no input was found at which a comparison turns out otherwise: {places}"
        return explored

    def _doubt(self, finding: Finding) -> None:
        """Takes proofs back where they are about another function than the code.

        Raises: UserError if nothing else is known.
        """
        limit = Budget(min(_READING, max(0.1, self.budget.seconds - self.budget.spent)))
        doubt = ""
        with suppress(OutOfTimeError), limit.interrupting():
            doubt = misread(self.subject, self.proofs.sizes, self.proofs.traced, self.proofs.runs)
        if doubt and not finding.wrong:
            raise UserError(
                f"check: {self.subject.against}: {doubt}; one of the functions that it calls means something else "
                f"there: write it with others, and report which one it was"
            )
        if doubt:
            self.proofs.reasons |= dict.fromkeys(self.proofs.strengths, doubt)
            self.proofs.strengths.clear()

    def claimed(self, layer: Layer, limit: Budget) -> Verdict:
        """What is known of forward being the layer."""
        self.proofs.budget = limit
        try:
            with limit.interrupting():
                return claim(self.subject, layer, self.proofs.traced, self.proofs.every_path, self.proofs.sizes, limit)
        except OutOfTimeError as error:
            raise UserError(
                f"check: {self.subject.against}: not compared with {layer.name} within {limit.seconds:.0f} s"
                f"{f' ({error})' if str(error) else ''}; leave --against out, or give smaller sizes"
            ) from error

    def _sweep(self, finding: Finding, *, far: bool = False) -> None:
        """What is grossly wrong is found before time is spent on proofs, at more sizes than those have."""
        suspicions: list[Suspicion] = []
        left = max(0.3, self.budget.seconds - self.budget.spent)
        limit = Budget(min(_SWEEP, self.budget.seconds / 8, left))
        try:
            with limit.interrupting():
                for suspicion in sweep(self.subject, limit, far=far):
                    suspicions.append(suspicion)
        except OutOfTimeError as error:
            self.stuck = self.stuck or (str(error) if isinstance(error, StuckError) else "")
        for suspicion in suspicions:
            limit = Budget(min(_CONFIRM, self.budget.seconds / 4, left) / len(suspicions))
            try:
                with limit.interrupting():
                    confirm(self.subject, suspicion, limit, finding)
            except OutOfTimeError:
                settle(self.subject, suspicion, finding)

    def _verdict(self, node: Input, finding: Finding) -> Verdict:
        name = node.name
        shape = bind(node.shape, self.proofs.sizes[0])
        seconds = self.proofs.seconds.get(name, 0.0)
        wrong = finding.wrong.get(name)
        if wrong is not None:
            shape = bind(node.shape, dict(wrong.sizes))
            wrong = without_others(wrong, self.proofs.traced, [*self.proofs.runs, *self.explained.runs], name)
            method = self.beyond.get(name, _NUMBERS)
            return Verdict(
                *(name, Strength.REFUTED, method, "", str(wrong), self.explained.causes.get(name, ""), "", seconds),
                rule=self.explained.rules.get(name, ""),
                shape=shape,
                found=wrong,
            )
        strength = self.proofs.strengths.get(name)
        if strength is Strength.PROVED_FOR_ALL_SIZES:
            return Verdict(name, strength, _ALL, seconds=seconds, shape=shape, boundary=self.boundaries.get(name, ""))
        if strength is Strength.PROVED_AT_SIZES:
            reason = "; ".join(filter(None, (self.proofs.general.get(name, ""), self.stuck)))
            boundary = self.boundaries.get(name, "")
            return Verdict(name, strength, _AT, reason, seconds=seconds, shape=shape, boundary=boundary)
        if not finding.points.get(name):
            why = self.stuck or self.proofs.reasons.get(name, "")
            if not finding.runs and not self.budget.spent > self.budget.seconds:
                why = "; ".join(filter(None, ("forward gives no finite numbers where it was tried", why)))
            raise UserError(
                f"check: {self.subject.name}: d{name} can neither be proved nor compared with numbers: {why}"
            )
        method = f"at {finding.points[name]} points, {'; '.join(finding.methods)}"
        return Verdict(
            name, Strength.CHECKED_AT_POINTS, method, self.proofs.reasons.get(name, ""), seconds=seconds, shape=shape
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
