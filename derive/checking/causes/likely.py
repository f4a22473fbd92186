"""What probably went wrong: a mistake that many make, told only if it turns the derived gradient into the wrong one.

Every candidate is compared in the exact field, at all the sizes that are at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from mpmath import mpf, workdps

from derive.checking.arrays.sheet import Data, objects
from derive.checking.assumptions import assumed_of, natural, said
from derive.checking.budget import Budget
from derive.checking.causes.mutations import mutations
from derive.checking.numbers.places import entry_name
from derive.checking.numbers.points import differ_somewhere, somewhere
from derive.checking.numbers.trial import Trial
from derive.checking.proofs.every_size import Traced
from derive.checking.proofs.exactly import Branch, held, node_entries, stands_for, where_assumed
from derive.checking.proofs.generic import substituted, vanishes_generically
from derive.checking.subject import Subject
from derive.checking.words import axis_words
from derive.errors import DeriveError
from derive.forward.shape import Shape
from derive.proof.monomials import fraction
from derive.proof.ring import Element

__all__ = ["likely_cause", "likely_mutation"]

_AXIS_0 = "axis 0"
_TINY, _DIGITS = mpf(10) ** -20, 40
"""What is not larger is 0, of numbers with so many digits."""


def likely_cause(subject: Subject, traced: Traced | None, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    """What was done to the gradient as a whole, in words; "" if nothing that is tried gives what the code gives.

    It does so at all of the sizes.
    """
    runs = _usable(runs, name, budget)
    if not runs:
        return ""
    for rule in (_assumed, _factor, _turned, _unsummed, _summed_too_much, _one_of_the_sum, _other_axis, _diagonal):
        budget.check()
        if told := rule(subject, runs, name, budget):
            own = next(node.shape for node in subject.smooth if node.name == name)
            shape = own if rule is _summed_too_much else _output_shape(subject, traced)
            return told.replace(_AXIS_0, axis_words(shape, 0))
    return ""


def _usable(runs: Sequence[Branch], name: str, budget: Budget) -> list[Branch]:
    """The runs that gave the gradient; none if it is right in all of them, and wrong at single points only."""
    free = [run for run in runs if not run.failure and name in run.got and name in run.expected]
    found = [made for run in free if (made := where_assumed(run)) is not None and not made.failure]
    return [] if all(_same(run, run.got[name].data, run.expected[name], budget) for run in found) else found


def likely_mutation(subject: Subject, traced: Traced | None, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    """The mistake in the formula of the gradient in words; "" if none of those that are tried is that of the code."""
    runs = _usable(runs, name, budget)
    if not runs or traced is None or name not in traced.expected or traced.output is None:
        return ""
    least = min(runs, key=lambda run: run.got[name].size)
    at = Trial.of(subject, least, name, budget)
    forms = traced.short(name), traced.expected[name]
    for told, node in mutations(traced.output, forms, subject.smooth):
        budget.check()
        try:
            # Most are ruled out by numbers, which take less time than algebra.
            if at.agrees(node) and all(
                _same(run, run.got[name].data, held(run, node_entries(subject, run, node)), budget) for run in runs
            ):
                return told
        except (DeriveError, ArithmeticError, ValueError):
            # What the mistake makes has no value at these sizes.
            continue
    return ""


def _output_shape(subject: Subject, traced: Traced | None) -> Shape | None:
    """The shape of the output, or of the input that counts the same samples where forward was not traced."""
    if traced is not None and traced.output is not None:
        return traced.output.shape
    return next((node.shape for node in subject.smooth if len(node.shape) > 1), None)


def _same(run: Branch, a: Data, b: Data, budget: Budget) -> bool:
    if a.shape != b.shape:
        return False
    pairs = [(x, y) for x, y in zip(a.ravel(), b.ravel(), strict=True) if x != y]
    if not run.known and differ_somewhere(pairs):
        return False
    return all(vanishes_generically(x - y, run.known, budget) for x, y in pairs)


def _everywhere(runs: Sequence[Branch], name: str, budget: Budget, made: Callable[[Branch, Data], Data | None]) -> bool:
    """Whether what is made of the expected gradient is what came, at all sizes."""
    for run in runs:
        candidate = made(run, run.expected[name])
        if candidate is None or not _same(run, run.got[name].data, objects(candidate), budget):
            return False
    return True


def _assumed(subject: Subject, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    """The gradient is right where the entries of another input add up, as those of targets do."""
    for node in subject.smooth:
        item = None if node.name == name or assumed_of(subject.assumptions, node) else natural(node)
        if item is None:
            continue
        tried = [where_assumed(replace(run, stands=stands_for(subject, run, item))) for run in runs]
        made = [run for run in tried if run is not None and not run.failure]
        if len(made) == len(runs) and all(_same(run, run.got[name].data, run.expected[name], budget) for run in made):
            return f'it is right only where {said(item)}: --assume "{item}"'
    return ""


@dataclass(frozen=True, slots=True)
class _Factor:
    told: str
    value: Callable[[Mapping[str, int]], Fraction]


def _factors(letters: Sequence[str]) -> Iterator[_Factor]:
    """Factors by which gradients are off, the simplest first."""
    yield _Factor("the sign is the other one", lambda sizes: Fraction(-1))
    yield _Factor("a factor 1/2 is missing", lambda sizes: Fraction(2))
    yield _Factor("a factor 2 is missing", lambda sizes: Fraction(1, 2))
    chosen = [[letter] for letter in letters] + [[a, b] for n, a in enumerate(letters) for b in letters[n + 1 :]]
    for group, extra in product(chosen, (Fraction(1), Fraction(-1), Fraction(2), Fraction(1, 2))):
        text = "*".join(group) if len(group) == 1 else f"({'*'.join(group)})"
        also = {Fraction(1): "", Fraction(-1): ", and the sign is the other one"}.get(
            extra, f", and a factor {1 / extra} is missing"
        )

        def whole(sizes: Mapping[str, int], group: list[str] = group, extra: Fraction = extra) -> Fraction:
            return extra * int(np.prod([sizes[letter] for letter in group], dtype=int))

        yield _Factor(f"1/{text} is missing: a sum in the place of a mean{also}", whole)

        def part(sizes: Mapping[str, int], group: list[str] = group, extra: Fraction = extra) -> Fraction:
            return extra / int(np.prod([sizes[letter] for letter in group], dtype=int))

        yield _Factor(f"1/{text} is too much: a mean in the place of a sum{also}", part)


def _factor(subject: Subject, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    ratios = [_ratio(run, name) for run in runs]
    if None in ratios:
        return ""
    for factor in _factors(tuple(runs[0].sizes)):
        if all(factor.value(run.sizes) == ratio for run, ratio in zip(runs, ratios, strict=True)):

            def made(run: Branch, expected: Data, factor: _Factor = factor) -> Data:
                return expected * factor.value(run.sizes)

            if _everywhere(runs, name, budget, made):
                return factor.told
    return ""


def _ratio(run: Branch, name: str) -> Fraction | None:
    """The number by which an entry that is not 0 is too large, if it is one."""
    got, expected = run.got[name].data, run.expected[name]
    if got.shape != expected.shape or not (run.known or _are_in_proportion(got, expected)):
        return None
    for a, b in zip(got.ravel(), expected.ravel(), strict=True):
        if b.terms and a.terms:
            quotient = a / b
            if set(quotient.terms) <= {0}:
                return fraction(quotient.terms[0])
            first = next(iter(b.terms))
            return fraction(a.terms[first]) / fraction(b.terms[first]) if first in a.terms else None
    return None


def _are_in_proportion(got: Data, expected: Data) -> bool:
    """Whether all entries are off by the same factor at a random point, or that cannot be told there."""
    entries = list(zip(got.ravel(), expected.ravel(), strict=True))
    if not entries:
        return True
    evaluator = somewhere(entries[0][1].field)
    try:
        values = [(evaluator.value(a), evaluator.value(b)) for a, b in entries]
    except (ArithmeticError, ValueError, TypeError):
        return True
    # Where two fractions are equal, so are the products across.
    left, right = max(values, key=lambda both: abs(both[1]))
    with workdps(_DIGITS):
        return evaluator.kink or all(abs(a * right - b * left) <= _TINY * (1 + abs(a * right)) for a, b in values)


def _turned(subject: Subject, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    def made(run: Branch, expected: Data) -> Data | None:
        return expected.T if expected.ndim == 2 else None

    return "it is transposed" if _everywhere(runs, name, budget, made) else ""


def _unsummed(subject: Subject, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    """The gradient has an axis too many, or one that should have been summed."""
    for axis in range(runs[0].got[name].ndim):

        def holds(run: Branch, axis: int = axis) -> bool:
            got, expected = run.got[name].data, run.expected[name]
            kept = got.ndim == expected.ndim
            return got.shape != expected.shape and _same(run, got.sum(axis=axis, keepdims=kept), expected, budget)

        if all(map(holds, runs)):
            alone = all(run.got[name].data.shape[axis] == 1 for run in runs)
            return f"an axis of length 1 is left, axis {axis}" if alone else f"the sum over axis {axis} is missing"
    return ""


def _summed_too_much(subject: Subject, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    for axis, kept in product(range(runs[0].expected[name].ndim), (True, False)):

        def made(run: Branch, expected: Data, axis: int = axis, kept: bool = kept) -> Data | None:
            total = expected.sum(axis=axis, keepdims=kept)
            total = total if isinstance(total, np.ndarray) else np.array(total, dtype=object)
            shape = run.got[name].shape
            return np.broadcast_to(total, shape) if total.ndim == len(shape) else None

        try:
            if _everywhere(runs, name, budget, made):
                return f"a sum over axis {axis} is too much"
        except ValueError:
            # Nothing that is broadcast to the shape that came.
            continue
    return ""


def _upstream(subject: Subject, run: Branch) -> dict[tuple[int, ...], int]:
    """The generators of the entries of the upstream gradient."""
    found = {}
    for place in np.ndindex(run.output.shape):
        element = run.field.variable(entry_name(subject.upstream or "G", place))
        ((monomial, _),) = element.terms.items()
        found[place] = run.field.monomials[monomial][0][0]
    return found


def _one_of_the_sum(subject: Subject, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    """Only the first or the last entry along an axis of the upstream gradient arrives."""
    if not subject.upstream:
        return ""
    for axis, last in product(range(runs[0].output.ndim), (False, True)):

        def made(run: Branch, expected: Data, axis: int = axis, last: bool = last) -> Data:
            kept = run.output.shape[axis] - 1 if last else 0
            zeros = {n: run.field.zero for place, n in _upstream(subject, run).items() if place[axis] != kept}
            return _each(expected, lambda entry: substituted(entry, zeros))

        if _everywhere(runs, name, budget, made):
            index = ", ".join([":"] * axis + ["-1" if last else "0"])
            return f"the sum over axis {axis} is missing ({subject.upstream}[{index}])"
    return ""


def _diagonal(subject: Subject, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    """What an entry of the input changes at other places of the output is left out."""
    if not subject.upstream:
        return ""

    def made(run: Branch, expected: Data) -> Data | None:
        places = _upstream(subject, run)
        if expected.shape != run.output.shape:
            return None
        kept = np.empty(expected.shape, dtype=object)
        for place in np.ndindex(expected.shape):
            kept[place] = substituted(expected[place], {n: run.field.zero for p, n in places.items() if p != place})
        return kept

    return "of the Jacobian only the diagonal is used" if _everywhere(runs, name, budget, made) else ""


def _each(entries: Data, function: Callable[[Element], Any]) -> Data:
    made = np.empty(entries.shape, dtype=object)
    for place in np.ndindex(entries.shape):
        made[place] = function(entries[place])
    return made


def _other_axis(subject: Subject, runs: Sequence[Branch], name: str, budget: Budget) -> str:
    """An input that is broadcast: what each entry of the output sends back is summed over another axis."""
    if not subject.upstream:
        return ""
    for axis in range(runs[0].output.ndim):

        def holds(run: Branch, axis: int = axis) -> bool:
            if run.got[name].shape != (*run.output.shape[:axis], *run.output.shape[axis + 1 :]):
                return False
            total = _sent(subject, run, name).sum(axis=axis)
            return isinstance(total, np.ndarray) and _same(run, run.got[name].data, total, budget)

        if all(map(holds, runs)):
            return f"the upstream gradient is summed over axis {axis}, which is another than that of the broadcast"
    return ""


def _sent(subject: Subject, run: Branch, name: str) -> Data:
    """What each entry of the output sends back, to whichever entry of the input."""
    places = _upstream(subject, run)
    total = run.field.add(run.expected[name].ravel())
    made = np.empty(run.output.shape, dtype=object)
    for place, number in places.items():
        others = {n: run.field.zero for n in places.values() if n != number}
        made[place] = substituted(total, others)
    return made
