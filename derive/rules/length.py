"""About how many characters it takes to write a node, known before anything has a name.

`written.py` prints a formula and counts, which compares two forms exactly. Where names are still to be chosen it
cannot: what many use would be printed as often, and a text of shared values doubles with each. Here every value is
estimated once, from its operands, up to a bound. The lengths from which a value is worth a name are such estimates;
with exact ones in their place one formula of the corpus less was as short as the literature's.
"""

from __future__ import annotations

from collections.abc import Collection

from derive.forward.idioms import idiom, parts, root
from derive.forward.joined import joined
from derive.forward.nodes import Add, Constant, Contract, Delta, Input, Map, Node, Ones, topological

__all__ = ["lengths"]

_LONGEST = 1000


def lengths(*roots: Node, named: Collection[Node] = ()) -> dict[Node, int]:
    """The length of every node that the roots are computed from; one that has a name is that name where it is used."""
    found: dict[Node, int] = {}
    for node in topological(*roots, below=parts):
        inner = sum(1 if operand in named else found[operand] for operand in parts(node))
        found[node] = min(_own(node) + inner, _LONGEST)
    return found


def _own(node: Node) -> int:
    """What is written besides the operands."""
    found = idiom(node)
    if found is not None:
        return len(found.function) + 2 + (8 if len(node.shape) + found.reduced * len(found.axes) > 1 else 0)
    if root(node) is not None:
        return 4
    match node:
        case Input(name):
            return len(name)
        case Constant(value):
            return min(len(str(value)), 5)
        case Ones():
            return 0
        case Delta():
            return 2
        case Map(operands, function):
            own = len(type(function).__name__) + 2 if function.is_Function else 2 * len(function.atoms())
            return own + len(operands) - 1
        case Add() if (beside := joined(node)) is not None:
            return 2 * len(beside.parts) + (18 if beside.interleaved else 7 if beside.stacked else 13)
        case Add(operands):
            return 3 * (len(operands) - 1)
        case Contract(operands):
            if len(operands) > 1:
                return 3 * (len(operands) - 1)
            return 5 if node.summed() else 2
    return 6
