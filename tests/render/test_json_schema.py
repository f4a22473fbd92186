"""The schema that ships with the JSON document: documents keep to it, and it rejects what is none."""

import json
from copy import deepcopy

import jsonschema
import pytest

import derive
from derive.proof.evidence import Strength
from tests.render.read_json import SCHEMA, dense, made, validate


@pytest.mark.parametrize("layer", ["affine", pytest.param(dense, marks=pytest.mark.thorough)], ids=["affine", "dense"])
@pytest.mark.parametrize("sizes", [(2, 2, 3), (1, 1, 1), (3, 4, 5), (64, 4096, 4096)])
def test_the_document_keeps_to_its_schema(layer, sizes) -> None:
    n, d, m = sizes
    validate(json.loads(derive.derive(layer, n=n, d=d, m=m).json()))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_names_the_strengths_of_evidence() -> None:
    named = SCHEMA["$defs"]["evidence"]["properties"]["strength"]["enum"]
    assert named == [strength.value for strength in Strength]


def _without_rows(document):
    del document["gradients"]["X"]["row"]


def _with_something_else(document):
    document["gradients"]["X"]["jacobian"]["rank"] = 4


def _with_a_pair(document):
    document["gradients"]["X"]["jacobian"]["entries"][0].pop()


def _with_a_quadruple(document):
    document["gradients"]["X"]["jacobian"]["entries"][0].append("x_1_1")


def _with_a_row_before_the_first(document):
    document["gradients"]["X"]["jacobian"]["entries"][0][0] = -1


def _with_an_unknown_strength(document):
    document["gradients"]["X"]["evidence"][0]["strength"] = "looks right"


def _with_a_counterexample_to_what_is_proved(document):
    document["gradients"]["X"]["evidence"][0]["counterexample"] = "at N=2"


def _refuted_without_a_counterexample(document):
    document["gradients"]["X"]["evidence"][0]["strength"] = "refuted"


def _with_a_sigma_that_is_not_counted(document):
    document["gradients"]["X"]["row"][0] = "Σ(x_1_k, k=1..40)"


def _with_a_size_of_zero(document):
    document["sizes"]["N"] = 0


def _of_another_version(document):
    document["schema_version"] = "2"


@pytest.mark.parametrize(
    "broken",
    [
        _without_rows,
        _with_something_else,
        _with_a_pair,
        _with_a_quadruple,
        _with_a_row_before_the_first,
        _with_an_unknown_strength,
        _with_a_counterexample_to_what_is_proved,
        _refuted_without_a_counterexample,
        _with_a_sigma_that_is_not_counted,
        _with_a_size_of_zero,
        _of_another_version,
    ],
)
def test_the_schema_rejects_a_document(broken) -> None:
    document = made("affine", n=1, d=1, m=1)
    validate(document)
    changed = deepcopy(document)
    broken(changed)
    with pytest.raises(jsonschema.ValidationError):
        validate(changed)


def test_keys_stand_in_the_order_of_the_schema() -> None:
    document = json.loads(derive.derive("affine", n=1, d=1, m=1, values="seed:1", samples="matrix").json())
    # Only a network has stages.
    assert list(document) == [name for name in SCHEMA["properties"] if name != "stages"]
    assert list(document["gradients"]["X"]) == list(SCHEMA["$defs"]["gradient"]["properties"])
    assert list(document["conventions"]) == list(SCHEMA["properties"]["conventions"]["properties"])
