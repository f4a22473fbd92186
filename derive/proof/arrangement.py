"""Whether the formulas of a layer with samples as columns, or with one sample, are those for rows, rearranged.

Both are derived; here the formula for rows is transposed, or loses its axis of size 1, and compared with the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from derive.engine.concrete import positions
from derive.forward.entry import Entries
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node
from derive.forward.shape import bind
from derive.forward.single import without_samples
from derive.forward.transpose import transposed
from derive.proof.algebra import FieldAlgebra
from derive.proof.canonical import same_for_all_sizes
from derive.proof.equality import are_equal
from derive.proof.evidence import Evidence, Strength
from derive.proof.ring import Element
from derive.rules.adjoint import reverse

__all__ = ["ROUTES", "compare", "rearranged"]

ROUTES = {"columns": "transposed", "one": "one sample"}
"""What the evidence is called."""

_METHOD = "the formula of the layer whose samples are rows, rearranged, index by index"

_MOST_TERMS = 2_000
"""Entries of more terms are left to differences: algebra takes seconds for each, and decides few."""


def rearranged(layer: Layer, wrt: str) -> Node:
    """The gradient of the layer as it was written, in the place that the layer has for it.

    Shapes: that of the input.
    """
    origin = layer.origin
    assert origin is not None
    before = origin.inputs[[node.name for node in layer.inputs].index(wrt)]
    found, _ = reverse(origin.output, origin.seed, before)
    inputs: dict[Input, Node] = dict(zip(origin.inputs, layer.inputs, strict=True))
    inputs[origin.upstream] = layer.upstream
    if layer.samples == "columns":
        return transposed(found, inputs)[found]
    return without_samples(found, origin.sample_size, inputs)[found]


def compare(layer: Layer, wrt: str, formula: Node, sizes: tuple[Mapping[str, int], ...]) -> Evidence | None:
    """What is known of a formula from the layer as it was written; None if that is the layer itself.

    Where functions of several terms keep the index calculus from deciding, every entry is compared at the sizes.
    """
    if layer.origin is None:
        return None
    route, expected = ROUTES[layer.samples], rearranged(layer, wrt)
    if same_for_all_sizes(formula, expected):
        return Evidence(route, Strength.PROVED_FOR_ALL_SIZES, _METHOD, ())
    for at in sizes if formula.shape == expected.shape else ():
        entries = Entries(at, FieldAlgebra())
        for position in positions(bind(expected.shape, at)):
            sides = entries.one(formula, position), entries.one(expected, position)
            terms = sum(len(side.terms) for side in sides if isinstance(side, Element))
            equal = are_equal(*sides) if terms <= _MOST_TERMS else None
            if equal is None:
                # What is not decided for one entry is not proved; differences are taken of all of them anyway.
                return None
            if not equal:
                told = (
                    f"{route}: entry {tuple(p + 1 for p in position)} is not that of the layer whose samples are rows"
                )
                return Evidence(route, Strength.REFUTED, _METHOD, (tuple(at.items()),), counterexample=told)
    where = tuple(tuple(at.items()) for at in sizes)
    if formula.shape != expected.shape:
        told = f"{route}: the gradient has shape {formula.shape}, the one for rows, rearranged, {expected.shape}"
        return Evidence(route, Strength.REFUTED, _METHOD, where, counterexample=told)
    return Evidence(route, Strength.PROVED_AT_SIZES, _METHOD, where)
