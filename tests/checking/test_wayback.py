"""The way back in numbers: PyTorch's gradients, and what becomes of them if one step is another."""

from __future__ import annotations

import time

import numpy as np
import pytest
from mpmath import workdps

from derive.checking.arrays.scalars import Digits
from derive.checking.budget import Budget, OutOfTimeError
from derive.checking.causes.values import NodeValues
from derive.checking.causes.wayback import WayBack
from derive.forward.trace import trace

torch = pytest.importorskip("torch")

SIZES = {"N": 2, "D": 3, "M": 4}


def gated(X: "N D", W: "D M", V: "D M", b: "M"):
    gate = 1 / (1 + np.exp(-(X @ W + b)))
    return gate * np.tanh(X @ V) + (1 - gate) * (X @ V)


def normalised(X: "N D"):
    centred = X - X.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 0.001)


def windows(X: "N D"):
    return np.concatenate([np.maximum(X[:, 1:], 0), np.max(X, axis=1, keepdims=True)], axis=1) * X


def of_torch(name, X, W=None, V=None, b=None):
    """The same in PyTorch."""
    if name == "gated":
        gate = torch.sigmoid(X @ W + b)
        return gate * torch.tanh(X @ V) + (1 - gate) * (X @ V)
    if name == "normalised":
        return torch.nn.functional.layer_norm(X, X.shape[1:], eps=0.001)
    return torch.cat([torch.relu(X[:, 1:]), X.amax(dim=1, keepdim=True)], dim=1) * X


def made(function, digits=None):
    layer = trace(function, name=function.__name__)
    draw = np.random.default_rng(5)
    shapes = {"X": (2, 3), "W": (3, 4), "V": (3, 4), "b": (4,)}
    arrays = {node.name: draw.normal(size=shapes[node.name]) for node in layer.inputs}
    upstream = draw.normal(size=(2, 4) if function is gated else (2, 3))
    values = NodeValues(SIZES, arrays, digits)
    return WayBack(layer.output, values.plain(upstream), values, layer.inputs), arrays, upstream


@pytest.mark.parametrize("function", [gated, normalised, windows])
@pytest.mark.parametrize("precise", [False, True])
def test_gradients_are_those_of_pytorch(function, precise):
    with workdps(50):
        way, arrays, upstream = made(function, Digits(Budget(60)) if precise else None)
        found = way.gradients()
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    of_torch(function.__name__, **tensors).backward(torch.tensor(upstream))
    assert list(found) == list(arrays)
    for name, tensor in tensors.items():
        np.testing.assert_allclose(found[name].astype(float), tensor.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_a_step_that_is_left_out_takes_its_share_away():
    """Y = X ⊙ (W + V): without the step to the sum nothing comes to W or V, and X keeps what it has."""

    def product(X: "N D", W: "N D", V: "N D"):
        return X * (W + V)

    layer = trace(product, name="product")
    draw = np.random.default_rng(1)
    arrays = {name: draw.normal(size=(2, 3)) for name in "XWV"}
    upstream = draw.normal(size=(2, 3))
    way = WayBack(layer.output, upstream, NodeValues(SIZES, arrays), layer.inputs)
    (edge,) = [(node, place) for node, place in way.edges() if str(node.operands[place]) == "W + V"]
    found = way.with_step(edge, way.sent(edge) * 0)
    np.testing.assert_allclose(found["X"], upstream * (arrays["W"] + arrays["V"]))
    np.testing.assert_allclose(found["W"], 0, atol=1e-15)
    np.testing.assert_allclose(found["V"], 0, atol=1e-15)


def test_a_limit_within_another_leaves_it_running():
    begun = time.process_time()

    @Budget(0.4).interrupting()
    def work():
        with Budget(5).interrupting():
            pass
        while time.process_time() - begun < 5:
            pass

    with pytest.raises(OutOfTimeError):
        work()
    assert time.process_time() - begun < 3
