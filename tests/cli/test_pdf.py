"""--pdf: the PDF, and what is left when there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial

import pytest
from pypdf import PdfReader

import derive
from derive import pdf

posix = pytest.mark.skipif(sys.platform == "win32", reason="the engine of this test is a shell script")


def test_a_pdf_alone_leaves_a_pdf_alone(command, tinytex, written):
    ended = command("affine", "--n", 2, "--d", 2, "--m", 3, "--pdf")
    assert (ended.code, ended.stdout, ended.stderr) == (0, "output/affine-2x2x3.pdf\n", "")
    assert written() == ["output/affine-2x2x3.pdf"]
    assert "Backpropagation through an affine layer" in PdfReader(ended.paths[0]).pages[0].extract_text()


def test_a_pdf_with_its_source_is_two_files(command, tinytex, here):
    ended = command("affine", "--pdf", "--tex")
    assert ended.stdout == "output/affine-2x2x3.pdf\noutput/affine-2x2x3.tex\n"
    made = pdf.typeset((here / "output/affine-2x2x3.tex").read_text(encoding="utf-8"))
    assert made == (here / "output/affine-2x2x3.pdf").read_bytes()


def test_the_same_command_gives_the_same_bytes_and_so_does_python(command, tinytex, here):
    assert command("affine", "--pdf", "-o", "one.pdf").code == 0
    assert command("affine", "--pdf", "-o", "two.pdf").code == 0
    derive.derive("affine", n=2, d=2, m=3).pdf(here / "three.pdf")
    assert (here / "one.pdf").read_bytes() == (here / "two.pdf").read_bytes() == (here / "three.pdf").read_bytes()


def test_a_pdf_can_go_through_a_pipe(command, tinytex, written):
    ended = command("affine", "--pdf", "-o", "-")
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.product.startswith(b"%PDF")
    assert ended.product.rstrip().endswith(b"%%EOF")
    assert written() == []


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_paper_is_the_one_asked_for(command, paper):
    ended = command("affine", "--tex", "--paper", paper, "-o", "-")
    assert f"{paper}paper" in ended.stdout.splitlines()[0]


@pytest.mark.usefixtures("no_engine", "small_document")
@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", "output/affine-2x2x3.tex"),
        ("--tex", "output/affine-2x2x3.tex"),
        ("-o handout.pdf", "handout.tex"),
        ("-o handout", "handout.tex"),
        ("-o there/", "there/affine-2x2x3.tex"),
        ("-o -", "output/affine-2x2x3.tex"),
        ("--name week3", "output/week3.tex"),
    ],
)
def test_without_an_engine_the_source_is_kept_and_one_command_told(command, written, words, kept):
    ended = command("affine", "--pdf", *words.split())
    assert (ended.code, ended.stdout) == (3, f"{kept}\n")
    assert "pip install 'derive-backprop[pdf]'" in ended.stderr
    assert kept in ended.stderr
    assert "Traceback" not in ended.stderr
    assert written() == [kept]


@pytest.mark.usefixtures("no_engine", "small_document")
def test_without_an_engine_the_other_formats_are_written(command, written):
    ended = command("affine", "--pdf", "--json", "--fragment")
    assert ended.code == 3
    assert written() == [f"output/affine-2x2x3{ending}" for ending in ("-fragment.tex", ".json", ".tex")]


@pytest.mark.usefixtures("no_engine", "small_document")
def test_without_an_engine_the_old_pdf_is_unharmed(command, here):
    (here / "handout.pdf").write_bytes(b"old")
    assert command("affine", "--pdf", "-o", "handout.pdf").code == 3
    assert (here / "handout.pdf").read_bytes() == b"old"


@posix
def test_a_broken_engine_is_exit_3_with_its_first_error_and_its_log(command, here, written, fake_pdflatex):
    fake_pdflatex(
        "printf '%s\\n' 'This is a log.' './preamble.tex:4: Undefined control sequence.' 'l.4 \\nosuch'"
        " './preamble.tex:9: A later error.' > derive.log; exit 1"
    )
    ended = command("affine", "--pdf", "--engine", "system")
    assert (ended.code, ended.stdout) == (3, "output/affine-2x2x3.tex\noutput/affine-2x2x3.log\n")
    assert "Undefined control sequence" in ended.stderr
    assert "A later error" not in ended.stderr
    for path in ("output/affine-2x2x3.tex", "output/affine-2x2x3.log"):
        assert path in ended.stderr
    assert written() == ["output/affine-2x2x3.log", "output/affine-2x2x3.tex"]
    assert "This is a log." in (here / "output/affine-2x2x3.log").read_text()


@posix
@pytest.mark.usefixtures("small_document")
def test_a_hanging_engine_is_stopped_at_the_time_limit(command, monkeypatch, written, fake_pdflatex):
    fake_pdflatex("echo 'This is a log.' > derive.log; sleep 60")
    monkeypatch.setattr(pdf, "typeset", partial(pdf.typeset, timeout=1))
    started = time.monotonic()
    ended = command("affine", "--pdf", "--engine", "system")
    assert time.monotonic() - started < 10
    assert ended.code == 3
    assert "within 1 s and was stopped" in ended.stderr
    assert written() == ["output/affine-2x2x3.log", "output/affine-2x2x3.tex"]


@posix
def test_auto_passes_over_a_broken_engine(command, tinytex, fake_pdflatex):
    fake_pdflatex("exit 1")
    assert command("affine", "--pdf", "--depth", "brief").code == 0


def test_an_engine_that_is_none_is_exit_2(command):
    ended = command("affine", "--pdf", "--engine", "troff")
    assert ended.code == 2
    assert "--engine: expected auto or system or tinytex, got 'troff'" in ended.stderr


def test_doctor_tells_the_engines_and_the_cache(command, tinytex, shared_cache):
    ended = command("doctor")
    assert (ended.code, ended.stderr) == (0, "")
    for words in ("engine system", "engine tinytex", "pdfTeX", "version: ", "--engine auto takes", str(shared_cache)):
        assert words in ended.stdout


@pytest.mark.usefixtures("no_engine")
def test_doctor_without_an_engine_is_exit_3_and_tells_how_to_mend_it(command):
    ended = command("doctor")
    assert ended.code == 3
    assert "no pdflatex on the PATH" in ended.stdout
    assert "to mend: install TeX, for example: apt-get install" in ended.stdout
    assert "pip install 'derive-backprop[pdf]'" in ended.stdout


@posix
def test_doctor_tells_which_files_an_engine_lacks(command, fake_pdflatex):
    fake_pdflatex(
        "[ \"$1\" = --version ] && echo 'pdfTeX 9' && exit\ngrep -o 'missing: bookmark.sty' probe.tex; echo examined"
    )
    ended = command("doctor")
    assert "version: pdfTeX 9" in ended.stdout
    assert "bookmark.sty" in ended.stdout


def test_doctor_clears_the_cache(command, here, monkeypatch):
    cache = here / "own-cache"
    cache.mkdir()
    monkeypatch.setenv("DERIVE_CACHE", str(cache))
    (cache / "0123.fmt").write_bytes(bytes(3_000_000))
    (cache / "not-ours.txt").write_text("kept")
    assert f"{cache}, 1 files, 3.0 MB" in command("doctor").stdout
    ended = command("doctor", "--clear-cache")
    assert (ended.code, ended.stdout) == (0, f"3.0 MB removed from {cache}\n")
    assert [path.name for path in cache.iterdir()] == ["not-ours.txt"]


def test_a_cache_that_cannot_be_cleared_is_exit_1(command, here, monkeypatch):
    monkeypatch.setenv("DERIVE_CACHE", str(here))
    (here / "0123.fmt").mkdir()
    ended = command("doctor", "--clear-cache")
    assert (ended.code, ended.stdout) == (1, "")
    assert f"cannot remove {here / '0123.fmt'}" in ended.stderr


@posix
@pytest.mark.parametrize("name", ["INT", "TERM"])
def test_an_interrupt_while_the_engine_runs_ends_the_engine(here, written, fake_pdflatex, name):
    fake_pdflatex(f"echo $$ > '{here.parent}/pid'; sleep 0.5; kill -{name} $PPID; exec sleep 60")
    ended = subprocess.run(
        [sys.executable, "-m", "derive", "affine", "--pdf", "--engine", "system"],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "TMPDIR": str(here.parent)},
    )
    assert ended.returncode == {"INT": 130, "TERM": 143}[name]
    assert "Traceback" not in ended.stderr
    assert written() == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((here.parent / "pid").read_text()), 0)
    assert not list(here.parent.glob("derive-*"))
