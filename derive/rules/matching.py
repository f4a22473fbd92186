"""Finds the factors of one product among those of another, whatever their summed labels are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sympy import Expr

from derive.forward.nodes import Delta, Node, Ones
from derive.rules.terms import Power, Term

__all__ = ["alike", "factors", "matches"]

Factors = frozenset[tuple[Node, Expr]]
"""Nodes with their exponents."""


def factors(*powers: Power) -> Factors:
    """What a product is made of whatever the labels are: terms that are alike have the same, and rarely do others."""
    found: dict[Node, Expr] = {}
    for power in powers:
        if not isinstance(power.node, Delta | Ones):
            known = found.get(power.node)
            found[power.node] = power.exponent if known is None else known + power.exponent
    return frozenset(item for item in found.items() if item[1])


def _no_node(node: Node) -> bool:
    return False


def alike(first: Term, second: Term, free: tuple[int, ...], *, symmetric: Callable[[Node], bool] = _no_node) -> bool:
    """Whether two terms are the same up to coefficient, order, names of summed labels, and a_ij = a_ji of symmetric."""
    names = {label: label for label in free}
    return len(first.powers) == len(second.powers) and any(
        not rest for rest, _ in matches(second.powers, first.powers, names, bound=free, symmetric=symmetric)
    )


def matches(
    pattern: Sequence[Power],
    powers: tuple[Power, ...],
    names: dict[int, int],
    *,
    bound: tuple[int, ...],
    symmetric: Callable[[Node], bool] = _no_node,
) -> Iterator[tuple[tuple[Power, ...], dict[int, int]]]:
    """The ways to find the pattern among the powers: what is left of them, and the labels that its labels became."""
    if not pattern:
        yield powers, names
        return
    first, *rest = pattern
    for place, power in enumerate(powers):
        if power.node is not first.node or not _divides(first.exponent, power.exponent):
            continue
        left = power.exponent - first.exponent
        remaining = (*powers[:place], *((replace(power, exponent=left),) if left else ()), *powers[place + 1 :])
        for index in (power.index, power.index[::-1]) if symmetric(power.node) else (power.index,):
            known = dict(names)
            if any(known.setdefault(a, b) != b for a, b in zip(first.index, index, strict=True)):
                continue
            # A label that is bound is itself and nothing else.
            moved = any(a != b and (a in bound or b in bound) for a, b in known.items())
            if not moved and len(set(known.values())) == len(known):
                yield from matches(rest, remaining, known, bound=bound, symmetric=symmetric)


def _divides(part: Expr, whole: Expr) -> bool:
    """Whether a power has another as a factor, leaving a whole power of that, of the same sign."""
    rest = whole - part
    return bool(part == whole or (part * whole > 0 and rest * whole > 0 and (rest / part).is_integer))
