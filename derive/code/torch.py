"""Writes a program in PyTorch: a torch.autograd.Function, or one function."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from derive.code.layout import Function, Passes, camel, indented, shape_text, signature, told
from derive.code.printer import Printer, is_number, with_small_powers
from derive.code.program import Array, Program
from derive.errors import UnsupportedError
from derive.notation.code import ATOM, PRODUCT, UNARY
from derive.notation.masks import is_mask
from derive.notation.rank import LASTING
from derive.notation.subscript import written_items
from derive.notation.tree import (
    Along,
    AtLeast,
    Call,
    Concatenate,
    Equal,
    Extreme,
    Greater,
    Hadamard,
    Identity,
    MatMul,
    Number,
    Ones,
    Pad,
    Permute,
    Product,
    Repeat,
    Slice,
    SumAxis,
    Transpose,
    Tree,
    Where,
    Windows,
)

__all__ = ["HELPERS", "TorchPrinter", "class_lines", "function_lines", "imports"]

HELPERS = {
    "scatter": '''
def scatter(A, places, size, axis=0):
    """Adds A to an array that has `size` entries along an axis, each where places say; A has their axes there."""
    before, after = A.shape[:axis], A.shape[axis + places.ndim :]
    A = A.reshape(*before, -1, *after)
    return A.new_zeros((*before, size, *after)).index_add(axis, places.reshape(-1), A)
''',
}


@dataclass(frozen=True)
class TorchPrinter(Printer):
    """PyTorch's words."""

    module: str = "torch."

    def along(self, tree: Along) -> tuple[str, int]:
        """A function along axes: softmax and its kin, mean, variance, norm."""
        text, function = self.text(tree.operand), tree.function
        every = tuple(range(tree.rank)) if tree.axes is None else tree.axes
        where = f"dim={every[0] if len(every) == 1 else every}"
        kept = ", keepdim=True" if tree.kept else ""
        if function in LASTING:
            if len(every) == 1:
                return f"torch.{function}({text}, {where})", ATOM
            logarithm = f"{text} - torch.logsumexp({text}, {where}, keepdim=True)"
            return (f"torch.exp({logarithm})", ATOM) if function == "softmax" else (f"({logarithm})", ATOM)
        if function not in _ALONG:
            raise UnsupportedError(f"code: PyTorch's name of {function} along axes is not known; write it out")
        called, more = _ALONG[function]
        return f"torch.{called}({text}, {where}{more}{kept})", ATOM

    def number(self, text: str) -> str:
        """Nothing but a tensor can be kept for the backward pass, or be the output."""
        return f"{self.like}.new_tensor({text})"

    def stretched(self, text: str, like: str) -> str:
        return f"torch.zeros_like({like}) + {f'({text})' if _is_loose(text) else text}"

    def zeros(self, shape: str) -> str:
        return f"{self.like}.new_zeros({shape})"

    def rule(self, tree: Tree) -> tuple[str, int]:
        """The text, and how tightly it binds; truth values become numbers wherever PyTorch would not take them."""
        if is_mask(tree) and isinstance(tree, Greater | AtLeast | Equal):
            return f"{super().rule(tree)[0]}.to({self.like}.dtype)", ATOM
        match tree:
            case Hadamard(factors) | Product(factors) if self._has_numbers(factors):
                return " * ".join(map(self._factor, _numbers_first(factors))), PRODUCT
            case Along():
                return self.along(tree)
            case Permute(operand, axes):
                return f"{self.at_least(operand, ATOM)}.permute({', '.join(map(str, axes))})", ATOM
            case Call("heaviside", (difference, Number(0))):
                return self.rule(Greater(difference, Number(0)))
            case Where(condition, Number(1), Number(0)):
                return self.bound(condition)
            case Where(Greater(left, Number(0)) as condition, first, second):
                return self._chosen(condition, first, with_small_powers(second, left))
            case Where(condition, first, second):
                return self._chosen(condition, first, second)
            case Call(function, (first, second)) if function in _BOUNDS:
                return self._bounded(function, first, second)
            case Call(("erf" | "relu" | "sigmoid") as function, (operand,)):
                return f"torch.{function}({self.text(operand)})", ATOM
            case Call("softplus", (operand,)):
                return f"-torch.nn.functional.logsigmoid(-({self.text(operand)}))", UNARY
            case Identity(size):
                return f"torch.eye({size}, {self._kind})", ATOM
            case MatMul((Ones(rows), Transpose(Ones(columns)))):
                return f"{self.like}.new_ones({rows}, {columns})", ATOM
            case Ones(size):
                return f"{self.like}.new_ones({size})", ATOM
            case Extreme(name, operand, axes):
                where = "" if axes is None else f", dim={axes[0] if len(axes) == 1 else axes}"
                return f"torch.a{name}({self.text(operand)}{where})", ATOM
            case Concatenate(parts, axis, stacked):
                listed = ", ".join(map(self.text, parts))
                where = f", dim={axis}" if axis else ""
                return f"torch.{'stack' if stacked else 'cat'}([{listed}]{where})", ATOM
            case Slice(operand, items) if any(map(_goes_back, items)):
                return self._turned(operand, items)
            case Pad(operand, widths):
                flat = ", ".join(word for pair in reversed(widths) for word in pair)
                return f"torch.nn.functional.pad({self.text(operand)}, ({flat}))", ATOM
            case Repeat(operand, times, axis, _):
                return f"torch.repeat_interleave({self.text(operand)}, {times}, dim={axis})", ATOM
            case Windows(operand, axes, sizes):
                taken = "".join(f".unfold({axis}, {size}, 1)" for axis, size in zip(axes, sizes, strict=True))
                return f"{self.at_least(operand, ATOM)}{taken}", ATOM
            case SumAxis(operand, axis) if axis is not None:
                return f"torch.sum({self.text(operand)}, dim={axis})", ATOM
        text, level = super().rule(tree)
        return self._allocated(text), level

    def kept_sum(self, matrix: Tree, axis: int) -> str:
        return f"torch.sum({self.text(matrix)}, dim={axis}, keepdim=True)"

    def _chosen(self, condition: Tree, first: Tree, second: Tree) -> tuple[str, int]:
        """Where a condition holds one thing, elsewhere another; of two numbers one becomes a tensor of our type."""
        one = self.number(self.text(first)) if is_number(first) else self.text(first)
        return f"torch.where({Printer.rule(self, condition)[0]}, {one}, {self.text(second)})", ATOM

    @property
    def _kind(self) -> str:
        return f"dtype={self.like}.dtype, device={self.like}.device"

    def _allocated(self, text: str) -> str:
        """What makes an array without another that says its type."""
        text = re.sub(r"torch\.ones\((\([^()]*\)|\w+)\)", rf"{self.like}.new_ones(\1)", text)
        text = re.sub(r"torch\.eye\(([^(),]*)\)", rf"torch.eye(\1, {self._kind})", text)
        return re.sub(r"torch\.arange\(([^(),]*)\)", rf"torch.arange(\1, device={self.like}.device)", text)

    def _has_numbers(self, factors: tuple[Tree, ...]) -> bool:
        """Whether among the factors, and besides numbers, is an array that is no truth values."""
        masks = [factor for factor in factors if isinstance(factor, Greater | AtLeast | Equal)]
        return bool(masks) and any(not is_mask(f) and not isinstance(f, Number) for f in factors)

    def _factor(self, factor: Tree) -> str:
        if isinstance(factor, Greater | AtLeast | Equal):
            return Printer.rule(self, factor)[0]
        return self.at_least(factor, UNARY)

    def _bounded(self, function: str, first: Tree, second: Tree) -> tuple[str, int]:
        """The larger or smaller of two; a number is a bound."""
        for operand, bound in ((first, second), (second, first)):
            if is_number(bound):
                return f"torch.clamp({self.text(operand)}, {_BOUNDS[function]}={self.text(bound)})", ATOM
        return f"torch.{function}({self.text(first)}, {self.text(second)})", ATOM

    def _turned(self, operand: Tree, items: tuple[str, ...]) -> tuple[str, int]:
        """A slice that goes backwards, which PyTorch does not have: the axis is turned round."""
        turned = [axis for axis, item in enumerate(items) if _goes_back(item)]
        if "..." in items or "None" in items or any(items[axis] != "::-1" for axis in turned):
            raise UnsupportedError(
                f"code: PyTorch has no slice [{written_items(items)}]; write it as [::-1] of a slice that goes forward"
            )
        flipped = f"{self.at_least(operand, ATOM)}.flip({', '.join(map(str, turned))})"
        rest = [":" if axis in turned else item for axis, item in enumerate(items)]
        return (flipped if set(rest) == {":"} else f"{flipped}[{written_items(tuple(rest))}]"), ATOM


