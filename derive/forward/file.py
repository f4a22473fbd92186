"""Turns a function of somebody's own file into a Layer. The file is run, since its author asks for it."""

from __future__ import annotations

import inspect
import linecache
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import wraps
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from inspect import Parameter
from pathlib import Path
from types import ModuleType
from typing import Any

from derive.errors import InternalError, ShapeError, UnknownNameError, UserError
from derive.forward.layer import Layer
from derive.forward.trace import trace

__all__ = ["imported", "line_of", "load_file"]


def load_file(path: Path, name: str, shapes: Mapping[str, str]) -> Layer:
    """The layer that a function of a file computes: one decorated with @derive.layer, or a plain one.

    The shapes of a plain one are its annotations, or those given, "N D" by the name of the argument. An argument that
    has no shape keeps its default.

    Raises: UserError, with file and line, for what the file raises or what cannot be traced; UnknownNameError if it has
    no such function.
    """
    module = imported(path)
    found = getattr(module, name, None)
    if isinstance(found, Layer):
        if shapes:
            raise ShapeError(f"{path.name}:{name}: has its shapes from its annotations; leave out --shape")
        return found
    if not inspect.isfunction(found):
        functions = [
            key for key, value in vars(module).items() if inspect.isfunction(value) or isinstance(value, Layer)
        ]
        raise UnknownNameError(f"function of {path.name}", name, functions)
    try:
        return trace(_shaped(found, shapes, path), name=name)
    except UserError as error:
        error.args = (f"{error}{line_of(error, path)}",)
        raise


def imported(path: Path) -> ModuleType:
    """The module of a file, under a name of its own; neither the search path nor the file's folder is touched."""
    name = f"{re.sub(r'[^A-Za-z0-9_]', '_', path.stem)}_{sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: expected a Python file, whose name ends with .py")
    module = module_from_spec(spec)
    # Dataclasses look for the module of their class here.
    sys.modules[name] = module
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (InternalError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if isinstance(error, UserError):
            error.args = (f"{error}{line_of(error, path)}",)
            raise
        told = f"{path}: cannot be run: {type(error).__name__}: {error}{_remedy(error, path)}{line_of(error, path)}"
        raise UserError(told) from error
    finally:
        sys.dont_write_bytecode = kept
    return module


def _remedy(error: BaseException, path: Path) -> str:
    """What to do about a module that lies beside the file, whose folder is not searched."""
    if not isinstance(error, ModuleNotFoundError):
        return ""
    name = (error.name or "").partition(".")[0]
    beside = (path.parent / f"{name}.py", path.parent / name / "__init__.py")
    return (
        f"; the folder of the file is searched with PYTHONPATH={path.parent}" if any(map(Path.is_file, beside)) else ""
    )


def _shaped(function: Callable[..., Any], shapes: Mapping[str, str], path: Path) -> Callable[..., Any]:
    """The function of those arguments that have a shape."""
    signature = inspect.signature(function)
    for name in shapes:
        if name not in signature.parameters:
            raise UnknownNameError(f"argument of {path.name}:{function.__name__}", name, signature.parameters)
    kept: list[Parameter] = []
    for name, parameter in signature.parameters.items():
        written = shapes.get(name, parameter.annotation)
        if isinstance(written, str) or parameter.default is Parameter.empty:
            annotation = written if isinstance(written, str) else Parameter.empty
            kept.append(parameter.replace(annotation=annotation, default=Parameter.empty))

    @wraps(function)
    def called(*arrays: Any) -> Any:
        given = dict(zip((parameter.name for parameter in kept), arrays, strict=True))
        first = [given.pop(p.name) for p in kept if p.kind is Parameter.POSITIONAL_ONLY]
        return function(*first, **given)

    called.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]  # functions take it, mypy has it not
    return called


def line_of(error: BaseException, path: Path) -> str:
    """The last line of the file that led to the error, on a line of its own; '' if none did."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f"\n  {path.name}, line {error.lineno}: {(error.text or '').strip()}"
    found = 0
    cause: BaseException | None = error
    while cause is not None:
        step = cause.__traceback__
        while step is not None:
            if Path(step.tb_frame.f_code.co_filename).resolve() == path.resolve():
                found = step.tb_lineno
            step = step.tb_next
        cause = cause.__cause__
    return f"\n  {path.name}, line {found}: {linecache.getline(str(path), found).strip()}" if found else ""
