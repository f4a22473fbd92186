"""Whether a forward function computes what a layer of the catalogue does, for which it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from derive.checking.budget import Budget
from derive.checking.every_size import Traced
from derive.checking.exactly import Branch, node_entries
from derive.checking.generic import vanishes_generically
from derive.checking.numerically import real_run
from derive.checking.points import draws
from derive.checking.report import Counterexample, Verdict
from derive.checking.subject import Subject
from derive.errors import DeriveError
from derive.forward.layer import Layer
from derive.proof.canonical import same_for_all_sizes
from derive.proof.evidence import Strength

__all__ = ["claim"]

_TOLERANCE = 1e-9
_POINTS = 4
_METHOD = "the output of forward against that of the layer"


def claim(subject: Subject, layer: Layer, traced: Traced | None, runs: Sequence[Branch], budget: Budget) -> Verdict:
    """What is known about the forward function being the layer."""
    for run in runs:
        budget.check()
        wrong = _differs(subject, layer, run)
        if wrong is not None:
            return Verdict("forward", Strength.REFUTED, _METHOD, counterexample=str(wrong), found=wrong)
    output = None if traced is None else traced.output
    if output is not None and same_for_all_sizes(output, layer.output):
        return Verdict("forward", Strength.PROVED_FOR_ALL_SIZES, _METHOD)
    if runs and all(_same(subject, layer, run, budget) for run in runs):
        return Verdict("forward", Strength.PROVED_AT_SIZES, _METHOD)
    return Verdict("forward", Strength.CHECKED_AT_POINTS, _METHOD, reason="algebra does not show that it is the layer")


def _same(subject: Subject, layer: Layer, run: Branch, budget: Budget) -> bool:
    try:
        expected = node_entries(subject, run, layer.output)
        pairs = zip(run.output.ravel(), expected.ravel(), strict=True)
        return all(vanishes_generically(a - b, run.known, budget) for a, b in pairs)
    except DeriveError:
        return False


def _differs(subject: Subject, layer: Layer, run: Branch) -> Counterexample | None:
    """Numbers at which the outputs differ; None if they agree at those that are tried."""
    sizes = tuple(run.sizes.items())
    for arrays in islice(draws(subject, run.sizes, _POINTS), 2 * _POINTS):
        tried = real_run(subject, arrays)
        with np.errstate(all="ignore"):
            want = np.asarray(layer.function(*(arrays[node.name].copy() for node in layer.inputs)), dtype=float)
        if tried is None or not np.all(np.isfinite(want)):
            continue
        if tried.output.shape != want.shape:
            return Counterexample(sizes, message=f"forward gives shape {tried.output.shape}, the layer {want.shape}")
        scale = _TOLERANCE * max(1.0, float(np.max(np.abs(want), initial=0.0)))
        if not np.all(np.abs(tried.output - want) <= scale):
            place = np.unravel_index(int(np.argmax(np.abs(tried.output - want))), want.shape) if want.shape else ()
            got, expected = tried.output[place], want[place]
            told = f"forward gives {got:.6g} at entry {list(map(int, place))}, {layer.name} gives {expected:.6g}"
            return Counterexample(sizes, message=told)
    return None
