"""What is wrong with a command line itself: exit code 2."""

from __future__ import annotations

from collections.abc import Iterable

from derive.errors import UserError, nearest

__all__ = ["UsageError", "near_option"]


class UsageError(UserError):
    """A command line that cannot be understood; command is the one whose help says more."""

    exit_code = 2

    def __init__(self, message: str, command: str = "derive") -> None:
        super().__init__(message)
        self.command = command


def near_option(name: str, known: Iterable[str]) -> str:
    """', did you mean --title?' or ''; the dashes, which all options share, count for nothing."""
    return nearest(name.lstrip("-"), [option.lstrip("-") for option in known]).replace("mean ", "mean --")
