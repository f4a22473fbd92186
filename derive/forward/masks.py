"""Writes sums of masks as one would: 1 - [x > 0] as [x ≤ 0], [x > 0] a + [x ≤ 0] b as where(x > 0, a, b)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TypeGuard

from derive.notation.tree import (
    AtLeast,
    Call,
    Greater,
    Hadamard,
    Negative,
    Number,
    Product,
    Quotient,
    Sum,
    Tree,
    Where,
)

__all__ = ["added", "compared", "multiplied", "negated", "turned"]


def compared(left: Tree, right: Tree) -> Tree:
    """[a > b], with what is subtracted on the other side, and numbers beside nothing else if that can be."""
    over: list[Tree] = []
    under: list[Tree] = []
    number = Fraction(0)
    for term in (*_terms(left), *map(negated, _terms(right))):
        if isinstance(term, Negative):
            under.append(term.operand)
        elif isinstance(term, Number) and isinstance(term.value, int | Fraction):
            number += term.value
        else:
            over.append(term)
    if number and not over:
        over.append(Number(_whole(number)))
    elif number > 0 and len(over) == 1 and not under and (opposite := turned(over[0])) is not None:
        over, under = [Number(_whole(number))], [opposite]
    elif number:
        under.append(Number(_whole(-number)))
    return _without_bound(*(_several(side) for side in (over, under)))


def _terms(tree: Tree) -> tuple[Tree, ...]:
    return tree.terms if isinstance(tree, Sum) else (tree,)


def _several(terms: Sequence[Tree]) -> Tree:
    if not terms:
        return Number(0)
    return terms[0] if len(terms) == 1 else added(terms)


def _without_bound(left: Tree, right: Tree) -> Tree:
    """max(x, 0) > 6 is x > 6, and 6 > max(x, 0) is 6 > x."""
    match left, right:
        case Number(value), Call("maximum", (inner, Number(low))) if _known(low) and _known(value) and low < value:
            return Greater(left, inner)
        case Call("maximum", (inner, Number(low))), Number(value) if _known(low) and _known(value) and low <= value:
            return Greater(inner, right)
    return Greater(left, right)


def _known(value: object) -> TypeGuard[int | Fraction]:
    return isinstance(value, int | Fraction)


def negated(tree: Tree) -> Tree:
    """-a; of numbers, the number."""
    match tree:
        case Negative(operand):
            return operand
        case Number(value) if not isinstance(value, str):
            return Number(-value)
    return Negative(tree)


def turned(tree: Tree) -> Tree | None:
    """-a as a tree without a sign, where a has a difference as a factor: b - a for a - b."""
    match tree:
        case Sum((first, Negative(second))) if not isinstance(first, Negative):
            return Sum((second, Negative(first)))
        case Quotient(over, under):
            inner = turned(over)
            return None if inner is None else Quotient(inner, under)
        case Hadamard(factors) | Product(factors):
            found = next(((place, t) for place, f in enumerate(factors) if (t := turned(f)) is not None), None)
            if found is not None:
                place, inner = found
                return type(tree)((*factors[:place], inner, *factors[place + 1 :]))
    return None


def complement(mask: Tree) -> Tree | None:
    """1 where a comparison does not hold."""
    match mask:
        case Greater(left, right):
            return AtLeast(right, left)
        case AtLeast(left, right):
            return Greater(right, left)
    return None


def added(terms: Sequence[Tree]) -> Tree:
    """The sum, with masks that exclude each other as a choice, and numbers with their signs."""
    left = list(terms)
    while (pair := next(_choices(left), None)) is not None:
        first, second, made = pair
        left[first] = made
        del left[second]
    if len(left) == 1:
        return left[0]
    signed = [Negative(negated(t)) if _is_negative(t) and place else t for place, t in enumerate(left)]
    if _is_negative(left[0]) and not all(isinstance(term, Negative) for term in signed[1:]):
        # What is added comes first.
        signed = [*signed[1:], Negative(negated(left[0]))]
    return Sum(tuple(signed))


def _is_negative(tree: Tree) -> bool:
    return isinstance(tree, Number) and not isinstance(tree.value, str) and tree.value < 0


def _choices(terms: Sequence[Tree]) -> Iterator[tuple[int, int, Tree]]:
    """Two places, and what the terms there make together."""
    split = [_split(term) for term in terms]
    for second, (mask, rest) in enumerate(split):
        for first, (other, value) in enumerate(split[:second]):
            made: Tree | None = None
            if mask is not None and other is not None and complement(mask) == other:
                made = Where(mask, rest, value) if isinstance(mask, Greater) else Where(other, value, rest)
            elif mask is not None and other is None:
                made = _lifted(mask, rest, value)
            elif mask is None and other is not None:
                made = _lifted(other, value, rest)
            if made is not None:
                yield first, second, made


def _lifted(mask: Tree, value: Tree, base: Tree) -> Tree | None:
    """base + value [mask] for numbers."""
    if not isinstance(base, Number) or not isinstance(value, Number):
        return None
    if not _known(base.value) or not _known(value.value):
        return None
    if (base.value, value.value) == (1, -1):
        return complement(mask)
    return Where(mask, Number(_whole(Fraction(base.value) + Fraction(value.value))), base)


def _whole(value: Fraction) -> int | Fraction:
    return int(value) if value.denominator == 1 else value


def _split(term: Tree) -> tuple[Tree | None, Tree]:
    """The only comparison among the factors of a term, and the other factors."""
    sign, factors = _factors(term)
    masks = [factor for factor in factors if isinstance(factor, Greater | AtLeast)]
    if len(masks) != 1:
        return None, term
    rest = [factor for factor in factors if factor is not masks[0]]
    value = rest[0] if len(rest) == 1 else multiplied(rest) if rest else Number(1)
    return masks[0], value if sign == 1 else negated(value)


def _factors(term: Tree) -> tuple[int, list[Tree]]:
    match term:
        case Negative(operand):
            sign, factors = _factors(operand)
            return -sign, factors
        case Product(factors) | Hadamard(factors):
            parts = [
                _factors(factor) if isinstance(factor, Hadamard | Product) else (1, [factor]) for factor in factors
            ]
            return 1, [inner for _, several in parts for inner in several]
        case Quotient(over, Number(value)) if _known(value):
            sign, factors = _factors(over)
            found = [factor for factor in factors if not isinstance(factor, Number)]
            numbers = [factor.value for factor in factors if isinstance(factor, Number)]
            if len(found) + len(numbers) == len(factors) and all(map(_known, numbers)) and len(numbers) <= 1:
                number = Fraction(numbers[0] if numbers else 1) / Fraction(value)
                return sign, [Number(_whole(number)), *found]
    return 1, [term]


def multiplied(factors: Sequence[Tree]) -> Tree:
    """The product entry by entry, a number in front as a scalar."""
    if isinstance(factors[0], Number) and len(factors) > 1:
        rest = factors[1] if len(factors) == 2 else Hadamard(tuple(factors[1:]))
        return rest if factors[0] == Number(1) else Product((factors[0], rest))
    return Hadamard(tuple(factors))
