"""Whether a Jacobian as a formula is the matrix of all partial derivatives, at sizes where each can be written out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from derive.engine.concrete import Concrete
from derive.errors import InternalError
from derive.forward.layer import Layer
from derive.proof import equality
from derive.proof.algebra import FieldAlgebra
from derive.proof.equality import are_equal
from derive.proof.evaluate import evaluate
from derive.proof.evidence import Evidence, Strength
from derive.proof.functions import Array
from derive.proof.symbolic import Exact, Failure, symbols
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
    undecided = 0
    used = fitting or [min(chosen, key=lambda at: counts[list(chosen).index(at)])]
    for sizes in used:
        concrete = exact.at(sizes)
        arrays = symbols(concrete)
        for item in found.definitions:
            arrays[item.text] = evaluate(item.tree, arrays, sizes)
        verdict = _false_entry(np.asarray(evaluate(found.tree, arrays, sizes), dtype=object), concrete, found)
        if isinstance(verdict, Failure):
            told = f"{verdict} ({', '.join(f'{letter}={number}' for letter, number in sizes.items())})"
            at = (tuple(sizes.items()),)
            return Evidence("jacobian formula", Strength.REFUTED, _METHOD, at, counterexample=told)
        undecided += verdict
    where = tuple(tuple(sizes.items()) for sizes in used)
    if undecided:
        points, digits = equality.POINTS, equality.DIGITS
        strength = Strength.CHECKED_AT_POINTS
        return Evidence("jacobian formula", strength, _METHOD, where, points=points, digits=digits)
    return Evidence("jacobian formula", Strength.PROVED_AT_SIZES, _METHOD, where)


def _false_entry(matrix: Array, concrete: Concrete, found: JacobianFormula) -> Failure | int:
    """The first entry that is not the partial derivative; else how many are known at random points only."""
    shape = concrete.count(concrete.layer.output), concrete.count(found.wrt)
    if matrix.shape != shape:
        return Failure(found.name.text, (), matrix.shape, shape)
    undecided = 0
    for row, slopes in enumerate(partials(concrete, found.wrt.name)):
        for column in range(shape[1]):
            left, right = matrix[row, column], slopes.get(column, 0)
            if left == right:
                continue
            equal = are_equal(left, right)
            if equal is False:
                return Failure(found.name.text, (row + 1, column + 1), left, right)
            undecided += equal is None
    return undecided


def partials(concrete: Concrete, wrt: str) -> Iterator[Mapping[int, Any]]:
    """The derivatives of each entry of the output, by the number of the input's entry."""
    algebra = concrete.algebra
    if not isinstance(algebra, FieldAlgebra):
        raise InternalError("partial derivatives are taken in a field")
    variables = {entry: number for number, entry in enumerate(concrete.values(concrete.layer.input(wrt)))}
    for entry in concrete.values(concrete.layer.output):
        yield algebra.partials(entry, variables)
