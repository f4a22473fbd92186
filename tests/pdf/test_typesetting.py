import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from pypdf import PdfReader

import derive
from derive.errors import EngineFailedError, EngineMissingError, UnknownNameError
from derive.pdf import Typeset, cache_entries, typeset, typeset_with_log
from derive.pdf.cache import store_format

Letter = Callable[..., str]
TextOf = Callable[[bytes], str]


def formats() -> list[Path]:
    return [path for path in cache_entries() if path.suffix == ".fmt"]


def test_a_document_becomes_a_pdf_with_its_text(engine: str, handout: str) -> None:
    made = typeset_with_log(handout, engine=engine)
    assert isinstance(made, Typeset)
    assert made.engine == engine
    reader = PdfReader(io.BytesIO(made.pdf))
    assert len(reader.pages) == 2
    assert "Forward pass" in reader.pages[0].extract_text()
    assert "Backward pass" in reader.pages[1].extract_text()
    assert reader.metadata is not None
    assert reader.metadata.title == "A handout"
    titles = [str(entry["/Title"]) for entry in reader.outline if not isinstance(entry, list)]
    assert titles == ["Forward pass", "Backward pass"]


def test_the_bytes_depend_on_neither_place_nor_cache(
    engine: str, handout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = typeset(handout, engine=engine)
    (tmp_path / "there" / "a folder").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "there")
    monkeypatch.setenv("DERIVE_CACHE", str(tmp_path / "there" / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "there" / "a folder"))
    cold = typeset(handout, engine=engine)
    assert len(formats()) == 1
    warm = typeset(handout, engine=engine)
    assert here == cold == warm


def test_no_date_is_read_from_the_clock(engine: str, letter: Letter, text_of: TextOf) -> None:
    assert "the year 1970" in text_of(typeset(letter("the year \\number\\year"), engine=engine))


def test_the_second_document_does_not_dump_again(engine: str, letter: Letter, own_cache: Path) -> None:
    typeset(letter("first"), engine=engine)
    inodes = [path.stat().st_ino for path in formats()]
    assert inodes
    typeset(letter("second"), engine=engine)
    assert [path.stat().st_ino for path in formats()] == inodes


def test_a_changed_preamble_is_dumped_again(engine: str, letter: Letter, text_of: TextOf, own_cache: Path) -> None:
    body = "the \\ifdefined\\word\\word\\else first\\fi"
    assert "the first" in text_of(typeset(letter(body), engine=engine))
    before = formats()
    second = letter(body, preamble="\\newcommand{\\word}{second}\n")
    assert "the second" in text_of(typeset(second, engine=engine))
    assert len(formats()) == len(before) + 1


@pytest.mark.usefixtures("empty_cache")
def test_a_changed_engine_dumps_again(letter: Letter, fake_pdflatex: Callable[[str], Path], tmp_path: Path) -> None:
    dumps = tmp_path / "dumps"
    program = fake_pdflatex(
        f"case \"$1\" in\n-ini) echo dump >> '{dumps}'; echo state > derive.fmt;;\n*) echo %PDF > derive.pdf;;\nesac"
    )
    for changed, total in ((1, 1), (1, 1), (2, 2)):
        os.utime(program, (changed, changed))
        assert typeset(letter("a"), engine="system") == b"%PDF\n"
        assert dumps.read_text() == "dump\n" * total


