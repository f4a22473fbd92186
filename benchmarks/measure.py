"""Times and peaks: whole commands, and functions in this process."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["ENVIRONMENT", "command", "function", "peak"]

# Without compiled files Python starts six times as slowly, and some machines forbid writing them.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def command(*commands: Sequence[str | Path], cwd: Path, times: int) -> list[float]:
    """The least wall time of each command, in seconds; they take turns, so that noise meets all of them."""
    best = [float("inf")] * len(commands)
    for _ in range(times):
        for number, words in enumerate(commands):
            start = time.perf_counter()
            subprocess.run(words, cwd=cwd, check=True, capture_output=True, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
            best[number] = min(best[number], time.perf_counter() - start)
    return best


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
