"""Runs a command line and turns whatever goes wrong into a message and an exit code."""

from __future__ import annotations

import os
import traceback
from typing import Any

import typer

from derive.cli.app import command_line
from derive.cli.streams import abandon_stdout, note
from derive.cli.usage import UsageError, near_option
from derive.errors import UserError

__all__ = ["invoked", "run"]

_NAME = "derive"
_REPORT = "derive: this is a bug of derive; please report it with the lines above and what derive doctor prints"


def run(arguments: list[str]) -> int:
    """The exit code of `derive` with these arguments."""
    try:
        application = command_line()
        if "_DERIVE_COMPLETE" in os.environ:
            # A shell asks for completions; Typer answers and exits.
            application.main(arguments, prog_name=_NAME)
    except Exception as error:
        return explain(error, debug="--debug" in arguments)
    return invoked(application, _NAME, arguments)


def invoked(application: Any, name: str, arguments: list[str]) -> int:
    """The exit code of a command with these arguments."""
    try:
        with application.make_context(name, list(arguments)) as context:
            application.invoke(context)
        return 0
    except typer.Exit as exit:
        return exit.exit_code
    except Exception as error:
        return explain(error, debug="--debug" in arguments)


def explain(error: Exception, *, debug: bool) -> int:
    """Tells what went wrong and returns the exit code."""
    usage = _usage_error(error)
    if usage is not None:
        note(f"{usage.command}: {usage}\nTry '{usage.command} --help'.")
        return usage.exit_code
    if isinstance(error, BrokenPipeError):
        # The reader has seen enough, as in `derive list | head -1`.
        abandon_stdout()
        return UserError.exit_code
    reason = _reason(error)
    if reason is None or debug:
        note("".join(traceback.format_exception(error)).rstrip("\n"))
    if reason is None:
        note(_REPORT)
        return 70
    note(f"derive: {reason}")
    return error.exit_code if isinstance(error, UserError) else UserError.exit_code


def _reason(error: Exception) -> str | None:
    """What the user or the machine must change; None if the fault is ours."""
    if isinstance(error, UserError):
        return str(error)
    # Jinja's TemplateNotFound is an OSError too, without a number, and the fault is ours.
    if isinstance(error, OSError) and error.errno is not None:
        abandon_stdout()
        return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return None


def _usage_error(error: Any) -> UsageError | None:
    """The error as one of ours, if Typer raised it; its own class for that has no public name."""
    if isinstance(error, UsageError):
        return error
    if not hasattr(error, "format_message") or getattr(error, "exit_code", 0) != UsageError.exit_code:
        return None
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else _NAME
    if context is None or not hasattr(error, "possibilities"):
        return UsageError(error.format_message(), command)
    known = [name for parameter in context.command.params for name in parameter.opts if name.startswith("--")]
    return UsageError(f"no option {error.option_name}{near_option(error.option_name, [*known, '--help'])}", command)
