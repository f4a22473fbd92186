"""Turns formulas into the source of a class with a forward and a backward method in NumPy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from derive.errors import UnsupportedError
from derive.forward.formula import Definition, Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node
from derive.forward.shape import Size
from derive.notation.code import print_code, print_value
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
    back += [f"d{formula.wrt.name} = {print_value(formula.tree, module='np.')}" for formula in formulas]
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
    if any("vectorize(erf" in line for line in lines):
        lines.insert(0, "from math import erf")
    return "\n".join(lines)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"        {line}" for line in lines]


def _code(tree: Tree) -> str:
    return print_code(tree, module="np.")


def _statement(definition: Definition) -> str:
    return f"{definition.text} = {print_value(definition.tree, module='np.')}"


def _kept(layer: Layer, forward: Sequence[Definition], back: Sequence[str]) -> list[str]:
    """The inputs and forward values that the backward pass uses, and an input for each size that no array tells."""
    words = {word for line in back for word in _words(line)}
    inputs = [node for node in layer.inputs if node.name in words]
    wanted = _letters(layer, back)
    for letter in wanted:
        if not any(letter == str(size) for node in (*inputs, layer.upstream) for size in node.shape):
            alone = [node for node in layer.inputs if letter in map(str, node.shape)]
            among = [node for node in layer.inputs if any(_has(size, letter) for size in node.shape)]
            node = (alone or among)[0]
            inputs.append(node)
            # An axis H+K-1 tells H to whoever knows K.
            others = {str(symbol) for size in node.shape if _has(size, letter) for symbol in size.free_symbols}
            wanted += sorted(others - set(wanted)) if not alone else []
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
    places = [(f"{node.name}.shape[{axis}]", size) for node in nodes for axis, size in enumerate(node.shape)]
    told: dict[str, str] = {}
    for letter in _letters(layer, body):
        if letter not in arrays:
            _tell(letter, places, told)
    return [f"{letter} = {value}" for letter, value in told.items()]


def _tell(letter: str, places: Sequence[tuple[str, Size]], told: dict[str, str], asked: tuple[str, ...] = ()) -> None:
    """How to compute a size, and those that this takes: from an axis that is it, or from one such as 2*H+K-2."""
    if letter in told:
        return
    useful = [p for p in places if _has(p[1], letter) and not any(_has(p[1], other) for other in asked)]
    if not useful:
        raise UnsupportedError(
            f"code: no shape of the arrays tells the size {letter}; give an array of which it is an axis by itself"
        )
    place, size = min(useful, key=lambda p: len(p[1].free_symbols))
    symbol = next(symbol for symbol in size.free_symbols if str(symbol) == letter)
    for other in sorted(str(symbol) for symbol in size.free_symbols if str(symbol) != letter):
        _tell(other, places, told, (*asked, letter))
    factor = size.coeff(symbol)
    rest = size - factor * symbol
    difference = place if rest == 0 else f"{place} - ({rest})"
    told[letter] = difference if factor == 1 else f"{difference if rest == 0 else f'({difference})'} // {factor}"


def _has(size: Size, letter: str) -> bool:
    return any(str(symbol) == letter for symbol in size.free_symbols)


def _letters(layer: Layer, body: Sequence[str]) -> list[str]:
    """The size letters among the words of the code."""
    words = {word for line in body for word in _words(line)}
    return [letter for letter in layer.letters if letter in words]


def _words(line: str) -> list[str]:
    return re.findall(r"(?<![.\w])[A-Za-z_]\w*", line)
