"""PyTorch's classes as the two functions that are checked: torch.autograd.Function, and torch.nn.Module.

They run on tensors of 64 bits, made of the numbers that are tried, where PyTorch's own engine calls what is written by
hand, and on symbols, as far as those answer to PyTorch's names.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from derive.checking.pytorch.context import Passes, is_real_tensor
from derive.checking.pytorch.kinds import Inside
from derive.checking.pytorch.outputs import joined, split
from derive.checking.pytorch.tensors import Torchlike, unwrapped, wrapped
from derive.checking.subject import CodeError
from derive.errors import UserError

__all__ = ["adapted", "by_engine", "entered", "in_double", "left", "named_functions"]


def adapted(thing: Any, shapes: Mapping[str, str]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The forward and the backward function of a class or of a module; forward's cache is what backward needs of it.

    forward has the shapes of a module's parameters in its attribute weights.

    Raises: UserError for a class that cannot be made or is neither kind.
    """
    from torch import nn  # deferred: an optional dependency, which is there if a class of its own is given
    from torch.autograd import Function  # deferred: the same

    from derive.checking.pytorch.modules import Model  # deferred: it imports this module

    kind = thing if isinstance(thing, type) else type(thing)
    weights: Mapping[str, str] = {}
    model: _OfFunction | Model
    if issubclass(kind, Function):
        model = _OfFunction(kind)
    elif issubclass(kind, nn.Module):
        model = Model.of(thing)
        weights = model.weights(shapes)
    else:
        raise UserError(f"check: {kind.__name__}: expected a torch.autograd.Function or a torch.nn.Module")
    forward, backward = named_functions(model)
    for made, name in ((forward, "forward"), (backward, "backward")):
        made.__name__, made.__qualname__ = name, f"{kind.__name__}.{name}"
        made.__dict__["origin"] = kind if kind is thing else _named(thing)
    forward.__dict__["weights"] = weights
    forward.__dict__["asks_what_is_needed"] = isinstance(model, _OfFunction) and model.passes.asks_what_is_needed
    kept = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in model.parameters]
    forward.__signature__ = Signature(kept)  # type: ignore[attr-defined]  # what inspect.signature asks for
    return forward, backward


