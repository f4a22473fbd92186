"""--values on the command line: the sizes of a file, the names of files, and what is refused."""

from __future__ import annotations

import json

import pytest

NUMBERS = {"X": [[0, 1], [2, 3], [4, 5]], "W": [[1, 2], [3, 4]], "b": [5, 6]}


@pytest.fixture
def numbers(here):
    (here / "numbers.json").write_text(json.dumps(NUMBERS))
    return "numbers.json"


def test_the_sizes_are_read_from_the_file(command, numbers):
    shown = command("affine", "--values", numbers)
    assert (shown.code, shown.stderr) == (0, "")
    assert "N = 3 samples, D = 2 input features, M = 2 output features" in shown.stdout
    assert "The same with numbers" in shown.stdout


def test_sizes_that_are_typed_have_to_agree(command, numbers):
    assert command("affine", "--n", 3, "--values", numbers).code == 0
    shown = command("affine", "--n", 2, "--values", numbers)
    assert (shown.code, shown.stdout) == (1, "")
    assert shown.stderr == (
        "derive: numbers.json: X: axis 1 is 3, expected N=2 by the sizes given (X has shape (N, D)); "
        "change one of them\n"
    )


def test_a_seed_takes_the_sizes_that_are_typed_and_the_defaults(command):
    shown = command("affine", "--n", 1, "--values", "seed:3")
    assert shown.code == 0
    assert "one sample, D = 2 input features, M = 3 output features" in shown.stdout
    assert "with the seed 3" in " ".join(shown.stdout.split())


def test_documents_of_other_numbers_have_other_names(command, numbers):
    names = []
    for values in ("seed:1", "seed:2", numbers, json.dumps(NUMBERS)):
        shown = command("affine", "--values", values, "--tex", "--depth", "brief")
        assert shown.code == 0
        names += [path.name for path in shown.paths]
    assert names == [
        "affine-2x2x3-brief-seed1.tex",
        "affine-2x2x3-brief-seed2.tex",
        "affine-3x2x2-brief-numbers.tex",
        "affine-3x2x2-brief-values.tex",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--values", "seed:"], "derive: --values: expected a whole number from 0 to"),
        (["--values", "none.json"], "derive: --values: 'none.json' cannot be read: No such file or directory"),
        (["--values", '{"X": [[1]]}'], "derive: --values: expected an array for each of X, W, b"),
        (["--values", '{"X": [[1]]'], "derive: --values: line 1, column 12: no JSON"),
        (["--values", "seed:1", "--n", "64", "--d", "4096", "--m", "4096"], "at most 10000; choose smaller sizes"),
        (["--values", "seed:1", "--sections", "check"], "derive: --values: expected numbers among --sections"),
    ],
)
def test_what_cannot_be_is_refused(command, written, words, told):
    shown = command("affine", *words, "--tex")
    assert (shown.code, shown.stdout, written()) == (1, "", [])
    assert told in shown.stderr
