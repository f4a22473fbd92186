"""Turns formulas into the source of a class with a forward and a backward method in NumPy."""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node, topological
from derive.notation.code import print_code

__all__ = ["numpy_class"]


def numpy_class(layer: Layer, formulas: Sequence[Formula]) -> str:
    """A class that keeps what the backward pass needs; shapes stand in its docstrings."""
    arguments = [node.name for node in layer.inputs]
    upstream = layer.upstream.name
    results = [f"d{formula.wrt.name}" for formula in formulas]
    body = [f"        {name} = {print_code(f.tree, module='np.')}" for name, f in zip(results, formulas, strict=True)]
    kept = _kept(layer, formulas, "\n".join(body))
    lines = ["import numpy as np", "", f"class {_camel(layer.name)}:"]
    lines += [f"    def forward(self, {', '.join(arguments)}):"]
    lines += [f'        """{_shapes(layer.inputs)}"""']
    forward = print_code(layer.read(layer.output), module="np.")
    lines += _keep(kept) + _sizes(layer, layer.inputs, forward) + [f"        return {forward}", ""]
    lines += [f"    def backward(self, {upstream}):"]
    lines += [f'        """{upstream} = d{layer.loss}/d{layer.output_name}, shape {_shape(layer.output)}."""']
    present = [node for node in layer.inputs if node.name in kept] + [layer.upstream]
    lines += _restore(kept) + _sizes(layer, present, "\n".join(body)) + body
    lines += [f"        return {', '.join(results)}"]
    if any("vectorize(erf" in line for line in lines):
        lines.insert(0, "from math import erf")
    return "\n".join(lines)


def _kept(layer: Layer, formulas: Sequence[Formula], body: str) -> list[str]:
    """The inputs that the formulas use, and one for each size that they use and no other array tells."""
    kept = [node for node in layer.inputs if any(_uses(formula.node, node) for formula in formulas)]
    for letter in _letters(layer, body):
        if not any(letter == str(size) for node in (*kept, layer.upstream) for size in node.shape):
            kept.append(next(node for node in layer.inputs if letter in map(str, node.shape)))
    return [node.name for node in layer.inputs if node in kept]


def _uses(formula: Node, node: Input) -> bool:
    return any(item is node for item in topological(formula))


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _shape(node: Node) -> str:
    inner = ", ".join(map(str, node.shape))
    return f"({inner},)" if len(node.shape) == 1 else f"({inner})"


def _shapes(nodes: Sequence[Input]) -> str:
    return ", ".join(f"{node.name} {_shape(node)}" for node in nodes) + "."


def _keep(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [f"        {', '.join(f'self.{name}' for name in names)} = {', '.join(names)}"]


def _restore(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [f"        {', '.join(names)} = {', '.join(f'self.{name}' for name in names)}"]


def _sizes(layer: Layer, nodes: Sequence[Input], body: str) -> list[str]:
    """N = X.shape[0] for every size letter that the body uses as a number."""
    arrays = {node.name for node in nodes}
    lines = []
    for letter in _letters(layer, body):
        if letter not in arrays:
            node, axis = next((n, a) for n in nodes for a, size in enumerate(n.shape) if str(size) == letter)
            lines.append(f"        {letter} = {node.name}.shape[{axis}]")
    return lines


def _letters(layer: Layer, body: str) -> list[str]:
    """The size letters among the words of the code."""
    words = set(re.findall(r"[A-Za-z_]\w*", body))
    return [letter for letter in layer.letters if letter in words]
