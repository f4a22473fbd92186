"""Networks that are too deep to be written out are proved stage by stage."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import pytest

import derive
from derive.networks.network import network
from derive.proof.evidence import Strength
from derive.proof.prove import check_sizes, prove
from derive.proof.stages import is_deep, stage_evidence


def test_a_shallow_network_is_proved_as_a_whole():
    layer = network("affine(3) > sigmoid > affine(2) > mse")
    assert not is_deep(layer)
    found = {item.route: item.strength for item in prove(layer, "W_1", {"N": 2, "D": 2, "M_1": 3, "M_2": 2})}
    assert found["jacobian"] is Strength.PROVED_AT_SIZES
    assert found["index"] is Strength.PROVED_FOR_ALL_SIZES


def test_a_deep_network_is_proved_stage_by_stage_for_all_sizes():
    layer = network("affine(4) > tanh > affine(5) > sigmoid > affine(2) > mse")
    assert is_deep(layer)
    for name in ("X", "W_1", "b_2", "W_3", "T"):
        found = {item.route: item for item in prove(layer, name, layer.sizes({}))}
        assert found["stages"].strength is Strength.PROVED_FOR_ALL_SIZES
        assert found["numpy"].points == 3
        assert "jacobian" not in found


@pytest.mark.parametrize(
    ("known", "weakest"),
    [
        ({}, Strength.PROVED_FOR_ALL_SIZES),
        ({"A_1": Strength.PROVED_AT_SIZES}, Strength.PROVED_AT_SIZES),
        ({"X": Strength.CHECKED_AT_POINTS}, Strength.CHECKED_AT_POINTS),
        ({"A_1": Strength.CHECKED_AT_POINTS, "A_2": Strength.PROVED_AT_SIZES}, Strength.CHECKED_AT_POINTS),
        ({"Z_1": Strength.PROVED_AT_SIZES, "Z_2": Strength.CHECKED_AT_POINTS}, Strength.CHECKED_AT_POINTS),
    ],
)
def test_the_weakest_stage_says_how_much_is_known(known, weakest):
    layer = network("affine(3) > relu > affine(2) > softmax > cross_entropy")
    ranks = list(Strength)

    def knows(stage, name, sizes, **_):
        """No more than this of a stage; of the others all that is proved of them."""
        most = known.get(name, Strength.PROVED_FOR_ALL_SIZES)
        return tuple(
            replace(item, strength=max(item.strength, most, key=ranks.index)) for item in prove(stage, name, sizes)
        )

    assert stage_evidence(layer, "X", layer.sizes({}), knows).strength is weakest


def test_a_false_stage_is_named():
    layer = network("affine(4) > tanh > affine(5) > sigmoid > affine(2) > mse")

    def lies(stage, name, sizes, **_):
        return tuple(
            replace(item, strength=Strength.REFUTED, counterexample="entry (1, 1)") if name == "A_1" else item
            for item in prove(stage, name, sizes)
        )

    found = stage_evidence(layer, "W_1", layer.sizes({}), lies)
    assert found.strength is Strength.REFUTED
    assert found.counterexample == "stage affine(5): entry (1, 1)"
    assert stage_evidence(layer, "W_3", layer.sizes({}), lies).strength is Strength.PROVED_FOR_ALL_SIZES


def test_sizes_of_a_deep_network_stay_small_and_neighbours_differ():
    layer = network(" > ".join(["affine > tanh"] * 12) + " > mse")
    for sizes in check_sizes(layer)[:2]:
        numbers = list(sizes.values())
        assert max(numbers) <= 4
        assert all(a != b for a, b in itertools.pairwise(numbers))


@pytest.mark.thorough
def test_fifty_stages_are_derived_and_proved_in_reasonable_time():
    start = time.process_time()
    found = derive.derive(network(" > ".join(["affine(3) > tanh"] * 25) + " > mse"))
    assert len(found.gradients) == 52
    for name in ("X", "W_13", "b_25", "T"):
        assert found.wrt(name).evidence[0].strength is Strength.PROVED_FOR_ALL_SIZES
    assert found.latex().count("Stage ") > 16
    assert time.process_time() - start < 60
