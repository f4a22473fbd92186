"""Arrays and layers may be called as the code calls something of its own; sizes may not, and are told so."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.errors import UnknownNameError, UnsupportedError, UserError
from tests.code.running import executed

torch = pytest.importorskip("torch")

NAMES = ("torch", "jax", "jnp", "math", "ctx", "G", "scatter", "kept", "P", "lse")
REFUSED = ("np", "self", "erf", "dX", "softmax")


def derived(name: str) -> derive.Derived:
    text = f"A = exp(X @ {name}); A / sum(A, axis=1, keepdims=True) / sqrt(D)".replace("; ", "\n")
    return derive.derive(text, shapes={"X": "N D", name: "D M"}, n=2, d=3, m=4)


def arrays() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    return random.normal(size=(2, 3)), random.normal(size=(3, 4)), random.normal(size=(2, 4))


def expected() -> list[np.ndarray]:
    X, W, G = arrays()
    tensors = [torch.tensor(array, requires_grad=True) for array in (X, W)]
    output = torch.softmax(tensors[0] @ tensors[1], 1) / 3**0.5
    return [g.numpy() for g in torch.autograd.grad(output, tensors, torch.tensor(G))]


@pytest.mark.parametrize("name", REFUSED)
def test_an_input_that_is_called_as_something_in_formulas_is_refused(name):
    with pytest.raises(UserError, match=f"{name} is .* rename that input"):
        derived(name).code()


@pytest.mark.parametrize("name", NAMES)
def test_an_input_may_be_called_like_a_part_of_numpy_code(name):
    X, W, G = arrays()
    instance = executed(derived(name).code("numpy"))["Expr"]()
    instance.forward(X, W)
    for got, want in zip(instance.backward(G), expected(), strict=True):
        np.testing.assert_allclose(got, want)
    function = executed(derived(name).wrt(name).code("numpy"))[f"gradient_{name}"]
    np.testing.assert_allclose(function(X, W, G), expected()[1])


@pytest.mark.parametrize("name", NAMES)
def test_an_input_may_be_called_like_a_part_of_torch_code(name):
    X, W, G = (torch.tensor(array, requires_grad=True) for array in arrays())
    output = executed(derived(name).code("torch"))["Expr"].apply(X, W)
    for got, want in zip(torch.autograd.grad(output, (X, W), G), expected(), strict=True):
        np.testing.assert_allclose(got.numpy(), want)
    function = executed(derived(name).wrt(name).code("torch"))[f"gradient_{name}"]
    np.testing.assert_allclose(function(X, W, G).detach().numpy(), expected()[1])


@pytest.mark.parametrize("name", NAMES)
def test_an_input_may_be_called_like_a_part_of_jax_code(name):
    jax = pytest.importorskip("jax", reason="JAX is not installed: pip install jax")
    with jax.enable_x64(True):
        X, W, G = map(jax.numpy.asarray, arrays())
        _, pull = jax.vjp(executed(derived(name).code("jax"))["expr"], X, W)
        for got, want in zip(pull(G), expected(), strict=True):
            np.testing.assert_allclose(got, want)
        function = executed(derived(name).wrt(name).code("jax"))[f"gradient_{name}"]
        np.testing.assert_allclose(function(X, W, G), expected()[1])


@pytest.mark.parametrize("language", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("name", ["np", "torch", "jax", "self"])
def test_a_layer_may_be_called_like_a_module(name, language):
    def function(X: "N D"):
        return np.tanh(X)

    layer = derive.layer(name=name)(function)
    source = derive.derive(layer, n=2, d=3).code(language)
    if language != "jax":
        executed(source)
    compile(source, "<generated>", "exec")


def test_a_size_that_is_called_like_a_module_is_refused_with_the_remedy():
    with pytest.raises(UnsupportedError, match="size math is called like a part of the code; rename it"):
        derive.derive("X / math", {"math": 3}, shapes={"X": "math"}).code("numpy")


def test_a_language_that_does_not_exist_is_refused_by_name():
    with pytest.raises(UnknownNameError, match="numpy, torch, jax"):
        derive.derive("affine").code("pytorch")


def test_inputs_without_a_gradient_get_none():
    source = derive.derive("affine", wrt="W").code("torch")
    assert "return None, dW, None" in source

    def picked(W: "V D", t: N in V):
        return W[t]

    source = derive.derive(derive.layer()(picked), v=4, d=2, n=3).code("torch")
    assert "return dW, None" in source
    W, t = torch.ones(4, 2, dtype=torch.float64, requires_grad=True), torch.tensor([1, 1, 3])
    executed(source)["Picked"].apply(W, t).sum().backward()
    np.testing.assert_array_equal(W.grad, [[0, 0], [2, 2], [0, 0], [1, 1]])


def test_a_second_derivative_is_refused_and_not_wrong():
    X = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    output = executed(derive.derive("tanh(X)", shapes={"X": "N D"}).code("torch"))["Expr"].apply(X)
    # The upstream gradient has to take part in it, or PyTorch refuses for another reason.
    G = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(output, X, G, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
