"""The functions of torch.nn.functional, and elementwise ones of PyTorch's, on arrays that speak NumPy's protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from sympy import Expr, Rational

from derive.checking.arrays.sheet import Sheet
from derive.checking.pytorch.losses import LOSSES, log_softmax, softmax_axis
from derive.errors import UnsupportedError
from derive.forward.functions import ELEMENTWISE, sigmoid, step
from derive.forward.nodes import placeholder
from derive.forward.number import exact_number
from derive.forward.tensor import Tensor

__all__ = ["LAYERS"]

_X = placeholder(0)
_ROOT_2 = sympy.sqrt(2)


def _of_entry(function: Expr) -> Callable[..., Any]:
    """A scalar function of one operand, entry by entry."""

    def applied(x: Any) -> Any:
        if isinstance(x, Sheet):
            return x.applied(function, x)
        if isinstance(x, Tensor):
            return x.mapped(function)
        raise TypeError(f"expected a tensor of symbols, got {type(x).__name__}")

    return applied


def _flagged(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The function of so many arguments, behind which PyTorch's modules say whether it works in place."""

    def applied(*arguments: Any, **options: Any) -> Any:
        if len(arguments) > count and arguments[count]:
            raise UnsupportedError("this function in place is not supported on symbols; leave inplace=True out")
        return function(*arguments[:count], **options)

    return applied


def _number(value: Any) -> Expr:
    return sympy.Integer(value) if isinstance(value, int) else exact_number(float(value))


def _clipped(x: Expr, low: Any, high: Any) -> Expr:
    return ELEMENTWISE["minimum"](ELEMENTWISE["maximum"](x, _number(low)), _number(high))


def _split_at_zero(above: Expr, below: Expr) -> Expr:
    """One function above 0, another one from there on down."""
    return step(_X) * above + (1 - step(_X)) * below


_GELU = _X / 2 * (1 + ELEMENTWISE["erf"](_X / _ROOT_2))
_GELU_TANH = _X / 2 * (1 + sympy.tanh(sympy.sqrt(2 / sympy.pi) * (_X + Rational(44715, 1000000) * _X**3)))
_SELU = Rational("1.0507009873554804934193349852946")
_SELU_ALPHA = Rational("1.6732632423543772848170429916717")


def _gelu(x: Any, approximate: str = "none") -> Any:
    return _of_entry(_GELU if approximate == "none" else _GELU_TANH)(x)


def _elu(x: Any, alpha: Any = 1.0) -> Any:
    return _of_entry(_split_at_zero(_X, _number(alpha) * (sympy.exp(_X) - 1)))(x)


def _leaky_relu(x: Any, negative_slope: Any = 0.01) -> Any:
    return np.where(x > 0, x, negative_slope * x)


def _hardtanh(x: Any, min_val: Any = -1.0, max_val: Any = 1.0) -> Any:
    return np.clip(x, min_val, max_val)


def _softplus(x: Any, beta: Any = 1, threshold: Any = 20) -> Any:
    if threshold != 20:
        raise UnsupportedError(f"F.softplus with threshold={threshold} is not supported on symbols")
    # Above the threshold PyTorch gives x itself, which is the same to all digits of a float.
    return _of_entry(ELEMENTWISE["softplus"](_number(beta) * _X) / _number(beta))(x)


def _softmax(x: Any, dim: int | None = None) -> Any:
    # Nothing overflows on symbols, so nothing needs to be compared.
    powers = np.exp(x)
    return powers / np.sum(powers, axis=softmax_axis(x, dim), keepdims=True)


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    product = x @ weight.T
    return product if bias is None else product + bias


def _bilinear(x: Any, y: Any, weight: Any, bias: Any = None) -> Any:
    product = np.einsum("ni,mij,nj->nm", x, weight, y)
    return product if bias is None else product + bias


def _dropout(x: Any, p: float = 0.5, training: bool = True) -> Any:
    if training and p:
        raise UnsupportedError(
            f"F.dropout(p={p}) in training mode, which is random, is not supported; give it the mask"
        )
    return x


