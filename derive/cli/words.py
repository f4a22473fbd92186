"""What the words of a command line say before it is known which options there are. Imports no mathematics."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from derive.cli.usage import UsageError
from derive.errors import ExpressionError
from derive.forward.syntax import read_shape

__all__ = ["cut", "first_argument", "protected", "read_shapes", "values_of"]

_LOOKS_NEGATIVE = re.compile(r"-(?!-)(?!o\S*$)(?!q$)[A-Za-z0-9_.(-]")
"""-X and -(X + Y), but neither --tex nor -o and -q."""

_EXPECTS = re.compile(r"-o$|--(?!pdf$|tex$|fragment$|json$|formula$|all-entries$|quiet$|debug$|help$)[a-z-]+$")
"""An option whose value is the next word."""

_SHOWN = 40


def values_of(option: str, words: list[str]) -> list[str]:
    """The values that an option has."""
    found: list[str] = []
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        if word == option and after:
            found.append(after)
        elif word.startswith(f"{option}="):
            found.append(word.partition("=")[2])
    return found


def first_argument(words: list[str]) -> str | None:
    """The first word that is neither an option nor the value of one; - stands for stdin."""
    before = ["", *words]
    arguments = (w for last, w in zip(before, words, strict=False) if not _EXPECTS.match(last))
    return next((word for word in arguments if word == "-" or not word.startswith("-")), None)


def protected(words: list[str]) -> list[str]:
    """The words, with a blank before an expression that begins with a minus, which would be taken for an option."""
    before = ["", *words]
    return [
        f" {word}" if _LOOKS_NEGATIVE.match(word) and not _EXPECTS.match(last) else word
        for last, word in zip(before, words, strict=False)
    ]


def read_shapes(written: Iterable[str], command: str) -> dict[str, str]:
    """The shapes by the names of their arrays: X=N,D is {"X": "N D"}.

    Raises: UsageError for one that cannot be read, or two of one name.
    """
    found: dict[str, tuple[int, str, str]] = {}
    for number, item in enumerate(written, start=1):
        name, equals, shape = item.partition("=")
        name = name.strip()
        if not equals or not name or "=" in shape:
            raise UsageError(f"--shape: expected a name and its shape such as X=N,D, got {cut(item)}", command)
        try:
            read = read_shape(shape, name, "--shape")
        except ExpressionError as error:
            raise UsageError(str(error), command) from error
        if name in found and found[name][1] != read:
            before, _, first = found[name]
            raise UsageError(
                f"--shape: {cut(name)} has two shapes, {cut(first)} in the {_ordinal(before)} --shape and {cut(shape)} "
                f"in the {_ordinal(number)}; leave out one of them, or give the arrays two names",
                command,
            )
        found.setdefault(name, (number, read, shape))
    return {name: read for name, (_, read, _) in found.items()}


def cut(text: str) -> str:
    """A text as a message quotes it."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
