"""`derive check` ends whatever the code under check does: it runs in a process of its own."""

from __future__ import annotations

import json
import os
import re
import time

import pytest

FILE = '''"""A layer that does not come back."""
import os
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
    """Whether the process that the code under check ran in has ended."""
    try:
        os.kill(int((folder / "number").read_text()), 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize(
    ("name", "line"),
    [("sleeps", "time.sleep"), ("long_call", "sum(range(10**13))"), ("catches", "sum(range(10**9))")],
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


@pytest.mark.parametrize("seconds", ["0", "601", "nan"])
def test_a_time_limit_has_bounds(command, mine, seconds):
    shown = command("check", "mine.py:talks", "--forward", "mine.py:forward", "--seconds", seconds)
    assert shown.code == 2
    assert "--seconds: expected a number from 1 to 600" in shown.stderr
