"""`derive check ... --pdf`: which files are written where, and that a wrong gradient is one still."""

from __future__ import annotations

import json

import pytest

FILE = """import os

import numpy as np

print("printed on import")


def forward(X: "N D", W: "D M"):
    os.chdir("/")
    return X @ W, (X, W)


def backward(dout, cache):
    X, W = cache
    return dout @ W.T, X.T @ dout


def wrong(dout, cache):
    X, W = cache
    return dout @ W.T, X.T @ dout / X.shape[0]
"""


@pytest.fixture(autouse=True)
def layer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "layer.py"
    path.write_text(FILE)
    return path


COMMAND = ("check", "layer.py:backward", "--forward", "layer.py:forward", "--sections", "layer")
WRONG = ("check", "layer.py:wrong", *COMMAND[2:])


def test_a_handout_is_written_to_the_output_folder(command, tmp_path):
    done = command(*COMMAND, "--pdf")
    assert (done.code, done.stdout) == (0, "output/check-layer-backward.pdf\n")
    assert (tmp_path / "output/check-layer-backward.pdf").read_bytes().startswith(b"%PDF-")
    assert "dX  proved for all sizes" in done.stderr


def test_what_is_wrong_is_told_and_written(command, tmp_path):
    done = command(*WRONG, "--tex", "--n", "3", "-o", "wrong.tex", "--quiet")
    assert (done.code, done.stdout) == (4, "wrong.tex\n")
    assert "dW is wrong" in (tmp_path / "wrong.tex").read_text()
    assert "refuted" not in done.stderr


def test_the_files_lie_where_the_command_was_given_wherever_the_code_goes(command, tmp_path):
    # Forward changes the folder of its process.
    done = command(*COMMAND, "--tex", "--json", "-o", "there/", "--name", "it")
    assert done.code == 0
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["it.json", "it.tex"]
    verdicts = json.loads((tmp_path / "there/it.json").read_text())
    assert [item["strength"] for item in verdicts["gradients"]] == ["proved for all sizes"] * 2


def test_the_latex_can_go_to_stdout(command):
    done = command(*COMMAND, "--tex", "-o", "-", "--paper", "letter")
    assert done.code == 0
    assert done.stdout.startswith(r"\documentclass[11pt,letterpaper]{article}")


def test_a_fragment_has_no_preamble(command):
    done = command(*COMMAND, "--fragment", "-o", "-", "-q")
    assert r"\documentclass" not in done.stdout
    assert r"\listingrow" in done.stdout


def test_json_alone_is_printed(command):
    assert json.loads(command(*COMMAND, "--json").stdout)["ok"] is True


def test_without_an_engine_the_latex_is_kept(command, tmp_path, no_engine):
    done = command(*COMMAND, "--pdf")
    assert done.code == 3
    assert "kept: output/check-layer-backward.tex" in done.stderr
    assert (tmp_path / "output/check-layer-backward.tex").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-o", "somewhere"), "--pdf, --tex, --fragment, --json"),
        (("--pdf", "--paper", "a5"), "--paper: expected a4 or letter"),
        (("--pdf", "--engine", "luatex"), "--engine: expected"),
        (("--tex", "--pdf", "-o", "-"), "-o -: expected one format"),
        (("--formula",), "no option --formula"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_run(command, words, message):
    done = command(*COMMAND, *words)
    assert done.code == 2
    assert message in done.stderr
    assert "printed on import" not in done.stderr


def test_a_section_that_no_layer_has_is_refused(command):
    done = command(*COMMAND[:4], "--tex", "--sections", "network")
    assert done.code == 1
    assert "--sections network" in done.stderr


def test_an_option_of_text_that_cannot_be_set_is_refused(command):
    done = command(*COMMAND, "--pdf", "--author", "漢字")
    assert done.code == 1
    assert "U+6F22" in done.stderr
