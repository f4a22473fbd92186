"""PyTorch's classes as the two functions that are checked: torch.autograd.Function, and torch.nn.Module.

They run on tensors of 64 bits, made of the numbers that are tried, and on symbols, as far as those answer to PyTorch's
names. A module without a backward method of its own has PyTorch's, which runs on tensors only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import Parameter, Signature
from types import MethodType
from typing import Any

import numpy as np

from derive.checking.torchlike import Torchlike, unwrapped, wrapped
from derive.errors import UnsupportedError, UserError

__all__ = ["adapted", "is_torch"]


def is_torch(thing: object) -> bool:
    """Whether it is a class that PyTorch's are the bases of."""
    return isinstance(thing, type) and any(base.__module__.partition(".")[0] == "torch" for base in thing.__mro__)


def adapted(kind: Any, shapes: Mapping[str, str]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The forward and the backward function of a class; forward's cache is what backward needs of it.

    Raises: UserError for a class that cannot be made or is neither kind.
    """
    from torch import nn  # deferred: an optional dependency, which is there if a class of its own is given
    from torch.autograd import Function  # deferred: the same

    if issubclass(kind, Function):
        forward, backward = _of_function(kind, Function)
    elif issubclass(kind, nn.Module):
        forward, backward = _of_module(kind, nn.Module, shapes)
    else:
        raise UserError(f"check: {kind.__name__}: expected a torch.autograd.Function or a torch.nn.Module")
    for made, name in ((forward, "forward"), (backward, "backward")):
        # Its globals are ours, but what it calls belongs to the module of the class.
        made.__module__ = kind.__module__
        made.__name__, made.__qualname__ = name, f"{kind.__name__}.{name}"
        made.__dict__["origin"] = kind
    return forward, backward


class Context:
    """What a Function keeps between its two passes."""

    def __init__(self, count: int) -> None:
        self.needs_input_grad = (True,) * count
        self.saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keeps tensors."""
        self.saved_tensors = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Says that inputs were changed in place."""

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Says that outputs have no gradient."""

    def set_materialize_grads(self, value: bool) -> None:
        """Says whether missing gradients become zeros."""


def _of_function(kind: Any, base: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    ahead, back = kind.forward, kind.backward
    setup = kind.setup_context if kind.setup_context is not base.setup_context else None
    parameters = list(inspect.signature(ahead).parameters.values())[setup is None :]

    def forward(**given: Any) -> Any:
        tensors = {name: _entered(value) for name, value in given.items()}
        context = Context(len(tensors))
        with _in_double(grad=False):
            if setup is None:
                output = ahead(context, *tensors.values())
            else:
                output = ahead(*tensors.values())
                setup(context, tuple(tensors.values()), output)
        return _left(output), context

    def backward(dout: Any, cache: Any) -> Any:
        with _in_double(grad=False):
            found = back(cache, _entered(dout))
        found = list(found) if isinstance(found, tuple) else [found]
        # Arguments that are no arrays have None, and come last.
        while len(found) > len(cache.needs_input_grad) and found[-1] is None:
            found.pop()
        return tuple(map(_left, found))

    _sign(forward, parameters)
    return forward, backward


def _of_module(kind: Any, base: Any, shapes: Mapping[str, str]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    ahead, back = kind.forward, getattr(kind, "backward", None)
    weights = _weights(kind, shapes)
    parameters = list(inspect.signature(ahead).parameters.values())[1:]
    taken = [parameter.name for parameter in parameters]

    def forward(**given: Any) -> Any:
        tensors = {name: _entered(value) for name, value in given.items()}
        holder = _holder(kind, {name: value for name, value in tensors.items() if name not in taken}, ahead, back)
        own = {name: value for name, value in tensors.items() if name in taken}
        with _in_double(grad=back is None):
            for value in own.values() if back is None else ():
                if not isinstance(value, Torchlike) and value.is_floating_point():
                    value.requires_grad_()
            output = holder.forward(**own)
        return _left(output), (holder, own, output)

    def backward(dout: Any, cache: Any) -> Any:
        holder, own, output = cache
        if back is None:
            return _by_autograd(holder, own, output, dout)
        with _in_double(grad=False):
            found = holder.backward(_entered(dout))
        parts = list(found) if isinstance(found, tuple | list) else [found]
        made = dict(zip([f"d{name}" for name in own], map(_left, parts), strict=False)) if found is not None else {}
        for name in weights:
            made.update({f"d{name}": _left(value) for value in _on_self(holder, name) if f"d{name}" not in made})
        return made

    _sign(forward, [*parameters, *(Parameter(n, Parameter.KEYWORD_ONLY, annotation=s) for n, s in weights.items())])
    return forward, backward


def _weights(kind: Any, shapes: Mapping[str, str]) -> dict[str, str]:
    """The shapes of a module's parameters: those given, else those it is made with."""
    try:
        module = kind()
    except TypeError as error:
        raise UserError(
            f"check: {kind.__name__}: expected a module that can be made without arguments: {error}"
        ) from error
    found = {}
    for name, value in module.named_parameters():
        if "." in name:
            raise UserError(
                f"check: {kind.__name__}: the parameter {name} belongs to another module; write the layer with "
                f"parameters of its own, self.W = nn.Parameter(...)"
            )
        found[name] = shapes.get(name, " ".join(map(str, value.shape)))
    return found


def _holder(kind: Any, weights: Mapping[str, Any], ahead: Any, back: Any) -> Any:
    from torch import nn  # deferred: see above

    module = kind()
    if any(isinstance(value, Torchlike) for value in weights.values()):
        return _Bare(module, weights, ahead, back)
    for name, value in weights.items():
        setattr(module, name, nn.Parameter(value))
    return module


class _Bare:
    """A module on symbols: its attributes, and its two passes."""

    def __init__(self, module: Any, weights: Mapping[str, Any], ahead: Any, back: Any) -> None:
        self.__dict__.update({key: value for key, value in vars(module).items() if not key.startswith("_")})
        self.__dict__.update(weights)
        self.forward = MethodType(ahead, self)
        if back is not None:
            self.backward = MethodType(back, self)


def _on_self(holder: Any, name: str) -> Iterator[Any]:
    """What a backward method left of a parameter's gradient."""
    for place in (f"d{name}", f"grad_{name}"):
        if getattr(holder, place, None) is not None:
            yield getattr(holder, place)
    weight = getattr(holder, name, None)
    kept = None if isinstance(weight, Torchlike) else getattr(weight, "grad", None)
    if kept is not None:
        yield kept


def _by_autograd(holder: Any, own: Mapping[str, Any], output: Any, dout: Any) -> dict[str, Any]:
    import torch  # deferred: see above

    if not isinstance(output, torch.Tensor):
        raise UnsupportedError("PyTorch's own backward pass is not supported on symbols: it runs on tensors only")
    wanted = {name: value for name, value in own.items() if value.requires_grad} | dict(holder.named_parameters())
    found = torch.autograd.grad(output, list(wanted.values()), _entered(dout), allow_unused=True)
    zeros = (torch.zeros_like(value) for value in wanted.values())
    return {
        f"d{name}": _left(zero if value is None else value)
        for name, value, zero in zip(wanted, found, zeros, strict=True)
    }


def _sign(function: Callable[..., Any], parameters: list[Parameter]) -> None:
    """The arguments by which a function is called by their names."""
    kept = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in parameters]
    function.__signature__ = Signature(kept)  # type: ignore[attr-defined]  # what inspect.signature asks for


def _entered(value: Any) -> Any:
    """Numbers as tensors of 64 bits, symbols as what looks like them."""
    import torch  # deferred: see above

    if isinstance(value, np.ndarray | float | int):
        return torch.tensor(np.asarray(value))
    return wrapped(value)


def _left(value: Any) -> Any:
    """Tensors as NumPy's arrays."""
    import torch  # deferred: see above

    if isinstance(value, tuple):
        return tuple(map(_left, value))
    return value.detach().numpy().copy() if isinstance(value, torch.Tensor) else unwrapped(value)


@contextmanager
def _in_double(*, grad: bool) -> Iterator[None]:
    """What the code makes has 64 bits as well."""
    import torch  # deferred: see above

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.enable_grad() if grad else torch.no_grad():
            yield
    finally:
        torch.set_default_dtype(before)
