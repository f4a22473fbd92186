r"""Turns LaTeX source into PDF bytes in one pass of pdfTeX, through a dumped preamble.

Everything before \begin{document} is dumped to a format file, which loads several times faster than
the packages do. A document is always compiled through the dump, cached or not: with and without it the
bytes differ a little.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from derive.pdf.cache import discard_format, fetch_format, store_format
from derive.pdf.engine import Engine
from derive.pdf.engines import find_engine
from derive.pdf.failure import failure, timeout_failure
from derive.pdf.process import tail, workspace
from derive.pdf.source import needed_files, split

__all__ = ["Typeset", "typeset", "typeset_with_log"]

# The job is called the same when the preamble is dumped and when it is used: packages store the name.
JOB = "derive"
PREAMBLE = "preamble.tex"
OPTIONS = (
    "-no-shell-escape",
    "-interaction=nonstopmode",
    "-halt-on-error",
    "-file-line-error",
    f"-jobname={JOB}",
)
BAD_FORMAT = (b"Could not undump", b"Fatal format file error", b"I can't find the format file")
# Raise it when the way in which formats are made changes.
SCHEME = "1"


@dataclass(frozen=True, slots=True)
class Typeset:
    """A PDF, the log of the run that made it, and the name of the engine that ran."""

    pdf: bytes
    log: str
    engine: str


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the engine left: code is None at the time limit, product b"" if there is none."""

    code: int | None
    product: bytes
    log: bytes
    printed: bytes

    @property
    def refused_format(self) -> bool:
        return self.code != 0 and any(sign in self.printed for sign in BAD_FORMAT)


def typeset(tex: str, *, engine: str = "auto", timeout: float = 60.0) -> bytes:
    """LaTeX source to PDF bytes; the same source and engine give the same bytes.

    Args:
        tex: The whole document.
        engine: A name in ENGINES, or "auto" for the first that works.
        timeout: Seconds for everything together.

    Raises:
        UnknownNameError: There is no engine of that name.
        EngineMissingError: No engine is on this machine.
        EngineFailedError: It made no PDF: an error in the source, a broken installation, or the time is up.
        WriteError: There is no room for temporary files.
    """
    return typeset_with_log(tex, engine=engine, timeout=timeout).pdf


def typeset_with_log(tex: str, *, engine: str = "auto", timeout: float = 60.0) -> Typeset:
    """As typeset, and the log, from which derive.pdf.log reads warnings and overfull boxes."""
    end = time.monotonic() + timeout
    preamble, body = split(tex)
    chosen = find_engine(engine, needs=needed_files(preamble))
    digest = hashlib.sha256("\n".join([SCHEME, chosen.identity(), preamble]).encode())
    key = digest.hexdigest()[:32]

    kept = fetch_format(key)
    if kept is not None:
        run = run_pass(chosen, kept, body, limit=end - time.monotonic())
        if not run.refused_format:
            return finish(chosen, run, tex=tex, own=f"{JOB}.tex", timeout=timeout)
        discard_format(key)

    with workspace() as folder:
        dump = run_dump(chosen, preamble, folder=folder, limit=end - time.monotonic())
        finish(chosen, dump, tex=tex, own=PREAMBLE, timeout=timeout)
        store_format(key, dump.product)
        run = run_pass(chosen, folder / f"{JOB}.fmt", body, limit=end - time.monotonic())
        return finish(chosen, run, tex=tex, own=f"{JOB}.tex", timeout=timeout)


def run_dump(engine: Engine, preamble: str, *, folder: Path, limit: float) -> Run:
    """Dump the state of TeX after the preamble into a format file in folder."""
    (folder / PREAMBLE).write_bytes(f"{preamble}\n\\dump\n".encode())
    outcome = engine.run("-ini", *OPTIONS, "&pdflatex", PREAMBLE, folder=folder, limit=limit)
    product = folder / f"{JOB}.fmt"
    data = product.read_bytes() if outcome.code == 0 and product.is_file() else b""
    return Run(outcome.code, data, tail(folder / f"{JOB}.log"), outcome.printed)


def run_pass(engine: Engine, dumped: Path, body: str, *, limit: float) -> Run:
    """Compile the body in a fresh folder, through the dumped preamble."""
    with workspace() as folder:
        (folder / f"{JOB}.tex").write_bytes(body.encode())
        outcome = engine.run(f"-fmt={dumped.as_posix()}", *OPTIONS, f"{JOB}.tex", folder=folder, limit=limit)
        product, log = folder / f"{JOB}.pdf", folder / f"{JOB}.log"
        if outcome.code == 0 and product.is_file():
            return Run(0, product.read_bytes(), log.read_bytes() if log.is_file() else b"", outcome.printed)
        return Run(outcome.code, b"", tail(log), outcome.printed)


def finish(engine: Engine, run: Run, *, tex: str, own: str, timeout: float) -> Typeset:
    if run.code is None:
        raise timeout_failure(engine, limit=timeout, log=run.log, printed=run.printed)
    if not run.product:
        raise failure(engine, code=run.code, log=run.log, printed=run.printed, tex=tex, own=own)
    return Typeset(run.product, run.log.decode("utf-8", "replace"), engine.name)
