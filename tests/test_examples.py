"""The examples run as they are; each asserts the numbers of the document that it comes from."""

from __future__ import annotations

import json
import runpy
import shlex
from pathlib import Path

import pytest

from derive.cli.run import run

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))


def test_there_are_examples():
    assert [path.stem for path in PROGRAMS] == ["exercise", "perceptron", "toy_sigmoid"]
    assert json.loads((EXAMPLES / "exercise.json").read_text()).keys() == {"X", "W"}


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_an_example_runs(path, capsys):
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out


def test_every_example_is_listed():
    listed = (EXAMPLES / "README.md").read_text()
    assert all(f"({path.name})" in listed for path in PROGRAMS)


def test_the_commands_of_the_list_make_documents(tmp_path, monkeypatch):
    commands = [line for line in (EXAMPLES / "README.md").read_text().splitlines() if line.startswith("derive ")]
    assert len(commands) == 3
    monkeypatch.chdir(EXAMPLES.parent)
    for command in commands:
        _, *words = shlex.split(command)
        words = ["--tex" if word == "--pdf" else word for word in words]
        assert run([*words, "-o", str(tmp_path / "made.tex"), "--quiet"]) == 0
        assert "Stage by stage" in (tmp_path / "made.tex").read_text()
