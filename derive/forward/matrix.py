"""Turns a node into matrix notation: which contraction is a matrix product, and where the transposes go.

A contraction is read against the declared order of its output axes; that is where transposes are usually lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from string import ascii_lowercase
from types import MappingProxyType

from sympy import Expr, Integer, prod

from derive.errors import InternalError
from derive.forward.idioms import Idiom, idiom, parts, root, shorter
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
from derive.forward.scalar import number, parts_of, read_scalar
from derive.forward.selected import read_parts, read_selected, read_selection
from derive.forward.stacks import permuted, repeated_entries, stacked_product, with_new_axes
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
    Power,
    Product,
    Quotient,
    Sum,
    SumAxis,
    Take,
    Transpose,
    Tree,
)
from derive.notation.tree import OneHot as OneHotTree
from derive.notation.tree import Ones as OnesTree

__all__ = ["called", "kind_of", "name_of", "read", "read_each"]


_FEW_TRANSPOSES = 3
"""So many factors that are all transposed are written so, as A⁻ᵀ Gᵀ A⁻ᵀ, more of them as the transpose of a product."""


def read(node: Node, *, rows: bool = False, names: Mapping[Node, Tree] = MappingProxyType({})) -> Tree:
    """The node in matrix notation; what matrix notation cannot write becomes an einsum.

    In a product a vector is a column, or a row where rows is set: x W and xᵀ y in the place of Wᵀ x and x yᵀ. Nodes
    that have names are called by them.
    """
    made: dict[Node, Tree] = {}
    readings = _READINGS_OF_ROWS if rows else _READINGS
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
    readings = _READINGS_OF_ROWS if rows else _READINGS
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
    return Name(word, kind_of(node), len(node.shape) if len(node.shape) > 2 else None)


def kind_of(node: Node) -> Kind:
    """What a name of the node is the name of."""
    kinds: tuple[Kind, ...] = ("scalar", "vector", "matrix")
    return kinds[min(len(node.shape), 2)]


def _read_one(node: Node, made: dict[Node, Tree], readings: _Readings, names: Collection[Node]) -> Tree:
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
            beside = read_parts(node, lambda part: made[part] if part in made else read(part))
            if beside is not None:
                return beside
            return _turned_sum(added(_next_to_each_other(node.operands, made, names)))
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


def _read_contraction(node: Contract, made: dict[Node, Tree], readings: _Readings, names: Collection[Node]) -> Tree:
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
        if len(core) == 1 and not ones:
            selected = read_selected(*core[0], selects, node.output, node.sizes())
            if selected is not None:
                return _scaled(coefficient, scalars, selected)
        core += [(known[select], row) for select, row in selects]
    if not selects and len(core) > 1 and node.summed():
        core, taken, number_below = _without_scalars(core)
        rest = _read_core(node, core, ones, coefficient, [*scalars, *taken], known, readings)
        return rest if number_below is None else Quotient(rest, number_below)
    return _read_core(node, core, ones, coefficient, scalars, known, readings)


def _without_scalars(core: _Core) -> tuple[_Core, list[Tree], Tree | None]:
    """(a B / R) C as a (B C) / R: the factors without a scalar and a number that one of them is multiplied with."""
    for place, (tree, row) in enumerate(core):
        over, divisor = (tree.over, tree.under) if isinstance(tree, Quotient) else (tree, None)
        scalars = over.factors[:-1] if isinstance(over, Product) else ()
        if isinstance(over, Product) and not any(map(rank_of, scalars)) and (divisor is None or not rank_of(divisor)):
            return [*core[:place], (over.factors[-1], row), *core[place + 1 :]], list(scalars), divisor
    return core, [], None


def _read_core(
    node: Contract,
    core: _Core,
    ones: _OnesOf,
    coefficient: Expr,
    scalars: list[Tree],
    known: dict[Node, Tree],
    readings: _Readings,
) -> Tree:
    for reading in readings:
        tree = reading(core, ones, node.output)
        if tree is not None:
            sizes = node.sizes()
            count = prod((sizes[index] for index in node.summed()), start=Integer(1))
            if _is_mean(tree, coefficient, count):
                return _scaled(coefficient * count, scalars, _mean(tree))
            return _scaled(coefficient, scalars, tree)
    return _scaled(coefficient, scalars, _einsum(node, known))


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
    scalars: list[Tree], core: _Core, ones: _OnesOf, under: _Core, output: Indices, readings: _Readings
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
    return Broadcast(tree, 1 - output.index(row[0]), "") if len(row) == 1 else _transposed(tree)


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
        product = Product((*factors, _turned(tree, 1) if scalars else tree)) if factors else tree
    if below != 1:
        product = Quotient(product, number(below))
    return Negative(product) if minus else product


_Core = list[tuple[Tree, Indices]]
_OnesOf = dict[int, str]
_Readings = tuple[Callable[[_Core, _OnesOf, Indices], Tree | None], ...]


def _rearranged(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """A or Aᵀ."""
    if len(core) != 1 or ones:
        return None
    tree, row = core[0]
    if row == output:
        return tree
    return _transposed(tree) if len(row) == 2 and row[::-1] == output else None


def _transposed(tree: Tree) -> Tree:
    """Aᵀ; of a product, the product of the transposes where that is no longer, and of a sum in the same way."""
    match tree:
        case Transpose(operand):
            return operand
        case MatMul(factors):
            flips = sum(not isinstance(factor, Transpose) for factor in factors)
            if 2 * flips - len(factors) < 2:
                # A factor may be a vector that is a product itself: bᵀ stays a row beside the column a.
                return MatMul(tuple(f.operand if isinstance(f, Transpose) else Transpose(f) for f in reversed(factors)))
        case Sum(terms):
            flipped = tuple(map(_transposed, terms))
            if all(any(term == other for other in terms) for term in flipped):
                return tree
        case Negative(operand):
            return Negative(_transposed(operand))
        case Hadamard(factors) if 2 * sum(isinstance(factor, Transpose) for factor in factors) > len(factors):
            return Hadamard(tuple(map(_transposed, factors)))
    return Transpose(tree)


def _flat(factors: Sequence[Tree]) -> tuple[Tree, ...]:
    """The factors of a product entry by entry, those that are such products opened; sums come last."""
    flat = (inner for f in factors for inner in (_flat(f.factors) if isinstance(f, Hadamard) else (f,)))
    return tuple(sorted(flat, key=lambda factor: isinstance(factor, Sum)))


def _taken(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """W[t], or Z[arange(N), t]: what is chosen by whole numbers."""
    choices = [item for item in core if isinstance(item[0], OneHotTree)]
    others = [item for item in core if not isinstance(item[0], OneHotTree)]
    if ones or len(choices) != 1 or len(others) != 1:
        return None
    (chosen, (*places, picked)), (tree, row) = choices[0], others[0]
    assert isinstance(chosen, OneHotTree)
    if picked in output or picked not in row:
        return None
    if row[0] == picked and output == (*places, *row[1:]) and not set(places) & set(row):
        return Take(tree, chosen.index, "", len(output))
    if row == (*places, picked) and len(row) == 2 and output == tuple(places):
        return Take(tree, chosen.index, chosen.rows, 1)
    return None


def _broadcast(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """1bᵀ or b1ᵀ; b may be a product of vectors."""
    if not core or len(ones) != 1 or len(output) != 2:
        return None
    row = core[0][1]
    ((index, size),) = ones.items()
    if len(row) != 1 or set(row) | {index} != set(output) or any(other != row for _, other in core):
        return None
    vectors = tuple(tree for tree, _ in core)
    return Broadcast(vectors[0] if len(vectors) == 1 else Hadamard(vectors), output.index(index), size)


def _filled(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """1, or 11ᵀ."""
    if core or set(ones) != set(output) or not 1 <= len(output) <= 2:
        return None
    first, *others = (OnesTree(ones[index]) for index in output)
    return MatMul((first, Transpose(others[0]))) if others else first


def _reduced(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """1ᵀA, A1, or the sum of all entries."""
    if len(core) != 1 or not ones:
        return None
    tree, row = core[0]
    kept = tuple(index for index in row if index not in ones)
    if kept != output or not set(ones) <= set(row):
        return None
    if not kept:
        match tree:
            case Power(Name() | Gradient() as vector, Number(2)) if len(row) == 1:
                return SumAxis(Hadamard((vector, vector)), None, 1)
        return SumAxis(tree, None, len(row))
    if len(row) > 2:
        axes = tuple(axis for axis, index in enumerate(row) if index in ones)
        return SumAxis(tree, axes[0] if len(axes) == 1 else axes, len(row))
    return SumAxis(tree, next(a for a, i in enumerate(row) if i in ones), len(row)) if len(row) == 2 else None


def _repeated(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """1b, where b is a matrix with one row, and 1ᵀA as one: the products with a column of ones."""
    units = [index for index, size in ones.items() if size == "1"]
    columns = [index for index in ones if index not in units]
    if len(core) != 1 or len(core[0][1]) != 2 or len(output) != 2 or len(units) != 1 or len(columns) != 1:
        return None
    (tree, row), (unit,), (column,) = core[0], units, columns
    if unit in row and column in output and set(output) == {column, *row} - {unit}:
        first, left = unit, Transpose(Transpose(OnesTree(ones[column])))
    elif column in row and unit in output and set(output) == {unit, *row} - {column}:
        first, left = column, Transpose(OnesTree(ones[column]))
    else:
        return None
    along = column if first is unit else unit
    matrix = tree if row[0] == first else Transpose(tree)
    if output[0] == along:
        return MatMul((_plain(left), _plain(matrix)))
    return MatMul((_plain(Transpose(matrix)), _plain(Transpose(left))))


def _plain(tree: Tree) -> Tree:
    """(Aᵀ)ᵀ as A."""
    while isinstance(tree, Transpose) and isinstance(tree.operand, Transpose):
        tree = tree.operand.operand
    return tree


def _elementwise(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """A ⊙ B."""
    if len(core) < 2 or ones or any(row != output for _, row in core):
        return None
    return Hadamard(_flat([tree for tree, _ in core]))


def _stretched(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """A ⊙ (b 1ᵀ): matrices and vectors, which are repeated along the other axis, entry by entry."""
    if len(output) != 2 or ones or any(not row or not set(row) <= set(output) for _, row in core):
        return None
    if not any(len(row) == 2 for _, row in core):
        return None
    # The vectors first: what scales rows or columns stands before what is scaled.
    ordered = sorted(core, key=lambda item: len(item[1]))
    factors: list[Tree] = []
    pair = [tree for tree, row in ordered if len(row) == 1]
    if len(pair) == 2 and ordered[0][1] != ordered[1][1]:
        by_index = {row[0]: tree for tree, row in ordered[:2]}
        factors.append(MatMul((by_index[output[0]], Transpose(by_index[output[1]]))))
        ordered = ordered[2:]
    for tree, row in ordered:
        if len(row) == 1:
            axis = 1 - output.index(row[0])
            factors.append(Broadcast(tree, axis, ""))
        else:
            factors.append(tree if row == output else _transposed(tree))
    return Hadamard(_flat(factors))


def _inner(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """Sum of A ⊙ B, over all entries or over one axis."""
    if len(core) < 2 or ones or any(row != core[0][1] for _, row in core):
        return None
    row = core[0][1]
    body = Hadamard(_flat([tree for tree, _ in core]))
    if not output:
        return SumAxis(body, None, len(row))
    if len(row) == 2 and len(output) == 1:
        return SumAxis(body, 1 - row.index(output[0]), 2)
    return None


def _chain(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """A B C ... from the first output axis to the last; a vector may stand at either end."""
    if len(core) < 2 or ones or len(output) > 2 or any(not 1 <= len(row) <= 2 for _, row in core):
        return None
    return _chained(core, output, flip=False) or _chained(core, output, flip=True)


def _quadratic(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """xᵀ A y as one product where a vector is a product itself, xᵀ (A y), in the order that has fewer transposes."""
    if output or not any(len(row) == 1 and isinstance(tree, MatMul) for tree, row in core):
        return None
    product = _chain(core, ones, output)
    if not isinstance(product, MatMul):
        return product
    first, *middle, last = product.factors
    if isinstance(first, MatMul):
        *matrices, first = first.factors
        middle = [*(_transposed(matrix) for matrix in reversed(matrices)), *middle]
    if isinstance(last, MatMul):
        *matrices, last = last.factors
        middle += matrices
    turned = [_transposed(matrix) for matrix in reversed(middle)]
    if sum(isinstance(m, Transpose) for m in turned) < sum(isinstance(m, Transpose) for m in middle):
        return MatMul((last, *turned, first))
    return MatMul((first, *middle, last))


def _turned_sum(tree: Tree) -> Tree:
    """(X B + B X)ᵀ for a sum of products all of whose factors are transposed."""
    if not isinstance(tree, Sum) or not all(isinstance(term, MatMul) for term in tree.terms):
        return tree
    turned = [_turned(term, 1) for term in tree.terms]
    whole = Sum(tuple(term.operand for term in turned if isinstance(term, Transpose)))
    return Transpose(whole) if len(whole.terms) == len(turned) else tree


def _chain_from_row(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """a B C ..., where a vector is a row."""
    if len(core) > 1 and not ones and len(output) == 1 and all(1 <= len(row) <= 2 for _, row in core):
        return _chained(core, output, flip=True)
    return None


def _chained(core: _Core, output: Indices, *, flip: bool) -> Tree | None:
    """The chain that starts at the first axis of output (or, flipped, ends there when output is a vector)."""
    remaining = list(core)
    if len(output) == 2:
        if flip:
            return None
        current, end = output
        factors: list[Tree] = []
    elif len(output) == 1 and not flip:
        (current,), end = output, None
        factors = []
    else:
        starts = [item for item in remaining if len(item[1]) == 1]
        if not starts:
            return None
        tree, row = starts[0]
        remaining.remove(starts[0])
        factors, current = [tree], row[0]
        end = output[0] if output else None
    while remaining:
        found = [item for item in remaining if current in item[1]]
        if len(found) != 1:
            return None
        tree, row = found[0]
        remaining.remove(found[0])
        if len(row) == 1:
            factors.append(tree)
            return MatMul(tuple(factors)) if not remaining and end is None else None
        factors.append(tree if row[0] == current else _transposed(tree))
        current = row[1] if row[0] == current else row[0]
    if current != end:
        return None
    first, *others = factors
    if isinstance(first, MatMul) and rank_of(first.factors[0]) == rank_of(first.factors[-1]) == 2:
        # A product of matrices, and not of vectors, needs no brackets there.
        factors = [*first.factors, *others]
    return _turned(MatMul(tuple(factors)), _FEW_TRANSPOSES)


def _turned(tree: Tree, few: int) -> Tree:
    """(B A)ᵀ for Aᵀ Bᵀ, of more than few factors that are all transposed."""
    if not isinstance(tree, MatMul) or len(tree.factors) <= few:
        return tree
    inner = tuple(factor.operand for factor in reversed(tree.factors) if isinstance(factor, Transpose))
    return Transpose(MatMul(inner)) if len(inner) == len(tree.factors) else tree


def _outer(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """a bᵀ."""
    ends = [(index,) for index in output]
    if len(core) < 2 or ones or len(output) != 2 or any(row not in ends for _, row in core):
        return None
    sides = [[tree for tree, row in core if row == (index,)] for index in output]
    if not all(sides):
        return None
    left, right = (side[0] if len(side) == 1 else Hadamard(_flat(side)) for side in sides)
    return MatMul((left, Transpose(right)))


def _diagonal(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """The matrix with a vector on its diagonal, or the diagonal of a matrix."""
    units = [row for tree, row in core if isinstance(tree, Identity)]
    others = [(tree, row) for tree, row in core if not isinstance(tree, Identity)]
    if ones or len(units) != 1 or not others:
        return None
    if len(output) == len(others) == 1 and others[0][1] in (units[0], units[0][::-1]) and output[0] in units[0]:
        return MatrixCall("diag", others[0][0])
    if len(set(output)) != 2 or set(units[0]) != set(output):
        return None
    if len({row for _, row in others}) != 1 or len(others[0][1]) != 1:
        return None
    trees = [tree for tree, _ in others]
    return MatrixCall("diag", trees[0] if len(trees) == 1 else Hadamard(_flat(trees)))


def _outer_of_rows(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """aᵀ b, where vectors are rows."""
    product = _outer(core, ones, output)
    if not isinstance(product, MatMul) or not isinstance(product.factors[1], Transpose):
        return None
    return MatMul((Transpose(product.factors[0]), product.factors[1].operand))


_READINGS: _Readings = (
    _taken,
    _diagonal,
    _rearranged,
    _broadcast,
    _filled,
    _reduced,
    _repeated,
    _elementwise,
    _stretched,
    _quadratic,
    _inner,
    _chain,
    _outer,
    permuted,
    stacked_product,
    repeated_entries,
)

_READINGS_OF_ROWS: _Readings = (
    _chain_from_row,
    _outer_of_rows,
    # A vector that is a product begins with a row there.
    *(reading for reading in _READINGS if reading is not _quadratic),
)


def _einsum(node: Contract, made: dict[Node, Tree]) -> Tree:
    letters = [ascii_lowercase[8 + i] if i < 18 else ascii_lowercase[i - 18] for i in range(26)]
    factors = [(o, row) for o, row in zip(node.operands, node.indices, strict=True) if row]
    order = list(dict.fromkeys(index for _, row in factors for index in row))

    def word(row: Sequence[int]) -> str:
        return "".join(letters[order.index(index)] for index in row)

    pattern = ",".join(word(row) for _, row in factors) + "->" + word(node.output)
    return Einsum(pattern, tuple(made[operand] for operand, _ in factors))
