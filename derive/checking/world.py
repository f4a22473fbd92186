"""Runs a user's functions with other modules in the place of numpy and math; their source stays as it is.

A function is copied with globals of its own, in which the stand-ins stand under the names that the file gave to numpy;
so are the functions and classes of its module, and what they import themselves.
"""

from __future__ import annotations

import builtins
import math
import sys
from collections.abc import Mapping
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

from derive.checking.pytorch.context import Applied
from derive.checking.pytorch.kinds import Inside, is_function, is_torch

__all__ = ["World"]


class World:
    """Copies of functions and classes that see the stand-ins; the copies of one module share their globals.

    modules are the stand-ins by the name of a module, words those for Python's own functions. Where there is a tape, it
    takes down which Functions of PyTorch's kind are called.
    """

    tape: Any = None

    def __init__(self, modules: Mapping[str, Any], words: Mapping[str, Any]) -> None:
        self._modules = modules
        self._words = words
        self._globals: dict[int, dict[str, Any]] = {}
        self._made: dict[int, Any] = {}
        # What has been copied is kept, so that no other object gets its id.
        self._kept: list[Any] = []

    def seen(self, value: Any) -> Any:
        """What the copies see in the place of any value."""
        return self._seen(value, getattr(value, "__module__", None) or "")

    def bound(self, thing: Any) -> Any:
        """The copy of a function or a class; anything else as it is."""
        if is_function(thing):
            return self._applied(thing)
        if isinstance(thing, FunctionType):
            return self._function(thing)
        if isinstance(thing, type) and not thing.__module__.startswith(("numpy", "builtins")):
            return self._class(thing)
        return thing

    def _function(self, function: FunctionType) -> Any:
        if id(function) not in self._made:
            names = self._names(function)
            cells = function.__closure__ and tuple(self._cell(cell, function) for cell in function.__closure__)
            if id(function) in self._made:
                # Its module was copied meanwhile.
                return self._made[id(function)]
            made = FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
            made.__kwdefaults__ = function.__kwdefaults__
            made.__dict__.update(function.__dict__)
            made.__annotations__ = function.__annotations__
            self._kept.append(function)
            self._made[id(function)] = made
        return self._made[id(function)]

    def _cell(self, cell: CellType, owner: FunctionType) -> CellType:
        try:
            inside = cell.cell_contents
        except ValueError:
            # A name that has no value yet.
            return cell
        # The class of a method stays: super() looks from there on among the bases of the copy.
        seen = inside if isinstance(inside, type) else self._seen(inside, owner.__module__)
        return cell if seen is inside else CellType(seen)

    def _class(self, kind: type) -> type:
        """A subclass of the class, so that super() in its methods works."""
        if is_torch(kind):
            # Its bases are at home in a library that runs on tensors only.
            return kind
        if id(kind) not in self._made:
            methods = {
                name: copied
                for base in reversed(kind.__mro__[:-1])
                for name, value in vars(base).items()
                if (copied := self._method(value)) is not None
            }
            self._kept.append(kind)
            self._made[id(kind)] = type(kind)(kind.__name__, (kind,), {"__module__": kind.__module__, **methods})
        made: type = self._made[id(kind)]
        return made

    def _applied(self, kind: type) -> Applied:
        if id(kind) not in self._made:
            self._kept.append(kind)
            self._made[id(kind)] = Applied(kind, self)
        found: Applied = self._made[id(kind)]
        return found

    def _method(self, value: Any) -> Any:
        match value:
            case FunctionType():
                return self._function(value)
            case staticmethod() | classmethod() if isinstance(value.__func__, FunctionType):
                return type(value)(self._function(value.__func__))
            case property(fget=FunctionType()):
                return property(self._function(value.fget))  # type: ignore[arg-type]  # the pattern says so
        return None

    def _names(self, function: FunctionType) -> dict[str, Any]:
        """The globals of the copies of a module."""
        original = function.__globals__
        found = self._globals.get(id(original))
        if found is None:
            found = self._globals[id(original)] = dict(original)
            self._kept.append(original)
            found["__builtins__"] = {**vars(builtins), **self._words, "__import__": self._imported}
            for name, value in original.items():
                if name != "__builtins__":
                    found[name] = self._seen(value, function.__module__)
        return found

    def _seen(self, value: Any, module: str) -> Any:
        """What the copies see in the place of a value of their module."""
        if isinstance(value, Inside):
            return value.inside(self)
        if is_function(value):
            return self._applied(value)
        if getattr(value, "__name__", "") == "apply" and is_function(getattr(value, "__self__", None)):
            return self._applied(value.__self__).apply
        if isinstance(value, ModuleType):
            return self._modules.get(value.__name__, value)
        if isinstance(value, FunctionType | type) and value.__module__ == module:
            # Not before it is asked for: functions of a module may name each other in a circle.
            return self.bound(value)
        name = getattr(value, "__name__", "")
        homes = [(np, "numpy"), (math, "math"), (np.linalg, "numpy.linalg")]
        homes += [(sys.modules[home], home) for home in ("torch", "torch.nn.functional") if home in sys.modules]
        for home, module_name in homes:
            if callable(value) and name and vars(home).get(name) is value and module_name in self._modules:
                # What has no stand-in is refused when it is called, if it ever is.
                return getattr(self._modules[module_name], name, value)
        return value

    def _imported(self, name: str, *arguments: Any, **options: Any) -> Any:
        found = builtins.__import__(name, *arguments, **options)
        if not isinstance(found, ModuleType) or name not in self._modules:
            return self._modules.get(getattr(found, "__name__", ""), found)
        return self._modules.get(found.__name__, found)
