"""Turns the engines of this machine into reports: where, which version, what it lacks, how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from derive.errors import EngineFailedError
from derive.pdf.engine import Absent, Engine
from derive.pdf.engines import ENGINES, examine
from derive.pdf.source import needed_files

__all__ = ["Report", "diagnose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One engine on this machine.

    Attributes:
        name: Its name in the table of engines.
        executable: Where it is, None if it is not there.
        version: The first line it prints about itself, "" if it does not run.
        missing: The files of LaTeX classes and packages that are needed and that it does not have.
        problem: What is wrong, "" if nothing.
        remedy: How to mend that, "" if nothing is wrong.
    """

    name: str
    executable: Path | None = None
    version: str = ""
    missing: tuple[str, ...] = ()
    problem: str = ""
    remedy: str = ""

    @property
    def works(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problem


def diagnose(preamble: str = "") -> tuple[Report, ...]:
    """A report on every engine, in the order in which "auto" tries them; each takes at most some seconds.

    Args:
        preamble: LaTeX source whose classes and packages the engines must have.
    """
    needs = needed_files(preamble)
    return tuple(report(name, find(), needs) for name, find in ENGINES.items())


def report(name: str, found: Engine | Absent, needs: tuple[str, ...]) -> Report:
    if isinstance(found, Absent):
        return Report(name=name, problem=found.reason, remedy=found.remedy)
    version = ""
    try:
        version = found.version()
        missing = examine(found, needs)
    except EngineFailedError as error:
        problem = str(error).removesuffix(f"; {found.remedy}")
        return Report(name=name, executable=found.executable, version=version, problem=problem, remedy=found.remedy)
    return Report(
        name=name,
        executable=found.executable,
        version=version,
        missing=missing,
        problem=f"LaTeX files are missing: {', '.join(missing)}" if missing else "",
        remedy=found.remedy if missing else "",
    )
