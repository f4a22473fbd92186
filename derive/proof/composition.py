"""Whether the Jacobian of two stages is the product of theirs: entry by entry in a field, and by einsum in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.engine.concrete import Concrete
from derive.engine.jacobian import Jacobian
from derive.engine.tables import partials
from derive.engine.vectorize import VectorMap
from derive.errors import RefutedError
from derive.forward.layer import Layer
from derive.proof import equality, numeric
from derive.proof.algebra import FieldAlgebra
from derive.proof.equality import are_equal
from derive.proof.evidence import Evidence, Strength
from derive.proof.prove import check_sizes
from derive.proof.ring import Element
from derive.proof.scalars import replaced
from derive.proof.worked import NumberAlgebra
from derive.routes.composition import Composition

__all__ = ["EXACT_PRODUCTS", "Tensors", "check_composition", "tensors"]

EXACT_PRODUCTS = 20_000
"""A product of Jacobians that takes more multiplications is compared at smaller sizes."""

Sizes = Mapping[str, int]
Array = NDArray[np.float64]

_ROUTE = "composition"


def check_composition(composition: Composition, sizes: Sizes) -> tuple[Evidence, ...]:
    """Both sides of J_{G∘F} = J_G · J_F, exactly, and with numbers where both stages have derivatives at random ones.

    Raises: RefutedError if they differ.
    """
    at = _affordable(composition, sizes)
    where = (tuple(at.items()),)
    undecided = _exact(composition, at)
    method = "both sides entry by entry, in SymPy; the left one differentiates the composition by definition"
    exact = (
        Evidence(_ROUTE, Strength.CHECKED_AT_POINTS, method, where, points=equality.POINTS, digits=equality.DIGITS)
        if undecided
        else Evidence(_ROUTE, Strength.PROVED_AT_SIZES, method, where)
    )
    checked = _with_numbers(composition, at)
    if not checked:
        return (exact,)
    method = "einsum of the Jacobians as tensors, against central differences of both stages, in NumPy"
    return exact, Evidence(_ROUTE, Strength.CHECKED_AT_POINTS, method, where, points=checked, digits=numeric.DIGITS)


def _affordable(composition: Composition, sizes: Sizes) -> Sizes:
    """The sizes given, or smaller ones if there would be too much to multiply."""
    own = {letter: sizes[letter] for letter in composition.both.letters}
    layers = (composition.first.layer, composition.second.layer)
    between = prod(layers[1].shape(layers[1].inputs[0], own))
    ends = prod(layers[0].shape(layers[0].inputs[0], own)), prod(layers[1].shape(layers[1].output, own))
    return own if ends[0] * between * ends[1] <= EXACT_PRODUCTS else check_sizes(composition.both)[0]


def _exact(composition: Composition, sizes: Sizes) -> int:
    """The number of entries that are known to be equal at random points only."""
    algebra = FieldAlgebra()
    first, second, both = (
        VectorMap(Concrete(layer, sizes, algebra), layer.inputs[0])
        for layer in (composition.first.layer, composition.second.layer, composition.both)
    )
    # The second Jacobian is one at the point that the first stage computes.
    values = first.concrete.values(composition.first.layer.output)
    between = dict(zip(second.concrete.values(second.input), values, strict=True))
    inner, outer = Jacobian(first).entries(), Jacobian(second).entries()
    rows: dict[int, list[tuple[int, Any]]] = {}
    for (row, column), value in inner.items():
        rows.setdefault(row, []).append((column, value))
    terms: dict[tuple[int, int], list[Any]] = {}
    for (row, middle), value in outer.items():
        there = replaced(value, between) if isinstance(value, Element) else value
        for column, factor in rows.get(middle, ()):
            terms.setdefault((row, column), []).append(algebra.multiply([there, factor]))
    product = {place: algebra.add(found) for place, found in terms.items()}
    whole = partials(Jacobian(both)).nonzeros()
    undecided = 0
    for place in sorted(product.keys() | whole.keys()):
        left, right = whole.get(place, algebra.field.zero), product.get(place, algebra.field.zero)
        equal = are_equal(left, right)
        if equal is False:
            raise RefutedError(
                f"{composition.both.name}: entry {(place[0] + 1, place[1] + 1)} of the Jacobian of "
                f"{composition.first.text} > {composition.second.text} is {left}, the product of both has {right}"
            )
        undecided += equal is None
    return undecided


@dataclass(frozen=True, slots=True, eq=False)
class Tensors:
    """The Jacobians of F, of G at F(X), and of the composition by central differences, in the shapes of the arrays."""

    first: Array
    second: Array
    both: Array


def tensors(composition: Composition, sizes: Sizes, seed: int) -> Tensors | None:
    """The Jacobians at a random point; None where differences decide nothing, at a kink for example."""
    for at in numeric.samples(composition.both, sizes, seed):
        first = _engine(composition.first.layer, at.arrays, sizes)
        entering = composition.second.input.name
        between = numeric.forward(composition.first.layer, at.arrays)
        second = _engine(composition.second.layer, {**at.arrays, entering: between}, sizes)
        fine, coarse = (_differences(composition.both, at, step) for step in (numeric.STEP, 2 * numeric.STEP))
        both = (fine[0] + fine[1]) / 2
        finite = all(np.all(np.isfinite(item)) for item in (first, second, both))
        if finite and numeric.are_smooth(fine, coarse, numeric.tolerance(both)):
            return Tensors(first, second, both)
    return None


def _with_numbers(composition: Composition, sizes: Sizes) -> int:
    """At how many random points einsum was found to give the Jacobian of the composition."""
    checked = 0
    for seed in range(numeric.POINTS):
        found = tensors(composition, sizes, seed)
        if found is None:
            continue
        product = np.einsum(composition.pattern, found.second, found.first)
        wrong = np.argwhere(~(np.abs(product - found.both) <= numeric.tolerance(found.both)))
        if len(wrong):
            place = tuple(int(i) for i in wrong[0])
            raise RefutedError(
                f"{composition.both.name}: entry {tuple(i + 1 for i in place)} of the Jacobian of "
                f"{composition.first.text} > {composition.second.text} is {found.both[place]} by differences, "
                f"{product[place]} by einsum (seed {seed})"
            )
        checked += 1
    return checked


def _engine(layer: Layer, arrays: Mapping[str, Array], sizes: Sizes) -> Array:
    """The Jacobian that the engine finds, with numbers, as a tensor: the axes of the output, then of the input."""
    map = VectorMap(Concrete(layer, sizes, NumberAlgebra(arrays, exact=False)), layer.inputs[0])
    matrix = np.zeros((map.codomain, map.domain))
    for place, value in Jacobian(map).entries().items():
        matrix[place] = value
    return matrix.reshape(*map.output_shape, *map.input_shape)


def _differences(layer: Layer, at: numeric.Sample, step: float) -> tuple[Array, Array]:
    """The Jacobian by differences of the layer's own code to both sides."""
    name = layer.inputs[0].name
    sides = []
    for signed in (step, -step):
        columns = []
        for position in np.ndindex(at.arrays[name].shape):
            moved = at.arrays[name].copy()
            moved[position] += signed
            columns.append((numeric.forward(layer, {**at.arrays, name: moved}) - at.output) / signed)
        sides.append(np.stack(columns, axis=-1).reshape(*columns[0].shape, *at.arrays[name].shape))
    return sides[0], sides[1]
