"""What a PDF engine is: a pdfTeX program, the environment it runs in, and what tells that it changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from derive.errors import EngineFailedError
from derive.pdf.process import Outcome, run, workspace

__all__ = ["Absent", "Engine"]

# "p" is paranoid: no absolute paths, no "..", no dot files. Else a document reads any file of the machine.
# Fonts and metrics are not made on the fly: that is slow, writes into the home, and gives bitmaps.
# TeX folds its log at 79 columns and its context at 79 characters; error_line above 254 is refused.
FIXED = {
    "FORCE_SOURCE_DATE": "1",
    "MKTEXMF": "0",
    "MKTEXPK": "0",
    "MKTEXTEX": "0",
    "MKTEXTFM": "0",
    "SOURCE_DATE_EPOCH": "0",
    "error_line": "254",
    "half_error_line": "238",
    "max_print_line": "10000",
    "openin_any": "p",
    "openout_any": "p",
}


@dataclass(frozen=True, slots=True)
class Absent:
    """Why an engine is not there, and the one command that mends it."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A pdfTeX program.

    Attributes:
        name: Its name in the table of engines.
        executable: The absolute path it is started by.
        remedy: What to do when it lacks a LaTeX package.
        environment: Variables it gets beside the user's own.
        hides: Beginnings of names of the user's variables that must not reach it.
        witnesses: Files whose change means that its packages changed.
    """

    name: str
    executable: Path
    remedy: str
    environment: tuple[tuple[str, str], ...] = ()
    hides: tuple[str, ...] = ()
    witnesses: tuple[Path, ...] = ()

    def run(self, *arguments: str, folder: Path, limit: float) -> Outcome:
        """Start it in folder for at most limit seconds.

        Raises:
            EngineFailedError: It cannot be started.
        """
        command = (str(self.executable), *arguments)
        try:
            return run(command, folder=folder, environment=self.surroundings(), limit=limit)
        except OSError as error:
            raise EngineFailedError(
                f"{self.name}: {self.executable} does not start: {error.strerror}; {self.remedy}"
            ) from error

    def version(self, *, limit: float = 5.0) -> str:
        """The first line it prints about itself, waiting at most limit seconds.

        Raises:
            EngineFailedError: It prints none.
        """
        with workspace() as folder:
            outcome = self.run("--version", folder=folder, limit=limit)
        banner = outcome.printed.decode("utf-8", "replace").strip()
        if outcome.code is None:
            raise EngineFailedError(
                f"{self.name}: {self.executable} --version does not end within {limit:g} s; {self.remedy}"
            )
        if outcome.code != 0 or not banner:
            raise EngineFailedError(
                f"{self.name}: {self.executable} --version ends with exit code {outcome.code}; {self.remedy}",
                outcome.printed,
            )
        return banner.splitlines()[0]

    def surroundings(self) -> dict[str, str]:
        """The variables it runs with."""
        # TEXMFOUTPUT names a folder that openin_any=p allows.
        hidden = (*self.hides, "TEXMFOUTPUT")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        return {**inherited, **dict(self.environment), **FIXED}

    def identity(self) -> str:
        """Text that changes when the program, its packages or the way to them change.

        Read from the file system alone: the version would cost a process in every run.
        """
        variables = sorted(pair for pair in self.surroundings().items() if pair[0].startswith("TEX"))
        states = [state(path) for path in (self.executable, *self.witnesses)]
        return "\n".join([self.name, *states, *(f"{name}={value}" for name, value in variables)])


def state(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path} none"
    return f"{path} {status.st_mtime_ns} {status.st_size}"
