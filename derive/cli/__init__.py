"""The command line. This file catches Ctrl-C before anything else is imported, and does nothing more."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

__all__ = ["main"]

# Everything that asks a process to stop; SIGHUP does not exist everywhere.
_STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def main() -> int:
    """Runs `derive` on the arguments of this process and returns its exit code."""
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        # The clean-up that follows must not be interrupted in its turn.
        _handle(_STOPS, signal.SIG_IGN)
        stopped.append(number)
        raise KeyboardInterrupt

    # A process that lives for a second frees its memory by ending. Collecting garbage, most of all once more at the
    # end, would take a sixth of that second.
    gc.disable()
    # Our arrays are small. OpenBLAS would start a thread for every processor as soon as NumPy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        # A signal that whoever started us has us ignore, as nohup does, stays ignored.
        _handle((number for number in _STOPS if signal.getsignal(number) is not signal.SIG_IGN), stop)
        from derive.cli.run import run  # deferred: an interrupt during this import must be caught too

        code = run(sys.argv[1:])
        _handle(_STOPS, signal.SIG_IGN)
    except KeyboardInterrupt:
        code = 130
        if sys.stderr is not None:
            print("derive: interrupted", file=sys.stderr)
    gc.freeze()
    # A library that catches too much can lose an interrupt; the exit code tells of it all the same.
    return 128 + stopped[0] if stopped else code


def _handle(numbers: Iterable[int], handler: Any) -> None:
    for number in numbers:
        signal.signal(number, handler)