@pytest.mark.parametrize("damage", ["truncated", "another engine"])
def test_a_damaged_format_is_dumped_again(engine: str, letter: Letter, damage: str, own_cache: Path) -> None:
    tex = letter("a word")
    typeset(tex, engine=engine)
    # The one used last is the one of this document.
    dumped = max(formats(), key=lambda path: path.stat().st_mtime_ns)
    for other in set(formats()) - {dumped}:
        other.unlink()
    sound = typeset(tex, engine=engine)
    data = dumped.read_bytes()
    if damage == "truncated":
        dumped.write_bytes(data[: len(data) // 3])
    else:
        # With a right checksum, so that only the engine can tell.
        assert data[8:14] == b"pdftex"
        store_format(dumped.stem, data[:8] + b"pdfxyz" + data[14:-4])
    assert typeset(tex, engine=engine) == sound
    assert dumped.read_bytes() == data


@pytest.mark.usefixtures("refusing_cache")
def test_a_cache_that_refuses_costs_no_pdf(engine: str, letter: Letter, text_of: TextOf) -> None:
    assert "a word" in text_of(typeset(letter("a word"), engine=engine))
    assert formats() == []


def test_processes_may_share_an_empty_cache(engine: str, letter: Letter, tmp_path: Path, empty_cache: Path) -> None:
    source = tmp_path / "letter.tex"
    source.write_text(letter("a word"), encoding="utf-8")
    program = (
        "import sys; from derive.pdf import typeset;"
        "sys.stdout.buffer.write(typeset(open(sys.argv[1]).read(), engine=sys.argv[2]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(next(iter(derive.__path__))).parent)}
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(source), engine], env=environment, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    made = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3
    assert made[0].startswith(b"%PDF")
    assert made == [made[0]] * 3
    assert len(formats()) == 1
    assert list(empty_cache.glob("*.part")) == []


def test_letters_outside_ascii_are_typeset(engine: str, letter: Letter, text_of: TextOf) -> None:
    assert "größer" in text_of(typeset(letter("größer"), engine=engine))


@pytest.mark.parametrize(
    "reading",
    [
        "\\input{/etc/passwd}",
        "\\input{SECRET}",
        "\\makeatletter\\@@input SECRET ",
        "\\input{../../../SECRET}",
        "\\verb|x|\\openin9=SECRET \\ifeof9 \\input{refused}\\fi",
    ],
)
def test_a_document_cannot_read_the_files_of_the_machine(
    engine: str, letter: Letter, reading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("the secret\n")
    # What the user allows a TeX of his own does not count here.
    monkeypatch.setenv("openin_any", "a")
    with pytest.raises(EngineFailedError, match=r"not found|can't find file"):
        typeset(letter(reading.replace("SECRET", str(secret))), engine=engine)


def test_a_document_cannot_write_outside_its_folder(
    engine: str, letter: Letter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("openout_any", "a")
    target = tmp_path / "written.tex"
    with pytest.raises(EngineFailedError, match="can't write on file"):
        typeset(letter(f"\\newwrite\\w\\immediate\\openout\\w={target} a"), engine=engine)
    assert not target.exists()


def test_a_document_cannot_start_programs(
    engine: str, letter: Letter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The user's own TeX would run them.
    monkeypatch.setenv("shell_escape", "t")
    target = tmp_path / "touched"
    assert typeset(letter(f"a\\immediate\\write18{{/usr/bin/touch {target}}}"), engine=engine)
    assert not target.exists()


def test_fonts_are_not_made_on_the_way(engine: str, letter: Letter) -> None:
    with pytest.raises(EngineFailedError, match="Metric \\(TFM\\) file"):
        typeset(letter("\\font\\x=nosuchfont1234 \\x a"), engine=engine)


@pytest.mark.usefixtures("bundled_program")
def test_a_broken_system_engine_costs_no_pdf(fake_pdflatex: Callable[[str], Path], letter: Letter) -> None:
    fake_pdflatex("exit 1")
    assert typeset_with_log(letter("a")).engine == "tinytex"


def test_a_system_engine_that_lacks_a_package_costs_no_pdf(
    bundled_tree: Path, bundled_program: Path, fake_pdflatex: Callable[[str], Path], letter: Letter
) -> None:
    # It has the class and fontenc, but not lmodern.
    base = bundled_tree / "texmf-dist" / "tex" / "latex" / "base"
    fake_pdflatex(f"TEXINPUTS='.:{base}//' exec '{bundled_program}' \"$@\"")
    assert typeset_with_log(letter("a")).engine == "tinytex"


@pytest.mark.usefixtures("only_path", "no_bundled")
def test_no_engine_is_an_error_with_a_remedy(letter: Letter) -> None:
    with pytest.raises(EngineMissingError, match="pip install"):
        typeset(letter("a"))


def test_an_unknown_engine_is_refused(letter: Letter) -> None:
    with pytest.raises(UnknownNameError, match="tectonic"):
        typeset(letter("a"), engine="tectonic")


HANGING = "(while :; do printf x >> 'ALIVE'; /bin/sleep 0.02; done) & /bin/sleep 300"


@pytest.mark.usefixtures("empty_cache")
def test_a_hanging_engine_is_stopped_with_its_children(
    fake_pdflatex: Callable[[str], Path], letter: Letter, tmp_path: Path
) -> None:
    alive = tmp_path / "alive"
    fake_pdflatex(HANGING.replace("ALIVE", str(alive)))
    start = time.monotonic()
    with pytest.raises(EngineFailedError, match=r"system: .* made no PDF within 0\.3 s"):
        typeset(letter("a"), engine="system", timeout=0.3)
    assert time.monotonic() - start < 5
    time.sleep(0.05)
    size = alive.stat().st_size
    time.sleep(0.15)
    assert alive.stat().st_size == size > 0


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_leaves_nothing_behind(
    fake_pdflatex: Callable[[str], Path],
    letter: Letter,
    tmp_path: Path,
    temporary_folder: Path,
    interruption: type[BaseException],
) -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        assert list(temporary_folder.iterdir())
        raise interruption

    alive = tmp_path / "alive"
    fake_pdflatex(HANGING.replace("ALIVE", str(alive)))
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.25)
    try:
        with pytest.raises(interruption):
            typeset(letter("a"), engine="system")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert list(temporary_folder.iterdir()) == []
    time.sleep(0.05)
    size = alive.stat().st_size
    time.sleep(0.15)
    assert alive.stat().st_size == size > 0


def test_a_cache_in_a_folder_with_spaces_and_accents_works(
    engine: str, letter: Letter, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = typeset(letter("a"), engine=engine)
    monkeypatch.setenv("DERIVE_CACHE", str(own_cache.rename(own_cache.parent / "my caché")))
    before = formats()
    assert before
    assert typeset(letter("a"), engine=engine) == plain
    assert formats() == before
