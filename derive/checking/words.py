"""How axes and simple rules are told: an axis of samples is the batch, and a sum over it is read, not computed."""

from __future__ import annotations

import re

from derive.forward.nodes import Input, Node, topological
from derive.forward.shape import Shape

__all__ = ["axis_words", "rule_words"]

_SAMPLES = ("N", "B", "batch")
"""Letters that count samples."""

_SUM = re.compile(r"sum\((?P<array>\w+), axis=(?P<axis>\d)\)")


def axis_words(shape: Shape | None, axis: int) -> str:
    """The batch axis, or axis 1; shape is that of the array, in sizes, if it is known."""
    is_batch = shape is not None and axis == 0 and len(shape) > 1 and str(shape[0]) in _SAMPLES
    return "the batch axis" if is_batch else f"axis {axis}"


def rule_words(text: str, root: Node) -> str:
    """sum of dY over the batch for sum(dY, axis=0); any other rule as the code that it is."""
    match = _SUM.fullmatch(text)
    if match is None:
        return text
    shapes = {node.name: node.shape for node in topological(root) if isinstance(node, Input)}
    words = axis_words(shapes.get(match["array"]), int(match["axis"]))
    return f"sum of {match['array']} over the batch" if words == "the batch axis" else text
