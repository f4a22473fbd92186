"""The command `derive expr`: its size options come from the shapes on the command line. Imports no mathematics."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from derive.cli.command import made_command
from derive.cli.layer import run_layer
from derive.cli.options import argument, option
from derive.cli.usage import UsageError
from derive.cli.words import cut, protected, read_shapes, values_of
from derive.errors import ExpressionError
from derive.forward.syntax import LONGEST
from derive.layers import Listing, letters_of

__all__ = ["expression_command"]

_COMMAND = "derive expr"


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
    words[:] = protected(words)
    return made_command(listing, run, help=_HELP, example=example, more=parameters)


_HELP = """Derive the gradients of an expression in NumPy's style.

The expression is read and never run as Python. What it can use: + - * / ** @, comparisons as masks, .T, [ ], functions
bare or with np. before them, and the size letters of the shapes as numbers. Several statements name intermediate
values; the last one is the result."""


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
            f"--file: {cut(file)} cannot be read: {reason}; give the text itself, or its file"
        ) from error


def _decoded(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(content) > 4 * LONGEST:
            raise ExpressionError(f"{cut(place)}: expected at most {LONGEST} characters, got more") from error
        raise ExpressionError(f"{cut(place)}: expected text in UTF-8: {error}") from error


def _lets(written: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in written:
        name, equals, text = item.partition("=")
        if not equals or not name.strip() or text.startswith("="):
            raise UsageError(
                f'--let: expected a name and its value such as "S = softmax(X @ W)", got {cut(item)}', _COMMAND
            )
        if name.strip() in found:
            raise UsageError(f"--let: {cut(name.strip())} is given twice; choose another name", _COMMAND)
        found[name.strip()] = text.strip()
    return found
