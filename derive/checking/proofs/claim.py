"""Whether a forward function computes what a layer of the catalogue does, for which it is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from derive.checking.boundaries.faces import vanishes_everywhere
from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.numbers.numerically import real_run
from derive.checking.numbers.points import alike, critical_numbers, draws
from derive.checking.numbers.sweep import swept_sizes
from derive.checking.proofs.every_size import Traced
from derive.checking.proofs.exactly import Branch, held, node_entries
from derive.checking.report import Counterexample, Verdict
from derive.checking.subject import CodeError, Subject
from derive.errors import DeriveError, UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Node
from derive.forward.shape import same
from derive.proof.canonical import same_for_all_sizes
from derive.proof.evidence import Strength

__all__ = ["claim"]

_TOLERANCE = 1e-9
_POINTS = 4
_METHOD = "the output of forward against that of the layer"

Sizes = Mapping[str, int]


def claim(
    subject: Subject,
    layer: Layer,
    traced: Traced | None,
    runs: Callable[[], Sequence[Branch]],
    sizes: Sequence[Sizes],
    budget: Budget,
) -> Verdict:
    """What is known about the forward function being the layer; runs are every way in which it runs at the sizes.

    Raises: UserError if it can neither be proved nor compared at any numbers.
    """
    points = 0
    for arrays, at in _tries(subject, sizes):
        budget.check()
        told = _told(subject, layer, arrays)
        if told:
            return _refuted(at, told)
        points += told is not None
    output = None if traced is None or traced.provisos else traced.output
    if output is not None and _is_same_shape(output, layer.output) and same_for_all_sizes(output, layer.output):
        return Verdict("forward", Strength.PROVED_FOR_ALL_SIZES, _METHOD)
    reason = "algebra does not show that it is the layer"
    try:
        made = runs()
        if made and all(_same(subject, layer, run, budget) for run in made):
            return Verdict("forward", Strength.PROVED_AT_SIZES, _METHOD)
        for run in made:
            # Where it compares entries with numbers, both sides are looked at.
            for arrays in alike(subject, run.sizes, critical_numbers(run.field)):
                if told := _told(subject, layer, arrays):
                    return _refuted(run.sizes, told)
    except OutOfTimeError:
        reason = "there was no time to show by algebra that it is the layer"
    if not points:
        raise UserError(
            f"check: {subject.against}: forward gives no finite numbers at which it could be compared with "
            f"{layer.name}; leave --against out"
        )
    method = f"{_METHOD}, at {points} points"
    return Verdict("forward", Strength.CHECKED_AT_POINTS, method, reason=reason)


def _refuted(at: Sizes, told: str) -> Verdict:
    found = Counterexample(tuple(at.items()), message=told)
    return Verdict("forward", Strength.REFUTED, _METHOD, counterexample=str(found), found=found)


def _is_same_shape(first: Node, second: Node) -> bool:
    return len(first.shape) == len(second.shape) and all(map(same, first.shape, second.shape))


def _same(subject: Subject, layer: Layer, run: Branch, budget: Budget) -> bool:
    """Whether all entries are the same, on the boundaries of comparisons too, where a value has no choice of sides."""
    try:
        expected = held(run, node_entries(subject, run, layer.output))
    except DeriveError:
        return False
    if run.output.shape != expected.shape:
        return False
    pairs = zip(run.output.ravel(), expected.ravel(), strict=True)
    return all(vanishes_everywhere(a - b, run, budget) for a, b in pairs)


def _tries(subject: Subject, sizes: Sequence[Sizes]) -> Iterator[tuple[dict[str, Any], Sizes]]:
    """Numbers at the sizes of the proofs, among them zeros, and some at many other sizes."""
    for at in sizes:
        for arrays in draws(subject, at, _POINTS):
            yield arrays, at
            yield {name: array * 0 for name, array in arrays.items()}, at
    for at in swept_sizes(subject):
        # The last of them are of no simple numbers.
        yield list(draws(subject, at, 1))[-1], at


def _told(subject: Subject, layer: Layer, arrays: dict[str, Any]) -> str | None:
    """How the outputs differ at these numbers, "" if they do not; None where there is nothing to compare."""
    try:
        with np.errstate(all="ignore"):
            want = np.asarray(layer.function(*(arrays[node.name].copy() for node in layer.inputs)), dtype=float)
        tried = real_run(subject, arrays)
    except (CodeError, ArithmeticError, ValueError, TypeError, IndexError):
        # Sizes that one of them does not take.
        return None
    if tried is None or not np.all(np.isfinite(want)):
        return None
    got = tried.output
    if got.shape != want.shape:
        return f"forward gives shape {got.shape}, the layer {want.shape}"
    scale = _TOLERANCE * max(1.0, float(np.max(np.abs(want), initial=0.0)))
    if np.all(np.abs(got - want) <= scale):
        return ""
    place = np.unravel_index(int(np.argmax(np.abs(got - want))), want.shape) if want.shape else ()
    return f"forward gives {got[place]:.6g} at entry {list(map(int, place))}, {layer.name} gives {want[place]:.6g}"
