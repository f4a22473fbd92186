"""What a handout tells of a check beside its verdicts: the code, what each of its lines computes, and the rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.frames import raised
from derive.checking.lines.forward import forward_layer
from derive.checking.lines.listed import Listing, Source, codes_of, kept, ordered
from derive.checking.lines.meanings import Meanings
from derive.checking.lines.recording import Record, recording
from derive.checking.proofs.every_size import Traced, traced
from derive.checking.proofs.exactly import Branch, branches
from derive.checking.report import Report
from derive.checking.subject import Subject
from derive.errors import DeriveError, UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node
from derive.rules.adjoint import Sweep, sweep

__all__ = ["Account", "account"]

_RUNNING = 5.0
"""How long each of the runs that are noted may take."""

_MEANING = 10.0
"""How long it is looked up what values are."""


@dataclass(frozen=True, eq=False)
class Account:
    """The check with the code and the rule.

    layer is what forward computes, None where reason says why it has no formula. branch is the run at sizes, if there
    was one; over is whether there was no time to compare all values; kept are those that forward keeps for backward.
    """

    report: Report
    subject: Subject
    traced: Traced
    layer: Layer | None
    reason: str
    listings: tuple[Listing, ...]
    branch: Branch | None
    over: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[str, Node] = field(default_factory=dict)


def account(subject: Subject, report: Report, given: Mapping[str, int] | None = None) -> Account:
    """Runs the code again, once for all sizes and where that is not enough at sizes, and notes what its lines do."""
    sizes = dict(report.sizes[0]) if report.sizes else dict(given or {})
    codes = dict(codes_of(subject))
    files = list(dict.fromkeys(code.co_filename for code in codes))
    with recording(files) as every:
        found = _traced(subject)
    branch, some, failure = None, Record(), ""
    at: Mapping[str, int] = sizes
    for other in _run_at(report, sizes) if not found.got or found.output is None else ():
        at = other
        with recording(files) as noted:
            branch, failure = _at(subject, at)
        some = noted
        if branch is None or failure or _shows(branch, report):
            break
    names = dict(kept(codes, every)) if found.output is not None else {}
    layer, reason = None, found.reason
    try:
        layer = forward_layer(subject, sizes, names)
        if not layer.output.shape and isinstance(found.seed, Input):
            # Backward is given a gradient, so the number is passed on and is not the loss.
            layer = replace(layer, part=True)
    except DeriveError as error:
        reason = str(error)
    meanings = Meanings(subject, found, branch, Budget(_MEANING))
    plain = [
        Source(code, role, every if _is_whole(role, found) or branch is None else some)
        for code, role in ordered(codes, every, some)
    ]
    values = [pair for source in plain if source.role == "forward" for pair in source.values()]
    meanings.learn(_swept(subject, found), values)
    listings = tuple(
        Listing(
            source.role,
            source.code.co_qualname,
            Path(source.code.co_filename).name,
            tuple(source.rows(meanings, found, branch)),
            () if source.record is every else tuple(at.items()),
            source.record is some and branch is not None and bool(branch.known),
            failure if source.record is some else "",
        )
        for source in plain
    )
    return Account(report, subject, found, layer, reason, listings, branch, meanings.over, sizes, names)


def _run_at(report: Report, sizes: Mapping[str, int]) -> Iterator[Mapping[str, int]]:
    """The sizes of the proofs, and those of a counterexample, at which code may do something else."""
    yield sizes
    yield from (dict(verdict.found.sizes) for verdict in report.gradients if not verdict.ok and verdict.found)


def _shows(branch: Branch, report: Report) -> bool:
    """Whether what is wrong is wrong in this run."""
    wrong = [verdict.name for verdict in report.gradients if not verdict.ok and verdict.name in branch.got]
    pairs = [(branch.got[name].data, branch.expected[name]) for name in wrong]
    return not pairs or any(
        got.shape != expected.shape or any(a != b for a, b in zip(got.ravel(), expected.ravel(), strict=True))
        for got, expected in pairs
    )


def _is_whole(role: str, found: Traced) -> bool:
    """Whether the run for all sizes came to the end of such a function."""
    return found.output is not None and (role == "forward" or bool(found.got))


def _traced(subject: Subject) -> Traced:
    budget = Budget(_RUNNING)
    try:
        with budget.interrupting():
            return traced(subject, budget)
    except OutOfTimeError:
        return Traced(None, {}, {}, f"it takes more than {_RUNNING:.0f} s to run it for all sizes")


def _at(subject: Subject, sizes: Mapping[str, int]) -> tuple[Branch | None, str]:
    """One run on symbols at these sizes, or why there is none."""
    budget = Budget(_RUNNING)
    try:
        with budget.interrupting():
            made = next(branches(subject, sizes, budget))
    except OutOfTimeError:
        return None, f"it takes more than {_RUNNING:.0f} s to run it on symbols"
    except Exception as error:
        return None, raised(error)
    return made, made.failure


def _swept(subject: Subject, found: Traced) -> Sweep | None:
    """What arrives at the values of forward, with the upstream gradient as the code calls it."""
    if found.output is None or not found.expected:
        return None
    with suppress(UserError):
        return sweep(found.output, found.seed, subject.smooth)
    return None
