"""Turns a command into its exit code and what it printed; leaves neither process nor folder behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from derive.errors import WriteError
from derive.group import kill_group, wait

__all__ = ["Outcome", "run", "tail", "workspace"]

TAIL = 200_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a process ended: code is None when it was stopped at the time limit."""

    code: int | None
    printed: bytes


@contextmanager
def workspace() -> Iterator[Path]:
    """A fresh folder of our own, removed however the block is left.

    Raises:
        WriteError: It cannot be made, or a file in it cannot be written.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="derive-"))
    except OSError as error:
        raise WriteError(f"no temporary folder can be made: {error}; set TMPDIR to one with space") from error
    try:
        yield folder
    except OSError as error:
        raise WriteError(f"a file in {folder} cannot be used: {error}; set TMPDIR to one with space") from error
    finally:
        # A process that was just killed may finish its last system call after we looked, so look again.
        for _ in range(20):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.05)


def run(command: Sequence[str], *, folder: Path, environment: Mapping[str, str], limit: float) -> Outcome:
    """Run command in folder for at most limit seconds, without a terminal to ask at.

    The process leads a group of its own: at the limit, and when an exception such as KeyboardInterrupt
    arrives, the group is killed, so that its children do not outlive it.

    Raises:
        OSError: The command cannot be started.
    """
    # Output goes to a file: a pipe stays open as long as any child of the command holds it.
    with tempfile.TemporaryFile(dir=folder) as terminal:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = wait(process, limit)
        except BaseException:
            kill_group(process)
            process.wait()
            raise
        size = terminal.seek(0, os.SEEK_END)
        terminal.seek(max(0, size - TAIL))
        return Outcome(code, terminal.read())


def tail(path: Path) -> bytes:
    """The last 200 kB of a file, b"" if it cannot be read: a looping engine writes without end."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            return file.read()
    except OSError:
        return b""
