"""`dataclass` of the standard library for frozen classes, without the wait.

The standard one writes and compiles six methods for every frozen class, half a millisecond; the two hundred classes of
a command together would take longer than NumPy. Here five of the six are made of what Python has already, and only
`__init__` is compiled, when the first object is made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import MISSING, FrozenInstanceError
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

__all__ = ["dataclass"]

Methods = dict[str, Callable[..., Any]]


def _decorator(*, frozen: bool, eq: bool = True, slots: bool = False, **options: bool) -> Callable[[type], type]:
    """The decorator that makes a frozen dataclass of a class; the options are those of the standard one."""
    assert frozen, "dataclasses.dataclass makes the others"

    def decorate(cls: type) -> type:
        made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, **options)(cls)
        fields = dataclasses.fields(made)
        methods = {"__init__": _first_init(made), "__repr__": _repr(f.name for f in fields if f.repr), **_REFUSING}
        methods |= _equality([f.name for f in fields if f.compare]) if eq else {}
        methods |= _pickling([f.name for f in fields]) if slots else {}
        for name, method in methods.items():
            if name not in vars(cls):
                setattr(made, name, method)
        return cast(type, made)

    return decorate


def _first_init(made: type) -> Callable[..., None]:
    """The `__init__` that gives way to the compiled one when it is called."""

    def first(self: Any, *arguments: Any, **named: Any) -> None:
        init = _init(made)
        made.__init__ = init  # type: ignore[misc]
        init(self, *arguments, **named)

    return first


def _init(made: type) -> Callable[..., None]:
    """The `__init__` with the fields as its parameters."""
    known: dict[str, Any] = {"_set_": object.__setattr__, "_missing_": MISSING}
    usual, named, lines = ["self"], list[str](), list[str]()
    for field in dataclasses.fields(made):
        name, default, value = field.name, "", field.name
        if field.default is not MISSING:
            known[f"_default_{name}"], default = field.default, f"=_default_{name}"
        elif field.default_factory is not MISSING:
            known[f"_default_{name}"], default = field.default_factory, "=_missing_"
            value = f"_default_{name}() if {name} is _missing_ else {name}"
        if field.init:
            (named if field.kw_only else usual).append(name + default)
        elif default:
            value = f"_default_{name}" + "()" * (default == "=_missing_")
        if field.init or default:
            lines.append(f"_set_(self, {name!r}, {value})")
    if hasattr(made, "__post_init__"):
        lines.append("self.__post_init__()")
    parameters = ", ".join([*usual, *(["*", *named] if named else [])])
    # The names are those of the fields of a class, as in the source that the standard library compiles.
    exec(f"def __init__({parameters}):\n " + "\n ".join(lines or ["pass"]), known)
    init: Callable[..., None] = known["__init__"]
    return init


def _repr(names: Iterable[str]) -> Callable[[Any], str]:
    written = tuple(names)

    def shown(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in written)})"

    return shown


def _equality(names: list[str]) -> Methods:
    """`==` and `hash` by the values of the fields."""
    key: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def equal(self: Any, other: Any) -> Any:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(key(self))

    return {"__eq__": equal, "__hash__": hashed}


def _pickling(names: list[str]) -> Methods:
    """What a class with slots needs besides, since nobody may set its attributes."""

    def state(self: Any) -> list[Any]:
        return [getattr(self, name) for name in names]

    def restore(self: Any, values: list[Any]) -> None:
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    return {"__getstate__": state, "__setstate__": restore}


def _refuse_setting(self: Any, name: str, value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


_REFUSING: Methods = {"__setattr__": _refuse_setting, "__delattr__": _refuse_deleting}

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _decorator
