"""Checks what holds for a vector at the end: every component's derivatives, by definition, entry by entry.

Two claims are checked: the array that the index calculus found, and the formula with one component's upstream gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from derive.engine.concrete import positions
from derive.forward.entry import Entries
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Node
from derive.forward.shape import bind
from derive.proof.algebra import FieldAlgebra
from derive.proof.equality import are_equal
from derive.proof.evaluate import value_of
from derive.proof.evidence import Evidence, Strength
from derive.routes.vector import VectorRoute

__all__ = ["COMPONENTS", "check_vector"]

COMPONENTS = 2
"""So many components the vector at the end has when entries are compared."""

_METHOD = "the derivatives of every component by SymPy's diff, against the index calculus and against the formula"


def check_vector(route: VectorRoute, formula: Formula, sizes: Sequence[Mapping[str, int]]) -> Evidence | None:
    """Whether slice p of the derivative with respect to an input is the formula with ∂L_p/∂Y; None if undecided."""
    layer, where = route.layer, tuple(tuple(at.items()) for at in sizes)
    undecided = False
    for at in sizes:
        algebra = FieldAlgebra()
        entries = Entries({**at, route.count: COMPONENTS}, algebra)
        outputs = list(positions(bind(layer.output.shape, at)))
        places = list(positions(bind(route.input.shape, at)))
        variables = {algebra.symbol(route.input, place): n for n, place in enumerate(places)}
        for p in range(COMPONENTS):
            arriving = entries.many(route.upstream, [(p, *output) for output in outputs])
            loss = algebra.add([g * y for g, y in zip(arriving, entries.many(layer.output, outputs), strict=True)])
            expected = algebra.partials(loss, variables)
            by_formula = value_of(formula, _arrays(layer, entries, at, p, route), at)
            for n, place in enumerate(places):
                value = expected.get(n, 0)
                for found in (entries.one(route.node, (p, *place)), np.asarray(by_formula)[place]):
                    equal = are_equal(found, value)
                    if equal is False:
                        told = f"vector at the end: component {p + 1}, entry {tuple(k + 1 for k in place)}: {found}"
                        return Evidence(
                            "vector", Strength.REFUTED, _METHOD, where, counterexample=f"{told} not {value}"
                        )
                    undecided |= equal is None
    return None if undecided else Evidence("vector", Strength.PROVED_AT_SIZES, _METHOD, where)


def _arrays(
    layer: Layer, entries: Entries[Any], at: Mapping[str, int], p: int, route: VectorRoute
) -> dict[str, object]:
    """The inputs, and component p of the upstream gradient, as arrays of symbols."""

    def array(node: Node, first: tuple[int, ...], shape: tuple[int, ...]) -> object:
        made = np.empty(len(list(positions(shape))), dtype=object)
        made[:] = entries.many(node, [(*first, *place) for place in positions(shape)])
        return made.reshape(shape)

    found = {node.name: array(node, (), bind(node.shape, at)) for node in layer.inputs}
    return found | {layer.upstream.name: array(route.upstream, (p,), bind(layer.output.shape, at))}
