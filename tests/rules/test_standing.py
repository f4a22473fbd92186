"""A formula that stands alone: names where they save characters, each with one value, defined before it is used."""

from __future__ import annotations

import ast

import numpy as np
import pytest

import derive
from derive.forward.shape import bind
from derive.layers import index, load
from derive.proof.evaluate import value_of
from derive.rules.naming import formulas

CATALOGUE = [load(item.name) for item in index()]

# The right-hand sides are those of textbooks, with these names where they have others.
SHORTEST = [
    # Bishop, "Pattern Recognition and Machine Learning", section 6.3: A = G * K of the backward pass is used twice.
    ("exp(-sum((X[:, None] - C)**2, axis=2) / 2)", {"X": "N D", "C": "K D"}, "C", 2),
    # Ioffe and Szegedy, 2015, section 3: the root is used in the definition of what is normalised and behind it.
    ("X / norm(X, axis=1, keepdims=True)", {"X": "N D"}, "X", 3),
    # Used once: its definition would be longer than what it saves.
    ("a = x * y\nb = a + sin(x)\na * b", {"x": "", "y": ""}, "y", 1),
]


@pytest.mark.parametrize(("expression", "shapes", "wrt", "lines"), SHORTEST)
def test_a_name_is_given_where_it_saves_characters(expression, shapes, wrt, lines):
    assert len(derive.derive(expression, shapes=shapes).wrt(wrt).formula.statements) == lines


def test_an_author_s_name_stays_where_it_is_used_twice():
    short = derive.derive("s = tanh(x)\ns * s * y", shapes={"x": "N", "y": "N"})
    assert short.wrt("x").formula.statements[0] == "s = tanh(x)"


@pytest.mark.parametrize("layer", CATALOGUE, ids=lambda layer: layer.name)
def test_every_name_is_defined_once_and_before_it_is_used(layer):
    given = {*(node.name for node in layer.inputs), layer.upstream.name, *layer.letters}
    for formula in formulas(layer).values():
        known: set[str] = set()
        for line in formula.statements[:-1]:
            (statement,) = ast.parse(line).body
            assert isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
            used = {node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)}
            assert not (used & words(layer)) - known - given
            assert statement.targets[0].id not in known | given
            known.add(statement.targets[0].id)


def words(layer):
    return {item.text for formula in formulas(layer).values() for item in formula.alone.definitions}


@pytest.mark.parametrize("layer", CATALOGUE, ids=lambda layer: layer.name)
def test_one_name_has_one_value_in_all_formulas_of_a_layer(layer):
    found = [item for formula in formulas(layer).values() for item in formula.alone.definitions]
    by_name: dict[str, set[object]] = {}
    for item in found:
        by_name.setdefault(item.text, set()).add(item.node)
    assert all(len(nodes) == 1 for nodes in by_name.values())


@pytest.mark.parametrize("layer", [layer for layer in CATALOGUE if not any(node.below for node in layer.inputs)])
def test_it_has_the_value_of_the_formula_with_the_layer_s_names(layer):
    sizes = dict(zip(layer.letters, (2, 3, 4, 5, 6, 7), strict=False))
    numbers = np.random.default_rng(5)
    arrays = {node.name: numbers.uniform(0.2, 0.8, bind(node.shape, sizes)) for node in (*layer.inputs, layer.upstream)}
    for formula in formulas(layer).values():
        expected = np.asarray(value_of(formula, arrays, sizes), dtype=float)
        standing = np.asarray(value_of(formula.alone, arrays, sizes), dtype=float)
        np.testing.assert_allclose(standing, expected, rtol=1e-9)


def test_a_named_gradient_is_put_in_its_place_where_the_whole_is_shorter():
    """Ioffe and Szegedy, 2015, section 3: a number that is an input gives the form that a written one gives."""
    text = "(X - mean(X, axis=0)) / sqrt(var(X, axis=0) + {})"
    number = derive.derive(text.format("1e-05"), shapes={"X": "N D"}).wrt("X").formula
    symbol = derive.derive(text.format("epsilon"), shapes={"X": "N D", "epsilon": ""}).wrt("X").formula
    assert len("; ".join(symbol.statements)) <= len("; ".join(number.statements)) + len("epsilon") - len("1e-05")
