"""What code gives for all sizes, and by what it differs from the rule, in formulas as short as they can be made."""

from __future__ import annotations

from contextlib import suppress

from sympy import Integer

from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.proofs.every_size import Traced
from derive.forward.nodes import Constant, Node, topological
from derive.forward.normal import add, contract
from derive.forward.shape import same
from derive.rules.known import Forward
from derive.rules.rewrite import shortest

__all__ = ["difference", "short"]

_SHORTENING = 10.0
"""How long a formula is made shorter."""

_MOST_NODES = 60
"""What is made of more nodes is told line by line alone."""

_LONG = 400
"""What has more characters is not made shorter."""


def short(found: Traced, name: str) -> Node | None:
    """What the code gives for all sizes, as short as it can be made; None if that is not known."""
    if found.output is None or name not in found.got:
        return None
    return _short(found.got[name], Forward(found.output))


def difference(found: Traced, name: str) -> Node | None:
    """What the code gives too much, as short as it can be made; None where shapes differ."""
    first, second = found.got[name], found.expected[name]
    if found.output is None or len(first.shape) != len(second.shape) or not all(map(same, first.shape, second.shape)):
        return None
    axes = tuple(range(len(second.shape)))
    return _short(add([first, contract([Constant(Integer(-1)), second], [(), axes], axes)]), Forward(found.output))


def _short(node: Node, forward: Forward) -> Node:
    """The node in another form; as it is, where that takes too long."""
    made = node
    if sum(1 for _ in topological(node)) > _MOST_NODES:
        return made
    limit = Budget(_SHORTENING)
    with suppress(OutOfTimeError), limit.interrupting():
        made = shortest(node, forward, opens=False)
        made = made if len(str(made)) > _LONG else shortest(node, forward)
    return made
