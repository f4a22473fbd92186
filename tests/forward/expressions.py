"""Random layers: expressions of NumPy's operators and functions at random shapes, away from kinks and poles."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass, field
from random import Random
from types import ModuleType
from typing import Any

import numpy as np

from derive.forward.layer import Layer
from derive.forward.trace import trace

LETTERS = ("N", "D", "M")
NAMES = ("A", "b", "X", "W_1", "E", "beta", "x", "G")
ELEMENTWISE = {
    "exp": lambda lib, a: lib.exp(a / 2),
    "tanh": lambda lib, a: lib.tanh(a),
    "sin": lambda lib, a: lib.sin(a),
    "cos": lambda lib, a: lib.cos(a),
    "sinh": lambda lib, a: lib.sinh(lib.sin(a)),
    "log": lambda lib, a: lib.log(3 + lib.tanh(a)),
    "sqrt": lambda lib, a: lib.sqrt(a * a + 1),
    "inverse": lambda lib, a: 1 / (2 + lib.sin(a)),
    "square": lambda lib, a: a**2,
    "cube": lambda lib, a: a**3 / 8,
    "power": lambda lib, a: (lib.cos(a) + 2) ** -1.5,
    "first": lambda lib, a: a**1,
    "none": lambda lib, a: a**0,
    "negative": lambda lib, a: -a,
    "half": lambda lib, a: a / 2,
}
BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / (3 + b * b),
    "@": lambda a, b: a @ b,
}
Shape = tuple[str, ...]


@dataclass
class Expressions:
    """Builds an expression of a wanted shape from the outside in; inputs are made as they are needed."""

    random: Random
    budget: int
    inputs: dict[str, Shape] = field(default_factory=dict)

    def axis(self) -> str:
        return self.random.choice((*LETTERS, *LETTERS, "1", "2"))

    def shape(self) -> Shape:
        return tuple(self.axis() for _ in range(self.random.choice((0, 1, 1, 2, 2, 2))))

    def leaf(self, shape: Shape) -> tuple[Any, ...]:
        if not shape and self.inputs and self.random.random() < 0.3:
            return ("number", self.random.choice((2, -1, 3, 0.5, -0.25)))
        known = [name for name, known in self.inputs.items() if known == shape]
        if known and self.random.random() < 0.6:
            return ("input", self.random.choice(known))
        name = NAMES[len(self.inputs)] if len(self.inputs) < len(NAMES) else f"P_{len(self.inputs)}"
        self.inputs[name] = shape
        return ("input", name)

    def fitting(self, shape: Shape) -> Shape:
        """A shape that broadcasts to this one."""
        if self.random.random() < 0.5:
            return shape
        kept = shape[self.random.randint(0, len(shape)) :]
        return tuple("1" if self.random.random() < 0.3 else axis for axis in kept)

    def expression(self, shape: Shape) -> tuple[Any, ...]:
        self.budget -= 1
        if self.budget <= 0:
            return self.leaf(shape)
        kinds = ["elementwise", "binary", "binary", "sum", *("product",) * (2 * (len(shape) > 0) + 1)]
        if len(shape) == 2:
            kinds.append("transpose")
        return getattr(self, self.random.choice(kinds))(shape)

    def elementwise(self, shape: Shape) -> tuple[Any, ...]:
        return (self.random.choice(sorted(ELEMENTWISE)), self.expression(shape))

    def transpose(self, shape: Shape) -> tuple[Any, ...]:
        return ("transpose", self.expression(shape[::-1]))

    def binary(self, shape: Shape) -> tuple[Any, ...]:
        operands = [shape, self.fitting(shape)]
        self.random.shuffle(operands)
        if self.random.random() < 0.15:
            return (self.random.choice("+-*"), self.expression(shape), ("size", self.random.choice(LETTERS)))
        return (self.random.choice("+-*/"), *map(self.expression, operands))

    def sum(self, shape: Shape) -> tuple[Any, ...]:
        units = [axis for axis, size in enumerate(shape) if size == "1"]
        if units:
            axis = self.random.choice(units)
            inside = (*shape[:axis], self.axis(), *shape[axis + 1 :])
            return ("sum", self.expression(inside), axis - len(shape), True)
        if not shape and self.random.random() < 0.5:
            return ("sum", self.expression((self.axis(), self.axis())), None, False)
        if len(shape) == 2:
            return self.product(shape)
        axis = self.random.randint(0, len(shape))
        return ("sum", self.expression((*shape[:axis], self.axis(), *shape[axis:])), axis, False)

    def product(self, shape: Shape) -> tuple[Any, ...]:
        between = self.axis()
        if len(shape) == 2:
            return ("@", self.expression((shape[0], between)), self.expression((between, shape[1])))
        if not shape:
            return ("@", self.expression((between,)), self.expression((between,)))
        if self.random.random() < 0.5:
            return ("@", self.expression((*shape, between)), self.expression((between,)))
        return ("@", self.expression((between,)), self.expression((between, *shape)))


def value(expression: tuple[Any, ...], inputs: dict[str, Any], sizes: dict[str, Any], library: ModuleType) -> Any:
    """The expression computed by NumPy, by PyTorch, or recorded by the tracer."""
    kind, *rest = expression
    if kind == "input":
        return inputs[rest[0]]
    if kind == "number":
        return rest[0]
    if kind == "size":
        # A size that no input has cannot be spoken of.
        return sizes.get(rest[0], 2)
    a = value(rest[0], inputs, sizes, library)
    if kind in BINARY:
        return BINARY[kind](a, value(rest[1], inputs, sizes, library))
    if isinstance(a, int | float):
        if kind in ELEMENTWISE:
            return ELEMENTWISE[kind](math, a)
        assert kind == "sum" and rest[1] is None, "only scalars are numbers"
        return a
    if kind == "transpose":
        return a.T
    if kind == "sum":
        return a.sum() if rest[1] is None else a.sum(axis=rest[1], keepdims=rest[2])
    return ELEMENTWISE[kind](library, a)


@dataclass(frozen=True)
class Example:
    """A random layer with numbers for its sizes and inputs; the upstream gradient is called as the layer calls it."""

    expression: tuple[Any, ...]
    layer: Layer
    sizes: dict[str, int]
    arrays: dict[str, np.ndarray]

    def output(self, inputs: dict[str, Any], library: ModuleType) -> Any:
        return value(self.expression, inputs, self.sizes, library)


def example(random: Random, budget: int = 8) -> Example:
    """A random layer; sizes are all different more often than not."""
    numbers = random.sample((1, 2, 3, 4), 3) if random.random() < 0.7 else [random.randint(1, 3) for _ in LETTERS]
    builder = Expressions(random, random.randint(2, budget))
    expression = builder.expression(builder.shape())
    if not builder.inputs:
        expression = ("+", builder.leaf(("N", "D")), expression)
    where = {}
    for name, shape in builder.inputs.items():
        for axis, letter in enumerate(shape):
            where.setdefault(letter, (name, axis))

    def function(*arguments: Any) -> Any:
        inputs = dict(zip(builder.inputs, arguments, strict=True))
        sizes = {letter: inputs[name].shape[axis] for letter, (name, axis) in where.items()}
        return value(expression, inputs, sizes, np)

    function.__signature__ = inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=" ".join(shape))
            for name, shape in builder.inputs.items()
        ]
    )
    layer = trace(function)
    bound = dict(zip(LETTERS, numbers, strict=True))
    sizes = {letter: bound[letter] for letter in layer.letters}
    generator = np.random.default_rng(random.randint(0, 2**31))
    arrays = {
        node.name: generator.uniform(0.5, 1.5, layer.shape(node, sizes)) for node in (*layer.inputs, layer.upstream)
    }
    return Example(expression, layer, sizes, arrays)
