"""Gives the syntax tree of an expression a value, by a table of rules; what is not in the table is refused.

What numbers, arrays and functions are is said by a Meaning: arrays that record what is done to them, or NumPy's. Trees
are walked iteratively. No text is run: a name is looked up among the arrays, and a function in tables.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import EllipsisType
from typing import Any, Protocol

from derive.errors import UnknownNameError, UnsupportedError, UserError
from derive.forward.names import CONSTANTS, MODULES, dotted
from derive.forward.stretch import worded
from derive.forward.syntax import Source
from derive.forward.trace import let

__all__ = ["Meaning", "evaluate"]


_LONGEST = 1000
"""The characters of a message, which quotes arrays as their author would have to write them."""


class Meaning(Protocol):
    """What the parts of an expression stand for."""

    @property
    def functions(self) -> Sequence[str]:
        """The functions that can be called."""
        ...

    @property
    def methods(self) -> Sequence[str]:
        """Those that can be called as methods of an array as well."""
        ...

    def is_array(self, value: object) -> bool: ...
    def number(self, text: str) -> Any: ...
    def operate(self, operation: Callable[..., Any], sign: str, operands: Sequence[Any]) -> Any:
        """An operator of one or two operands, or a comparison."""
        ...

    def call(self, name: str, shown: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any: ...
    def method(self, array: Any, name: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any: ...
    def attribute(self, array: Any, name: str) -> Any: ...
    def index(self, array: Any, index: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class _Run:
    """One evaluation: what the text is, what its parts mean, what its names stand for."""

    source: Source
    meaning: Meaning
    names: dict[str, Any]


def evaluate(source: Source, meaning: Meaning, names: Mapping[str, Any]) -> Any:
    """The value of the last statement; the ones before it name theirs.

    Raises: UserError with the line and a caret for what cannot be done.
    """
    run = _Run(source, meaning, dict(names))
    *first, last = source.statements
    for statement in first:
        _bind(run, statement)
    return _value(run, _result(run, last))


def _bind(run: _Run, statement: ast.stmt) -> None:
    match statement:
        case ast.Assign([ast.Name(name)], value):
            if name in run.names:
                run.source.refuse(f"{name} is the name of something else already; choose another", statement)
            result = _value(run, value)
            try:
                run.names[name] = let(name, result) if run.meaning.is_array(result) else result
            except UserError as error:
                _locate(run.source, error, statement)
                raise
        case ast.Assign():
            run.source.refuse("expected one name to the left of =, as in S = softmax(X @ W)", statement)
        case ast.AugAssign():
            run.source.refuse("expected =, with a name that is new, as in Z = Y + b", statement)
        case ast.Expr():
            run.source.refuse(
                "only the last statement is the result; give this one a name, as in S = ..., or put an expression of "
                "several lines in brackets",
                statement,
            )
        case ast.Return():
            run.source.refuse("expected return in the last statement only", statement)
        case _:
            run.source.refuse(_refusal(statement, "expressions, and name = expression"), statement)


def _result(run: _Run, last: ast.stmt) -> ast.expr:
    match last:
        case ast.Expr(value):
            return value
        case ast.Return(ast.expr() as value):
            return value
        case ast.Assign([ast.Name(name)], value):
            if name in run.names:
                run.source.refuse(f"{name} is the name of something else already; choose another", last)
            return value
    run.source.refuse("expected an expression as the last statement, as in S = softmax(X); sum(S)", last)


def _value(run: _Run, node: ast.expr) -> Any:
    """The value of a tree, from its leaves up."""
    made: dict[int, Any] = {}
    stack: list[tuple[ast.AST, bool]] = [(node, False)]
    while stack:
        item, ready = stack.pop()
        rule = _RULES.get(type(item))
        if rule is None:
            run.source.refuse(_refusal(item, "+ - * / ** @, comparisons, functions, .T and [ ]"), item)
        parts = rule.parts(run, item)
        if not ready:
            stack.append((item, True))
            stack.extend((part, False) for part in reversed(parts))
            continue
        try:
            with worded(partial(run.source.written, item)):
                made[id(item)] = rule.value(run, item, [made[id(part)] for part in parts])
        except UserError as error:
            _locate(run.source, error, item)
            raise
    return made[id(node)]


def _locate(source: Source, error: UserError, node: ast.AST) -> None:
    """Adds the line and the caret, once."""
    message = str(error)
    if "\n" not in message:
        # The class of an error says what kind it is, and its own arguments are not always one text.
        message = message if len(message) <= _LONGEST else f"{message[: _LONGEST // 2]} ... {message[-_LONGEST // 2 :]}"
        told = message if message.startswith(f"{source.where}: ") else f"{source.where}: {message}"
        error.args = (source.located(told, node),)


_OPERATORS: Mapping[type[ast.AST], tuple[str, Callable[..., Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.Pow: ("**", operator.pow),
    ast.MatMult: ("@", operator.matmul),
    ast.BitAnd: ("&", operator.and_),
    ast.BitOr: ("|", operator.or_),
    ast.BitXor: ("^", operator.xor),
    ast.Invert: ("~", operator.invert),
    ast.USub: ("-", operator.neg),
    ast.UAdd: ("+", operator.pos),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
}

_INSTEAD: Mapping[type[ast.AST], str] = {
    ast.FloorDiv: "//: write / for a division",
    ast.Mod: "%: write a multiple of the divisor subtracted, or @ for a product of matrices",
    ast.NamedExpr: ":=: write a statement of its own, S = softmax(X); sum(S)",
    ast.Starred: "*: write the arguments one by one",
    ast.JoinedStr: "strings made of values: write the text itself",
}


def _refusal(node: ast.AST, known: str) -> str:
    if type(node) in _INSTEAD:
        sign, _, instead = _INSTEAD[type(node)].partition(": ")
        return f"{sign} is not supported; {instead}"
    return f"{type(node).__name__} is not supported; write {known}"


def _operated(run: _Run, node: Any, values: list[Any]) -> Any:
    operation = node.ops[0] if isinstance(node, ast.Compare) else node.op
    if type(operation) not in _OPERATORS:
        raise UnsupportedError(_refusal(operation, "+ - * / ** @"))
    sign, function = _OPERATORS[type(operation)]
    for value in values:
        if isinstance(value, bool | str | tuple | slice) or value is None or value is ...:
            raise UnsupportedError(f"{sign} with {_kind(value)} is not supported; write arrays and numbers")
    return run.meaning.operate(function, sign, values)


def _compared(run: _Run, node: ast.Compare, values: list[Any]) -> Any:
    if len(node.ops) > 1:
        raise UnsupportedError("two comparisons in one are not supported; write (0 < X) * (X < 1)")
    return _operated(run, node, values)


def _constant(run: _Run, node: ast.Constant, values: list[Any]) -> Any:
    match node.value:
        case bool() | str() | None | EllipsisType():
            return node.value
        case int() | float():
            return run.meaning.number(run.source.written(node).replace("_", ""))
    raise UnsupportedError(f"{run.source.written(node)} is not supported; write real numbers")


def _named(run: _Run, node: ast.Name, values: list[Any]) -> Any:
    if node.id in run.names:
        return run.names[node.id]
    if node.id in CONSTANTS:
        return run.meaning.number(node.id)
    if node.id in run.meaning.functions:
        raise UnsupportedError(f"{node.id} is a function; call it, as in {node.id}(X)")
    raise UnknownNameError("name", node.id, run.names)


def _function(run: _Run, function: ast.expr) -> str:
    """The name of the function in np.linalg.norm; '' for what must be a method."""
    words = dotted(function)
    if not words or words[0] in run.names:
        return words[0] if len(words) == 1 else ""
    module = ".".join(words[:-1])
    return words[-1] if not module or module in MODULES else ""


def _call_parts(run: _Run, node: ast.Call) -> list[ast.AST]:
    for keyword in node.keywords:
        if keyword.arg is None:
            run.source.refuse("** before an argument is not supported; write the arguments one by one", node)
    given: list[ast.AST] = [*node.args, *(keyword.value for keyword in node.keywords)]
    if _function(run, node.func):
        return given
    words = dotted(node.func)
    if words and words[0] not in run.names and len(words) > 1:
        run.source.refuse(
            f"{'.'.join(words)} is not known; functions are called bare, or with np. or np.linalg. before them", node
        )
    if not isinstance(node.func, ast.Attribute):
        run.source.refuse("expected the name of a function before (; write * for a product", node)
    return [node.func.value, *given]


def _called(run: _Run, node: ast.Call, values: list[Any]) -> Any:
    name = _function(run, node.func)
    if name in run.names:
        raise UnsupportedError(f"{name} is {_kind(run.names[name])} and no function; write * or @ for a product")
    base, given = ([], values) if name else (values[:1], values[1:])
    count = len(node.args)
    options = {str(k.arg): value for k, value in zip(node.keywords, given[count:], strict=True)}
    if name:
        if name not in run.meaning.functions:
            raise UnknownNameError("function", name, sorted(run.meaning.functions))
        return run.meaning.call(name, run.source.written(node.func), given[:count], options)
    assert isinstance(node.func, ast.Attribute)
    method = node.func.attr
    if method not in run.meaning.methods:
        bare = f"; write {method}(...)" if method in run.meaning.functions else ""
        raise UnsupportedError(f".{method}() is not supported{bare or '; methods: ' + ', '.join(run.meaning.methods)}")
    if not run.meaning.is_array(base[0]):
        raise UnsupportedError(f".{method}() of {_kind(base[0])}; expected an array before the dot")
    return run.meaning.method(base[0], method, given[:count], options)


_ATTRIBUTES = ("T", "shape", "ndim", "size")


def _attribute(run: _Run, node: ast.Attribute, values: list[Any]) -> Any:
    if node.attr not in _ATTRIBUTES:
        called = node.attr in run.meaning.methods
        instead = f"call it, .{node.attr}()" if called else f"known: {', '.join('.' + name for name in _ATTRIBUTES)}"
        raise UnsupportedError(f".{node.attr} is not supported; {instead}")
    if not run.meaning.is_array(values[0]):
        raise UnsupportedError(f".{node.attr} of {_kind(values[0])}; expected an array before the dot")
    return run.meaning.attribute(values[0], node.attr)


def _attribute_parts(run: _Run, node: ast.Attribute) -> list[ast.AST]:
    words = dotted(node)
    if words and words[0] not in run.names and words[0] in MODULES:
        if words[1:] == ["newaxis"] or (len(words) == 2 and words[1] in CONSTANTS):
            return []
        run.source.refuse(f"{'.'.join(words)} is not supported; call functions, as in np.exp(X)", node)
    return [node.value]


def _attribute_or_constant(run: _Run, node: ast.Attribute, values: list[Any]) -> Any:
    if values:
        return _attribute(run, node, values)
    return None if node.attr == "newaxis" else run.meaning.number(node.attr)


def _subscripted(run: _Run, node: ast.Subscript, values: list[Any]) -> Any:
    base, index = values
    if isinstance(base, tuple):
        try:
            return base[operator.index(index)]
        except (TypeError, IndexError) as error:
            raise UnsupportedError(f"[{run.source.written(node.slice)}] of {len(base)} sizes: {error}") from error
    if not run.meaning.is_array(base):
        raise UnsupportedError(f"[ ] behind {_kind(base)}; expected an array")
    return run.meaning.index(base, index)


def _slice_parts(run: _Run, node: ast.Slice) -> list[ast.AST]:
    return [part for part in (node.lower, node.upper, node.step) if part is not None]


def _sliced(run: _Run, node: ast.Slice, values: list[Any]) -> Any:
    given = iter(values)
    return slice(*(None if part is None else next(given) for part in (node.lower, node.upper, node.step)))


def _kind(value: object) -> str:
    match value:
        case bool() | None | EllipsisType():
            return "..." if value is ... else str(value)
        case str():
            return "a string"
        case tuple():
            return "a tuple"
        case slice():
            return "a slice"
    return "an array" if hasattr(value, "ndim") else "a number"


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which parts of a kind of tree have values, and what its own value is, given theirs."""

    parts: Callable[[_Run, Any], list[ast.AST]]
    value: Callable[[_Run, Any, list[Any]], Any]


_RULES: Mapping[type[ast.AST], _Rule] = {
    ast.Attribute: _Rule(_attribute_parts, _attribute_or_constant),
    ast.BinOp: _Rule(lambda run, node: [node.left, node.right], _operated),
    ast.Call: _Rule(_call_parts, _called),
    ast.Compare: _Rule(lambda run, node: [node.left, *node.comparators], _compared),
    ast.Constant: _Rule(lambda run, node: [], _constant),
    ast.List: _Rule(lambda run, node: node.elts, lambda run, node, values: tuple(values)),
    ast.Name: _Rule(lambda run, node: [], _named),
    ast.Slice: _Rule(_slice_parts, _sliced),
    ast.Subscript: _Rule(lambda run, node: [node.value, node.slice], _subscripted),
    ast.Tuple: _Rule(lambda run, node: node.elts, lambda run, node, values: tuple(values)),
    ast.UnaryOp: _Rule(lambda run, node: [node.operand], _operated),
}
