"""Takes common factors and coefficients out of sums of products: a b + a c = a (b + c)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, combinations, count

from sympy import Expr, Integer

from derive.forward.functions import equal, step
from derive.forward.nodes import Constant, Contract, Map, Node, Ones
from derive.forward.normal import add, contract
from derive.rules.matching import matches
from derive.rules.terms import Power, Term, Terms, build

__all__ = ["factored", "shared_by_all"]


def factored(terms: Terms, *, inside: bool = True) -> Node:
    """a b + a c = a (b + c), for the factor that most terms have, then for the next.

    inside is whether in parentheses factors with labels of their own are taken out as well: (A - B) x for A x - B x.
    Source: the distributive law.
    """
    return _factored(terms, inside=inside, within=False)


def _factored(terms: Terms, *, inside: bool, within: bool) -> Node:
    added = sorted((t.coefficient for t in terms.terms), key=lambda value: bool(value.could_extract_minus_sign()))
    common = _common(added) if len(added) > 1 else Integer(1)
    if common != 1:
        scaled = tuple(replace(term, coefficient=term.coefficient / common) for term in terms.terms)
        axes = list(range(len(terms.free)))
        inner = _factored(replace(terms, terms=scaled), inside=inside, within=within)
        return contract([Constant(common), inner], [[], axes], axes)
    best: list[tuple[int, Term]] = []
    chosen: tuple[Power, ...] = ()
    for term in terms.terms:
        for unit in _units(term, terms.free):
            if within and not inside and not {i for power in unit for i in power.index} <= {*terms.free}:
                continue
            nodes = [power.node for power in unit]
            having = sum(all(any(p.node is node for p in other.powers) for node in nodes) for other in terms.terms)
            if having <= max(1, len(best)):
                continue
            sharing = _sharing(unit, terms)
            if len(sharing) > max(1, len(best)) and len(_kept(sharing, unit, terms)) <= max(2, len(terms.free)):
                best, chosen = sharing, unit
    if not chosen:
        return _built(terms)
    numbers = {number for number, _ in best}
    inner_free = _kept(best, chosen, terms)
    whole = {i: size for power in chosen for i, size in zip(power.index, power.node.shape, strict=True)}
    whole |= dict(zip(terms.free, terms.shape, strict=True))
    bracket = Terms(tuple(term for _, term in best), inner_free, tuple(whole[i] for i in inner_free))
    inner = _factored(bracket, inside=inside, within=True)
    outer = build(Terms((Term(Integer(1), (*chosen, *_factors(inner, inner_free))),), terms.free, terms.shape))
    rest = tuple(term for number, term in enumerate(terms.terms) if number not in numbers)
    return add([outer, _factored(replace(terms, terms=rest), inside=inside, within=within)]) if rest else outer


def _factors(node: Node, index: tuple[int, ...]) -> tuple[Power, ...]:
    """What is left in parentheses; of a product entry by entry its factors, to stand beside those taken out."""
    if not isinstance(node, Contract) or node.summed() or any(isinstance(o, Constant | Ones) for o in node.operands):
        return (Power(node, index),)
    names = dict(zip(node.output, index, strict=True))
    rows = zip(node.operands, node.indices, strict=True)
    return tuple(Power(operand, tuple(names[i] for i in row)) for operand, row in rows)


def _units(term: Term, free: Sequence[int]) -> list[tuple[Power, ...]]:
    """What may be taken out of a term: each of its factors, and after them two that share a label of their own."""
    units = [
        replace(power, exponent=power.exponent / abs(power.exponent)) if power.exponent.is_integer else power
        for power in term.powers
    ]
    pairs = (pair for pair in combinations(units, 2) if {*pair[0].index} & {*pair[1].index} - {*free})
    return [*((unit,) for unit in units), *pairs]


def shared_by_all(terms: Terms) -> tuple[Power, Terms] | None:
    """A factor that all of several terms have, and what is left of them; None if there is none."""
    for power in terms.terms[0].powers if len(terms.terms) > 1 else ():
        unit = replace(power, exponent=power.exponent / abs(power.exponent)) if power.exponent.is_integer else power
        sharing = _sharing((unit,), terms)
        kept = _kept(sharing, (unit,), terms)
        if len(sharing) == len(terms.terms) and len(kept) <= max(2, len(terms.free)):
            sizes = dict(zip(unit.index, unit.node.shape, strict=True)) | dict(
                zip(terms.free, terms.shape, strict=True)
            )
            return unit, Terms(tuple(term for _, term in sharing), kept, tuple(sizes[i] for i in kept))
    return None


def _kept(sharing: Sequence[tuple[int, Term]], unit: Sequence[Power], terms: Terms) -> tuple[int, ...]:
    """The labels that the sum in parentheses has: free ones, and those that it shares with the factor.

    They come as in a product of matrices: the last axis of the result after what is summed over.
    """
    own = {i for power in unit for i in power.index}
    found = {i for _, term in sharing for i in term.labels() if i in terms.free or i in own}
    kept = tuple(sorted(found, key=lambda label: (label not in terms.free, label)))
    # In the order in which most matrices have them nothing is transposed.
    rows = [power.index for _, term in sharing for power in term.powers]
    return kept[::-1] if len(kept) == 2 and rows.count(kept[::-1]) > rows.count(kept) else kept


def _sharing(unit: Sequence[Power], terms: Terms) -> list[tuple[int, Term]]:
    """The terms that have a factor, with what is left of them; its summed labels are called the same in all."""
    found = []
    own = [i for power in unit for i in power.index]
    first = 1 + max(chain(own, terms.free, *(term.labels() for term in terms.terms)), default=0)
    for number, term in enumerate(terms.terms):
        for rest, names in matches(unit, term.powers, {}, bound=terms.free):
            # Labels of the others are moved clear of those of the factor.
            back = {new: old for old, new in names.items()}
            others = (i for i in term.labels() if i not in back and i not in terms.free)
            clear = dict(zip(others, count(first)))
            found.append((number, Term(term.coefficient, rest).renamed({**clear, **back})))
            break
    return found


def _built(terms: Terms) -> Node:
    """The terms, a coefficient that all have in front."""
    if len(terms.terms) > 1:
        # What is added comes before what is subtracted.
        ordered = sorted(terms.terms, key=lambda term: bool(term.coefficient.could_extract_minus_sign()))
        terms = replace(terms, terms=tuple(ordered))
        common = Integer(1) if _is_choice(ordered) else _common([term.coefficient for term in ordered])
        if common != 1:
            scaled = tuple(replace(term, coefficient=term.coefficient / common) for term in ordered)
            axes = list(range(len(terms.free)))
            return contract([Constant(common), build(replace(terms, terms=scaled))], [[], axes], axes)
    return build(terms)


def _is_choice(terms: Sequence[Term]) -> bool:
    """Whether the sum is a number where a condition holds and another elsewhere: 0.01 + 0.99 [x > 0]."""
    masks = [power for term in terms for power in term.powers]
    return (
        len(terms) == 2
        and len(masks) == 1
        and isinstance(masks[0].node, Map)
        and isinstance(masks[0].node.function, step | equal)
    )


def _common(coefficients: Sequence[Expr]) -> Expr:
    """The coefficient, up to its sign, that is shortest to write once, with what is left of the others."""

    def written(common: Expr) -> int:
        left = (coefficient / common for coefficient in coefficients)
        return _digits(common) + sum(map(_digits, left))

    candidates = (
        c for c in (*coefficients, *(-c for c in coefficients)) if not any(_has_size(b / c) for b in coefficients)
    )
    found = min((Integer(1), *candidates), key=written)
    return found if found != -1 else Integer(1)


def _has_size(coefficient: Expr) -> bool:
    """Whether a size stands above the line: then a mean would be written as a sum."""
    return bool(coefficient.as_numer_denom()[0].free_symbols)


def _digits(coefficient: Expr) -> int:
    """How many characters a coefficient takes before a factor; its sign joins the terms."""
    size = -coefficient if coefficient.could_extract_minus_sign() else coefficient
    return 0 if size == 1 else len(str(size)) + 3
