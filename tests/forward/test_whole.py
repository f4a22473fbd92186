"""All entries of a node at once are its entries one by one."""

import numpy as np
import pytest
from sympy import Symbol

import derive
from derive.engine.concrete import positions
from derive.forward.algebra import SympyAlgebra
from derive.forward.entry import Entries
from derive.forward.nodes import topological
from derive.forward.shape import bind
from derive.forward.whole import Whole
from derive.layers import load
from derive.proof.algebra import FieldAlgebra

LAYERS = ["affine", "attention", "avgpool", "conv1d", "conv2d", "embedding", "layernorm", "lstm_cell", "maxpool"]


@derive.layer()
def matrix(A: "N N", x: "N"):
    return np.linalg.inv(A) @ x + np.linalg.det(A)


@derive.layer()
def padded(X: "N D"):
    return np.pad(X[:, 1:] ** 2, ((0, 0), (0, 1))) + X.sum() + 3


@pytest.mark.parametrize("layer", [*map(load, LAYERS), matrix, padded], ids=lambda layer: layer.name)
def test_entries_of_every_node_are_those_made_one_by_one(layer):
    sizes = {letter: 2 + number for number, letter in enumerate(layer.letters)}
    sizes = layer.sizes({}) if layer.misfit(sizes) else sizes
    algebra = FieldAlgebra()
    whole, single = Whole(sizes, algebra), Entries(sizes, algebra)
    nodes = list(topological(layer.output))
    assert len(nodes) > 2
    for node in nodes:
        places = list(positions(bind(node.shape, sizes)))
        expected = single.many(node, places)
        assert whole.many(node, places) == expected
        assert [whole.one(node, place) for place in places] == expected
        assert set(whole.nonzeros(node)) == {p for p, value in zip(places, expected, strict=True) if value}


def test_zeros_are_left_out_in_scalars_of_sympy_too():
    """Of the last column of [x_2², 0] nothing but the sum and 3 is left."""
    x = Symbol("x_1_1", real=True), Symbol("x_1_2", real=True)
    found = Whole({"N": 1, "D": 2}, SympyAlgebra()).nonzeros(padded.output)
    assert found == {(0, 0): x[1] ** 2 + x[0] + x[1] + 3, (0, 1): x[0] + x[1] + 3}
