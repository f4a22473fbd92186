from collections.abc import Callable
from pathlib import Path

import pytest

from derive.pdf import ENGINES, Report, diagnose

NEEDS = "\\documentclass{article}\n\\usepackage{lmodern,no-such-package}\n"


def by_name(preamble: str = "") -> dict[str, Report]:
    return {report.name: report for report in diagnose(preamble)}


def test_every_engine_has_a_report() -> None:
    assert list(by_name()) == list(ENGINES)


def test_a_sound_engine_has_a_place_a_version_and_no_remedy(engine: str) -> None:
    report = by_name("\\documentclass{article}\n\\usepackage{lmodern,tikz}\n")[engine]
    assert report.works
    assert report.executable is not None
    assert "pdfTeX" in report.version
    assert "1.40" in report.version
    assert (report.missing, report.problem, report.remedy) == ((), "", "")


def test_missing_packages_are_told_with_a_remedy(engine: str) -> None:
    report = by_name(NEEDS)[engine]
    assert not report.works
    assert report.missing == ("no-such-package.sty",)
    assert report.problem == "LaTeX files are missing: no-such-package.sty"
    assert "apt-get install" in report.remedy


@pytest.mark.usefixtures("only_path", "no_bundled")
def test_absent_engines_are_told_with_a_remedy() -> None:
    reports = by_name(NEEDS)
    assert not any(report.works or report.executable for report in reports.values())
    assert reports["system"].problem == "no pdflatex on the PATH"
    assert "apt-get install" in reports["system"].remedy
    assert reports["tinytex"].problem == "the bundled TeX is not installed"
    assert "pip install" in reports["tinytex"].remedy


def test_an_engine_without_its_base_format_is_broken(fake_pdflatex: Callable[[str], Path]) -> None:
    program = fake_pdflatex(
        '[ "$1" = --version ] && echo "pdfTeX 3.14-1.40.24 (Test)" && exit 0\n'
        "echo \"I can't find the format file \\`pdflatex.fmt'!\"; exit 1"
    )
    report = by_name()["system"]
    assert (report.executable, report.version) == (program, "pdfTeX 3.14-1.40.24 (Test)")
    assert report.problem == f"system: {program} does not run LaTeX to its end (exit code 1)"
    assert "apt-get install" in report.remedy
