"""Names for values: there are always more, and no two have an entry of the same symbol."""

from __future__ import annotations

from itertools import combinations, cycle

import numpy as np
import pytest

import derive
from derive.forward.algebra import share_symbols
from derive.forward.nodes import Input
from derive.rules.naming import definitions
from derive.rules.words import Words


@derive.layer()
def net(X: "N D", S: "N D", z: N, dZ: "N D", s_1_1_1: ""):
    return derive.let("Q", np.tanh(X * dZ + s_1_1_1)) * S + derive.let("q_2", np.tanh(z))[:, None]


@pytest.mark.parametrize("ranks", [(0,), (1,), (2,), (3,), (2, 1, 0), (0, 1), (3, 2, 1)])
def test_there_are_always_more_names(ranks):
    words = Words(net)
    given = [(name, node, words.letter(name, node)) for name, node in net.named]
    made = []
    for rank, _ in zip(cycle(ranks), range(60), strict=False):
        node = Input("A", net.inputs[0].shape[:1] * rank, "a")
        name = words.fresh(node)
        made.append((name, node, words.letter(name, node)))
    arrays = [Input(name, node.shape, letter) for name, node, letter in (*given, *made)]
    for first, second in combinations((*net.inputs, net.upstream, *arrays), 2):
        assert first.name != second.name
        assert not share_symbols(first, second), (first.name, second.name)


def test_no_gradient_has_the_name_of_an_input():
    @derive.layer()
    def affine(X: "N D", W: "D M", b: M, dZ: "N M"):
        return np.sin(np.tanh(derive.let("Z", X @ W + b))) * dZ

    names = [item.text for item in definitions(affine)]
    assert "dZ_1" in names
    assert len({*names, *(node.name for node in affine.inputs)}) == len(names) + len(affine.inputs)


def test_names_are_the_same_every_time():
    first, second = Words(net), Words(net)
    assert [first.fresh(net.output) for _ in range(50)] == [second.fresh(net.output) for _ in range(50)]
