"""Which lines are of the code under check, and what it raised in words."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy

import derive
from derive.checking.frames import raised
from derive.checking.numbers.watch import lines_of
from derive.errors import UnsupportedError


@pytest.mark.parametrize("package", [derive, np, sympy, mpmath])
def test_a_folder_beside_that_of_a_library_is_not_part_of_it(package):
    home = Path(package.__file__).parent
    for file, count in ((f"{home}_layers/mine.py", 1), (str(home / "mine.py"), 0)):
        names = {"lines_of": lines_of, "frame": sys._getframe}
        exec(compile("found = lines_of(frame())", file, "exec"), names)
        assert [name for name, _, _ in names["found"]].count(file) == count


def divide():
    raise UnsupportedError("proof: 1 / 0; choose sizes")


def parse():
    return json.loads("{")


def bare():
    raise ValueError


def long():
    raise ValueError("one\ntwo")


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (parse, "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (bare, "ValueError"),
        (divide, "1 / 0; choose sizes"),
        (long, "ValueError: one"),
    ],
)
def test_an_error_is_told_in_one_line_with_the_line_of_the_code_that_led_to_it(function, told):
    number = function.__code__.co_firstlineno + 1
    try:
        function()
    except (ValueError, UnsupportedError) as error:
        found = raised(error)
    assert found == f"{told} (line {number} of test_frames.py)"
