"""A process with all that it starts: it leads a group of its own, is waited for, and ended as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

__all__ = ["kill_group", "wait"]


def wait(process: subprocess.Popen[bytes], limit: float) -> int | None:
    """The exit code of a process that leads its group, or None if the group was killed after so many seconds."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        kill_group(process)

    # Popen.wait with a timeout polls, and sees the end up to 50 ms late: a quarter of a warm pass of TeX.
    timer = threading.Timer(max(limit, 0.0), stop)
    timer.daemon = True
    timer.start()
    try:
        code = process.wait()
    finally:
        timer.cancel()
    return None if late.is_set() else code


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and what it started, as far as that has not left for a session of its own."""
    if sys.platform == "win32":
        process.kill()
        return
    # Gone already; macOS says PermissionError when only zombies are left of the group.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
