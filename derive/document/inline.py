"""Turns a message into inline runs: {name} is replaced by mathematics, *words* are stressed, `words` are code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from derive.document.blocks import Emphasis, Math, Ref, Run, Runs, Text, Verbatim
from derive.errors import InternalError
from derive.notation.tree import Tree

__all__ = ["inline", "plain"]

_MARK = re.compile(r"\{(?P<name>\w+)\}|\*(?P<stressed>[^*]+)\*|`(?P<code>[^`]+)`")


def inline(message: str, values: Mapping[str, Tree | Ref | str | int]) -> Runs:
    """The runs of a message.

    Raises: InternalError if the message names a value that is not given.
    """
    return tuple(_runs(message, values))


def _runs(message: str, values: Mapping[str, Tree | Ref | str | int]) -> Iterator[Run]:
    start = 0
    for match in _MARK.finditer(message):
        if match.start() > start:
            yield Text(message[start : match.start()])
        start = match.end()
        if match["stressed"]:
            yield Emphasis(match["stressed"])
        elif match["code"]:
            yield Verbatim(match["code"])
        else:
            yield _value(match["name"], message, values)
    if start < len(message):
        yield Text(message[start:])


def _value(name: str, message: str, values: Mapping[str, Tree | Ref | str | int]) -> Run:
    if name not in values:
        raise InternalError(f"message {message!r}: no value is given for {name}; given: {', '.join(values)}")
    value = values[name]
    match value:
        case Ref():
            return value
        case int():
            # Groups of three digits, set apart by a narrow space that does not break.
            return Text(f"{value:,}".replace(",", "\u202f") if value > 9999 else str(value))
        case str():
            return Text(value)
    return Math(value)


def plain(text: str) -> Runs:
    """The text as it is, without marks."""
    return (Text(text),) if text else ()
