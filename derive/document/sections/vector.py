"""A vector at the end: what changes when the following layers give several numbers instead of one loss."""

from __future__ import annotations

from derive.document.blocks import Ref
from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.words import array_name, map_name
from derive.engine import tables
from derive.engine.concrete import unflat
from derive.engine.tables import EntryTable
from derive.forward.layer import Layer
from derive.forward.nodes import Constant, Input
from derive.forward.scalar import number
from derive.locale import N_
from derive.notation.tree import (
    At,
    Beside,
    BigSum,
    Delta,
    Dots,
    Entry,
    Explicit,
    Gradient,
    JacobianOf,
    Listed,
    MatMul,
    Name,
    Number,
    Partial,
    Product,
    Relation,
    Shaped,
    Tree,
)
from derive.notation.walk import replace
from derive.proof.vector import COMPONENTS
from derive.routes.jacobian import KRONECKER, JacobianRoute
from derive.routes.vector import VectorRoute, derive_vector
from derive.rules.index import Factor, IndexSum, Kronecker

__all__ = ["write"]


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    layer = material.layer
    routes = list(material.routes.values())
    vectors = [derive_vector(layer, name) for name in material.routes]
    draft.heading("vector", N_("A vector at the end"))
    _chain_rule(draft, material, routes[0], vectors[0].count)
    _rows(draft, routes[0])
    if layer.samples == "one":
        _jacobians(draft, layer, routes, vectors[0].count)
    _slices(draft, layer, routes, vectors)


def _component(tree: Tree, loss: str, component: str) -> Tree:
    """The tree with ∂L_p in the place of ∂L."""

    def change(item: Tree) -> Tree | None:
        return Gradient(item.of, item.letter, f"{loss}_{component}") if isinstance(item, Gradient) else None

    return replace(tree, change)


def _chain_rule(draft: Draft, material: Material, route: JacobianRoute, count: str) -> None:
    layer, map = material.layer, route.map
    vector, y, h = Name(map.input.letter, "vector"), map_name(layer), Name("h", "vector")
    loss = Name(layer.loss, "vector")
    draft.prose(
        N_(
            "So far the following layers made one number of {Y}. Let them now make a vector {loss} of {P} numbers. The "
            "function that computes it has {P} components, and its Jacobian matrix {Jh} has a row for each of them. "
            "The chain rule {rule} holds for it as it stands:"
        )
        if material.has("idea")
        else N_(
            "Let the following layers make a vector {loss} of {P} numbers of {Y}, and not one number. The function "
            "that computes it has {P} components, and its Jacobian matrix {Jh} has a row for each of them. By the "
            "chain rule in several dimensions,"
        ),
        loss=Relation.equal(loss, Listed((Entry(layer.loss, (0,)), Dots(), Entry(layer.loss, (count,))), wrapped=True)),
        P=Number(count),
        Jh=JacobianOf(h),
        rule=Ref("idea.chain"),
    )
    factors = (
        Shaped(At(JacobianOf(h), At(y, vector)), (count, map.codomain)),
        Shaped(At(JacobianOf(y), vector), (map.codomain, map.domain)),
    )
    whole = Shaped(At(JacobianOf(loss), vector), (count, map.domain))
    draft.equation("vector.chain", Relation.equal(whole, MatMul(factors)))


def _rows(draft: Draft, route: JacobianRoute) -> None:
    map, layer = route.map, route.map.layer
    draft.prose(
        N_(
            "{Jy} does not depend on what follows the layer, so it is the same matrix as for a number. And row {p} of "
            "a product is row {p} of the first factor times the second: what is done to the single row of upstream "
            "derivatives where {L} is a number is now done to each row. For two components,"
        ),
        Jy=JacobianOf(map_name(layer)),
        p=Name("p"),
    )

    def row(letter: str, shape: tuple[int, ...]) -> EntryTable:
        width = shape[-1] if len(shape) > 1 else 0

        def tree(p: int, n: int) -> Tree:
            return Gradient(Entry(letter, unflat(n, shape)), "d", f"{layer.loss}_{p + 1}")

        size = 1
        for axis in shape:
            size *= axis
        return EntryTable("", (COMPONENTS, size), tree, dict, (0, width))

    names, upstream = row(map.input.letter, map.input_shape), row(layer.output_letter, map.output_shape)
    product = MatMul((Explicit(upstream), Explicit(tables.values(route.jacobian))))
    vector = Name(map.input.letter, "vector")
    whole = At(JacobianOf(Name(layer.loss, "vector")), vector)
    draft.equation("vector.rows", Relation.equal(whole, Explicit(names), product))


