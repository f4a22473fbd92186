"""Turns a node into matrix notation: which contraction is a matrix product, and where the transposes go.

A contraction is read against the declared order of its output axes; that is where transposes are usually lost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from string import ascii_lowercase
from types import MappingProxyType

from sympy import Expr, Integer, prod

from derive.errors import InternalError
from derive.forward.idioms import Idiom, idiom, parts, root, shorter
from derive.forward.joined import joined
from derive.forward.masks import added, turned
from derive.forward.nodes import (
    Add,
    Constant,
    Contract,
    Delta,
    Indices,
    Input,
    Map,
    MatrixFunction,
    Node,
    OneHot,
    Ones,
    Reduce,
    Select,
    placeholder,
    topological,
)
from derive.forward.readings import (
    READINGS,
    READINGS_OF_ROWS,
    Core,
    OnesOf,
    Readings,
    transposed,
    turned_product,
    turned_sum,
)
from derive.forward.scalar import number, parts_of, read_scalar
from derive.forward.selected import read_joined, read_repeated, read_selected, read_selection
from derive.forward.stacks import with_new_axes
from derive.notation.code import LASTING, rank_of
from derive.notation.digits import is_decimal
from derive.notation.tree import (
    Along,
    Broadcast,
    Einsum,
    Extreme,
    Gradient,
    Hadamard,
    Identity,
    Kind,
    MatMul,
    MatrixCall,
    Name,
    Negative,
    Number,
    Product,
    Quotient,
    SumAxis,
    Transpose,
    Tree,
)
from derive.notation.tree import OneHot as OneHotTree
from derive.notation.tree import Ones as OnesTree

__all__ = ["called", "name_of", "read", "read_each"]


def read(node: Node, *, rows: bool = False, names: Mapping[Node, Tree] = MappingProxyType({})) -> Tree:
    """The node in matrix notation; what matrix notation cannot write becomes an einsum.

    In a product a vector is a column, or a row where rows is set: x W and xᵀ y in the place of Wᵀ x and x yᵀ. Nodes
    that have names are called by them.
    """
    made: dict[Node, Tree] = {}
    readings = READINGS_OF_ROWS if rows else READINGS
    for item in topological(node, leaves=names, below=parts):
        made[item] = names[item] if item in names else _read_one(item, made, readings, names)
    return made[node]


def read_each(
    order: Sequence[Node],
    sources: Mapping[Node, Node],
    *,
    rows: bool = False,
    names: Mapping[Node, Tree],
    leaves: Collection[Node] = (),
    known: Mapping[Node, Tree] = MappingProxyType({}),
) -> Mapping[Node, Tree]:
    """Each node as `read` reads it, in the names of others; order has what a node is read from before it.

    sources has, for nodes that stand for others, those others; leaves are their names alone; known is how some nodes
    read.
    """
    made: dict[Node, Tree] = {}
    found: dict[Node, Tree] = {}
    readings = READINGS_OF_ROWS if rows else READINGS
    for item in order:
        source = sources.get(item)
        if item in leaves:
            made[item] = found[item] = names[item]
            continue
        if item in known:
            found[item] = known[item]
        else:
            found[item] = _read_one(item, made, readings, names) if source is None else found[source]
        made[item] = names.get(item, found[item])
    return found


def name_of(node: Input) -> Tree:
    """X, or ∂L/∂Y for an upstream gradient."""
    if node.gradient_of:
        return Gradient(called(node.gradient_of, node), node.name)
    return called(node.name, node)


def called(word: str, node: Node) -> Name:
    """The node by a name."""
    rank = len(node.shape)
    kinds: tuple[Kind, ...] = ("scalar", "vector", "matrix")
    return Name(word, kinds[min(rank, 2)], rank if rank > 2 else None)


def _read_one(node: Node, made: dict[Node, Tree], readings: Readings, names: Collection[Node]) -> Tree:
    found = idiom(node)
    if found is not None:
        return _read_idiom(found, made[found.operand])
    match node:
        case Input():
            return name_of(node)
        case Constant():
            return number(node.value)
        case Ones():
            return OnesTree(str(node.size))
        case Delta():
            return Identity(str(node.size))
        case Select():
            return read_selection(node)
        case Add():
            beside = joined(node)
            if beside is not None:
                return read_joined(beside, [made[part] for part in beside.parts], node.shape)
            return turned_sum(added(_next_to_each_other(node.operands, made, names)))
        case Map():
            inner = root(node)
            if inner is not None:
                exponent = 2 * node.function.as_base_exp()[1]
                return read_scalar(placeholder(0) ** exponent, [made[inner]])
            return read_scalar(node.function, _next_to_each_other(node.operands, made, names))
        case OneHot():
            return OneHotTree(
                made[node.arguments[0]], str(node.size), str(node.shape[0]) if len(node.shape) == 2 else ""
            )
        case Reduce():
            rank = len(node.arguments[0].shape)
            return Extreme(node.name, made[node.arguments[0]], node.axes if len(node.axes) < rank else None, rank)
        case MatrixFunction():
            return MatrixCall(node.name, made[node.arguments[0]])
        case Contract():
            return _read_contraction(node, made, readings, names)
    raise InternalError(f"matrix notation: no rule for a node of kind {type(node).__name__}")


def _read_idiom(found: Idiom, operand: Tree) -> Tree:
    rank = len(found.operand.shape)
    axes = found.axes if len(found.axes) < rank or found.function in LASTING else None
    return _scaled(found.coefficient, [], Along(found.function, operand, axes, rank))


def _next_to_each_other(operands: Sequence[Node], made: Mapping[Node, Tree], names: Collection[Node]) -> list[Tree]:
    """The terms of a sum, or operands of a function: how often one is repeated is not written where another says it."""
    rank = len(operands[0].shape)
    loose = [_stretching(operand, made, names) for operand in operands]
    covered = {axis for axes, _ in loose for axis in axes}
    if len(covered) < rank:
        return [made[operand] for operand in operands]
    return [made[operand] if tree is None else tree for operand, (_, tree) in zip(operands, loose, strict=True)]


def _stretching(node: Node, known: Mapping[Node, Tree], names: Collection[Node]) -> tuple[set[int], Tree | None]:
    """The axes that an array fills by itself, and the array with None in the place of the others."""
    every = set(range(len(node.shape)))
    number = _filling(node)
    if number is not None and every:
        return set(), number
    if not isinstance(node, Contract) or node.summed() or node in names or idiom(node) is not None:
        return every, None
    made, coefficient = _averaged(node, known)
    scalars: list[Tree] = []
    arrays: list[tuple[Tree, Indices]] = []
    for operand, row in zip(node.operands, node.indices, strict=True):
        if isinstance(operand, Constant):
            coefficient = coefficient * operand.value
        elif not isinstance(operand, Ones):
            if row:
                arrays.append((made[operand], row))
            elif isinstance(operand, Map) and operand not in names and _divisor(operand, known) is not None:
                return every, None
            else:
                scalars.append(made[operand])
    if len(arrays) > 1 or (len(arrays) == 1 and len(arrays[0][1]) == len(node.output)):
        return every, None
    if not arrays:
        return set(), _scaled(coefficient, scalars[:-1], scalars[-1]) if scalars else None
    ((tree, row),) = arrays
    spread = with_new_axes(tree, row, node.output)
    if spread is None:
        return every, None
    return {node.output.index(index) for index in row}, _scaled(coefficient, scalars, spread)


def _filling(node: Node) -> Tree | None:
    """The number that an array holds at every entry, or None."""
    if isinstance(node, Ones):
        return Number(1)
    if not isinstance(node, Contract) or any(not isinstance(operand, Constant | Ones) for operand in node.operands):
        return None
    first, sizes = node.operands[0], node.sizes()
    # Ones that are summed over are counted.
    value = first.value if isinstance(first, Constant) else Integer(1)
    return number(prod((sizes[index] for index in node.summed()), start=value))


def _read_contraction(node: Contract, made: dict[Node, Tree], readings: Readings, names: Collection[Node]) -> Tree:
    coefficient: Expr = Integer(1)
    scalars: list[Tree] = []
    ones: dict[int, str] = {}
    core: list[tuple[Tree, Indices]] = []
    selects: list[tuple[Select, Indices]] = []
    under: list[tuple[Tree, Indices]] = []
    stretched = False
    lone = len(node.operands) == 1
    known, total = _averaged(node, made)
    for operand, row in zip(node.operands, node.indices, strict=True):
        if isinstance(operand, Constant) and not (lone and not node.output):
            coefficient = coefficient * operand.value * total
        elif (
            isinstance(operand, Map)
            and not lone
            and operand not in names
            and (divisor := _divisor(operand, made)) is not None
        ):
            _, loose = _stretching(operand.operands[0], made, names) if len(row) > 1 else (set(), None)
            under.append((divisor, row) if loose is None else (_raised(operand, loose), row))
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
            return _scaled(coefficient, [], quotient)
        scalars += [Quotient(Number(1), tree) for tree, row in under if not row]
        core += [(Quotient(Number(1), tree), row) for tree, row in under if row]
    if not core and not ones and not selects:
        return _scaled(coefficient, scalars[:-1], scalars[-1]) if scalars else number(coefficient)
    if selects:
        selected = _read_selected(core, ones, selects, node, readings)
        if selected is not None:
            return _scaled(coefficient, scalars, selected)
        core += [(known[select], row) for select, row in selects]
    below: Tree | None = None
    taken: list[Tree] = []
    if not selects and len(core) > 1 and node.summed():
        core, taken, below = _without_scalars(core)
    found = _read_core(node, core, ones, coefficient, [*scalars, *taken], readings)
    if found is None:
        # An einsum has the factors as they are, the scalars in them.
        return _scaled(coefficient, scalars, _einsum(node, known))
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
            if _is_mean(tree, coefficient, count):
                return _scaled(coefficient * count, scalars, _mean(tree))
            return _scaled(coefficient, scalars, tree)
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


def _averaged(node: Contract, made: Mapping[Node, Tree]) -> tuple[dict[Node, Tree], Expr]:
    """The sums among the factors as means where the coefficient divides by the count, and what is then left over."""
    coefficient = node.operands[0].value if isinstance(node.operands[0], Constant) else Integer(1)
    known = {operand: made[operand] for operand in node.operands if operand in made}
    total: Expr = Integer(1)
    for operand in node.operands:
        if isinstance(operand, Contract) and operand.summed() and isinstance(made.get(operand), SumAxis):
            sizes = operand.sizes()
            count = prod((sizes[index] for index in operand.summed()), start=Integer(1))
            if _is_mean(made[operand], coefficient * total, count):
                known[operand], total = _mean(made[operand]), total * count
    return known, total


def _is_mean(tree: Tree, coefficient: Expr, count: Expr) -> bool:
    if not isinstance(tree, SumAxis) or (tree.rank == 1 and isinstance(tree.operand, Hadamard)):
        return False
    return shorter(coefficient * count, coefficient)


def _mean(tree: Tree) -> Tree:
    assert isinstance(tree, SumAxis)
    return Along("mean", tree.operand, (tree.axis,) if isinstance(tree.axis, int) else tree.axis, tree.rank)


def _divisor(node: Map, made: Mapping[Node, Tree]) -> Tree | None:
    """u where the node is 1 / u, u² where it is u^(-2); None for any other function."""
    base, exponent = node.function.as_base_exp()
    if base != placeholder(0) or len(node.operands) != 1 or not exponent.is_negative:
        return None
    inner = root(node)
    if inner is not None:
        return read_scalar(base ** (-2 * exponent), [made[inner]])
    return read_scalar(base**-exponent, [made[node.operands[0]]])


def _raised(node: Map, base: Tree) -> Tree:
    return read_scalar(placeholder(0) ** -node.function.as_base_exp()[1], [base])


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


def _scaled(coefficient: Expr, scalars: Sequence[Tree], tree: Tree) -> Tree:
    """The number and the scalars times the tree; a divisor of the number stands below, its sign before all."""
    minus = coefficient.could_extract_minus_sign()
    coefficient = -coefficient if minus else coefficient
    if minus and (opposite := turned(tree)) is not None:
        tree, minus = opposite, False
    whole = coefficient.is_Rational and is_decimal(Fraction(int(coefficient.p), int(coefficient.q)))
    over, below = (coefficient, Integer(1)) if whole else parts_of(coefficient)
    factors = (*([] if over == 1 else [number(over)]), *scalars)
    if isinstance(tree, Quotient) and tree.over == Number(1) and factors:
        product: Tree = Quotient(factors[0] if len(factors) == 1 else Product(factors), tree.under)
    else:
        product = Product((*factors, turned_product(tree, 1) if scalars else tree)) if factors else tree
    if below != 1:
        product = Quotient(product, number(below))
    return Negative(product) if minus else product


def _einsum(node: Contract, made: dict[Node, Tree]) -> Tree:
    letters = [ascii_lowercase[8 + i] if i < 18 else ascii_lowercase[i - 18] for i in range(26)]
    factors = [(o, row) for o, row in zip(node.operands, node.indices, strict=True) if row]
    order = list(dict.fromkeys(index for _, row in factors for index in row))

    def word(row: Sequence[int]) -> str:
        return "".join(letters[order.index(index)] for index in row)

    pattern = ",".join(word(row) for _, row in factors) + "->" + word(node.output)
    return Einsum(pattern, tuple(made[operand] for operand, _ in factors))
