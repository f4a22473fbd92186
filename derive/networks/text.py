"""Reads the text of a network, "affine(3) > sigmoid > mse", into its stages; never runs it. Imports no mathematics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from derive.errors import ExpressionError
from derive.forward.caret import at

__all__ = ["LONGEST", "MOST_STAGES", "WHERE", "Written", "read_network", "refuse"]

WHERE = "network"
"""What a message names first."""

LONGEST = 10_000
"""The characters of a text, at most."""

MOST_STAGES = 100
_MOST_ARGUMENTS = 8
_SHOWN = 40

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
    |(?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?(?![A-Za-z_]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>[>(),=])
    """,
    re.VERBOSE | re.ASCII,
)

_EXAMPLE = "affine(3) > sigmoid > affine(2) > mse"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Written:
    """One stage as it is written: affine(3, bias=none) has the numbers ("3",) and the options (("bias", "none"),).

    start is where it begins in the text, before is the > before it, or its own beginning.
    """

    name: str
    numbers: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    start: int = 0
    before: int = 0

    @property
    def text(self) -> str:
        """The stage in normal form."""
        inner = [*self.numbers, *(f"{name}={value}" for name, value in self.options)]
        return f"{self.name}({', '.join(inner)})" if inner else self.name


def read_network(text: str) -> tuple[Written, ...]:
    """The stages of a network, in their order.

    Raises: ExpressionError, with a caret, for what is no such text.

    Example:
        >>> [stage.text for stage in read_network("affine( 3,bias=none )>sigmoid")]
        ['affine(3, bias=none)', 'sigmoid']
    """
    if len(text) > LONGEST:
        raise ExpressionError(
            f"{WHERE}: expected at most {LONGEST} characters, got {len(text)}; write a network of fewer stages"
        )
    text = text.replace("\n", " ")
    tokens = list(_tokens(text))
    if len(tokens) == 1:
        raise ExpressionError(f"{WHERE}: expected stages with > between them, such as {_EXAMPLE!r}, got nothing")
    stages: list[Written] = []
    place, before = 0, tokens[0].start
    while True:
        stage, place = _stage(text, tokens, place, before)
        stages.append(stage)
        if len(stages) > MOST_STAGES:
            refuse(text, stage.start, f"more than {MOST_STAGES} stages; a deep network repeats what a few stages show")
        token = tokens[place]
        if token.kind == "end":
            return tuple(stages)
        if token.text != ">":
            _refuse_token(text, token, "> before the next stage, or the end")
        before, place = token.start, place + 1


def refuse(text: str, place: int, message: str) -> NoReturn:
    """Raises ExpressionError for a place in the text."""
    raise ExpressionError(f"{WHERE}: {message}\n{at(text.replace(chr(10), ' '), place)}")


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            character = text[place]
            shown = repr(character) if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"
            refuse(text, place, f"the character {shown} has no meaning here; write stages, as in {_EXAMPLE}")
        if match.lastgroup != "blank":
            yield _Token(str(match.lastgroup), match.group(), place)
        place = match.end()
    yield _Token("end", "", max(len(text.rstrip()) - 1, 0))


def _stage(text: str, tokens: list[_Token], place: int, before: int) -> tuple[Written, int]:
    name = tokens[place]
    if name.kind != "name":
        _refuse_token(text, name, "the name of a layer or function")
    place += 1
    numbers: list[str] = []
    options: dict[str, str] = {}
    if tokens[place].text == "(":
        place += 1
        while tokens[place].text != ")":
            place = _argument(text, tokens, place, numbers, options)
            if len(numbers) + len(options) > _MOST_ARGUMENTS:
                refuse(text, name.start, f"{_cut(name.text)} has more than {_MOST_ARGUMENTS} arguments")
            if tokens[place].text == ",":
                place += 1
            elif tokens[place].text != ")":
                _refuse_token(text, tokens[place], "a comma or )")
        place += 1
    return Written(name.text, tuple(numbers), tuple(options.items()), name.start, before), place


def _argument(text: str, tokens: list[_Token], place: int, numbers: list[str], options: dict[str, str]) -> int:
    """Reads one argument and gives the place behind it."""
    token = tokens[place]
    if token.kind == "number":
        if options:
            _refuse_token(text, token, "numbers before options")
        numbers.append(_number(text, token))
        return place + 1
    if token.kind != "name" or tokens[place + 1].text != "=":
        _refuse_token(text, token, "a number such as 3, or an option such as bias=none")
    value = tokens[place + 2]
    if value.kind not in ("name", "number"):
        _refuse_token(text, value, f"the value of {_cut(token.text)}")
    if token.text in options:
        refuse(text, token.start, f"{_cut(token.text)} is given twice; leave one of them out")
    options[token.text] = _number(text, value) if value.kind == "number" else value.text
    return place + 3


def _number(text: str, token: _Token) -> str:
    if len(token.text) > _SHOWN:
        refuse(text, token.start, f"the number {_cut(token.text)} is too long")
    return token.text


def _refuse_token(text: str, token: _Token, expected: str) -> NoReturn:
    got = _cut(token.text) if token.kind != "end" else "the end"
    refuse(text, token.start, f"expected {expected}, got {got}; a network is written as in {_EXAMPLE}")


def _cut(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")
