"""Evaluates the sides of an index derivation at concrete sizes, so that a false step is caught by its name."""

from __future__ import annotations

from collections.abc import Mapping
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
        prod(bind(tuple(step.after.size(letter) for letter in (*step.after.free, *term.sums)), sizes))
        * max(1, len(term.factors))
        for step in route.derivation.steps
        for term in step.after.products
    )


def false_index_step(route: IndexRoute, sizes: Mapping[str, int], exact: Exact | None = None) -> Failure | None:
    """The first step whose sides differ at these sizes, or None if all hold."""
    evaluation = _Evaluation((exact or Exact(route.layer)).at(sizes))
    before: tuple[IndexSum, dict[tuple[int, ...], Any]] | None = None
    for step in route.derivation.steps:
        # Neighbouring steps share a side, which is evaluated once.
        left = before[1] if before is not None and before[0] is step.before else evaluation.values(step.before)
        right = evaluation.values(step.after)
        before = step.after, right
        for place in left:
            if left[place] != right[place] and are_equal(left[place], right[place]) is False:
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
            shape = bind(tuple(value.size(letter) for letter in term.sums), self._concrete.sizes)
            for place in product(*map(range, shape)):
                found = self._product(term, {**at, **dict(zip(term.sums, place, strict=True))})
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