_ALONG = {
    "logsumexp": ("logsumexp", ""),
    "mean": ("mean", ""),
    "norm": ("linalg.vector_norm", ""),
    "std": ("std", ", correction=0"),
    "sum": ("sum", ""),
    "var": ("var", ", correction=0"),
}
"""PyTorch's names of functions along axes, and what they take besides."""

_BOUNDS = {"maximum": "min", "minimum": "max"}


def _numbers_first(factors: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """Truth values times a number would have PyTorch's usual type, whatever that of the arrays is."""
    return tuple(sorted(factors, key=lambda factor: isinstance(factor, Greater | AtLeast | Equal)))


def _goes_back(item: str) -> bool:
    return item.count(":") == 2 and item.rpartition(":")[2].startswith("-")


def _is_loose(text: str) -> bool:
    return " + " in text or " - " in text


def imports(body: Sequence[str]) -> list[str]:
    """What the code takes from elsewhere."""
    modules = ["import math", ""] if any("math." in line for line in body) else []
    once = ["from torch.autograd.function import once_differentiable"] if _is_class(body) else []
    return [*modules, "import torch", *once]


def _is_class(body: Sequence[str]) -> bool:
    return any("@once_differentiable" in line for line in body)


def class_lines(program: Program) -> list[str]:
    """A torch.autograd.Function; its backward pass has no derivative of its own, and says so.

    Values of the forward pass that are kept are no functions of the inputs to PyTorch: a second derivative would be
    wrong without a word.
    """
    arrived = program.upstream.name
    passes = Passes.of(program, TorchPrinter(like=_like(program.inputs)), TorchPrinter(like=arrived))
    kept = passes.kept
    results = {
        r.wrt.name: f"{arrived} * {r.statement.name}" if program.is_loss else r.statement.name for r in program.results
    }
    returned = ", ".join(results.get(array.name, "None") for array in program.inputs)
    keep = [f"ctx.save_for_backward({', '.join(kept)})"] if kept else []
    restore = [f"{', '.join(kept)}{',' if len(kept) == 1 else ''} = ctx.saved_tensors"] if kept else []
    name = camel(program.name)
    return [
        f"class {name}(torch.autograd.Function):",
        f'    """{program.output.name} = {name}.apply({signature(program.inputs)})."""',
        "",
        "    @staticmethod",
        f"    def forward(ctx, {signature(program.inputs)}):",
        f'        """{shape_text(program.inputs)}"""',
        *indented([*passes.forward, *keep, f"return {passes.output}"], 2),
        "",
        "    @staticmethod",
        "    @once_differentiable",
        f"    def backward(ctx, {arrived}):",
        f'        """{told(program)}"""',
        *indented([*restore, *passes.backward, f"return {returned}"], 2),
    ]


def function_lines(program: Program, name: str) -> list[str]:
    """A function that computes the gradients from the inputs and the upstream gradient alone."""
    return Function.of(program, TorchPrinter(like=_like(program.inputs))).lines(name)


def _like(inputs: Sequence[Array]) -> str:
    """An input that says of which type the others are."""
    return next((array.name for array in inputs if not array.whole), inputs[0].name)
