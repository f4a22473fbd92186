from collections.abc import Callable
from pathlib import Path

import pytest

from derive.errors import EngineFailedError
from derive.pdf import find_engine, typeset

# Lines 1 to 3 are the preamble of the letter, line 4 begins the document.
BLOCKS = r"""% block: forward
$Y = X W$

% block: X.jacobian.values
fine,
then \unknowncommand here

% block: result
$G$"""


def failed(tex: str, **options: object) -> EngineFailedError:
    with pytest.raises(EngineFailedError) as caught:
        typeset(tex, **options)  # type: ignore[arg-type]
    return caught.value


def test_the_first_error_is_mapped_to_its_line_and_block(engine: str, letter: Callable[..., str]) -> None:
    error = failed(letter(BLOCKS), engine=engine)
    place = "line 10 of the .tex, block X.jacobian.values"
    assert str(error) == f"{engine}: Undefined control sequence.\n  {place}: then \\unknowncommand here"
    assert b"Undefined control sequence" in error.log
    assert error.exit_code == 3


def test_an_error_of_the_preamble_has_its_line_and_no_block(engine: str, letter: Callable[..., str]) -> None:
    tex = letter("a", preamble="\\newcommand{\\word}{a}\n\\nocommand\n")
    message = str(failed(tex, engine=engine))
    assert message == f"{engine}: Undefined control sequence.\n  line 5 of the .tex: \\nocommand"


def test_an_error_in_another_file_has_the_line_of_that_file(engine: str, letter: Callable[..., str]) -> None:
    other = "\\begin{filecontents*}{other.tex}\nfine\n\\nocommand\n\\end{filecontents*}\n"
    message = str(failed(letter(other + "\\input{other}"), engine=engine))
    assert message == f"{engine}: Undefined control sequence.\n  line 2 of other.tex"


def test_a_missing_package_is_told_with_a_remedy(engine: str, letter: Callable[..., str]) -> None:
    message = str(failed(letter("a", preamble="\\usepackage{no-such-package}\n\n"), engine=engine))
    assert "File `no-such-package.sty' not found." in message
    assert "line 4 of the .tex: \\usepackage{no-such-package}" in message
    assert message.endswith(find_engine(engine).remedy)


def test_a_document_without_pages_is_a_failure(engine: str, letter: Callable[..., str]) -> None:
    message = str(failed(letter(""), engine=engine))
    assert "ended without an error and made no PDF" in message
    assert "No pages of output." in message


def test_a_document_that_never_ends_its_block_is_a_failure(engine: str, letter: Callable[..., str]) -> None:
    message = str(failed(letter("\\begin{itemize}\n\\item a"), engine=engine))
    assert "\\begin{itemize} on input line 5 ended by \\end{document}" in message


def test_a_tex_program_without_end_is_stopped(engine: str, letter: Callable[..., str]) -> None:
    typeset(letter("a"), engine=engine)
    error = failed(letter("\\message{last words}\\def\\x{\\relax\\x}\\x"), engine=engine, timeout=1.0)
    assert str(error).startswith(f"{engine}: ")
    assert "made no PDF within 1 s and was stopped" in str(error)
    assert "last words" in str(error)


FAKE_DUMP = 'case "$1" in -ini) echo state > derive.fmt; exit 0;; esac\n'


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("exit 0", "ended without an error and made no PDF; it printed nothing"),
        (": > derive.pdf; exit 0", "ended without an error and made no PDF"),
        ("echo %PDF > derive.pdf; exit 2", "ended with exit code 2 and made no PDF"),
        ("echo why; kill -SEGV $$", "ended with exit code -11 and made no PDF; its last lines:\n  why"),
    ],
)
@pytest.mark.usefixtures("empty_cache")
def test_a_run_without_pdf_is_a_failure(
    script: str, complaint: str, fake_pdflatex: Callable[[str], Path], letter: Callable[..., str]
) -> None:
    program = fake_pdflatex(FAKE_DUMP + script)
    message = str(failed(letter("a"), engine="system"))
    assert message.startswith(f"system: {program} {complaint}")


@pytest.mark.usefixtures("empty_cache")
def test_the_log_of_a_failure_is_bounded(fake_pdflatex: Callable[[str], Path], letter: Callable[..., str]) -> None:
    fake_pdflatex(FAKE_DUMP + "/usr/bin/head -c 500000 /dev/zero > derive.log; echo end >> derive.log; exit 1")
    error = failed(letter("a"), engine="system")
    assert len(error.log) == 200_000
    assert error.log.endswith(b"end\n")


@pytest.mark.usefixtures("empty_cache")
def test_an_engine_that_cannot_dump_is_a_failure(
    fake_pdflatex: Callable[[str], Path], letter: Callable[..., str]
) -> None:
    fake_pdflatex("echo \"I can't find the format file \\`pdflatex.fmt'!\"; exit 1")
    message = str(failed(letter("a"), engine="system"))
    assert "exit code 1" in message
    assert "I can't find the format file `pdflatex.fmt'!" in message
