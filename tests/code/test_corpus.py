"""Expressions of the corpus, written in each language and run as printed, have PyTorch's gradients."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from derive.rules.naming import formulas
from tests.code.running import by_function, by_numpy, jax_function, torch_function
from tests.corpus import corpus
from tests.corpus.corpus import Entry
from tests.corpus.derivation import derived
from tests.corpus.libraries import numpy_scope, torch_scope

torch = pytest.importorskip("torch")

ENTRIES = corpus.entries()[::10]
some_entries = pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id.replace(" ", "-") for entry in ENTRIES])


def close(got, expected) -> None:
    assert np.shape(got) == expected.shape
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-8 * scale)


@cache
def case(place: int):
    """The layer, its formulas, numbers, and the output and gradients of the expression itself."""
    entry = ENTRIES[place]
    sizes = entry.bound()[1]
    arrays = entry.arrays(sizes, 1)
    layer = derived(entry, sizes).layer
    output = np.asarray(corpus.run(entry.expr, numpy_scope({**sizes, **arrays})))
    upstream = np.random.default_rng(1).normal(size=output.shape) if output.shape else np.ones(())
    leaves = tensors(arrays)
    product = corpus.run(entry.expr, torch_scope(torch, {**sizes, **leaves})) * torch.tensor(upstream)
    expected = torch.autograd.grad(product.sum(), [leaves[name] for name in entry.gradient])
    gradients = {name: value.numpy() for name, value in zip(entry.gradient, expected, strict=True)}
    return layer, [formulas(layer)[node.name] for node in layer.smooth], arrays, upstream, output, gradients


def tensors(arrays):
    return {name: torch.tensor(array, requires_grad=array.dtype == float) for name, array in arrays.items()}


def compare(layer, found, expected) -> None:
    for node, value in zip(layer.smooth, found, strict=True):
        if node.name in expected:
            close(value, expected[node.name])


def test_there_are_enough_of_them():
    assert len(ENTRIES) >= 40
    assert len({entry.topic for entry in ENTRIES}) >= 8


@some_entries
def test_numpy_gives_their_gradients(entry: Entry):
    layer, found, arrays, upstream, output, gradients = case(ENTRIES.index(entry))
    got, results = by_numpy(layer, found, arrays, upstream)
    close(got, output)
    compare(layer, results, gradients)
    compare(layer, by_function(layer, found, arrays, upstream), gradients)


@some_entries
def test_torch_gives_their_gradients(entry: Entry):
    layer, found, arrays, upstream, output, gradients = case(ENTRIES.index(entry))
    leaves = tensors(arrays)
    got = torch_function(layer, found)(*leaves.values())
    close(got.detach().numpy(), output)
    wanted = [leaves[node.name] for node in layer.smooth]
    compare(layer, [g.numpy() for g in torch.autograd.grad(got, wanted, torch.tensor(upstream))], gradients)


@some_entries
def test_jax_gives_their_gradients(entry: Entry):
    jax = pytest.importorskip("jax", reason="JAX is not installed: pip install jax")
    layer, found, arrays, upstream, output, gradients = case(ENTRIES.index(entry))
    with jax.enable_x64(True):
        got, pull = jax.vjp(jax_function(layer, found), *map(jax.numpy.asarray, arrays.values()))
        close(got, output)
        found_by_name = dict(zip(arrays, pull(jax.numpy.asarray(upstream)), strict=True))
        compare(layer, [found_by_name[node.name] for node in layer.smooth], gradients)
