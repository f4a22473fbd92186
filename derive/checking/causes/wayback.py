"""The way back through the forward pass in numbers, and what becomes of the gradients if one step of it is another.

x̄_p = ȳ ∂y/∂x_p        for each operand x_p of each node y, where that step alone is changed to something else

The gradients are linear in what a step sends, so only the difference is sent on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derive.checking.causes.values import Array, NodeValues, contracted
from derive.forward.nodes import Add, Contract, Input, Map, Node, topological
from derive.forward.slope import slope
from derive.rules.adjoint import RULES

__all__ = ["Edge", "WayBack"]

_STAND_IN = "what arrives"

Edge = tuple[Node, int]
"""A step of the way back: from a node to one of its operands."""


@dataclass(slots=True)
class WayBack:
    """The gradients at numbers; leading are the nodes that lead to inputs, arriving what arrives at each of them."""

    output: Node
    upstream: Array
    values: NodeValues
    inputs: Sequence[Input]
    leading: set[Node] = field(default_factory=set)
    arriving: dict[Node, Array] = field(default_factory=dict)
    _orders: dict[Node, list[Node]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in topological(self.output):
            if node in self.inputs or any(operand in self.leading for operand in node.operands):
                self.leading.add(node)
        self.values.of(self.output)
        self.arriving = self._swept({self.output: self.upstream}, self.values)

    def gradients(self) -> dict[str, Array]:
        """Those of the inputs."""
        return self._named(self.arriving, self.values)

    def edges(self) -> Iterable[Edge]:
        """All steps, those next to the output first."""
        for node in reversed(self._order(self.output)):
            for place, operand in enumerate(node.operands):
                if operand in self.leading:
                    yield node, place

    def factors(self, node: Contract, place: int) -> list[Array]:
        """What is contracted on the way from a product to one of its factors: its other factors, and what arrives."""
        made = [self.values.of(operand) for operand in node.operands]
        made[place] = self.arriving[node]
        return made

    def product(self, node: Contract, place: int, factors: list[Array]) -> Array:
        """The contraction of such factors."""
        indices = [*node.indices[:place], node.output, *node.indices[place + 1 :]]
        return contracted(factors, indices, node.indices[place])

    def sent(self, edge: Edge) -> Array:
        """What goes along a step."""
        node, place = edge
        return self._sent(node, place, self.arriving[node], self.values)

    def sent_of(self, edge: Edge, other: Node) -> Array:
        """What would go along a step, if what arrives at another node arrived at its start."""
        return self._sent(*edge, self.arriving[other], self.values)

    def with_arriving(self, node: Node, arriving: Array) -> dict[str, Array]:
        """The gradients if something else arrived at a node."""
        changed = self._named(self._swept({node: arriving - self.arriving[node]}, self.values), self.values)
        return {name: array + changed[name] for name, array in self.gradients().items()}

    def with_step(self, edge: Edge, sent: Array) -> dict[str, Array]:
        """The gradients if something else went along a step."""
        node, place = edge
        operand = node.operands[place]
        return self.with_arriving(operand, self.arriving[operand] + (sent - self.sent(edge)))

    def with_value(self, used: Node, other: Array) -> dict[str, Array]:
        """The gradients if another value of the forward pass stood in the place of one, wherever it is used."""
        values = self.values.with_others({used: other})
        return self._named(self._swept({self.output: self.upstream}, values), values)

    def _order(self, node: Node) -> list[Node]:
        if node not in self._orders:
            self._orders[node] = [inner for inner in topological(node) if inner in self.leading]
        return self._orders[node]

    def _swept(self, start: Mapping[Node, Array], values: NodeValues) -> dict[Node, Array]:
        ((first, _),) = start.items()
        arriving = dict(start)
        for node in reversed(self._order(first)):
            if node not in arriving:
                continue
            for place, operand in enumerate(node.operands):
                if operand in self.leading:
                    part = self._sent(node, place, arriving[node], values)
                    arriving[operand] = arriving[operand] + part if operand in arriving else part
        return arriving

    def _sent(self, node: Node, place: int, arriving: Array, values: NodeValues) -> Array:
        match node:
            case Add():
                return arriving
            case Contract():
                made = [values.of(operand) for operand in node.operands]
                made[place] = arriving
                return self.product(node, place, made)
            case Map():
                return arriving * values.of(slope(node, place))
        stand_in = Input(_STAND_IN, node.shape, _STAND_IN)
        rule: Callable[..., Any] = RULES[type(node)]
        return values.with_others({stand_in: arriving}).of(rule(node, stand_in)[place])

    def _named(self, arriving: Mapping[Node, Array], values: NodeValues) -> dict[str, Array]:
        return {
            node.name: arriving[node] if node in arriving else values.filled(0, np.shape(values.of(node)))
            for node in self.inputs
        }
