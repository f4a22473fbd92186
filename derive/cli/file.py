"""The command `derive layer FILE:FUNCTION`: its size options are read from the file. Imports no mathematics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from derive.cli.command import made_command
from derive.cli.layer import run_layer
from derive.cli.options import argument, option
from derive.cli.usage import UsageError
from derive.cli.words import first_argument, read_shapes, values_of
from derive.layers import Listing, file_listing

__all__ = ["file_command"]

_COMMAND = "derive layer"
_NONE = Listing("layer", "", "", (), ())


def file_command(words: list[str]) -> Any:
    """The command, with an option for every size of the function that the words name.

    Raises: UsageError if they name none; UserError if the file cannot be read, or has no such function.
    """
    shapes = read_shapes(values_of("--shape", words), _COMMAND)
    named = first_argument(words)
    listing = _NONE if named is None else file_listing(*_place(named), shapes)
    parameters = [
        argument("place", "FILE:FUNCTION", "The file and the function in it, my_layers.py:swish."),
        option("shape", list[str], [], "The shape of an argument without one, X=N,D; X=scalar.", "NAME=SHAPE"),
    ]

    def run(values: Mapping[str, Any]) -> None:
        _run(listing, shapes, values)

    told = [text for text in (listing.summary, listing.signature) if text]
    example = "derive layer my_layers.py:swish --n 2 --d 3 --pdf"
    return made_command(listing, run, help="\n\n".join((_HELP, *told)), example=example, more=parameters)


_HELP = """Derive the gradients of a function in a file of your own, which is run.

The function is written in NumPy's style. Its annotations are the shapes of its arguments, as in def swish(X: "N D"),
with or without @derive.layer(...) above it; --shape gives those that are missing."""


def _run(listing: Listing, shapes: Mapping[str, str], values: Mapping[str, Any]) -> None:
    if "place" not in values:
        raise UsageError("expected FILE:FUNCTION, such as my_layers.py:swish", _COMMAND)
    path, name = _place(values["place"])

    def make() -> Any:
        from derive.forward.file import load_file  # deferred: imports SymPy

        options = (word for k, shape in shapes.items() for word in ("--shape", f"{k}={','.join(shape.split())}"))
        # The folder is this machine's own; a page says which file.
        words = ("layer", f"{path.name}:{name}", *options)
        return replace(load_file(path, name, shapes), defaults=listing.defaults, words=words)

    run_layer(listing, values, make)


def _place(written: str) -> tuple[Path, str]:
    path, colon, name = written.rpartition(":")
    if not colon or not path or not name.isidentifier():
        raise UsageError(f"expected FILE:FUNCTION, such as my_layers.py:swish, got {written[:60]!r}", _COMMAND)
    return Path(path), name
