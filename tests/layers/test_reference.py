"""Every layer of the catalogue is PyTorch's, forwards and backwards, at two sizes with all letters different.

PyTorch's function is written neither with our definition nor with our formulas, and its autograd knows neither.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
import pytest

import derive
from derive.code import numpy_class
from derive.forward import field
from derive.forward.shape import bind
from derive.layers import index, load
from tests.running import namespace

torch = pytest.importorskip("torch")
F = torch.nn.functional


def hinge(z, t):
    return F.margin_ranking_loss(z, torch.zeros_like(z), t, margin=1.0)


def cosine(A, B):
    return F.cosine_embedding_loss(A, B, torch.ones(len(A), dtype=torch.float64))


def batchnorm(X, gamma, beta):
    return F.batch_norm(X, None, None, weight=gamma, bias=beta, training=True, eps=1e-5)


def layernorm(X, gamma, beta):
    return F.layer_norm(X, X.shape[1:], weight=gamma, bias=beta, eps=1e-5)


def groupnorm(X, gamma, beta):
    channels, scale, shift = X.flatten(1), gamma.flatten(), beta.flatten()
    return F.group_norm(channels, X.shape[1], scale, shift, eps=1e-5).reshape(X.shape)


def dropout(X, M):
    torch.manual_seed(3)  # the mask of `dropped` is drawn again
    return F.dropout(X, 0.5)


def attention(Q, K, V, B=None):
    return F.scaled_dot_product_attention(Q[None], K[None], V[None], attn_mask=B)[0]


def multihead_attention(Q, K, V, W):
    heads = F.scaled_dot_product_attention(Q, K, V)
    return F.linear(heads.transpose(0, 1).flatten(1), W.flatten(0, 1).T)


def rnn_cell(X, H, W, U, b):
    return torch.rnn_tanh_cell(X, H, W.T, U.T, b, torch.zeros_like(b))


def mlp(X, W, b, V, c):
    return F.linear(F.relu(F.linear(X, W.T, b)), V.T, c)


REFERENCES: dict[str, Callable[..., Any]] = {
    "affine": lambda X, W, b: F.linear(X, W.T, b),
    "affine bias=ones": lambda X, W, b: F.linear(X, W.T, b[0]),
    "affine bias=augmented": lambda A, V: F.linear(A, V.T),
    "affine bias=none": lambda X, W: F.linear(X, W.T),
    "linear": F.linear,
    "linear bias=none": F.linear,
    "bilinear": lambda X, Z, W, b: F.bilinear(X, Z, W, b),
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "gelu approximate=tanh": lambda X: F.gelu(X, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "sigmoid": F.sigmoid,
    "tanh": F.tanh,
    "softmax": lambda Z: F.softmax(Z, dim=1),
    "log_softmax": lambda Z: F.log_softmax(Z, dim=1),
    "maxout": lambda X, W, b, V, c: torch.stack([F.linear(X, W.T, b), F.linear(X, V.T, c)]).amax(0),
    "embedding": lambda X, W: F.embedding(X.argmax(1), W),
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
    "bce": F.binary_cross_entropy,
    "bce_with_logits": F.binary_cross_entropy_with_logits,
    "cross_entropy": F.cross_entropy,
    "nll": lambda P, T: F.nll_loss(P, T.argmax(1)),
    "hinge": hinge,
    "kl": lambda P, Q: F.kl_div(Q.log(), P, reduction="batchmean"),
    "cosine": cosine,
    "batchnorm": batchnorm,
    "layernorm": layernorm,
    "rmsnorm": lambda X, gamma: F.rms_norm(X, X.shape[1:], gamma, eps=1e-5),
    "groupnorm": groupnorm,
    "l2norm": F.normalize,
    "dropout": dropout,
    "attention": attention,
    "attention mask=given": attention,
    "multihead_attention": multihead_attention,
    "conv1d": F.conv1d,
    "conv2d": F.conv2d,
    "conv2d stride=2": partial(F.conv2d, stride=2),
    "conv2d padding=1": partial(F.conv2d, padding=1),
    "maxpool": partial(F.max_pool2d, kernel_size=2),
    "avgpool": partial(F.avg_pool2d, kernel_size=2),
    "rnn_cell": rnn_cell,
    "lstm_cell": lambda X, H, C, W, U, b: torch.cat(torch.lstm_cell(X, (H, C), W.T, U.T, b, 0 * b), dim=1),
    "gru_cell": lambda X, H, W, U, b, c: torch.gru_cell(X, H, W.T, U.T, b, c),
    "residual": lambda X, W, V: X + F.linear(F.relu(F.linear(X, W.T)), V.T),
    "mlp": mlp,
}
"""PyTorch's function of a layer's inputs, by name; a variant's name is followed by its choices."""


def normal(random, shape):
    return random.normal(size=shape)


def between_0_and_1(random, shape):
    return random.uniform(0.1, 0.9, size=shape)


