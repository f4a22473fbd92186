"""Every layer of the catalogue, written in each language and run as printed, has PyTorch's gradients."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pytest

from derive.code import LANGUAGES
from derive.forward.shape import bind
from derive.layers import load
from derive.options import LANGUAGES as OFFERED
from derive.rules.naming import formulas
from tests.code.running import by_function, jax_function, torch_function
from tests.layers.test_reference import DRAWS, NOT_PYTORCHS, REFERENCES, normal, sizes_of

torch = pytest.importorskip("torch")

close = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)
every_layer = pytest.mark.parametrize("name", REFERENCES)


@cache
def layer_of(name: str):
    """The layer, its formulas, and numbers for its inputs and the upstream gradient."""
    layer = load(name.split()[0], dict(choice.split("=") for choice in name.split()[1:]))
    sizes = sizes_of(layer, 1)
    random = np.random.default_rng(3)
    draws = DRAWS.get(layer.name, {})
    arrays = {node.name: draws.get(node.name, normal)(random, bind(node.shape, sizes)) for node in layer.inputs}
    shape = bind(layer.output.shape, sizes)
    upstream = random.normal(size=shape) if shape else np.ones(())
    return layer, [formulas(layer)[node.name] for node in layer.smooth], arrays, upstream


@cache
def expected_of(name: str):
    """PyTorch's output and gradients; None for what it takes as whole numbers."""
    _, _, arrays, upstream = layer_of(name)
    tensors = {given: torch.tensor(array, requires_grad=True) for given, array in arrays.items()}
    output = REFERENCES[name](*tensors.values())
    output.backward(torch.tensor(upstream))
    skipped = {given for layer, given in NOT_PYTORCHS if layer == name.split()[0]}
    return output.detach().numpy(), [None if n in skipped else t.grad.numpy() for n, t in tensors.items()]


def test_the_command_line_offers_the_languages_that_there_are():
    assert tuple(LANGUAGES) == OFFERED


@every_layer
def test_the_plain_function_gives_pytorchs_gradients_in_their_shapes(name):
    layer, found, arrays, upstream = layer_of(name)
    _, gradients = expected_of(name)
    for got, expected, array in zip(
        by_function(layer, found, arrays, upstream), gradients, arrays.values(), strict=True
    ):
        assert np.shape(got) == array.shape
        if expected is not None:
            close(got, expected)


@every_layer
def test_the_torch_function_passes_pytorchs_own_check_and_gives_its_gradients(name):
    layer, found, arrays, upstream = layer_of(name)
    output, gradients = expected_of(name)
    function = torch_function(layer, found)
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays.values()]
    got = function(*tensors)
    close(got.detach().numpy(), output)
    # A loss multiplies by what arrives.
    (3 * got).backward(torch.tensor(upstream))
    for tensor, expected in zip(tensors, gradients, strict=True):
        if expected is not None:
            close(tensor.grad.numpy(), 3 * expected)
    assert torch.autograd.gradcheck(function, [tensor.detach().requires_grad_() for tensor in tensors])


@every_layer
def test_the_torch_function_keeps_single_precision(name):
    layer, found, arrays, upstream = layer_of(name)
    tensors = [torch.tensor(array, dtype=torch.float32, requires_grad=True) for array in arrays.values()]
    output = torch_function(layer, found)(*tensors)
    assert output.dtype == torch.float32
    for gradient in torch.autograd.grad(output, tensors, torch.tensor(upstream, dtype=torch.float32)):
        assert gradient.dtype == torch.float32


@every_layer
def test_the_jax_function_gives_pytorchs_gradients(name):
    jax = pytest.importorskip("jax", reason="JAX is not installed: pip install jax")
    layer, found, arrays, upstream = layer_of(name)
    output, gradients = expected_of(name)
    with jax.enable_x64(True):
        got, pull = jax.vjp(jax_function(layer, found), *map(jax.numpy.asarray, arrays.values()))
        close(got, output)
        for value, expected in zip(pull(3 * jax.numpy.asarray(upstream)), gradients, strict=True):
            if expected is not None:
                close(value, 3 * expected)


@every_layer
def test_the_jax_function_keeps_single_precision(name):
    jax = pytest.importorskip("jax", reason="JAX is not installed: pip install jax")
    layer, found, arrays, upstream = layer_of(name)
    single = [jax.numpy.asarray(array, dtype="float32") for array in arrays.values()]
    with jax.enable_x64(True):
        output, pull = jax.vjp(jax_function(layer, found), *single)
        assert output.dtype == "float32"
        assert {value.dtype.name for value in pull(jax.numpy.asarray(upstream, dtype="float32"))} == {"float32"}
