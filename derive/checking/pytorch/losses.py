"""The losses of torch.nn.functional, on arrays that speak NumPy's protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derive.errors import UnsupportedError

__all__ = ["LOSSES", "log_softmax", "softmax_axis"]


def softmax_axis(x: Any, dim: int | None) -> int:
    """The axis that is meant; PyTorch's own choice, if none is given, is another for three axes."""
    if dim is None:
        return 0 if x.ndim in (0, 1, 3) else 1
    return dim


def log_softmax(x: Any, dim: int | None = None) -> Any:
    """The logarithm of softmax; nothing overflows on symbols, so nothing needs to be compared."""
    return x - np.log(np.sum(np.exp(x), axis=softmax_axis(x, dim), keepdims=True))


def _reduced(values: Any, reduction: str) -> Any:
    """The entries themselves, their sum or their mean."""
    if reduction not in _REDUCTIONS:
        raise UnsupportedError(f"reduction={reduction!r} is not supported on symbols; give 'none', 'sum' or 'mean'")
    return _REDUCTIONS[reduction](values)


_REDUCTIONS: dict[str, Callable[[Any], Any]] = {"none": lambda values: values, "sum": np.sum, "mean": np.mean}


def _loss(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loss of two tensors, entry by entry."""

    def lost(x: Any, target: Any, *more: Any, reduction: str = "mean", **options: Any) -> Any:
        weight = options.pop("weight", None)
        for old in ("size_average", "reduce"):
            if options.pop(old, None) is not None:
                raise UnsupportedError(f"{old}= is not supported on symbols; give reduction=")
        values = function(x, target, *more, **options)
        return _reduced(values if weight is None else values * weight, reduction)

    return lost


def _distance(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loss whose mean, if it is weighted, is divided by the sum of the weights."""
    plain = _loss(function)

    def lost(x: Any, target: Any, *more: Any, reduction: str = "mean", weight: Any = None, **options: Any) -> Any:
        if weight is None or reduction != "mean":
            return plain(x, target, *more, reduction=reduction, weight=weight, **options)
        return plain(x, target, *more, reduction="sum", weight=weight, **options) / np.sum(weight)

    return lost


def _huber(x: Any, target: Any, delta: Any = 1.0) -> Any:
    distance = abs(x - target)
    return np.where(distance < delta, distance * distance / 2, delta * (distance - delta / 2))


def _smooth_l1(x: Any, target: Any, beta: Any = 1.0) -> Any:
    distance = abs(x - target)
    return np.where(distance < beta, distance * distance / (2 * beta), distance - beta / 2)


def _bce_with_logits(x: Any, target: Any, pos_weight: Any = None) -> Any:
    if pos_weight is not None:
        raise UnsupportedError("pos_weight= is not supported on symbols")
    return np.log(1 + np.exp(x)) - target * x


def _kl_entries(x: Any, target: Any, log_target: bool = False) -> Any:
    return np.exp(target) * (target - x) if log_target else target * (np.log(target) - x)


def _kl_div(x: Any, target: Any, *more: Any, reduction: str = "mean", **options: Any) -> Any:
    if reduction != "batchmean":
        return _loss(_kl_entries)(x, target, *more, reduction=reduction, **options)
    total = _loss(_kl_entries)(x, target, *more, reduction="sum", **options)
    return total / x.shape[0] if x.ndim else total


def _nll_loss(x: Any, target: Any, weight: Any = None, *old: Any, reduction: str = "mean", **options: Any) -> Any:
    if weight is not None or any(old) or options.pop("ignore_index", -100) != -100 or any(options.values()):
        raise UnsupportedError("F.nll_loss with weight, ignore_index or older options is not supported on symbols")
    if x.ndim != 2:
        raise UnsupportedError("F.nll_loss of anything but a matrix is not supported on symbols")
    picked = np.take_along_axis(x, target[:, None], axis=1)
    return _reduced(-np.squeeze(picked, axis=1), reduction)


def _cross_entropy(
    x: Any, target: Any, weight: Any = None, *old: Any, label_smoothing: float = 0.0, **options: Any
) -> Any:
    if label_smoothing:
        raise UnsupportedError("F.cross_entropy with label_smoothing is not supported on symbols")
    if target.ndim == x.ndim:
        reduction = options.pop("reduction", "mean")
        options.pop("ignore_index", None)
        if weight is not None or any(old) or any(options.values()):
            raise UnsupportedError("F.cross_entropy with weight or older options is not supported on symbols")
        return _reduced(-np.sum(target * log_softmax(x, 1), axis=1), reduction)
    return _nll_loss(log_softmax(x, 1), target, weight, *old, **options)


LOSSES: dict[str, Callable[..., Any]] = {
    "binary_cross_entropy": _loss(lambda x, y: -(y * np.log(x) + (1 - y) * np.log(1 - x))),
    "binary_cross_entropy_with_logits": _loss(_bce_with_logits),
    "cross_entropy": _cross_entropy,
    "huber_loss": _loss(_huber),
    "kl_div": _kl_div,
    "l1_loss": _distance(lambda x, y: abs(x - y)),
    "mse_loss": _distance(lambda x, y: (x - y) * (x - y)),
    "nll_loss": _nll_loss,
    "smooth_l1_loss": _loss(_smooth_l1),
}
"""The losses by PyTorch's names."""
