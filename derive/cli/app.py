"""The Typer application: the commands written here, and one a layer. Imports no mathematics."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from derive.cli.streams import emit, note
from derive.cli.usage import UsageError
from derive.errors import InternalError, nearest
from derive.layers import index, listing, names
from derive.version import __version__

__all__ = ["Catalogue", "command_line"]


class Plain(TyperCommand):
    """A command whose options are all flags."""

    def get_params(self, ctx: Any) -> Any:
        return plain_flags(super().get_params(ctx))


class Catalogue(TyperGroup):
    """The commands, and the layers of the catalogue, each made into a command when it is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.layers = names()
        for name in self.commands.keys() & set(self.layers):
            raise InternalError(f"layers/{name}.py: {name} is a command already; rename the layer")

    def get_params(self, ctx: Any) -> Any:
        return plain_flags(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        return [*self.layers, *self.commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self.layers:
            from derive.cli.command import layer_command  # deferred: derive --help needs none of a layer's options

            return layer_command(listing(cmd_name))
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        known = self.list_commands(ctx)
        if args[0] not in known and not ctx.resilient_parsing:
            near = nearest(args[0], known)
            raise UsageError(f"unknown layer or command {args[0]!r}{near}; known: {', '.join(known)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Layers"):
            formatter.write_dl([(layer.name, layer.summary) for layer in index()])
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(100)) for name, command in self.commands.items()])


class ExpressionCommand(TyperCommand):
    """`derive expr`, whose options depend on its words; it is built when they are known."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        from derive.cli.expression import expression_command  # deferred: derive --help needs none of its options

        return expression_command(args).make_context(info_name, args, parent, **extra)


class FileCommand(TyperCommand):
    """`derive layer`, whose options depend on the file that its words name."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        from derive.cli.file import file_command  # deferred: derive --help needs none of its options

        return file_command(args).make_context(info_name, args, parent, **extra)


class NetworkCommand(TyperCommand):
    """`derive network`, whose options depend on the network among its words."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        from derive.cli.network import network_command  # deferred: derive --help needs none of its options

        return network_command(args).make_context(info_name, args, parent, **extra)


class CheckCommand(TyperCommand):
    """`derive check`, whose options depend on the files that its words name."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        from derive.cli.check import check_command  # deferred: derive --help needs none of its options

        return check_command(args).make_context(info_name, args, parent, **extra)


def plain_flags(parameters: list[Any]) -> list[Any]:
    """The parameters, where a flag without a default is off: Typer imports pydantic to find out what None means."""
    for parameter in parameters:
        if parameter.default is None:
            parameter.default = False
    return parameters


_app = typer.Typer(cls=Catalogue, rich_markup_mode=None, pretty_exceptions_enable=False)


def command_line() -> Any:
    """The command line, built anew."""
    return get_command(_app)


@_app.callback(invoke_without_command=True, epilog="Example: derive affine --n 2 --d 2 --m 3 --pdf")
def derive(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """How gradients flow back through a layer, step by step, proved and typeset."""
    if version:
        emit(f"derive {__version__}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        note(context.get_help())
        raise typer.Exit(2)


@_app.command("list", cls=Plain)
def list_layers() -> None:
    """List the layers, with their default sizes and their inputs."""
    rows = [
        (layer.name, " ".join(f"{name}={size}" for name, size in layer.defaults), layer.signature, layer.summary)
        for layer in index()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        emit("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


@_app.command("expr", cls=ExpressionCommand)
def expression() -> None:
    """Derive the gradients of an expression: derive expr "X @ W + b" --shape X=N,D ..."""


@_app.command("network", cls=NetworkCommand)
def network() -> None:
    """Derive the gradients of a network: derive network "affine(3) > sigmoid > affine(2) > mse" ..."""


@_app.command("layer", cls=FileCommand)
def layer() -> None:
    """Derive the gradients of a function in your own file: derive layer my_layers.py:swish ..."""


@_app.command("check", cls=CheckCommand)
def check() -> None:
    """Prove a backward function that was written by hand: derive check layer.py:backward --against affine ..."""


@_app.command(cls=Plain)
def doctor(
    clear_cache: Annotated[bool, typer.Option("--clear-cache", help="Empty the cache, and do nothing else.")] = False,
) -> None:
    """Tell which PDF engines work, how to mend the others, and what the cache holds."""
    from derive.cli.doctor import clear, examine  # deferred: only this command needs it

    raise typer.Exit(clear() if clear_cache else examine())
