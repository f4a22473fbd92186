"""Functions of arrays that no input is part of are those of arrays, and not of the module math."""

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
}
each = pytest.mark.parametrize("text", CONSTANTS)


def case(text: str):
    layer = derive.derive(f"sum({text}) + sum(s)", shapes={"A": "N", "s": "D"}, N=3, D=2).layer
    found = [formulas(layer)[node.name] for node in layer.inputs]
    return layer, found, {"A": np.array([0.5, -1.0, 2.0]), "s": np.zeros(2)}, CONSTANTS[text](3, 2)


@each
def test_numpy(text: str):
    layer, found, arrays, slope = case(text)
    output, gradients = by_numpy(layer, found, arrays, np.ones(()))
    np.testing.assert_allclose(output, slope @ arrays["A"])
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
