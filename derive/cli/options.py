"""The options of a layer's command, as the parameters of the function that Typer reads them from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from inspect import Parameter
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from derive.cli.formats import FORMATS, Format
from derive.layers import Listing
from derive.options import DEFAULT_VALUES, ROUTES, SECTIONS, TAKEN, DocumentOptions

__all__ = [
    "DOCUMENT",
    "ENGINE_CHOICES",
    "LARGEST",
    "argument",
    "choices",
    "literal",
    "option",
    "parameters",
    "size_option",
    "size_options",
    "size_parameter",
]

LARGEST = 1_000_000_000
"""The largest size; a document costs the same at any, and beyond this one only a slip of the finger goes."""

DOCUMENT = {
    "wrt": ("NAMES", "The inputs whose gradients are shown, such as X,W; all of them if not given."),
    "route": ("NAMES", f"The ways in which they are derived, of {', '.join(ROUTES)}; all of them are checked anyway."),
    "sections": ("NAMES", f"What the document consists of, of {', '.join(SECTIONS)}."),
    "depth": ("", "Every step, or each result with its shortest proof."),
    "convention": ("", "Whether samples are the rows of an array, Y = X W + b, or its columns, Y = W X + b."),
    "samples": ("", "With one sample: written as a vector if that can be done, or as a matrix with one row."),
    "end": ("", "Whether a section tells what changes where the following layers give a vector and not one number."),
    "names": ("", "How gradients are written: as partial derivatives of the loss, as dX, or with a nabla."),
    "paper": ("", "The size of the page."),
    "title": ("TEXT", "The title; the layer's own if not given."),
    "author": ("TEXT", "Who hands it out."),
    "course": ("TEXT", "The course that it belongs to."),
    "date": ("TEXT", "The date that is printed; none if not given."),
    "license": ("TEXT", "The licence under which it is handed out."),
    "values": (
        "SOURCE",
        'Work the example out with numbers: seed:7, or a JSON file such as {"X": [[1, 2]], ...}, from which the sizes '
        f"are read. The section numbers, asked for alone, takes {DEFAULT_VALUES}.",
    ),
    "oracle": ("", "What formulas are compared with in numbers; torch, if installed, comes beside NumPy."),
    "assume": (
        "TEXT",
        'What formulas may use, printed beside them: "A symmetric", "Y rows sum to 1", "Y columns sum to 1", '
        '"y sums to 1", "x > 0", "x >= 0", "x != 0"; may be given more than once.',
    ),
    "jacobian": (
        "",
        "Add the Jacobians as formulas, J_X = kron(eye(N), W.T): lines of --formula, parts of --json, and a section "
        "jacobians with each of them written out.",
    ),
    "order": (
        "",
        "2 adds second derivatives, the Hessian and its product with a direction: lines of --formula, parts of --json, "
        "and a section second.",
    ),
}
"""What stands in the place of a value, '' for the choices themselves, and what the option does."""

ENGINE_CHOICES = ("auto", "system", "tinytex")
"""The names in the table of engines, which only a PDF imports, and the one that takes the first that works."""

_VARIANT = "In which of its forms the layer is taken."


def parameters(listing: Listing) -> list[Parameter]:
    """Everything that the command of a layer takes, in the order of its help."""
    return [
        *_sizes(listing),
        option("size", list[str], [], "A size by its letter; may be given more than once.", "LETTER=NUMBER"),
        *(option(name, literal(values), values[0], _VARIANT) for name, values in listing.variants),
        *_document(),
        *map(_format, FORMATS),
        option("all_entries", bool, False, "With --json: list every entry, up to 100000 of them."),
        option("output", str, "", "Where to write: a folder, a file, or - for stdout.", "PLACE", short="-o"),
        option("name", str, "", "What to call the files, without ending.", "NAME"),
        option("engine", literal(ENGINE_CHOICES), "auto", "What makes the PDF; see derive doctor."),
        option("quiet", bool, False, "Print no notes on stderr.", short="-q"),
        option("debug", bool, False, "Print a traceback with every error."),
    ]


def _format(format: Format) -> Parameter:
    if format.choices:
        return option(format.option, literal(tuple(format.choices)), "", format.help)
    return option(format.option, bool, False, format.help)


def size_parameter(letter: str) -> str:
    """The name of the parameter that holds a size; no option is called so."""
    return f"size_{letter}"


def size_options(listing: Listing) -> dict[str, str]:
    """The letters that have an option of their own, with it: no other letter or option may be called the same."""
    folded = [letter.casefold() for letter in listing.letters]
    taken = {*TAKEN, *DOCUMENT, *(option for option, _ in listing.variants)}
    return {
        letter: f"--{name}"
        for letter, name in zip(listing.letters, folded, strict=True)
        if folded.count(name) == 1 and name not in taken
    }


def choices(option: str) -> tuple[str, ...]:
    """The values that an option of DocumentOptions can have; () if it is free."""
    hint = get_type_hints(DocumentOptions)[option]
    return get_args(hint) if get_origin(hint) is Literal else ()


def _sizes(listing: Listing) -> Iterator[Parameter]:
    defaults = dict(listing.defaults)
    for letter, option in size_options(listing).items():
        declared = typer.Option(option, help=f"The size {letter}.", min=1, max=LARGEST, show_default=True)
        yield _parameter(size_parameter(letter), int, defaults.get(letter), declared)


def _document() -> Iterator[Parameter]:
    for field in fields(DocumentOptions):
        if field.name in DOCUMENT:
            placeholder, help = DOCUMENT[field.name]
            values = choices(field.name)
            # What stands in a tuple with commas in it is given one by one.
            several, flag = field.name == "assume", field.default is False
            kind: Any = list[str] if several else bool if flag else literal(values) if values else str
            default = field.default or ([] if several else False if flag else "")
            yield option(field.name, kind, default, help, placeholder)


def size_option(letter: str) -> Parameter:
    """An option for a size that has no default."""
    declared = typer.Option(f"--{letter.casefold()}", help=f"The size {letter}.", metavar="NUMBER", show_default=False)
    return _parameter(size_parameter(letter), str, "", declared)


def argument(name: str, placeholder: str, help: str) -> Parameter:
    """A word without an option before it."""
    return _parameter(name, str, "", typer.Argument(metavar=placeholder, help=help, show_default=False))


def option(name: str, kind: Any, default: Any, help: str, placeholder: str = "", *, short: str = "") -> Parameter:
    """An option; a default that is not empty is shown in the help."""
    flags = [f"--{name.replace('_', '-')}", *([short] if short else [])]
    shown = bool(default)
    declared = typer.Option(*flags, help=help, metavar=placeholder or None, show_default=shown)
    return _parameter(name, kind, default, declared)


def _parameter(name: str, kind: Any, default: Any, declared: Any) -> Parameter:
    # A subscript that is computed is no annotation that a type checker could read.
    annotation: Any = Annotated[kind, declared]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def literal(values: tuple[str, ...]) -> Any:
    """The type of an option that has these values."""
    return Literal[values]
