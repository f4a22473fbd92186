"""Writes functions of a value by those of its functions that have a name: 1 - tanh(R)² is 1 - K², if K is tanh(R)."""

from __future__ import annotations

from collections.abc import Mapping

from derive.forward.nodes import Map, Node, placeholder, topological
from derive.forward.normal import apply

__all__ = ["recalled"]


def recalled(node: Node, names: Mapping[Node, Node]) -> dict[Node, Node]:
    """The functions in a node that are functions of a named value of the same operands, and what they are of it.

    Source: f = h ∘ g, where SymPy finds h by putting a symbol in the place of g.
    """
    known: dict[tuple[Node, ...], list[tuple[Map, Node]]] = {}
    for value, name in names.items():
        if isinstance(value, Map):
            known.setdefault(value.arguments, []).append((value, name))
    found: dict[Node, Node] = {}
    for inner in topological(node, leaves=names):
        if not isinstance(inner, Map) or inner in names:
            continue
        symbols = {placeholder(place) for place in range(len(inner.arguments))}
        fresh = placeholder(len(inner.arguments))
        for value, name in known.get(inner.arguments, ()):
            written = inner.function.subs(value.function, fresh)
            if not written.free_symbols & symbols:
                found[inner] = apply(written.subs(fresh, placeholder(0)), (name,))
                break
    return found
