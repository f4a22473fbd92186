"""The exceptions that derive raises, and the exit code each one means on the command line.

    DeriveError                 anything that derive raises on purpose
    ├── UserError               1   the input, or the machine, must change; shown without a traceback
    │   ├── UnknownNameError    1   a layer, an input or a section that does not exist
    │   ├── SizeError           1   a size that is missing, unknown or out of range
    │   ├── ShapeError          1   shapes that do not fit each other
    │   ├── UnsupportedError    1   an operation that cannot be traced
    │   ├── ExpressionError     1   a text that is no expression
    │   ├── WriteError          1   a file that cannot be written
    │   └── EngineError         3   a PDF engine
    │       ├── EngineMissingError      none was found
    │       └── EngineFailedError       it ran and made no PDF
    └── InternalError          70   a promise of our own is broken; shown with a traceback
        └── RefutedError       70   a step of a derivation is false

A message says where, what was expected, what came, and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

__all__ = [
    "DeriveError",
    "EngineError",
    "EngineFailedError",
    "EngineMissingError",
    "ExpressionError",
    "InternalError",
    "RefutedError",
    "ShapeError",
    "SizeError",
    "UnknownNameError",
    "UnsupportedError",
    "UserError",
    "WriteError",
    "nearest",
]


class DeriveError(Exception):
    """Anything that derive raises on purpose."""

    exit_code: ClassVar[int] = 70


class UserError(DeriveError):
    """The input, or the machine, must change."""

    exit_code: ClassVar[int] = 1


class UnknownNameError(UserError):
    """A name that is not among the known ones; the message lists the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = tuple(known)
        super().__init__(f"unknown {kind} {name!r}{nearest(name, known)}; known: {', '.join(known) or 'none'}")


class SizeError(UserError):
    """A size that is missing, unknown or out of range."""


class ShapeError(UserError):
    """Shapes that do not fit each other."""


class UnsupportedError(UserError):
    """An operation that cannot be traced."""


class ExpressionError(UserError):
    """A text that is no expression."""


class WriteError(UserError):
    """A file that cannot be written."""


class EngineError(UserError):
    """A PDF engine is missing or failed."""

    exit_code: ClassVar[int] = 3


class EngineMissingError(EngineError):
    """No PDF engine was found."""


class EngineFailedError(EngineError):
    """A PDF engine ran and made no PDF; log holds what it printed, b"" if nothing."""

    def __init__(self, message: str, log: bytes = b"") -> None:
        super().__init__(message)
        self.log = log


class InternalError(DeriveError):
    """A promise of our own is broken."""


class RefutedError(InternalError):
    """A step of a derivation is false; the message names the step and the entry."""


def nearest(name: str, known: Iterable[str]) -> str:
    """', did you mean affine?' or '' when nothing is near."""
    by_folded = {item.casefold(): item for item in known}
    matches = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return f", did you mean {by_folded[matches[0]]}?" if matches else ""
