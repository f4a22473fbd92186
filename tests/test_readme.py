"""What README.md says of `derive check` is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from derive.cli.run import run

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
SECTION = (
    (ROOT / "README.md").read_text().partition("## Is a hand-written backward pass right?")[2].partition("\n## ")[0]
)
LAYER, TESTS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
(CONSOLE,) = re.findall(r"```\n(\$ .*?)```", SECTION, re.DOTALL)


@pytest.fixture
def layer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layer.py").write_text(LAYER)
    return tmp_path


def test_the_command_prints_what_is_shown(layer, capfd):
    command, shown = CONSOLE.removeprefix("$ derive ").split("\n", 1)
    assert run(shlex.split(command)) == 4
    assert capfd.readouterr() == (shown, "")


def test_its_tests_find_the_mistake(layer, pytester):
    pytester.makepyfile(layer=LAYER, test_layer=TESTS)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*GradientMismatch: layer.backward: db is wrong (dX proved, dW proved)"])


def test_the_number_of_functions_is_that_of_the_page():
    page = (ROOT / "docs" / "check.md").read_text()
    counts = [
        int(number) for number in re.findall(r"^\| (?:wrong|right) ones that \w+, of (\d+) \|", page, re.MULTILINE)
    ]
    assert len(counts) == 2
    assert sum(counts) > 200
    assert "of over 200 backward functions" in SECTION.replace("\n", " ")
