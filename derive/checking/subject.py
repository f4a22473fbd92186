"""What is checked: a forward and a backward function, how they are run, and what is returned for which input."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Any

from derive.checking.budget import OutOfTimeError
from derive.checking.frames import raised
from derive.checking.world import World
from derive.errors import UnsupportedError
from derive.forward.assumption import Assumption
from derive.forward.layer import Layer
from derive.forward.nodes import Input

__all__ = ["CodeError", "Subject", "stripped"]


class CodeError(Exception):
    """The code under check raised something, or gave back what is no gradient; the message says what."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A backward function and the forward function that it belongs to.

    takes says what each parameter of backward is given: an input by its name, "upstream", "cache" or "output"; returns
    are the inputs whose gradients come back, in order, "_" for what is none of them, () where attributes hold them all.
    kind is the class whose methods they are, of which the inputs in `attributes` are attributes, or arguments of its
    __init__ if they are in `built`. assumptions say at which inputs it is checked.
    """

    name: str
    against: str
    inputs: tuple[Input, ...]
    forward: Callable[..., Any] | None
    backward: Callable[..., Any]
    takes: tuple[str, ...]
    returns: tuple[str, ...]
    layer: Layer | None = None
    kind: type | None = None
    built: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    @property
    def smooth(self) -> tuple[Input, ...]:
        """The inputs that have a gradient."""
        return tuple(node for node in self.inputs if node.below is None)

    @property
    def upstream(self) -> str:
        """What backward calls the upstream gradient; "" if it takes none."""
        needed = [n for n, p in inspect.signature(self.backward).parameters.items() if p.default is Parameter.empty]
        words = needed[len(needed) - len(self.takes) :]
        return next((word for word, role in zip(words, self.takes, strict=True) if role == "upstream"), "")

    @property
    def wanted(self) -> tuple[Input, ...]:
        """The inputs whose gradients are checked."""
        return tuple(node for node in self.smooth if not self.returns or node.name in self.returns or self.kind)

    def ahead(self, world: World | None, arrays: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """The output of forward, its cache, and the object whose methods are called.

        Raises: CodeError where there is no code that can be run, as for a layer in another world.
        """
        if self.layer is not None and world is None:
            plain = [arrays[node.name].copy() for node in self.inputs]
            return _called("forward", self.layer.function, *plain), _Nothing, None
        holder = None
        forward = self.forward
        if self.kind is not None:
            holder = self._holder(self.kind if world is None else world.bound(self.kind), arrays)
            for name in self.attributes:
                setattr(holder, name, arrays[name])
            forward = holder.forward
        elif world is not None:
            forward = world.bound(forward)
        if forward is None:
            raise CodeError("there is no forward code to run")
        given = {
            node.name: arrays[node.name] for node in self.inputs if node.name not in (*self.built, *self.attributes)
        }
        result = _called("forward", forward, **given)
        if isinstance(result, tuple):
            if not result:
                raise CodeError("forward returns an empty tuple")
            output, *rest = result
            return output, rest[0] if len(rest) == 1 else tuple(rest), holder
        return result, _Nothing, holder

    def _holder(self, made: type, arrays: Mapping[str, Any]) -> Any:
        """The object whose methods are called, of the class or of its copy."""
        try:
            return _called("__init__", made, **{name: arrays[name] for name in self.built})
        except UnsupportedError:
            if self.built or self.kind is None:
                raise
        # It may be made as it is, of random numbers: what depends on them, and is none of the attributes that are
        # replaced, gives other numbers every time, which is looked for.
        holder = _called("__init__", self.kind)
        holder.__class__ = made
        return holder

    def back(
        self, world: World | None, arrays: Mapping[str, Any], output: Any, cache: Any, upstream: Any, holder: Any = None
    ) -> dict[str, Any]:
        """The gradients that backward gives back.

        Raises: CodeError if it gives back other things.
        """
        backward = self.backward if world is None else world.bound(self.backward)
        if holder is not None:
            backward = getattr(holder, self.backward.__name__)
        if "cache" in self.takes and cache is _Nothing:
            raise CodeError("backward takes a cache, but forward returns its output alone; return (output, cache)")
        known = {"upstream": upstream, "cache": cache, "output": output}
        given = [known[role] if role in known else arrays[role] for role in self.takes]
        return self._named(_called("backward", backward, *given), holder)

    def _named(self, result: Any, holder: Any) -> dict[str, Any]:
        """The gradients by the names of the inputs."""
        left = {} if holder is None else _left(holder, [node.name for node in self.smooth])
        if isinstance(result, Mapping):
            returned = _by_name(result, [node.name for node in self.smooth])
        elif result is None:
            returned = {}
        else:
            parts = list(result) if isinstance(result, tuple | list) else [result]
            order = self._order(len(parts), left)
            if len(parts) != len(order):
                what = f"{len(parts)} values" if len(parts) != 1 else f"1 value ({type(parts[0]).__name__})"
                raise CodeError(
                    f"backward returns {what}, expected {len(order)}: "
                    f"{', '.join('d' + name for name in order)}; say which they are with returns, an underscore for "
                    f"what is no gradient (--returns {self._example(len(parts) or None)})"
                )
            returned = {name: value for name, value in zip(order, parts, strict=True) if name != "_"}
        found = {**left, **returned}
        missing = [node.name for node in self.wanted if found.get(node.name) is None]
        if result is None and not found:
            raise CodeError(f"backward returns None, expected {self._example()}; let it return them, in this order")
        if missing:
            rest = ",".join("_" if node.name in missing else f"d{node.name}" for node in self.smooth)
            raise CodeError(
                f"backward gives no gradient of {', '.join(missing)}; say what it returns with returns "
                f"(--returns {rest if set(rest) - {'_', ','} else self._example()})"
                f"{f', or set self.d{missing[0]}' * (holder is not None)}"
            )
        return found

    def _example(self, count: int | None = None) -> str:
        """What the option may look like where so many values come back."""
        words = [f"d{node.name}" for node in self.smooth]
        return ",".join(words if count is None else [*words, *"_" * count][:count])

    def _order(self, count: int, left: Mapping[str, Any]) -> tuple[str, ...]:
        """Whose gradients the values are that come back: those of forward's float arguments in order.

        Fewer are those of the first arguments, if the others' were left on self; else those that were not left there.
        """
        if self.returns:
            return self.returns
        # An index of labels has no gradient, for which many write None.
        if count == len(self.inputs) > len(self.smooth):
            return tuple(node.name if node.below is None else "_" for node in self.inputs)
        order = tuple(node.name for node in self.smooth if node.name not in (*self.built, *self.attributes))
        others = tuple(name for name in order if name not in left)
        if count < len(order) and set(others) <= set(order[:count]):
            return order[:count]
        return others if count == len(others) else order


_Nothing = object()


def _called(role: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What the code under check gives.

    Raises: CodeError for what is no Exception, as SystemExit, which would end more than a check.
    """
    try:
        return function(*given, **named)
    except (Exception, OutOfTimeError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise CodeError(f"{role}: {raised(error)}") from error


def _left(holder: Any, names: Sequence[str]) -> dict[str, Any]:
    """The gradients that a method has left on its object: self.dX, self.grad_X, self.grads["X"]."""
    grads = getattr(holder, "grads", None)
    found = _by_name(grads, names) if isinstance(grads, Mapping) else {}
    for name in names:
        for place in (f"g{name}", f"d_{name}", f"{name}_grad", f"grad_{name}", f"d{name}"):
            if getattr(holder, place, None) is not None:
                found[name] = getattr(holder, place)
    return found


def _by_name(values: Mapping[Any, Any], names: Sequence[str]) -> dict[str, Any]:
    """The values whose keys are names of gradients, by the names of the inputs."""
    known = {key: stripped(str(key), names) for key in values}
    return {name: values[key] for key, name in known.items() if name is not None}


def stripped(word: str, known: Sequence[str]) -> str | None:
    """The input that a name of a gradient belongs to: dX, grad_X, X_grad, d_X or X itself."""
    for prefix in ("grad_", "d_", "d", ""):
        rest = word.removeprefix(prefix).removesuffix("_grad")
        if word.startswith(prefix) and rest in known:
            return rest
    return None
