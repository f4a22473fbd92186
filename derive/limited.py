"""Runs a function of ours in a process of its own, which is ended when its time is over, whatever it does by then.

Python cannot interrupt one long call into C; only the end of its process does. The process ends itself, by a watchdog
of the standard library that needs no help from Python, so that it is not left behind should whoever started it be gone.
It leads a group, which is killed as soon as it has ended: no process that it started stays, but for one that has left
for a session of its own.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import IO, TextIO

from derive.group import kill_group, wait

__all__ = ["Allow", "Ended", "limited", "serve"]

Allow = Callable[[float], None]
"""Gives the process so many seconds from now on."""

_START = 60.0
"""How long a process may take before its function says how much it needs."""

_LEAVING = 2.0
"""How long what is registered for its end may take, and threads that it waits for."""

_GRACE = 10.0

_DRAINING = 1.0
"""How long its pipes are read once it has ended: a process that has left the group may hold them open."""

_MOST_KEPT = 200_000
"""So many bytes of what it prints are kept, the last ones: code may print without end."""

_SHARE, _LEAST = 0.5, 4 << 30
"""The share of the machine's memory that it may use, and the bytes that it may use in any case."""

_PROGRAM = (
    "import json, sys; given = json.load(open(sys.argv.pop(), encoding='utf-8')); sys.path[:] = given['path']; "
    "from derive.limited import serve; serve(given)"
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended, and what it printed.

    code is what the function gave, None if the process ended otherwise: late is whether its time was over, signal what
    killed it else, as in SIGSEGV, and lines say where it was then, the innermost file and line first.
    """

    code: int | None
    stdout: bytes
    stderr: bytes
    late: bool = False
    signal: str = ""
    lines: tuple[tuple[str, int], ...] = ()


def limited(target: str, words: Sequence[str], most: float) -> Ended:
    """What a function of words and of an Allow gives, target being its "module:name"; most are the seconds of all.

    What the function writes to sys.stdout is stdout. Whatever else is printed, by the process or by what it starts, is
    stderr; there is nothing to read.

    Raises: KeyboardInterrupt as it comes; the process is ended then, with what it started.
    """
    with TemporaryDirectory(prefix="derive-", ignore_cleanup_errors=True) as folder:
        given, code, trace = (Path(folder, name) for name in ("given", "code", "trace"))
        asked = {"path": sys.path, "target": target, "words": list(words), "folder": folder}
        given.write_text(json.dumps(asked), encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, str(given)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        assert process.stdout is not None and process.stderr is not None
        stdout, stderr = _Printed(process.stdout), _Printed(process.stderr, _MOST_KEPT)
        try:
            ended = wait(process, most + _GRACE)
        finally:
            kill_group(process)
            process.wait()
        told = trace.read_text(errors="replace") if trace.exists() else ""
        if code.exists() and (text := code.read_text()).isdecimal():
            return Ended(int(text), stdout.read(), stderr.read())
        late = ended is None or told.startswith("Timeout")
        return Ended(
            None,
            stdout.read(),
            stderr.read(),
            late=late,
            signal="" if ended is None or ended >= 0 else _name(-ended),
            lines=_lines(told),
        )


@dataclass(slots=True)
class _Printed:
    """What comes out of a pipe, which is read all the time, so that nobody waits for room in it."""

    pipe: IO[bytes]
    most: int | None = None
    _kept: bytes = b""
    _dropped: int = 0
    _thread: Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        with self.pipe, suppress(OSError):
            while block := self.pipe.read(1 << 16):
                self._kept += block
                if self.most is not None:
                    self._dropped += max(0, len(self._kept) - self.most)
                    self._kept = self._kept[-self.most :]

    def read(self) -> bytes:
        """What came, as far as it is kept."""
        self._thread.join(_DRAINING)
        before = f"{self._dropped} bytes before this are left out ...\n".encode() if self._dropped else b""
        return before + self._kept


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


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
    # Whoever started the process ends it; on some systems a Ctrl-C reaches both.
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    _bound_memory()
    _part_streams()
    folder, number = Path(str(given["folder"])), os.getpid()
    words = given["words"]
    assert isinstance(words, list)
    trace = open(folder / "trace", "w")  # noqa: SIM115 -- not closed: the watchdog writes to it up to the very end
    faulthandler.enable(trace)
    allow = _allowing(trace)
    allow(_START)
    module, _, name = str(given["target"]).partition(":")
    code = getattr(import_module(module), name)(words, allow)
    sys.stdout.flush()
    if os.getpid() == number:
        (folder / "code").write_text(str(code))
    allow(_LEAVING)
    gc.freeze()
    sys.exit(code)


def _bound_memory() -> None:
    """Makes what asks for too much memory fail, rather than have the system end whatever it likes."""
    try:
        import resource  # not everywhere
    except ImportError:
        return
    with suppress(ValueError, OSError):
        most = max(_LEAST, int(_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _part_streams() -> None:
    """Keeps stdout for what is written to sys.stdout; what else is printed there, from C or by others, is stderr."""
    own = os.dup(1)
    os.dup2(2, 1)
    # Nor is the report that of a copy of the process.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: os.dup2(2, own))
    sys.stdout = os.fdopen(own, "w", encoding="utf-8", errors="surrogateescape")


def _allowing(trace: TextIO) -> Allow:
    def allow(seconds: float) -> None:
        faulthandler.dump_traceback_later(seconds, exit=True, file=trace)

    return allow
