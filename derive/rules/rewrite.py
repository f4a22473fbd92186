"""Makes a formula as short as one would write it: a table of named equalities between sums of products.

    like terms              a b + b a = 2 a b
    forward function        1 - tanh(u)² = 1 - T²            where the forward pass computes T = tanh(u)
    forward value           exp(u) / s = P                   where it computes P
    forward factor          a / (a b) = 1 / b                where it computes a b
    forward power           u^(-1/2) = 1 / s                 where it computes s = √u
    constant sum            Σ_j (x_j - Σ_k x_k / N) = 0      what its own definition adds up to
    common factor           a b + a c = a (b + c)

Every rule makes the terms fewer or the factors fewer, so they come to an end; every application is recorded, and
`proof` evaluates both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, count

from sympy import Expr, Integer, cancel, expand

from derive.forward.idioms import idiom
from derive.forward.nodes import Add, Constant, Contract, Delta, Input, Map, Node, Ones, placeholder, topological
from derive.forward.normal import add, apply, contract
from derive.rules.length import lengths
from derive.rules.terms import MOST_TERMS, Power, Term, Terms, build, cost, flatten, gathered, is_view, opened
from derive.steps import Reason, Step

__all__ = ["REWRITES", "Forward", "regrouped", "simplify"]


@dataclass(frozen=True)
class Forward:
    """What the forward pass computes, to which a formula may refer; some of it may be left out.

    rules are tried before all others: what is assumed of inputs.
    """

    output: Node
    without: frozenset[Node] = frozenset()
    rules: tuple[tuple[Reason, Rewrite], ...] = ()

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Its values, later ones first."""
        plain = (Constant, Ones, Delta)
        found = [node for node in topological(self.output) if not isinstance(node, plain) and not is_view(node)]
        kept = [node for node in reversed(found) if node not in self.without]
        return (*(node for node in map(_share, kept) if node is not None), *kept)

    @cached_property
    def whole(self) -> frozenset[Node]:
        """The same, for looking up."""
        return frozenset(self.nodes)

    @cached_property
    def functions(self) -> Forward:
        """The same without sums, and without products of inputs."""
        plain: set[Node] = set()
        for node in topological(self.output):
            parts = [o for o in node.operands if not isinstance(o, Constant | Ones | Delta)]
            if isinstance(node, Input | Add) or (isinstance(node, Contract) and all(o in plain for o in parts)):
                plain.add(node)
        return Forward(self.output, self.without | plain, self.rules)

    @cached_property
    def patterns(self) -> tuple[tuple[Node, Term], ...]:
        """Its products, each with what it is the product of; the axes are labelled by their numbers."""
        found = []
        for node in self.nodes:
            if isinstance(node, Contract):
                made = flatten(node, self.whole - {node})
                term = made.terms[0] if made is not None and len(made.terms) == 1 else None
                if term and (len(term.powers) > 1 or cost(term, range(len(node.shape))) > 1):
                    found.append((node, term))
        return tuple(found)

    @cached_property
    def roots(self) -> tuple[tuple[Node, Power, Expr], ...]:
        """Its powers: the node, the power that it is, and the coefficient."""
        found = []
        for node in topological(self.output):
            if isinstance(node, Map) and is_view(node):
                made = flatten(node, self.whole)
                term = made.terms[0] if made is not None and len(made.terms) == 1 else None
                if term and len(term.powers) == 1 and not term.powers[0].exponent.is_integer and term.coefficient == 1:
                    found.append((node, term.powers[0], term.coefficient))
        return tuple(found)


def _share(node: Node) -> Node | None:
    """Softmax, for its logsumexp: the gradient has it where the forward pass has not."""
    found = idiom(node) if isinstance(node, Map) else None
    if found is None or found.function != "logsumexp":
        return None
    (total,) = node.operands
    powers = next(operand for operand in total.operands if isinstance(operand, Map))
    axes = range(len(powers.shape))
    kept = [axis for axis in axes if axis not in found.axes]
    return contract([powers, apply(1 / placeholder(0), [total])], [axes, kept], axes)


