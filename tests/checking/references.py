"""The layers of the set in PyTorch: functions of its own where it has them, inputs in the same order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

torch = pytest.importorskip("torch")
f = torch.nn.functional


def _lstm_cell(x, h, c, w, u, b):
    cell = (w.T, u.T, b, torch.zeros_like(b))
    return torch.cat(torch._VF.lstm_cell(x, (h, c), *cell), dim=1)


def _rnn_cell(x, h, w, u, b):
    return torch._VF.rnn_tanh_cell(x, h, w.T, u.T, b, torch.zeros_like(b))


REFERENCES: Mapping[str, Callable[..., Any]] = {
    "affine": lambda x, w, b: f.linear(x, w.T, b),
    "attention": lambda q, k, v: f.scaled_dot_product_attention(q[None], k[None], v[None])[0],
    "batchnorm": lambda x, gamma, beta: torch.native_batch_norm(x, gamma, beta, None, None, True, 0.1, 1e-5)[0],
    "bce_with_logits": f.binary_cross_entropy_with_logits,
    "conv1d": f.conv1d,
    "cosine": lambda a, b: torch.mean(1 - f.cosine_similarity(a, b)),
    "cross_entropy": f.cross_entropy,
    "cross_entropy_weighted": f.cross_entropy,
    "dropout": lambda x, u: x * (u < 0.8) / 0.8,
    "embedding": lambda w, i: f.embedding(i, w),
    "gelu": lambda x: f.gelu(x, approximate="tanh"),
    "huber": f.huber_loss,
    "huber_at_five": lambda p, t: f.huber_loss(p, t, delta=5.0),
    "l2norm": lambda x: (
        x / torch.linalg.vector_norm(torch.cat([x, torch.full_like(x[:, :1], 1e-4)], 1), dim=1)[:, None]
    ),
    "layernorm": lambda x, gamma, beta: f.layer_norm(x, gamma.shape, gamma, beta, eps=1e-5),
    "leaky_relu": lambda x: f.leaky_relu(x, 0.01),
    "lstm_cell": _lstm_cell,
    "maxpool": lambda x: f.max_pool1d(x, 2),
    "maxpool_overlapping": lambda x: f.max_pool1d(x, 2, stride=1),
    "mse": f.mse_loss,
    "positive": lambda x: torch.abs(x) * torch.sqrt(x),
    "quadratic": lambda x, a: x @ a @ x,
    "relu": f.relu,
    "rnn_cell": _rnn_cell,
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: f.softmax(z, dim=1),
    "tanh": torch.tanh,
}


def torch_gradients(reference: str, inputs: Mapping[str, Any], g: Any) -> dict[str, Any]:
    """The value's gradient for every input of floats, by PyTorch's autograd in float64."""
    tensors = {name: torch.tensor(x) for name, x in inputs.items()}
    floats = {name: x.requires_grad_() for name, x in tensors.items() if x.is_floating_point()}
    value = REFERENCES[reference](*tensors.values())
    found = torch.autograd.grad(value, list(floats.values()), torch.as_tensor(g, dtype=value.dtype), allow_unused=True)
    return {name: None if x is None else x.numpy() for name, x in zip(floats, found, strict=True)}
