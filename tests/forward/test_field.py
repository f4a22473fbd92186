"""Functions of the field: on NumPy's arrays they are PyTorch's, also where a power would overflow; traced the same."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.forward import field
from derive.forward.matrix import read
from derive.proof.evaluate import evaluate

torch = pytest.importorskip("torch")
F = torch.nn.functional

FUNCTIONS = {
    "erf": torch.erf,
    "log_softmax": lambda x: F.log_softmax(x, dim=-1),
    "logsumexp": lambda x: torch.logsumexp(x, dim=(0, 1)),
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "softmax": lambda x: F.softmax(x, dim=-1),
    "softplus": F.softplus,
}
LARGE = ("log_softmax", "logsumexp", "softmax", "softplus", "relu")


def test_every_function_has_a_reference():
    assert sorted(FUNCTIONS) == field.__all__


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpys_arrays_give_what_pytorch_gives(name):
    x = np.random.default_rng(0).normal(size=(2, 3))
    np.testing.assert_allclose(getattr(field, name)(x), FUNCTIONS[name](torch.tensor(x)).numpy(), atol=1e-12)


@pytest.mark.parametrize("name", LARGE)
def test_nothing_overflows(name):
    x = np.array([[1000.0, 999.0, -1000.0], [0.0, 2000.0, 1.0]])
    np.testing.assert_allclose(getattr(field, name)(x), FUNCTIONS[name](torch.tensor(x)).numpy())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_traced_array_computes_the_same(name):
    def traced(X: "N D"):
        return getattr(field, name)(X)

    x = np.random.default_rng(1).normal(size=(2, 3))
    value = evaluate(read(derive.layer()(traced).output), {"X": x}, {"N": 2, "D": 3})
    np.testing.assert_allclose(np.asarray(value, dtype=float), getattr(field, name)(x), atol=1e-12)


def test_axes_are_kept_and_dropped_as_numpy_does():
    x = np.random.default_rng(2).normal(size=(2, 3))
    assert field.logsumexp(x, axis=1, keepdims=True).shape == (2, 1)
    np.testing.assert_allclose(field.logsumexp(x, axis=0), torch.logsumexp(torch.tensor(x), dim=0).numpy())
    np.testing.assert_allclose(field.softmax(x, axis=0), F.softmax(torch.tensor(x), dim=0).numpy())
