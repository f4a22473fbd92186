"""Runs a function of ours in a process of its own, which is ended when its time is over, whatever it does by then.

Python cannot interrupt one long call into C; only the end of its process does. The process ends itself, by a watchdog
of the standard library that needs no help from Python, so none is left behind should whoever started it be gone.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from derive.frozen import dataclass

__all__ = ["Allow", "Ended", "limited", "serve"]

Allow = Callable[[float], None]
"""Gives the process so many seconds from now on."""

_START = 60.0
"""How long a process may take before its function says how much it needs."""

_GRACE = 10.0

_PROGRAM = (
    "import json, sys; given = json.load(sys.stdin); sys.path[:] = given['path']; "
    "from derive.limited import serve; serve(given)"
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended, and what it printed.

    code is what the function gave, None if the process ended otherwise: stuck says where it was when its time was over,
    the innermost file and line first, and is empty if something else ended it.
    """

    code: int | None
    stdout: bytes
    stderr: bytes
    stuck: tuple[tuple[str, int], ...] = ()


def limited(target: str, words: Sequence[str], most: float) -> Ended:
    """What a function of words and of an Allow gives, target being its "module:name"; most are the seconds of all.

    Raises: KeyboardInterrupt as it comes; the process is ended then.
    """
    with TemporaryDirectory(prefix="derive-") as folder:
        given = json.dumps({"path": sys.path, "target": target, "words": list(words), "folder": folder})
        command = [sys.executable, "-P", "-c", _PROGRAM]
        stdout = stderr = b""
        try:
            done = subprocess.run(command, input=given.encode(), capture_output=True, timeout=most + _GRACE)
            stdout, stderr = done.stdout, done.stderr
        except subprocess.TimeoutExpired as error:
            stdout, stderr = error.stdout or b"", error.stderr or b""
        code, trace = Path(folder, "code"), Path(folder, "trace")
        return Ended(
            int(code.read_text()) if code.exists() else None,
            stdout,
            stderr,
            _lines(trace.read_text(errors="replace")) if trace.exists() and not code.exists() else (),
        )


def _lines(trace: str) -> tuple[tuple[str, int], ...]:
    """The files and lines of a traceback of faulthandler, which begins with the innermost."""
    found = []
    for line in trace.splitlines():
        path, comma, rest = line.strip().removeprefix('File "').partition('", line ')
        number = rest.partition(" ")[0]
        if comma and number.isdecimal():
            found.append((path, int(number)))
    return tuple(found)


def serve(given: dict[str, object]) -> None:
    """The other side: runs the function, and leaves its code in the folder.

    Raises: SystemExit always.
    """
    # Whoever started the process ends it; a Ctrl-C reaches both.
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    folder = Path(str(given["folder"]))
    words = given["words"]
    assert isinstance(words, list)
    with open(folder / "trace", "w") as trace:
        allow = _allowing(trace)
        allow(_START)
        module, _, name = str(given["target"]).partition(":")
        code = getattr(import_module(module), name)(words, allow)
        sys.stdout.flush()
        (folder / "code").write_text(str(code))
        faulthandler.cancel_dump_traceback_later()
    gc.freeze()
    sys.exit(code)


def _allowing(trace: TextIO) -> Allow:
    def allow(seconds: float) -> None:
        faulthandler.dump_traceback_later(seconds, exit=True, file=trace)

    return allow
