"""Two stages as one function: its Jacobian is a product, of matrices or of tensors, which nobody forms."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from derive.document import amounts
from derive.document.blocks import Math, Runs, ShapeRow, ShapeTable, Text, Verbatim
from derive.document.draft import Draft
from derive.document.einsum import einsum_program
from derive.document.layout import fits
from derive.document.material import Material
from derive.document.sections.sizes import real_sizes
from derive.document.words import array_name, output_name
from derive.engine import tables
from derive.engine.cost import dense_product, operations
from derive.locale import N_
from derive.notation.tree import (
    At,
    BigSum,
    Composition,
    Entry,
    Explicit,
    JacobianOf,
    MatMul,
    Name,
    Number,
    Partial,
    Product,
    Relation,
    Tree,
)
from derive.proof.composition import check_composition
from derive.proof.evidence import Evidence, Strength
from derive.routes.composition import Composition as Pair
from derive.routes.composition import derive_composition
from derive.routes.jacobian import JacobianRoute

__all__ = ["write"]

_BYTES = 4


def write(draft: Draft, material: Material) -> None:
    """Adds the section; a network of one stage has none."""
    found = derive_composition(material.layer)
    if found is None:
        return
    evidence = check_composition(found, material.sizes)
    draft.heading("network.composition", N_("Two stages as one: the product of Jacobians"))
    _matrices(draft, found, material.sizes)
    _tensors(draft, found, material.sizes)
    _checked(draft, evidence)
    _cost(draft, found, material)


def _names(found: Pair) -> tuple[Name, Name]:
    first, second = found.names
    return Name(first), Name(second)


def _matrices(draft: Draft, found: Pair, sizes: Mapping[str, int]) -> None:
    F, G = _names(found)
    first, second, both = found.routes(sizes)
    entering, between = array_name(found.first.input), array_name(found.second.input)
    draft.prose(
        N_(
            "Let {F} be {one}, which makes {Z} of {X}, and {G} be {two}, which makes {A} of {Z}. One after the other "
            "they are the function {both}. Read row by row into vectors, what they compute has Jacobians, and the "
            "chain rule says that these are multiplied:"
        ),
        F=F,
        G=G,
        one=Verbatim(found.first.text),
        two=Verbatim(found.second.text),
        X=entering,
        Z=between,
        A=output_name(found.second.layer),
        both=Composition((G, F)),
    )
    whole = JacobianOf(Composition((G, F)))
    draft.equation(
        "composition.rule",
        Relation.equal(At(whole, entering), MatMul((At(JacobianOf(G), between), At(JacobianOf(F), entering)))),
    )
    factors = [
        Relation.equal(JacobianOf(name), Explicit(tables.values(route.jacobian)))
        for name, route in ((G, second), (F, first))
    ]
    product = Relation.equal(whole, Explicit(tables.values(both.jacobian)))
    if not all(map(fits, factors)):
        draft.prose(N_("The entries of these matrices are too long to be written out here."))
        return
    draft.prose(N_("At the sizes of this page the factors are"))
    draft.equation("composition.second", factors[0])
    draft.equation("composition.first", factors[1])
    if fits(product):
        draft.prose(N_("and their product is the Jacobian of both, differentiated at once:"))
        draft.equation("composition.both", product)
    else:
        draft.prose(N_("The entries of their product are too long to be written out here."))


def _tensors(draft: Draft, found: Pair, sizes: Mapping[str, int]) -> None:
    out, between, into = _letters(found.pattern)
    last = Entry(found.second.layer.output_letter, out)
    middle = Entry(found.second.input.letter, between)
    start = Entry(found.first.input.letter, into)
    draft.prose(
        N_(
            "Nothing has to be read into a vector for this. Kept in the shapes of the arrays, the derivatives {outer} "
            "and {inner} are *tensors*, with the indices of what comes out followed by those of what goes in. The "
            "product sums over every entry of what lies between:"
        ),
        outer=Partial(last, middle),
        inner=Partial(middle, start),
    )
    term: Tree = Product((Partial(last, middle), Partial(middle, start)))
    bounds = tuple((letter, str(size)) for letter, size in zip(between, found.second.input.shape, strict=True))
    draft.equation(
        "composition.tensors", Relation.equal(Partial(last, start), BigSum(bounds, term) if bounds else term)
    )
    draft.prose(N_("That is what einsum does. The program forms all three tensors by differences, and compares:"))
    draft.code("composition.code", einsum_program(found, sizes))


def _letters(pattern: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The indices of what comes out, lies between, and goes in."""
    operands, _, result = pattern.partition("->")
    second, first = operands.split(",")
    between = tuple(letter for letter in second if letter in first)
    return tuple(result[: len(second) - len(between)]), between, tuple(first[len(between) :])


