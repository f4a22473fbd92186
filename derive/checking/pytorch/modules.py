"""A torch.nn.Module as what is checked: its parameters, also those of modules in it, are inputs by their dotted names.

Its backward pass is its own method, or what PyTorch's engine makes of the Functions that forward calls. It is run as a
copy of the module that was given, so that no run sees what another one has left.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from derive.checking.pytorch.kinds import Inside
from derive.checking.pytorch.outputs import joined, split
from derive.checking.pytorch.subjects import by_engine, entered, in_double, left
from derive.checking.subject import CodeError
from derive.errors import UserError

__all__ = ["Model", "changing"]


class Model(Inside):
    """A module on tensors of 64 bits; aliases are all places of each parameter."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.parameters = list(inspect.signature(module.forward).parameters.values())
        self.has_backward = callable(getattr(type(module), "backward", None))
        self.aliases: dict[str, list[str]] = {}
        first: dict[int, str] = {}
        for name, value in module.named_parameters(remove_duplicate=False):
            if value.requires_grad:
                self.aliases.setdefault(first.setdefault(id(value), name), []).append(name)

    @classmethod
    def of(cls, thing: Any) -> Model:
        """The model of a module, or of a class of which one is made without arguments.

        Raises: UserError if none can be made, or what it computes changes from run to run.
        """
        kind = thing if isinstance(thing, type) else type(thing)
        try:
            module = kind() if isinstance(thing, type) else thing
        except TypeError as error:
            raise UserError(
                f"check: {kind.__name__}: expected a module that can be made without arguments ({error}); make one in "
                f"the file, layer = {kind.__name__}(...), and check FILE:layer"
            ) from error
        for name, part in module.named_modules():
            _refuse_changing(kind.__name__, name, part)
        return cls(module)

    def weights(self, shapes: Mapping[str, str]) -> dict[str, str]:
        """The shapes of the parameters: those given, else those that they are made with."""
        own = dict(self.module.named_parameters())
        return {name: shapes.get(name, " ".join(map(str, own[name].shape)) or "scalar") for name in self.aliases}

    def inside(self, world: Any) -> Any:
        from derive.checking.pytorch.mirror import Mirrored  # deferred: it needs SymPy's part of the house

        return Mirrored(self, world)

    def split(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Forward's arguments, and parameters."""
        own = {name: value for name, value in given.items() if name not in self.aliases}
        return own, {name: value for name, value in given.items() if name in self.aliases}

    def ahead(self, given: Mapping[str, Any]) -> Any:
        """The output of a copy that has these parameters, and what backward needs."""
        import torch  # deferred: an optional dependency, which is there if a module of its own is given

        module = deepcopy(self.module).double()
        by_engine_alone = not self.has_backward
        leaves = {name: entered(value, grad=by_engine_alone) for name, value in given.items()}
        own, weights = self.split(leaves)
        for name, value in weights.items():
            leaves[name] = parameter = torch.nn.Parameter(value.detach(), requires_grad=True)
            for place in self.aliases[name]:
                holder, _, attribute = place.rpartition(".")
                setattr(module.get_submodule(holder), attribute, parameter)
        before = {name: value.clone() for name, value in module.named_buffers()}
        with in_double(grad=by_engine_alone):
            # What is changed in place must be the result of something.
            output = module(**{name: value.clone() for name, value in own.items()})
        for name, value in module.named_buffers():
            if name in before and not torch.equal(before[name], value):
                raise changing(name, self.module)
        return left(joined(_outputs(output))), (module, leaves, output)

    def back(self, dout: Any, cache: Any) -> dict[str, Any]:
        """The gradients by the names of the inputs."""
        import torch  # deferred: see above

        module, leaves, output = cache
        outputs = _outputs(output)
        upstream = split(entered(dout), outputs)
        if not self.has_backward:
            found = by_engine(outputs, upstream, leaves)
            return {
                name: left(torch.zeros_like(leaves[name]) if value is None else value) for name, value in found.items()
            }
        with in_double(grad=False):
            returned = module.backward(*upstream)
        return self.named(returned, module, [name for name in leaves if name not in self.aliases])

    def named(self, returned: Any, module: Any, own: list[str]) -> dict[str, Any]:
        """What a backward method returned, and what it left on the module and on those in it."""
        if isinstance(returned, Mapping):
            return {f"d{str(name).removeprefix('d')}": left(value) for name, value in returned.items()}
        parts = list(returned) if isinstance(returned, tuple | list) else [returned]
        names = own if len(parts) <= len(own) else [*own, *self.aliases]
        made = {f"d{name}": left(part) for name, part in zip(names, parts, strict=False) if part is not None}
        for name in self.aliases:
            for value in kept_by(module, name):
                made.setdefault(f"d{name}", left(value))
        return made


def changing(name: str, module: Any) -> CodeError:
    """What is said of a forward that changes a buffer."""
    return CodeError(
        f"forward changes the buffer {name}, so that it computes something else each time; check the module in "
        f"evaluation mode, layer = {type(module).__name__}(...).eval() in the file"
    )


def kept_by(module: Any, name: str) -> Iterator[Any]:
    """What a backward method left of a parameter's gradient: self.lin.dweight, self.dlin_weight, self.grads."""
    holder, _, attribute = name.rpartition(".")
    owner = module
    for part in holder.split(".") if holder else ():
        owner = getattr(owner, part)
    flat = name.replace(".", "_")
    places = [(owner, f"d{attribute}"), (owner, f"grad_{attribute}"), (module, f"d{flat}"), (module, f"grad_{flat}")]
    for place, key in places:
        if getattr(place, key, None) is not None:
            yield getattr(place, key)
    grads = getattr(module, "grads", None)
    if isinstance(grads, Mapping):
        yield from (grads[key] for key in (name, flat, f"d{name}", f"d{flat}") if key in grads)
    kept = getattr(getattr(owner, attribute, None), "grad", None)
    if kept is not None:
        yield kept


def _outputs(output: Any) -> list[Any]:
    """The tensors that a module gives, of real numbers."""
    given = output if isinstance(output, tuple | list) else (output,)
    found = [value for value in given if hasattr(value, "is_floating_point") and value.is_floating_point()]
    if len(found) != len(given):
        raise CodeError(f"forward gives {type(output).__name__}, expected a tensor or a tuple of tensors")
    return found


def _refuse_changing(where: str, name: str, part: Any) -> None:
    """Raises UserError for a module in it that computes something else each time."""
    from torch.nn.modules.batchnorm import _NormBase  # deferred: see above
    from torch.nn.modules.dropout import _DropoutNd  # deferred: see above

    kind = type(part).__name__
    remedy = "check the module in evaluation mode: layer = " + where + "(...).eval() in the file, and FILE:layer"
    if isinstance(part, _DropoutNd) and part.training and part.p:
        raise UserError(
            f"check: {where}: {name or 'it'} is {kind}(p={part.p}) in training mode, which is random; {remedy}"
        )
    if isinstance(part, _NormBase) and part.training and part.track_running_stats:
        raise UserError(
            f"check: {where}: {name or 'it'} is {kind} in training mode, whose running statistics are changed by "
            f"forward; {remedy}, or give track_running_stats=False"
        )
