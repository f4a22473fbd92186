"""What is checked: a forward and a backward function, what they take, and what is returned for which input."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from pathlib import Path
from typing import Any

from derive.checking.pytorch import adapted, is_torch
from derive.checking.world import World
from derive.errors import ShapeError, UnknownNameError, UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Input
from derive.forward.shape import Shape, parse_shape, size

__all__ = ["CodeError", "Run", "Subject", "is_class", "partner", "subject"]

_CACHES = ("cache", "ctx", "context", "saved", "state", "tape", "memory", "memo", "caches", "stash", "residuals")
_OUTPUTS = ("out", "output", "y", "z", "a", "s", "p", "probs", "result", "out_forward", "yhat", "y_hat")
_UPSTREAM = ("dout", "dy", "dz", "da", "ds", "dl", "g", "grad", "grad_output", "grad_out", "upstream", "delta", "gy")


class CodeError(Exception):
    """The code under check raised something, or gave back what is no gradient; the message says what."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave: the output of forward, and the gradients by the names of the inputs."""

    output: Any
    gradients: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """A backward function and the forward function that it belongs to.

    takes says what each parameter of backward is given: an input by its name, "upstream", "cache" or "output"; returns
    are the inputs whose gradients come back, in order, "_" for what is none of them, () where attributes hold them all.
    kind is the class whose methods they are, of which the inputs in `attributes` are attributes, or arguments of its
    __init__ if they are in `built`.
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
        """The output of forward, its cache, and the object whose methods are called."""
        holder = None
        forward = self.forward
        if self.kind is not None:
            made = self.kind if world is None else world.bound(self.kind)
            holder = made(**{name: arrays[name] for name in self.built})
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
        result = forward(**given)
        if isinstance(result, tuple):
            if not result:
                raise CodeError("forward returns an empty tuple")
            output, *rest = result
            return output, rest[0] if len(rest) == 1 else tuple(rest), holder
        return result, _Nothing, holder

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
        return self._named(backward(*given), holder)

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
                raise CodeError(
                    f"backward returns {len(parts)} value{'s' * (len(parts) != 1)}, expected {len(order)}: "
                    f"{', '.join('d' + name for name in order)}; say which they are with returns (--returns dX,dW,db)"
                )
            returned = {name: value for name, value in zip(order, parts, strict=True) if name != "_"}
        found = {**left, **returned}
        missing = [node.name for node in self.wanted if found.get(node.name) is None]
        if missing:
            raise CodeError(
                f"backward gives no gradient of {', '.join(missing)}; say what it returns with returns "
                f"(--returns dX,dW,db), or set self.d{missing[0]}"
            )
        return found

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
    known = {key: _stripped(str(key), names) for key in values}
    return {name: values[key] for key, name in known.items() if name is not None}


def _stripped(word: str, known: Sequence[str]) -> str | None:
    """The input that a name of a gradient belongs to: dX, grad_X, X_grad, d_X or X itself."""
    for prefix in ("grad_", "d_", "d", ""):
        rest = word.removeprefix(prefix).removesuffix("_grad")
        if word.startswith(prefix) and rest in known:
            return rest
    return None


def is_class(backward: Any) -> bool:
    """Whether a class is meant, by itself or by one of its methods."""
    return isinstance(backward, type) or _class_of(backward) is not None


def subject(
    backward: Any,
    forward: Any,
    *,
    shapes: Mapping[str, str] | None = None,
    returns: str = "",
    claimed: Layer | None = None,
) -> Subject:
    """The functions that are meant, matched with each other.

    claimed is the layer that forward is taken for; its arguments have the shapes of those of the layer.

    Raises: UserError for what cannot be understood, with the remedy.
    """
    if is_torch(backward):
        if forward is not None:
            raise UserError(f"check: {backward.__name__} has a forward of its own; leave out --forward")
        forward, backward = adapted(backward, shapes or {})
    elif is_torch(forward):
        forward, _ = adapted(forward, shapes or {})
    kind = backward if isinstance(backward, type) else _class_of(backward)
    if kind is not None:
        return _of_class(kind, backward, forward, dict(shapes or {}), returns, claimed)
    if not callable(backward):
        raise UserError(f"check: expected a backward function, got {type(backward).__name__}")
    if isinstance(forward, str):
        from derive.layers import load  # deferred: the catalogue is read only if a name is given

        forward = load(forward)
    called = backward.__qualname__ if hasattr(backward, "origin") else backward.__name__
    name = ".".join(part for part in (_stem(backward), called) if part)
    if isinstance(forward, Layer):
        inputs, against, function = forward.inputs, forward.name, None
    else:
        if not callable(forward):
            raise UserError(
                f"check: {name}: expected a forward function, a layer or the name of one, got {type(forward).__name__}"
            )
        inputs = _inputs(forward, dict(shapes or {}), forward.__name__, claimed=claimed)
        against, function = getattr(forward, "origin", forward).__name__, forward
    takes = _takes(backward, inputs, own=())
    if isinstance(forward, Layer) and "cache" in takes:
        raise UserError(
            f"check: {name} takes a cache, which only the forward function that makes it can give; add "
            f"--forward {_file(backward)}:NAME with the name of yours that returns (output, cache), and keep --against "
            f"{forward.name}, or let backward take {', '.join(node.name for node in inputs)} by their names"
        )
    return Subject(
        name,
        against,
        inputs,
        function,
        backward,
        takes,
        _returns(returns, inputs),
        layer=forward if isinstance(forward, Layer) else None,
    )


def partner(backward: Any, layer: Layer) -> Callable[..., Any] | None:
    """The forward function that a backward function with a cache belongs to, by its name in the same module.

    affine_forward for affine_backward, forward for backward or for any other.
    """
    if not inspect.isfunction(backward) or _class_of(backward) is not None:
        return None
    if "cache" not in _takes(backward, layer.inputs, own=()):
        return None
    name = backward.__name__
    names = (name.replace("backward", "forward"), name.replace("bwd", "fwd"), "forward")
    found = (backward.__globals__.get(other) for other in names if other != name)
    return next((function for function in found if inspect.isfunction(function)), None)


def _file(function: Any) -> str:
    """The file of a function without its folder."""
    return Path(getattr(getattr(function, "__code__", None), "co_filename", "FILE")).name


def _stem(function: Any) -> str:
    """What the file of a function is called, without folder and ending; "" if it is in none."""
    origin = getattr(function, "origin", None)
    if origin is not None:
        return Path(inspect.getsourcefile(origin) or "").stem
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    return Path(file).stem if file.endswith(".py") else ""


def _class_of(backward: Any) -> type | None:
    """The class of which the function is a method, as in Affine.backward."""
    owner, dot, _ = getattr(backward, "__qualname__", "").rpartition(".")
    if not dot or owner.endswith("<locals>") or not inspect.isfunction(backward):
        return None
    found: Any = backward.__globals__
    for part in owner.split("."):
        found = found.get(part) if isinstance(found, dict) else getattr(found, part, None)
    return found if isinstance(found, type) else None


def _of_class(
    kind: type, backward: Any, forward: Any, shapes: dict[str, str], returns: str, claimed: Layer | None
) -> Subject:
    """The methods forward and backward of a class, whose parameters are attributes or arguments of __init__."""
    known = {} if claimed is None else {node.name: node for node in claimed.inputs}
    method = getattr(kind, "backward", None) if backward is kind else backward
    ahead = getattr(kind, "forward", None)
    if method is None or ahead is None:
        raise UserError(f"check: {kind.__name__}: expected methods forward and backward; name two functions instead")
    taken = [p for p in inspect.signature(ahead).parameters if p != "self"]
    init = [p for p in inspect.signature(kind).parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    annotated = {p.name: p.annotation for p in init if isinstance(p.annotation, str) and _is_shape(p.annotation)}
    built = [p.name for p in init if p.name in shapes or p.name in annotated or p.name in known]
    missing = [p.name for p in init if p.name not in built and p.default is Parameter.empty]
    if missing:
        raise UserError(
            f"check: {kind.__name__}: __init__ needs {', '.join(missing)}; give the shape of each, as in "
            f'shapes={{"{missing[0]}": "D M"}} (--shape {missing[0]}=D,M), or let __init__ take none'
        )
    attributes = [name for name in {**shapes, **known} if name not in taken and name not in built]
    own = {**annotated, **shapes}
    inputs = [
        *_inputs(ahead, shapes, kind.__name__, skip=("self",), among=taken, claimed=claimed),
        *(known.get(name) or _input(name, own[name], kind.__name__) for name in (*built, *attributes)),
    ]
    strange = [node.name for node in inputs if known and node.name not in known]
    if strange:
        raise UserError(
            f"check: {kind.__name__}: expected the arguments of {claimed.name if claimed else ''}, {', '.join(known)}, "
            f"got {', '.join(strange)} beside them; give them these names"
        )
    if forward is not None and forward is not ahead:
        raise UserError(
            f"check: {kind.__name__} has a forward method of its own; leave out --forward, and name with --against the "
            f"layer that it is"
        )
    takes = _takes(method, tuple(inputs), own=("self",))
    order = _returns(returns, tuple(inputs))
    return Subject(
        ".".join(part for part in (_stem(method), kind.__name__, method.__name__) if part),
        kind.__name__,
        tuple(inputs),
        None,
        method,
        takes,
        order,
        kind=kind,
        built=tuple(built),
        attributes=tuple(attributes),
    )


def _is_shape(written: str) -> bool:
    try:
        parse_shape(written.strip("'\"").partition(" in ")[0])
    except ShapeError:
        return False
    return True


def _inputs(
    function: Callable[..., Any],
    shapes: dict[str, str],
    where: str,
    *,
    skip: Sequence[str] = (),
    among: Sequence[str] | None = None,
    claimed: Layer | None = None,
) -> tuple[Input, ...]:
    """The arguments of forward that have a shape: those given, else its annotation."""
    parameters = {n: p for n, p in inspect.signature(function).parameters.items() if n not in skip}
    if among is None:
        for name in shapes:
            if name not in parameters:
                raise UnknownNameError(f"argument of {where}", name, parameters)
    found: list[Input] = []
    known = {} if claimed is None else {node.name: node for node in claimed.inputs}
    for name in known if among is None else ():
        if name not in parameters:
            raise UserError(
                f"check: {where}: expected the arguments of {claimed.name if claimed else ''}, "
                f"{', '.join(known)}, got {', '.join(parameters)}; give them these names"
            )
    for name, parameter in parameters.items():
        if name in known:
            found.append(known[name])
            continue
        written = shapes.get(name, parameter.annotation)
        if isinstance(written, str) and (name in shapes or _is_shape(written)):
            found.append(_input(name, written, where))
        elif parameter.default is Parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            raise ShapeError(
                f"check: {where}: argument {name} has no shape; give it as in shapes={{{name!r}: 'N D'}} "
                f'(--shape {name}=N,D; "" for a scalar, "N in V" for whole numbers below V), or as its annotation'
            )
    return tuple(found)


def _input(name: str, written: str, where: str) -> Input:
    axes, _, below = written.strip("'\"").partition(" in ")
    try:
        shape: Shape = parse_shape("" if axes.strip() in ("", "scalar") else axes.replace(",", " "))
        limit = size(below.strip()) if below else None
    except ShapeError as error:
        raise ShapeError(f"check: {where}: argument {name}: {error}") from error
    return Input(name, shape, name, below=limit)


def _takes(backward: Callable[..., Any], inputs: tuple[Input, ...], own: Sequence[str]) -> tuple[str, ...]:
    """What each parameter of backward is given."""
    names = {node.name for node in inputs}
    roles: list[str] = []
    needed = [
        p
        for n, p in inspect.signature(backward).parameters.items()
        if n not in own and p.default is Parameter.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    strange = [p.name for p in needed if p.name not in names]
    for parameter in needed:
        name = parameter.name
        if name in names:
            roles.append(name)
        elif name.lower() in _CACHES:
            roles.append("cache")
        elif name.lower() in _UPSTREAM or (name.lower() not in _OUTPUTS and "upstream" not in roles):
            roles.append("upstream")
        elif name.lower() in _OUTPUTS:
            roles.append("output")
        else:
            roles.append("cache")
    if len(strange) > 1 and "upstream" not in roles and "output" in roles and "cache" not in roles:
        # Something has to be the upstream gradient: what is no name of it comes first mostly.
        roles[roles.index("output")] = "upstream"
    if roles.count("upstream") > 1 or roles.count("cache") > 1:
        raise UserError(
            f"check: {backward.__name__}({', '.join(p.name for p in needed)}): expected the upstream gradient, and "
            f"then the cache of forward or its arguments by their names ({', '.join(names)}); rename the parameters"
        )
    return tuple(roles)


def _returns(written: str, inputs: tuple[Input, ...]) -> tuple[str, ...]:
    """The inputs whose gradients come back: dX,dW,db."""
    names = [node.name for node in inputs if node.below is None]
    found = []
    for word in written.replace(" ", "").split(",") if written.strip() else ():
        name = "_" if word in ("_", "None") else _stripped(word, names)
        if name is None:
            raise UnknownNameError("gradient in returns", word, [f"d{name}" for name in names])
        found.append(name)
    return tuple(found)