Rewrite = Callable[[Terms, Forward], Terms | None]


def like_terms(terms: Terms, forward: Forward) -> Terms | None:
    """a b + b a = 2 a b: terms that differ in coefficient and names of summed labels alone are put together.

    Source: the distributive law.
    """
    found: dict[object, Term] = {}
    for term in terms.terms:
        key = next((k for k, other in found.items() if _alike(term, other, terms.free)), len(found))
        kept = found.get(key)
        found[key] = term if kept is None else replace(kept, coefficient=kept.coefficient + term.coefficient)
    merged = tuple(term for term in found.values() if not _is_zero(term.coefficient))
    return replace(terms, terms=merged) if len(merged) < len(terms.terms) else None


def _is_zero(coefficient: Expr) -> bool:
    """Whether a number, or an expression in sizes, is 0."""
    return bool(coefficient == 0 or (coefficient.is_Add and (expand(coefficient) == 0 or cancel(coefficient) == 0)))


def _alike(first: Term, second: Term, free: tuple[int, ...]) -> bool:
    return len(first.powers) == len(second.powers) and any(
        not rest for rest, _ in _matches(second.powers, first.powers, {label: label for label in free}, bound=free)
    )


def forward_function(terms: Terms, forward: Forward) -> Terms | None:
    """1 - tanh(u)² = 1 - T² where the forward pass computes T = tanh(u).

    Source: a function of a value that is known by name is the function of that name.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            if isinstance(power.node, Map) and power.node not in forward.whole:
                known = _in_forward_functions(power.node, forward)
                if known is not None:
                    made = flatten(known, forward.whole)
                    free = tuple(range(len(known.shape)))
                    (inner,) = (
                        made.terms
                        if made is not None and len(made.terms) == 1
                        else (Term(Integer(1), (Power(known, free),)),)
                    )
                    named = inner.renamed(dict(zip(free, power.index, strict=True)))
                    if power.exponent != 1:
                        named = Term(Integer(1), (Power(known, power.index, power.exponent),))
                    return _replaced(terms, number, place, named)
    return None


def _in_forward_functions(node: Map, forward: Forward) -> Node | None:
    function = node.function
    operands = list(node.operands)
    for other in forward.nodes:
        if isinstance(other, Map) and all(operand in node.operands for operand in other.operands):
            places = {placeholder(k): placeholder(node.operands.index(o)) for k, o in enumerate(other.operands)}
            inner = other.function.xreplace(places)
            fresh = placeholder(len(operands))
            changed = function.subs(inner, fresh)
            if fresh in changed.free_symbols:
                function = changed
                operands.append(other)
    used = [place for place in range(len(operands)) if placeholder(place) in function.free_symbols]
    if any(place < len(node.operands) for place in used) or not used:
        return None
    names = {placeholder(place): placeholder(number) for number, place in enumerate(used)}
    return apply(function.xreplace(names), [operands[place] for place in used])


def _replaced(terms: Terms, number: int, place: int, inner: Term) -> Terms:
    term = terms.terms[number]
    powers = (*term.powers[:place], *inner.powers, *term.powers[place + 1 :])
    changed = gathered(Term(term.coefficient * inner.coefficient, powers), terms.free, terms.shape)
    return replace(terms, terms=(*terms.terms[:number], changed, *terms.terms[number + 1 :]))


def forward_value(terms: Terms, forward: Forward) -> Terms | None:
    """exp(u) / s = P where the forward pass computes P: a product that it has computed is referred to.

    Source: a value that is known by name is that name.
    """
    for number, term in enumerate(terms.terms):
        for node, pattern in forward.patterns:
            axes = tuple(range(len(node.shape)))
            for rest, names in _matches(pattern.powers, term.powers, {}, bound=()):
                inner = {label for label in pattern.labels() if label not in axes}
                left = {label for power in rest for label in power.index} | set(terms.free)
                summed = {names[label] for label in inner}
                if summed & left or len(set(names.values())) < len(names) or not all(a in names for a in axes):
                    continue
                found = Power(node, tuple(names[axis] for axis in axes))
                made = gathered(Term(term.coefficient / pattern.coefficient, (*rest, found)), terms.free, terms.shape)
                if cost(made, terms.free) < cost(term, terms.free):
                    return replace(terms, terms=(*terms.terms[:number], made, *terms.terms[number + 1 :]))
    return None


def _matches(
    pattern: Sequence[Power], powers: tuple[Power, ...], names: dict[int, int], *, bound: tuple[int, ...]
) -> Iterator[tuple[tuple[Power, ...], dict[int, int]]]:
    """The ways to find the pattern among the powers: what is left of them, and the labels that its labels became."""
    if not pattern:
        yield powers, names
        return
    first, *rest = pattern
    for place, power in enumerate(powers):
        if power.node is not first.node or not _divides(first.exponent, power.exponent):
            continue
        known = dict(names)
        if any(known.setdefault(a, b) != b for a, b in zip(first.index, power.index, strict=True)):
            continue
        # A label that is bound is itself and nothing else.
        moved = any(a != b and (a in bound or b in bound) for a, b in known.items())
        if moved or len(set(known.values())) < len(known):
            continue
        left = power.exponent - first.exponent
        remaining = (*powers[:place], *((replace(power, exponent=left),) if left else ()), *powers[place + 1 :])
        yield from _matches(rest, remaining, known, bound=bound)


def _divides(part: Expr, whole: Expr) -> bool:
    """Whether a power has another as a factor, leaving a whole power of that, of the same sign."""
    rest = whole - part
    return bool(part == whole or (part * whole > 0 and rest * whole > 0 and (rest / part).is_integer))


def forward_power(terms: Terms, forward: Forward) -> Terms | None:
    """u^(-1/2) = 1 / s where the forward pass computes s = √u.

    Source: (a^q)^p = a^(pq) for whole p.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            if power.exponent.is_integer:
                continue
            for node, root, _ in forward.roots:
                times = power.exponent / root.exponent
                if root.node is power.node and times.is_integer and node is not power.node:
                    back = dict(zip(root.index, power.index, strict=True))
                    index = tuple(back[axis] for axis in range(len(node.shape)))
                    changed = (*term.powers[:place], Power(node, index, times), *term.powers[place + 1 :])
                    made = replace(term, powers=changed)
                    return replace(terms, terms=(*terms.terms[:number], made, *terms.terms[number + 1 :]))
    return None


