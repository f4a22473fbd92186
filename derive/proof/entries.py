"""Proves the derivation by single entries: for every entry of the input both sides of every step, then for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derive.forward.layer import Layer
from derive.notation.code import print_code
from derive.proof.failure import Failure
from derive.proof.symbolic import Exact, false_step
from derive.routes.entry import EntryRoute

__all__ = ["check_entries"]


def check_entries(layer: Layer, wrt: str, sizes: Mapping[str, int], exact: Exact | None = None) -> Failure | int:
    """The first step, of the first entry, whose sides differ at these sizes.

    If all hold, the number of entries that algebra did not decide: they are equal at random points.
    """
    exact = exact or Exact(layer)
    route, sides = EntryRoute(exact.route(wrt, sizes).map), exact.sides(wrt, sizes)
    undecided = 0
    for number in range(route.map.domain):
        found = false_step(route.steps_of(number), sides)
        if isinstance(found, Failure):
            return replace(found, name=f"{found.name}, {print_code(route.single(number).variable)}")
        undecided += found
    found = false_step(route.derivation.steps, sides)
    return found if isinstance(found, Failure) else undecided + found
