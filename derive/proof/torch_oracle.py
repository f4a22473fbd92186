"""Checks a formula against PyTorch: its Jacobian of the traced graph, contracted with the upstream gradient by einsum.

A layer's own code is NumPy's and does not run on tensors, so the graph that was traced from it is run, node by node;
that it computes what the code computes is checked as well. PyTorch differentiates on its own: it sees neither our
Jacobian nor our formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from importlib import import_module
from operator import add, mul
from string import ascii_letters
from typing import Any

import numpy as np
from sympy import Add as SympyAdd
from sympy import Expr, Function, Mul, Pow, Symbol

from derive.errors import RefutedError, UnsupportedError, UserError
from derive.forward.formula import Formula
from derive.forward.functions import defined, equal, step
from derive.forward.layer import Layer
from derive.forward.matrix import read
from derive.forward.nodes import (
    Add,
    Constant,
    Contract,
    Delta,
    Input,
    Map,
    MatrixFunction,
    Node,
    OneHot,
    Ones,
    Reduce,
    Select,
    placeholder,
    topological,
)
from derive.forward.shape import bind
from derive.proof.evaluate import evaluate, value_of
from derive.proof.functions import Array
from derive.proof.numeric import Sample, first_wrong

__all__ = ["DIGITS", "disagreement", "gradient", "require_torch", "run_graph"]

DIGITS = 9
"""How many decimal digits have to agree; both compute in double precision, which has about 16."""

_FUNCTIONS = {
    name: name.lower() for name in ("Abs", "cos", "cosh", "erf", "exp", "log", "sign", "sin", "sinh", "tan", "tanh")
}
"""SymPy's name of a function, and PyTorch's."""

_INSTALL = "pip install 'derive-backprop[torch]'"


def require_torch() -> Any:
    """The module torch.

    Raises: UserError if it is not installed, or cannot be imported.
    """
    try:
        # Optional, and takes a second to import: only who asks for this oracle needs it.
        return import_module("torch")
    except ImportError as error:
        raise UserError(
            f"--oracle torch: PyTorch cannot be imported ({error}); install it with {_INSTALL}, or leave the option out"
        ) from error


def gradient(layer: Layer, wrt: str, at: Sample) -> Array:
    """∂L/∂X by PyTorch: einsum('ij,ijkl->kl', ∂L/∂Y, J), with J from torch.autograd.functional.jacobian.

    Shapes: that of the input.
    Raises: UserError if PyTorch is not installed; RefutedError if the graph computes another output than the layer's
    own code.
    """
    torch = require_torch()
    tensors = {name: torch.tensor(array, dtype=torch.float64) for name, array in at.arrays.items()}

    def forward(x: Any) -> Any:
        return run_graph(torch, layer.output, {**tensors, wrt: x}, at.sizes)

    _compare_output(layer, forward(tensors[wrt]).numpy(), at.output)
    jacobian = torch.autograd.functional.jacobian(forward, tensors[wrt])
    output = ascii_letters[: at.output.ndim]
    variable = ascii_letters[at.output.ndim : at.output.ndim + tensors[wrt].ndim]
    pattern = f"{output},{output}{variable}->{variable}"
    return np.asarray(torch.einsum(pattern, tensors[layer.upstream.name], jacobian).numpy())


def disagreement(layer: Layer, formula: Formula, at: Sample) -> str | None:
    """Where the formula and PyTorch differ by more than DIGITS allow; '' if nowhere.

    None if the input decides nothing, since one of them has no finite value there.
    """
    expected = gradient(layer, formula.wrt.name, at)
    with np.errstate(all="ignore"):
        got = np.asarray(value_of(formula, at.arrays, at.sizes), dtype=float)
    if got.shape != expected.shape:
        return f"the formula gives shape {got.shape}, PyTorch gives {expected.shape}"
    if not (np.all(np.isfinite(got)) and np.all(np.isfinite(expected))):
        return None
    tolerance = max(1.0, float(np.max(np.abs(expected), initial=0.0))) * 10.0**-DIGITS
    return first_wrong(got, expected, tolerance, "PyTorch gives")


def _compare_output(layer: Layer, got: Array, expected: Array) -> None:
    tolerance = max(1.0, float(np.max(np.abs(expected), initial=0.0))) * 10.0**-DIGITS
    if got.shape != expected.shape or not np.all(np.abs(got - expected) <= tolerance):
        raise RefutedError(
            f"{layer.name}: the graph, run by PyTorch, gives {got}, the layer's own code gives {expected}"
        )


def run_graph(torch: Any, output: Node, tensors: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    """The output of the graph, whose inputs are tensors."""
    made: dict[Node, Any] = {}
    for node in topological(output):
        made[node] = _node(torch, node, [made[operand] for operand in node.operands], tensors, sizes)
    return made[output]


def _node(torch: Any, node: Node, operands: Sequence[Any], tensors: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    match node:
        case Input(name):
            return tensors[name]
        case Constant(value):
            number = value.subs({letter: sizes[str(letter)] for letter in value.free_symbols})
            return torch.tensor(float(number), dtype=torch.float64)
        case Ones():
            return torch.ones(bind(node.shape, sizes), dtype=torch.float64)
        case Delta():
            return torch.eye(bind(node.shape, sizes)[0], dtype=torch.float64)
        case Select():
            return torch.tensor(evaluate(read(node), {}, sizes), dtype=torch.float64)
        case Contract():
            words = ["".join(ascii_letters[index] for index in row) for row in (*node.indices, node.output)]
            return torch.einsum(f"{','.join(words[:-1])}->{words[-1]}", *operands)
        case Add():
            return reduce(add, operands)
        case OneHot():
            return torch.nn.functional.one_hot(operands[0].long(), *bind((node.size,), sizes)).to(torch.float64)
        case Reduce():
            return (torch.amax if node.name == "max" else torch.amin)(operands[0], dim=node.axes)
        case MatrixFunction():
            return (
                torch.linalg.slogdet(operands[0])[1]
                if node.name == "logdet"
                else getattr(torch.linalg, node.name)(*operands)
            )
        case Map():
            return _apply(torch, defined(node.function), {placeholder(p): item for p, item in enumerate(operands)})
    raise UnsupportedError(f"--oracle torch: nodes of kind {type(node).__name__} are not run by PyTorch; leave it out")


def _apply(torch: Any, function: Expr, operands: Mapping[Symbol, Any]) -> Any:
    """A SymPy function, entry by entry."""
    if function in operands:
        return operands[function]
    if function.is_number:
        return float(function)
    arguments = [_apply(torch, argument, operands) for argument in function.args]
    match function:
        case SympyAdd():
            return reduce(add, arguments)
        case Mul():
            return reduce(mul, arguments)
        case Pow():
            base, exponent = arguments
            return torch.pow(base, exponent)
        case equal():
            return (arguments[0] == arguments[1]).to(torch.float64)
        case step():
            return (arguments[0] > 0).to(torch.float64)
        case Function() if type(function).__name__ in _FUNCTIONS:
            return getattr(torch, _FUNCTIONS[type(function).__name__])(*arguments)
    raise UnsupportedError(f"--oracle torch: {function.func.__name__} is not run by PyTorch; leave the option out")