def forward_factor(terms: Terms, forward: Forward) -> Terms | None:
    """a / (a b) = 1 / b where the forward pass computes the product a b.

    Source: a factor that is above and below is left out.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            pattern = dict(forward.patterns).get(power.node)
            if pattern is None or not power.exponent.is_integer or _sums(pattern, power.node):
                continue
            inner = pattern.renamed(dict(enumerate(power.index)))
            powers = tuple(replace(p, exponent=p.exponent * power.exponent) for p in inner.powers)
            changed = _replaced(terms, number, place, Term(inner.coefficient**power.exponent, powers))
            if cost(changed.terms[number], terms.free) < cost(term, terms.free):
                return changed
    return None


def _sums(term: Term, node: Node) -> bool:
    return any(label >= len(node.shape) for label in term.labels())


def constant_sum(terms: Terms, forward: Forward) -> Terms | None:
    """Σ_j a_j = c where that follows from how the forward pass computes a: centred values add up to 0, softmax to 1.

    Source: the definition of a, summed.
    """
    for number, term in enumerate(terms.terms):
        for place, power in enumerate(term.powers):
            if power.exponent != 1 or power.node not in forward.whole or isinstance(power.node, Input | Map):
                continue
            others = {i for p in (*term.powers[:place], *term.powers[place + 1 :]) for i in p.index} | set(terms.free)
            gone = [axis for axis, label in enumerate(power.index) if label not in others]
            if not gone:
                continue
            value = _summed(power.node, tuple(gone), forward)
            if value is not None:
                inner = Term(value, ())
                changed = _replaced(terms, number, place, inner)
                return replace(changed, terms=tuple(t for t in changed.terms if t.coefficient != 0))
    return None


def _summed(node: Node, axes: tuple[int, ...], forward: Forward) -> Expr | None:
    """What a value of the forward pass adds up to along axes, if that is a number."""
    rank = len(node.shape)
    kept = [axis for axis in range(rank) if axis not in axes]
    total = contract([node], [list(range(rank))], kept)
    # What the value is made of is summed by the same rules, but not in terms of the value itself.
    below = Forward(node, frozenset({node}))
    terms = flatten(total, below.whole)
    if terms is None:
        return None
    settled = _settled(terms, below, (like_terms, constant_sum, forward_value))
    if not settled.terms:
        return Integer(0)
    if len(settled.terms) == 1 and not settled.terms[0].powers:
        return settled.terms[0].coefficient
    return None


REWRITES: dict[Reason, Rewrite] = {
    Reason("like terms", "a b + b a = 2 a b"): like_terms,
    Reason("forward function", "1 - tanh(u)² = 1 - T²"): forward_function,
    Reason("forward value", "exp(u) / s = P"): forward_value,
    Reason("forward factor", "a / (a b) = 1 / b"): forward_factor,
    Reason("constant sum", "Σ_j (x_j - Σ_k x_k / N) = 0"): constant_sum,
    Reason("forward power", "u^(-1/2) = 1 / s"): forward_power,
}
"""The equalities, in the order in which they are tried."""

_MOST = 1000

_FEW_TERMS = 8
"""A sum of more terms is not expected to become short when it is multiplied out altogether."""


def _settled(terms: Terms, forward: Forward, rules: Sequence[Rewrite]) -> Terms:
    for _ in range(_MOST):
        changed = next((made for rule in rules if (made := rule(terms, forward)) is not None), None)
        if changed is None:
            return terms
        terms = changed
    return terms


def simplify(node: Node, forward: Forward) -> tuple[Node, tuple[Step[Node], ...]]:
    """The node as short as the rules make it, and the steps that lead there.

    Values of the forward pass are kept whole; where that gives no single term, sums and products of inputs are also
    multiplied out, and the shorter result is taken. A node that would have too many terms is left as it is.

    Shapes: unchanged.
    """
    found = _simplified(node, forward)
    if found is None:
        return node, ()
    best, steps = found
    if any(isinstance(inner, Add) for inner in topological(best, leaves=forward.whole)):
        other = _simplified(node, forward.functions, most=_FEW_TERMS)
        if other is not None and _size(other[0], forward) < _size(best, forward):
            best, steps = other
    return best, steps


def _size(node: Node, forward: Forward) -> int:
    return lengths(node, named=forward.functions.whole)[node]


def _simplified(node: Node, forward: Forward, *, most: int = MOST_TERMS) -> tuple[Node, tuple[Step[Node], ...]] | None:
    """The node as short as the rules make it while some nodes are kept whole; None if it has too many terms."""
    terms, before = flatten(node, forward.whole, most=most), node
    if terms is None:
        return None
    steps: list[Step[Node]] = []

    def record(after: Node, why: Reason) -> None:
        nonlocal before
        if after is not before:
            steps.append(Step(before, after, why))
            before = after

    seen = {terms}
    record(build(terms), Reason("multiplied out", "a (b + c) = a b + a c"))
    for _ in range(_MOST):
        found = _next(terms, forward, seen)
        if found is None:
            break
        why, terms = found
        seen.add(terms)
        record(build(terms), why)
    record(factored(terms), Reason("common factor", "a b + a c = a (b + c)"))
    return before, tuple(steps)


def _next(terms: Terms, forward: Forward, seen: set[Terms]) -> tuple[Reason, Terms] | None:
    """What the first rule that applies makes of the terms; what was there before does not come again."""
    for why, rule in (*forward.rules, *REWRITES.items()):
        made = rule(terms, forward)
        # What a rule has put in may be a sum, which is multiplied out.
        changed = None if made is None else opened(made, forward.whole)
        if changed is not None and changed not in seen:
            return why, changed
    return None


def factored(terms: Terms) -> Node:
    """a b + a c = a (b + c), for the factor that most terms have, then for the next.

    Source: the distributive law.
    """
    best: list[tuple[int, Term]] = []
    chosen: Power | None = None
    for term in terms.terms:
        for power in term.powers:
            unit = replace(power, exponent=power.exponent / abs(power.exponent)) if power.exponent.is_integer else power
            sharing = _sharing(unit, terms)
            if len(sharing) > max(1, len(best)) and len(_kept(sharing, unit, terms)) <= max(2, len(terms.free)):
                best, chosen = sharing, unit
    if chosen is None:
        return _built(terms)
    numbers = {number for number, _ in best}
    inner_free = _kept(best, chosen, terms)
    whole = dict(zip(chosen.index, chosen.node.shape, strict=True))
    whole |= dict(zip(terms.free, terms.shape, strict=True))
    inner = factored(Terms(tuple(term for _, term in best), inner_free, tuple(whole[i] for i in inner_free)))
    outer = build(Terms((Term(Integer(1), (chosen, Power(inner, inner_free))),), terms.free, terms.shape))
    rest = tuple(term for number, term in enumerate(terms.terms) if number not in numbers)
    return add([outer, factored(replace(terms, terms=rest))]) if rest else outer


def regrouped(node: Node, forward: Forward) -> Node:
    """a b x + a c x = a (b + c) x: the factors that all terms have are taken out at once, of the node made short.

    So each can be multiplied where that is least work. A node that has none, or too many terms, is left as it is.

    Shapes: unchanged.
    """
    terms = flatten(simplify(node, forward)[0], forward.whole)
    if terms is None:
        return node
    taken: list[Power] = []
    inner = terms
    while (found := _shared_by_all(inner)) is not None:
        unit, inner = found
        taken.append(unit)
    powers = (*taken, Power(factored(inner), inner.free))
    return build(replace(terms, terms=(Term(Integer(1), powers),))) if taken else node


def _shared_by_all(terms: Terms) -> tuple[Power, Terms] | None:
    """A factor that all of several terms have, and what is left of them; None if there is none."""
    for power in terms.terms[0].powers if len(terms.terms) > 1 else ():
        unit = replace(power, exponent=power.exponent / abs(power.exponent)) if power.exponent.is_integer else power
        sharing = _sharing(unit, terms)
        kept = _kept(sharing, unit, terms)
        if len(sharing) == len(terms.terms) and len(kept) <= max(2, len(terms.free)):
            sizes = dict(zip(unit.index, unit.node.shape, strict=True)) | dict(
                zip(terms.free, terms.shape, strict=True)
            )
            return unit, Terms(tuple(term for _, term in sharing), kept, tuple(sizes[i] for i in kept))
    return None


def _kept(sharing: Sequence[tuple[int, Term]], unit: Power, terms: Terms) -> tuple[int, ...]:
    """The labels that the sum in parentheses has: free ones, and those that it shares with the factor."""
    found = {i for _, term in sharing for i in term.labels() if i in terms.free or i in unit.index}
    return tuple(sorted(found, key=lambda label: (label not in terms.free, label)))


def _sharing(unit: Power, terms: Terms) -> list[tuple[int, Term]]:
    """The terms that have a factor, with what is left of them; its summed labels are called the same in all."""
    found = []
    first = 1 + max(chain(unit.index, terms.free, *(term.labels() for term in terms.terms)), default=0)
    for number, term in enumerate(terms.terms):
        for rest, names in _matches([unit], term.powers, {}, bound=terms.free):
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
        common = _common([term.coefficient for term in ordered])
        if common != 1:
            scaled = tuple(replace(term, coefficient=term.coefficient / common) for term in ordered)
            axes = list(range(len(terms.free)))
            return contract([Constant(common), build(replace(terms, terms=scaled))], [[], axes], axes)
    return build(terms)


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
