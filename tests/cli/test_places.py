"""Where files go, what they are called, and what stdout holds."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from pathlib import Path

import pytest

UNDER_OUTPUT = [
    ("--tex", ["output/affine-2x2x3.tex"]),
    ("--n 3 --d 4 --m 5 --tex", ["output/affine-3x4x5.tex"]),
    ("--depth brief --tex", ["output/affine-2x2x3-brief.tex"]),
    ("--wrt X --tex", ["output/affine-2x2x3-X.tex"]),
    ("--wrt W,X --depth brief --tex", ["output/affine-2x2x3-X-W-brief.tex"]),
    ("--paper letter --tex", ["output/affine-2x2x3-letter.tex"]),
    ("--convention columns --tex", ["output/affine-2x2x3-columns.tex"]),
    ("--bias none --tex", ["output/affine-2x2x3-bias-none.tex"]),
    ("--bias Ones --convention columns --tex", ["output/affine-2x2x3-bias-ones-columns.tex"]),
    ("--n 1 --wrt X --tex", ["output/affine-1x2x3-x.tex"]),
    ("--n 1 --samples matrix --tex", ["output/affine-1x2x3-matrix.tex"]),
    ("--paper A4 --bias vector --depth FULL --tex", ["output/affine-2x2x3.tex"]),
    ("--title T --tex", ["output/affine-2x2x3.tex"]),
    ("--fragment", ["output/affine-2x2x3-fragment.tex"]),
    ("--tex --json", ["output/affine-2x2x3.tex", "output/affine-2x2x3.json"]),
    ("--name week3 --tex", ["output/week3.tex"]),
    ("--name week3.tex --tex", ["output/week3.tex"]),
    ("--name week3 --json", ["output/week3.json"]),
    ("--name week3 --fragment", ["output/week3.tex"]),
    ("--name week3 --fragment --tex", ["output/week3.tex", "output/week3-fragment.tex"]),
    ("--name week3 -o there/ --tex", ["there/week3.tex"]),
    ("-o there/ --tex", ["there/affine-2x2x3.tex"]),
    ("-o a/b/c/ --tex", ["a/b/c/affine-2x2x3.tex"]),
    ("-o there --tex --json", ["there/affine-2x2x3.tex", "there/affine-2x2x3.json"]),
    ("-o notes.tex --tex", ["notes.tex"]),
    ("-o a/b/notes.tex --fragment", ["a/b/notes.tex"]),
    ("-o notes --json", ["notes"]),
    ("--output notes.txt --formula", ["notes.txt"]),
    ("--code torch -o there/", ["there/affine-2x2x3-torch.py"]),
    ("--code NumPy --json", ["output/affine-2x2x3.json", "output/affine-2x2x3-numpy.py"]),
    ("--code jax --name week3", ["output/week3.py"]),
]


@pytest.mark.usefixtures("small_document")
@pytest.mark.parametrize(("words", "paths"), UNDER_OUTPUT)
def test_stdout_tells_the_files_and_nothing_else(command, written, words, paths):
    ended = command("affine", *words.split())
    assert (ended.code, ended.stdout.splitlines(), ended.stderr) == (0, paths, "")
    assert written() == sorted(paths)


@pytest.mark.usefixtures("small_document")
def test_an_existing_folder_is_a_folder_without_its_slash(command, here):
    (here / "there").mkdir()
    assert command("affine", "--tex", "-o", "there").stdout == "there/affine-2x2x3.tex\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("-o - --tex --json", "-o -: expected one format"),
        ("-o - --name x --tex", "--name"),
        ("-o x.pdf", "no format is asked for"),
        ("--name x", "no format is asked for"),
        ("-o x.pdf --tex", "expected a name that ends with .tex"),
        ("-o x.tex --pdf", "expected a name that ends with .pdf"),
        ("-o x.tex --name y --tex", "--name: -o names the file already"),
        ("--name a/b --tex", "without folders"),
        ("--name .. --tex", "without folders"),
    ],
)
def test_a_place_that_cannot_be_is_exit_2(command, written, words, complaint):
    ended = command("affine", *words.split())
    assert (ended.code, ended.stdout) == (2, "")
    assert complaint in ended.stderr
    assert written() == []


@pytest.mark.parametrize("option", ["-o", "--name"])
def test_an_empty_place_is_exit_2(command, option):
    assert command("affine", "--tex", option, "").code == 2


def test_formulas_are_one_line_an_input(command, written):
    ended = command("affine", "--formula")
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout == "dX = G @ W.T\ndW = X.T @ G\ndb = sum(G, axis=0)\n"
    assert written() == []


def test_formulas_of_chosen_inputs_only(command):
    assert command("affine", "--formula", "--wrt", "b,X").stdout == "dX = G @ W.T\ndb = sum(G, axis=0)\n"


def test_json_without_a_place_is_one_document_on_stdout(command, written):
    ended = command("affine", "--json", "--n", 3, "--d", 4, "--m", 5)
    assert (ended.code, ended.stderr) == (0, "")
    document = json.loads(ended.stdout)
    assert document["layer"] == "affine"
    assert document["sizes"] == {"N": 3, "D": 4, "M": 5}
    assert "schema_version" in document
    assert ended.stdout.endswith("}\n")
    assert written() == []


def test_a_pipe_gets_the_bytes_of_the_file(command, here):
    for words in (["--json"], ["--tex"], ["--fragment"], ["--formula"]):
        printed = command("affine", *words, "--title", "Übung — Łukasiewicz", "-o", "-")
        command("affine", *words, "--title", "Übung — Łukasiewicz", "-o", "file")
        assert printed.code == 0, printed.stderr
        assert printed.product == (here / "file").read_bytes()
        assert printed.product.endswith(b"\n")


def test_a_fragment_is_the_body_of_the_document(command):
    ended = command("affine", "--fragment", "-o", "-")
    assert "\\documentclass" not in ended.stdout
    assert "\\begin{document}" not in ended.stdout
    assert "\\section" in ended.stdout


def test_without_a_format_the_derivation_is_shown(command, written):
    ended = command("affine")
    assert (ended.code, ended.stderr) == (0, "")
    for word in ("Backpropagation through an affine layer", "Wᵀ", "∂L", "G @ W.T"):
        assert word in ended.stdout
    assert "\x1b" not in ended.stdout
    assert written() == []


@pytest.mark.usefixtures("small_document")
def test_a_path_that_is_no_unicode_is_told_as_it_is(command, here):
    name = os.fsdecode(b"caf\xe9.tex")
    try:
        (here / name).touch()
    except OSError:
        pytest.skip("the file system takes names in UTF-8 only")
    ended = command("affine", "--tex", "-o", name)
    assert (ended.code, ended.product) == (0, b"caf\xe9.tex\n")


@pytest.mark.usefixtures("small_document")
def test_a_link_keeps_its_place_and_what_it_leads_to_is_written(command, here):
    (here / "real").mkdir()
    (here / "link.tex").symlink_to("real/notes.tex")
    assert command("affine", "--tex", "-o", "link.tex").code == 0
    assert (here / "link.tex").is_symlink()
    assert (here / "real" / "notes.tex").read_text().startswith("\\documentclass")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to_and_not_replaced(command, here):
    pipe = here / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    assert command("affine", "--formula", "-o", "pipe").code == 0
    reader.join(timeout=10)
    assert pipe.is_fifo()
    assert received[0].startswith(b"dX = ")


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_a_terminal_that_wants_it(command, monkeypatch, variables, coloured):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in command("affine").stdout) is coloured


def test_notes_are_for_terminals_and_quiet_silences_them(command, monkeypatch):
    assert command("affine").stderr == ""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "add --pdf" in command("affine").stderr
    assert command("affine", "--quiet").stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a matter of POSIX")
def test_a_terminal_gets_colour_and_is_filled(at_terminal):
    code, shown = at_terminal("affine", COLUMNS="72")
    assert code == 0
    assert b"\x1b[" in shown
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in shown.decode().splitlines()]
    assert max(len(line) for line in plain if set(line) == {"━"}) == 72


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a matter of POSIX")
def test_a_pdf_is_not_sent_to_a_terminal(at_terminal):
    code, shown = at_terminal("affine", "--pdf", "-o", "-")
    assert code == 2
    assert b"a PDF is not for a terminal" in shown
    assert b"%PDF" not in shown


@pytest.mark.usefixtures("small_document")
def test_a_long_name_fits(command, here):
    name = "n" * 251 + ".tex"
    ended = command("affine", "--tex", "-o", name)
    assert ended.paths == [Path(name)]
    assert (here / name).stat().st_size > 0
