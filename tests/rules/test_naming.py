"""Names for values: nothing else is called so, each is defined before it is used, and only what is used is defined."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import derive
from derive.forward.algebra import share_symbols
from derive.layers import index, load
from derive.notation.tree import Gradient, Name
from derive.notation.walk import children
from derive.rules.naming import definitions, formulas

CATALOGUE = [load(item.name) for item in index()]


@derive.layer(defaults="N=2 D=3 M=4")
def taken(S: "N D", Z: "D M", P: "M M", s: M, H: "M N"):
    return np.tanh(np.tanh(S @ Z + s) @ P) @ H


LAYERS = [*CATALOGUE, taken]


def names_in(tree):
    found = set()
    pending = [tree]
    while pending:
        item = pending.pop()
        match item:
            case Name(text, kind) if kind in ("matrix", "vector", "scalar"):
                found.add(text)
            case Gradient(Name(), letter):
                found.add(letter)
            case _:
                pending.extend(children(item))
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_every_name_is_defined_before_it_is_used(layer):
    known = {*(node.name for node in layer.inputs), layer.upstream.name, *layer.letters}
    for item in definitions(layer):
        assert names_in(item.tree) <= known, item.text
        assert item.text not in known
        known.add(item.text)
    for formula in formulas(layer).values():
        assert names_in(formula.tree) <= known


@pytest.mark.parametrize("layer", LAYERS)
def test_a_formula_lists_what_it_uses_and_no_more(layer):
    everything = {item.text: item for item in definitions(layer)}
    for formula in formulas(layer).values():
        listed = {item.text for item in formula.definitions}
        wanted, pending = set(), [formula.tree]
        while pending:
            for name in names_in(pending.pop()) & everything.keys() - wanted:
                wanted.add(name)
                pending.append(everything[name].tree)
        assert listed == wanted


@pytest.mark.parametrize("layer", LAYERS)
def test_no_two_entries_have_the_same_symbol(layer):
    arrays = [*layer.inputs, layer.upstream]
    arrays += [item.entries for item in definitions(layer) if item.entries is not None]
    for first, second in combinations(arrays, 2):
        assert first.name != second.name
        assert not share_symbols(first, second), (first.name, second.name)


def test_names_that_inputs_have_are_not_given_again():
    inputs = {node.name for node in taken.inputs}
    assert definitions(taken)
    assert not inputs & {item.text for item in definitions(taken)}


def test_the_names_of_an_author_come_first():
    @derive.layer()
    def net(X: "N D", W: "D M"):
        return np.exp(derive.let("Q", np.tanh(X @ W))) * 2

    assert [item.text for item in definitions(net)][:1] == ["Q"]
    assert "Q" in str(formulas(net)["X"])
