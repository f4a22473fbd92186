"""What the words of an expression mean in NumPy and in PyTorch, each written with that library alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

Scope = dict[str, Any]


def numpy_scope(values: Mapping[str, Any]) -> Scope:
    """The functions of an expression in NumPy, and the values of its names."""
    exp, log, total = np.exp, np.log, np.sum

    def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        top = np.max(x, axis=axis, keepdims=True)
        result = log(total(exp(x - top), axis=axis, keepdims=True)) + top
        return result if keepdims else np.squeeze(result, axis=axis)

    def softmax(x: Any, axis: Any = -1) -> Any:
        powers = exp(x - np.max(x, axis=axis, keepdims=True))
        return powers / total(powers, axis=axis, keepdims=True)

    own = {
        "erf": np.vectorize(math.erf, otypes=[float]),
        "let": lambda name, value: value,
        "log_softmax": lambda x, axis=-1: x - logsumexp(x, axis, True),
        "logdet": lambda x: np.linalg.slogdet(x)[1],
        "logsumexp": logsumexp,
        "relu": lambda x: np.maximum(x, 0),
        "sigmoid": lambda x: 1 / (1 + exp(-x)),
        "silu": lambda x: x / (1 + exp(-x)),
        "softmax": softmax,
        "softplus": lambda x: np.logaddexp(0, x),
        "norm": np.linalg.norm,
        "inv": np.linalg.inv,
        "det": np.linalg.det,
        "np": np,
        "pi": math.pi,
    }
    return {**{name: getattr(np, name) for name in SHARED}, **own, **values}


SHARED = (
    *("abs", "arange", "arctan", "clip", "concatenate", "cos", "cosh", "diag", "diagonal", "dot", "einsum", "exp"),
    *("expand_dims", "expm1", "eye", "heaviside", "kron", "log", "log1p", "max", "maximum", "mean", "min", "minimum"),
    *(
        "ones",
        "ones_like",
        "outer",
        "pad",
        "repeat",
        "reshape",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "squeeze",
        "stack",
        "std",
    ),
    *("sum", "swapaxes", "tan", "tanh", "trace", "transpose", "var", "where", "zeros", "zeros_like"),
)
"""What NumPy has under the name that expressions use."""


def torch_scope(torch: ModuleType, values: Mapping[str, Any]) -> Scope:
    """The functions of an expression in PyTorch, and the values of its names."""

    def array(x: Any) -> Any:
        return x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=torch.float64)

    def of_numbers(name: str) -> Any:
        return lambda *items: getattr(torch, name)(*map(array, items))

    def reducing(name: str, **fixed: Any) -> Any:
        def reduced(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
            axes = tuple(range(x.ndim)) if axis is None else axis
            return getattr(torch, name)(x, dim=axes, keepdim=keepdims, **fixed)

        return reduced

    def spread(name: str) -> Any:
        return lambda x, axis=None, ddof=0, keepdims=False: reducing(name, correction=ddof)(x, axis, keepdims)

    def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
        if axis is None and x.ndim == 2 and ord is None:
            ord = "fro"
        if axis is not None:
            return torch.linalg.vector_norm(x, ord=2 if ord is None else ord, dim=axis, keepdim=keepdims)
        return torch.linalg.norm(x, ord=ord)

    own = {
        **{name: of_numbers(name) for name in ELEMENTWISE},
        "arange": torch.arange,
        "clip": lambda x, low=None, high=None: torch.clamp(x, low, high),
        "concatenate": lambda items, axis=0: torch.cat([*items], dim=axis),
        "det": torch.linalg.det,
        "diag": torch.diag,
        "diagonal": torch.diagonal,
        "dot": lambda a, b: a @ b,
        "einsum": torch.einsum,
        "expand_dims": torch.unsqueeze,
        "eye": lambda n: torch.eye(n, dtype=torch.float64),
        "inv": torch.linalg.inv,
        "kron": torch.kron,
        "let": lambda name, value: value,
        "log_softmax": lambda x, axis=-1: torch.log_softmax(x, dim=axis),
        "logdet": lambda x: torch.linalg.slogdet(x)[1],
        "logsumexp": reducing("logsumexp"),
        "max": reducing("amax"),
        "mean": reducing("mean"),
        "min": reducing("amin"),
        "norm": norm,
        "ones": lambda shape: torch.ones(shape, dtype=torch.float64),
        "ones_like": torch.ones_like,
        "outer": torch.outer,
        "pi": math.pi,
        "relu": torch.relu,
        "reshape": torch.reshape,
        "silu": torch.nn.functional.silu,
        "softmax": lambda x, axis=-1: torch.softmax(x, dim=axis),
        "softplus": torch.nn.functional.softplus,
        "squeeze": torch.squeeze,
        "stack": lambda items, axis=0: torch.stack([*items], dim=axis),
        "std": spread("std"),
        "sum": reducing("sum"),
        "swapaxes": torch.swapaxes,
        "trace": torch.trace,
        "transpose": lambda x, axes=None: x.permute(axes or tuple(reversed(range(x.ndim)))),
        "var": spread("var"),
        "where": lambda condition, a, b: torch.where(condition, array(a), array(b)),
        "zeros": lambda shape: torch.zeros(shape, dtype=torch.float64),
        "zeros_like": torch.zeros_like,
    }
    own["np"] = SimpleNamespace(**own, linalg=SimpleNamespace(norm=norm, inv=own["inv"], det=own["det"]))
    return {**own, **values}


ELEMENTWISE = (
    *(
        "abs",
        "arange",
        "arctan",
        "cos",
        "cosh",
        "erf",
        "exp",
        "expm1",
        "heaviside",
        "log",
        "log1p",
        "maximum",
        "minimum",
    ),
    *("sigmoid", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh"),
)
"""What PyTorch has under the name that expressions use, but not for numbers."""
