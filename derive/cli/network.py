"""The command `derive network`: its size options are those of the network among its words. Imports no mathematics."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from derive.cli.command import made_command
from derive.cli.layer import run_layer
from derive.cli.options import argument
from derive.cli.usage import UsageError
from derive.cli.words import first_argument
from derive.layers import Listing
from derive.networks.text import LONGEST

__all__ = ["network_command"]

_COMMAND = "derive network"
_NAME = "network"

_HELP = """Derive the gradients of a network: stages with > between them.

A stage is a layer of the catalogue, or a function of expressions such as square or sum. In brackets stand the sizes
that a layer brings along, affine(3) for three outputs, and its variant, affine(3, bias=none); or the arguments of a
function, sum(axis=1). The sizes of what enters the first stage are options."""


def network_command(words: list[str]) -> Any:
    """The command, with an option for every size of the network among the words.

    Raises: UserError if the network cannot be read.
    """
    written = first_argument(words)
    layer = None if written is None else _made(_read(written))
    defaults = () if layer is None else layer.defaults
    listing = Listing(
        name=_NAME,
        summary="A network.",
        signature="",
        letters=tuple(letter for letter, _ in defaults),
        defaults=defaults,
    )

    def run(values: Mapping[str, Any]) -> None:
        if layer is None or "text" not in values:
            raise UsageError('expected one network, such as "affine(3) > sigmoid > affine(2) > mse"', _COMMAND)
        run_layer(listing, values, lambda: layer)

    parameters = [argument("text", "TEXT", 'The network, "affine(3) > sigmoid > mse", or - for stdin.')]
    example = 'derive network "affine(3) > sigmoid > affine(2) > mse" --n 2 --d 2 --pdf'
    told = "" if layer is None else "\n\n" + ", ".join(f"{letter}={number}" for letter, number in defaults)
    return made_command(listing, run, help=f"{_HELP}{told}", example=example, more=parameters)


def _read(written: str) -> str:
    if written != "-":
        return written
    content = sys.stdin.buffer.read(4 * LONGEST + 1)
    return content.decode("utf-8", errors="replace")


def _made(text: str) -> Any:
    from derive.networks.network import network  # deferred: imports SymPy

    return network(text)
