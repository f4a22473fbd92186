"""Which of the known quantities a value in the code is: a derived gradient, that of a value on the way, or a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.lines.recording import Array
from derive.checking.numbers.points import differ_somewhere
from derive.checking.proofs.every_size import Traced
from derive.checking.proofs.exactly import Branch, node_entries
from derive.checking.proofs.generic import vanishes_generically
from derive.checking.subject import Subject
from derive.errors import DeriveError
from derive.forward.nodes import Constant, Input, Node
from derive.forward.shape import same
from derive.proof.canonical import same_for_all_sizes
from derive.proof.ring import Element
from derive.rules.adjoint import Sweep

__all__ = ["Known", "Meaning", "Meanings"]

Kind = Literal["gradient", "arriving", "value", "output"]
"""A derived gradient of an input, the gradient of a value of forward, such a value, or what forward gives."""


@dataclass(frozen=True, slots=True)
class Known:
    """A quantity that has a name: its kind, and its node or entries."""

    kind: Kind
    name: str
    node: Node | None = None
    entries: Any = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """Which quantity a value is, how it lies, and whether that is known for all sizes or for those of the run."""

    kind: Kind
    name: str
    transposed: bool = False
    every_size: bool = True


@dataclass(slots=True)
class Meanings:
    """Finds what values mean, as long as there is time; over is whether there was not."""

    subject: Subject
    traced: Traced
    branch: Branch | None
    budget: Budget
    known: list[Known] = field(default_factory=list)
    over: bool = False
    _made: dict[int, Any] = field(default_factory=dict)

    def learn(self, swept: Sweep | None, values: Sequence[tuple[str, Array]]) -> None:
        """Takes in the derived gradients, and the values of forward by their names with what arrives at them."""
        branch = self.branch
        for name in (node.name for node in self.subject.smooth):
            entries = None if branch is None else branch.expected.get(name)
            self.known.append(Known("gradient", name, self.traced.expected.get(name), entries))
        self.known.append(Known("output", "", self.traced.output, None if branch is None else branch.output))
        named: dict[Any, str] = {}
        for name, value in values:
            node = value.node
            if node is not None and not isinstance(node, Input | Constant) and node is not self.traced.output:
                if named.setdefault(node, name) != name:
                    continue
                if swept is not None and node in swept.arriving:
                    self.known.append(Known("arriving", name, swept.gradient(node)))
                self.known.append(Known("value", name, node))
            elif node is None and value.entries.dtype == object:
                self.known.append(Known("value", name, entries=value.entries))

    def of(self, value: Array) -> Meaning | None:
        """What the value is, if it is known."""
        if self.over or value.mask:
            return None
        try:
            with self.budget.interrupting():
                return next(self._found(value), None)
        except OutOfTimeError:
            self.over = True
            return None

    def _found(self, value: Array) -> Iterator[Meaning]:
        node = value.node
        if isinstance(node, Constant):
            return
        if node is not None:
            yield from self._at_every_size(node)
        elif self.branch is not None and value.entries.dtype == object:
            yield from self._at_some(value.entries, self.branch)

    def _at_every_size(self, node: Node) -> Iterator[Meaning]:
        for item in self.known:
            self.budget.check()
            if item.node is None or len(item.node.shape) != len(node.shape):
                continue
            with suppress(DeriveError):
                if all(map(same, item.node.shape, node.shape)) and same_for_all_sizes(node, item.node):
                    yield Meaning(item.kind, item.name)

    def _at_some(self, entries: Any, branch: Branch) -> Iterator[Meaning]:
        for turned in (False, True):
            given = entries.T if turned else entries
            if turned and (entries.ndim != 2 or 1 in entries.shape):
                return
            for item in self.known:
                self.budget.check()
                wanted = self._entries(item, branch)
                if wanted is not None and wanted.shape == given.shape and self._same(given, wanted):
                    yield Meaning(item.kind, item.name, turned, every_size=False)

    def _entries(self, item: Known, branch: Branch) -> Any:
        if item.entries is not None or item.node is None:
            return item.entries
        if id(item) not in self._made:
            self._made[id(item)] = None
            with suppress(DeriveError, KeyError):
                self._made[id(item)] = node_entries(self.subject, branch, item.node)
        return self._made[id(item)]

    def _same(self, first: Any, second: Any) -> bool:
        assert self.branch is not None
        pairs = list(zip(first.ravel(), second.ravel(), strict=True))
        if not all(isinstance(a, Element) and isinstance(b, Element) for a, b in pairs):
            return bool(np.all([a == b for a, b in pairs]))
        known: Mapping[int, bool] = self.branch.known
        if not known and differ_somewhere(pairs):
            return False
        # What cannot be decided is not seen to be equal.
        with suppress(DeriveError):
            return all(vanishes_generically(a - b, known, self.budget) for a, b in pairs)
        return False
