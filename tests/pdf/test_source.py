import pytest

from derive.errors import EngineFailedError
from derive.pdf.source import block_at, needed_files, split


def test_the_body_keeps_its_line_numbers() -> None:
    tex = "one\ntwo\n\\begin{document}\nfour\n"
    preamble, body = split(tex)
    assert preamble == "one\ntwo\n"
    assert body.splitlines()[2:] == ["\\begin{document}", "four"]
    assert all(line == "%" for line in body.splitlines()[:2])


def test_a_preamble_on_the_line_of_the_beginning_is_preamble() -> None:
    preamble, body = split("one\ntwo \\begin{document} three")
    assert preamble == "one\ntwo "
    assert body == "%\n\\begin{document} three"


@pytest.mark.parametrize(
    "comment",
    ["% \\begin{document}\n", "text % \\begin{document}\n", "\\\\% \\begin{document}\n"],
)
def test_a_beginning_in_a_comment_is_none(comment: str) -> None:
    assert split(comment + "\\begin{document}")[0] == comment


def test_an_escaped_percent_sign_begins_no_comment() -> None:
    assert split("5\\% \\begin{document} \\begin{document}")[0] == "5\\% "


def test_a_source_without_document_is_refused() -> None:
    with pytest.raises(EngineFailedError, match=r"no \\begin\{document\}"):
        split("\\documentclass{article}")


def test_classes_and_packages_are_needed_once_and_sorted() -> None:
    preamble = (
        "\\documentclass[11pt,\n  a4paper]{scrartcl}\n\\usepackage{tikz, bm}\n"
        "  \\usepackage[T1]{fontenc}\n\\RequirePackage{bm}\n"
    )
    assert needed_files(preamble) == ("bm.sty", "fontenc.sty", "scrartcl.cls", "tikz.sty")


def test_packages_that_can_be_done_without_are_not_needed() -> None:
    preamble = "\\IfFileExists{amssymb.sty}{\\usepackage{amssymb}}{}\n% \\usepackage{one}\n"
    assert needed_files(preamble) == ()


def test_a_name_that_is_a_macro_is_not_needed() -> None:
    assert needed_files("\\usepackage{\\mine}\n\\usepackage{bm}\n") == ("bm.sty",)


TEX = """preamble
% block: first
a
b
  % block: X.jacobian.values
c
text % block: not at the start of its line
"""


def test_only_line_feeds_end_a_line() -> None:
    assert block_at("a\x0cb\u2028c\n% block: one\nd\n", 1) is None


@pytest.mark.parametrize(
    ("line", "block"),
    [
        (1, None),
        (2, "first"),
        (4, "first"),
        (5, "X.jacobian.values"),
        (7, "X.jacobian.values"),
        (99, "X.jacobian.values"),
    ],
)
def test_the_block_of_a_line_is_the_last_one_above_it(line: int, block: str | None) -> None:
    assert block_at(TEX, line) == block
