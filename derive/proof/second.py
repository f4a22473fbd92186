"""Whether second derivatives are what they claim: by differentiating the loss twice, and by the gradient's change.

Neither knows the walk backwards: entries of the loss are differentiated in a field, twice, and numbers are put into the
formula of the gradient, which was proved by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from derive.engine.concrete import Concrete
from derive.errors import UnsupportedError
from derive.forward.formula import Formula
from derive.forward.nodes import Input
from derive.proof import equality, numeric
from derive.proof.algebra import FieldAlgebra
from derive.proof.equality import are_equal
from derive.proof.evaluate import evaluate, value_of
from derive.proof.evidence import Evidence, Strength
from derive.proof.functions import Array
from derive.proof.symbolic import Exact, Failure, symbols
from derive.routes.second import SecondRoute
from derive.rules.naming import formula

__all__ = ["check_second"]

_EXACT = "the loss differentiated twice, every entry, in SymPy: symmetric, and the Hessian and its product with V"
_NUMERIC = "central differences of the gradient along V, in NumPy"
_MOST_ENTRIES = 40
"""An input of more entries has too many second derivatives; other sizes are taken, if there are any."""

_KINK = 1e-2
"""One-sided differences that are further apart, as a share of the largest, are taken for those of a kink."""

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
    layer, wrt = route.layer, route.wrt
    fitting = [sizes for sizes in chosen if prod(layer.shape(wrt, sizes)) <= _MOST_ENTRIES]
    undecided = 0
    for sizes in fitting:
        verdict = _false_entry(route, exact.at(sizes))
        if isinstance(verdict, Failure):
            told = f"{verdict} ({', '.join(f'{letter}={number}' for letter, number in sizes.items())})"
            return Evidence("second", Strength.REFUTED, _EXACT, (tuple(sizes.items()),), counterexample=told)
        undecided += verdict
    if not fitting:
        return None
    where = tuple(tuple(sizes.items()) for sizes in fitting)
    if undecided:
        points, digits = equality.POINTS, equality.DIGITS
        return Evidence("second", Strength.CHECKED_AT_POINTS, _EXACT, where, points=points, digits=digits)
    return Evidence("second", Strength.PROVED_AT_SIZES, _EXACT, where)


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
    pairs: list[tuple[str, tuple[int, ...], Any, Any]]
    pairs = [("symmetry", (i, j), second[i][j], second[j][i]) for i in range(count) for j in range(i)]
    got = np.asarray(_value(route.product, arrays, concrete.sizes), dtype=object)
    if got.shape != shape:
        return Failure("Hessian times V", (), got.shape, shape)
    pairs += [("Hessian times V", (i,), a, b) for i, (a, b) in enumerate(zip(got.reshape(-1), expected, strict=True))]
    written = route.hessian.formula
    if written is not None:
        matrix = np.asarray(_value(written, arrays, concrete.sizes), dtype=object)
        if matrix.shape != (count, count):
            return Failure("Hessian", (), matrix.shape, (count, count))
        pairs += [("Hessian", (i, j), matrix[i, j], second[i][j]) for i in range(count) for j in range(count)]
    undecided = 0
    for name, place, left, right in pairs:
        if left is right or left == right:
            continue
        equal = are_equal(left, right)
        if equal is False:
            return Failure(name, tuple(p + 1 for p in place), left, right)
        undecided += equal is None
    return undecided


def _value(found: Any, arrays: Mapping[str, Array], sizes: Sizes) -> Array:
    """The value of a formula, its definitions evaluated first."""
    known = dict(arrays)
    for item in found.definitions:
        known[item.text] = evaluate(item.tree, known, sizes)
    return evaluate(found.tree, known, sizes)


def _numeric(route: SecondRoute, sizes: Sizes) -> Evidence:
    """H V against the change of the gradient between X - t V and X + t V."""
    layer, gradient = route.layer, formula(route.layer, route.wrt.name)
    where = (tuple(sizes.items()),)
    for seed in range(numeric.POINTS):
        random = np.random.default_rng(seed)
        verdicts = []
        for sample in numeric.samples(layer, sizes, seed):
            direction = random.integers(1, 4, size=sample.arrays[route.wrt.name].shape) / 2.0
            verdicts.append(_difference(route, gradient, sample, direction))
            if verdicts[-1] is not None:
                break
        told = verdicts[-1] if verdicts else None
        if told is None:
            raise UnsupportedError(
                f"{layer.name}: no random input was found at which the gradient with respect to {route.wrt.name} "
                f"changes smoothly"
            )
        if told:
            found = f"{told} (seed {seed})"
            return Evidence("second, in numbers", Strength.REFUTED, _NUMERIC, where, counterexample=found)
    points, digits = numeric.POINTS, numeric.DIGITS
    return Evidence("second, in numbers", Strength.CHECKED_AT_POINTS, _NUMERIC, where, points=points, digits=digits)


def _difference(route: SecondRoute, gradient: Formula, sample: numeric.Sample, direction: Array) -> str | None:
    """Where both differ; '' if nowhere, None if the input decides nothing."""
    name, sizes = route.wrt.name, sample.sizes

    def at(step: float) -> Array:
        arrays = {**sample.arrays, name: sample.arrays[name] + step * direction}
        return np.asarray(value_of(gradient, arrays, sizes), dtype=float)

    with np.errstate(all="ignore"):
        here, step = at(0.0), numeric.STEP
        forwards, backwards = (at(step) - here) / step, (here - at(-step)) / step
        fine, coarse = (forwards + backwards) / 2, (at(2 * step) - at(-2 * step)) / (4 * step)
        arrays = {**sample.arrays, route.direction.name: direction}
        got = np.asarray(_value(route.product, arrays, sizes), dtype=float)
    tolerance = max(1.0, float(np.max(np.abs(fine), initial=0.0))) * 10.0**-numeric.DIGITS
    # Where those to both sides disagree, the gradient has a kink, as that of the Huber loss.
    smooth = np.all(np.abs(forwards - backwards) <= _KINK * max(1.0, float(np.max(np.abs(fine), initial=0.0))))
    if not (smooth and np.all(np.isfinite(got)) and np.all(np.abs(fine - coarse) <= tolerance)):
        return None
    wrong = np.argwhere(~(np.abs(got - fine) <= tolerance))
    if not len(wrong):
        return ""
    place = tuple(int(i) for i in wrong[0])
    return f"entry {tuple(i + 1 for i in place)}: the formula gives {got[place]}, differences give {fine[place]}"
