from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from derive.errors import EngineFailedError, EngineMissingError, UnknownNameError
from derive.pdf import ENGINES, Engine, engines, find_engine
from derive.pdf.engines import examine

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture
def counted(fake_pdflatex: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Callable[[], int]]:
    """A make-believe engine, and how often it was started."""

    def write(script: str) -> Callable[[], int]:
        starts = tmp_path / "starts"
        starts.write_text("")
        fake_pdflatex(f"echo started >> '{starts}'\n{script}")
        return lambda: len(starts.read_text().splitlines())

    return write


def test_auto_tries_the_system_first() -> None:
    assert list(ENGINES) == ["system", "tinytex"]


def test_an_unknown_engine_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown engine 'tinytx', did you mean tinytex.*auto, system"):
        find_engine("tinytx")


def test_a_chosen_engine_is_taken_without_being_started(
    counted: Callable[[str], Callable[[], int]], only_path: Path
) -> None:
    starts = counted("exit 1")
    assert find_engine("system").executable == only_path / "pdflatex"
    assert starts() == 0


def test_a_working_system_engine_is_taken(only_path: Path, bundled_program: Path) -> None:
    (only_path / "pdflatex").symlink_to(bundled_program)
    assert find_engine(needs=("article.cls",)).name == "system"


@pytest.mark.parametrize(
    "script", ["exit 1", "exit 0", "echo 'This is pdfTeX'; exit 0", "/bin/sleep 60", "kill -SEGV $$"]
)
@pytest.mark.usefixtures("bundled_program")
def test_a_broken_system_engine_is_passed_over(
    script: str, fake_pdflatex: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "examine", partial(examine, limit=0.5))
    fake_pdflatex(script)
    assert find_engine().name == "tinytex"


def test_a_system_engine_that_lacks_a_package_is_passed_over(
    bundled_tree: Path, bundled_program: Path, fake_pdflatex: Callable[[str], Path]
) -> None:
    latex = bundled_tree / "texmf-dist" / "tex" / "latex"
    fake_pdflatex(f"TEXINPUTS='.:{latex}/base//' exec '{bundled_program}' \"$@\"")
    assert find_engine(needs=("article.cls",)).name == "system"
    assert find_engine(needs=("article.cls", "lmodern.sty")).name == "tinytex"


@pytest.mark.usefixtures("bundled_program")
def test_an_engine_is_asked_once_until_it_changes(
    counted: Callable[[str], Callable[[], int]],
) -> None:
    starts = counted("exit 1")
    assert [find_engine().name for _ in range(3)] == ["tinytex"] * 3
    assert starts() == 1
    starts = counted("echo examined\nexit 0")
    assert [find_engine().name for _ in range(3)] == ["system"] * 3
    assert starts() == 1


@pytest.mark.usefixtures("no_bundled")
def test_the_only_engine_is_taken_as_it_is(counted: Callable[[str], Callable[[], int]]) -> None:
    starts = counted("exit 1")
    assert find_engine().name == "system"
    assert starts() == 0


@pytest.mark.usefixtures("only_path", "no_bundled")
def test_no_engine_names_one_command() -> None:
    with pytest.raises(EngineMissingError) as caught:
        find_engine()
    assert str(caught.value) == (
        "no PDF engine: no pdflatex on the PATH and the bundled TeX is not installed; "
        "install it: pip install 'derive-backprop[pdf]'"
    )
    assert caught.value.exit_code == 3


@pytest.mark.usefixtures("only_path")
def test_where_no_wheel_runs_the_command_installs_tex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    for choice in ("auto", "tinytex"):
        with pytest.raises(EngineMissingError, match=r"linux aarch64; install TeX.*apt-get install") as caught:
            find_engine(choice)
        assert "pip" not in str(caught.value)


@pytest.mark.usefixtures("only_path")
def test_a_missing_system_engine_is_not_replaced_when_it_was_chosen() -> None:
    with pytest.raises(EngineMissingError, match=r"no pdflatex on the PATH; .*apt-get install"):
        find_engine("system")


def test_an_engine_tells_which_files_it_lacks(engine: str) -> None:
    found = ENGINES[engine]()
    assert isinstance(found, Engine)
    assert examine(found, ("article.cls", "no-such-package.sty", "amsmath.sty")) == ("no-such-package.sty",)


def test_an_engine_that_ends_early_has_failed_the_examination(fake_pdflatex: Callable[[str], Path]) -> None:
    fake_pdflatex("echo 'missing: article.cls'; exit 4")
    with pytest.raises(EngineFailedError, match=r"does not run LaTeX to its end \(exit code 4\)"):
        examine(find_engine("system"), ("article.cls",))
