"""Turns formulas into the source of a class with a forward and a backward method in NumPy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from derive.forward.formula import Definition, Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node
from derive.notation.code import print_code
from derive.notation.tree import Tree
from derive.rules.naming import definitions

__all__ = ["numpy_class"]


def numpy_class(layer: Layer, formulas: Sequence[Formula]) -> str:
    """A class that keeps what the backward pass needs; shapes stand in its docstrings."""
    upstream = layer.upstream.name
    forward = [item for item in definitions(layer) if not item.backward]
    names = {item.node: item.name for item in forward}
    result = _code(names.get(layer.output) or layer.read(layer.output, names))
    ahead = [*map(_statement, forward), f"return {result}"]
    used = {item.text: item for formula in formulas for item in formula.definitions if item.backward}
    back = [_statement(item) for item in definitions(layer) if item.text in used]
    back += [f"d{formula.wrt.name} = {_code(formula.tree)}" for formula in formulas]
    kept = _kept(layer, forward, back)
    keep = [f"{', '.join(f'self.{name}' for name in kept)} = {', '.join(kept)}"] if kept else []
    restore = [f"{', '.join(kept)} = {', '.join(f'self.{name}' for name in kept)}"] if kept else []
    arrays = [node for node in layer.inputs if node.name in kept]
    # A number is the loss itself; what arrives then is 1.
    arguments = f"self, {upstream}" if layer.output.shape else "self"
    told = f"{upstream} = d{layer.loss}/d{layer.output_name}, shape {_shape(layer.output)}."
    lines = ["import numpy as np", "", f"class {_camel(layer.name)}:"]
    lines += [f"    def forward(self, {', '.join(node.name for node in layer.inputs)}):"]
    lines += [f'        """{_shapes(layer.inputs)}"""']
    lines += _indented([*_sizes(layer, layer.inputs, ahead), *ahead[:-1], *keep, ahead[-1]])
    lines += ["", f"    def backward({arguments}):"]
    lines += [f'        """{told if layer.output.shape else f"The output is the loss {layer.loss} itself."}"""']
    lines += _indented([*restore, *_sizes(layer, [*arrays, layer.upstream], back), *back])
    lines += _indented([f"return {', '.join(f'd{formula.wrt.name}' for formula in formulas)}"])
    return "\n".join(lines)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"        {line}" for line in lines]


def _code(tree: Tree) -> str:
    return print_code(tree, module="np.")


def _statement(definition: Definition) -> str:
    return f"{definition.text} = {_code(definition.tree)}"


def _kept(layer: Layer, forward: Sequence[Definition], back: Sequence[str]) -> list[str]:
    """The inputs and forward values that the backward pass uses, and an input for each size that no array tells."""
    words = {word for line in back for word in _words(line)}
    inputs = [node for node in layer.inputs if node.name in words]
    for letter in _letters(layer, back):
        if not any(letter == str(size) for node in (*inputs, layer.upstream) for size in node.shape):
            inputs.append(next(node for node in layer.inputs if letter in map(str, node.shape)))
    values = [item.text for item in forward if item.text in words]
    return [*(node.name for node in layer.inputs if node in inputs), *values]


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _shape(node: Node) -> str:
    inner = ", ".join(map(str, node.shape))
    return f"({inner},)" if len(node.shape) == 1 else f"({inner})"


def _shapes(nodes: Sequence[Input]) -> str:
    return ", ".join(f"{node.name} {_shape(node)}" for node in nodes) + "."


def _sizes(layer: Layer, nodes: Sequence[Input], body: Sequence[str]) -> list[str]:
    """N = X.shape[0] for every size letter that the body uses as a number."""
    arrays = {node.name for node in nodes}
    lines = []
    for letter in _letters(layer, body):
        if letter not in arrays:
            node, axis = next((n, a) for n in nodes for a, size in enumerate(n.shape) if str(size) == letter)
            lines.append(f"{letter} = {node.name}.shape[{axis}]")
    return lines


def _letters(layer: Layer, body: Sequence[str]) -> list[str]:
    """The size letters among the words of the code."""
    words = {word for line in body for word in _words(line)}
    return [letter for letter in layer.letters if letter in words]


def _words(line: str) -> list[str]:
    return re.findall(r"(?<![.\w])[A-Za-z_]\w*", line)
