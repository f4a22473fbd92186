"""Where a part of a text is, and the line of it with a caret underneath. Imports no mathematics."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

__all__ = ["at", "caret", "point"]

_WINDOW = 80
"""The characters that are shown of a long line."""


def at(text: str, offset: int) -> str:
    """The line of a place in the text, and a caret under it."""
    return caret(text, *_line_column(text, offset))


def caret(text: str, line: int, column: int) -> str:
    """A line of the text, cut to what is near the column, and a caret under it."""
    written = text.split("\n")[line - 1].replace("\t", " ")
    start = max(0, min(column - _WINDOW // 2, len(written) - _WINDOW))
    left, right = "..." if start else "", "..." if start + _WINDOW < len(written) else ""
    shown = "".join(c if c.isprintable() else "?" for c in written[start : start + _WINDOW])
    return f"  {left}{shown}{right}\n  {' ' * (column - start + len(left))}^"


def point(text: str, node: ast.AST) -> tuple[int, int]:
    """The line, from 1, and the column of what a message about a part means: of an operation its operator."""
    match node:
        case ast.BinOp(left, operator, right):
            return _operator(text, left, right, _SIGNS.get(type(operator), ""))
        case ast.Compare(left, [operator, *_], [right, *_]):
            return _operator(text, left, right, _SIGNS.get(type(operator), ""))
        case ast.Attribute(value, attribute):
            line, column = _characters(text, value.end_lineno or 1, value.end_col_offset or 0)
            found = _offset(text, line, column) + 1
            return _line_column(text, text.find(attribute, found))
        case ast.Subscript(value):
            line, column = _characters(text, value.end_lineno or 1, value.end_col_offset or 0)
            return _line_column(text, text.find("[", _offset(text, line, column)))
    return _characters(text, getattr(node, "lineno", 1), getattr(node, "col_offset", 0))


_SIGNS: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def _operator(text: str, left: ast.expr, right: ast.expr, sign: str) -> tuple[int, int]:
    start = _offset(text, *_characters(text, left.end_lineno or 1, left.end_col_offset or 0))
    end = _offset(text, *_characters(text, right.lineno, right.col_offset))
    # Between them lie brackets and comments besides.
    between = re.sub(r"#[^\n]*", lambda comment: " " * len(comment.group()), text[start:end])
    return _line_column(text, start + max(between.find(sign), 0))


def _characters(text: str, line: int, column: int) -> tuple[int, int]:
    """Python counts columns in bytes, and comments may hold any letters."""
    written = text.split("\n")[line - 1]
    return line, len(written.encode()[:column].decode(errors="ignore"))


def _offset(text: str, line: int, column: int) -> int:
    return sum(len(before) + 1 for before in text.split("\n")[: line - 1]) + column


def _line_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1)
