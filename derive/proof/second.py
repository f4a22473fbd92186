"""Whether second derivatives are what they claim: by differentiating the loss twice, and by the gradient's change.

Neither knows the walk backwards: entries of the loss are differentiated in a field, twice, and numbers are put into the
formula of the gradient, which was proved by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from derive.engine.concrete import Concrete
from derive.forward.formula import Formula
from derive.forward.nodes import Input
from derive.proof import numeric
from derive.proof.algebra import FieldAlgebra
from derive.proof.evaluate import value_of
from derive.proof.evidence import Evidence, Strength
from derive.proof.failure import Claim, Failure, evidence_at, first_failure
from derive.proof.functions import Array
from derive.proof.symbolic import Exact, symbols
from derive.routes.second import SecondRoute
from derive.rules.naming import formula

__all__ = ["check_second"]

_EXACT = "the loss differentiated twice, every entry, in SymPy: symmetric, and the Hessian and its product with V"
_NUMERIC = "central differences of the gradient along V, in NumPy"
_MOST_ENTRIES = 40
"""An input of more entries has too many second derivatives; other sizes are taken, if there are any."""

Sizes = Mapping[str, int]


def check_second(route: SecondRoute, chosen: Sequence[Sizes], exact: Exact) -> tuple[Evidence, ...]:
    """What is known about the Hessian and its product with V, a refutation alone.

    Raises: UnsupportedError if no random input is found at which the gradient can be measured.
    """
    symbolic = _symbolic(route, chosen, exact)
    if symbolic is not None and symbolic.strength is Strength.REFUTED:
        return (symbolic,)
    numbers = _numeric(route, chosen[0])
    return (numbers,) if symbolic is None else (symbolic, numbers)


def _symbolic(route: SecondRoute, chosen: Sequence[Sizes], exact: Exact) -> Evidence | None:
    fitting = [sizes for sizes in chosen if prod(route.layer.shape(route.wrt, sizes)) <= _MOST_ENTRIES]
    if not fitting:
        return None
    return evidence_at("second", (_EXACT, _EXACT), fitting, lambda sizes: _false_entry(route, exact.at(sizes)))


def second_partials(concrete: Concrete, wrt: Input) -> list[list[Any]]:
    """∂²L/∂x_i∂x_j for all entries of an input, by differentiating the loss twice."""
    algebra = concrete.algebra
    assert isinstance(algebra, FieldAlgebra)
    entries: list[Any] = concrete.values(wrt)
    variables = {entry: number for number, entry in enumerate(entries)}
    zero = algebra.field.zero
    loss: Any = concrete.loss
    first = algebra.partials(loss, variables)
    rows = [algebra.partials(first[i], variables) if i in first else {} for i in range(len(entries))]
    return [[row.get(j, zero) for j in range(len(entries))] for row in rows]


def _false_entry(route: SecondRoute, concrete: Concrete) -> Failure | int:
    """The first entry that is wrong; else how many are known at random points only."""
    algebra, v = concrete.algebra, route.direction
    assert isinstance(algebra, FieldAlgebra)
    second = second_partials(concrete, route.wrt)
    count = len(second)
    arrays = symbols(concrete)
    shape = concrete.shape(route.wrt)
    direction = np.empty(count, dtype=object)
    direction[:] = [algebra.symbol(v, place) for place in np.ndindex(shape)]
    arrays[v.name] = direction.reshape(shape)
    expected = [algebra.add([second[i][j] * direction[j] for j in range(count)]) for i in range(count)]
    claims: list[Claim]
    claims = [("symmetry", (i, j), second[i][j], second[j][i]) for i in range(count) for j in range(i)]
    got = np.asarray(value_of(route.product, arrays, concrete.sizes), dtype=object)
    if got.shape != shape:
        return Failure("Hessian times V", (), got.shape, shape)
    claims += [("Hessian times V", (i,), a, b) for i, (a, b) in enumerate(zip(got.reshape(-1), expected, strict=True))]
    written = route.hessian.formula
    if written is not None:
        matrix = np.asarray(value_of(written, arrays, concrete.sizes), dtype=object)
        if matrix.shape != (count, count):
            return Failure("Hessian", (), matrix.shape, (count, count))
        claims += [("Hessian", (i, j), matrix[i, j], second[i][j]) for i in range(count) for j in range(count)]
    return first_failure(claims)


def _numeric(route: SecondRoute, sizes: Sizes) -> Evidence:
    """H V against the change of the gradient between X - t V and X + t V."""
    layer, name = route.layer, route.wrt.name
    gradient = formula(layer, name)

    def verdicts(seed: int) -> Iterator[str | None]:
        random = np.random.default_rng(seed)
        for sample in numeric.samples(layer, sizes, seed):
            direction = random.integers(1, 4, size=sample.arrays[name].shape) / 2.0
            yield _difference(route, gradient, sample, direction)

    refusal = f"{layer.name}: no random input was found at which the gradient with respect to {name} changes smoothly"
    return numeric.at_points("second, in numbers", _NUMERIC, sizes, verdicts, refusal=refusal)


def _difference(route: SecondRoute, gradient: Formula, sample: numeric.Sample, direction: Array) -> str | None:
    """Where both differ; '' if nowhere, None if the input decides nothing."""
    name, sizes = route.wrt.name, sample.sizes

    def at(step: float) -> Array:
        arrays = {**sample.arrays, name: sample.arrays[name] + step * direction}
        return np.asarray(value_of(gradient, arrays, sizes), dtype=float)

    with np.errstate(all="ignore"):
        here, step = at(0.0), numeric.STEP
        fine, coarse = (((at(s) - here) / s, (here - at(-s)) / s) for s in (step, 2 * step))
        expected = (fine[0] + fine[1]) / 2
        arrays = {**sample.arrays, route.direction.name: direction}
        got = np.asarray(value_of(route.product, arrays, sizes), dtype=float)
    allowed = numeric.tolerance(expected)
    # The gradient has a kink where the loss bends, as the Huber loss does.
    if not (np.all(np.isfinite(got)) and numeric.are_smooth(fine, coarse, allowed)):
        return None
    return numeric.first_wrong(got, expected, allowed, "differences give")
