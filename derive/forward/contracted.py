"""Turns a contraction into matrix notation: which is a product of matrices, and where the transposes go.

A contraction is read against the declared order of its output axes; that is where transposes are usually lost.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from string import ascii_lowercase

from sympy import Expr, Integer, prod

from derive.forward.beside import stretching
from derive.forward.coefficient import averaged, divisor_of, is_mean, mean, raised, scaled
from derive.forward.nodes import Constant, Contract, Indices, Map, Node, Ones, Select
from derive.forward.readings import Core, OnesOf, Readings, transposed
from derive.forward.scalar import number
from derive.forward.selected import read_repeated, read_selected
from derive.forward.stacks import with_new_axes
from derive.notation.rank import rank_of
from derive.notation.tree import Broadcast, Einsum, Hadamard, MatMul, Number, Product, Quotient, Transpose, Tree
from derive.notation.tree import Ones as OnesTree

__all__ = ["read_contraction"]


def read_contraction(node: Contract, made: dict[Node, Tree], readings: Readings, names: Collection[Node]) -> Tree:
    """The first of the readings that fits, its scalars before it and divisors under it; else an einsum.

    made has how what it is read from reads, and nodes among `names` are called by their names.
    """
    coefficient: Expr = Integer(1)
    scalars: list[Tree] = []
    ones: dict[int, str] = {}
    core: list[tuple[Tree, Indices]] = []
    selects: list[tuple[Select, Indices]] = []
    under: list[tuple[Tree, Indices]] = []
    stretched = False
    lone = len(node.operands) == 1
    known, total = averaged(node, made)
    for operand, row in zip(node.operands, node.indices, strict=True):
        if isinstance(operand, Constant) and not (lone and not node.output):
            coefficient = coefficient * operand.value * total
        elif (
            isinstance(operand, Map)
            and not lone
            and operand not in names
            and (divisor := divisor_of(operand, made)) is not None
        ):
            _, loose = stretching(operand.operands[0], made, names) if len(row) > 1 else (set(), None)
            under.append((divisor, row) if loose is None else (raised(operand, loose), row))
            stretched = stretched or loose is not None
        elif not row:
            scalars.append(known[operand])
        elif isinstance(operand, Ones):
            ones[row[0]] = str(operand.size)
        elif isinstance(operand, Select):
            selects.append((operand, row))
        else:
            core.append((known[operand], row))
    if under:
        whole = any(row == node.output for _, row in core)
        quotient = (
            None
            if selects or (stretched and not whole)
            else _quotient(scalars, core, ones, under, node.output, readings)
        )
        if quotient is not None:
            return scaled(coefficient, [], quotient)
        scalars += [Quotient(Number(1), tree) for tree, row in under if not row]
        core += [(Quotient(Number(1), tree), row) for tree, row in under if row]
    if not core and not ones and not selects:
        return scaled(coefficient, scalars[:-1], scalars[-1]) if scalars else number(coefficient)
    if selects:
        selected = _read_selected(core, ones, selects, node, readings)
        if selected is not None:
            return scaled(coefficient, scalars, selected)
        core += [(known[select], row) for select, row in selects]
    below: Tree | None = None
    taken: list[Tree] = []
    if not selects and len(core) > 1 and node.summed():
        core, taken, below = _without_scalars(core)
    found = _read_core(node, core, ones, coefficient, [*scalars, *taken], readings)
    if found is None:
        # An einsum has the factors as they are, the scalars in them.
        return scaled(coefficient, scalars, _einsum(node, known))
    return found if below is None else Quotient(found, below)


def _without_scalars(core: Core) -> tuple[Core, list[Tree], Tree | None]:
    """(a B / R) C as a (B C) / R: the factors without a scalar and a number that one of them is multiplied with."""
    for place, (tree, row) in enumerate(core):
        over, divisor = (tree.over, tree.under) if isinstance(tree, Quotient) else (tree, None)
        scalars = over.factors[:-1] if isinstance(over, Product) else ()
        if isinstance(over, Product) and not any(map(rank_of, scalars)) and (divisor is None or not rank_of(divisor)):
            return [*core[:place], (over.factors[-1], row), *core[place + 1 :]], list(scalars), divisor
    return core, [], None


def _read_core(
    node: Contract,
    core: Core,
    ones: OnesOf,
    coefficient: Expr,
    scalars: list[Tree],
    readings: Readings,
) -> Tree | None:
    core, ones = _columns_repeated(core, ones, node)
    for reading in readings:
        tree = reading(core, ones, node.output)
        if tree is not None:
            sizes = node.sizes()
            count = prod((sizes[index] for index in node.summed()), start=Integer(1))
            if is_mean(tree, coefficient, count):
                return scaled(coefficient * count, scalars, mean(tree))
            return scaled(coefficient, scalars, tree)
    return None


def _read_selected(
    core: Core, ones: OnesOf, selects: list[tuple[Select, Indices]], node: Contract, readings: Readings
) -> Tree | None:
    """A part of one array, or the array at its place, perhaps with its entries repeated."""
    if len(core) != 1:
        return None
    ((tree, row),) = core
    if not ones:
        return read_selected(tree, row, selects, node.output, node.sizes())
    repeated = read_repeated(tree, row, ones, selects, node.output)
    if repeated is not None:
        return repeated
    inner = {source: chosen for _, (*chosen, source) in selects}
    order = tuple(label for axis in node.output for label in inner.get(axis, (axis,)))
    if set(order) != {*row, *ones}:
        return None
    spread = next((found for reading in readings if (found := reading(core, ones, order)) is not None), None)
    return None if spread is None else read_selected(spread, order, selects, node.output, node.sizes())


def _columns_repeated(core: Core, ones: OnesOf, node: Contract) -> tuple[Core, OnesOf]:
    """Matrices with one row or one column as many times as what they are multiplied with, entry by entry, has."""
    output, full = node.output, [row for _, row in core if set(row) == set(node.output)]
    units = [index for index, size in ones.items() if size == "1" and index not in output]
    if len(output) != 2 or not full or not units:
        return core, ones
    sizes = node.sizes()
    made: Core = []
    for tree, row in core:
        place = next((place for place, index in enumerate(row) if index in units), None)
        if place is not None and len(row) == 2 and row[1 - place] in output:
            along = next(index for index in output if index != row[1 - place])
            column = OnesTree(str(sizes[along]))
            tree = MatMul((column, tree)) if place == 0 else MatMul((tree, Transpose(column)))
            row = (along, row[1]) if place == 0 else (row[0], along)
        made.append((tree, row))
    left = {index for _, row in made for index in row}
    return made, {index: size for index, size in ones.items() if index in left or index not in units}


def _quotient(
    scalars: list[Tree], core: Core, ones: OnesOf, under: Core, output: Indices, readings: Readings
) -> Tree | None:
    """What stands over the divisors, divided by them entry by entry; None if a divisor is summed over."""
    if any(not set(row) <= set(output) for _, row in under):
        return None
    if len(output) > 2 and any(with_new_axes(tree, row, output) is None for tree, row in under):
        return None
    over: Tree | None = None
    if core or ones:
        over = next((tree for reading in readings if (tree := reading(core, ones, output)) is not None), None)
        if over is None:
            return None
    elif output and all(row != output for _, row in under):
        return None
    factors = (*scalars, *([] if over is None else [over]))
    if not factors:
        top: Tree = Number(1)
    else:
        top = factors[0] if len(factors) == 1 else Product(factors)
    below = [_beside(tree, row, output) for tree, row in under]
    return Quotient(top, below[0] if len(below) == 1 else Hadamard(tuple(below)) if output else Product(tuple(below)))


def _beside(tree: Tree, row: Indices, output: Indices) -> Tree:
    """An array that is repeated, or transposed, to stand beside one with these axes."""
    if row in ((), output):
        return tree
    if len(output) > 2:
        spread = with_new_axes(tree, row, output)
        assert spread is not None
        return spread
    return Broadcast(tree, 1 - output.index(row[0]), "") if len(row) == 1 else transposed(tree)


def _einsum(node: Contract, made: dict[Node, Tree]) -> Tree:
    letters = [ascii_lowercase[8 + i] if i < 18 else ascii_lowercase[i - 18] for i in range(26)]
    factors = [(o, row) for o, row in zip(node.operands, node.indices, strict=True) if row]
    order = list(dict.fromkeys(index for _, row in factors for index in row))

    def word(row: Sequence[int]) -> str:
        return "".join(letters[order.index(index)] for index in row)

    pattern = ",".join(word(row) for _, row in factors) + "->" + word(node.output)
    return Einsum(pattern, tuple(made[operand] for operand, _ in factors))
