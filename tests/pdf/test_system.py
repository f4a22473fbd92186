import os
from pathlib import Path

from derive.pdf import Absent, Engine
from derive.pdf.system import find


def test_the_first_pdflatex_on_the_path_is_found(only_path: Path) -> None:
    program = only_path / "pdflatex"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = find()
    assert isinstance(found, Engine)
    assert found.executable == program


def test_a_file_that_cannot_be_run_is_not_found(only_path: Path) -> None:
    (only_path / "pdflatex").write_text("#!/bin/sh\n")
    (only_path / "pdflatex").chmod(0o644)
    found = find()
    assert isinstance(found, Absent)
    assert found.reason == "no pdflatex on the PATH"


def test_a_new_package_in_its_tree_is_noticed(only_path: Path, tmp_path: Path) -> None:
    # TeX Live: <root>/bin/<platform>/pdflatex is a link to pdftex beside it, and tlmgr rewrites ls-R.
    program = tmp_path / "texlive" / "bin" / "x86_64-linux" / "pdftex"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (only_path / "pdflatex").symlink_to(program)
    listing = tmp_path / "texlive" / "texmf-dist" / "ls-R"
    listing.parent.mkdir()
    listing.write_text("article.cls")
    before = find()
    assert isinstance(before, Engine)
    identity = before.identity()
    listing.write_text("article.cls tikz.sty")
    os.utime(listing, (1, 1))
    assert before.identity() != identity
