"""Finds softmax and logsumexp in a graph, which code must not compute as they are written: exp(1000) overflows.

softmax(A) is exp(A) divided by its sum along axes, logsumexp(A) the logarithm of that sum. Every occurrence gives way
to a stand-in, whose value whoever writes the code computes in a way that does not overflow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from sympy import Integer, exp, log

from derive.forward.nodes import Constant, Contract, Input, Map, Node, Ones, placeholder, topological
from derive.forward.normal import add, apply, contract, replaced

__all__ = ["Along", "Stable"]


@dataclass(frozen=True, slots=True)
class Along:
    """softmax or logsumexp of an array along axes; stand_in is what the graph holds in its place.

    Shapes: stand_in has the shape of argument for softmax, and for logsumexp that without the axes.
    """

    function: Literal["softmax", "logsumexp"]
    argument: Node
    axes: tuple[int, ...]
    stand_in: Input


@dataclass(slots=True)
class Stable:
    """The occurrences in the graphs of some roots, in the order of computation.

    `of(node)` is a node of these graphs with stand-ins in it.
    """

    found: list[Along] = field(default_factory=list)
    _values: dict[Node, Node] = field(default_factory=dict)

    @staticmethod
    def search(roots: Iterable[Node]) -> Stable:
        """All occurrences in the graphs of the roots."""
        result = Stable()
        for node in topological(*roots):
            changed = result._of_product(node) if isinstance(node, Contract) else result._of_logarithm(node)
            if changed is not None:
                result._values[node] = replaced(changed, result._values)
        return result

    def of(self, node: Node) -> Node:
        """The node with stand-ins."""
        return replaced(node, self._values)

    def _of_product(self, node: Contract) -> Node | None:
        """exp(A) / Σ exp(A) · B ... as softmax(A) · B ..."""
        pairs = [*zip(node.operands, node.indices, strict=True)]
        for under, (divisor, row) in enumerate(pairs):
            total = divisor.operands[0] if _is_reciprocal(divisor) else None
            known = None if total is None else _sum_of_exponentials(total)
            if known is None:
                continue
            power, axes = known
            for over, (operand, places) in enumerate(pairs):
                kept = tuple(index for axis, index in enumerate(places) if axis not in axes)
                if operand is power and kept == row:
                    pairs[over] = (self._stand_in("softmax", power, axes), places)
                    del pairs[under]
                    made = contract([p[0] for p in pairs], [p[1] for p in pairs], node.output)
                    # There may be another quotient beside it.
                    again = self._of_product(made) if isinstance(made, Contract) else None
                    return made if again is None else again
        return None

    def _of_logarithm(self, node: Node) -> Node | None:
        """f(log Σ exp(A)) with logsumexp(A) in it."""
        if not isinstance(node, Map):
            return None
        function, operands = node.function, [*node.operands]
        for place, operand in enumerate(operands):
            taken = function.subs(log(placeholder(place)), _LOGARITHM)
            logarithm = self._logarithm(operand) if taken != function and not taken.has(placeholder(place)) else None
            if logarithm is not None:
                operands[place] = logarithm
                function = taken.subs(_LOGARITHM, placeholder(place))
        return None if operands == [*node.operands] else apply(function, operands)

    def _logarithm(self, node: Node) -> Node | None:
        """logsumexp(A) for Σ exp(A), A - logsumexp(A) for softmax(A)."""
        known = _sum_of_exponentials(node)
        if known is not None:
            return self._stand_in("logsumexp", *known)
        made = self._values.get(node)
        soft = next((item for item in self.found if item.function == "softmax" and item.stand_in is made), None)
        if soft is None:
            return None
        total = self._stand_in_of("logsumexp", soft.argument, soft.axes)
        every = range(len(node.shape))
        ones = [(Ones(node.shape[axis]), (axis,)) for axis in soft.axes]
        row = tuple(axis for axis in every if axis not in soft.axes)
        terms = [(Constant(Integer(-1)), ()), (total, row), *ones]
        return add([soft.argument, contract([term[0] for term in terms], [term[1] for term in terms], every)])

    def _stand_in(self, function: Literal["softmax", "logsumexp"], power: Map, axes: tuple[int, ...]) -> Input:
        return self._stand_in_of(function, apply(power.function.args[0], power.operands), axes)

    def _stand_in_of(self, function: Literal["softmax", "logsumexp"], argument: Node, axes: tuple[int, ...]) -> Input:
        for known in self.found:
            if (known.function, known.argument, known.axes) == (function, argument, axes):
                return known.stand_in
        left = argument.shape
        if function == "logsumexp":
            left = tuple(size for axis, size in enumerate(left) if axis not in axes)
        word = f"{function} {len(self.found)}"
        self.found.append(Along(function, argument, axes, Input(word, left, word)))
        return self.found[-1].stand_in


_LOGARITHM = placeholder(1_000)
"""Stands for log Σ exp(A) while the function that it is in is looked at."""


def _is_reciprocal(node: Node) -> bool:
    return isinstance(node, Map) and len(node.operands) == 1 and node.function == 1 / placeholder(0)


def _sum_of_exponentials(node: Node) -> tuple[Map, tuple[int, ...]] | None:
    """exp(A) and the axes along which the node sums it; None for any other node."""
    if not isinstance(node, Contract):
        return None
    core = [pair for pair in zip(node.operands, node.indices, strict=True) if not isinstance(pair[0], Ones)]
    if len(core) != 1:
        return None
    power, row = core[0]
    if not isinstance(power, Map) or not isinstance(power.function, exp):
        return None
    kept = tuple(index for index in row if index in node.output)
    if kept != node.output or len(kept) == len(row):
        return None
    return power, tuple(axis for axis, index in enumerate(row) if index not in kept)
