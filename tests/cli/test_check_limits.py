"""`derive check` ends whatever the code under check does: it runs in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FILE = '''"""A layer that does not come back."""
import atexit
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np


def forward(X: "N D"):
    return X * X, X


def left():
    Path("number").write_text(str(os.getpid()))


def endless(dout, X):
    left()
    while True:
        pass


def endless_for_two(dout, X):
    while X.shape[0] == 2:
        pass
    return 2 * dout * X


def endless_for_three(dout, X):
    while X.shape[0] == 3:
        pass
    return 2 * dout * X


def sleeps(dout, X):
    left()
    time.sleep(1000)
    return 2 * dout * X


def long_call(dout, X):
    left()
    sum(range(10**13))
    return 2 * dout * X


def catches(dout, X):
    left()
    while True:
        try:
            sum(range(10**9))
        except BaseException:
            pass


def leaves(dout, X):
    os._exit(0)


def starts(dout, X):
    sleeper = subprocess.Popen(["sleep", "1000"])
    Path("number").write_text(str(sleeper.pid))
    return 2 * dout * X


def starts_and_sleeps(dout, X):
    starts(dout, X)
    time.sleep(1001)


def copies(dout, X):
    if os.fork() == 0:
        left()
        time.sleep(1000)
        os._exit(0)
    return 2 * dout * X


def leaves_a_thread(dout, X):
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return 2 * dout * X


def leaves_work_for_its_end(dout, X):
    atexit.register(time.sleep, 1000)
    return 2 * dout * X


def defies(dout, X):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    left()
    3 ** 10**9


def prints(dout, X):
    while True:
        print("x" * 1000)


def reads(dout, X):
    return 2 * dout * X * len(sys.stdin.read() + "x")


def asks(dout, X):
    return 2 * dout * X * float(input("factor? "))


def exits(dout, X):
    sys.exit("enough")


def raises_its_own(dout, X):
    raise Own("enough")


class Own(BaseException):
    pass


def raises_interrupt(dout, X):
    raise KeyboardInterrupt


def interrupts(dout, X):
    os.kill(os.getpid(), signal.SIGINT)
    return 2 * dout * X


def hoards(dout, X):
    # Never written to, so that nothing but the limit refuses it.
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 2 * dout * X + 0 * np.empty(max(whole * 3 // 4, 5 << 30), dtype=np.uint8).size


def recurs(dout, X):
    return recurs(dout, X)


def crashes(dout, X):
    ctypes.string_at(0)


def kills(dout, X):
    os.kill(os.getpid(), signal.SIGKILL)


def speaks_as_we_do(dout, X):
    os.write(1, b"not ")
    subprocess.run(["echo", "ours"])
    return 2 * dout * X


def talks(dout, X):
    print("talking")
    os.write(2, b"shouting")
    return 2 * dout * X
'''


@pytest.fixture
def mine(here):
    (here / "mine.py").write_text(FILE)
    return here


def line_of(words):
    return next(number for number, line in enumerate(FILE.splitlines(), 1) if words in line)


def gone(folder):
    """Whether the process that the code under check ran in, or has started, has ended."""
    number = int((folder / "number").read_text())
    for _ in range(100):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        # Who adopts it may not have asked for its exit code yet.
        state = Path(f"/proc/{number}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("sleeps", "time.sleep"),
        ("long_call", "sum(range(10**13))"),
        ("catches", "sum(range(10**9))"),
        ("starts_and_sleeps", "time.sleep(1001)"),
    ],
)
def test_what_cannot_be_interrupted_is_ended_with_its_line(command, mine, name, line):
    started = time.monotonic()
    shown = command("check", f"mine.py:{name}", "--forward", "mine.py:forward", "--seconds", 1)
    assert (shown.code, shown.stdout) == (1, "")
    assert f"the code did not come back in time (line {line_of(line)} of mine.py)" in shown.stderr
    assert "--seconds" in shown.stderr
    assert time.monotonic() - started < 30
    assert gone(mine)


def test_an_endless_loop_is_interrupted_and_told(command, mine):
    shown = command("check", "mine.py:endless", "--forward", "mine.py:forward", "--seconds", 2)
    assert (shown.code, shown.stdout) == (1, "")
    assert "the code did not come back within" in shown.stderr
    assert "of mine.py" in shown.stderr
    assert gone(mine)


@pytest.mark.parametrize(("name", "verdict"), [("two", "checked at points"), ("three", "proved at sizes N=2")])
def test_a_loop_that_is_endless_at_some_sizes_leaves_the_weaker_verdict_with_its_reason(command, mine, name, verdict):
    number = {"two": 2, "three": 3}[name]
    shown = command("check", f"mine.py:endless_for_{name}", "--forward", "mine.py:forward", "--seconds", 8)
    assert shown.code == 0, shown.stderr
    assert f"dX  {verdict}" in shown.stdout
    assert re.search(
        rf"did not come back within .* \(line {line_of(f'shape[0] == {number}')} of mine.py\)", shown.stdout
    )


def test_code_that_ends_its_process_proves_nothing(command, mine):
    shown = command("check", "mine.py:leaves", "--forward", "mine.py:forward")
    assert (shown.code, shown.stdout) == (1, "")
    assert "the code ended the process in which it ran" in shown.stderr


def test_what_the_code_prints_is_not_in_the_report(command, mine):
    shown = command("check", "mine.py:talks", "--forward", "mine.py:forward", "--json")
    assert json.loads(shown.stdout)["ok"] is True
    assert "talking" in shown.stderr and "shouting" in shown.stderr


@pytest.mark.parametrize("name", ["starts", "copies"])
def test_what_the_code_starts_is_ended_and_not_waited_for(command, mine, name):
    started = time.monotonic()
    shown = command("check", f"mine.py:{name}", "--forward", "mine.py:forward")
    assert (shown.code, shown.stdout.splitlines()[1:]) == (0, ["  dX  proved for all sizes"])
    assert time.monotonic() - started < 30
    assert gone(mine)


@pytest.mark.parametrize("name", ["leaves_a_thread", "leaves_work_for_its_end"])
def test_what_is_left_for_the_end_of_the_process_does_not_hold_the_report_up(command, mine, name):
    started = time.monotonic()
    shown = command("check", f"mine.py:{name}", "--forward", "mine.py:forward")
    assert (shown.code, shown.stdout.splitlines()[1:]) == (0, ["  dX  proved for all sizes"])
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("defies", "3 ** 10**9"),
        ("asks", "EOFError: EOF when reading a line"),
        ("exits", "SystemExit: enough"),
        ("raises_its_own", "Own: enough"),
        ("raises_interrupt", "the code raised KeyboardInterrupt\n"),
        ("hoards", "MemoryError: Unable to allocate"),
        ("recurs", "RecursionError: maximum recursion depth exceeded"),
        ("crashes", "the code made its process crash (SIGSEGV)"),
        ("kills", "was killed (SIGKILL), as systems do where memory runs out"),
    ],
)
def test_code_that_cannot_be_run_is_told_with_its_line_and_no_traceback(command, mine, name, told):
    shown = command("check", f"mine.py:{name}", "--forward", "mine.py:forward", "--seconds", 1)
    assert (shown.code, shown.stdout) == (1, "")
    assert "Traceback" not in shown.stderr
    if name == "defies":
        assert f"line {line_of(told)} of mine.py" in shown.stderr
        assert gone(mine)
    else:
        assert told in shown.stderr
    assert name == "kills" or re.search(r"line \d+ of mine.py|mine.py, line \d+:", shown.stderr)


@pytest.mark.parametrize("name", ["reads", "interrupts"])
def test_code_that_asks_nobody_or_interrupts_itself_is_checked(command, mine, name):
    shown = command("check", f"mine.py:{name}", "--forward", "mine.py:forward")
    assert shown.code == 0, shown.stderr


def test_what_is_printed_without_end_is_cut(command, mine):
    shown = command("check", "mine.py:prints", "--forward", "mine.py:forward", "--seconds", 1)
    assert (shown.code, shown.stdout) == (1, "")
    assert len(shown.stderr) < 300_000
    assert "bytes before this are left out" in shown.stderr[:100]
    assert "the code did not come back" in shown.stderr[-300:]


def test_only_the_report_is_on_stdout(command, mine):
    shown = command("check", "mine.py:speaks_as_we_do", "--forward", "mine.py:forward", "--json")
    assert json.loads(shown.stdout)["ok"] is True
    assert "not ours\n" in shown.stderr


def test_an_interrupt_ends_all(mine):
    words = ("check", "mine.py:starts_and_sleeps", "--forward", "mine.py:forward")
    with subprocess.Popen(
        [sys.executable, "-m", "derive", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        until = time.monotonic() + 60
        while not (mine / "number").exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        shown = child.communicate(timeout=30)
    assert (child.returncode, shown) == (130, ("", "derive: interrupted\n"))
    assert gone(mine)


@pytest.mark.parametrize("seconds", ["0", "601", "nan"])
def test_a_time_limit_has_bounds(command, mine, seconds):
    shown = command("check", "mine.py:talks", "--forward", "mine.py:forward", "--seconds", seconds)
    assert shown.code == 2
    assert "--seconds: expected a number from 1 to 600" in shown.stderr
