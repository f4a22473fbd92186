"""Every layer of the catalogue: what its listing says is what it is, and its gradients are proved at small sizes."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest

import derive
from derive.errors import UnknownNameError
from derive.forward.shape import parse_shape
from derive.layers import index, listing, load
from derive.proof.evidence import Strength

NAMES = [item.name for item in index()]


def test_the_catalogue_is_not_empty_and_in_order():
    assert "affine" in NAMES
    assert sorted(NAMES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_listing_says_what_the_layer_is(name):
    listed = next(item for item in index() if item.name == name)
    layer = load(name)
    assert layer.name == name
    assert listed.letters == layer.letters
    assert dict(listed.defaults) == dict(layer.defaults)
    assert listed.summary.endswith(".")
    written = dict(item.split(": ") for item in listed.signature.split(", "))
    assert {name: parse_shape(shape) for name, shape in written.items()} == {n.name: n.shape for n in layer.inputs}


@pytest.mark.parametrize("name", NAMES)
def test_default_sizes_are_given_for_every_letter(name):
    layer = load(name)
    assert set(dict(layer.defaults)) == set(layer.letters)
    assert derive.derive(name).sizes == dict(layer.defaults)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_proved_with_sizes_all_different(name):
    layer = load(name)
    sizes = dict(zip(layer.letters, range(2, 2 + len(layer.letters)), strict=True))
    found = derive.derive(name, sizes)
    assert layer.inputs
    for node in layer.inputs:
        exact, *_, numbers = found.wrt(node.name).evidence
        assert exact.strength is Strength.PROVED_AT_SIZES
        assert numbers.strength is Strength.CHECKED_AT_POINTS


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_file_holds_no_gradient(name):
    import derive.layers

    source = (Path(derive.layers.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    forward = [function for function in functions if not function.name.startswith("_")]
    assert [function.name for function in forward] == [function for _, function in listing(name).functions]
    # What else is there puts sentences together, and knows nothing of arrays.
    for other in functions:
        if other not in forward:
            assert isinstance(other.returns, ast.Name) and other.returns.id == "Prose"


def variants():
    return [(name, dict(choices)) for name in NAMES for choices, _ in listing(name).functions]


@pytest.mark.parametrize(("name", "variant"), variants(), ids=str)
def test_every_variant_has_the_sizes_and_the_name_of_the_layer(name, variant):
    found, usual = load(name, variant), load(name)
    assert found.name == name
    assert dict(found.variant) == variant
    assert (found.letters, found.defaults) == (usual.letters, usual.defaults)
    assert pickle.loads(pickle.dumps(found)) is found


def test_the_usual_variant_can_be_named_too():
    assert load("affine", {"bias": "vector"}) is load("affine")
    assert dict(listing("affine").variants)["bias"][0] == "vector"


def test_unknown_variants_are_refused_with_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"unknown bias 'nil'.*; known: vector, ones, .*none"):
        load("affine", {"bias": "nil"})
    with pytest.raises(UnknownNameError, match=r"unknown variant of affine 'wait'.*; known: bias"):
        load("affine", {"wait": "none"})


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_is_pickled_by_its_name(name):
    assert pickle.loads(pickle.dumps(load(name))) is load(name)


def test_an_unknown_layer_lists_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown layer 'afine', did you mean affine\?; known: .*affine"):
        load("afine")
