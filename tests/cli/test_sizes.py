"""Sizes: by letter, by --size, and what is no size."""

from __future__ import annotations

import time

import pytest

from derive.cli.options import size_options
from derive.cli.request import read_request
from derive.cli.usage import UsageError
from derive.layers import Listing


def toy(letters: str, defaults: str = "") -> Listing:
    given = dict(item.split("=") for item in defaults.split())
    return Listing("toy", "A toy.", "X: N", tuple(letters.split()), tuple((k, int(v)) for k, v in given.items()))


@pytest.mark.parametrize("option", ["--n", "--d", "--m"])
@pytest.mark.parametrize("value", ["0", "-1", "2.5", "abc", "", "1_0", " 3", "٣", "1e3", "10000000000", "9" * 5000])
def test_what_is_no_size_is_exit_2_and_names_option_and_range(command, option, value):
    ended = command("affine", option, value, "--formula")
    assert (ended.code, ended.stdout) == (2, "")
    assert f"{option}: expected a whole number from 1 to 1000000000" in ended.stderr
    assert len(ended.stderr) < 300


@pytest.mark.usefixtures("small_document")
@pytest.mark.parametrize("words", ["--m 5", "--size M=5", "--size m=5", "--size M=5 --size N=2", "--size=M=5"])
def test_size_is_another_way_to_say_a_letter(command, words):
    ended = command("affine", *words.split(), "--tex")
    assert ended.stdout == "output/affine-2x2x5.tex\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--size K=3", "no size 'K'; sizes: N, D, M"),
        ("--size 3", "expected a letter and a number such as M=3, got '3'"),
        ("--size M=0", "--size M: expected a whole number from 1 to 1000000000, got '0'"),
        ("--size M=", "--size M: expected a whole number"),
        ("--size M=3 --size m=4", "the size M is given twice"),
        ("--m 3 --size M=3", "the size M is given twice"),
    ],
)
def test_a_size_that_cannot_be_is_exit_2(command, words, complaint):
    ended = command("affine", *words.split(), "--formula")
    assert (ended.code, ended.stdout) == (2, "")
    assert complaint in ended.stderr


def test_letters_that_differ_in_case_have_no_option_of_their_own():
    listing = toy("N n D", "N=2 n=3 D=4")
    assert size_options(listing) == {"D": "--d"}
    assert read_request(listing, {"size": ["N=5", "n=6"]}).sizes == {"N": 5, "n": 6, "D": 4}
    with pytest.raises(UsageError, match="N1"):
        read_request(toy("N1 n1 D", "N1=2 n1=3 D=4"), {"size": ["Q=5"]})


def test_a_letter_that_is_ambiguous_in_its_case_is_refused():
    with pytest.raises(UsageError, match="--size: Ab could be AB or ab"):
        read_request(toy("AB ab", "AB=2 ab=3"), {"size": ["Ab=5"]})


@pytest.mark.parametrize("letter", ["Tex", "Title", "Size", "O", "Help"])
def test_a_letter_that_meets_an_option_is_said_by_size(letter):
    listing = toy(f"{letter} D", f"{letter}=2 D=4")
    assert size_options(listing) == ({"O": "--o", "D": "--d"} if letter == "O" else {"D": "--d"})
    assert read_request(listing, {"size": [f"{letter}=7"]}).sizes == {letter: 7, "D": 4}


def test_a_size_without_default_must_be_given():
    with pytest.raises(UsageError, match="the size K is missing; give it with --k"):
        read_request(toy("N K", "N=2"), {})


@pytest.mark.parametrize("sizes", [(64, 4096, 4096), (10**9, 10**9, 10**9), (1, 1, 1)])
def test_large_sizes_are_quick(command, sizes):
    command("affine", "--tex")
    started = time.perf_counter()
    ended = command("affine", "--n", sizes[0], "--d", sizes[1], "--m", sizes[2], "--tex", "--json")
    assert ended.code == 0, ended.stderr
    assert time.perf_counter() - started < 5
    assert "x".join(map(str, sizes)) in ended.stdout
