"""The factors of a contraction, each with the labels of its axes, and what of them changes nothing.

Sums over deltas are renamed away, ones are dropped, products that only rearrange one array are opened.
"""

from __future__ import annotations

from typing import TypeAlias, cast

from sympy import Expr, Integer, expand

from derive.forward.nodes import Constant, Contract, Delta, Node, Ones, Select
from derive.forward.shape import Size

__all__ = ["Factors", "balanced", "opened", "without_deltas", "without_places", "without_repeats"]


Factors: TypeAlias = list[tuple[Node, list[int]]]


def opened(terms: Factors) -> Factors:
    """Operands that merely rearrange or scale one other node, replaced by what they are made of."""
    result: Factors = []
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
            inside = [
                (inner, [names[i] for i in inner_row])
                for inner, inner_row in zip(operand.operands, operand.indices, strict=True)
            ]
            pending.extend(reversed(inside))
        else:
            result.append((operand, row))
    return result


def without_repeats(terms: Factors) -> Factors:
    """A_ii becomes A_ij δ_ij."""
    fresh = max((i for _, row in terms for i in row), default=-1) + 1
    result: Factors = []
    for operand, row in terms:
        if isinstance(operand, Delta) or len(set(row)) == len(row):
            result.append((operand, row))
            continue
        renamed: list[int] = []
        deltas: Factors = []
        for axis, index in enumerate(row):
            if index in renamed:
                deltas.append((Delta(operand.shape[axis]), [index, fresh]))
                index, fresh = fresh, fresh + 1
            renamed.append(index)
        result += [(operand, renamed), *deltas]
    return result


def without_deltas(terms: Factors, target: list[int]) -> Factors:
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


def without_places(terms: Factors, target: list[int]) -> tuple[Expr, Factors]:
    """[s = 2] [s = 2] = [s = 2], [s = 2] [s = 3] = 0, and Σ_s [s = 2] = 1: the factor 0 or 1, and what is left."""
    chosen: dict[int, Size] = {}
    factor = Integer(1)
    kept: Factors = []
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


def balanced(coefficient: Expr, terms: Factors, target: list[int]) -> tuple[Expr, Factors]:
    """Ones dropped where they change nothing, and added where an index would occur only once."""
    sizes: dict[int, Size] = {}
    for operand, row in terms:
        sizes.update(zip(row, operand.shape, strict=True))

    def count(index: int, among: Factors) -> int:
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
