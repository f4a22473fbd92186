"""Writes a file beside its place and renames it, so that an interrupted run leaves the old one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from derive.errors import WriteError

__all__ = ["write_bytes"]


def write_bytes(path: Path, content: bytes) -> Path:
    """Writes the bytes to the path, making its folder if it is missing, and returns the path.

    Raises: WriteError with the reason if that fails; the file that was there before is then as it was.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder")
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        reason = error.strerror or str(error)
        raise WriteError(f"cannot write {path}: {reason}; choose another place with -o") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return path


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
