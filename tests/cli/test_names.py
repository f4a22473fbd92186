"""Names that do not exist: the nearest one is offered."""

from __future__ import annotations

import pytest

from derive.cli import app


@pytest.mark.parametrize(
    ("words", "command_name", "offer"),
    [
        ("afine", "derive", "did you mean affine?"),
        ("AFFINE", "derive", "did you mean affine?"),
        ("lst", "derive", "did you mean list?"),
        ("docter", "derive", "did you mean doctor?"),
        ("affine --titel T", "derive affine", "did you mean --title?"),
        ("affine --N 2", "derive affine", "did you mean --n?"),
        ("affine --wtr X", "derive affine", "did you mean --wrt?"),
        ("affine --depth fulll", "derive affine", "did you mean full?"),
        ("affine --size Nn=2", "derive affine", "did you mean N?"),
        ("doctor --clear", "derive doctor", "did you mean --clear-cache?"),
    ],
)
def test_a_slip_is_exit_2_and_the_nearest_name(command, words, command_name, offer):
    ended = command(*words.split())
    assert (ended.code, ended.stdout) == (2, "")
    assert offer in ended.stderr
    assert f"Try '{command_name} --help'." in ended.stderr


@pytest.mark.parametrize("words", ["zzzzzz", "affine --zzz", "--zzz", "affine 2 2 3", "affine --n", "list x"])
def test_what_is_near_nothing_is_exit_2_without_an_offer(command, words):
    ended = command(*words.split())
    assert (ended.code, ended.stdout) == (2, "")
    assert "did you mean" not in ended.stderr
    assert "--help'." in ended.stderr


def test_an_unknown_layer_lists_the_known_ones(command):
    said = command("zzzzzz").stderr
    assert "known: affine, attention, " in said
    assert ", list, expr, network, layer, check, doctor" in said


def test_an_option_without_its_value_names_its_command(command):
    ended = command("affine", "--n")
    assert "derive affine: " in ended.stderr
    assert "--n" in ended.stderr


def test_wrt_an_unknown_input_is_exit_1_and_lists_the_inputs(command):
    ended = command("affine", "--wrt", "Z", "--formula")
    assert (ended.code, ended.stdout) == (1, "")
    assert "'Z'" in ended.stderr
    assert "X, W, b" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_wrt_an_input_in_the_wrong_case_offers_the_right_one(command):
    assert "did you mean X?" in command("affine", "--wrt", "x", "--tex").stderr


def test_a_layer_called_like_a_command_is_refused(command, monkeypatch):
    monkeypatch.setattr(app, "names", lambda: ("list",))
    ended = command("--help")
    assert ended.code == 70
    assert "list is a command already; rename the layer" in ended.stderr


def test_what_is_typed_is_neither_markup_nor_format(command):
    for word in ("[bold]x[/bold]", "{0}", "%s%n", "{x.__class__}"):
        assert word in command(word).stderr
        assert word in command("affine", "--n", word).stderr
        assert word in command("affine", "--wrt", word, "--formula").stderr
