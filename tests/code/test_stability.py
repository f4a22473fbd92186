"""Generated code does not overflow where the field knows a form that does not.

What is expected is what PyTorch's own functions give, at entries of 1000 and -1000.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import derive
from derive.layers import load
from derive.rules.naming import formulas
from tests.code.running import by_function, by_numpy, jax_function, torch_function

torch = pytest.importorskip("torch")
F = torch.nn.functional

LARGE = np.array([[1000.0, -1000.0, 0.5, 999.0], [-1000.0, -1001.0, -1000.5, -999.0], [0.1, 1000.0, 1000.0, -3.0]])
CHOICE = np.eye(4)[[1, 0, 3]]
ROW = LARGE.ravel()
BITS = np.arange(12) % 2 * 1.0

LAYERS = {
    "softmax": (partial(F.softmax, dim=1), {"Z": LARGE}),
    "log_softmax": (partial(F.log_softmax, dim=1), {"Z": LARGE}),
    "cross_entropy": (F.cross_entropy, {"Z": LARGE, "T": CHOICE}),
    "bce_with_logits": (F.binary_cross_entropy_with_logits, {"z": ROW, "t": BITS}),
    "attention": (
        lambda Q, K, V: F.scaled_dot_product_attention(Q[None], K[None], V[None])[0],
        {"Q": LARGE, "K": LARGE[::-1], "V": LARGE / 1000},
    ),
    "softplus": (F.softplus, {"X": LARGE}),
    "sigmoid": (F.sigmoid, {"X": LARGE}),
    "gelu": (F.gelu, {"X": LARGE}),
    "silu": (F.silu, {"X": LARGE}),
    "elu": (F.elu, {"X": LARGE}),
    "tanh": (F.tanh, {"X": LARGE}),
}

EXPRESSIONS = {
    "logsumexp(Z, axis=1)": lambda Z: torch.logsumexp(Z, 1),
    "logsumexp(Z)": lambda Z: torch.logsumexp(Z, (0, 1)),
    "exp(Z) / sum(exp(Z), axis=1, keepdims=True)": lambda Z: torch.softmax(Z, 1),
    "exp(Z) / sum(exp(Z))": lambda Z: torch.softmax(Z.ravel(), 0).reshape(Z.shape),
    "log(sum(exp(Z / 2), axis=0))": lambda Z: torch.logsumexp(Z / 2, 0),
    "log(softmax(Z))": lambda Z: torch.log_softmax(Z, 1),
    "log(sigmoid(Z))": F.logsigmoid,
    "1 / (1 + exp(-Z))": torch.sigmoid,
    "log(1 + exp(Z))": F.softplus,
    "softmax(softmax(Z) * Z)": lambda Z: torch.softmax(torch.softmax(Z, 1) * Z, 1),
}


def cases():
    for name, (function, arrays) in LAYERS.items():
        yield pytest.param(load(name), function, arrays, id=name)
    for text, function in EXPRESSIONS.items():
        yield pytest.param(derive.derive(text, shapes={"Z": "N K"}).layer, function, {"Z": LARGE}, id=text)


CASES = list(cases())


def check(got, expected) -> None:
    np.testing.assert_allclose(got, expected.numpy(), rtol=1e-9, atol=1e-9)


def of(layer, function, arrays):
    """The formulas, PyTorch's output and gradients, and the upstream gradient."""
    tensors = [torch.tensor(array.copy(), requires_grad=True) for array in arrays.values()]
    output = function(*tensors)
    upstream = np.random.default_rng(5).normal(size=output.shape) if output.shape else np.ones(())
    output.backward(torch.tensor(upstream))
    return [formulas(layer)[node.name] for node in layer.smooth], output.detach(), [t.grad for t in tensors], upstream


@pytest.mark.parametrize(("layer", "function", "arrays"), CASES)
def test_numpy_gives_what_pytorch_gives(layer, function, arrays):
    found, output, gradients, upstream = of(layer, function, arrays)
    with np.errstate(over="raise", invalid="raise", divide="raise", under="ignore"):
        got, results = by_numpy(layer, found, arrays, upstream)
        check(got, output)
        for result, again, expected in zip(
            results, by_function(layer, found, arrays, upstream), gradients, strict=True
        ):
            check(result, expected)
            check(again, expected)


@pytest.mark.parametrize(("layer", "function", "arrays"), CASES)
def test_torch_gives_what_pytorch_gives(layer, function, arrays):
    found, output, gradients, upstream = of(layer, function, arrays)
    tensors = [torch.tensor(array.copy(), requires_grad=True) for array in arrays.values()]
    got = torch_function(layer, found)(*tensors)
    check(got.detach(), output)
    for result, expected in zip(torch.autograd.grad(got, tensors, torch.tensor(upstream)), gradients, strict=True):
        check(result, expected)


@pytest.mark.parametrize(("layer", "function", "arrays"), CASES)
def test_jax_gives_what_pytorch_gives(layer, function, arrays):
    jax = pytest.importorskip("jax", reason="JAX is not installed: pip install jax")
    found, output, gradients, upstream = of(layer, function, arrays)
    with jax.enable_x64(True):
        got, pull = jax.vjp(jax_function(layer, found), *map(jax.numpy.asarray, arrays.values()))
        check(got, output)
        for result, expected in zip(pull(jax.numpy.asarray(upstream)), gradients, strict=True):
            check(result, expected)
