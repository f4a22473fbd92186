"""What --help, --version and list say, and that they cost nothing."""

from __future__ import annotations

import re
from dataclasses import fields
from inspect import Parameter

import pytest

from derive.cli.options import DOCUMENT, ENGINE_CHOICES, parameters
from derive.layers import Listing, index
from derive.options import DocumentOptions
from derive.pdf import ENGINES
from derive.version import __version__


def affine() -> Listing:
    return next(listing for listing in index() if listing.name == "affine")


def options(help: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", help))


def test_help_lists_layers_and_commands(command):
    shown = command("--help")
    assert (shown.code, shown.stderr) == (0, "")
    for word in ("Layers:", "affine", "Commands:", "list", "doctor", "--version", "--install-completion"):
        assert word in shown.stdout


def test_without_words_the_help_goes_to_stderr(command):
    shown = command()
    assert (shown.code, shown.stdout) == (2, "")
    assert "Usage: derive" in shown.stderr


def test_a_layer_has_every_option_of_the_handout(command):
    shown = command("affine", "--help")
    assert shown.code == 0
    assert options(shown.stdout) == {
        *("--n", "--d", "--m", "--size", "--bias", "--wrt", "--route", "--sections", "--depth", "--convention"),
        *("--samples", "--end", "--names", "--paper", "--values", "--oracle", "--assume"),
        *("--jacobian", "--order"),
        *("--title", "--author", "--course", "--date", "--license"),
        *("--tex", "--pdf", "--json", "--all-entries", "--formula", "--fragment", "--code"),
        *("--output", "--name", "--engine", "--quiet", "--debug", "--help"),
    }
    assert "-o, --output" in shown.stdout


@pytest.mark.parametrize(("option", "default"), [("--n", 2), ("--d", 2), ("--m", 3)])
def test_every_size_shows_its_default(command, option, default):
    line = next(line for line in command("affine", "--help").stdout.splitlines() if line.strip().startswith(option))
    assert f"default: {default}" in line


def test_choices_are_shown(command):
    shown = command("affine", "--help").stdout
    for words in ("brief|full", "a4|letter", "auto|system|tinytex"):
        assert words in shown


def test_help_is_plain_text(command):
    for words in (["--help"], ["affine", "--help"], ["doctor", "--help"]):
        shown = command(*words).stdout
        assert shown.isascii()
        assert "\x1b" not in shown


def test_version_is_one_line(command):
    assert command("--version").stdout == f"derive {__version__}\n"


def test_list_has_a_line_a_layer(command):
    lines = command("list").stdout.splitlines()
    assert len(lines) == len(index()) > 0
    [line] = [line for line in lines if line.startswith("affine ")]
    for words in ("N=2 D=2 M=3", "X: N D, W: D M, b: M", "Y = X W + b"):
        assert words in line


def test_document_options_and_command_line_are_the_same():
    names = [field.name for field in fields(DocumentOptions) if field.name != "language"]
    assert names
    assert list(DOCUMENT) == names
    assert set(names) < {parameter.name for parameter in parameters(affine())}


def test_document_options_have_the_same_defaults():
    given: dict[str, Parameter] = {parameter.name: parameter for parameter in parameters(affine())}
    for field in fields(DocumentOptions):
        if field.name in DOCUMENT:
            assert given[field.name].default == (field.default or {"assume": [], "jacobian": False}.get(field.name, ""))


def test_every_engine_can_be_chosen():
    assert ENGINE_CHOICES == ("auto", "system", "tinytex")
    assert set(ENGINE_CHOICES) == {"auto", *ENGINES}


@pytest.mark.parametrize("words", ["--help", "--version", "list", "doctor", "affine --help", "affine --n 0", "afine"])
def test_nothing_heavy_is_imported_to_say_little(process, words):
    program = (
        "import sys\n"
        "from derive.cli.run import run\n"
        "run(sys.argv[1:])\n"
        "heavy = {'sympy', 'numpy', 'derive.api', 'rich', 'pydantic'} & set(sys.modules)\n"
        "layers = [name for name in sys.modules if name.startswith('derive.layers.')]\n"
        "print('imported:', *sorted(heavy), *layers)"
    )
    ended = process("-c", program, *words.split())
    assert ended.stdout.splitlines()[-1] == "imported:"


def test_python_dash_m_is_the_command(process):
    ended = process("-m", "derive", "--version")
    assert (ended.returncode, ended.stdout) == (0, f"derive {__version__}\n")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("derive aff", ["affine"]), ("derive affine --pap", ["--paper"]), ("derive affine --paper ", ["a4", "letter"])],
)
def test_the_shell_completes(process, monkeypatch, typed, offered):
    monkeypatch.setenv("_DERIVE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split(" ")) - 1))
    ended = process("-m", "derive")
    assert (ended.returncode, ended.stdout.split()) == (0, offered)