def _checked(draft: Draft, evidence: tuple[Evidence, ...]) -> None:
    """What is known of the equality."""
    for item in evidence:
        values: dict[str, Runs | int] = {
            "sizes": _sizes(dict(item.sizes[0])),
            "points": item.points or 0,
            "digits": item.digits or 0,
        }
        if item.strength is Strength.PROVED_AT_SIZES:
            draft.prose(
                N_(
                    "*Proved at sizes* {sizes}: every entry of both sides, in SymPy, where the left side is "
                    "differentiated by definition, without the chain rule for stages."
                ),
                **values,
            )
        elif "einsum" in item.method:
            draft.prose(
                N_(
                    "*Checked at points:* at {points} random inputs of sizes {sizes}, einsum of the two Jacobians that "
                    "were derived agrees with central differences of both stages to {digits} digits."
                ),
                **values,
            )
        else:
            draft.prose(
                N_(
                    "*Checked at points:* at sizes {sizes}, every entry of both sides; those that algebra does not "
                    "decide agree at {points} random points to {digits} digits."
                ),
                **values,
            )


def _cost(draft: Draft, found: Pair, material: Material) -> None:
    """How large the tensors are, and why the product is never formed."""
    F, G = _names(found)
    real = real_sizes(material.layer)
    header = (JacobianOf(G), JacobianOf(F), JacobianOf(Composition((G, F))))
    now, later = found.routes(material.sizes), found.routes(real)
    order = (1, 0, 2)
    translate = draft.translate

    def shape(item: JacobianRoute) -> Runs:
        return amounts.shape((*item.map.output_shape, *item.map.input_shape), translate)

    rows = (
        ShapeRow(draft.runs(N_("tensor, here")), tuple(shape(now[n]) for n in order)),
        ShapeRow(draft.runs(N_("matrix, here")), tuple(amounts.shape(now[n].jacobian.shape, translate) for n in order)),
        ShapeRow(draft.runs(N_("tensor, in practice")), tuple(shape(later[n]) for n in order)),
        ShapeRow(
            draft.runs(N_("memory in float32")),
            tuple(amounts.memory(_BYTES * prod(later[n].jacobian.shape), translate) for n in order),
        ),
    )
    draft.prose(
        N_("Here, and with sizes as they occur in practice, {sizes}, the tensors have these shapes:"),
        sizes=_sizes({letter: real[letter] for letter in found.both.letters}),
    )
    draft.add(ShapeTable("composition.sizes", header, rows))
    m, p = later[1].jacobian.shape
    n = later[0].jacobian.shape[1]
    formulas = [item.formula.node for item in later[:2]]
    sizes = dict(real)
    draft.prose(
        N_(
            "*Why nobody multiplies them.* The product of both matrices takes {product} operations. Backpropagation "
            "begins at the other end, with a row: {row}, a row times a matrix twice, would take {rows}; and each stage "
            "knows its row times Jacobian without the matrix, which takes {formulas}. Order is everything, and the "
            "formulas of the stages above are what is left of the Jacobians."
        ),
        product=amounts.counted(m * n * (2 * p - 1)),
        row=_row(found),
        rows=amounts.counted(dense_product(m, p) + dense_product(p, n)),
        formulas=amounts.counted(sum(operations(node, sizes) for node in formulas)),
    )


def _row(found: Pair) -> Tree:
    """(J_L J_G) J_F."""
    F, G = _names(found)
    return MatMul((MatMul((JacobianOf(Name(found.both.loss)), JacobianOf(G))), JacobianOf(F)))


def _sizes(sizes: Mapping[str, int]) -> Runs:
    runs: Runs = ()
    for letter, number in sizes.items():
        runs = (*runs, *((Text(", "),) if runs else ()), Math(Relation.equal(Number(letter), Number(number))))
    return runs
