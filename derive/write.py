"""Writes a file beside its place and renames it, so that an interrupted run leaves the old one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from derive.errors import WriteError

__all__ = ["write_bytes"]


def write_bytes(path: Path, content: bytes) -> Path:
    """Writes the bytes to the path, making its folder if it is missing, and returns the path.

    Raises: WriteError with the reason if that fails; the file that was there before is then as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            # A device or a pipe is written to and keeps its place; a folder refuses to be opened.
            path.write_bytes(content)
        else:
            _replace(Path(os.path.realpath(path)), content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WriteError(f"cannot write {path}: {reason}; choose another place with -o") from error
    return path


def _replace(path: Path, content: bytes) -> None:
    # Named before it is made, so that an interrupt between the two leaves nothing behind; short, so that a name fits
    # whose own length is at the limit.
    part = path.with_name(f".derive-{os.urandom(6).hex()}")
    try:
        with part.open("xb") as file:
            file.write(content)
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
