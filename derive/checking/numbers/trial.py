"""A point with many digits, at which formulas are compared with what the code gives before algebra is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from mpmath import mpf, workdps

from derive.checking.arrays.scalars import DIGITS, Digits
from derive.checking.arrays.sheet import Sheet
from derive.checking.budget import Budget
from derive.checking.numbers.places import entry_name
from derive.checking.numbers.points import Evaluator
from derive.checking.proofs.exactly import Branch, entries_of
from derive.checking.satisfied import fitted
from derive.checking.subject import Subject
from derive.forward.nodes import Node
from derive.forward.shape import bind

__all__ = ["Trial"]

_NEAR = mpf(10) ** -25


@dataclass(frozen=True, slots=True)
class Trial:
    """Arrays of numbers by their names, and the gradient that the code gives there; None if it has no value."""

    sizes: Mapping[str, int]
    arrays: Mapping[str, Any]
    got: Any
    budget: Budget

    @classmethod
    def of(cls, subject: Subject, run: Branch, name: str, budget: Budget) -> Trial:
        """A random point between 1 and 2."""
        draw, scalars = Random(7), Digits(budget)
        arrays: dict[str, Any] = dict(run.whole)
        values: dict[str, Any] = {}
        drawn: dict[str, Any] = {}
        shapes = {node.name: bind(node.shape, run.sizes) for node in subject.smooth}
        for key, shape in {**shapes, subject.upstream or "G": run.output.shape}.items():
            made = np.empty(shape, dtype=object)
            for place in np.ndindex(shape):
                made[place] = scalars.number(draw.randint(65, 127) / 64)
            drawn[key] = made
        with workdps(2 * DIGITS):
            drawn = fitted(subject.assumptions, subject.smooth, drawn)
        for key, made in drawn.items():
            for place in np.ndindex(made.shape):
                values[entry_name(key, place)] = made[place]
            arrays[key] = Sheet(made, scalars)
        evaluator = Evaluator(run.field, values)
        try:
            entries = [evaluator.value(entry) for entry in run.got[name].data.ravel()]
        except (ArithmeticError, ValueError, TypeError, KeyError):
            return cls(run.sizes, arrays, None, budget)
        return cls(run.sizes, arrays, np.array(entries, dtype=object).reshape(run.got[name].shape), budget)

    def agrees(self, node: Node) -> bool:
        """Whether a formula gives the same there, or nothing can be compared."""
        if self.got is None:
            return True
        with workdps(DIGITS):
            scalars = Digits(self.budget)
            made = entries_of(node, self.sizes, self.arrays, scalars).data
            if made.shape != self.got.shape:
                return False
            return all(abs(a - b) <= _NEAR * (1 + abs(a)) for a, b in zip(made.ravel(), self.got.ravel(), strict=True))
