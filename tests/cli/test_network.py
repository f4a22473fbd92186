"""`derive network`: a network on the command line."""

from __future__ import annotations

import io
import json
import time
from importlib.resources import files

import jsonschema
import pytest

MLP = "affine(3) > sigmoid > affine(2) > mse"


def test_formulas_are_those_of_backpropagation(command):
    shown = command("network", MLP, "--n", 2, "--d", 2, "--formula")
    assert (shown.code, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[-6:] == [
        "dX = dZ_1 @ W_1.T",
        "dW_1 = X.T @ dZ_1",
        "db_1 = sum(dZ_1, axis=0)",
        "dW_2 = A_1.T @ dZ_2",
        "db_2 = sum(dZ_2, axis=0)",
        "dT = 2 * (T - Z_2) / (M_2*N)",
    ]


def test_json_follows_the_schema(command):
    schema = json.loads(files("derive.render").joinpath("schema/derive-1.json").read_text("utf-8"))
    shown = command("network", "affine(3) > tanh", "--n", 2, "--d", 2, "--json", "-o", "-")
    found = json.loads(shown.stdout)
    jsonschema.validate(found, schema)
    assert found["sizes"] == {"N": 2, "D": 2, "M": 3}
    assert [value["name"] for value in found["values"]] == ["Z", "Y"]
    assert [(stage["text"], stage["receives"]) for stage in found["stages"]] == [("affine(3)", "dZ"), ("tanh", "G")]
    assert found["stages"][1]["sends"][0]["formula"] == "G * (1 - Y**2)"


def test_the_text_comes_from_stdin(command, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"affine(3)\n> tanh\n")))
    assert "dX = dZ @ W.T" in command("network", "-", "--formula").stdout


def test_sizes_in_brackets_can_be_given_as_options(command):
    shown = command("network", MLP, "--n", 2, "--d", 2, "--m_1", 5, "--json", "-o", "-")
    assert json.loads(shown.stdout)["sizes"] == {"N": 2, "D": 2, "M_1": 5, "M_2": 2}


def test_help_tells_the_sizes(command):
    assert "--m_1" in command("network", MLP, "--help").stdout
    assert "stages with > between them" in command("network", "--help").stdout


WRONG = {
    ("affine(3) > sigmod",): (1, "did you mean sigmoid?"),
    ("affine(3) > bce",): (1, "got one of shape (N, M)"),
    ("mse > relu",): (1, "nothing can follow it"),
    ("(" * 10_000 + ")" * 10_000,): (1, "expected at most 10000 characters"),
    ("relu > " * 140_000 + "relu",): (1, "expected at most 10000 characters"),
    (): (2, "expected one network"),
    (MLP, "--q", "3"): (2, "no option --q"),
    (MLP, "--n", "0"): (2, "--n: expected a whole number from 1"),
    (MLP, "affine"): (2, "unexpected 'affine'"),
    ("affine", "--sections", "nope", "--tex"): (1, "nope"),
}


@pytest.mark.parametrize("words", WRONG, ids=lambda words: " ".join(words)[:30])
def test_what_is_wrong_is_told(command, words):
    start = time.process_time()
    code, told = WRONG[words]
    shown = command("network", *words)
    assert (shown.code, shown.stdout) == (code, "")
    assert told in shown.stderr
    assert time.process_time() - start < 3
