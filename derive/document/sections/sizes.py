"""How large the arrays of derivatives are, at the sizes of the document and at real ones, and why none is formed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod

from derive.document import amounts
from derive.document.blocks import Math, Run, Runs, ShapeRow, ShapeTable, Text
from derive.document.draft import Draft, Values
from derive.document.material import Material
from derive.document.words import array_name, output_name
from derive.engine.cost import dense_product, operations
from derive.forward.layer import Layer
from derive.forward.nodes import Select, topological
from derive.forward.shape import bind, factored
from derive.locale import N_
from derive.notation.tree import Entry, Listed, Number, Partial, Power, Product, Relation, Tree
from derive.routes.jacobian import JacobianRoute, derive_jacobian

__all__ = ["real_sizes", "write"]

_COLUMNS = 3
"""So many arrays stand side by side in one table."""

_BYTES = 4
"""What a number in float32 takes."""

_FEW = 3
"""So many factors stand in a product that no line ends in."""

_COUNTED = 10**6
"""Of a Jacobian with more entries, zeros are counted only if a pattern tells them."""

_SAMPLES, _FEATURES = 64, 1024
"""The real sizes of a layer that names none: of its samples, and of everything else."""


def real_sizes(layer: Layer) -> dict[str, int]:
    """The sizes of the layer in use: what its author names, else many features and a batch of samples."""
    named = dict(layer.prose.real_sizes)
    return {
        letter: named.get(letter, _SAMPLES if letter == layer.sample_size else _FEATURES) for letter in layer.letters
    }


def write(draft: Draft, material: Material) -> None:
    """Adds the section; a layer of single numbers has none, since its Jacobians are single numbers."""
    layer = material.layer
    routes = list(material.routes.values())
    if not any(route.map.input.shape or layer.output.shape for route in routes):
        return
    draft.heading("sizes", N_("How large the Jacobians are"))
    values: Values = {
        "partial": _entries(routes[0]),
        "array": array_name(routes[0].map.input),
        "derivative": _derivative(routes[0]),
        **_vector(draft, material),
    }
    draft.prose(
        N_(
            "Kept in the shapes of the arrays, the derivatives {partial} have the indices of {Y} followed by those of "
            "{array}; {derivative} is an array with an axis for each. With respect to {vector}, which has one index, "
            "there are {count} axes. The Jacobian holds the same numbers as a matrix, with a row for each entry of {Y} "
            "and a column for each entry of the input."
        )
        if "vector" in values
        else N_(
            "Kept in the shapes of the arrays, the derivatives {partial} have the indices of {Y} followed by those of "
            "{array}; {derivative} is an array with an axis for each. The Jacobian holds the same numbers as a matrix, "
            "with a row for each entry of {Y} and a column for each entry of the input."
        ),
        **values,
    )
    own, real = dict(material.sizes), real_sizes(layer)
    draft.prose(N_("At {sizes}, that is") if own else N_("That is"), sizes=_sizes(own))
    _tables(draft, routes, own, "own", with_axes=True)
    if real != own:
        draft.prose(N_("With sizes as they occur in practice, {sizes}, the same is"), sizes=_sizes(real))
        _tables(draft, routes, real, "real", with_axes=False)
    draft.prose(
        N_(
            "A number in float32 takes 4 bytes; units with an i count in steps of 1024, so that 1 GiB is {gib} bytes, "
            "the others in steps of 1000. Every multiplication and every addition counts as one operation, and so does "
            "a function of a number. Products with zeros are counted, since a matrix product carries them out; what it "
            "costs to fill the Jacobian is not."
        ),
        gib=2**30,
    )
    _conclude(draft, material, real)


def _vector(draft: Draft, material: Material) -> Values:
    """An input that is a vector, where the first is a matrix, and how many axes the array has that belongs to it."""
    first, *others = material.routes.values()
    vector = next((route for route in others if len(route.map.input.shape) == 1), None)
    if vector is None or len(first.map.input.shape) == 1:
        return {}
    return {"vector": array_name(vector.map.input), "count": len(material.layer.output.shape) + 1}


def _derivative(route: JacobianRoute) -> Tree:
    """∂Y/∂X."""
    return Partial(output_name(route.map.layer), array_name(route.map.input))


def _entries(route: JacobianRoute) -> Tree:
    """∂y_ij/∂x_kl."""
    layer, wrt = route.map.layer, route.map.input
    letters = iter("ijklmnpqrstuv")
    output = tuple(next(letters) for _ in layer.output.shape)
    return Partial(Entry(layer.output_letter, output), Entry(wrt.letter, tuple(next(letters) for _ in wrt.shape)))


def _axes(route: JacobianRoute) -> Runs:
    """N × M × N × D."""
    return _times([_factor(axis) for axis in (*route.map.layer.output.shape, *route.map.input.shape)])


def _matrix(route: JacobianRoute) -> Runs:
    """NM × ND; 2NM for N × 2M, and K² for K × K."""
    runs: list[Run] = []
    for shape in (route.map.layer.output.shape, route.map.input.shape):
        number, powers = factored(shape)
        factors = tuple(
            Power(_factor(base), Number(power)) if power > 1 else _factor(base) for base, power in powers.items()
        )
        numbers = (*((Number(number),) if number != 1 or not factors else ()), *factors)
        runs += [Text(" × ")] if runs else []
        if len(numbers) <= _FEW:
            runs.append(Math(Product(numbers) if len(numbers) > 1 else numbers[0]))
            continue
        for place, factor in enumerate(numbers):
            # A line may end between many factors.
            runs += [*([Text(" ")] if place else []), Math(factor)]
    return tuple(runs)


def _factor(axis: object) -> Tree:
    """A size between signs of multiplication, a sum in parentheses."""
    number = Number(_size(axis))
    return Listed((number,), wrapped=True) if any(sign in str(axis) for sign in "+-") else number


def _size(axis: object) -> int | str:
    text = str(axis)
    return int(text) if text.isdecimal() else text


def _times(items: Sequence[Tree]) -> Runs:
    runs: list[Run] = []
    for item in items or [Number(1)]:
        runs += [*([Text(" × ")] if runs else []), Math(item)]
    return tuple(runs)


def _tables(
    draft: Draft, routes: Sequence[JacobianRoute], sizes: Mapping[str, int], id: str, *, with_axes: bool
) -> None:
    """A table of the Jacobians at these sizes, a few of them side by side."""
    for start in range(0, len(routes), _COLUMNS):
        shown = routes[start : start + _COLUMNS]
        axes = (
            ShapeRow(draft.runs(N_("axes of the array")), tuple(map(_axes, shown))),
            ShapeRow(draft.runs(N_("axes of the Jacobian")), tuple(map(_matrix, shown))),
        )
        at = [derive_jacobian(route.map.layer, route.map.input.name, sizes) for route in shown]
        rows = (*(axes if with_axes else ()), *_numbers(draft, at, sizes))
        draft.add(ShapeTable(f"sizes.{id}.{start + 1}", tuple(map(_derivative, shown)), rows))


def _sizes(sizes: Mapping[str, int]) -> Runs:
    """N = 64, D = 4096, M = 4096."""
    runs: list[Run] = []
    for letter, number in sizes.items():
        runs += [*([Text(", ")] if runs else []), Math(Relation.equal(Number(letter), Number(number)))]
    return tuple(runs)


def _numbers(draft: Draft, at: Sequence[JacobianRoute], sizes: Mapping[str, int]) -> Iterator[ShapeRow]:
    """What the routes, at these sizes, have to store and to compute."""
    translate = draft.translate

    def row(label: str, cell: Callable[[JacobianRoute], Runs]) -> ShapeRow:
        return ShapeRow(draft.runs(label), tuple(map(cell, at)))

    yield row(N_("array"), lambda r: amounts.shape((*r.map.output_shape, *r.map.input_shape), translate))
    yield row(N_("Jacobian"), lambda r: amounts.shape(r.jacobian.shape, translate))
    yield row(N_("entries"), lambda r: amounts.counted(prod(r.jacobian.shape)))
    if not any(_is_costly(r, sizes) for r in at):
        yield row(N_("zeros among them"), lambda r: amounts.zeros(r.jacobian.nnz, prod(r.jacobian.shape), translate))
    yield row(N_("memory in float32"), lambda r: amounts.memory(_BYTES * prod(r.jacobian.shape), translate))
    yield row(N_("operations, row times Jacobian"), lambda r: amounts.counted(dense_product(*r.jacobian.shape)))
    yield row(N_("operations, formula"), lambda r: amounts.counted(operations(r.formula.node, sizes)))


def _is_costly(route: JacobianRoute, sizes: Mapping[str, int]) -> bool:
    """Whether counting the zeros takes long: where selections say which entries they are, all places are visited."""
    inner = (node for term in route.jacobian.terms for node in topological(term.coefficient))
    # A selection may have far more entries than the Jacobian, as one that joins axes before they are summed over.
    visited = [prod(bind(node.shape, sizes)) for node in inner if isinstance(node, Select)]
    return bool(visited) and max(*visited, prod(route.jacobian.shape)) > _COUNTED


def _conclude(draft: Draft, material: Material, sizes: Mapping[str, int]) -> None:
    """Why the largest of the Jacobians is never formed, in its own numbers; or that it might as well be."""
    at = [derive_jacobian(material.layer, name, sizes) for name in material.routes]
    largest = max(at, key=lambda route: prod(route.jacobian.shape))
    layer = material.layer
    arrays = sum(prod(layer.shape(node, sizes)) for node in (*layer.inputs, layer.output))
    entries = prod(largest.jacobian.shape)
    if entries <= arrays:
        draft.prose(N_("No Jacobian of this layer is larger than the arrays that it computes with."))
        return
    times = dense_product(*largest.jacobian.shape) // max(1, operations(largest.formula.node, sizes))
    draft.prose(
        N_(
            "So {derivative} alone takes {memory}, while all inputs and the output of the layer take {arrays}; to "
            "multiply by it takes about {times} times the operations of the formula, which needs none of its entries."
        )
        if times > 1
        else N_(
            "So {derivative} alone takes {memory}, while all inputs and the output of the layer take {arrays}. The "
            "formula needs none of its entries."
        ),
        derivative=_derivative(largest),
        memory=amounts.memory(_BYTES * entries, draft.translate),
        arrays=amounts.memory(_BYTES * arrays, draft.translate),
        times=amounts.counted(times),
    )
    draft.prose(
        N_(
            "This is why a backward pass never forms a Jacobian: it only ever needs a row times one, and computes that "
            "product directly. The Jacobian serves to find the formula."
        )
    )
