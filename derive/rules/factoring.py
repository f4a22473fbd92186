"""Takes common factors and coefficients out of sums of products: a b + a c = a (b + c)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, combinations, count

from sympy import Expr, Integer

from derive.forward.functions import equal, step
from derive.forward.joined import cover
from derive.forward.nodes import Constant, Contract, Map, Node, Ones, Select
from derive.forward.normal import add, contract
from derive.forward.selected import is_split
from derive.rules.build import build, follow, raised
from derive.rules.matching import matches
from derive.rules.selections import taken_out
from derive.rules.terms import Power, Term, Terms

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
    made = _split(terms, inside=inside) or _beside(terms, inside=inside)
    if made is not None:
        return made
    terms = _closed(terms)
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
            if any(_is_place(power, terms.free) for power in unit):
                continue
            places = _places(term, terms.free)
            sharing = [item for item in _sharing(unit, terms) if _places(item[1], terms.free) == places]
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
    units = [_unit(power) for power in term.powers]
    pairs = (pair for pair in combinations(units, 2) if {*pair[0].index} & {*pair[1].index} - {*free})
    return [*((unit,) for unit in units), *pairs]


def _unit(power: Power) -> Power:
    """a for a³, 1/a for a^(-2), which can be taken out of more terms."""
    whole = power.exponent != 1 and power.exponent.is_integer
    return replace(power, exponent=power.exponent / abs(power.exponent)) if whole else power


def _closed(terms: Terms) -> Terms:
    """The terms with what a selection takes out of a factor as a factor of its own, so that both stay together."""
    if not any(isinstance(power.node, Select) for term in terms.terms for power in term.powers):
        return terms
    made = []
    for term in terms.terms:
        labels = {label for power in term.powers if isinstance(power.node, Select) for label in power.index}
        touched = [power.exponent != 1 and bool(labels & set(power.index)) for power in term.powers]
        powers = [Power(raised(p), p.index) if t else p for p, t in zip(term.powers, touched, strict=True)]
        factors = [(power.node, power.index) for power in powers]
        before = {id(factor): power for factor, power in zip(factors, powers, strict=True)}
        after = taken_out(factors, terms.free)
        made.append(replace(term, powers=tuple(before.get(id(factor)) or Power(*factor) for factor in after)))
    return replace(terms, terms=tuple(made))


def _split(terms: Terms, *, inside: bool) -> Node | None:
    """An axis of the whole sum that is split into several of the result: (A + B).reshape(2, 3).

    Source: Σ_s (a_s + b_s) [s = f(p)] = (a + b)_f(p).
    """
    for power in terms.terms[0].powers if len(terms.terms) > 1 else ():
        if not isinstance(power.node, Select) or len(power.index) < 3 or not _splits(power, terms.terms[0], terms.free):
            continue
        found = [
            next((p for p in t.powers if _is_alike(p, power) and _splits(p, t, terms.free)), None) for t in terms.terms
        ]
        if None in found:
            continue
        (*inner, source), place = power.index, terms.free.index(power.index[0])
        bare = [
            replace(t, powers=tuple(p for p in t.powers if p is not own)).renamed({source: -1, own.index[-1]: source})
            for t, own in zip(terms.terms, found, strict=True)
            if own is not None
        ]
        free = (*terms.free[:place], source, *terms.free[place + len(inner) :])
        shape = (*terms.shape[:place], power.node.source, *terms.shape[place + len(inner) :])
        made = _factored(Terms(tuple(bare), free, shape), inside=inside, within=False)
        return contract([made, power.node], [free, power.index], terms.free)
    return None


def _splits(power: Power, term: Term, free: tuple[int, ...]) -> bool:
    """Whether a selection splits an axis, and nothing else has the axes that this gives."""
    *inner, source = power.index
    others = {label for p in term.powers if p is not power for label in p.index}
    return (
        isinstance(power.node, Select)
        and is_split(power.node)
        and source not in free
        and len(set(inner)) == len(inner)
        and not set(inner) & others
        and follow(inner, free)
    )


def _is_alike(power: Power, other: Power) -> bool:
    return power.node is other.node and power.index[:-1] == other.index[:-1]


def _beside(terms: Terms, *, inside: bool) -> Node | None:
    """[A, B]: terms that selections put beside each other along an axis of the result, so that they cover it.

    Terms that are put at one place are added up before.
    Source: Σ_k a_k [s = f_k(p)], where every s is one f_k(p), is an array of parts.
    """
    for axis in terms.free if len(terms.terms) > 1 else ():
        groups: dict[Node, list[Term]] = {}
        for term in terms.terms:
            placing = [power for power in term.powers if axis in power.index]
            if len(placing) != 1 or not _is_place(placing[0], terms.free) or placing[0].index[-1] != axis:
                break
            groups.setdefault(placing[0].node, []).append(term)
        else:
            order = cover([node for node in groups if isinstance(node, Select)])
            if order is not None or len(groups) == 1:
                return _joined(terms, axis, [list(groups.items())[place] for place in order or [0]], inside=inside)
            if len(groups) < len(terms.terms):
                return add([_joined(terms, axis, [group], inside=inside) for group in groups.items()])
    return None


def _joined(terms: Terms, axis: int, groups: Sequence[tuple[Node, Sequence[Term]]], *, inside: bool) -> Node:
    """The parts, each with its common factors taken out, and a coefficient that all have in front."""
    common = _common([term.coefficient for _, several in groups for term in several])
    parts = []
    for node, several in groups:
        rows = [
            next(p.index for p in term.powers if _is_place(p, terms.free) and p.index[-1] == axis) for term in several
        ]
        (*inner, _), *_ = rows
        bare = []
        for term, row in zip(several, rows, strict=True):
            rest = tuple(p for p in term.powers if not (p.node is node and p.index == row))
            names = dict(zip(row[:-1], inner, strict=True))
            clash = {label: old for old, label in names.items() if old != label}
            bare.append(Term(term.coefficient / common, rest).renamed({**clash, **names}))
        place = terms.free.index(axis)
        free = (*terms.free[:place], *inner, *terms.free[place + 1 :])
        shape = (*terms.shape[:place], *node.shape[:-1], *terms.shape[place + 1 :])
        made = _factored(Terms(tuple(bare), free, shape), inside=inside, within=False)
        parts.append(contract([made, node], [free, (*inner, axis)], terms.free))
    axes = range(len(terms.free))
    return contract([Constant(common), add(parts)], [(), axes], axes)


def _is_place(power: Power, free: Sequence[int]) -> bool:
    """Whether a selection puts something at its place along an axis of the result."""
    if not isinstance(power.node, Select):
        return False
    *inner, place = power.index
    # On a diagonal, [s = 3k + k], two axes are one.
    return place in free and len(set(inner)) == len(inner) and not set(inner) & set(free)


def _places(term: Term, free: Sequence[int]) -> set[tuple[Node, int]]:
    """What a term is put at its place by, along axes that a sum in parentheses would mix up."""
    return {(p.node, p.index[-1]) for p in term.powers if _is_place(p, free) and len(p.index) > 1}


def shared_by_all(terms: Terms) -> tuple[Power, Terms] | None:
    """A factor that all of several terms have, and what is left of them; None if there is none."""
    for power in terms.terms[0].powers if len(terms.terms) > 1 else ():
        unit = _unit(power)
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
    if all(coefficient in (1, -1) for coefficient in coefficients):
        return Integer(1)

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
