"""Finds the code that is named on a command line, FILE:NAME, and runs its file. Imports no mathematics."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from derive.cli.usage import UsageError
from derive.errors import UnknownNameError, UserError

__all__ = ["COMMAND", "is_class", "loaded", "place_of"]

COMMAND = "derive check"
"""The command that names code."""


def place_of(written: str) -> tuple[Path, str]:
    """The file and the name in it.

    Raises: UsageError if they are not written so; UserError if there is no such file.
    """
    path, colon, name = written.rpartition(":")
    if not colon or not path or not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"expected FILE:FUNCTION, such as layer.py:backward, got {written[:60]!r}", COMMAND)
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file; give FILE:FUNCTION, such as layer.py:backward")
    return Path(path), name


def is_class(written: str) -> bool:
    """Whether the file defines a class of this name; so it is read, not run. What cannot be read may be one."""
    path, name = place_of(written)
    try:
        module = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return True
    defined = {getattr(node, "name", ""): node for node in ast.walk(module)}
    return not isinstance(defined.get(name), ast.FunctionDef | ast.AsyncFunctionDef)


def loaded(written: str, modules: dict[Path, Any]) -> Any:
    """What a file has under a name, which may be that of a method; modules are those of files that were run."""
    path, name = place_of(written)
    from derive.forward.file import imported  # deferred: imports SymPy

    home = path.resolve()
    if home not in modules:
        modules[home] = imported(path)
    found: Any = modules[home]
    where = f"function of {path.name}"
    for part in name.split("."):
        known = [key for key, value in vars(found).items() if callable(value) and not key.startswith("__")]
        if not hasattr(found, part):
            raise UnknownNameError(where, part, known)
        found, where = getattr(found, part), f"method of {part}"
    return found
