"""Builds nodes in normal form, so that what is equal by bookkeeping alone is one node.

Sums are opened, deltas are renamed away, ones that change nothing are dropped, indices are numbered in the order of
first occurrence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias, cast

from sympy import Expr, Integer, Pow, Symbol, diff, exp, expand, log

from derive.errors import InternalError
from derive.forward.functions import abs as absolute
from derive.forward.functions import clip, equal, maximum, minimum, relu, sigmoid, softplus
from derive.forward.nodes import (
    Add,
    Constant,
    Contract,
    Delta,
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

__all__ = ["add", "apply", "contract", "replaced", "select", "share", "slope", "zeros"]


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
    terms = [(operand, list(row)) for operand, row in zip(operands, indices, strict=True)]
    target = list(output)
    assert len(set(target)) == len(target), "contract: an axis of the result has a label of its own"
    terms = _without_deltas(_without_repeats(_opened(terms)), target)
    coefficient, terms = _without_places(terms, target)
    rest = []
    for operand, row in terms:
        if isinstance(operand, Constant):
            coefficient = coefficient * operand.value
        else:
            rest.append((operand, row))
    if coefficient == 0 and rest:
        sizes = {index: size for operand, row in rest for index, size in zip(row, operand.shape, strict=True)}
        return zeros(tuple(sizes[index] for index in target)) if target else Constant(coefficient)
    coefficient, rest = _balanced(coefficient, rest, target)
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


def slope(node: Map, place: int) -> Node:
    """∂f/∂x_p of the node's function at its operands, entry by entry."""
    return apply(_derivative(node.function, place), node.operands)


def share(node: Reduce) -> Node:
    """m / Σ m with m = [x is the largest]: of a change, what each entry along the axes passes on.

    Entries that are largest together share it equally, which is in the subdifferential, and what PyTorch's amax does.
    """
    (operand,) = node.arguments
    axes = list(range(len(operand.shape)))
    kept = [axis for axis in axes if axis not in node.axes]
    ones: list[Node] = [Ones(operand.shape[axis]) for axis in node.axes]
    gone = [[axis] for axis in node.axes]
    mask = apply(equal(placeholder(0), placeholder(1)), [operand, contract([*ones, node], [*gone, kept], axes)])
    count = contract([*ones, contract([mask], [axes], kept)], [*gone, kept], axes)
    return apply(placeholder(0) / placeholder(1), [mask, count])


@lru_cache(maxsize=256)
def _derivative(function: Expr, place: int) -> Expr:
    # SymPy takes a millisecond for each, and a deep network applies the same few functions over and over.
    return diff(function, placeholder(place))


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


_Terms: TypeAlias = list[tuple[Node, list[int]]]


def _opened(terms: _Terms) -> _Terms:
    """Operands that merely rearrange or scale one other node, replaced by what they are made of."""
    result: _Terms = []
    pending = list(reversed(terms))
    while pending:
        operand, row = pending.pop()
        plain = (Constant, Ones, Delta, Select)
        if (
            isinstance(operand, Contract)
            and not operand.summed()
            and sum(not isinstance(o, plain) for o in operand.operands) <= 1
        ):
            names = dict(zip(operand.output, row, strict=True))
            opened = [
                (inner, [names[i] for i in inner_row])
                for inner, inner_row in zip(operand.operands, operand.indices, strict=True)
            ]
            pending.extend(reversed(opened))
        else:
            result.append((operand, row))
    return result


def _without_repeats(terms: _Terms) -> _Terms:
    """A_ii becomes A_ij δ_ij."""
    fresh = max((i for _, row in terms for i in row), default=-1) + 1
    result: _Terms = []
    for operand, row in terms:
        if isinstance(operand, Delta) or len(set(row)) == len(row):
            result.append((operand, row))
            continue
        renamed: list[int] = []
        deltas: _Terms = []
        for axis, index in enumerate(row):
            if index in renamed:
                deltas.append((Delta(operand.shape[axis]), [index, fresh]))
                index, fresh = fresh, fresh + 1
            renamed.append(index)
        result += [(operand, renamed), *deltas]
    return result


def _without_deltas(terms: _Terms, target: list[int]) -> _Terms:
    """Deltas with a summed index renamed away, unless that would make an operand carry an index twice."""
    work = list(terms)
    position = 0
    while position < len(work):
        operand, row = work[position]
        if isinstance(operand, Delta):
            first, second = row
            others = work[:position] + work[position + 1 :]
            if first == second:
                work[position] = (Ones(operand.size), [first])
                continue
            gone, kept = (second, first) if second not in target else (first, second)
            clash = any(gone in r and kept in r for _, r in others)
            if gone not in target and not clash and any(gone in r for _, r in others):
                work = [(o, [kept if i == gone else i for i in r]) for o, r in others]
                # A renaming can turn another delta into one that is eliminated; start again.
                position = 0
                continue
        position += 1
    return work


def _without_places(terms: _Terms, target: list[int]) -> tuple[Expr, _Terms]:
    """[s = 2] [s = 2] = [s = 2], [s = 2] [s = 3] = 0, and Σ_s [s = 2] = 1: the factor 0 or 1, and what is left."""
    chosen: dict[int, Size] = {}
    factor = Integer(1)
    kept: _Terms = []
    for operand, row in terms:
        if isinstance(operand, Select) and not operand.counts:
            apart = expand(operand.offset - chosen.setdefault(row[0], operand.offset))
            factor = Integer(0) if apart.is_Integer and apart != 0 else factor
            if (operand, row) in kept:
                continue
        kept.append((operand, row))
    carried = [index for _, row in kept for index in row] + target
    return factor, [
        (operand, row)
        for operand, row in kept
        if not isinstance(operand, Select) or operand.counts or carried.count(row[0]) > 1
    ]


def _balanced(coefficient: Expr, terms: _Terms, target: list[int]) -> tuple[Expr, _Terms]:
    """Ones dropped where they change nothing, and added where an index would occur only once."""
    sizes: dict[int, Size] = {}
    for operand, row in terms:
        sizes.update(zip(row, operand.shape, strict=True))

    def count(index: int, among: _Terms) -> int:
        return sum(index in row for _, row in among) + (index in target)

    kept = list(terms)
    for term in terms:
        operand, row = term
        if isinstance(operand, Ones):
            rest = [other for other in kept if other is not term]
            carried = any(row[0] in other_row for _, other_row in rest)
            if carried and count(row[0], rest) >= 2:
                kept = rest
            elif not carried and row[0] not in target:
                coefficient, kept = coefficient * operand.size, rest
    lonely = [index for index in sizes if count(index, kept) == 1]
    return cast(Expr, coefficient), [(Ones(sizes[index]), [index]) for index in lonely] + kept


def _numbered(terms: _Terms, target: list[int]) -> Node:
    """Indices renumbered in the order of first occurrence, so that a renaming gives the same node."""
    number: dict[int, int] = {}
    rows = tuple(tuple(number.setdefault(index, len(number)) for index in row) for _, row in terms)
    return Contract(tuple(operand for operand, _ in terms), rows, tuple(number[index] for index in target))
