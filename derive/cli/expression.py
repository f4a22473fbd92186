"""The command `derive expr`: its size options come from the shapes on the command line. Imports no mathematics."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from derive.cli.command import made_command
from derive.cli.layer import run_layer
from derive.cli.options import argument, option
from derive.cli.usage import UsageError
from derive.errors import ExpressionError
from derive.forward.syntax import LONGEST, read_shape
from derive.layers import Listing, letters_of

__all__ = ["expression_command", "read_shapes", "values_of"]

_COMMAND = "derive expr"

_LOOKS_NEGATIVE = re.compile(r"-(?!-)(?![oq]$)[A-Za-z0-9_.(-]")
"""-X and -(X + Y), but neither --tex nor -o and -q."""

_EXPECTS = re.compile(r"-o$|--(?!pdf$|tex$|fragment$|json$|formula$|all-entries$|quiet$|debug$)[a-z-]+$")
"""An option whose value is the next word."""


def expression_command(words: list[str]) -> Any:
    """The command, with an option for every size of the shapes among the words.

    Raises: UsageError for a shape that cannot be read.
    """
    listing = _listing(read_shapes(values_of("--shape", words), _COMMAND))
    parameters = [
        argument("text", "TEXT", 'The expression, "X @ W + b", or - for stdin.'),
        option("shape", list[str], [], "The shape of an array, X=N,D; X=scalar for a number.", "NAME=SHAPE"),
        option("let", list[str], [], 'Names an intermediate value: "S = softmax(X @ W)".', "NAME=TEXT"),
        option("file", str, "", "Read the text, of one or several statements, from a file.", "FILE"),
    ]

    def run(values: Mapping[str, Any]) -> None:
        _run(listing, values)

    example = 'derive expr "sum((X @ W - Y)**2) / N" --shape X=N,D --shape W=D,M --shape Y=N,M --n 2 --formula'
    words[:] = _protected(words)
    return made_command(listing, run, help=_HELP, example=example, more=parameters)


_HELP = """Derive the gradients of an expression in NumPy's style.

The expression is read and never run as Python. What it can use: + - * / ** @, comparisons as masks, .T, [ ], functions
bare or with np. before them, and the size letters of the shapes as numbers. Several statements name intermediate
values; the last one is the result."""


def read_shapes(written: Iterable[str], command: str) -> dict[str, str]:
    """The shapes by the names of their arrays: X=N,D is {"X": "N D"}.

    Raises: UsageError for one that cannot be read, or two of one name.
    """
    found: dict[str, tuple[int, str, str]] = {}
    for number, item in enumerate(written, start=1):
        name, equals, shape = item.partition("=")
        name = name.strip()
        if not equals or not name or "=" in shape:
            raise UsageError(f"--shape: expected a name and its shape such as X=N,D, got {_cut(item)}", command)
        try:
            read = read_shape(shape, name, "--shape")
        except ExpressionError as error:
            raise UsageError(str(error), command) from error
        if name in found and found[name][1] != read:
            before, _, first = found[name]
            raise UsageError(
                f"--shape: {_cut(name)} has two shapes, {_cut(first)} in the {_ordinal(before)} --shape and "
                f"{_cut(shape)} in the {_ordinal(number)}; leave out one of them, or give the arrays two names",
                command,
            )
        found.setdefault(name, (number, read, shape))
    return {name: read for name, (_, read, _) in found.items()}


def values_of(option: str, words: list[str]) -> list[str]:
    """The values that an option has among the words of a command line."""
    found: list[str] = []
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        if word == option and after:
            found.append(after)
        elif word.startswith(f"{option}="):
            found.append(word.partition("=")[2])
    return found


def _protected(words: list[str]) -> list[str]:
    """The words, with a blank before an expression that begins with a minus, which would be taken for an option."""
    before = ["", *words]
    return [
        f" {word}" if _LOOKS_NEGATIVE.match(word) and not _EXPECTS.match(last) else word
        for last, word in zip(before, words, strict=False)
    ]


def _listing(shapes: Mapping[str, str]) -> Listing:
    letters = letters_of(shapes.values())
    return Listing(
        name="expr",
        summary="An expression.",
        signature=", ".join(f"{name}: {shape}" for name, shape in shapes.items()),
        letters=letters,
        defaults=tuple((letter, number) for number, letter in enumerate(letters, start=2)),
    )


def _run(listing: Listing, values: Mapping[str, Any]) -> None:
    text = _text(values)
    shapes = read_shapes(values.get("shape", ()), _COMMAND)
    lets = _lets(values.get("let", ()))

    def make() -> Any:
        from derive.forward.parse import parse  # deferred: imports SymPy

        return parse(text, shapes, let=lets)

    run_layer(listing, values, make)


def _text(values: Mapping[str, Any]) -> str:
    text, file = values.get("text"), values.get("file")
    if (text is None) == (file is None):
        raise UsageError('expected one expression, "X @ W + b", or --file FILE', _COMMAND)
    if "-" in (text, file):
        return _decoded(sys.stdin.buffer.read(4 * LONGEST + 1), "stdin")
    if file is None:
        return str(text)
    try:
        with Path(file).open("rb") as opened:
            return _decoded(opened.read(4 * LONGEST + 1), file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ExpressionError(
            f"--file: {_cut(file)} cannot be read: {reason}; give the text itself, or its file"
        ) from error


def _decoded(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(content) > 4 * LONGEST:
            raise ExpressionError(f"{_cut(place)}: expected at most {LONGEST} characters, got more") from error
        raise ExpressionError(f"{_cut(place)}: expected text in UTF-8: {error}") from error


def _lets(written: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in written:
        name, equals, text = item.partition("=")
        if not equals or not name.strip() or text.startswith("="):
            raise UsageError(
                f'--let: expected a name and its value such as "S = softmax(X @ W)", got {_cut(item)}', _COMMAND
            )
        if name.strip() in found:
            raise UsageError(f"--let: {_cut(name.strip())} is given twice; choose another name", _COMMAND)
        found[name.strip()] = text.strip()
    return found


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _cut(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
