"""What `derive doctor` prints: the PDF engines of this machine, and the cache."""

from __future__ import annotations

import platform
import sys

from derive.cli.streams import emit
from derive.errors import EngineError, WriteError
from derive.pdf import Report, cache_entries, cache_folder, cache_size, clear_cache, diagnose
from derive.render.latex import template_folders
from derive.version import __version__

__all__ = ["clear", "examine"]


def examine() -> int:
    """Prints the report; the exit code is 3 if no engine works."""
    reports = diagnose(preamble())
    lines = [f"derive {__version__}, Python {platform.python_version()}, {sys.platform} {platform.machine()}", ""]
    for report in reports:
        lines += described(report)
    working = [report.name for report in reports if report.works]
    if working:
        lines.append(f"--engine auto takes {working[0]}.")
    else:
        # The last engine is the one that a single command installs.
        lines.append(f"No PDF engine works: {reports[-1].remedy}")
    files = len(cache_entries())
    lines.append(f"Cache: {cache_folder()}, {files} files, {cache_size() / 1e6:.1f} MB (derive doctor --clear-cache)")
    emit("\n".join(lines) + "\n")
    return 0 if working else EngineError.exit_code


def clear() -> int:
    """Empties the cache and tells how much that freed.

    Raises: WriteError if something cannot be removed.
    """
    freed = clear_cache()
    if left := cache_entries():
        raise WriteError(f"cannot remove {left[0]}; does the cache belong to somebody else?")
    emit(f"{freed / 1e6:.1f} MB removed from {cache_folder()}\n")
    return 0


def described(report: Report) -> list[str]:
    """What a report says, in lines."""
    rows = [
        ("state", "works" if report.works else "does not work"),
        ("where", str(report.executable or "")),
        ("version", report.version),
        ("problem", report.problem),
        ("to mend", report.remedy if not report.works else ""),
    ]
    return [f"engine {report.name}", *(f"  {name}: {value}" for name, value in rows if value), ""]


def preamble() -> str:
    """The templates that say which packages a document loads."""
    folder = template_folders("latex")[0]
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in ("preamble.tex", "macros.tex"))
