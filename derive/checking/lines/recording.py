"""Notes what each line of a function leaves while it runs: which names get a value there, and which value.

The code stays as it is: Python says which line comes next, and its syntax tree which names a line gives a value. Arrays
that are changed in place are noted as they are after the line.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np
from sympy import Expr

from derive.checking.arrays.measure import Measure
from derive.checking.arrays.sheet import Sheet
from derive.checking.pytorch.tensors import Torchlike
from derive.forward.arrays import Laid
from derive.forward.nodes import Node
from derive.forward.tensor import Tensor

__all__ = ["Array", "Counted", "Kept", "Left", "Line", "Record", "recording"]

_MOST_KEPT = 12
"""Of a tuple or a dict, so many values are told."""


@dataclass(frozen=True, slots=True)
class Array:
    """An array as it was after a line: a node for all sizes, or its entries at some; mask is whether it holds truths.

    Shapes: that of the node and axes of size 1, or that of the entries.
    """

    laid: Laid | None
    entries: Any
    shape: tuple[Any, ...]
    mask: bool = False

    @property
    def node(self) -> Node | None:
        """The node, without axes of size 1 that it never had."""
        return None if self.laid is None else self.laid.core


@dataclass(frozen=True, slots=True)
class Kept:
    """A tuple, a list or a dict of values; the names are its keys, or the places of its values."""

    items: tuple[tuple[str, Any], ...]
    count: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A size, or a number made of sizes, as text."""

    text: str


@dataclass(frozen=True, slots=True)
class Left:
    """What a line left under a name: an Array, a Kept, a Counted or a number; else the name of its type, as a str."""

    name: str
    value: Any
    returned: bool = False


@dataclass(slots=True)
class Line:
    """What a line left the last time that it was run, and how often that was; first is what it left the first time."""

    left: tuple[Left, ...] = ()
    first: tuple[Left, ...] = ()
    times: int = 0


@dataclass(slots=True)
class Record:
    """What was noted: the lines by file and number, and the functions in the order in which they were first called."""

    lines: dict[tuple[str, int], Line] = field(default_factory=dict)
    called: dict[CodeType, int] = field(default_factory=dict)


