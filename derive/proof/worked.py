"""A layer worked out in numbers: the output, every Jacobian, and each gradient in three ways that have to agree.

The Jacobian's entries are those of the engine; the array of partial derivatives is contracted with the upstream
gradient, as einsum('ij,ijkl->kl', G, J) does it. The formula is evaluated from the tree that is printed. The layer's
own code is differenced. Arithmetic is exact where the layer is polynomial, else in double precision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import product
from math import prod
from operator import add, mul
from typing import Any

import numpy as np
from sympy import Expr, Rational, lambdify

from derive.engine.concrete import Concrete, unflat
from derive.engine.jacobian import Jacobian
from derive.engine.vectorize import VectorMap
from derive.errors import RefutedError, SizeError, UserError
from derive.forward.algebra import Position
from derive.forward.formula import Formula
from derive.forward.functions import NUMERIC, defined
from derive.forward.layer import Layer
from derive.forward.matrix import read
from derive.forward.nodes import Input, Node, placeholder
from derive.notation.tree import Index, Tree
from derive.proof import numeric
from derive.proof.evaluate import evaluate, value_of
from derive.proof.functions import Array
from derive.proof.polynomial import is_polynomial
from derive.proof.values import Given
from derive.rules.naming import definitions

__all__ = ["MOST_NONZEROS", "NumberAlgebra", "Worked", "WorkedGradient", "work"]

MOST_NONZEROS = 100_000
"""A Jacobian of more entries that can differ from zero is not worked out in numbers."""

_ROUNDING = 1e-9
"""By how much sums of floating-point numbers in another order may differ, relative to the largest."""

_MODERATE = 300.0
"""Larger numbers have rounding errors that the digits compared would show, so nothing is concluded from these."""


@dataclass(frozen=True, slots=True)
class WorkedGradient:
    """One gradient in numbers.

    Shapes: jacobian (m, n), by row and column, zeros left out; row (n,); contracted and formula that of the input.
    differences says whether central differences decided every entry of the Jacobian, and so confirmed it.
    """

    jacobian: Mapping[tuple[int, int], Any]
    row: Array
    contracted: Array
    formula: Array
    differences: bool


@dataclass(frozen=True, slots=True)
class Worked:
    """A layer at given numbers; exact says that all are rational numbers, else they are in double precision.

    named are the values and gradients on the way that formulas call by a name.
    """

    given: Given
    exact: bool
    arrays: Mapping[str, Array]
    output: Array
    loss: Any
    gradients: Mapping[str, WorkedGradient]
    named: Mapping[str, Array]

    def value(self, tree: Tree) -> Array:
        """The value of a formula at these numbers.

        Shapes: as NumPy gives them.
        """
        return _plain(evaluate(tree, {**self.arrays, **self.named}, self.given.sizes), exact=self.exact)


def work(layer: Layer, given: Given, formulas: Mapping[str, Formula]) -> Worked:
    """The layer at these numbers, with the gradient of each of the inputs whose formulas are given.

    Raises: RefutedError if two ways to a gradient or to the output differ; SizeError if a Jacobian has more than
    MOST_NONZEROS entries; UserError if a number that comes out is not finite.
    """
    exact = is_polynomial(layer)
    arrays = dict(given.arrays) if exact else {name: a.astype(float) for name, a in given.arrays.items()}
    concrete = Concrete(layer, given.sizes, NumberAlgebra(arrays, exact=exact))
    shape = concrete.shape(layer.output)
    with np.errstate(all="ignore"):
        output = _array(concrete.values(layer.output), shape, exact=exact)
        floats = {name: array.astype(float) for name, array in arrays.items()}
        # The tree that is printed, and the layer's own code, have to give what the graph gives.
        printed = _plain(evaluate(read(layer.output), arrays, given.sizes), exact=exact)
        _compare(layer, "the output", output, printed, moderate=_is_moderate(floats))
        if _is_moderate(floats):
            own = numeric.forward(layer, floats)
            _compare(layer, "the output, by the layer's own code", output.astype(float), own, moderate=True)
        upstream = arrays[layer.upstream.name]
        gradients = {
            name: _gradient(VectorMap(concrete, layer.input(name)), formula, arrays, floats, exact=exact)
            for name, formula in formulas.items()
        }
        named: dict[str, Array] = {}
        for item in definitions(layer):
            found = evaluate(item.tree, {**arrays, **named}, given.sizes)
            named[item.text] = _plain(found, exact=exact)
    loss = sum(np.asarray(upstream * output).flat)
    return Worked(given, exact, arrays, output, loss, gradients, named)


def _gradient(
    map: VectorMap, formula: Formula, arrays: Mapping[str, Array], floats: Mapping[str, Array], *, exact: bool
) -> WorkedGradient:
    layer, sizes = map.layer, map.concrete.sizes
    jacobian = Jacobian(map)
    if jacobian.nnz > MOST_NONZEROS:
        raise SizeError(
            f"--values: the Jacobian of {layer.name} with respect to {map.input.name} has {jacobian.nnz} entries that "
            f"can differ from zero ({', '.join(f'{k}={v}' for k, v in sizes.items())}), a worked example has at most "
            f"{MOST_NONZEROS}; choose smaller sizes, or leave out --values"
        )
    entries = jacobian.entries()
    if not exact and not all(np.isfinite(value) for value in entries.values()):
        raise _infinite(layer, f"a derivative with respect to {map.input.name}")
    upstream = arrays[layer.upstream.name].reshape(-1)
    row = np.zeros(map.domain, dtype=object if exact else float)
    row[:] = 0 * upstream[0]
    for (i, j), value in entries.items():
        row[j] += upstream[i] * value
    contracted = row.reshape(map.input_shape)
    evaluated = _plain(value_of(formula, arrays, sizes), exact=exact)
    what = f"the gradient with respect to {map.input.name}"
    _compare(layer, what, contracted, evaluated, moderate=_is_moderate(floats))
    decided = _differences(map, entries, floats)
    return WorkedGradient(entries, row, contracted, evaluated, decided)


def _differences(map: VectorMap, entries: Mapping[tuple[int, int], Any], floats: Mapping[str, Array]) -> bool:
    """Whether central differences of the layer's own code decide every entry; then each is what they give.

    Raises: RefutedError if an entry is another.
    """
    layer, name = map.layer, map.input.name
    if not _is_moderate(floats):
        return False
    columns = np.zeros((map.domain, map.codomain))
    for (i, j), value in entries.items():
        columns[j, i] = float(value)
    decided = True
    for number in range(map.domain):
        fine, coarse = (_column(map, number, floats, step) for step in (numeric.STEP, 2 * numeric.STEP))
        tolerance = max(1.0, float(np.max(np.abs(fine), initial=0.0))) * 10.0**-numeric.DIGITS
        if not np.all(np.isfinite(fine)) or not np.all(np.abs(fine - coarse) <= tolerance):
            decided = False
            continue
        wrong = np.argwhere(~(np.abs(columns[number] - fine) <= tolerance))
        if len(wrong):
            i = int(wrong[0, 0])
            place = (
                tuple(p + 1 for p in unflat(i, map.output_shape)),
                tuple(p + 1 for p in unflat(number, map.input_shape)),
            )
            raise RefutedError(
                f"{layer.name}: the derivative of entry {place[0]} of the output with respect to entry {place[1]} of "
                f"{name} is {columns[number, i]} in the Jacobian, {fine[i]} by central differences"
            )
    return decided


def _column(map: VectorMap, number: int, floats: Mapping[str, Array], step: float) -> Array:
    """Column `number` of the Jacobian by central differences."""
    ends = []
    for sign in (1, -1):
        moved = floats[map.input.name].copy()
        moved[unflat(number, map.input_shape)] += sign * step
        ends.append(numeric.forward(map.layer, {**floats, map.input.name: moved}))
    return ((ends[0] - ends[1]) / (2 * step)).reshape(-1)


def _is_moderate(floats: Mapping[str, Array]) -> bool:
    return all(float(np.max(np.abs(array), initial=0.0)) <= _MODERATE for array in floats.values())


def _compare(layer: Layer, what: str, left: Array, right: Array, *, moderate: bool) -> None:
    """Refuses two results that differ: at all if they are exact, else by more than rounding."""
    if left.shape != right.shape:
        raise RefutedError(f"{layer.name}: {what} has shape {left.shape} in one computation, {right.shape} in another")
    if left.dtype == object:
        wrong = np.argwhere(left != right)
    else:
        if not np.all(np.isfinite(left)):
            raise _infinite(layer, what)
        scale = max(1.0, float(np.max(np.abs(left), initial=0.0)))
        wrong = np.argwhere(~(np.abs(left - right) <= _ROUNDING * scale))
    if not len(wrong):
        return
    place = tuple(int(i) for i in wrong[0])
    told = f"{layer.name}: {what}, entry {tuple(i + 1 for i in place)}: {left[place]} in one computation, "
    told += f"{right[place]} in another"
    if left.dtype == object or moderate:
        raise RefutedError(told)
    raise UserError(f"--values: {told}: the numbers are too large for double precision; choose smaller ones")


def _infinite(layer: Layer, what: str) -> UserError:
    return UserError(
        f"--values: {layer.name}: {what} is not a finite number at these values; choose others, where the layer is "
        f"defined and has a derivative"
    )


def _plain(value: Any, *, exact: bool) -> Array:
    """The value as an array of rationals, or of floats."""
    array = np.asarray(value)
    if not exact:
        return array.astype(float)
    result = np.empty(array.shape, dtype=object)
    for place, entry in np.ndenumerate(array):
        result[place] = Rational(entry)
    return result


def _array(entries: Sequence[Any], shape: tuple[int, ...], *, exact: bool) -> Array:
    array = np.empty(prod(shape), dtype=object)
    array[:] = entries
    return _plain(array.reshape(shape), exact=exact)


class NumberAlgebra:
    """Entries as numbers, taken from the arrays."""

    def __init__(self, arrays: Mapping[str, Array], *, exact: bool) -> None:
        self._arrays = arrays
        self._exact = exact

    def symbol(self, node: Input, position: Position) -> Any:
        """The number that stands there."""
        return self._arrays[node.name][position]

    def number(self, value: Expr) -> Any:
        """The number."""
        return Rational(value) if self._exact else float(value)

    def delta(self, first: Index, second: Index) -> Any:
        """1 where both are equal, else 0."""
        return Rational(int(first == second)) if self._exact else float(first == second)

    def assignments(self, owner: Node, sizes: Sequence[int]) -> Sequence[tuple[Index, ...]]:
        """Every value of the summed indices."""
        return tuple(product(*map(range, sizes)))

    def total(self, owner: Node, sizes: Sequence[int], terms: Sequence[Any]) -> Any:
        """The sum of the terms."""
        return self.add(terms)

    def add(self, terms: Sequence[Any]) -> Any:
        """The sum of the terms."""
        return reduce(add, terms)

    def multiply(self, factors: Sequence[Any]) -> Any:
        """The product of the factors."""
        return reduce(mul, factors)

    def apply(self, function: Expr, arguments: Sequence[Any]) -> Any:
        """The function at the arguments."""
        if self._exact:
            return function.xreplace({placeholder(p): argument for p, argument in enumerate(arguments)})
        return float(_compiled(function, len(arguments))(*map(np.float64, arguments)))

    def partials(self, value: Any, variables: Mapping[Any, int]) -> dict[int, Any]:
        """A number contains no variable, so every derivative of it is 0."""
        return {}


@cache
def _compiled(function: Expr, arguments: int) -> Any:
    return lambdify([placeholder(p) for p in range(arguments)], defined(function), [NUMERIC, "numpy"])
