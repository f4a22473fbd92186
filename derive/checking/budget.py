"""A limit of time that the loops of a check look at, and that interrupts code which does not."""

from __future__ import annotations

import signal
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from derive.checking.frames import is_installed, is_ours

__all__ = ["Budget", "OutOfTimeError"]

_OFTEN = 0.05
_WAITING = 3


class OutOfTimeError(BaseException):
    """The time is over. Code that catches every Exception does not catch it.

    Its text says in which line the code under check was, "" where the time went into something of ours.
    """


@dataclass(slots=True)
class Budget:
    """Seconds from now on: those of this process, so that what is known does not depend on what else a machine does.

    Where it waits, or hardly gets a turn, three seconds of the clock count as one.
    """

    seconds: float
    start: float = field(default_factory=time.monotonic)
    worked: float = field(default_factory=time.process_time)

    @property
    def spent(self) -> float:
        """How many have gone."""
        return max(time.process_time() - self.worked, (time.monotonic() - self.start) / _WAITING)

    def check(self) -> None:
        """Raises OutOfTimeError if none are left."""
        if self.spent > self.seconds:
            raise OutOfTimeError

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Raises OutOfTimeError in what runs inside, also where it never calls `check`.

        That takes a timer of the process, which only its main thread can set; elsewhere `check` has to do. Python
        raises between two of its own steps, so one long call into NumPy is interrupted when it comes back.
        """
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGVTALRM"):
            yield
            return

        def ring(number: int, frame: FrameType | None) -> None:
            # What is raised while a dead reference is cleared away, Python drops; it rings again soon.
            clearing = frame is not None and frame.f_code.co_filename == weakref.__file__
            if self.spent > self.seconds and not clearing:
                raise OutOfTimeError(_place(frame))

        # The timer of the processor's time is one that test runners leave alone.
        before = signal.signal(signal.SIGVTALRM, ring)
        outer = signal.setitimer(signal.ITIMER_VIRTUAL, _OFTEN, _OFTEN)
        try:
            yield
        finally:
            # One limit may lie within another.
            signal.setitimer(signal.ITIMER_VIRTUAL, *outer)
            signal.signal(signal.SIGVTALRM, before)


def _place(frame: FrameType | None) -> str:
    """The line of the code under check that is being run, if the time is spent there."""
    while frame is not None:
        file = frame.f_code.co_filename
        if is_ours(file):
            return ""
        if not is_installed(file):
            return f"line {frame.f_lineno} of {Path(file).name}"
        frame = frame.f_back
    return ""
