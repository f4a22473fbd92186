"""Writes a program in NumPy: a class with a forward and a backward method, or one function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.code.layout import Function, Passes, camel, indented, shape_text, signature, told
from derive.code.printer import Printer
from derive.code.program import Program
from derive.notation.code import ATOM
from derive.notation.code import HELPERS as ALONG
from derive.notation.tree import Call, Negative, Tree

__all__ = ["HELPERS", "NumpyPrinter", "class_lines", "function_lines", "imports"]

_LEFT = 76
"""The characters that may stand before the = of an assignment to several names."""

HELPERS = {
    **{name: "\n".join(lines) for name, lines in ALONG.items()},
    "scatter": '''
def scatter(A, places, size, axis=0):
    """Adds A to an array that has `size` entries along an axis, each where places say; A has their axes there."""
    total = np.zeros((*A.shape[:axis], size, *A.shape[axis + np.ndim(places) :]), A.dtype)
    np.add.at(total, (slice(None),) * axis + (places,), A)
    return total
''',
}


@dataclass(frozen=True)
class NumpyPrinter(Printer):
    """NumPy's words."""

    module: str = "np."

    def rule(self, tree: Tree) -> tuple[str, int]:
        match tree:
            case Call("sigmoid", (operand,)):
                # 1 / (1 + exp(-x)) overflows on its way to 0.
                return f"np.exp(-np.logaddexp(0, {self.text(Negative(operand))}))", ATOM
        return super().rule(tree)

    def einsum(self, pattern: str, factors: tuple[Tree, ...]) -> str:
        text = super().einsum(pattern, factors)
        # Several factors are multiplied two at a time only if one asks for it.
        return f"{text[:-1]}, optimize=True)" if len(factors) > 2 else text


def imports(body: Sequence[str]) -> list[str]:
    """What the code takes from elsewhere."""
    modules = ["import math"] if any("math." in line for line in body) else []
    erf = ["from math import erf"] if any("vectorize(erf" in line for line in body) else []
    return [*modules, *erf, *([""] if modules or erf else []), "import numpy as np"]


def class_lines(program: Program) -> list[str]:
    """A class that keeps what the backward pass needs; shapes stand in its docstrings."""
    passes = Passes.of(program, NumpyPrinter(like=""), NumpyPrinter(like=""))
    kept = passes.kept
    keep = [f"{', '.join(f'self.{name}' for name in part)} = {', '.join(part)}" for part in _parted(kept)]
    restore = [f"{', '.join(kept)} = {', '.join(f'self.{name}' for name in kept)}"] if kept else []
    arguments = "self" if program.is_loss else f"self, {program.upstream.name}"
    return [
        f"class {camel(program.name)}:",
        f"    def forward(self, {signature(program.inputs)}):",
        f'        """{shape_text(program.inputs)}"""',
        *indented([*passes.forward, *keep, f"return {passes.output}"], 2),
        "",
        f"    def backward({arguments}):",
        f'        """{told(program)}"""',
        *indented([*restore, *passes.backward, f"return {', '.join(passes.results)}"], 2),
    ]


def function_lines(program: Program, name: str) -> list[str]:
    """A function that computes the gradients from the inputs and the upstream gradient alone."""
    return Function.of(program, NumpyPrinter(like="")).lines(name)


def _parted(names: Sequence[str]) -> list[list[str]]:
    """The names, as many together as stand on the left of one =, where no bracket lets a line go on."""
    parts: list[list[str]] = []
    for name in names:
        if parts and sum(len(f"self.{other}, ") for other in (*parts[-1], name)) <= _LEFT:
            parts[-1].append(name)
        else:
            parts.append([name])
    return parts
