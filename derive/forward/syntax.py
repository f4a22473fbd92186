"""Turns the text of an expression into Python's syntax tree, within limits, and never runs it. Imports no mathematics.

What cannot be part of an expression is refused by its tokens, before Python's own parser sees it: that one uses up its
stack, or the memory, on text that nests deeply enough.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from derive.errors import ExpressionError
from derive.forward.caret import at, caret, point

__all__ = ["LONGEST", "Source", "read_shape", "read_source"]

LONGEST = 20_000
"""The characters of a text, at most."""

_DEEPEST = 50
_MOST_OPERATORS = 1000
_LONGEST_NUMBER = 40
_LONGEST_NAME = 60
_LARGEST_EXPONENT = 300
_SHOWN = 40

_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\r]+|\\\r?\n|\#[^\n]*)
    |(?P<newline>\n)
    |(?P<number>(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<string>"[^"\n\\]*"|'[^'\n\\]*')
    |(?P<open>[(\[])
    |(?P<close>[)\]])
    |(?P<operator>\*\*|->|:=|==|!=|<=|>=|//|<<|>>|[-+*/@<>=,:;.%&|^~])
    """,
    re.VERBOSE,
)

_WORDS = {"None", "True", "False", "return"}

_INSTEAD_OF_WORDS = {
    **dict.fromkeys(("and", "or", "not"), "multiply masks for and, write 1 - mask for not"),
    **dict.fromkeys(("if", "else"), "write where(condition, a, b)"),
    **dict.fromkeys(("for", "while", "in"), "write the operation on whole arrays, as in X @ W or sum(X, axis=0)"),
    "lambda": "call an array lam, for example, and write a function out",
    "is": "write > or <",
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    """Where it begins in the text."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text, its syntax tree, and its normal form: one line, with blanks where a printer would put them.

    where is what a message names first.
    """

    text: str
    where: str
    tree: ast.Module = field(repr=False)
    normal: str
    _lines: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lines", tuple(self.text.split("\n")))

    @property
    def statements(self) -> list[ast.stmt]:
        """What it consists of; the last one is the result."""
        return self.tree.body

    def written(self, node: ast.AST) -> str:
        """A part of the text, on one line."""
        assert isinstance(node, ast.expr | ast.stmt)
        # ast.get_source_segment reads the whole text for every part.
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        lines = [line.encode() for line in self._lines[first:last]]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(re.sub(r"#[^\n]*", "", b"\n".join(lines).decode()).split())

    def located(self, message: str, node: ast.AST) -> str:
        """The message with the line that it is about, and a caret under what it is about."""
        return f"{message}\n{caret(self.text, *point(self.text, node))}"

    def refuse(self, message: str, node: ast.AST) -> NoReturn:
        """Raises ExpressionError for a part of the text."""
        raise ExpressionError(self.located(f"{self.where}: {message}", node))


def read_source(text: str, *, where: str = "expr") -> Source:
    """The syntax tree of a text of one or several statements.

    Raises: ExpressionError for what is too long, too deep, or no NumPy-style text.

    Example:
        >>> read_source("sum( (X@W-Y) ** 2 )/N").normal
        'sum((X @ W - Y)**2) / N'
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if len(text) > LONGEST:
        raise ExpressionError(
            f"{where}: expected at most {LONGEST} characters, got {len(text)}; name intermediate results, or trace a "
            f"function with derive layer file.py:function"
        )
    tokens = list(_tokens(text, where))
    _check_amounts(text, tokens, where)
    # Lines may be indented alike, as they are when they are copied out of a function.
    parsed = _parsed(_flush_left(text), text, where)
    return Source(text=_flush_left(text), where=where, tree=parsed, normal=_normal(tokens))


def read_shape(written: str, name: str, where: str = "expr") -> str:
    """'N D' for N,D or (N, D) or N D; '' for scalar.

    Raises: ExpressionError if it is no shape.
    """
    inner = written.strip()
    if inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1]
    if inner.strip() == "scalar":
        return ""
    axes = inner.replace(",", " ").split()
    for axis in axes:
        if not re.fullmatch(
            r"(?:[1-9][0-9]{0,4}|[A-Za-z][A-Za-z0-9_]{0,20})(?:[-+*][A-Za-z0-9_]{1,20}){0,9}", axis, re.ASCII
        ):
            raise ExpressionError(
                f"{where}: shape of {name}: expected size letters or numbers up to 99999, such as N,D or N,3, or "
                f"scalar, got {_cut(written)}"
            )
    if len(axes) > 8:
        raise ExpressionError(f"{where}: shape of {name}: expected at most 8 axes, got {len(axes)}")
    return " ".join(axes)


def _tokens(text: str, where: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            _refuse_character(text, place, where)
        kind = str(match.lastgroup)
        if kind != "blank":
            yield _Token(kind, match.group(), place)
        place = match.end()


def _refuse_character(text: str, place: int, where: str) -> NoReturn:
    character = text[place]
    shown = repr(character) if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"
    instead = {
        '"': "close the string on its line, without backslashes",
        "'": "close the string on its line, without backslashes; write X.T for a transpose",
        "{": "write the names and numbers themselves",
        "^": "write ** for a power",
    }.get(character, "names are made of the letters A to Z, digits and _; operators are + - * / ** @ > <")
    raise ExpressionError(f"{where}: the character {shown} has no meaning here; {instead}\n{at(text, place)}")


def _check_amounts(text: str, tokens: list[_Token], where: str) -> None:
    """Refuses what Python's parser, or anybody, would choke on."""
    depth = operators = 0
    for number, token in enumerate(tokens):
        before = tokens[number - 1] if number else _Token("newline", "\n", -1)
        depth += (token.kind == "open") - (token.kind == "close")
        operators += token.kind == "operator" and token.text not in ",;:="
        if depth > _DEEPEST:
            _refuse(f"more than {_DEEPEST} brackets in each other; name intermediate results", text, token, where)
        if operators > _MOST_OPERATORS:
            _refuse(f"more than {_MOST_OPERATORS} operators; write sums over an axis", text, token, where)
        if token.kind in ("name", "string") and before.kind in ("number", "name", "string") and _touch(before, token):
            told = f"{_cut(before.text + token.text)}: write an operator between, as in 2 * X"
            _refuse(told if before.kind == "number" else f"{told}, and strings without prefix", text, before, where)
        if token.kind == "name":
            _check_name(text, token, where)
        if token.kind == "number":
            _check_number(text, token, where)


def _check_name(text: str, token: _Token, where: str) -> None:
    if keyword.iskeyword(token.text) and token.text not in _WORDS:
        instead = _INSTEAD_OF_WORDS.get(token.text, "write expressions, and name = expression")
        _refuse(f"{token.text} is a word of Python's own, and no name; {instead}", text, token, where)
    if len(token.text) > _LONGEST_NAME:
        _refuse(f"a name of {len(token.text)} letters; expected at most {_LONGEST_NAME}", text, token, where)


def _check_number(text: str, token: _Token, where: str) -> None:
    exponent = re.split("[eE]", token.text)[1:]
    if len(token.text) > _LONGEST_NUMBER or (exponent and abs(int(exponent[0])) > _LARGEST_EXPONENT):
        _refuse(f"the number {_cut(token.text)} is too long; expected one that a float can hold", text, token, where)


def _touch(before: _Token, token: _Token) -> bool:
    return before.start + len(before.text) == token.start


def _parsed(text: str, original: str, where: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        line, column = error.lineno or 1, max((error.offset or 1) - 1, 0)
        raise ExpressionError(f"{where}: cannot be read: {error.msg}\n{caret(text, line, column)}") from error
    except (ValueError, MemoryError, RecursionError, OverflowError) as error:
        raise ExpressionError(f"{where}: cannot be read: it nests too deeply; name intermediate results") from error
    if not tree.body:
        raise ExpressionError(f"{where}: expected an expression such as X @ W + b, got nothing")
    return tree


def _flush_left(text: str) -> str:
    """The lines without the indentation that the first one has."""
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    margin = first[: len(first) - len(first.lstrip(" \t"))]
    return "\n".join(line.removeprefix(margin) for line in lines).rstrip()


def _normal(tokens: list[_Token]) -> str:
    """The tokens on one line, a blank on either side of what binds loosely."""
    text, depth = "", 0
    before = _Token("newline", "\n", -1)
    for token in tokens:
        if token.kind == "newline":
            token = token if depth or not text or text.endswith("; ") else _Token("operator", ";", token.start)
            if token.kind == "newline":
                continue
        depth += (token.kind == "open") - (token.kind == "close")
        text += _spaced(text, before, token, depth)
        before = token
    return text.rstrip("; ")


_LOOSE = {"+", "-", "*", "/", "@", "<", ">", "<=", ">=", "==", "!=", "//", "%", "&", "|", "^", "<<", ">>"}


def _spaced(text: str, before: _Token, token: _Token, depth: int) -> str:
    """The token with the blanks that stand round it."""
    operand = before.kind in ("number", "name", "string", "close") and before.text != "return"
    if token.text in (",", ";"):
        return f"{token.text} "
    if token.kind == "close":
        # (N,) keeps its comma, and loses the blank behind it.
        return token.text
    if token.kind == "operator":
        loose = (token.text in _LOOSE and operand) or (token.text == "=" and not depth)
        return f" {token.text} " if loose else token.text
    return f" {token.text}" if before.kind == "name" and token.kind in ("name", "number", "string") else token.text


def _refuse(message: str, text: str, token: _Token, where: str) -> NoReturn:
    raise ExpressionError(f"{where}: {message}\n{at(text, token.start)}")


def _cut(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
