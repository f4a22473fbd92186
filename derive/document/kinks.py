"""Where a layer has no derivative, and what is taken there, in words."""

from __future__ import annotations

from typing import Any

from derive.forward.layer import Layer
from derive.forward.nodes import Constant, Map, Reduce, placeholder, topological
from derive.locale import N_

__all__ = ["kink_message", "kinks"]

_MESSAGES = {
    "relu": N_(
        "*At the kink:* `relu` has no derivative at 0. There 0 is taken, as PyTorch does; it is a subgradient, as is "
        "every number from 0 to 1. Elsewhere nothing depends on this."
    ),
    "abs": N_(
        "*At the kink:* `abs` has no derivative at 0. There 0 is taken, as PyTorch does; it is a subgradient, as is "
        "every number from minus 1 to 1. Elsewhere nothing depends on this."
    ),
    "bound": N_(
        "*At the kink:* the larger of an entry and a number has no derivative where both are equal. There 0 is taken, "
        "as PyTorch does; it is a subgradient, as is every number from 0 to 1. Elsewhere nothing depends on this."
    ),
    "upper bound": N_(
        "*At the kink:* the smaller of an entry and a number has no derivative where both are equal. There 1 is taken, "
        "so that this and the derivative of the larger one add up to 1; every number from 0 to 1 is a subgradient of "
        "its negative. Elsewhere nothing depends on this."
    ),
    "clip": N_(
        "*At the kinks:* `clip` has no derivative at its two bounds. There 0 is taken, as PyTorch's `hardtanh` does. "
        "Elsewhere nothing depends on this."
    ),
    "maximum": N_(
        "*At ties:* the larger of two numbers has no derivative where both are equal. There the second one receives "
        "all of the gradient, which is a subgradient. Elsewhere nothing depends on this."
    ),
    "minimum": N_(
        "*At ties:* the smaller of two numbers has no derivative where both are equal. There the first one receives "
        "all of the gradient, which is a subgradient of its negative. Elsewhere nothing depends on this."
    ),
    "sign": N_("*At the jump:* `sign` is constant on both sides of 0, and its derivative is taken to be 0 at 0 too."),
    "step": N_(
        "*At the border:* where a condition chooses between formulas, the derivative is that of the formula chosen, "
        "also where the condition is about to change; the condition itself counts as constant. Elsewhere nothing "
        "depends on this."
    ),
    "Reduce": N_(
        "*At ties:* the largest of several numbers has no derivative where more than one of them is largest. There "
        "they share the gradient equally, as in PyTorch's `amax`, which is a subgradient. Elsewhere nothing depends "
        "on this."
    ),
}
"""What is said of a function, by its name."""

_BOUNDS = {"maximum": "bound", "minimum": "upper bound"}
"""What the larger and the smaller of an entry and a number are called in the table."""


def kinks(layer: Layer) -> tuple[str, ...]:
    """The kinds of functions without a derivative somewhere that the layer computes, in the order of computation."""
    found: dict[str, None] = {}
    for node in topological(layer.output):
        match node:
            case Map(function=function):
                names = _names(function)
                for name, of_number in _BOUNDS.items():
                    if name in names and _has_number(function, node, name):
                        names = (names - {name}) | {of_number}
                found |= dict.fromkeys(name for name in _MESSAGES if name in names)
            case Reduce():
                found["Reduce"] = None
    return tuple(found)


def _names(function: object) -> set[str]:
    """The names of the functions that a SymPy expression is made of."""
    pending: list[object] = [function]
    names: set[str] = set()
    while pending:
        item = pending.pop()
        names.add(type(item).__name__)
        pending += getattr(item, "args", ())
    return names


def _has_number(function: object, node: Map, name: str) -> bool:
    """Whether the second of the two that are compared is a number."""
    arguments: tuple[Any, ...] = getattr(function, "args", ())
    if type(function).__name__ != name:
        return any(_has_number(argument, node, name) for argument in arguments)
    numbers = {str(placeholder(p)) for p, operand in enumerate(node.operands) if isinstance(operand, Constant)}
    return bool(arguments[1].is_number) or str(arguments[1]) in numbers


def kink_message(kind: str) -> str:
    """The sentence."""
    return _MESSAGES[kind]
