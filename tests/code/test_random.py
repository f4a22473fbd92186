"""Random expressions, written in each language and run as printed, have PyTorch's gradients."""

from __future__ import annotations

from functools import cache
from random import Random

import numpy as np
import pytest

import derive
from derive.rules.naming import formulas
from tests.code.running import by_function, by_numpy, jax_function, torch_function
from tests.corpus.corpus import run
from tests.corpus.libraries import numpy_scope
from tests.corpus.random_check import by_torch
from tests.corpus.random_text import example

torch = pytest.importorskip("torch")

FOUND = (700946, 700987, 701114, 720553)
"""Seeds at which numbers met functions of arrays, and a sum an axis of size 1."""

each = pytest.mark.parametrize("seed", [*FOUND, *range(900_000, 900_036)])


@cache
def case(seed: int):
    """The layer, its formulas, numbers by name, the upstream gradient, the output and PyTorch's gradients."""
    found = example(Random(seed))
    layer = derive.derive(found.text, shapes=found.shapes, **found.sizes).layer
    arrays = {node.name: found.arrays[node.name] for node in layer.inputs}
    output = np.asarray(run(found.text, numpy_scope({**found.sizes, **found.arrays})))
    upstream = np.random.default_rng(1).normal(size=output.shape) if output.shape else np.ones(())
    gradients = by_torch(found, upstream)
    return layer, [formulas(layer)[node.name] for node in layer.inputs], arrays, upstream, output, gradients


def compare(layer, found, expected, rtol: float = 1e-7) -> None:
    for node, got in zip(layer.inputs, found, strict=True):
        scale = max(1.0, np.max(np.abs(expected[node.name]), initial=0.0))
        assert np.shape(got) == expected[node.name].shape
        np.testing.assert_allclose(got, expected[node.name], rtol=rtol, atol=rtol * scale)


@pytest.mark.thorough
@each
def test_numpy(seed: int):
    layer, found, arrays, upstream, output, gradients = case(seed)
    got, results = by_numpy(layer, found, arrays, upstream)
    np.testing.assert_allclose(got, output, rtol=1e-7, atol=1e-9)
    compare(layer, results, gradients)
    compare(layer, by_function(layer, found, arrays, upstream), gradients)


@pytest.mark.thorough
@each
def test_torch(seed: int):
    layer, found, arrays, upstream, output, gradients = case(seed)
    leaves = [torch.tensor(array, requires_grad=True) for array in arrays.values()]
    got = torch_function(layer, found)(*leaves)
    np.testing.assert_allclose(got.detach().numpy(), output, rtol=1e-7, atol=1e-9)
    results = torch.autograd.grad((got * torch.tensor(upstream)).sum(), leaves, materialize_grads=True)
    compare(layer, results, gradients)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", FOUND)
def test_jax(seed: int):
    jax = pytest.importorskip("jax")
    layer, found, arrays, upstream, _, gradients = case(seed)
    output, backward = jax.vjp(jax_function(layer, found), *(array.astype(np.float32) for array in arrays.values()))
    compare(layer, backward(upstream.astype(output.dtype).reshape(output.shape)), gradients, rtol=2e-3)