@contextmanager
def recording(files: Iterable[str]) -> Iterator[Record]:
    """Notes what is run of the functions in these files, until it ends.

    A debugger or a measure of coverage that watches the same process sees nothing meanwhile.
    """
    record = Record()
    statements = {file: _statements(file) for file in files}

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if event != "call" or code.co_filename not in statements or code.co_name.startswith("<"):
            return None
        record.called[code] = record.called.get(code, 0) + 1
        return _Watch(record, code.co_filename, statements[code.co_filename]).trace

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        yield record
    finally:
        sys.settrace(before)


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement, or the head of one that holds others: the line where it begins, and what it gives a value."""

    line: int
    targets: tuple[ast.expr, ...] = ()
    returned: ast.expr | None = None
    is_call: bool = False


def _statements(file: str) -> Mapping[int, tuple[_Statement, ...]]:
    """The statements of a file, by every line that belongs to them."""
    found: dict[int, list[_Statement]] = {}
    try:
        module = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError):
        return {}
    for node in ast.walk(module):
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            statement = _read(node)
            body = getattr(node, "body", None)
            last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
            for line in range(node.lineno, last + 1):
                found.setdefault(line, []).append(statement)
    return {line: tuple(items) for line, items in found.items()}


def _read(node: ast.stmt) -> _Statement:
    match node:
        case ast.Assign(targets=targets):
            return _Statement(node.lineno, tuple(part for target in targets for part in _parts(target)))
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.For(target=target):
            return _Statement(node.lineno, tuple(_parts(target)))
        case ast.With(items=items):
            targets = [item.optional_vars for item in items if item.optional_vars is not None]
            return _Statement(node.lineno, tuple(part for target in targets for part in _parts(target)))
        case ast.Return(value=value):
            return _Statement(node.lineno, returned=value)
        case ast.Expr(value=ast.Call()):
            return _Statement(node.lineno, is_call=True)
    return _Statement(node.lineno)


def _parts(target: ast.expr) -> Iterator[ast.expr]:
    """The single names that a target consists of; of dX[n] it is dX."""
    match target:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _parts(part)
        case ast.Starred(value=inner):
            yield from _parts(inner)
        case ast.Subscript(value=inner, slice=ast.Constant(value=str())) if not isinstance(inner, ast.Subscript):
            yield target
        case ast.Subscript(value=inner):
            yield from _parts(inner)
        case ast.Name() | ast.Attribute():
            yield target


@dataclass(slots=True)
class _Watch:
    """One call of a function."""

    record: Record
    file: str
    statements: Mapping[int, tuple[_Statement, ...]]
    current: tuple[_Statement, ...] = ()
    before: dict[str, Any] = field(default_factory=dict)

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        match event:
            case "line":
                now = self.statements.get(frame.f_lineno, ())
                # A statement of several lines goes to and fro between them.
                if now != self.current or (now and frame.f_lineno == now[0].line and len(now) > 1):
                    self._finish(frame)
                    self.current = now
                    self.before = _arrays(frame) if any(item.is_call for item in now) else {}
            case "return":
                self._finish(frame, argument)
                self.current = ()
            case "exception":
                self.current = ()
        return self.trace

    def _finish(self, frame: FrameType, returned: Any = None) -> None:
        """Notes what the statements that are over have left."""
        for number in dict.fromkeys(item.line for item in self.current):
            line = self.record.lines.setdefault((self.file, number), Line())
            line.times += 1
            left = [one for item in self.current if item.line == number for one in self._left(item, frame, returned)]
            line.left = tuple({one.name: one for one in left}.values())
            line.first = line.left if line.times == 1 else line.first

    def _left(self, item: _Statement, frame: FrameType, returned: Any) -> Iterator[Left]:
        for target in item.targets:
            # A value that cannot be asked for was deleted, or is computed when it is asked for.
            with suppress(Exception):
                yield Left(ast.unparse(target), _noted(_value(target, frame)))
        if item.is_call:
            for name, value in _arrays(frame).items():
                if name in self.before and not _is_same(self.before[name], value):
                    yield Left(name, value)
        if item.returned is not None and returned is not None:
            parts = item.returned.elts if isinstance(item.returned, ast.Tuple) else [item.returned]
            several = isinstance(item.returned, ast.Tuple) and isinstance(returned, tuple)
            values = list(returned) if several else [returned]
            if len(parts) != len(values):
                parts, values = [item.returned], [returned]
            for part, value in zip(parts, values, strict=True):
                yield Left(ast.unparse(part), _noted(value), returned=True)


def _value(target: ast.expr, frame: FrameType) -> Any:
    match target:
        case ast.Name(id=name):
            return frame.f_locals[name]
        case ast.Attribute(value=inner, attr=name):
            return getattr(_value(inner, frame), name)
        case ast.Subscript(value=inner, slice=ast.Constant(value=key)):
            return _value(inner, frame)[key]
    raise LookupError(ast.unparse(target))


def _arrays(frame: FrameType) -> dict[str, Any]:
    """The arrays that the function has under names of its own, as they are."""
    return {name: _noted(value) for name, value in frame.f_locals.items() if isinstance(value, Sheet | Tensor)}


def _is_same(first: Array, second: Array) -> bool:
    if first.laid is not None or second.laid is not None:
        return first.laid == second.laid
    return first.shape == second.shape and all(
        a is b for a, b in zip(first.entries.ravel(), second.entries.ravel(), strict=True)
    )


def _noted(value: Any, depth: int = 0) -> Any:
    """The value as it is now."""
    if isinstance(value, Torchlike):
        value = value.array
    if isinstance(value, Tensor):
        return Array(value.laid, None, tuple(value.laid.shape), value.mask)
    if isinstance(value, Sheet):
        return Array(None, value.data.copy(), value.shape, value.mask)
    if isinstance(value, Measure):
        return Counted(str(value.size))
    if isinstance(value, np.ndarray):
        return Array(None, value.copy(), value.shape, value.dtype.kind == "b")
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | list | dict) and depth < 2:
        pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
        kept = tuple((str(key), _noted(item, depth + 1)) for key, item in pairs[:_MOST_KEPT])
        return Kept(kept, len(pairs))
    if isinstance(value, Expr):
        return Counted(str(value))
    return value if isinstance(value, bool | int | float) or value is None else type(value).__name__
