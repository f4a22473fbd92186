"""Matches a backward function with the forward function that it belongs to: what each takes, and what comes back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from typing import Any

from derive.checking.frames import source
from derive.checking.given import check_functions
from derive.checking.pytorch.kinds import is_torch
from derive.checking.pytorch.subjects import adapted
from derive.checking.subject import Subject, stripped
from derive.errors import ShapeError, UnknownNameError, UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Input
from derive.forward.shape import Shape, parse_shape, size

__all__ = ["is_class", "partner", "subject"]

_CACHES = ("cache", "ctx", "context", "saved", "state", "tape", "memory", "memo", "caches", "stash", "residuals")
_OUTPUTS = ("out", "output", "y", "z", "a", "s", "p", "probs", "result", "out_forward", "yhat", "y_hat")
_UPSTREAM = ("dout", "dy", "dz", "da", "ds", "dl", "g", "grad", "grad_output", "grad_out", "upstream", "delta", "gy")


def is_class(backward: Any) -> bool:
    """Whether a class is meant, by itself or by one of its methods."""
    return isinstance(backward, type) or is_torch(backward) or _class_of(backward) is not None


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
    if not is_torch(backward):
        # A module of PyTorch's may be an object, which is copied for every run.
        check_functions(backward, forward)
    if is_torch(owner := _class_of(backward)):
        backward = owner
    if is_torch(backward):
        if forward is not None:
            called = getattr(backward, "__name__", type(backward).__name__)
            raise UserError(f"check: {called} has a forward of its own; leave out --forward")
        forward, backward = adapted(backward, shapes or {})
    elif is_torch(forward):
        forward, _ = adapted(forward, shapes or {})
    kind = backward if isinstance(backward, type) else _class_of(backward)
    if kind is not None:
        return _of_class(kind, backward, forward, dict(shapes or {}), returns, claimed)
    if isinstance(forward, str):
        from derive.layers import load  # deferred: the catalogue is read only if a name is given

        forward = load(forward)
    called = backward.__qualname__ if hasattr(backward, "origin") else backward.__name__
    name = ".".join(part for part in (_stem(backward), called) if part)
    if isinstance(forward, Layer):
        inputs, against, function = forward.inputs, forward.name, None
    else:
        if not callable(forward) or not hasattr(forward, "__name__"):
            got = "none; give it as the second argument" if forward is None else type(forward).__name__
            raise UserError(f"check: {name}: expected a forward function, a layer or the name of one, got {got}")
        against, function = getattr(forward, "origin", forward).__name__, forward
        weights: Mapping[str, str] = getattr(forward, "weights", {})
        written = {name: shape for name, shape in (shapes or {}).items() if name not in weights}
        inputs = _inputs(forward, written, against, claimed=claimed)
        inputs += tuple(_input(name, shape, against) for name, shape in weights.items())
    takes = _takes(backward, inputs, own=())
    if isinstance(forward, Layer) and "cache" in takes:
        raise UserError(
            f"check: {name} takes a cache, which only the forward function that makes it can give: name as forward the "
            f"function of yours that returns (output, cache) (--forward {_file(backward)}:NAME, and keep --against "
            f"{forward.name}), or let backward take {', '.join(node.name for node in inputs)} by their names"
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
    home = source(function)
    return "FILE" if home is None else home.name


def _stem(function: Any) -> str:
    """What the file of a function is called, without folder and ending; "" if it is in none."""
    home = source(function)
    return "" if home is None else home.stem


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
        lacks = " and ".join(name for name, has in (("forward", ahead), ("backward", method)) if has is None)
        raise UserError(
            f"check: {kind.__name__}: expected the methods forward and backward, got no {lacks}; name two functions "
            f"instead, or the class that has both"
        )
    if method is ahead:
        raise UserError(f"check: {kind.__name__}.forward is no backward method; name the class, or the one that is")
    taken = [p for p in inspect.signature(ahead).parameters if p != "self"]
    init = [p for p in inspect.signature(kind).parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    annotated = {p.name: p.annotation for p in init if isinstance(p.annotation, str) and _is_shape(p.annotation)}
    built = [p.name for p in init if p.name in shapes or p.name in annotated or p.name in known]
    missing = [p.name for p in init if p.name not in built and p.default is Parameter.empty]
    if missing:
        raise UserError(
            f"check: {kind.__name__}: __init__ needs {', '.join(missing)}; give the shape of each that is an array, as "
            f'in shapes={{"{missing[0]}": "D M"}} (--shape {missing[0]}=D,M), a default to what is none, as a size, '
            f"and attributes that are parameters their shapes too (--shape W=D,M)"
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
                f"check: {where}: argument {name} has no shape{_given(shapes, parameter.annotation)}; give it as in "
                f'shapes={{{name!r}: \'N D\'}} (--shape {name}=N,D; "" for a scalar, "N in V" for whole numbers below '
                f"V), or as its annotation; what is no array needs a value by default"
            )
    return tuple(found)


def _given(shapes: Mapping[str, str], annotation: Any) -> str:
    """What was given instead, if anything."""
    if isinstance(annotation, str):
        written = annotation.strip("'\"")
        return f", and its annotation {written!r} is none"
    return f" (those of {', '.join(shapes)} are given)" if shapes else ""


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
    others = [p for n, p in inspect.signature(backward).parameters.items() if n not in own and p not in needed]
    named = [p.name for p in others if p.kind is p.KEYWORD_ONLY and p.default is Parameter.empty]
    if named or (not needed and any(p.kind is p.VAR_POSITIONAL for p in others)):
        what = f"{', '.join(named)} by name alone" if named else "whatever is given"
        raise UserError(
            f"check: {backward.__name__} takes {what}: expected parameters as in backward(dout, cache); give others a "
            f"default"
        )
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
            f"then the cache of forward or its arguments by their names ({', '.join(node.name for node in inputs)}); "
            f"rename the parameters, and give others a default"
        )
    return tuple(roles)


def _returns(written: str, inputs: tuple[Input, ...]) -> tuple[str, ...]:
    """The inputs whose gradients come back: dX,dW,db."""
    names = [node.name for node in inputs if node.below is None]
    if not isinstance(written, str):
        raise UserError(f"check: returns: expected text such as 'dX,dW', got {type(written).__name__}")
    found = []
    for word in written.replace(" ", "").split(",") if written.strip() else ():
        name = "_" if word in ("_", "None") else stripped(word, names)
        if name is None:
            raise UnknownNameError("gradient in returns", word, [f"d{name}" for name in names])
        if name != "_" and name in found:
            raise UserError(
                f"check: returns: d{name} is there twice, in {written}; an underscore is for what is no gradient"
            )
        found.append(name)
    return tuple(found)
