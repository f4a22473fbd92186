"""Turns formulas into the source of a class with a forward and a backward method in NumPy."""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.errors import UnsupportedError
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node, topological
from derive.forward.shape import Size
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
    wanted = _letters(layer, body)
    for letter in wanted:
        if not any(letter == str(size) for node in (*kept, layer.upstream) for size in node.shape):
            alone = [node for node in layer.inputs if letter in map(str, node.shape)]
            among = [node for node in layer.inputs if any(_has(size, letter) for size in node.shape)]
            node = (alone or among)[0]
            kept.append(node)
            # An axis H+K-1 tells H to whoever knows K.
            others = {str(symbol) for size in node.shape if _has(size, letter) for symbol in size.free_symbols}
            wanted += sorted(others - set(wanted)) if not alone else []
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
    places = [(f"{node.name}.shape[{axis}]", size) for node in nodes for axis, size in enumerate(node.shape)]
    told: dict[str, str] = {}
    for letter in _letters(layer, body):
        if letter not in arrays:
            _tell(letter, places, told)
    return [f"        {letter} = {value}" for letter, value in told.items()]


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


def _letters(layer: Layer, body: str) -> list[str]:
    """The size letters among the words of the code."""
    words = set(re.findall(r"[A-Za-z_]\w*", body))
    return [letter for letter in layer.letters if letter in words]
