"""A node as a sum of products of powers, with labels for axes: the form in which formulas are simplified.

    Σ c · Π a_ij^p        over the labels that are not free

What the forward pass computes stays whole, so that a formula refers to it instead of repeating it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from math import prod

from sympy import Expr, Integer, Mul, Pow, Rational, Symbol

from derive.forward.nodes import Add, Constant, Contract, Delta, Map, Node, Ones, Select, placeholder
from derive.forward.normal import apply
from derive.forward.shape import Shape, Size
from derive.rules.selections import needless

__all__ = ["MOST_TERMS", "Power", "Term", "Terms", "cost", "flatten", "gathered", "is_view", "opened", "replaced"]

_ONE = Integer(1)


@dataclass(frozen=True, slots=True)
class Power:
    """a_ij^p, entry by entry."""

    node: Node
    index: tuple[int, ...]
    exponent: Rational = _ONE


@dataclass(frozen=True, slots=True)
class Term:
    """A coefficient, made of numbers and sizes, times powers; labels that are not free are summed over."""

    coefficient: Expr
    powers: tuple[Power, ...]

    def labels(self) -> tuple[int, ...]:
        """Every label, in the order of first occurrence."""
        return tuple(dict.fromkeys(label for power in self.powers for label in power.index))

    def renamed(self, names: dict[int, int]) -> Term:
        """The term with other labels."""
        powers = [Power(p.node, tuple([names.get(label, label) for label in p.index]), p.exponent) for p in self.powers]
        return Term(self.coefficient, tuple(powers))


@dataclass(frozen=True, slots=True)
class Terms:
    """A sum of terms; free are the labels of the axes of the result, shape their sizes."""

    terms: tuple[Term, ...]
    free: tuple[int, ...]
    shape: Shape

    def size(self, term: Term, label: int) -> Size:
        """The size of a label."""
        if label in self.free:
            return self.shape[self.free.index(label)]
        return next(
            size for p in term.powers for name, size in zip(p.index, p.node.shape, strict=True) if name == label
        )


def cost(term: Term, free: Collection[int]) -> Expr:
    """How many factors and sums a term has, each power counting as its exponent says."""
    sums = sum(label not in free for label in term.labels())
    return sum((abs(power.exponent) for power in term.powers), Integer(sums))


def is_view(node: Node) -> bool:
    """Whether a node merely scales, transposes, repeats or raises one other node to a power."""
    plain = (Constant, Ones, Delta)
    match node:
        case Contract():
            return not node.summed() and sum(not isinstance(operand, plain) for operand in node.operands) <= 1
        case Map((operand,), function):
            return function.as_coeff_Mul()[1].as_base_exp()[0] == placeholder(0) and operand is not None
    return False


MOST_TERMS = 24
"""A node that is a sum of more terms is not multiplied out."""


def flatten(node: Node, whole: Collection[Node], *, most: int = MOST_TERMS) -> Terms | None:
    """The node as terms; nodes among `whole` are not taken apart. None if there are too many.

    Sums are distributed, contractions opened, products of scalar functions split into their factors.
    Source: the distributive law, and renaming of summed indices.
    """
    free = tuple(range(len(node.shape)))
    return opened(Terms((Term(_ONE, (Power(node, free),)),), free, node.shape), whole, most=most)


def opened(terms: Terms, whole: Collection[Node], *, most: int = MOST_TERMS) -> Terms | None:
    """The terms with everything taken apart that is not among `whole`; None if there are too many."""
    fresh = count(max((label for term in terms.terms for label in (*term.labels(), *terms.free)), default=-1) + 1)
    done: list[Term] = []
    pending = list(reversed(terms.terms))
    while pending:
        if len(pending) + len(done) > most:
            return None
        term = pending.pop()
        for place, power in enumerate(term.powers):
            parts = None if power.node in whole and not is_view(power.node) else _opened(power, fresh)
            if parts is not None:
                around = term.powers[:place], term.powers[place + 1 :]
                pending += [
                    Term(term.coefficient * part.coefficient, (*around[0], *part.powers, *around[1]))
                    for part in reversed(parts)
                ]
                break
        else:
            done.append(gathered(term, terms.free))
    return replace(terms, terms=tuple(term for term in done if term.coefficient != 0))


def _opened(power: Power, fresh: Iterator[int]) -> list[Term] | None:
    """What a node is the sum of; None if it is to stay as it is."""
    node = power.node
    if power.exponent != 1:
        return _raised_further(power)
    match node:
        case Constant():
            return [Term(node.value, ())]
        case Add():
            return [Term(_ONE, (Power(operand, power.index),)) for operand in node.operands]
        case Contract():
            names = dict(zip(node.output, power.index, strict=True))
            names.update((index, next(fresh)) for index in node.summed())
            rows = zip(node.operands, node.indices, strict=True)
            return [Term(_ONE, tuple(Power(operand, tuple(names[i] for i in row)) for operand, row in rows))]
        case Map():
            coefficient, powers = _split_at(node, power.index)
            return None if powers == (power,) else [Term(coefficient, powers)]
    return None


def _raised_further(power: Power) -> list[Term] | None:
    """(c a^q)^p = c^p a^(pq) for whole p; for others it would lose the sign of a."""
    node = power.node
    if not power.exponent.is_integer or not is_view(node):
        return None
    if isinstance(node, Map):
        coefficient, (inner,) = _split_at(node, power.index)
        return [Term(coefficient**power.exponent, (replace(inner, exponent=inner.exponent * power.exponent),))]
    if not isinstance(node, Contract) or _value(node) == 0:
        return None
    if any(isinstance(operand, Delta | Contract) for operand in node.operands):
        # What has been summed is a mean or a variance with its coefficient.
        return None
    names = dict(zip(node.output, power.index, strict=True))
    rows = zip(node.operands, node.indices, strict=True)
    factors = [(operand, tuple(names[i] for i in row)) for operand, row in rows if not isinstance(operand, Constant)]
    powers = (Power(o, row, _ONE if isinstance(o, Ones) else power.exponent) for o, row in factors)
    return [Term(_value(node) ** power.exponent, tuple(powers))]


def _value(node: Contract) -> Expr:
    """The number in front of a product."""
    return prod((o.value for o in node.operands if isinstance(o, Constant)), start=_ONE)


def _split_at(node: Map, index: tuple[int, ...]) -> tuple[Expr, tuple[Power, ...]]:
    """A scalar function as a coefficient and powers: 2 a / b becomes 2 · a · b^(-1)."""
    coefficient, powers = _split(node)
    return coefficient, tuple([Power(base, index, exponent) for base, exponent in powers])


@lru_cache(maxsize=512)
def _split(node: Map) -> tuple[Expr, tuple[tuple[Node, Rational], ...]]:
    places = {placeholder(place): operand for place, operand in enumerate(node.operands)}
    coefficient, rest = node.function.as_coeff_Mul()
    powers: list[tuple[Node, Rational]] = []
    for factor in Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if not factor.has(*places):
            # Of irrational numbers, such as pi, SymPy makes no coefficient.
            coefficient = coefficient * factor
        elif base in places and isinstance(exponent, Rational):
            powers.append((places[base], exponent))
        elif isinstance(factor, Pow) and isinstance(exponent, Rational) and not isinstance(base, Symbol):
            powers.append((_mapped(base, node.operands), exponent))
        else:
            powers.append((_mapped(factor, node.operands), _ONE))
    if coefficient == 1 and len(powers) == 1 and powers[0][1] == 1:
        return _ONE, ((node, _ONE),)
    return coefficient, tuple(powers)


def _mapped(function: Expr, operands: Sequence[Node]) -> Node:
    """The function of those operands that it uses."""
    used = [place for place in range(len(operands)) if placeholder(place) in function.free_symbols]
    names = {placeholder(place): placeholder(number) for number, place in enumerate(used)}
    return apply(function.xreplace(names), [operands[place] for place in used])


def gathered(term: Term, free: tuple[int, ...]) -> Term:
    """Deltas contracted, ones dropped, powers of one base put together.

    Source: Σ_j δ_ij a_j = a_i, Σ_j 1 = the size of j, a^p a^q = a^(p+q).
    """
    coefficient, powers = term.coefficient, list(term.powers)
    while (fewer := _without_selects(powers, free)) is not None:
        powers = _without_deltas(fewer, free)
        if any(isinstance(power.node, Constant) and power.node.value == 0 for power in powers):
            return Term(Integer(0), ())
    powers = _without_deltas(powers, free)
    bases: dict[tuple[Node, tuple[int, ...]], Rational] = {}
    for power in powers:
        key = (power.node, power.index)
        bases[key] = bases.get(key, Integer(0)) + power.exponent
    carried = {label for (node, index), p in bases.items() if p and not isinstance(node, Ones) for label in index}
    sums = {label: size for power in powers for label, size in zip(power.index, power.node.shape, strict=True)}
    for label, size in sums.items():
        if label not in carried and label not in free:
            coefficient = coefficient * size
    left = (Power(node, index, p) for (node, index), p in bases.items() if p and not isinstance(node, Ones))
    return Term(coefficient, tuple(left))


def _without_deltas(powers: list[Power], free: tuple[int, ...]) -> list[Power]:
    place = 0
    while place < len(powers):
        power = powers[place]
        if isinstance(power.node, Delta):
            first, second = power.index
            if first == second:
                powers[place] = Power(Ones(power.node.size), (first,))
                continue
            gone, kept = (second, first) if second not in free else (first, second)
            if gone not in free:
                rest = Term(_ONE, (*powers[:place], *powers[place + 1 :])).renamed({gone: kept})
                powers, place = [*rest.powers, Power(Ones(power.node.size), (kept,))], 0
                continue
        place += 1
    return powers


def _without_selects(powers: list[Power], free: tuple[int, ...]) -> list[Power] | None:
    """The factors without a selection that is not needed beside the others; None if there is none."""
    if not any(isinstance(power.node, Select) for power in powers):
        return None
    found = needless([(power.node, power.index) for power in powers], free)
    if found is None:
        return None
    kept = [power for place, power in enumerate(powers) if place not in found.gone]
    return [*kept, *(Power(node, index) for node, index in found.added)]


def replaced(terms: Terms, number: int, place: int, inner: Term) -> Terms:
    """The terms with one power of one term replaced by what it equals, a product."""
    term = terms.terms[number]
    powers = (*term.powers[:place], *inner.powers, *term.powers[place + 1 :])
    changed = gathered(Term(term.coefficient * inner.coefficient, powers), terms.free)
    return replace(terms, terms=(*terms.terms[:number], changed, *terms.terms[number + 1 :]))
