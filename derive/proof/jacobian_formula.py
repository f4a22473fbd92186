"""Whether a Jacobian as a formula is the matrix of all partial derivatives, at sizes where each can be written out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from derive.engine.concrete import Concrete
from derive.errors import InternalError
from derive.forward.layer import Layer
from derive.proof.algebra import FieldAlgebra
from derive.proof.evaluate import value_of
from derive.proof.evidence import Evidence
from derive.proof.failure import Failure, evidence_at, first_failure
from derive.proof.symbolic import Exact, symbols
from derive.routes.jacobian_formula import JacobianFormula

__all__ = ["check_jacobian_formula", "partials"]

_METHOD = "the formula of the Jacobian against the partial derivatives, every entry, in SymPy"

_MOST_ENTRIES = 4_000
"""Sizes at which the Jacobian has more entries are left out, unless there are no others."""

Sizes = Mapping[str, int]


def check_jacobian_formula(layer: Layer, found: JacobianFormula, chosen: Sequence[Sizes], exact: Exact) -> Evidence:
    """Every entry of the formula, as it is printed, against the derivative of the output's entry."""
    wrt = found.wrt
    counts = [prod(layer.shape(layer.output, at)) * prod(layer.shape(wrt, at)) for at in chosen]
    fitting = [at for at, count in zip(chosen, counts, strict=True) if count <= _MOST_ENTRIES]
    used = fitting or [min(chosen, key=lambda at: counts[list(chosen).index(at)])]
    return evidence_at("jacobian formula", (_METHOD, _METHOD), used, lambda sizes: _false_entry(found, exact.at(sizes)))


def _false_entry(found: JacobianFormula, concrete: Concrete) -> Failure | int:
    """The first entry that is not the partial derivative; else how many are known at random points only."""
    matrix = value_of(found, symbols(concrete), concrete.sizes)
    shape = concrete.count(concrete.layer.output), concrete.count(found.wrt)
    if matrix.shape != shape:
        return Failure(found.name.text, (), matrix.shape, shape)
    return first_failure(
        (found.name.text, (row, column), matrix[row, column], slopes.get(column, 0))
        for row, slopes in enumerate(partials(concrete, found.wrt.name))
        for column in range(shape[1])
    )


def partials(concrete: Concrete, wrt: str) -> Iterator[Mapping[int, Any]]:
    """The derivatives of each entry of the output, by the number of the input's entry."""
    algebra = concrete.algebra
    if not isinstance(algebra, FieldAlgebra):
        raise InternalError("partial derivatives are taken in a field")
    variables = {entry: number for number, entry in enumerate(concrete.values(concrete.layer.input(wrt)))}
    for entry in concrete.values(concrete.layer.output):
        yield algebra.partials(entry, variables)
