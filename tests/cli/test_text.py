r"""Texts that a user gives are typeset literally or refused with a reason, and never interpreted."""

from __future__ import annotations

import pytest
from pypdf import PdfReader

SPECIAL = r"% $ & # _ { } \ ~ ^"
MARKUP = ["[bold red]x[/bold red]", "{0} {x!r} %s %(a)s", r"\VAR{ head }", "{{ 7*7 }}", "<b>x</b>"]
OPTIONS = ["--title", "--author", "--course", "--date", "--license"]


def text_of(path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def solid(text: str) -> str:
    return "".join(text.split())


def test_special_characters_are_typeset_literally(command, tinytex):
    words = {option: f"{option[2:]} {SPECIAL} end" for option in OPTIONS}
    ended = command("affine", "--pdf", "--depth", "brief", *(word for pair in words.items() for word in pair))
    assert ended.code == 0, ended.stderr
    shown = text_of(ended.paths[0])
    for word in words.values():
        assert solid(word) in solid(shown)
    metadata = PdfReader(ended.paths[0]).metadata
    assert metadata is not None
    assert metadata.title == words["--title"]
    assert metadata.author == words["--author"]


def test_a_command_in_a_title_reads_no_file(command, tinytex, here):
    (here / "secret.tex").write_text("the-secret-word\n")
    ended = command(
        "affine",
        "--pdf",
        "--tex",
        "--depth",
        "brief",
        "--title",
        r"\input{secret}",
        "--author",
        "\\input secret ^^5cinput{secret}",
    )
    assert ended.code == 0, ended.stderr
    pdf, tex = ended.paths
    assert "the-secret-word" not in text_of(pdf)
    assert solid(r"\input{secret}") in solid(text_of(pdf))
    assert r"\input{secret}" not in tex.read_text()


def test_markup_formats_and_templates_are_only_text(command, tinytex):
    words = dict(zip(OPTIONS, MARKUP, strict=True))
    given = [word for pair in words.items() for word in pair]
    ended = command("affine", "--pdf", "--depth", "brief", *given)
    assert ended.code == 0, ended.stderr
    shown = solid(text_of(ended.paths[0]))
    view = command("affine", *given).stdout
    for word in MARKUP:
        assert solid(word) in shown
        assert word in view


def test_letters_of_europe_are_typeset(command, tinytex):
    words = {"--title": "Übung für Größen — “naïve”", "--author": "Łukasz Škoda", "--course": "Ça dépend – çà et là"}
    ended = command("affine", "--pdf", "--depth", "brief", *(word for pair in words.items() for word in pair))
    assert ended.code == 0, ended.stderr
    metadata = PdfReader(ended.paths[0]).metadata
    assert metadata is not None
    assert (metadata.title, metadata.author) == (words["--title"], words["--author"])
    assert solid(words["--course"]) in solid(text_of(ended.paths[0]))


@pytest.mark.parametrize("title", ["逆伝播", "обратное", "ℝ", "🙂", "e\u0301"])
def test_what_the_fonts_lack_is_refused_with_the_character(command, written, title):
    ended = command("affine", "--pdf", "--tex", "--title", title)
    assert (ended.code, ended.stdout) == (1, "")
    assert "U+" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert written() == []


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("text", ["x" * 10_000, "two\nlines", "bell\a", "\x1b[31mred", "\udcff"])
def test_what_is_no_line_of_text_is_refused_with_the_reason(command, written, option, text):
    ended = command("affine", "--tex", option, text)
    assert (ended.code, ended.stdout) == (1, "")
    assert f"{option}: expected " in ended.stderr
    assert "\x1b" not in ended.stderr
    assert len(ended.stderr) < 400
    assert written() == []


def test_the_longest_text_is_typeset(command, tinytex):
    ended = command("affine", "--pdf", "--depth", "brief", "--title", "word " * 99 + "end")
    assert ended.code == 0, ended.stderr
    assert text_of(ended.paths[0]).count("word") >= 99
