"""Writes a program in JAX: a function with jax.custom_vjp, or one that computes gradients."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from derive.code.layout import Function, Passes, indented, shape_text, signature, told
from derive.code.printer import Printer
from derive.code.program import Array, Program
from derive.notation.code import ATOM
from derive.notation.tree import Along, Call, Tree, Windows

__all__ = ["HELPERS", "JaxPrinter", "class_lines", "function_lines", "imports"]

HELPERS = {
    "scatter": '''
def scatter(A, places, size, axis=0):
    """Adds A to an array that has `size` entries along an axis, each where places say; A has their axes there."""
    total = jnp.zeros((*A.shape[:axis], size, *A.shape[axis + jnp.ndim(places) :]), A.dtype)
    return total.at[(slice(None),) * axis + (places,)].add(A)
''',
    "windows": '''
def windows(X, sizes, axes):
    """All windows of these sizes along the axes, in axes of their own at the end."""
    for size, axis in zip(sizes, axes):
        places = jnp.arange(X.shape[axis] - size + 1)[:, None] + jnp.arange(size)
        X = jnp.moveaxis(jnp.take(X, places, axis=axis), axis + 1, -1)
    return X
''',
}


@dataclass(frozen=True)
class JaxPrinter(Printer):
    """JAX's words: NumPy's, but for a few."""

    module: str = "jnp."

    def number(self, text: str) -> str:
        return f"jnp.asarray({text}, {self.like}.dtype)"

    def zeros(self, shape: str) -> str:
        return f"jnp.zeros({shape}, {self.like}.dtype)"

    def rule(self, tree: Tree) -> tuple[str, int]:
        match tree:
            case Call("erf", (operand,)):
                return f"jax.scipy.special.erf({self.text(operand)})", ATOM
            case Call(("relu" | "sigmoid" | "softplus") as function, (operand,)):
                return f"jax.nn.{function}({self.text(operand)})", ATOM
            case Along(("softmax" | "log_softmax" | "logsumexp") as function, operand, axes, rank, kept):
                every = tuple(range(rank)) if axes is None else axes
                where = f", axis={every[0] if len(every) == 1 else every}{', keepdims=True' if kept else ''}"
                return f"jax.nn.{function}({self.text(operand)}{where})", ATOM
            case Windows(operand, axes, sizes):
                listed = [", ".join(map(str, item)) + ("," if len(item) == 1 else "") for item in (sizes, axes)]
                return f"windows({self.text(operand)}, ({listed[0]}), ({listed[1]}))", ATOM
        text, level = super().rule(tree)
        return self._typed(text), level

    def _typed(self, text: str) -> str:
        """What makes an array without another that says its type."""
        text = re.sub(r"jnp\.ones\((\([^()]*\)|\w+)\)", rf"jnp.ones(\1, {self.like}.dtype)", text)
        return re.sub(r"jnp\.eye\(([^(),]*)\)", rf"jnp.eye(\1, dtype={self.like}.dtype)", text)


def imports(body: Sequence[str]) -> list[str]:
    """What the code takes from elsewhere."""
    modules = ["import math", ""] if any("math." in line for line in body) else []
    own = ["import jax"] if any("jax." in line for line in body) else []
    return [*modules, *own, "import jax.numpy as jnp"]


def class_lines(program: Program) -> list[str]:
    """A function with its own rule for reverse mode; shapes stand in the docstrings."""
    arrived = program.upstream.name
    passes = Passes.of(program, JaxPrinter(like=_like(program.inputs)), JaxPrinter(like=arrived))
    name = function_name(program)
    kept = f"({', '.join(passes.kept)}{',' if len(passes.kept) == 1 else ''})"
    restore = [f"{kept[1:-1]} = kept"] if passes.kept else []
    results = {
        r.wrt.name: f"{arrived} * {r.statement.name}" if program.is_loss else r.statement.name for r in program.results
    }
    returned = ", ".join(results.get(array.name, "None") for array in program.inputs)
    arguments = signature(program.inputs)
    return [
        "@jax.custom_vjp",
        f"def {name}({arguments}):",
        f'    """{shape_text(program.inputs)}"""',
        f"    return {name}_forward({arguments})[0]",
        "",
        "",
        f"def {name}_forward({arguments}):",
        '    """The output, and what the backward pass needs."""',
        *indented([*passes.forward, f"return {passes.output}, {kept}"], 1),
        "",
        "",
        f"def {name}_backward(kept, {arrived}):",
        f'    """{told(program)}"""',
        *indented([*restore, *passes.backward, f"return {returned}{',' if len(program.inputs) == 1 else ''}"], 1),
        "",
        "",
        f"{name}.defvjp({name}_forward, {name}_backward)",
    ]


def function_name(program: Program) -> str:
    """The layer's name, unless it is one that the code needs for something else."""
    taken = {"jax", "jnp", "math", *HELPERS}
    return f"{program.name}_layer" if program.name in taken else program.name


def function_lines(program: Program, name: str) -> list[str]:
    """A function that computes the gradients from the inputs and the upstream gradient alone."""
    return Function.of(program, JaxPrinter(like=_like(program.inputs))).lines(name)


def _like(inputs: Sequence[Array]) -> str:
    """An input that says of which type the others are."""
    return next((array.name for array in inputs if not array.whole), inputs[0].name)
