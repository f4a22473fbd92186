"""A limit of time that the loops of a check look at, and that interrupts code which does not."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

__all__ = ["Budget", "OutOfTimeError"]

_OFTEN = 0.05


class OutOfTimeError(BaseException):
    """The time is over. Code that catches every Exception does not catch it."""


@dataclass(slots=True)
class Budget:
    """Seconds from now on."""

    seconds: float
    start: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> float:
        """How many have gone."""
        return time.monotonic() - self.start

    def check(self) -> None:
        """Raises OutOfTimeError if none are left."""
        if self.spent > self.seconds:
            raise OutOfTimeError

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Raises OutOfTimeError in what runs inside, also where it never calls `check`.

        That takes a timer of the process, which only its main thread can set; elsewhere `check` has to do.
        """
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGVTALRM"):
            yield
            return

        def ring(number: int, frame: FrameType | None) -> None:
            self.check()

        # The timer of the processor's time is one that test runners leave alone.
        before = signal.signal(signal.SIGVTALRM, ring)
        signal.setitimer(signal.ITIMER_VIRTUAL, _OFTEN, _OFTEN)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
