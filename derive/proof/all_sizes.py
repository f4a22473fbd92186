"""Whether the formula of reverse mode is what the index calculus derives, which knows no numbers for sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derive.engine.concrete import Concrete, positions
from derive.errors import UnsupportedError
from derive.forward.layer import Layer
from derive.forward.nodes import Node
from derive.proof.canonical import same_for_all_sizes
from derive.proof.evidence import Evidence, Strength
from derive.proof.failure import Failure, evidence_at, first_failure, refuted
from derive.proof.indices import count_factors, false_index_step
from derive.proof.symbolic import Exact
from derive.routes.index import IndexRoute, derive_index

__all__ = ["prove_for_all_sizes"]

_MOST_FACTORS = 20_000
"""The steps are not checked at sizes at which more factors would have to be evaluated."""

_MORE_FACTORS = 6_000
"""Further sizes are added as long as there are not more than so many together."""

Sizes = Mapping[str, int]

_METHOD = "sums with Kronecker deltas for sizes that are letters; reverse mode gives the same sum of products"
_AT_SIZES = "sums with Kronecker deltas against reverse mode, every entry, in SymPy"


def prove_for_all_sizes(
    layer: Layer, wrt: str, formula: Node, chosen: Sequence[Sizes], exact: Exact | None = None
) -> Evidence | None:
    """What the index calculus says about the formula that reverse mode found.

    Every step is checked at the chosen sizes as far as that is affordable, so that a false rule is named. That both
    derivations end at one canonical form is what holds for all sizes; where the form does not decide, the entries are
    compared at those sizes. None if the derivation is too long to be written out or checked at any of the sizes.
    """
    route, exact = derive_index(layer, wrt), exact or Exact(layer)
    try:
        counts = count_factors(route, chosen)
    except UnsupportedError:
        return None
    affordable = [
        sizes
        for n, sizes in enumerate(chosen)
        if counts[n] <= _MOST_FACTORS and (n == 0 or sum(counts[: n + 1]) <= _MORE_FACTORS)
    ]
    if not affordable:
        return None
    for sizes in affordable:
        failure = false_index_step(route, sizes, exact)
        if failure is not None:
            return refuted("index", _METHOD, failure, sizes)
    if same_for_all_sizes(route.node, formula):
        return Evidence("index", Strength.PROVED_FOR_ALL_SIZES, _METHOD, ())
    return evidence_at(
        "index", (_AT_SIZES, _AT_SIZES), affordable, lambda sizes: _compared(exact.at(sizes), route, formula)
    )


def _compared(concrete: Concrete, route: IndexRoute, formula: Node) -> Failure | int:
    """The first entry in which both differ; else how many are known to be equal at random points only."""
    return first_failure(
        ("index calculus and reverse mode", place, concrete.value(route.node, place), concrete.value(formula, place))
        for place in positions(concrete.shape(route.input))
    )
