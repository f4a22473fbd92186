"""The engine `system`: the pdflatex on the PATH."""

from __future__ import annotations

import shutil
from pathlib import Path

from derive.pdf.engine import Absent, Engine

__all__ = ["REMEDY", "find"]

REMEDY = (
    "install TeX, for example: apt-get install texlive-latex-recommended texlive-pictures texlive-fonts-recommended "
    "lmodern"
)

# The lists of files and the base format, below the folder that holds bin/ or, in TeX Live, bin/<platform>/.
TREES = (
    "share/texlive/texmf-dist/ls-R",
    "share/texmf-dist/ls-R",
    "share/texmf/ls-R",
    "texmf-dist/ls-R",
    "texmf-var/web2c/pdftex/pdflatex.fmt",
)
DEBIAN_FORMAT = Path("/var/lib/texmf/web2c/pdftex/pdflatex.fmt")


def find() -> Engine | Absent:
    """The first pdflatex on the PATH; whether it works is not asked here."""
    found = shutil.which("pdflatex")
    if found is None:
        return Absent("no pdflatex on the PATH", REMEDY)
    executable = Path(found).absolute()
    folder = executable.resolve().parent
    prefixes = (folder.parent, folder.parent.parent)
    return Engine(
        name="system",
        executable=executable,
        remedy=REMEDY,
        witnesses=(*(prefix / tree for prefix in prefixes for tree in TREES), DEBIAN_FORMAT),
    )
