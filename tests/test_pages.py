"""Where a page may end: between the lines of a tall display, and never in a box."""

from __future__ import annotations

import io

from pypdf import PdfReader

import derive
from derive.pdf import typeset_with_log
from derive.pdf.log import overfull

LINE = r"\rule{0pt}{60pt}\text{%s}"
DISPLAY = " \\\\\n".join(f"& {LINE % word}" for word in ("first", "second", "third", "fourth"))
"""Four lines of more than 60 pt each."""

PREAMBLE = derive.derive("affine", n=1, d=1, m=1).latex().split(r"\begin{document}")[0]


def pages(above: int, display: str, preamble: str = PREAMBLE) -> list[str]:
    """The text of every page of a document with so many points above the display."""
    body = f"Start.\n\n\\vspace{{{above}pt}}\n\nBefore:\n{display}\nAfter.\n"
    made = typeset_with_log(f"{preamble}\\begin{{document}}\n{body}\\end{{document}}\n", engine="tinytex")
    assert overfull(made.log) == ()
    return [page.extract_text() for page in PdfReader(io.BytesIO(made.pdf)).pages]


def numbered(lines: str = DISPLAY) -> str:
    return f"\\numbered{{place}}{{7}}{{{lines}}}"


def where(texts: list[str]) -> dict[str, int]:
    """The page of every word, and of the number."""
    words = ("Before", "first", "second", "third", "fourth", "(7)", "After")
    return {word: next(n for n, text in enumerate(texts, start=1) if word in text) for word in words}


def test_a_display_that_fits_stays_whole():
    assert set(where(pages(300, numbered())).values()) == {1}


def test_a_tall_display_goes_on_on_the_next_page_with_its_number():
    # 700 pt are on a page, so that two lines of four fit below 500.
    found = where(pages(500, numbered()))
    assert found == {"Before": 1, "first": 1, "second": 1, "third": 2, "fourth": 2, "(7)": 2, "After": 2}


def test_no_line_is_lost_or_set_twice():
    text = "".join(pages(500, numbered()))
    assert [text.count(word) for word in ("first", "second", "third", "fourth", "(7)")] == [1] * 5


def test_a_little_white_is_left_rather_than_a_display_cut():
    # 65 pt are left, enough for a line, but not worth it.
    assert where(pages(600, numbered()))["first"] == 2


def test_a_matrix_is_not_cut():
    rows = r"\\".join(DISPLAY.replace("& ", "").split(r" \\"))
    matrix = rf"& \left[\begin{{array}}{{c}}{rows}\end{{array}}\right]"
    found = where(pages(500, numbered(matrix)))
    assert found["first"] == found["fourth"] == found["Before"] == 2


def test_a_result_stays_in_its_box():
    found = where(pages(500, f"\\panel{{accent}}{{{numbered()}}}"))
    assert found["first"] == found["fourth"] == 2


def evidence() -> str:
    """The table of a handout, with the words of its rows numbered."""
    body = derive.derive("affine", n=1, d=1, m=1).latex().split("\\begin{document}")[1]
    table = body.split("\\evidencebegin")[1].split("\\evidenceend")[0]
    rows = table.split("\\evidencerow")
    return "\\evidencerow".join([rows[0], *(row.replace(" & ", f" & R{n} ", 1) for n, row in enumerate(rows[1:]))])


def test_a_table_of_evidence_may_end_a_page_between_two_rows_and_leaves_none_alone():
    table = evidence()
    last = table.count("evidencerow") - 1
    assert last >= 4
    pairs = set()
    for above in range(430, 680, 12):
        texts = pages(above, f"\\evidencebegin{table}\\evidenceend")
        at = [next(n for n, text in enumerate(texts) if f"R{row} " in text) for row in range(last + 1)]
        assert at[0] == at[1] and at[last - 1] == at[last] and at == sorted(at)
        pairs.add((at[0], at[last]))
    assert (0, 1) in pairs


def test_a_document_that_inputs_a_fragment_keeps_its_displays_whole():
    packages = "amsmath,array,graphicx,xcolor,hyperref,tikz"
    fragment = derive.derive("affine", n=1, d=1, m=1).latex(fragment=True)
    macros = fragment.split(r"\begingroup", 1)[1].split("% block:", 1)[0]
    head = f"\\documentclass{{article}}\\usepackage[T1]{{fontenc}}\\usepackage{{lmodern,{packages}}}\n{macros}\n"
    found = where(pages(400, numbered(), head))
    assert found["first"] == found["fourth"] == 2
