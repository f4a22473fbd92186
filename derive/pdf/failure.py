"""Turns a run of TeX that made nothing into the error that says where and why."""

from __future__ import annotations

import re
from pathlib import PurePath

from derive.errors import EngineFailedError
from derive.pdf.engine import Engine
from derive.pdf.log import first_error
from derive.pdf.source import block_at

__all__ = ["failure", "timeout_failure"]

NOT_FOUND = re.compile(r"File [`']([^']*)' not found")
# Characters: TeX quotes a whole paragraph in some of its messages.
MESSAGE = 400
QUOTE = 160
LAST_LINES = 5


def failure(engine: Engine, *, code: int, log: bytes, printed: bytes, tex: str, own: str) -> EngineFailedError:
    """The error for a run that ended without its product.

    Args:
        engine: What ran.
        code: Its exit code.
        log: The log file, b"" if there is none.
        printed: What it wrote to the terminal.
        tex: The whole source, whose line numbers the message tells.
        own: The name under which TeX was given that source.
    """
    error = first_error(log.decode("utf-8", "replace"))
    if error is None:
        ending = "ended without an error" if code == 0 else f"ended with exit code {code}"
        message = f"{engine.name}: {engine.executable} {ending} and made no PDF{last_lines(printed or log)}"
        return EngineFailedError(message, log or printed)
    message = f"{engine.name}: {error.message[:MESSAGE]}"
    not_found = NOT_FOUND.search(error.message)
    if error.line is not None:
        if error.file is None or PurePath(error.file).name == own:
            line = asking_line(tex, error.line, PurePath(not_found[1]).stem) if not_found else error.line
            message += place(tex, line)
        else:
            message += f"\n  line {error.line} of {PurePath(error.file).name}"
    if not_found:
        message += f"\n  {engine.remedy}"
    return EngineFailedError(message, log)


def timeout_failure(engine: Engine, *, limit: float, log: bytes, printed: bytes) -> EngineFailedError:
    """The error for a run that was stopped after limit seconds."""
    message = f"{engine.name}: {engine.executable} made no PDF within {limit:g} s and was stopped"
    return EngineFailedError(message + last_lines(printed or log), log or printed)


def asking_line(tex: str, line: int, stem: str) -> int:
    r"""The last line up to line that has stem in it: after \usepackage{a} LaTeX looks for a [ on the next."""
    numbered = enumerate(tex.split("\n")[:line], start=1)
    return max((number for number, text in numbered if stem in text), default=line)


def place(tex: str, line: int) -> str:
    # Not splitlines, which also splits at form feeds and other characters that TeX counts no line by.
    lines = tex.split("\n")
    block = block_at(tex, line)
    inside = f", block {block}" if block else ""
    quoted = lines[line - 1].strip()[:QUOTE] if line <= len(lines) else ""
    return f"\n  line {line} of the .tex{inside}" + (f": {quoted}" if quoted else "")


def last_lines(printed: bytes) -> str:
    lines = [line.strip() for line in printed.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        return "; it printed nothing"
    return "; its last lines:" + "".join(f"\n  {line[-QUOTE:]}" for line in lines[-LAST_LINES:])
