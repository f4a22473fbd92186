"""Writes a program that forms the Jacobians of two stages as tensors, and compares einsum with their composition."""

from __future__ import annotations

import re
from collections.abc import Mapping

from derive.code.numpy import HELPERS
from derive.forward.layer import Layer
from derive.forward.nodes import Input
from derive.notation.code import print_code
from derive.routes.composition import Composition

__all__ = ["einsum_program"]

_JACOBIAN = '''\
def jacobian(function, x, step=1e-5):
    """Axes of function(x), then those of x, by central differences."""
    columns = []
    for place in np.ndindex(x.shape):
        moved = np.zeros(x.shape)
        moved[place] = step
        columns.append((function(x + moved) - function(x - moved)) / (2 * step))
    return np.stack(columns, axis=-1).reshape(np.shape(function(x)) + x.shape)'''


def einsum_program(composition: Composition, sizes: Mapping[str, int]) -> str:
    """The program, at these sizes; it runs as it is printed and fails if the composition is not the product."""
    first, second, both = composition.first.layer, composition.second.layer, composition.both
    letters = both.letters
    numbers = ", ".join(str(sizes[letter]) for letter in letters)
    lines = ["import numpy as np", "", *_JACOBIAN.split("\n"), ""]
    lines += [f"{', '.join(letters)} = {numbers}", "rng = np.random.default_rng(0)"]
    lines += [f"{node.name} = rng.normal(size={_shape(node)})" for node in both.inputs]
    F, G = composition.names
    entering, between = first.inputs[0].name, second.inputs[0].name
    lines += ["", f"def {F}({entering}): return {_forward(first)}"]
    lines += [f"def {G}({between}): return {_forward(second)}", ""]
    lines += [f"J_{F} = jacobian({F}, {entering})", f"J_{G} = jacobian({G}, {F}({entering}))"]
    lines += [f"J = jacobian(lambda {entering}: {G}({F}({entering})), {entering})"]
    shapes = ", ".join(f"{name}.shape" for name in (f"J_{G}", f"J_{F}", "J"))
    shown = ", ".join(str(item) for item in _shapes(composition, sizes))
    lines += [f"print({shapes})  # {shown}"]
    lines += [f'assert np.allclose(J, np.einsum("{composition.pattern}", J_{G}, J_{F}), atol=1e-6)']
    program = "\n".join(lines)
    helpers = [text.strip("\n") for name, text in HELPERS.items() if re.search(rf"(?<![.\w]){name}\(", program)]
    if helpers:
        # In expressions the axis may be left out: softmax goes along the last one, logsumexp along all.
        defaults = {"softmax(A, axis)": "softmax(A, axis=-1)", "logsumexp(A, axis)": "logsumexp(A, axis=None)"}
        for short, full in defaults.items():
            helpers = [text.replace(short, full) for text in helpers]
        program = program.replace("import numpy as np\n", "\n\n".join(["import numpy as np", *helpers, ""]), 1)
    return f"from math import erf\n{program}" if "vectorize(erf" in program else program


def _forward(layer: Layer) -> str:
    return print_code(layer.read(layer.output), module="np.")


def _shape(node: Input) -> str:
    inner = ", ".join(map(str, node.shape))
    return f"({inner},)" if len(node.shape) == 1 else f"({inner})"


def _shapes(composition: Composition, sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
    first, second, both = composition.first, composition.second, composition.both
    out, between, into = (both.shape(node, sizes) for node in (second.layer.output, second.input, first.input))
    return [(*out, *between), (*between, *into), (*out, *into)]
