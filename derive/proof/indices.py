"""Evaluates the sides of an index derivation at concrete sizes, so that a false step is caught by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

from sympy import Integer

from derive.engine.concrete import Concrete, flat
from derive.forward.shape import bind
from derive.proof.equality import are_equal
from derive.proof.failure import Failure
from derive.proof.symbolic import Exact
from derive.routes.index import IndexRoute
from derive.rules.index import Factor, IndexSum, Kronecker, LossPartial, Partial, Product

__all__ = ["count_factors", "false_index_step"]


def count_factors(route: IndexRoute, chosen: Sequence[Mapping[str, int]]) -> list[int]:
    """How many factors are evaluated to check the steps at each of the sizes, over all terms of all their entries."""
    # Neighbouring steps share products, each of which is evaluated once.
    products = {
        (term, side.free): side
        for step in route.derivation.steps
        for side in _different(step.before, step.after)
        for term in side.products
    }
    shapes = [
        (tuple([side.size(letter) for letter, source in _order(term, free) if source is None]), len(term.factors))
        for (term, free), side in products.items()
    ]
    return [sum(prod(bind(shape, sizes)) * max(1, factors) for shape, factors in shapes) for sizes in chosen]


def _order(term: Product, free: Sequence[str]) -> list[tuple[str, str | None]]:
    """All letters, each that a delta ties to one before it with that letter; there the delta is 0 for other values."""
    deltas = [(part.first, part.second) for part in term.factors if isinstance(part, Kronecker)]
    ties = [*deltas, *((second, first) for first, second in deltas)]
    pending, order = [*free, *term.sums], dict[str, str | None]()
    while pending:
        tied = next(((a, b) for a, b in ties if a in pending and b in order), None)
        letter, source = tied or (pending[0], None)
        order[letter] = source
        pending.remove(letter)
    return list(order.items())


def _different(before: IndexSum, after: IndexSum) -> tuple[IndexSum, IndexSum]:
    """Both without the products that they share; a step mostly changes one of many, and hands on the others."""
    if before.free != after.free:
        return before, after
    # Most need not be hashed: they are one object on both sides.
    same = Counter(map(id, before.products)) & Counter(map(id, after.products))
    before, after = _without(before, Counter(same), id), _without(after, same, id)
    shared = Counter(before.products) & Counter(after.products)
    return _without(before, Counter(shared), _itself), _without(after, shared, _itself)


def _itself(term: Product) -> Product:
    return term


def _without(value: IndexSum, shared: Counter[Any], key: Callable[[Product], object]) -> IndexSum:
    """The sum without those of its products whose keys are shared, each as often as it is."""
    kept = []
    for term in value.products:
        if shared[key(term)]:
            shared[key(term)] -= 1
        else:
            kept.append(term)
    return replace(value, products=tuple(kept))


def false_index_step(route: IndexRoute, sizes: Mapping[str, int], exact: Exact | None = None) -> Failure | None:
    """The first step whose sides differ at these sizes, or None if all hold."""
    evaluation = _Evaluation((exact or Exact(route.layer)).at(sizes))
    for step in route.derivation.steps:
        left, right = map(evaluation.values, _different(step.before, step.after))
        for place in sorted(left.keys() | right.keys()):
            a, b = left.get(place, 0), right.get(place, 0)
            if a != b and are_equal(a, b) is False:
                # What is told is the whole of both sides.
                a, b = (evaluation.values(side).get(place, 0) for side in (step.before, step.after))
                return Failure(step.reason.name, tuple(p + 1 for p in place), a, b)
    return None


_Values = dict[tuple[int, ...], Any]
"""Values by the positions of the free letters; all others are 0."""


class _Evaluation:
    """The values of index sums; those of products are kept, and so are derivatives, which are taken by definition."""

    def __init__(self, concrete: Concrete) -> None:
        self._concrete = concrete
        self._products: dict[tuple[Product, tuple[str, ...]], _Values] = {}
        self._partials: dict[Any, dict[int, Any]] = {}

    def values(self, value: IndexSum) -> _Values:
        """The value at every position of the free letters at which it is not 0 by structure."""
        found: dict[tuple[int, ...], list[Any]] = {}
        for term in value.products:
            for place, inner in self._of_product(term, value).items():
                found.setdefault(place, []).append(inner)
        return {place: self._sum(terms) for place, terms in found.items()}

    def _of_product(self, term: Product, value: IndexSum) -> _Values:
        made = self._products.get((term, value.free))
        if made is None:
            order = _order(term, value.free)
            letters = [letter for letter, source in order if source is None]
            shape = bind(tuple(value.size(letter) for letter in letters), self._concrete.sizes)
            found: dict[tuple[int, ...], list[Any]] = {}
            for numbers in product(*map(range, shape)):
                at = dict(zip(letters, numbers, strict=True))
                for letter, source in order:
                    if source is not None:
                        at[letter] = at[source]
                inner = self._at(term, at)
                if inner is not None:
                    found.setdefault(tuple([at[letter] for letter in value.free]), []).append(inner)
            made = {place: self._sum(terms) for place, terms in found.items()}
            self._products[term, value.free] = made
        return made

    def _sum(self, terms: list[Any]) -> Any:
        return terms[0] if len(terms) == 1 else self._concrete.algebra.add(terms)

    def _at(self, term: Product, at: Mapping[str, int]) -> Any:
        """The product of the factors; None if one is 0 by structure."""
        # A delta first: where it is zero, nothing else need be known.
        if any(isinstance(part, Kronecker) and at[part.first] != at[part.second] for part in term.factors):
            return None
        values = [self._part(part, at) for part in term.factors if not isinstance(part, Kronecker)]
        if any(value is None for value in values):
            return None
        return self._concrete.algebra.multiply(values) if values else self._concrete.algebra.number(Integer(1))

    def _part(self, part: object, at: Mapping[str, int]) -> Any:
        match part:
            case Factor(node, index):
                return self._concrete.value(node, tuple([at[letter] for letter in index]))
            case Partial(of, by):
                place = tuple([at[letter] for letter in of.index])
                return self._derivative((of.node, place), lambda: self._concrete.value(of.node, place), by, at)
            case LossPartial(by):
                return self._derivative("loss", lambda: self._concrete.loss, by, at)
        raise TypeError(part)

    def _derivative(self, key: Any, value: Any, by: Factor, at: Mapping[str, int]) -> Any:
        concrete = self._concrete
        if (key, by.node) not in self._partials:
            numbers = {variable: n for n, variable in enumerate(concrete.values(by.node))}
            self._partials[key, by.node] = concrete.algebra.partials(value(), numbers)
        position = tuple(at[letter] for letter in by.index)
        return self._partials[key, by.node].get(flat(position, concrete.shape(by.node)))
