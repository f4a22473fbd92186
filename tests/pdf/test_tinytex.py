import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from derive.errors import EngineMissingError
from derive.pdf import Engine, find_engine, tinytex, typeset
from derive.pdf.engines import examine
from derive.pdf.tinytex import PROGRAMS, find

pytestmark = pytest.mark.usefixtures("bundled_tree")


def test_the_program_is_that_of_the_wheel(bundled_program: Path) -> None:
    found = find()
    assert isinstance(found, Engine)
    assert found.executable == bundled_program


def test_all_witnesses_exist() -> None:
    found = find()
    assert isinstance(found, Engine)
    assert len(found.witnesses) == 2
    assert all(path.is_file() for path in found.witnesses)


def test_a_lost_run_bit_is_worked_around_without_touching_the_installation(
    no_run_bit: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tinytex, "find_tree", lambda: no_run_bit)
    engine = find_engine("tinytex")
    assert engine.executable.is_relative_to(empty_cache)
    assert examine(engine, ("lmodern.sty", "none.sty")) == ("none.sty",)
    assert not os.access(no_run_bit / PROGRAMS[sys.platform], os.X_OK)


@pytest.mark.usefixtures("refusing_cache")
def test_a_lost_run_bit_that_cannot_be_worked_around_is_told(no_run_bit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tinytex, "find_tree", lambda: no_run_bit)
    program = no_run_bit / PROGRAMS[sys.platform]
    with pytest.raises(EngineMissingError, match=r"lost its run bit; .*chmod") as caught:
        find_engine("tinytex")
    assert str(caught.value).endswith(f"chmod +x '{program}'")


def test_variables_of_another_tex_do_not_lead_it_astray(
    letter: Callable[..., str], text_of: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TEXMFCNF", "TEXMFROOT", "TEXMFDIST", "TEXINPUTS", "TEXFORMATS", "TFMFONTS", "T1FONTS"):
        monkeypatch.setenv(name, "/nonexistent")
    assert examine(find_engine("tinytex"), ("lmodern.sty", "none.sty")) == ("none.sty",)
    assert "a word" in text_of(typeset(letter("a word"), engine="tinytex"))


def test_the_files_of_the_user_are_left_out(
    letter: Callable[..., str],
    text_of: Callable[[bytes], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = tmp_path / "home" / "texmf" / "tex" / "latex"
    own.mkdir(parents=True)
    (own / "own.sty").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    text = text_of(typeset(letter("\\IfFileExists{own.sty}{taken}{left out}"), engine="tinytex"))
    assert "left out" in text