def probabilities(random, shape):
    drawn = between_0_and_1(random, shape)
    return drawn / drawn.sum(axis=-1, keepdims=True)


def signs(random, shape):
    return random.choice([-1.0, 1.0], size=shape)


def one_hot(random, shape):
    return np.eye(shape[1])[random.integers(shape[1], size=shape[0])]


def dropped(random, shape):
    torch.manual_seed(3)
    mask = (F.dropout(torch.ones(shape, dtype=torch.float64), 0.5) > 0).double().numpy()
    assert 0 < mask.sum() < mask.size
    return mask


DRAWS: dict[str, dict[str, Callable[..., Any]]] = {
    "bce": {"p": between_0_and_1, "t": between_0_and_1},
    "bce_with_logits": {"t": between_0_and_1},
    "cross_entropy": {"T": probabilities},
    "embedding": {"X": one_hot},
    "hinge": {"t": signs},
    "nll": {"T": one_hot},
    "kl": {"P": probabilities, "Q": probabilities},
    "dropout": {"M": dropped},
}
"""How inputs are drawn that are not any numbers."""

NOT_PYTORCHS = {("dropout", "M"), ("embedding", "X"), ("nll", "T")}
"""Inputs that PyTorch's function draws itself, or takes as whole numbers."""


def cases():
    return [(item.name, dict(choices)) for item in index() for choices, _ in item.functions]


def called(name: str, variant: dict[str, str]) -> str:
    return " ".join([name, *(f"{option}={value}" for option, value in variant.items())])


def sizes_of(layer, order: int) -> dict[str, int]:
    """Sizes from 2 on, all different; the other way round, and larger, for order -1."""
    numbers = range(2, 2 + len(layer.letters))
    return dict(zip(layer.letters, numbers if order > 0 else [n + 1 for n in numbers[::-1]], strict=True))


def test_every_layer_and_variant_has_a_reference():
    assert {called(*case) for case in cases()} == set(REFERENCES)


@pytest.mark.parametrize("order", [1, -1], ids=["ascending", "descending"])
@pytest.mark.parametrize("name", REFERENCES)
def test_a_layer_and_its_gradients_are_pytorchs(name, order):
    check_layer(name, order)


def check_layer(name: str, order: int) -> None:
    """The layer's own code and every formula, run by NumPy, give what PyTorch's function and its autograd give."""
    layer = load(name.split()[0], dict(choice.split("=") for choice in name.split()[1:]))
    sizes = sizes_of(layer, order)
    random = np.random.default_rng(20)
    draws = DRAWS.get(layer.name, {})
    arrays = {node.name: draws.get(node.name, normal)(random, bind(node.shape, sizes)) for node in layer.inputs}
    tensors = {given: torch.tensor(array, requires_grad=True) for given, array in arrays.items()}
    close = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)

    expected = REFERENCES[name](*tensors.values())
    assert bind(layer.output.shape, sizes) == tuple(expected.shape)
    close(layer.function(*(array.copy() for array in arrays.values())), expected.detach().numpy())

    # A number is the loss itself, and what arrives then is 1.
    upstream = random.normal(size=tuple(expected.shape)) if expected.shape else np.ones(())
    expected.backward(torch.tensor(upstream))
    gradients = derive.derive(layer, sizes).gradients
    assert list(gradients) == [node.name for node in layer.inputs]
    printed = run_class(layer, gradients, arrays, upstream)
    for given, gradient in gradients.items():
        if (layer.name, given) in NOT_PYTORCHS:
            assert tensors[given].grad is None
            continue
        for got in (run(gradient.formula, {**arrays, layer.upstream.name: upstream, **sizes}), printed[given]):
            close(np.broadcast_to(got, arrays[given].shape), tensors[given].grad.numpy(), err_msg=str(gradient.formula))


def run_class(layer, gradients, arrays, upstream) -> dict[str, Any]:
    """What the class on the page gives; its forward pass is compared with the layer's own code."""
    defined: dict[str, Any] = {}
    exec(numpy_class(layer, [gradient.formula for gradient in gradients.values()]), defined)
    (made,) = (value for value in defined.values() if isinstance(value, type))
    instance = made()
    output = instance.forward(*(array.copy() for array in arrays.values()))
    np.testing.assert_allclose(output, layer.function(*arrays.values()), rtol=1e-9, atol=1e-9)
    found = instance.backward(*[upstream][: len(signature(instance.backward).parameters)])
    return dict(zip(gradients, found if isinstance(found, tuple) else (found,), strict=True))


def run(formula, known: dict[str, Any]) -> Any:
    """The text of a formula, run as NumPy; the names that it uses are computed before it."""
    functions = {name: getattr(field, name) for name in field.__all__}
    functions["sliding_window_view"] = np.lib.stride_tricks.sliding_window_view
    space = {**vars(np), **namespace(norm=np.linalg.norm), **functions, **known}
    for line in formula.statements[:-1]:
        exec(line, space)
    return eval(str(formula), space)
