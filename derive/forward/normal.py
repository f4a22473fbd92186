"""Builds nodes in normal form, so that what is equal by bookkeeping alone is one node.

Sums are opened, deltas are renamed away, ones that change nothing are dropped, indices are numbered in the order of
first occurrence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sympy import Expr, Integer, Pow, Symbol, exp, log

from derive.errors import InternalError
from derive.forward.factors import Factors, balanced, opened, without_deltas, without_places, without_repeats
from derive.forward.functions import abs as absolute
from derive.forward.functions import clip, maximum, minimum, relu, sigmoid, softplus
from derive.forward.nodes import (
    Add,
    Constant,
    Contract,
    Delta,
    Indices,
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
from derive.forward.shape import Shape, Size, same

__all__ = ["add", "apply", "contract", "replaced", "select", "zeros"]


def add(terms: Sequence[Node]) -> Node:
    """The sum of nodes of one shape; sums among them are opened, zeros left out."""
    flat: list[Node] = []
    for term in terms:
        flat.extend(term.operands if isinstance(term, Add) else (term,))
    kept = _softplus([term for term in flat if not _is_zero(term)]) or flat[:1]
    return kept[0] if len(kept) == 1 else Add(tuple(kept))


def _softplus(terms: list[Node]) -> list[Node]:
    """max(x, 0) + log(1 + exp(-|x|)), which does not overflow, as softplus(x), which has no kink at 0."""
    for rest in [term for term in terms if isinstance(term, Map) and term.function == softplus(_X)]:
        (turned,) = rest.operands
        size = turned.operands[1] if isinstance(turned, Contract) and len(turned.operands) == 2 else None
        if not isinstance(size, Map) or size.function != absolute(_X):
            continue
        minus = contract([Constant(Integer(-1)), size], [(), range(len(size.shape))], range(len(size.shape)))
        bounds = [Map(size.operands, function) for function in (relu(_X), maximum(_X, 0))]
        found = next((bound for bound in bounds if bound in terms), None)
        if turned is minus and found is not None:
            return [Map(size.operands, softplus(_X)) if term is found else term for term in terms if term is not rest]
    return terms


def _is_zero(node: Node) -> bool:
    first = node.operands[0] if isinstance(node, Contract) else node
    return isinstance(first, Constant) and first.value == 0


def contract(operands: Sequence[Node], indices: Sequence[Sequence[int]], output: Sequence[int]) -> Node:
    """The contraction in normal form: rows of the einsum pattern in, one interned node out.

    Deltas are eliminated by renaming, constants are gathered in front, transposed and broadcast operands are opened,
    ones that change nothing are dropped, and those that the invariants of Contract need are added.
    """
    return _contracted(tuple(operands), tuple(map(tuple, indices)), tuple(output))


@lru_cache(maxsize=256)
def _contracted(operands: tuple[Node, ...], indices: tuple[Indices, ...], output: Indices) -> Node:
    # Forms of a formula are built from the same products again and again: two of three have been made before.
    terms = [(operand, list(row)) for operand, row in zip(operands, indices, strict=True)]
    target = list(output)
    assert len(set(target)) == len(target), "contract: an axis of the result has a label of its own"
    terms = without_deltas(without_repeats(opened(terms)), target)
    coefficient, terms = without_places(terms, target)
    rest = []
    for operand, row in terms:
        if isinstance(operand, Constant):
            coefficient = coefficient * operand.value
        else:
            rest.append((operand, row))
    if coefficient == 0 and rest:
        sizes = {index: size for operand, row in rest for index, size in zip(row, operand.shape, strict=True)}
        return zeros(tuple(sizes[index] for index in target)) if target else Constant(coefficient)
    coefficient, rest = balanced(coefficient, rest, target)
    if coefficient != 1 and len(rest) == 1 and rest[0][1] == target and (inner := rest[0][0]).operands:
        # A number of a number times a sum: -(-A b) is A b.
        first, *others = inner.operands
        if isinstance(inner, Contract) and isinstance(first, Constant) and (first.value * coefficient).is_number:
            return contract([Constant(first.value * coefficient), *others], inner.indices, inner.output)
    if coefficient != 1 or not rest:
        rest.insert(0, (Constant(coefficient), []))
    if len(rest) == 1 and rest[0][1] == target:
        return rest[0][0]
    return _numbered(rest, target)


def apply(function: Expr, operands: Sequence[Node]) -> Node:
    """The scalar function of operands of one shape, entry by entry.

    A function that is constant, or gives back an operand, becomes what it is: read as a Map, a constant would have lost
    its shape.
    """
    if function in (names := [placeholder(p) for p in range(len(operands))]):
        return operands[names.index(function)]
    if function.is_number:
        return _filled(function, operands[0].shape)
    known = _recognised(function, operands) or _without_root(function, operands)
    if known is not None:
        return known
    parts = _affine(function)
    if parts is not None:
        axes = range(len(operands[0].shape))
        return add(
            [
                _filled(value, operands[0].shape)
                if symbol is None
                else contract([Constant(value), operands[names.index(symbol)]], [(), axes], axes)
                for value, symbol in parts
            ]
        )
    return Map(tuple(operands), function)


def _recognised(function: Expr, operands: Sequence[Node]) -> Node | None:
    """1 / (1 + exp(-x)) as sigmoid(x), log(1 + exp(x)) as softplus(x), min(max(x, a), b) as clip(x, a, b)."""
    if isinstance(function, maximum | minimum):
        return _clipped(function, operands)
    if function not in _OF_ONE_PLUS_EXP or not isinstance(operands[0], Add) or len(operands[0].operands) != 2:
        return None
    inner = next((o for o in operands[0].operands if isinstance(o, Map)), None)
    if inner is None or _filled(Integer(1), inner.shape) not in operands[0].operands:
        return None
    sign = {exp(_X): 1, exp(-_X): -1}.get(inner.function)
    if sign is None:
        return None
    made, turned = _OF_ONE_PLUS_EXP[function]
    axes = range(len(inner.shape))
    argument = contract([Constant(Integer(sign * turned)), inner.operands[0]], [(), axes], axes)
    return Map((argument,), made)


def _without_root(function: Expr, operands: Sequence[Node]) -> Node | None:
    """exp(-(x / √2)²) as exp(-x² / 2): the function of x alone where that has no irrational numbers left."""
    (inner,) = operands if len(operands) == 1 else (None,)
    if not isinstance(inner, Contract) or len(inner.operands) != 2 or inner.indices[1] != inner.output:
        return None
    first, node = inner.operands
    if not isinstance(first, Constant) or not first.value.is_number or first.value.is_Rational:
        return None
    whole = function.xreplace({_X: first.value * _X})
    return None if _irrational(whole) else apply(whole, [node])


def _irrational(function: Expr) -> bool:
    return any(not power.exp.is_integer and power.base.is_number for power in function.atoms(Pow))


def _clipped(function: Expr, operands: Sequence[Node]) -> Node | None:
    """A number between bounds, where the two of them are numbers and the one that comes second is on the right side."""
    (inner,) = operands if len(operands) == 1 else (None,)
    other = minimum if isinstance(function, maximum) else maximum
    if not isinstance(inner, Map):
        return None
    if isinstance(inner.function, relu) and other is maximum:
        argument, near = inner.function.args[0], Integer(0)
    elif isinstance(inner.function, other):
        argument, near = sorted(inner.function.args, key=lambda part: bool(part.is_Number))
    else:
        return None
    value, far = sorted(function.args, key=lambda part: bool(part.is_Number))
    low, high = (near, far) if other is maximum else (far, near)
    if value != _X or argument != _X or not (low.is_Number and high.is_Number and low < high):
        return None
    return Map(inner.operands, clip(_X, low, high))


_X = placeholder(0)
_OF_ONE_PLUS_EXP = {1 / _X: (sigmoid(_X), -1), log(_X): (softplus(_X), 1)}
"""What a function of 1 + exp(x) is, and the sign of the argument that it has then."""


@lru_cache(maxsize=256)
def _affine(function: Expr) -> tuple[tuple[Expr, Symbol | None], ...] | None:
    """A sum of numbers and of placeholders times numbers, as such pairs; None for any other function."""
    parts = []
    for term in sorted(function.as_ordered_terms(), key=lambda term: term.could_extract_minus_sign()):
        value, rest = term.as_coeff_Mul()
        if rest != 1 and not isinstance(rest, Symbol):
            return None
        parts.append((value, None if rest == 1 else rest))
    return tuple(parts)


def replaced(root: Node, values: Mapping[Node, Node]) -> Node:
    """The node with others in the place of some, in normal form."""
    made: dict[Node, Node] = dict(values)
    for node in topological(root, leaves=values):
        if node in values:
            continue
        operands = [made[operand] for operand in node.operands]
        if all(a is b for a, b in zip(operands, node.operands, strict=True)):
            made[node] = node
            continue
        match node:
            case Contract():
                made[node] = contract(operands, node.indices, node.output)
            case Add():
                made[node] = add(operands)
            case Map():
                made[node] = apply(node.function, operands)
            case Reduce():
                made[node] = Reduce((operands[0],), node.name, node.axes)
            case MatrixFunction():
                made[node] = MatrixFunction((operands[0],), node.name)
            case OneHot():
                made[node] = OneHot((operands[0],), node.size)
            case _:
                raise InternalError(f"replacement: no rule for a node of kind {type(node).__name__}")
    return made[root]


def _filled(value: Expr, shape: Shape) -> Node:
    """The value at every entry."""
    axes = tuple(range(len(shape)))
    rows = ((), *((axis,) for axis in axes))
    operands = (Constant(value), *map(Ones, shape))
    if not axes or value == 0:
        return Contract(operands, rows, axes) if axes else operands[0]
    return contract(operands, rows, axes)


def zeros(shape: Shape) -> Node:
    """0 at every entry."""
    return _filled(Integer(0), shape)


def select(counts: Shape, source: Size, strides: Shape, offset: Size) -> Node:
    """[s = offset + Σ_k stride_k i_k]; the whole of an axis is δ."""
    if len(counts) == 1 and offset == 0 and strides[0] == 1 and same(counts[0], source):
        return Delta(source)
    return Select(tuple(counts), source, tuple(strides), offset)


def _numbered(terms: Factors, target: list[int]) -> Node:
    """Indices renumbered in the order of first occurrence, so that a renaming gives the same node."""
    number: dict[int, int] = {}
    rows = tuple(tuple(number.setdefault(index, len(number)) for index in row) for _, row in terms)
    return Contract(tuple(operand for operand, _ in terms), rows, tuple(number[index] for index in target))
