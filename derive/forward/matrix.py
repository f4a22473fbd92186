"""Turns a node into matrix notation: which contraction is a matrix product, and where the transposes go.

A contraction is read against the declared order of its output axes; that is where transposes are usually lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from string import ascii_lowercase
from types import MappingProxyType

from sympy import Expr, Integer, fraction, prod

from derive.errors import InternalError
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
from derive.forward.scalar import number, read_scalar
from derive.forward.selected import read_parts, read_selected, read_selection
from derive.notation.digits import is_decimal
from derive.notation.tree import (
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
    Slice,
    Sum,
    SumAxis,
    Take,
    Transpose,
    Tree,
)
from derive.notation.tree import OneHot as OneHotTree
from derive.notation.tree import Ones as OnesTree

__all__ = ["kind_of", "name_of", "read"]


def read(node: Node, *, rows: bool = False, names: Mapping[Node, Tree] = MappingProxyType({})) -> Tree:
    """The node in matrix notation; what matrix notation cannot write becomes an einsum.

    In a product a vector is a column, or a row where rows is set: x W and xᵀ y in the place of Wᵀ x and x yᵀ. Nodes
    that have names are called by them.
    """
    made: dict[Node, Tree] = {}
    readings = _READINGS_OF_ROWS if rows else _READINGS
    for item in topological(node, leaves=names):
        made[item] = names[item] if item in names else _read_one(item, made, readings)
    return made[node]


def name_of(node: Input) -> Tree:
    """X, or ∂L/∂Y for an upstream gradient."""
    if node.gradient_of:
        return Gradient(Name(node.gradient_of, kind_of(node)), node.name)
    return Name(node.name, kind_of(node))


def kind_of(node: Node) -> Kind:
    """What a name of the node is the name of."""
    kinds: tuple[Kind, ...] = ("scalar", "vector", "matrix")
    return kinds[min(len(node.shape), 2)]


def _read_one(node: Node, made: dict[Node, Tree], readings: _Readings) -> Tree:
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
            filled = [_filling(operand) for operand in node.operands]
            if all(value is not None for value in filled):
                filled = [None] * len(filled)
            # A number beside an array is added to every entry.
            terms = zip(node.operands, filled, strict=True)
            return Sum(tuple(made[operand] if value is None else value for operand, value in terms))
        case Map():
            return read_scalar(node.function, _next_to_each_other(node.operands, made))
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
            return _read_contraction(node, made, readings)
    raise InternalError(f"matrix notation: no rule for a node of kind {type(node).__name__}")


def _next_to_each_other(operands: Sequence[Node], made: Mapping[Node, Tree]) -> list[Tree]:
    """The operands of a function: how often one is repeated along an axis is not written where another says it."""
    stretched = [_stretching(operand, made) for operand in operands]
    if all(tree is not None for tree in stretched):
        return [made[operand] for operand in operands]
    return [made[operand] if tree is None else tree for operand, tree in zip(operands, stretched, strict=True)]


def _stretching(node: Node, made: Mapping[Node, Tree]) -> Tree | None:
    """An array that is only repeated along new axes, with None in their place."""
    if not isinstance(node, Contract) or _has_name(made[node]):
        return None
    inner = [pair for pair in zip(node.operands, node.indices, strict=True) if not isinstance(pair[0], Ones)]
    if len(inner) != 1 or len(inner) == len(node.operands) or node.summed():
        return None
    ((operand, row),) = inner
    return _with_new_axes(made[operand], row, node.output) if row else made[operand]


def _has_name(tree: Tree) -> bool:
    """Whether a node is called by a name; then what it is made of may not have been read."""
    return isinstance(tree, Name | Gradient)


def _with_new_axes(tree: Tree, row: Indices, output: Indices) -> Tree | None:
    """X[:, None]: the array with axes of size 1 where the output has others; None if its axes lie in another order."""
    if tuple(index for index in output if index in row) != row:
        return None
    if len(output) == 2 and len(row) == 1:
        return Broadcast(tree, 1 - output.index(row[0]), "")
    items = [":" if index in row else "None" for index in output]
    while items and items[0] == "None":
        items.pop(0)
    return Slice(tree, tuple(items)) if "None" in items else tree


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


def _read_contraction(node: Contract, made: dict[Node, Tree], readings: _Readings) -> Tree:
    coefficient: Expr = Integer(1)
    scalars: list[Tree] = []
    ones: dict[int, str] = {}
    core: list[tuple[Tree, Indices]] = []
    selects: list[tuple[Select, Indices]] = []
    under: list[tuple[Tree, Indices]] = []
    lone = len(node.operands) == 1
    for operand, row in zip(node.operands, node.indices, strict=True):
        if isinstance(operand, Constant) and not (lone and not node.output):
            coefficient = coefficient * operand.value
        elif isinstance(operand, Map) and not lone and (divisor := _divisor(operand, made)) is not None:
            under.append((divisor, row))
        elif not row:
            scalars.append(made[operand])
        elif isinstance(operand, Ones):
            ones[row[0]] = str(operand.size)
        elif isinstance(operand, Select):
            selects.append((operand, row))
        else:
            core.append((made[operand], row))
    if under:
        quotient = None if selects else _quotient(scalars, core, ones, under, node.output, readings)
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
        core += [(made[select], row) for select, row in selects]
    for reading in readings:
        tree = reading(core, ones, node.output)
        if tree is not None:
            return _scaled(coefficient, scalars, tree)
    return _scaled(coefficient, [], _einsum(node, made))


def _divisor(node: Map, made: dict[Node, Tree]) -> Tree | None:
    """u where the node is 1 / u, u² where it is u^(-2); None for any other function."""
    base, exponent = node.function.as_base_exp()
    if base != placeholder(0) or len(node.operands) != 1 or not exponent.is_negative or _has_name(made[node]):
        return None
    return read_scalar(base**-exponent, [made[node.operands[0]]])


def _quotient(
    scalars: list[Tree], core: _Core, ones: _OnesOf, under: _Core, output: Indices, readings: _Readings
) -> Tree | None:
    """What stands over the divisors, divided by them entry by entry; None if a divisor is summed over."""
    if any(not set(row) <= set(output) or len(row) > 2 for _, row in under) or len(output) > 2:
        return None
    over: Tree | None = None
    if core or ones:
        over = next((tree for reading in readings if (tree := reading(core, ones, output)) is not None), None)
        if over is None:
            return None
    elif output:
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
    return Broadcast(tree, 1 - output.index(row[0]), "") if len(row) == 1 else Transpose(tree)


def _scaled(coefficient: Expr, scalars: Sequence[Tree], tree: Tree) -> Tree:
    """The number and the scalars times the tree; a divisor of the number stands below, its sign before all."""
    minus = coefficient.could_extract_minus_sign()
    coefficient = -coefficient if minus else coefficient
    whole = coefficient.is_Rational and is_decimal(Fraction(int(coefficient.p), int(coefficient.q)))
    over, below = (coefficient, Integer(1)) if whole else fraction(coefficient)
    factors = (*([] if over == 1 else [number(over)]), *scalars, tree)
    product = factors[0] if len(factors) == 1 else Product(factors)
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
    return Transpose(tree) if len(row) == 2 and row[::-1] == output else None


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
    return Hadamard(tuple(tree for tree, _ in core))


def _stretched(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """A ⊙ (b 1ᵀ): matrices and vectors, which are repeated along the other axis, entry by entry."""
    if len(output) > 2 and not ones and len(core) > 1 and any(row == output for _, row in core):
        # The arrays with fewer axes first: what scales stands before what is scaled.
        trees = [_with_new_axes(tree, row, output) for tree, row in sorted(core, key=lambda item: len(item[1]))]
        return Hadamard(tuple(tree for tree in trees if tree is not None)) if None not in trees else None
    if len(output) != 2 or ones or any(not row or not set(row) <= set(output) for _, row in core):
        return None
    if not any(len(row) == 2 for _, row in core):
        return None
    # The vectors first: what scales rows or columns stands before what is scaled.
    ordered = sorted(core, key=lambda item: len(item[1]))
    factors: list[Tree] = []
    for tree, row in ordered:
        if len(row) == 1:
            axis = 1 - output.index(row[0])
            factors.append(Broadcast(tree, axis, ""))
        else:
            factors.append(tree if row == output else Transpose(tree))
    return Hadamard(tuple(factors))


def _inner(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """Sum of A ⊙ B, over all entries or over one axis."""
    if len(core) < 2 or ones or any(row != core[0][1] for _, row in core):
        return None
    row = core[0][1]
    body = Hadamard(tuple(tree for tree, _ in core))
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
        factors.append(tree if row[0] == current else Transpose(tree))
        current = row[1] if row[0] == current else row[0]
    return MatMul(tuple(factors)) if current == end else None


def _outer(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """a bᵀ."""
    if len(core) != 2 or ones or any(len(row) != 1 for _, row in core) or len(output) != 2:
        return None
    by_index = {row[0]: tree for tree, row in core}
    if set(by_index) != set(output):
        return None
    return MatMul((by_index[output[0]], Transpose(by_index[output[1]])))


def _outer_of_rows(core: _Core, ones: _OnesOf, output: Indices) -> Tree | None:
    """aᵀ b, where vectors are rows."""
    product = _outer(core, ones, output)
    if not isinstance(product, MatMul) or not isinstance(product.factors[1], Transpose):
        return None
    return MatMul((Transpose(product.factors[0]), product.factors[1].operand))


_READINGS: _Readings = (
    _taken,
    _rearranged,
    _broadcast,
    _filled,
    _reduced,
    _repeated,
    _elementwise,
    _stretched,
    _inner,
    _chain,
    _outer,
)

_READINGS_OF_ROWS: _Readings = (_chain_from_row, _outer_of_rows, *_READINGS)


def _einsum(node: Contract, made: dict[Node, Tree]) -> Tree:
    letters = [ascii_lowercase[8 + i] if i < 18 else ascii_lowercase[i - 18] for i in range(26)]

    def word(row: Sequence[int]) -> str:
        return "".join(letters[index] for index in row)

    factors = [(o, row) for o, row in zip(node.operands, node.indices, strict=True) if not isinstance(o, Constant)]
    pattern = ",".join(word(row) for _, row in factors) + "->" + word(node.output)
    return Einsum(pattern, tuple(made[operand] for operand, _ in factors))