def _scaled(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _layer_norm(x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5) -> Any:
    axes = tuple(range(-len(normalized_shape), 0))
    centred = x - np.mean(x, axis=axes, keepdims=True)
    return _scaled(centred / np.sqrt(np.mean(centred * centred, axis=axes, keepdims=True) + eps), weight, bias)


def _rms_norm(x: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Any:
    axes = tuple(range(-len(normalized_shape), 0))
    if eps is None:
        raise UnsupportedError("F.rms_norm without eps is not supported on symbols: it is that of the type; give eps")
    return _scaled(x / np.sqrt(np.mean(x * x, axis=axes, keepdims=True) + eps), weight, None)


def _channels(x: Any) -> tuple[Any, ...]:
    """The index that lays one number for each channel along the second axis."""
    return (slice(None), *[None] * (x.ndim - 2))


def _batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: Any = 1e-5,
) -> Any:
    wide = _channels(x)
    if not training:
        made = (x - running_mean[wide]) / np.sqrt(running_var[wide] + eps)
    elif running_mean is not None:
        raise UnsupportedError("F.batch_norm that changes its running statistics is not supported on symbols")
    else:
        axes = (0, *range(2, x.ndim))
        centred = x - np.mean(x, axis=axes, keepdims=True)
        made = centred / np.sqrt(np.mean(centred * centred, axis=axes, keepdims=True) + eps)
    return _scaled(made, None if weight is None else weight[wide], None if bias is None else bias[wide])


def _normalize(x: Any, p: Any = 2.0, dim: int = 1, eps: Any = 1e-12) -> Any:
    if p != 2:
        raise UnsupportedError(f"F.normalize with p={p} is not supported on symbols")
    return x / np.maximum(np.sqrt(np.sum(x * x, axis=dim, keepdims=True)), eps)


def _cosine_similarity(x: Any, y: Any, dim: int = 1, eps: Any = 1e-8) -> Any:
    lengths = [np.maximum(np.sqrt(np.sum(a * a, axis=dim)), eps) for a in (x, y)]
    return np.sum(x * y, axis=dim) / (lengths[0] * lengths[1])


def _embedding(
    index: Any,
    weight: Any,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: Any = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    if padding_idx is not None or max_norm is not None or scale_grad_by_freq:
        raise UnsupportedError("F.embedding with padding_idx, max_norm or other options is not supported on symbols")
    return weight[index]


def _attention(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, **options: Any) -> Any:
    if attn_mask is not None or dropout_p or any(options.values()):
        raise UnsupportedError(
            "F.scaled_dot_product_attention with a mask, dropout or a scale is not supported on symbols"
        )
    scores = query @ np.swapaxes(key, -1, -2) / np.sqrt(_lifted(query, query.shape[-1]))
    return _softmax(scores, -1) @ value


def _lifted(x: Any, number: Any) -> Any:
    """A number as an array without axes, so that its root stays exact."""
    return (
        x.of(number) if isinstance(x, Sheet) else x.lift(x.other(number, "sqrt")) if isinstance(x, Tensor) else number
    )


def _windows(x: Any, sizes: Sequence[Any], stride: Any, padding: Any, dilation: Any, groups: Any) -> Any:
    """The windows along the last axes, behind them."""
    count = len(sizes)
    strides, pads = (_each(value, count) for value in (stride, padding))
    if _each(dilation, count) != (1,) * count or groups != 1 or isinstance(padding, str):
        raise UnsupportedError("a convolution with dilation, groups or padding in words is not supported on symbols")
    if any(pads):
        x = np.pad(x, [(0, 0)] * (x.ndim - count) + [(pad, pad) for pad in pads])
    axes = tuple(range(x.ndim - count, x.ndim))
    made = np.lib.stride_tricks.sliding_window_view(x, tuple(sizes), axis=axes)
    if all(step == 1 for step in strides):
        return made
    return made[(slice(None),) * (x.ndim - count) + tuple(slice(None, None, step) for step in strides)]


def _each(value: Any, count: int) -> tuple[Any, ...]:
    return tuple(value) * (count if len(value) == 1 else 1) if isinstance(value, tuple | list) else (value,) * count


def _convolution(count: int, pattern: str) -> Callable[..., Any]:
    def convolved(
        x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
    ) -> Any:
        windows = _windows(x, weight.shape[-count:], stride, padding, dilation, groups)
        made = np.einsum(pattern, windows, weight)
        return made if bias is None else made + bias[(slice(None), *[None] * count)]

    return convolved


_ENTRIES: Mapping[str, Expr] = {
    "erf": ELEMENTWISE["erf"](_X),
    "hardsigmoid": _clipped(_X / 6 + Rational(1, 2), 0, 1),
    "hardswish": _X * _clipped(_X / 6 + Rational(1, 2), 0, 1),
    "logsigmoid": -ELEMENTWISE["softplus"](-_X),
    "mish": _X * sympy.tanh(ELEMENTWISE["softplus"](_X)),
    "relu6": _clipped(_X, 0, 6),
    "selu": _SELU * _split_at_zero(_X, _SELU_ALPHA * (sympy.exp(_X) - 1)),
    "silu": _X * sigmoid(_X),
    "softsign": _X / (1 + ELEMENTWISE["abs"](_X)),
    "tanhshrink": _X - sympy.tanh(_X),
}
"""Functions of one number."""

LAYERS: dict[str, Callable[..., Any]] = {
    **LOSSES,
    **{name: _flagged(_of_entry(function), 1) for name, function in _ENTRIES.items()},
    "batch_norm": _batch_norm,
    "bilinear": _bilinear,
    "conv1d": _convolution(1, "nclk,ock->nol"),
    "conv2d": _convolution(2, "ncijkl,ockl->noij"),
    "cosine_similarity": _cosine_similarity,
    "dropout": _flagged(_dropout, 3),
    "elu": _flagged(_elu, 2),
    "embedding": _embedding,
    "gelu": _gelu,
    "glu": lambda x, dim=-1: _glu(x, dim),
    "hardtanh": _flagged(_hardtanh, 3),
    "layer_norm": _layer_norm,
    "leaky_relu": _flagged(_leaky_relu, 2),
    "linear": _linear,
    "log_softmax": log_softmax,
    "normalize": _normalize,
    "prelu": lambda x, weight: np.where(x > 0, x, weight[_channels(x)] * x),
    "relu": _flagged(lambda x: np.maximum(x, 0), 1),
    "rms_norm": _rms_norm,
    "scaled_dot_product_attention": _attention,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softmax": _softmax,
    "softmin": lambda x, dim=None: _softmax(-x, dim),
    "softplus": _softplus,
    "threshold": _flagged(lambda x, threshold, value: np.where(x > threshold, x, value), 3),
}
"""The functions by PyTorch's names."""


def _glu(x: Any, dim: int) -> Any:
    """The first half times the sigmoid of the second."""
    half = x.shape[dim] / 2 if isinstance(x, Tensor) else x.shape[dim] // 2
    before = (slice(None),) * (dim % x.ndim)
    return x[(*before, slice(0, half))] / (1 + np.exp(-x[(*before, slice(half, None))]))
