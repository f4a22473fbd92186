"""Whose lines are run: those of the code under check, of libraries, or ours; and what the code raised, by its line."""

from __future__ import annotations

import inspect
import os
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import sympy

from derive.errors import UnsupportedError

__all__ = ["is_installed", "is_numpys", "is_ours", "raised", "source"]


def _within(folder: Path) -> str:
    """How the files in a folder begin; without the separator those of numpy_layers would be NumPy's."""
    return str(folder) + os.sep


def _home(module: ModuleType) -> str:
    return _within(Path(str(module.__file__)).parent)


_OURS = ("<lambdifygenerated", _within(Path(__file__).parents[1]), _home(sympy), _home(mpmath))
_NUMPYS = _home(np)
_INSTALLED = tuple(_within(Path(sysconfig.get_path(name))) for name in ("stdlib", "purelib", "platlib"))


def is_ours(file: str) -> bool:
    """Whether a file is one of ours, or of what we compute with."""
    return file.startswith(_OURS)


def is_numpys(file: str) -> bool:
    """Whether a file is one of NumPy's."""
    return file.startswith(_NUMPYS)


def is_installed(file: str) -> bool:
    """Whether a file is part of Python, or of what is installed for it."""
    return file.startswith(_INSTALLED)


def source(thing: Any) -> Path | None:
    """The file in which a function or a class is written; None for what a shell or a notebook has made."""
    try:
        file = inspect.getsourcefile(getattr(thing, "origin", thing))
    except (TypeError, OSError):
        return None
    return Path(file) if file is not None and Path(file).is_file() else None


def raised(error: BaseException) -> str:
    """An error of the code under check in one line, with the line of its file, rather than of a library it calls."""
    step, lines = error.__traceback__, []
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if not is_ours(file) and not is_numpys(file):
            lines.append((file, step.tb_lineno))
        step = step.tb_next
    written = [(file, line) for file, line in lines if not is_installed(file)] or lines
    told = f" (line {written[-1][1]} of {Path(written[-1][0]).name})" if written else ""
    # That it comes from a proof is said where it is told.
    said = str(error).strip().partition("\n")[0].removeprefix("proof: ")
    kind = "" if isinstance(error, UnsupportedError) else type(error).__name__
    return f"{': '.join(filter(None, (kind, said)))}{told}"
