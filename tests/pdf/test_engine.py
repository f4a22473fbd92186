import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from derive.errors import EngineFailedError
from derive.pdf import Engine


@pytest.fixture
def fake(fake_pdflatex: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Engine]:
    def make(script: str) -> Engine:
        return Engine(name="fake", executable=fake_pdflatex(script), remedy="mend it", witnesses=(tmp_path / "ls-R",))

    return make


def test_the_version_is_the_first_line_of_the_banner(fake: Callable[[str], Engine]) -> None:
    assert fake("echo 'pdfTeX 1.40 (Test)'; echo more").version() == "pdfTeX 1.40 (Test)"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("exit 3", "exit code 3"),
        ("exit 0", "exit code 0"),
        ("/bin/sleep 60", r"does not end within 0\.3 s"),
    ],
)
def test_an_engine_without_banner_has_failed(fake: Callable[[str], Engine], script: str, complaint: str) -> None:
    with pytest.raises(EngineFailedError, match=f"fake: .*{complaint}; mend it"):
        fake(script).version(limit=0.3)


def test_an_engine_that_does_not_start_has_failed(fake: Callable[[str], Engine], tmp_path: Path) -> None:
    engine = replace(fake("exit 0"), executable=tmp_path / "none")
    with pytest.raises(EngineFailedError, match=r"fake: .*none does not start: No such file"):
        engine.run(folder=tmp_path, limit=1)


def test_the_user_cannot_open_what_the_engine_keeps_closed(
    fake: Callable[[str], Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("openin_any", "a"), ("openout_any", "a"), ("TEXMFOUTPUT", "/"), ("USER_S", "own")):
        monkeypatch.setenv(name, value)
    engine = fake('echo "$openin_any $openout_any $SOURCE_DATE_EPOCH [$TEXMFOUTPUT] $USER_S"')
    assert engine.run(folder=tmp_path, limit=5).printed == b"p p 0 [] own\n"


def test_hidden_variables_do_not_reach_the_engine(
    fake: Callable[[str], Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXINPUTS", "theirs")
    monkeypatch.setenv("TEXMFROOT", "theirs")
    engine = replace(fake('echo "[$TEXINPUTS] $TEXMFROOT"'), hides=("TEX",), environment=(("TEXMFROOT", "ours"),))
    assert engine.run(folder=tmp_path, limit=5).printed == b"[] ours\n"


def test_the_identity_tells_every_change(
    fake: Callable[[str], Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = fake("exit 0")
    seen = [engine.identity()]
    assert engine.identity() == seen[0]

    os.utime(engine.executable, (1, 1))
    seen.append(engine.identity())
    (tmp_path / "ls-R").write_text("tikz.sty")
    seen.append(engine.identity())
    monkeypatch.setenv("TEXINPUTS", "elsewhere")
    seen.append(engine.identity())
    seen.append(replace(engine, name="other").identity())
    assert len(set(seen)) == 5


def test_secrets_of_the_user_are_not_part_of_the_identity(
    fake: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "hidden-value")
    engine = fake("exit 0")
    assert "hidden-value" not in engine.identity() + repr(engine)
