"""The excerpts were written by pdfTeX 1.40.26 with max_print_line=10000."""

from collections.abc import Callable

import pytest

from derive.pdf import typeset_with_log
from derive.pdf.log import Overfull, TexError, first_error, overfull, warnings

UNDEFINED = r"""Package hyperref Info: Link coloring ON on input line 1.
./derive.tex:3: Undefined control sequence.
l.3 Hallo \foo
               bar
!  ==> Fatal error occurred, no output PDF file produced!
"""

NOT_FOUND = """
! LaTeX Error: File `/etc/passwd.tex' not found.

Type X to quit or <RETURN> to proceed,
or enter new name. (Default extension: tex)

Enter file name:
./derive.tex:2: Emergency stop.
<read *>

l.2 \\input{/etc/passwd}
"""

IN_A_PACKAGE = r"""
/usr/share/texmf/tex/pgfkeys.code.tex:412: Package pgfkeys Error: I do not know the key.

See the pgfkeys package documentation for explanation.
l.412 ...
"""

NO_PLACE = """)
! Emergency stop.
<*> derive.tex

*** (job aborted, no legal \\end found)
"""

CONTINUED = """
! Package amsmath Error: Erroneous nesting of equation structures;
(amsmath)                trying to recover with `aligned'.

See the amsmath package documentation for explanation.
l.17 \\end{aligned}
"""


@pytest.mark.parametrize(
    ("log", "error"),
    [
        (UNDEFINED, TexError("Undefined control sequence.", "./derive.tex", 3)),
        (NOT_FOUND, TexError("LaTeX Error: File `/etc/passwd.tex' not found.", "./derive.tex", 2)),
        (
            IN_A_PACKAGE,
            TexError("Package pgfkeys Error: I do not know the key.", "/usr/share/texmf/tex/pgfkeys.code.tex", 412),
        ),
        (NO_PLACE, TexError("Emergency stop.", None, None)),
        (
            CONTINUED,
            TexError(
                "Package amsmath Error: Erroneous nesting of equation structures; trying to recover with `aligned'.",
                None,
                17,
            ),
        ),
        ("This is pdfTeX\nOutput written on derive.pdf (1 page, 18581 bytes).\n", None),
    ],
)
def test_the_first_error_is_read_with_its_place(log: str, error: TexError | None) -> None:
    assert first_error(log) == error


BOXES = r"""Overfull \hbox (125.74565pt too wide) in paragraph at lines 5--7
[]\T1/lmr/m/sc/10.95 (-20) loooooong
 []

Overfull \vbox (28.45276pt too high) detected at line 6
 []

Underfull \hbox (badness 10000) in paragraph at lines 8--9

Overfull \hbox (3.0pt too wide) in alignment at lines 10--12
Overfull \vbox (262.05247pt too high) has occurred while \output is active []
"""


def test_overfull_boxes_are_read_with_their_lines() -> None:
    assert overfull(BOXES) == (
        Overfull("hbox", 125.74565, 5, 7, "in paragraph at lines 5--7"),
        Overfull("vbox", 28.45276, 6, 6, "detected at line 6"),
        Overfull("hbox", 3.0, 10, 12, "in alignment at lines 10--12"),
        Overfull("vbox", 262.05247, None, None, "has occurred while \\output is active []"),
    )


WARNINGS = r"""Package: infwarerr 2019/12/03 v1.5 Providing info/warning/error messages (HO)
LaTeX Font Warning: Font shape `T1/lmss/m/sc' in size <10.95> not available
(Font)              Font shape `T1/lmr/m/sc' tried instead on input line 5.

LaTeX Warning: Reference `q' on page 1 undefined on input line 2.

Package hyperref Warning: Token not allowed in a PDF string (Unicode):
(hyperref)                removing `math shift' on input line 5.

LaTeX Font Warning: Some font shapes were not available, defaults substituted.
LaTeX Font Warning: Command \tiny invalid in math mode on input line 9.
[1] pdfTeX warning (dest): name{eq.1} has been referenced but does not exist
"""


def test_warnings_are_read_one_a_line_without_substituted_fonts() -> None:
    assert warnings(WARNINGS) == (
        "LaTeX Warning: Reference `q' on page 1 undefined on input line 2.",
        "Package hyperref Warning: Token not allowed in a PDF string (Unicode): removing `math shift' on input line 5.",
        "LaTeX Font Warning: Command \\tiny invalid in math mode on input line 9.",
        "pdfTeX warning (dest): name{eq.1} has been referenced but does not exist",
    )


def test_a_rule_too_wide_by_five_points_is_one_overfull_box(engine: str, letter: Callable[..., str]) -> None:
    tex = letter("a\n\n\\noindent\\hbox to 10pt{\\vrule width 15pt}\n\nb")
    (box,) = overfull(typeset_with_log(tex, engine=engine).log)
    assert (box.box, box.points, box.first) == ("hbox", 5.0, 7)


def test_a_reference_to_nothing_is_a_warning(engine: str, letter: Callable[..., str]) -> None:
    found = warnings(typeset_with_log(letter("a \\ref{nothing}"), engine=engine).log)
    assert found[0] == "LaTeX Warning: Reference `nothing' on page 1 undefined on input line 5."


def test_a_sound_document_has_neither_boxes_nor_warnings(engine: str, handout: str) -> None:
    log = typeset_with_log(handout, engine=engine).log
    assert "Output written on derive.pdf (2 pages" in log
    assert overfull(log) == ()
    assert warnings(log) == ()