def named_functions(model: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two passes as functions, which see what the model is in the world that they are copied to."""

    def forward(**given: Any) -> Any:
        return model.ahead(given)

    def backward(dout: Any, cache: Any) -> Any:
        return model.back(dout, cache)

    return forward, backward


def _named(module: Any) -> type:
    """The class of a module that was made, under the name that its file gave to the module, if it did."""
    kind = type(module)
    names = [name for name, value in vars(sys.modules[kind.__module__]).items() if value is module]
    written = {"__module__": kind.__module__, "__qualname__": names[0] if names else f"<{kind.__qualname__}>"}
    return type(kind.__name__, (kind,), written)


class _OfFunction(Inside):
    """A Function on tensors, called as PyTorch calls it."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        passes = Passes.of(kind)
        self.passes = passes
        ahead = list(inspect.signature(kind.forward).parameters.values())
        self.parameters = ahead if passes.has_setup else ahead[1:]

    def inside(self, world: Any) -> Any:
        return _OnSymbols(self.passes.inside(world), self.parameters)

    def ahead(self, given: Mapping[str, Any]) -> Any:
        leaves = {name: entered(value, grad=True) for name, value in given.items()}
        with in_double(grad=True):
            # What is changed in place must be the result of something.
            arguments = _arguments(self.parameters, {name: value.clone() for name, value in leaves.items()})
            output = self.kind.apply(*arguments)
        return left(joined(_smooth(output))), (leaves, output)

    def back(self, dout: Any, cache: Any) -> dict[str, Any]:
        leaves, output = cache
        outputs = _smooth(output)
        found = by_engine(outputs, split(entered(dout), outputs), leaves)
        if self.passes.asks_what_is_needed and len(found) > 1:
            found = {name: self._alone(name, value, leaves, dout) for name, value in found.items()}
        return {name: left(value) for name, value in found.items() if value is not None}

    def _alone(self, name: str, found: Any, leaves: Mapping[str, Any], dout: Any) -> Any:
        """The gradient of an input, or what comes if none but that is needed, if it is something else."""
        import torch  # deferred: an optional dependency

        given = {key: value.detach().clone() for key, value in leaves.items()}
        given[name].requires_grad_()
        with in_double(grad=True):
            arguments = _arguments(self.parameters, {key: value.clone() for key, value in given.items()})
            outputs = _smooth(self.kind.apply(*arguments))
        alone = by_engine(outputs, split(entered(dout), outputs), given)[name]
        if alone is None or found is None:
            return found if alone is found else torch.zeros_like(given[name])
        return found if torch.allclose(alone, found, rtol=1e-9, atol=1e-12, equal_nan=True) else alone


class _OnSymbols:
    """A Function on symbols: its two passes as they are written."""

    def __init__(self, passes: Passes, parameters: Sequence[Parameter]) -> None:
        self.passes, self.parameters = passes, parameters

    def ahead(self, given: Mapping[str, Any]) -> Any:
        arguments = _arguments(self.parameters, {name: wrapped(value) for name, value in given.items()})
        output, context = self.passes.forward(arguments)
        outputs = output if isinstance(output, tuple) else (output,)
        others = {id(tensor) for tensor in context.unsmooth}
        smooth = [value for value in outputs if is_real_tensor(value) and id(value) not in others]
        if not smooth:
            raise CodeError("forward gives no tensor of real numbers")
        return unwrapped(joined(smooth)), (arguments, context, outputs, smooth)

    def back(self, dout: Any, cache: Any) -> dict[str, Any]:
        arguments, context, outputs, smooth = cache
        parts = iter(split(wrapped(dout), smooth))
        sent = [
            next(parts)
            if any(value is own for own in smooth)
            else Torchlike(value.array * 0.0)
            if isinstance(value, Torchlike)
            else None
            for value in outputs
        ]
        gradients = self.passes.backward(context, sent, arguments)
        pairs = zip(self.parameters, arguments, gradients, strict=False)
        return {p.name: unwrapped(part) for p, argument, part in pairs if is_real_tensor(argument) and part is not None}


def _arguments(parameters: Sequence[Parameter], tensors: Mapping[str, Any]) -> list[Any]:
    """What forward is called with: tensors, and other arguments as they are by default."""
    return [tensors.get(p.name, p.default) for p in parameters if p.kind is not p.VAR_POSITIONAL]


def _smooth(output: Any) -> list[Any]:
    """The outputs that a gradient comes back from."""
    import torch  # deferred: an optional dependency

    outputs = output if isinstance(output, tuple) else (output,)
    found = [value for value in outputs if isinstance(value, torch.Tensor) and value.requires_grad]
    if not found:
        raise CodeError("forward gives no tensor that has a gradient")
    return found


def by_engine(outputs: Sequence[Any], upstream: Sequence[Any], leaves: Mapping[str, Any]) -> dict[str, Any]:
    """The gradients that PyTorch's engine gives of the leaves; None where it gives none."""
    import torch  # deferred: an optional dependency

    wanted = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
    before = [part.clone() for part in upstream]
    with in_double(grad=True):
        found = torch.autograd.grad(
            list(outputs), list(wanted.values()), list(upstream), allow_unused=True, retain_graph=True
        )
    if not all(torch.equal(a, b) for a, b in zip(before, upstream, strict=True)):
        raise CodeError(
            "backward changes the upstream gradient in place, which PyTorch forbids, since others may get it too; work "
            "on a copy, such as g.clone()"
        )
    return dict(zip(wanted, found, strict=True))


def entered(value: Any, *, grad: bool = False) -> Any:
    """Numbers as tensors of 64 bits, symbols as what looks like them; a leaf whose gradient is wanted if grad."""
    import torch  # deferred: an optional dependency

    if isinstance(value, np.ndarray | np.generic | float | int):
        made = torch.tensor(np.asarray(value))
        return made.requires_grad_() if grad and made.is_floating_point() else made
    return wrapped(value)


def left(value: Any) -> Any:
    """Tensors as NumPy's arrays."""
    import torch  # deferred: an optional dependency

    if isinstance(value, tuple):
        return tuple(map(left, value))
    return value.detach().numpy().copy() if isinstance(value, torch.Tensor) else unwrapped(value)


@contextmanager
def in_double(*, grad: bool) -> Iterator[None]:
    """What the code makes has 64 bits as well."""
    import torch  # deferred: an optional dependency

    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(torch.float64)
    # Arrays are small: to share them out among threads takes longer than to compute.
    torch.set_num_threads(1)
    try:
        with torch.enable_grad() if grad else torch.no_grad():
            yield
    finally:
        torch.set_default_dtype(before)
        torch.set_num_threads(threads)
