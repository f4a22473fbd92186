"""Random layers: printed code, engine and proof agree with each other, and with PyTorch where it is installed.

A layer is an expression of NumPy's operators and functions at random shapes, away from kinks and poles. Hypothesis
chooses them, always the same ones.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass, field
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sympy import lambdify

from derive.forward.algebra import entry_symbol
from derive.forward.layer import Layer
from derive.forward.trace import trace
from derive.notation.code import print_code
from derive.proof.evaluate import value_of
from derive.proof.evidence import Strength
from derive.proof.prove import prove
from derive.routes.jacobian import derive_jacobian
from tests.running import namespace

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
            operands = [self.expression(shape), ("size", self.random.choice(LETTERS))]
            self.random.shuffle(operands)
            return (self.random.choice("+-*"), *operands)
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
    if not layer.output.shape:
        # The output is the loss itself.
        arrays[layer.upstream.name] = np.array(1.0)
    return Example(expression, layer, sizes, arrays)


def thorough(count):
    return settings(
        max_examples=count, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


RANDOM = st.randoms(use_true_random=False)


def by_printed_code(case: Example, wrt: str) -> np.ndarray:
    formula = derive_jacobian(case.layer, wrt, case.sizes).formula
    known = namespace(**case.sizes, **case.arrays)
    for item in formula.definitions:
        known[item.text] = eval(print_code(item.tree, module="np."), known)
    return np.asarray(eval(print_code(formula.tree, module="np."), known), dtype=float)


def by_engine(case: Example, wrt: str) -> np.ndarray:
    numbers = {
        entry_symbol(node.letter, place): float(case.arrays[node.name][place])
        for node in (*case.layer.inputs, case.layer.upstream)
        for place in np.ndindex(case.arrays[node.name].shape)
    }
    row = list(derive_jacobian(case.layer, wrt, case.sizes).chain_rule.sympy())
    values = lambdify(list(numbers), row, "math")(*numbers.values())
    return np.reshape(np.array(values, dtype=float), case.arrays[wrt].shape)


def by_torch(case: Example) -> dict[str, np.ndarray]:
    torch = pytest.importorskip("torch")
    leaves = {
        node.name: torch.tensor(case.arrays[node.name], dtype=torch.float64, requires_grad=True)
        for node in case.layer.inputs
    }
    output = torch.as_tensor(case.output(leaves, torch), dtype=torch.float64)
    if not output.requires_grad:
        return {name: np.zeros(leaf.shape) for name, leaf in leaves.items()}
    loss = (output * torch.tensor(case.arrays[case.layer.upstream.name])).sum()
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return {
        name: np.zeros(leaf.shape) if gradient is None else gradient.numpy()
        for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
    }


def close(got: np.ndarray, expected: np.ndarray) -> None:
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * max(1.0, np.max(np.abs(expected), initial=0.0)))


def test_the_random_layers_are_of_every_kind():
    layers = [example(Random(seed)) for seed in range(200)]
    said = {str(kind) for case in layers for kind in _kinds(case.expression)}
    assert said >= {"+", "-", "*", "/", "@", "sum", "transpose", "exp", "tanh", "sqrt", "inverse", "none", "size"}
    assert {len(case.layer.output.shape) for case in layers} == {0, 1, 2}
    assert {len(case.layer.inputs) for case in layers} >= {1, 2, 3}
    assert any(len(set(case.sizes.values())) == 3 for case in layers)


def _kinds(expression):
    yield expression[0]
    for part in expression[1:]:
        if isinstance(part, tuple):
            yield from _kinds(part)


@thorough(60)
@given(RANDOM)
def test_the_formula_and_the_engine_find_the_same_gradient(random):
    case = example(random, 6)
    assert case.layer.inputs
    for node in case.layer.inputs:
        printed = by_printed_code(case, node.name)
        close(printed, by_engine(case, node.name))
        formula = derive_jacobian(case.layer, node.name, case.sizes).formula
        close(np.asarray(value_of(formula, case.arrays, case.sizes), dtype=float), printed)


@thorough(150)
@given(RANDOM)
def test_the_formula_is_the_gradient_that_torch_finds(random):
    case = example(random, 12)
    expected = by_torch(case)
    for name, gradient in expected.items():
        close(by_printed_code(case, name), gradient)


@thorough(60)
@given(RANDOM)
def test_the_jacobian_has_its_nonzeros_where_it_says(random):
    case = example(random)
    for node in case.layer.inputs:
        jacobian = derive_jacobian(case.layer, node.name, case.sizes).jacobian
        places = list(jacobian.nonzeros())
        assert places == sorted(set(places))
        assert len(places) == jacobian.nnz
        assert set(places) == set(jacobian.entries())
        for column in range(jacobian.shape[1]):
            assert [row for row, at in places if at == column] == list(jacobian.rows_of(column))


@thorough(20)
@given(RANDOM)
def test_no_right_gradient_is_refuted(random):
    case = example(random, 5)
    for node in case.layer.inputs:
        evidence = prove(case.layer, node.name, case.sizes)
        assert evidence
        assert all(item.strength is not Strength.REFUTED for item in evidence), (case.expression, evidence)