def _jacobians(draft: Draft, layer: Layer, routes: list[JacobianRoute], count: str) -> None:
    """For one sample, ∂L/∂x = ∂L/∂y Wᵀ is a product of Jacobian matrices."""
    loss, output = Name(layer.loss, "vector"), Name(layer.output_name, "vector")
    if len(layer.output.shape) != 1:
        return
    statements: list[Tree] = []
    for route in routes:
        step = next((step for step in route.derivation.steps if step.reason is KRONECKER), None)
        wrt = route.map.input
        if step is None or len(wrt.shape) != 1:
            continue
        width, axis = str(layer.output.shape[0]), str(wrt.shape[0])
        factors = (
            Shaped(Partial(loss, output), (count, width)),
            Shaped(step.after, (width, axis)),
        )
        statements.append(
            Relation.equal(Shaped(Partial(loss, Name(wrt.name, "vector")), (count, axis)), MatMul(factors))
        )
    if statements:
        draft.prose(
            N_(
                "The derivative of a vector with respect to a vector is a Jacobian matrix. So for one sample the "
                "formulas for vectors hold as they stand, as products of Jacobian matrices:"
            )
        )
        draft.equation("vector.jacobians", *statements)


def _slices(draft: Draft, layer: Layer, routes: list[JacobianRoute], vectors: list[VectorRoute]) -> None:
    component, count = vectors[0].steps[0].free[0], vectors[0].count
    one = Entry(layer.loss, (component,))
    arrays = [r.map.input for r in routes if len(r.map.input.shape) > 1 or layer.samples != "one"]
    if arrays:
        draft.prose(
            N_(
                "For every entry of {array} there are now {P} derivatives. They fill an array of shape {shape}, and "
                "that is no matrix: a derivative has the shape of what varies only if it is the derivative of one "
                "number. So take one component at a time. Slice {p} of the array holds the derivatives of {one}:"
            ),
            array=array_name(arrays[0]),
            P=Number(count),
            shape=Listed((Number(count), *(Number(str(axis)) for axis in arrays[0].shape)), wrapped=True),
            p=Name(component),
            one=one,
        )
    statements = [statement for vector in vectors if (statement := _indices(vector)) is not None]
    if statements:
        draft.equation("vector.indices", *statements)
    draft.prose(N_("So {one} takes the place of the loss, and the formulas hold for each slice:"), one=one)
    formulas = [_component(route.formula.equation, layer.loss, component) for route in routes]
    in_one_line = Beside(tuple(formulas))
    draft.result("vector.slices", *([in_one_line] if draft.fits(in_one_line) else formulas))


def _indices(route: VectorRoute) -> Tree | None:
    """∂L_p/∂x_mn as the chain rule has it, and contracted; None where functions are entries of no array."""
    first, last = route.steps[0], route.steps[-1]
    layer, wrt = route.layer, route.input
    component, *at = first.free
    loss = f"{layer.loss}_{component}"
    contracted = _read(last, layer, loss)
    if contracted is None:
        return None
    outputs = tuple(
        letter for part in first.products[0].factors[:1] if isinstance(part, Factor) for letter in part.index[1:]
    )
    body = Product(
        (
            Gradient(Entry(layer.output_letter, outputs), "g", loss),
            Partial(Entry(layer.output_letter, outputs), Entry(wrt.letter, tuple(at))),
        )
    )
    bounds = tuple((letter, str(first.size(letter))) for letter in outputs)
    parts: list[Tree] = [
        Gradient(Entry(wrt.letter, tuple(at)), "d", loss),
        BigSum(bounds, body) if bounds else body,
        contracted,
    ]
    return Relation.equal(*parts)


def _read(value: IndexSum, layer: Layer, loss: str) -> Tree | None:
    if len(value.products) != 1:
        return None
    (product,) = value.products
    factors: list[Tree] = []
    for part in product.factors:
        match part:
            case Factor(Input(gradient_of=output) as node, index) if output:
                factors.append(Gradient(Entry(layer.output_letter, index[1:]), node.letter, loss))
            case Factor(Input() as node, index):
                factors.append(Entry(node.letter, index))
            case Factor(Constant(value=constant), _):
                factors.insert(0, number(constant))
            case Kronecker(one, other):
                factors.append(Delta((one, other)))
            case _:
                return None
    body = factors[0] if len(factors) == 1 else Product(tuple(factors))
    bounds = tuple((letter, str(value.size(letter))) for letter in product.sums)
    return BigSum(bounds, body) if bounds else body
