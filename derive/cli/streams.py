"""Bytes to stdout and messages to stderr, past Rich and past the locale's encoding."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from derive.errors import WriteError

__all__ = ["abandon_stdout", "emit", "note"]


def emit(content: bytes | str) -> None:
    """Writes to stdout, at once; text as UTF-8, so that a pipe gets the very bytes that a file would.

    Raises: WriteError if that fails; BrokenPipeError if the reader has gone.
    """
    if sys.stdout is None:
        raise WriteError("cannot write to stdout: it is closed; write to a file with -o")
    # Paths may hold bytes that are no UTF-8; they leave as they came.
    encoded = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
    try:
        rest = memoryview(encoded)
        while rest:
            # Where PYTHONUNBUFFERED is set a write may take a part only.
            rest = rest[sys.stdout.buffer.write(rest) or 0 :]
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_stdout()
        raise WriteError(f"cannot write to stdout: {error.strerror or error}; write to a file with -o") from error


def abandon_stdout() -> None:
    """Lets what stdout still holds go nowhere: the interpreter would try to write it once more, and complain."""
    # Source: Python documentation, signal, "Note on SIGPIPE". A stdout that is closed or no file needs none of it.
    with suppress(AttributeError, OSError, ValueError):
        number = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def note(text: str) -> None:
    """Writes a line to stderr, if there is one that takes it."""
    # print(file=None) would write to stdout.
    if sys.stderr is not None:
        with suppress(OSError):
            print(text, file=sys.stderr)
