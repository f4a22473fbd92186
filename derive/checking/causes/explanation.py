"""Says why a gradient is wrong and what is expected in its place, as far as there is time for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.causes.likely import likely_cause, likely_mutation
from derive.checking.causes.retraced import retraced
from derive.checking.causes.rule import rule
from derive.checking.numbers.points import more_sizes
from derive.checking.proofs.every_size import Traced
from derive.checking.proofs.exactly import Branch, branches
from derive.checking.proofs.search import Proofs
from derive.forward.nodes import topological

__all__ = ["Explanation"]

_CAUSES = 2.0
"""How long the cause of what is wrong is looked for in its formula."""

_SHORT, _FEW = 0.7, 60
"""How long it is looked for before that in formulas of at most so many nodes."""

_NAMELESS = ("a term", "another value")

_WAY_BACK = 1.5
"""How long it is looked for on the way back to it."""

_RULES = 1.0
"""How long what is expected in its place is made short."""


@dataclass(slots=True)
class Explanation:
    """Likely causes and derived gradients in words, by the names of inputs; runs are what causes were tried on."""

    causes: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    runs: list[Branch] = field(default_factory=list)

    def find_causes(self, proofs: Proofs, wrong: Collection[str]) -> None:
        """Fills in the causes of what is wrong."""
        if not wrong:
            return
        limit = _left(proofs.budget, _CAUSES)
        runs = list(proofs.runs)
        with suppress(OutOfTimeError), limit.interrupting():
            # At further sizes a factor N and a factor 2 are not the same.
            for sizes in (*more_sizes(proofs.subject), *([] if runs else proofs.sizes)):
                with suppress(Exception):
                    runs += islice(branches(proofs.subject, sizes, limit), 1)
            self.runs = runs
            whole = Budget(limit.seconds / 3)
            with suppress(OutOfTimeError), whole.interrupting():
                for name in _shortest_first(proofs.traced, wrong):
                    self.causes[name] = likely_cause(proofs.subject, proofs.traced, runs, name, whole)
            self._mutate(proofs, runs, wrong)
            self._retrace(proofs, wrong)
            for name in self._unexplained(proofs, wrong):
                self.causes[name] = _of_need(proofs, name, limit) or likely_mutation(
                    proofs.subject, proofs.traced, runs, name, limit
                )

    def _unexplained(self, proofs: Proofs, wrong: Collection[str]) -> list[str]:
        return [name for name in _shortest_first(proofs.traced, wrong) if not self.causes.get(name)]

    def _mutate(self, proofs: Proofs, runs: Sequence[Branch], wrong: Collection[str]) -> None:
        """Fills in mistakes in formulas that are short; what has no name there may have one on the way back."""
        expected = {} if proofs.traced is None else proofs.traced.expected
        limit = _left(proofs.budget, _SHORT)
        with suppress(OutOfTimeError), limit.interrupting():
            for name in self._unexplained(proofs, wrong):
                if name in expected and len([*topological(expected[name])]) <= _FEW:
                    told = likely_mutation(proofs.subject, proofs.traced, runs, name, limit)
                    self.causes[name] = "" if told.startswith(_NAMELESS) else told

    def _retrace(self, proofs: Proofs, wrong: Collection[str]) -> None:
        """Fills in mistakes on the way back, which explain several gradients at once."""
        output = None if proofs.traced is None else proofs.traced.output
        names = self._unexplained(proofs, wrong)
        if output is None or not names:
            return
        limit = _left(proofs.budget, _WAY_BACK)
        sizes = [*proofs.sizes, *more_sizes(proofs.subject)]
        with suppress(OutOfTimeError), limit.interrupting():
            self.causes.update(retraced(proofs.subject, output, sizes, names, limit))

    def find_rules(self, proofs: Proofs, wrong: Collection[str]) -> None:
        """Fills in the derived gradients of what is wrong."""
        with suppress(OutOfTimeError), (limit := _left(proofs.budget, _RULES)).interrupting():
            for name in _shortest_first(proofs.traced, wrong):
                limit.check()
                self.rules[name] = rule(proofs.traced, name)


def _of_need(proofs: Proofs, name: str, limit: Budget) -> str:
    """What is right on symbols, where all gradients are needed, is wrong where one is needed alone."""
    if not getattr(proofs.subject.forward, "asks_what_is_needed", False) or proofs.traced is None:
        return ""
    if not proofs.traced.agree(name, limit):
        return ""
    return f"it is not given where {name} alone needs a gradient: needs_input_grad is asked for another place"


def _left(budget: Budget, seconds: float) -> Budget:
    return Budget(min(seconds, max(0.1, budget.seconds - budget.spent)))


def _shortest_first(traced: Traced | None, names: Collection[str]) -> list[str]:
    """By how much the derived gradients are made of, so that long ones take no time from short ones."""
    expected = {} if traced is None else traced.expected
    return sorted(names, key=lambda name: len([*topological(expected[name])]) if name in expected else 0)
