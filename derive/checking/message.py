"""What a check found in words: one line for each gradient, what a failing test says, and data."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from derive.checking.assumptions import said
from derive.checking.report import Report, Verdict
from derive.proof.evidence import Strength

__all__ = ["SCHEMA_VERSION", "data", "mismatch", "text", "where"]

SCHEMA_VERSION = 1

_SHORT = {
    Strength.PROVED_FOR_ALL_SIZES: "proved",
    Strength.PROVED_AT_SIZES: "proved at sizes",
    Strength.CHECKED_AT_POINTS: "checked",
    Strength.REFUTED: "wrong",
}


def text(report: Report) -> str:
    """The verdicts, one a line, and what goes with them below."""
    lines = [f"{report.name} against {report.against}", *where(report)]
    if report.forward is not None:
        told = report.forward.counterexample or report.forward.reason
        lines.append(f"  forward: {report.forward.strength.value}{f': {told}' if told else ''}")
    width = max((len(verdict.name) for verdict in report.gradients), default=0) + 1
    seen: dict[str, str] = {}
    for verdict in report.gradients:
        told = verdict.strength.value
        if verdict.strength is Strength.PROVED_AT_SIZES:
            told += f" {_sizes(report)}"
        lines.append(f"  {'d' + verdict.name:<{width}}  {told}")
        # Most reasons are those of all gradients.
        told_before = seen.setdefault(verdict.reason, verdict.name)
        shorter = replace(verdict, reason=f"as for d{told_before}") if told_before != verdict.name else verdict
        lines += (f"  {'':<{width}}  {line}" for line in _details(report, shorter if verdict.reason else verdict))
    return "\n".join(lines) + "\n"


def where(report: Report) -> list[str]:
    """The line that says what is assumed of the inputs, if anything is."""
    told = ", ".join(map(said, report.assumptions))
    return [f"  where {told}"] if told else []


def _sizes(report: Report) -> str:
    return "; ".join(", ".join(f"{letter}={number}" for letter, number in sizes) for sizes in report.sizes)


def _details(report: Report, verdict: Verdict) -> Iterator[str]:
    if verdict.strength is Strength.REFUTED:
        yield from _wrong(report, verdict)
    elif verdict.strength is Strength.CHECKED_AT_POINTS:
        yield f"compared: {verdict.method}"
        yield f"no proof: {verdict.reason}"
    elif verdict.reason:
        yield f"not for all sizes: {verdict.reason}"
    if verdict.boundary:
        yield f"where it compares: {verdict.boundary}"
    if verdict.kink:
        yield f"where it jumps: {verdict.kink}"


def _wrong(report: Report, verdict: Verdict) -> Iterator[str]:
    found = verdict.found
    if verdict.rule:
        yield f"rule       d{verdict.name} = {verdict.rule}    shape {verdict.shape}"
    shape = "" if found is None or found.message else f"shape {found.got_shape}, "
    yield f"got        {shape}{verdict.counterexample.removeprefix('got ')}"
    if verdict.cause:
        yield f"looks like {verdict.cause}"
    if report.words:
        sizes = () if found is None else found.sizes
        words = [*report.words, *(word for letter, number in sizes for word in ("--size", f"{letter}={number}"))]
        yield f"reproduce  derive {shlex.join(words)}"


def mismatch(report: Report) -> str:
    """What a failing test says; the first gradient that is wrong in full."""
    wrong = [verdict for verdict in report.gradients if not verdict.ok]
    if report.forward is not None and not report.forward.ok and not wrong:
        return f"{report.name}: forward is another function: {report.forward.counterexample}"
    others = ", ".join(f"d{v.name} {_SHORT[v.strength]}" for v in report.gradients if v.ok)
    names = " and ".join(f"d{verdict.name}" for verdict in wrong)
    head = f"{report.name}: {names} {'is' if len(wrong) == 1 else 'are'} wrong{f' ({others})' if others else ''}"
    lines = [head, *where(report)]
    for verdict in wrong:
        found = [*_wrong(report, verdict)] if verdict.strength is Strength.REFUTED else []
        found += [f"where it jumps: {verdict.kink}"] if verdict.kink_is_wrong else []
        lines += (f"  {line}" for line in found)
    return "\n".join(lines)


def data(report: Report) -> dict[str, Any]:
    """The report as data; `schema/check-1.json` beside this file says what is in it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "backward": report.name,
        "forward": report.against,
        "ok": report.ok,
        "proved": report.proved,
        "sizes": [dict(sizes) for sizes in report.sizes],
        "assumptions": [
            {"text": str(item), "stated_by": "layer" if item.author else "user", "where": said(item)}
            for item in report.assumptions
        ],
        "seconds": round(report.seconds, 3),
        "forward_is_layer": None if report.forward is None else _verdict(report.forward),
        "gradients": [_verdict(verdict) for verdict in report.gradients],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    found = verdict.found
    return {
        "name": verdict.name,
        "strength": verdict.strength.value,
        "method": "; ".join(filter(None, (verdict.method, verdict.boundary))),
        "reason": verdict.reason,
        "rule": verdict.rule,
        "cause": verdict.cause,
        "kink": verdict.kink,
        "kink_is_wrong": verdict.kink_is_wrong,
        "counterexample": None
        if found is None
        else {
            "sizes": dict(found.sizes),
            "inputs": dict(found.shown),
            "got": found.got,
            "expected": found.expected,
            "worst_entry": list(found.place),
            "entries_wrong": found.wrong,
            "entries": found.of,
            "text": str(found),
        },
    }
