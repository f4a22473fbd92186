"""A layer whose inputs are put together of the inputs of another: why both are one layer, and how gradients split."""

from __future__ import annotations

from derive.document.draft import Draft
from derive.document.material import Material
from derive.document.words import array_name
from derive.forward.formula import Formula
from derive.forward.layer import Layer, Stack
from derive.locale import N_
from derive.notation.tree import Beside, Grid, MatMul, Name, Number, Ones, Relation, Transpose, Tree
from derive.notation.walk import replace
from derive.routes.jacobian import JacobianRoute
from derive.rules.naming import formula

__all__ = ["introduce", "write"]


_MESSAGES = {
    (True, "rows"): N_(
        "The ones are constant, and the rows of {gradient} in their place are not needed. The others are"
    ),
    (True, "columns"): N_(
        "The ones are constant, and the columns of {gradient} in their place are not needed. The others are"
    ),
    (True, "entries"): N_("The 1 is constant, and the entry of {gradient} in its place is not needed. The others are"),
    (False, "rows"): N_("The first rows of {gradient} belong to the first block, those that follow to the next:"),
    (False, "columns"): N_("The first columns of {gradient} belong to the first block, those that follow to the next:"),
    (False, "entries"): N_("The first entries of {gradient} belong to the first block, those that follow to the next:"),
}
"""What is said of the split, for a gradient with the place of ones in it and without, along each kind of axis."""


def introduce(draft: Draft, layer: Layer) -> None:
    """Says what the matrices are made of, and that the product is the plain layer."""
    plain = layer.plain
    if plain is None:
        return
    draft.prose(
        N_("It is the layer {plain}. What varies in it is put together, with ones where nothing varies:"),
        plain=Relation.equal(draft.words["Y"], plain.read(plain.output)),
    )
    named = [Relation.equal(array_name(layer.input(stack.name)), _grid(stack, layer)) for stack in layer.stacks]
    draft.equation("stacks.blocks", Beside(tuple(named)))
    draft.prose(
        N_(
            "Blocks multiply like numbers, a row of blocks times a column of blocks. The ones multiply the bias, and a "
            "product of two matrices is all that is left of the layer:"
        )
    )
    whole = layer.read(layer.output)
    draft.equation("stacks.product", Relation.equal(whole, _written(whole, layer), plain.read(plain.output)))


def write(draft: Draft, material: Material) -> None:
    """Adds the section that splits the gradients."""
    layer, plain = material.layer, material.layer.plain
    stacks = [stack for stack in layer.stacks if stack.name in material.routes]
    if plain is None or not stacks:
        return
    draft.heading("stacks", N_("The gradients with respect to the blocks"))
    draft.prose(
        N_(
            "Every entry of a block is an entry of the array that is put together, so the derivative with respect to "
            "it is an entry of the gradient found above, in the same place: that gradient has a block for each block. "
            "Multiplied block by block, its formula gives"
        )
    )
    for stack in stacks:
        _split(draft, layer, plain, stack, material.routes[stack.name])


def _split(draft: Draft, layer: Layer, plain: Layer, stack: Stack, route: JacobianRoute) -> None:
    written = _written(route.formula.tree, layer)
    product = _multiplied(written)
    sides = [route.formula.name, route.formula.tree, written, *([product] if product else [])]
    draft.equation(f"stacks.{stack.name}", Relation.equal(*sides))
    draft.prose(
        _MESSAGES[
            None in stack.parts, "entries" if len(route.map.input.shape) == 1 else ("rows", "columns")[stack.axis]
        ],
        gradient=route.formula.name,
    )
    formulas = [_formula(plain, part) for part in stack.parts if part is not None]
    draft.result(f"stacks.{stack.name}.formulas", Beside(tuple(formula.equation for formula in formulas)))


def _formula(plain: Layer, part: int) -> Formula:
    wrt = plain.inputs[part]
    return formula(plain, wrt.name)


def _grid(stack: Stack, layer: Layer) -> Grid:
    """[X 1] or [W; bᵀ]."""
    plain, whole = layer.plain, layer.input(stack.name)
    assert plain is not None
    cells: list[Tree] = []
    for part in stack.parts:
        if part is None:
            ones = Ones("")
            cells.append(Number(1) if len(whole.shape) == 1 else Transpose(ones) if stack.axis == 0 else ones)
        else:
            name = array_name(plain.inputs[part])
            lies = name.kind == "vector" and len(whole.shape) == 2 and stack.axis == 0 and layer.samples == "rows"
            cells.append(Transpose(name) if lies else name)
    beside = stack.axis == 1 or len(whole.shape) == 1
    return Grid((tuple(cells),) if beside else tuple((cell,) for cell in cells))


def _written(tree: Tree, layer: Layer) -> Tree:
    """The tree with the blocks in the place of every name."""
    grids = {stack.name: _grid(stack, layer) for stack in layer.stacks}

    def change(item: Tree) -> Tree | None:
        match item:
            case Transpose(Name(text)) if text in grids:
                cells = zip(*grids[text].cells, strict=True)
                return Grid(tuple(tuple(_transposed(cell) for cell in row) for row in cells))
            case Name(text) if text in grids:
                return grids[text]
        return None

    return replace(tree, change)


def _transposed(cell: Tree) -> Tree:
    if isinstance(cell, Number):
        return cell
    return cell.operand if isinstance(cell, Transpose) else Transpose(cell)


def _multiplied(tree: Tree) -> Grid | None:
    """G [A B] as [GA GB], and [A; B] G as [AG; BG]; None for anything else."""
    match tree:
        case MatMul((Grid() as grid, other)) if len(grid.cells[0]) == 1 and not isinstance(other, Grid):
            return Grid(tuple((_product(row[0], other),) for row in grid.cells))
        case MatMul((other, Grid() as grid)) if len(grid.cells) == 1 and not isinstance(other, Grid):
            return Grid((tuple(_product(other, cell) for cell in grid.cells[0]),))
    return None


def _product(left: Tree, right: Tree) -> Tree:
    factors = tuple(factor for factor in (left, right) if factor != Number(1))
    return factors[0] if len(factors) == 1 else MatMul(factors)
