"""Chooses which values of the forward pass get a name: those that are given one, and those that it shortens.

A name for the whole may make names for its parts needless, so that values are looked at from the outermost one inwards:
then it is settled how often a value will be written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from derive.forward.functions import equal, step
from derive.forward.idioms import parts
from derive.forward.nodes import Add, Map, Node, topological
from derive.rules.length import lengths

__all__ = ["choose"]

_TWICE = 10
"""So many characters have to be written twice in one formula before they are worth a name."""

_SHARED = 26
"""So many, if several formulas write them once each."""

_DEFINED = 6
"""What it takes to define a name besides what it stands for: S = ..., and a line."""

_MOST = 1000


def choose(roots: Sequence[Node], forward: Collection[Node], given: Collection[Node], output: Node | None) -> set[Node]:
    """The nodes that get a name, for formulas whose nodes the roots are; forward are the values that may have one.

    The output has one wherever it occurs.
    """
    chosen: set[Node] = set()
    long = lengths(*roots)
    # How often a node is written in each formula and in each definition that has it; what has a name is written there.
    times: dict[Node, dict[Node, int]] = {}
    for node in reversed(list(topological(*roots, below=parts))):
        found = times.pop(node, {})
        brief = node not in forward or _is_mask(node) or long[node] < _TWICE
        repeated = node is output or max(found.values(), default=0) > 1
        shared = long[node] >= _SHARED and sum(found.values()) > 1
        if found and (node in given or (not brief and (repeated or shared))):
            chosen.add(node)
            found = {node: 1}
        elif node in roots:
            found = {**found, node: 1}
        for operand in parts(node):
            inner = times.setdefault(operand, {})
            for root, number in found.items():
                inner[root] = min(inner.get(root, 0) + number, _MOST)
    return chosen


def _is_mask(node: Node) -> bool:
    """Whether a value says where something holds: that is short, and clearer where it is written."""
    if isinstance(node, Add):
        return any(map(_is_mask, node.operands))
    return isinstance(node, Map) and isinstance(node.function, step | equal)
