"""Proves the derivation by single entries: for every entry of the input both sides of every step, then for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derive.engine.vectorize import VectorMap
from derive.forward.layer import Layer
from derive.notation.code import print_code
from derive.proof.evaluate import named
from derive.proof.symbolic import Exact, Failure, false_step, symbols
from derive.routes.entry import EntryRoute

__all__ = ["check_entries"]


def check_entries(layer: Layer, wrt: str, sizes: Mapping[str, int], exact: Exact | None = None) -> Failure | int:
    """The first step, of the first entry, whose sides differ at these sizes.

    If all hold, the number of entries that algebra did not decide: they are equal at random points.
    """
    concrete = (exact or Exact(layer)).at(sizes)
    route = EntryRoute(VectorMap(concrete, layer.input(wrt)))
    arrays = named(route.formula, symbols(concrete), sizes)
    undecided = 0
    for number in range(route.map.domain):
        found = false_step(route.steps_of(number), concrete, arrays)
        if isinstance(found, Failure):
            return replace(found, name=f"{found.name}, {print_code(route.single(number).variable)}")
        undecided += found
    found = false_step(route.derivation.steps, concrete, arrays)
    return found if isinstance(found, Failure) else undecided + found
