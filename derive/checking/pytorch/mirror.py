"""A module on symbols: an object of a subclass, with the same attributes, parameters and modules in it.

Its methods are those of the class in the world of stand-ins, and so are those of PyTorch's own modules, which are
written in Python around PyTorch's functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from derive.checking.pytorch.context import is_real_tensor
from derive.checking.pytorch.modules import Model, changing
from derive.checking.pytorch.outputs import joined, split
from derive.checking.pytorch.tape import Tape
from derive.checking.pytorch.tensors import Torchlike, held, unwrapped, wrapped
from derive.checking.subject import CodeError
from derive.errors import UnsupportedError

__all__ = ["Mirrored"]


class Mirrored:
    """A model in a world of stand-ins."""

    def __init__(self, model: Model, world: Any) -> None:
        self._model, self._world = model, world

    def ahead(self, given: Mapping[str, Any]) -> Any:
        """The output on symbols, and what backward needs."""
        # Code may change its arguments in place.
        kept = {name: _copied(value) for name, value in given.items()}
        module, output = self._run(given, Tape())
        return unwrapped(joined(_outputs(output))), (kept, module, output)

    def back(self, dout: Any, cache: Any) -> dict[str, Any]:
        """The gradients by the names of the inputs, or that PyTorch derives them by itself."""
        kept, module, output = cache
        model = self._model
        if model.has_backward:
            returned = module.backward(*split(wrapped(dout), _outputs(output)))
            own = [name for name in kept if name not in model.aliases]
            made: dict[str, Any] = unwrapped(_named(model, returned, module, own))
            return made
        tape = Tape(is_cut=True)
        arrays = {name: value for name, value in kept.items() if is_real_tensor(wrapped(value))}
        _, output = self._run({name: _copied(value) for name, value in kept.items()}, tape)
        found: dict[str, Any] = tape.back(joined(_outputs(output)).array, dout, arrays)
        return found

    def _run(self, given: Mapping[str, Any], tape: Tape) -> tuple[Any, Any]:
        own, weights = self._model.split({name: wrapped(value) for name, value in given.items()})
        placed = {place: value for name, value in weights.items() for place in self._model.aliases[name]}
        module = _mirror(self._model.module, self._world, placed, "")
        self._world.tape = tape
        token = held.set(None if self._model.has_backward else tape)
        try:
            with _through(self._world):
                output = module(**own)
        finally:
            held.reset(token)
            self._world.tape = None
        for name, value in self._model.module.named_buffers():
            if not _is_still(module, name, value):
                raise changing(name, self._model.module)
        return module, output


def _is_still(module: Any, name: str, value: Any) -> bool:
    """Whether a buffer of a mirror holds what it held at first."""
    *holders, attribute = name.split(".")
    for holder in holders:
        module = getattr(module, holder)
    now = getattr(module, attribute)
    return isinstance(now, Torchlike) and isinstance(now.array, np.ndarray) and np.array_equal(now.array, value.numpy())


@contextmanager
def _through(world: Any) -> Iterator[None]:
    """Whoever calls apply of a Function with tensors on symbols, reaches it in the world of stand-ins.

    Code of other files has PyTorch's own apply, which would run forward and forget about backward.
    """
    from torch.autograd.function import _SingleLevelFunction  # deferred: an optional dependency

    def apply(kind: Any, *arguments: Any) -> Any:
        if any(isinstance(argument, Torchlike) for argument in arguments):
            return world.bound(kind).apply(*arguments)
        return super(_SingleLevelFunction, kind).apply(*arguments)

    _SingleLevelFunction.apply = classmethod(apply)  # type: ignore[attr-defined]  # its base has one
    try:
        yield
    finally:
        del _SingleLevelFunction.apply  # type: ignore[attr-defined]  # made above


def _copied(value: Any) -> Any:
    return value.copy()


def _named(model: Model, returned: Any, module: Any, own: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in model.named(returned, module, list(own)).items() if value is not None}


def _outputs(output: Any) -> list[Any]:
    given = output if isinstance(output, tuple | list) else (output,)
    found = [value for value in given if isinstance(value, Torchlike)]
    if len(found) != len(given) or not found:
        raise CodeError(f"forward gives {type(output).__name__}, expected a tensor or a tuple of tensors")
    return found


class _OnSymbols:
    """What a mirror has of its own, before the class of the module."""

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if isinstance(found, MethodType) and found.__self__ is self and isinstance(found.__func__, FunctionType):
            if not found.__func__.__module__.startswith("derive.checking"):
                return MethodType(object.__getattribute__(self, "_world").bound(found.__func__), self)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        inside = object.__getattribute__(self, "__dict__")
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in inside[kind]:
                inside[kind][name] = value
                return
        inside[name] = value

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        kind = type(self).__name__
        hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
        if any(object.__getattribute__(self, "__dict__").get(name) for name in hooks):
            raise UnsupportedError(f"a hook on {kind} is not supported on symbols")
        try:
            return self.forward(*arguments, **options)
        except UnsupportedError:
            raise
        except Exception as error:
            if type(self).__module__.startswith("torch."):
                # What it is written around takes tensors only.
                raise UnsupportedError(f"nn.{kind} is not supported on symbols") from error
            raise


def _mirror(module: Any, world: Any, placed: Mapping[str, Any], prefix: str) -> Any:
    """The mirror of a module, whose parameters are placed by their names; others are constants."""
    kind = type(module)
    made: Any = object.__new__(type(kind.__name__, (_OnSymbols, kind), {"__module__": kind.__module__}))
    inside: dict[str, Any] = {name: _seen(value, world) for name, value in vars(module).items()}
    inside["_world"] = world
    inside["_parameters"] = {
        name: placed.get(prefix + name, _seen(value, world)) for name, value in module._parameters.items()
    }
    inside["_buffers"] = {name: _seen(value, world) for name, value in module._buffers.items()}
    inside["_modules"] = {
        name: None if part is None else _mirror(part, world, placed, f"{prefix}{name}.")
        for name, part in module._modules.items()
    }
    object.__getattribute__(made, "__dict__").update(inside)
    return made


def _seen(value: Any, world: Any) -> Any:
    """An attribute on symbols: tensors are constants."""
    import torch  # deferred: an optional dependency, which is there if a module of its own is given

    if isinstance(value, torch.Tensor):
        return Torchlike((value.detach().double() if value.is_floating_point() else value.detach()).numpy().copy())
    return world.seen(value)
