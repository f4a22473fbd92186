"""Evaluates the sides of an index derivation at concrete sizes, so that a false step is caught by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

from derive.engine.concrete import Concrete, flat
from derive.forward.shape import bind
from derive.proof.equality import are_equal
from derive.proof.symbolic import Exact, Failure
from derive.routes.index import IndexRoute
from derive.rules.index import Factor, IndexSum, Kronecker, LossPartial, Partial, Product

__all__ = ["count_factors", "false_index_step"]


def count_factors(route: IndexRoute, sizes: Mapping[str, int]) -> int:
    """How many factors are evaluated, over all terms of all entries of all steps, to check them at these sizes."""
    return sum(
        prod(bind(tuple(side.size(letter) for letter in (*side.free, *_unforced(term, side.free))), sizes))
        * max(1, len(term.factors))
        for step in route.derivation.steps
        for side in _different(step.before, step.after)
        for term in side.products
    )


def _unforced(term: Product, known: Iterable[str]) -> tuple[str, ...]:
    """The summed letters that no delta ties to a letter before them, or to one that is not summed over."""
    return tuple(letter for letter, source in _order(term, known) if source is None)


def _order(term: Product, known: Iterable[str]) -> list[tuple[str, str | None]]:
    """The summed letters, those first that a delta ties to a known letter, each with that letter."""
    deltas = [(part.first, part.second) for part in term.factors if isinstance(part, Kronecker)]
    ties = [*deltas, *((second, first) for first, second in deltas)]
    found, pending, order = set(known), list(term.sums), list[tuple[str, str | None]]()
    while pending:
        tied = next(((a, b) for a, b in ties if a in pending and b in found), None)
        letter, source = tied or (pending[0], None)
        order.append((letter, source))
        pending.remove(letter)
        found.add(letter)
    return order


def _different(before: IndexSum, after: IndexSum) -> tuple[IndexSum, IndexSum]:
    """Both without the products that they share; a step mostly changes one of many."""
    if before.free != after.free:
        return before, after
    shared = Counter(before.products) & Counter(after.products)
    return _without(before, Counter(shared)), _without(after, shared)


def _without(value: IndexSum, shared: Counter[Product]) -> IndexSum:
    kept = []
    for product_ in value.products:
        if shared[product_]:
            shared[product_] -= 1
        else:
            kept.append(product_)
    return replace(value, products=tuple(kept))


def false_index_step(route: IndexRoute, sizes: Mapping[str, int], exact: Exact | None = None) -> Failure | None:
    """The first step whose sides differ at these sizes, or None if all hold."""
    evaluation = _Evaluation((exact or Exact(route.layer)).at(sizes))
    for step in route.derivation.steps:
        left, right = map(evaluation.values, _different(step.before, step.after))
        for place in left:
            if left[place] != right[place] and are_equal(left[place], right[place]) is False:
                # What is shown is the whole of both sides.
                left, right = evaluation.values(step.before), evaluation.values(step.after)
                return Failure(step.reason.name, tuple(p + 1 for p in place), left[place], right[place])
    return None


class _Evaluation:
    """The values of index sums; derivatives are taken by definition, and kept."""

    def __init__(self, concrete: Concrete) -> None:
        self._concrete = concrete
        self._partials: dict[Any, dict[int, Any]] = {}

    def values(self, value: IndexSum) -> dict[tuple[int, ...], Any]:
        """The value at every position of the free letters."""
        shape = bind(tuple(value.size(letter) for letter in value.free), self._concrete.sizes)
        return {
            place: self._total(value, dict(zip(value.free, place, strict=True)))
            for place in product(*map(range, shape))
        }

    def _total(self, value: IndexSum, at: dict[str, int]) -> Any:
        total: Any = 0
        for term in value.products:
            order = _order(term, at)
            letters = [letter for letter, source in order if source is None]
            shape = bind(tuple(value.size(letter) for letter in letters), self._concrete.sizes)
            for place in product(*map(range, shape)):
                # A delta is 0 for every other value of a letter that it ties to a known one.
                values = {**at, **dict(zip(letters, place, strict=True))}
                for letter, source in order:
                    if source is not None:
                        values[letter] = values[source]
                found = self._product(term, values)
                if not (isinstance(found, int) and found == 0):
                    total = found if isinstance(total, int) and total == 0 else total + found
        return total

    def _product(self, term: Product, at: Mapping[str, int]) -> Any:
        # A delta first: where it is zero, nothing else need be known.
        if any(isinstance(part, Kronecker) and at[part.first] != at[part.second] for part in term.factors):
            return 0
        result: Any = None
        for part in term.factors:
            if isinstance(part, Kronecker):
                continue
            value = self._part(part, at)
            if isinstance(value, int) and value == 0:
                return 0
            result = value if result is None else result * value
        return 1 if result is None else result

    def _part(self, part: object, at: Mapping[str, int]) -> Any:
        match part:
            case Factor(node, index):
                return self._concrete.value(node, tuple(at[letter] for letter in index))
            case Partial(of, by):
                place = tuple(at[letter] for letter in of.index)
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
        return self._partials[key, by.node].get(flat(position, concrete.shape(by.node)), 0)
