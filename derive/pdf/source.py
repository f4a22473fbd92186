"""Reads LaTeX source: where the preamble ends, which packages it loads, which block wrote a line."""

from __future__ import annotations

import re

from derive.errors import EngineFailedError

__all__ = ["block_at", "needed_files", "split"]

# The lazy loop tries the look-ahead before it takes a character, so an escaped % is no comment.
BEGIN = re.compile(r"^(?:[^%\\\n]|\\.)*?(?=\\begin\{document\})", re.MULTILINE)
LOADS = re.compile(r"^[ \t]*\\(documentclass|usepackage|RequirePackage)\s*(?:\[[^\]]*\])?\s*\{([^{}]*)\}", re.MULTILINE)
NAME = re.compile(r"[\w.@+-]+")
BLOCK = re.compile(r"\s*% block: (\S.*?)\s*")


def split(tex: str) -> tuple[str, str]:
    r"""Everything before \begin{document}, and the rest with its line numbers kept.

    The second part begins with one comment line for every line of the first, so that TeX counts the
    lines of the whole text.

    Raises:
        EngineFailedError: There is no \begin{document}.

    Example:
        >>> split("a\nb\n\\begin{document}")
        ('a\nb\n', '%\n%\n\\begin{document}')
    """
    match = BEGIN.search(tex)
    if match is None:
        raise EngineFailedError("the .tex has no \\begin{document}; is a template of your own incomplete?")
    preamble = tex[: match.end()]
    return preamble, "%\n" * preamble.count("\n") + tex[match.end() :]


def needed_files(preamble: str) -> tuple[str, ...]:
    r"""The class and package files that the preamble cannot do without, sorted.

    Only commands that begin a line count: a package within \IfFileExists{...}{...} can be done without.

    Example:
        >>> needed_files("\\documentclass[a4paper]{article}\n\\usepackage{tikz, bm}")
        ('article.cls', 'bm.sty', 'tikz.sty')
    """
    found = set()
    for command, names in LOADS.findall(preamble):
        ending = "cls" if command == "documentclass" else "sty"
        stripped = (name.strip() for name in names.split(","))
        found |= {f"{name}.{ending}" for name in stripped if NAME.fullmatch(name)}
    return tuple(sorted(found))


def block_at(tex: str, line: int) -> str | None:
    """The id in the last comment "% block: id" at or above that line, counted from 1."""
    for text in reversed(tex.split("\n")[:line]):
        if match := BLOCK.fullmatch(text):
            return match[1]
    return None
