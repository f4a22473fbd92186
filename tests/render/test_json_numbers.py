"""The worked example in JSON."""

import json
from importlib.resources import files

import jsonschema
import numpy as np
import pytest

import derive


@derive.layer(defaults="D=3")
def mean_product(x: "D", z: "D"):
    return np.sum(x * z) / x.shape[0]


@derive.layer(defaults="N=2 D=2")
def exponential(X: "N D"):
    return np.exp(X)


def loaded(layer="affine", **chosen):
    return json.loads(derive.derive(layer, **chosen).json())


@pytest.fixture(scope="module")
def schema():
    return json.loads((files("derive.render") / "schema" / "derive-1.json").read_text())


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("layer", "chosen"),
    [
        ("affine", {"values": "seed:7"}),
        ("affine", {"values": "seed:7", "n": 10, "d": 20, "m": 30}),
        (mean_product, {"values": "seed:1"}),
        (exponential, {"values": "seed:1"}),
    ],
)
def test_the_schema_holds(schema, layer, chosen):
    jsonschema.Draft202012Validator(schema).validate(loaded(layer, **chosen))


def test_numbers_are_there_if_they_are_asked_for():
    assert "numbers" not in loaded()
    values = {"X": [[1, 2]], "W": [[3], [4]], "b": [5], "G": [[2]]}
    found = loaded(values=values, samples="matrix")["numbers"]
    assert found["source"] == {"kind": "text", "label": "--values"} and found["exact"] is True
    assert found["inputs"] == {"X": [[1, 2]], "W": [[3], [4]], "b": [5]}
    assert (found["upstream"], found["output"], found["loss"]) == ([[2]], [[16]], 32)
    assert found["gradients"]["W"] == {
        "nnz": 2,
        "jacobian": [[0, 0, 1], [0, 1, 2]],
        "row": [2, 4],
        "contracted": [[2], [4]],
        "formula": [[2], [4]],
        "differences": True,
    }


def test_numbers_stay_exact():
    found = loaded(mean_product, values={"x": [0.1, 10**20, 1], "z": [1, 1, 1]})["numbers"]
    assert found["inputs"]["x"] == [0.1, "100000000000000000000", 1]
    assert found["gradients"]["x"]["row"] == ["1/3", "1/3", "1/3"]


def test_long_lists_are_cut_with_the_true_length_beside_them():
    found = loaded(values="seed:1", n=10, d=20, m=30)
    x = found["numbers"]["gradients"]["X"]
    assert (x["nnz"], len(x["jacobian"])) == (10 * 20 * 30, found["limits"]["entries"])
    assert len(x["row"]) == 200
    assert [len(x["contracted"]), len(x["contracted"][0])] == [10, 20]
    assert [len(found["numbers"]["inputs"]["W"]), len(found["numbers"]["inputs"]["W"][0])] == [14, 14]
