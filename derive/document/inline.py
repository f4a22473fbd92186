"""Turns a message into inline runs: {name} is replaced by mathematics, *words* are stressed, `words` are code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from derive.document.blocks import Emphasis, Math, Ref, Run, Runs, Text, Verbatim
from derive.errors import InternalError
from derive.notation.tree import Tree

__all__ = ["Value", "Values", "inline", "joined"]

Value: TypeAlias = Tree | Ref | Verbatim | Runs | str | int
"""What may stand in the place of a name in a message."""

Values: TypeAlias = Mapping[str, Value]

_MARK = re.compile(r"\{(?P<name>\w+)\}|\*(?P<stressed>[^*]+)\*|`(?P<code>[^`]+)`")


def inline(message: str, values: Values) -> Runs:
    """The runs of a message.

    Raises: InternalError if the message names a value that is not given.
    """
    return tuple(_runs(message, values))


def joined(parts: Iterable[Runs], between: str = ", ") -> Runs:
    """The parts that say something, one behind the other."""
    said = [part for part in parts if part]
    return tuple(run for number, part in enumerate(said) for run in (*([Text(between)] if number else []), *part))


def _runs(message: str, values: Values) -> Iterator[Run]:
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
            yield from _value(match["name"], message, values)
    if start < len(message):
        yield Text(message[start:])


def _value(name: str, message: str, values: Values) -> Runs:
    if name not in values:
        raise InternalError(f"message {message!r}: no value is given for {name}; given: {', '.join(values)}")
    value = values[name]
    match value:
        case tuple():
            return value
        case Ref() | Verbatim():
            return (value,)
        case int():
            # Groups of three digits, set apart by a narrow space that does not break.
            return (Text(f"{value:,}".replace(",", "\u202f") if value > 9999 else str(value)),)
        case str():
            return (Text(value),)
    return (Math(value),)
