"""What no input is part of: functions of constant arrays are those of arrays, functions of numbers Python's own."""

import math

import numpy as np
import pytest

import derive
from derive.rules.naming import formulas
from tests.code.running import by_function, by_numpy, jax_function, torch_function

CONSTANTS = {
    "tanh(ones((N,)) / D) * A": lambda N, D: np.full(N, np.tanh(1 / D)),
    "(exp(eye(N)) @ A) / D": lambda N, D: np.exp(np.eye(N)) @ np.ones(N) / D,
    "cos(zeros((D, N)))[0] * A": lambda N, D: np.ones(N),
    "sqrt(N) * sin(3) * A / D": lambda N, D: np.full(N, np.sqrt(N) * np.sin(3) / D),
    "sigmoid(N) * A": lambda N, D: np.full(N, 1 / (1 + math.exp(-N))),
    "softplus(999 * N) * A": lambda N, D: np.full(N, 999 * N),
    "softplus(N) * A": lambda N, D: np.full(N, math.log(1 + math.exp(N))),
    "abs(2 - N) * relu(N - 1) * A": lambda N, D: np.full(N, abs(2 - N) * (N - 1)),
    "maximum(N, D) * minimum(A, N / 2)": lambda N, D: N * np.array([1, 1, 0]),
    "sign(N / D - 1.4) * A": lambda N, D: np.ones(N),
    "erf(D) * arctan(N) * A": lambda N, D: np.full(N, math.erf(D) * math.atan(N)),
    "(A @ zeros((N, D))) @ ones((D,)) * A": lambda N, D: np.zeros(N),
    "log_softmax(3 * tanh(-ones((1,))), axis=-1) * A + A": lambda N, D: np.ones(N),
}
each = pytest.mark.parametrize("text", CONSTANTS)


def case(text: str):
    layer, found = made(f"sum({text}) + sum(s)", {"A": "N", "s": "D"})
    return layer, found, {"A": np.array([0.5, -1.0, 2.0]), "s": np.zeros(2)}, CONSTANTS[text](3, 2)


def made(text: str, shapes: dict[str, str]):
    sizes = {letter: number for letter, number in {"N": 3, "D": 2}.items() if letter in " ".join(shapes.values())}
    layer = derive.derive(text, shapes=shapes, **sizes).layer
    return layer, [formulas(layer)[node.name] for node in layer.inputs]


@each
def test_numpy(text: str):
    layer, found, arrays, slope = case(text)
    _, gradients = by_numpy(layer, found, arrays, np.ones(()))
    np.testing.assert_allclose(gradients[0], slope)
    np.testing.assert_allclose(by_function(layer, found, arrays, np.ones(()))[0], slope)


@each
def test_torch(text: str):
    torch = pytest.importorskip("torch")
    layer, found, arrays, slope = case(text)
    leaves = [torch.tensor(array, requires_grad=True) for array in arrays.values()]
    torch_function(layer, found)(*leaves).backward()
    np.testing.assert_allclose(leaves[0].grad.numpy(), slope)


@each
def test_jax(text: str):
    jax = pytest.importorskip("jax")
    layer, found, arrays, slope = case(text)
    gradient = jax.grad(jax_function(layer, found))(*(array.astype(np.float32) for array in arrays.values()))
    np.testing.assert_allclose(gradient, slope, rtol=1e-5)


def test_a_function_of_numbers_is_that_of_the_module_math():
    source = derive.derive("A * sin(3) * sqrt(N)", shapes={"A": "N"}, N=3).code()
    assert "math.sin(3)" in source and "math.sqrt(N)" in source


def test_an_output_that_is_a_number_is_a_tensor():
    torch = pytest.importorskip("torch")
    layer, found = made("(sum(zeros((1,)) * X) > 1) * E", {"X": "N", "E": ""})
    leaves = [torch.ones(3, requires_grad=True), torch.ones((), requires_grad=True)]
    output = torch_function(layer, found)(*leaves)
    output.backward()
    assert (output.item(), output.dtype) == (0, torch.float32)
    assert [leaf.grad.abs().sum().item() for leaf in leaves] == [0, 0]


def test_an_output_that_is_a_number_is_an_array_of_jax():
    jax = pytest.importorskip("jax")
    layer, found = made("(sum(zeros((1,)) * X) > 1) * E", {"X": "N", "E": ""})
    value, slope = jax.value_and_grad(jax_function(layer, found), argnums=1)(np.ones(3, np.float32), np.float32(1))
    assert (value, slope) == (0, 0)
