"""Turns a layer of the catalogue into a command of its own, generated from its size letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from derive.cli.options import parameters
from derive.cli.streams import emit
from derive.cli.usage import UsageError
from derive.layers import Listing

__all__ = ["layer_command", "made_command"]


class LayerCommand(TyperCommand):
    """A command whose context holds the values as they were typed, and only those that were.

    Typer would convert them, for which it imports pydantic: a tenth of a second, and errors in words of its own. What
    is wrong with a value is said by request.py.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            values, rest, _ = self.make_parser(ctx).parse_args(args=list(args))
        except Exception as error:
            # Not every error of the parser knows whose option it is about.
            if hasattr(error, "ctx"):
                error.ctx = ctx
            raise
        # An argument that is missing has no value, or one that says so; what was typed is text.
        ctx.params, ctx.args = {name: value for name, value in values.items() if _is_typed(value)}, rest
        if ctx.resilient_parsing:
            return rest
        help = self.get_help_option(ctx)
        if help is not None and help.name in values:
            emit(f"{ctx.get_help()}\n")
            raise typer.Exit
        if rest:
            raise UsageError(f"unexpected {rest[0]!r}; sizes are options, such as --size M=3", ctx.command_path)
        return rest


def _is_typed(value: object) -> bool:
    return isinstance(value, str | list | tuple | bool)


def layer_command(listing: Listing) -> Any:
    """The Typer command of a layer of the catalogue."""

    def run(values: Mapping[str, Any]) -> None:
        from derive.cli.layer import run_layer  # deferred: --help needs none of it

        run_layer(listing, values)

    sizes = " ".join(f"--{letter.lower()} {number}" for letter, number in listing.defaults)
    help = f"{listing.summary}\n\n{listing.signature}"
    return made_command(listing, run, help=help, example=f"derive {listing.name} {sizes} --pdf")


def made_command(
    listing: Listing,
    run: Callable[[Mapping[str, Any]], None],
    *,
    help: str,
    example: str,
    more: Sequence[Parameter] = (),
) -> Any:
    """The Typer command that runs with the values as they were typed; more are parameters besides those of a layer."""

    def command(context: typer.Context, **_: Any) -> None:
        run(context.params)

    context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    command.__signature__ = Signature([context, *more, *parameters(listing)])  # type: ignore[attr-defined]  # functions take it, mypy has it not
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    name = listing.name.split()[0]
    app.command(name, cls=LayerCommand, help=help, epilog=f"Example: {example}")(command)
    return get_command(app)
