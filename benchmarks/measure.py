"""Times and peaks: whole commands, and functions in this process."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["ENVIRONMENT", "command", "function", "peak", "processor"]

# Without compiled files Python starts six times as slowly, and some machines forbid writing them.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def command(
    *commands: Sequence[str | Path], cwd: Path, times: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """The least time of each command, in seconds; they take turns, so that noise meets all of them."""
    best = [float("inf")] * len(commands)
    for _ in range(times):
        for number, words in enumerate(commands):
            start = clock()
            subprocess.run(words, cwd=cwd, check=True, capture_output=True, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
            best[number] = min(best[number], clock() - start)
    return best


def processor() -> float:
    """The processor time of all commands that have ended, in seconds: what else runs on the machine takes no part."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def function(work: Callable[[], object], *, times: int) -> float:
    """The least wall time of a function, in seconds."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def peak(words: Sequence[str | Path], *, cwd: Path) -> int:
    """The peak memory of a command's own process, in kilobytes."""
    process = subprocess.Popen(
        words, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=ENVIRONMENT
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(map(str, words))}: status {status}")
    return usage.ru_maxrss
