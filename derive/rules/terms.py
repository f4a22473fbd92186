"""A node as a sum of products of powers, with labels for axes, and back: the form in which formulas are simplified.

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

from derive.forward.nodes import Add, Constant, Contract, Delta, Input, Map, Node, Ones, Select, placeholder
from derive.forward.normal import add, apply, contract, zeros
from derive.forward.selected import is_split
from derive.forward.shape import Shape, Size
from derive.rules.selections import needless, taken_out

__all__ = [
    "MOST_TERMS",
    "Power",
    "Term",
    "Terms",
    "build",
    "cost",
    "flatten",
    "follow",
    "gathered",
    "is_backwards",
    "is_view",
    "opened",
    "raised",
    "replaced",
]

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
        powers = (replace(p, index=tuple(names.get(label, label) for label in p.index)) for p in self.powers)
        return replace(self, powers=tuple(powers))


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
            coefficient, powers = split(node, power.index)
            return None if powers == (power,) else [Term(coefficient, powers)]
    return None


def _raised_further(power: Power) -> list[Term] | None:
    """(c a^q)^p = c^p a^(pq) for whole p; for others it would lose the sign of a."""
    node = power.node
    if not power.exponent.is_integer or not is_view(node):
        return None
    if isinstance(node, Map):
        coefficient, (inner,) = split(node, power.index)
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


def split(node: Map, index: tuple[int, ...]) -> tuple[Expr, tuple[Power, ...]]:
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


def is_backwards(index: Sequence[int], others: Sequence[Sequence[int]], free: Sequence[int]) -> bool:
    """Whether the second label of a matrix in a product, and not its first, leads to the earlier axis of the result.

    others are the labels of the other factors. A matrix that makes a vector of another begins with the vector's axis.
    """
    first, second = index
    ends = _reached(first, others), _reached(second, others)
    for place, axis in enumerate(free):
        if axis in index:
            inner = ends[axis == first]
            return (axis == second) == ((first in free and second in free) or inner.isdisjoint(free[:place]))
        if (axis in ends[0]) != (axis in ends[1]):
            return (axis in ends[1]) == (place == 0 or len(free) == 1)
    return False


def _reached(label: int, rows: Sequence[Sequence[int]]) -> set[int]:
    """The labels that lead to one through factors that share a label."""
    found, pending = {label}, [label]
    while pending:
        here = pending.pop()
        for row in rows:
            if here in row:
                pending += [other for other in row if other not in found]
                found.update(row)
    return found


def build(terms: Terms) -> Node:
    """The node that computes the terms: every label is summed over as soon as no other factor has it."""
    made = [_product(term, terms) for term in terms.terms]
    return add(made) if made else zeros(terms.shape)


def _product(term: Term, terms: Terms) -> Node:
    absent = [label for label in terms.free if label not in term.labels()]
    if len(term.powers) == 1 and all(terms.size(term, label) == 1 for label in absent):
        # A sum with an axis of size 1 is the product with a row or a column of ones.
        ones = [Ones(Integer(1)) for _ in absent]
        operands = [Constant(term.coefficient), *ones, raised(term.powers[0])]
        return contract(operands, [(), *((label,) for label in absent), term.powers[0].index], terms.free)
    placed = _placed(term, terms)
    if placed is not None:
        return placed
    factors = taken_out([(raised(power), power.index) for power in term.powers], terms.free)
    # An axis of size 1 is stretched by what stands beside it.
    sizes = {label: size for node, index in factors for label, size in zip(index, node.shape, strict=True)}
    summed = [label for label, size in sizes.items() if label not in terms.free and size != 1]
    while summed:
        factors = _merged(factors)
        label = min(
            summed, key=lambda label: (_rank_after(label, factors), not _is_last(label, factors), summed.index(label))
        )
        touched = _scaled([factor for factor in factors if label in factor[1]])
        rest = [factor for factor in factors if label not in factor[1]]
        # Other labels that only these factors have are summed in the same step.
        elsewhere = {i for _, index in rest for i in index} | set(terms.free)
        gone = [i for i in summed if i == label or (any(i in index for _, index in touched) and i not in elsewhere)]
        kept = [i for i in dict.fromkeys(i for _, index in touched for i in index) if i not in gone]
        # Labels of the result come in its order, so that nothing is transposed back.
        ordered = iter(label for label in terms.free if label in kept)
        output = [next(ordered) if label in terms.free else label for label in kept]
        if len(output) == 2 and is_backwards(output, [index for _, index in rest], terms.free):
            output.reverse()
        node = contract([n for n, _ in touched], [index for _, index in touched], output)
        factors = [*rest, (node, tuple(output))]
        summed = [i for i in summed if i not in gone]
    factors = sorted(factors, key=lambda factor: _order(factor[0]))
    operands, rows = [n for n, _ in factors], [list(index) for _, index in factors]
    missing = [label for label in terms.free if not any(label in row for row in rows)]
    operands += [Ones(terms.shape[terms.free.index(label)]) for label in missing]
    rows += [[label] for label in missing]
    if term.coefficient != 1 or not operands:
        operands.insert(0, Constant(term.coefficient))
        rows.insert(0, [])
    return contract(operands, rows, list(terms.free))


def _placed(term: Term, terms: Terms) -> Node | None:
    """A product that selections put at its place along axes of the result; None if there are none.

    Source: Σ_p a_p [s = f(p)] is a with zeros beside it, or in another shape.
    """
    chosen: list[Power] = []
    free = list(terms.free)
    known = dict(zip(terms.free, terms.shape, strict=True))
    for power in term.powers:
        # On a diagonal, [s = 3k + k], two axes are one.
        if not isinstance(power.node, Select) or len(set(power.index)) < len(power.index):
            continue
        *inner, source = power.index
        others = {label for p in term.powers if p is not power for label in p.index}
        known |= dict(zip(power.index, power.node.shape, strict=True))
        if source in terms.free and source not in others and not set(inner) & set(free):
            free[free.index(source) : free.index(source) + 1] = inner
        elif is_split(power.node) and source not in free and not set(inner) & others and follow(inner, free):
            # An axis of what is computed is split at the end.
            free[free.index(inner[0]) : free.index(inner[-1]) + 1] = [source]
        else:
            continue
        chosen.append(power)
    if not chosen:
        return None
    rest = replace(term, powers=tuple(power for power in term.powers if power not in chosen))
    made = build(Terms((rest,), tuple(free), tuple(known[label] for label in free)))
    return contract([made, *(power.node for power in chosen)], [free, *(power.index for power in chosen)], terms.free)


def follow(labels: Sequence[int], free: Sequence[int]) -> bool:
    """Whether labels follow each other in this order."""
    start = free.index(labels[0]) if labels[0] in free else len(free)
    return list(free[start : start + len(labels)]) == list(labels)


def _order(node: Node) -> int:
    """Where a factor is written: gradients that arrive come first, sums last, as in G * S * (1 - S)."""
    if isinstance(node, Add) or (isinstance(node, Map) and node.function.is_Add):
        return 2
    return 0 if _has_gradient(node) else 1


def _has_gradient(node: Node) -> bool:
    """Whether a gradient that arrives is a factor."""
    while isinstance(node, Contract):
        if any(isinstance(part, Input) and part.gradient_of for part in node.operands):
            return True
        products = [part for part in node.operands if isinstance(part, Contract)]
        if len(products) != 1:
            return any(map(_has_gradient, products))
        (node,) = products
    return isinstance(node, Input) and bool(node.gradient_of)


def raised(power: Power) -> Node:
    """a^p as a node."""
    return power.node if power.exponent == 1 else apply(placeholder(0) ** power.exponent, [power.node])


_Factors = list[tuple[Node, tuple[int, ...]]]


def _rank_after(label: int, factors: _Factors) -> int:
    """How many axes are left when a label is summed over: the work, and what matrix notation can write."""
    return len({i for _, index in factors if label in index for i in index} - {label})


def _is_last(label: int, factors: _Factors) -> bool:
    """Whether a stack of matrices has the label last and a vector has it, so that A @ x says it."""
    rows = [index for _, index in factors if label in index]
    return (label,) in rows and any(len(index) > 2 and index[-1] == label for index in rows)


def _scaled(factors: _Factors) -> _Factors:
    """Vectors multiplied into a matrix with their label, one that was computed if there is one, an input else."""
    vectors = [factor for factor in factors if len(factor[1]) == 1]
    matrices = sorted((f for f in factors if len(f[1]) > 1), key=lambda f: isinstance(f[0], Input))
    if not vectors or len(matrices) < 2:
        return factors
    (node, index), *rest = matrices
    return [_multiplied([*vectors, (node, index)], index), *rest]


def _merged(factors: _Factors) -> _Factors:
    """Factors with the same labels multiplied, entry by entry."""
    alike: dict[frozenset[int], _Factors] = {}
    for node, index in factors:
        alike.setdefault(frozenset(index), []).append((node, index))
    for several in alike.values():
        several.sort(key=lambda factor: _order(factor[0]))
    return [several[0] if len(several) == 1 else _multiplied(several, several[0][1]) for several in alike.values()]


def _multiplied(factors: _Factors, index: tuple[int, ...]) -> tuple[Node, tuple[int, ...]]:
    """The product, with the labels of one of them, in which a diagonal a_ii has its label once."""
    output = tuple(dict.fromkeys(index))
    return contract([node for node, _ in factors], [row for _, row in factors], output), output


def replaced(terms: Terms, number: int, place: int, inner: Term) -> Terms:
    """The terms with one power of one term replaced by what it equals, a product."""
    term = terms.terms[number]
    powers = (*term.powers[:place], *inner.powers, *term.powers[place + 1 :])
    changed = gathered(Term(term.coefficient * inner.coefficient, powers), terms.free)
    return replace(terms, terms=(*terms.terms[:number], changed, *terms.terms[number + 1 :]))
