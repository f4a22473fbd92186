"""The command `derive check FILE:BACKWARD`: is a hand-written backward function right? Imports no mathematics.

The files are run in a process of their own, `inside`, which is ended if they do not come back.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.main import get_command

from derive.cli.code import COMMAND, is_class, loaded, place_of
from derive.cli.command import LayerCommand
from derive.cli.handout import TAKEN, Handout, handout_parameters, read_handout, told
from derive.cli.options import argument, option, size_option
from derive.cli.streams import emit, note
from derive.cli.usage import UsageError
from derive.cli.words import first_argument, read_shapes, values_of
from derive.errors import ExpressionError, UnknownNameError, UserError
from derive.forward.syntax import read_shape
from derive.layers import index, letters_of, listing
from derive.limited import Allow, Ended, limited

if TYPE_CHECKING:
    from derive.checking import Report

__all__ = ["check_command", "inside"]

_WRONG = 4
_REQUIRED = ("checked", "proved")
_MOST_SECONDS = 600
_LOADING = 60.0
"""How long the files may take to be run, with all that they import."""

_COMPOSING = 180.0
"""How long a handout may take, whose code is run once more."""

_HELP = """Prove a hand-written backward function, or show the numbers at which it is wrong.

The function is backward(dout, cache), where cache is what forward returns besides its output; or it takes forward's
arguments by their names and the upstream gradient. The file is run, and so is that of forward; neither is changed. A
class with the methods forward and backward is checked by its own name, and so is one of PyTorch's, a Function or a
Module."""

_ASSUME = (
    'What holds of the inputs at which it is checked: "A symmetric", "Y rows sum to 1", "Y columns sum to 1", '
    '"y sums to 1", "x > 0", "x >= 0", "x != 0"; may be given more than once. The layer of --against brings its own.'
)

_EXAMPLE = "derive check layer.py:backward --forward layer.py:forward --shape X=N,D --shape W=D,M"


def check_command(words: list[str], allow: Allow | None = None) -> Any:
    """The command, with an option for every size letter of the shapes among the words and in the files they name.

    allow is that of the process in which the check is made; None starts one.
    """
    letters = _letters(words)

    def command(context: typer.Context, **_: Any) -> None:
        request = _read(context.params, letters)
        if allow is None:
            _outside(request, words)
        else:
            _check(request, allow)

    context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [
        argument("place", "FILE:BACKWARD", "The file and the function or class in it, layer.py:backward."),
        option("forward", str, "", "The forward function that it belongs to.", "FILE:FORWARD"),
        option("against", str, "", "A layer of the catalogue that forward is, or that stands in its place.", "LAYER"),
        option("shape", list[str], [], "The shape of an argument of forward, X=N,D; X=scalar.", "NAME=SHAPE"),
        option("returns", str, "", "What backward gives back, dX,dW,db; an underscore for anything else.", "NAMES"),
        option("assume", list[str], [], _ASSUME, "TEXT"),
        *(size_option(letter) for letter in letters),
        option("size", list[str], [], "A size by its letter; may be given more than once.", "LETTER=NUMBER"),
        option("seconds", str, "10", "How long the check may take, from 1 to 600.", "NUMBER"),
        option("require", str, "checked", "With proved, anything weaker is an error.", "checked|proved"),
        *handout_parameters(),
        option("quiet", bool, False, "Print nothing; the exit code tells.", short="-q"),
        option("debug", bool, False, "Print a traceback with every error."),
    ]
    command.__signature__ = Signature([context, *parameters])  # type: ignore[attr-defined]  # Typer asks for it
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command("check", cls=LayerCommand, help=_HELP, epilog=f"Example: {_EXAMPLE}")(command)
    return get_command(app)


def _letters(words: list[str]) -> tuple[str, ...]:
    """The size letters that can be options: those of shapes on the command line, of a layer, and of annotations."""
    shapes = [*read_shapes(values_of("--shape", words), COMMAND).values()]
    found = dict.fromkeys(letters_of(shapes))
    for name in values_of("--against", words):
        with suppress(UnknownNameError):
            found.update(dict.fromkeys(listing(name).letters))
    for place in (*values_of("--forward", words), first_argument(words) or ""):
        found.update(dict.fromkeys(letters_of(_annotations(Path(place.rpartition(":")[0])))))
    folded = [letter.casefold() for letter in found]
    own = ("against", "assume", "debug", "forward", "help", "quiet", "require", "returns", "seconds", "shape", "size")
    taken = (*own, *TAKEN)
    return tuple(letter for letter in found if folded.count(letter.casefold()) == 1 and letter.casefold() not in taken)


def _annotations(path: Path) -> Iterator[str]:
    """The annotations in a file that are shapes; what is wrong with the file is said when it is run."""
    try:
        module = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):
        return
    for node in ast.walk(module):
        if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Constant):
            written = node.annotation.value
            if isinstance(written, str):
                with suppress(ExpressionError, UserError):
                    read_shape(written, node.arg, COMMAND)
                    yield written


def inside(words: list[str], allow: Allow) -> int:
    """The exit code of the command, in the process that is made for it."""
    from derive.cli.run import invoked  # deferred: it imports this module

    return invoked(check_command(words, allow), COMMAND, words)


@dataclass(frozen=True, slots=True)
class _Request:
    """What the words ask for."""

    place: str
    forward: str
    against: str | None
    shapes: Mapping[str, str]
    sizes: Mapping[str, int]
    returns: str
    assume: tuple[str, ...]
    seconds: float
    require: str
    handout: Handout
    quiet: bool


def _read(values: Mapping[str, Any], letters: Iterable[str]) -> _Request:
    place = values.get("place")
    if place is None:
        raise UsageError("expected FILE:BACKWARD, such as layer.py:backward", COMMAND)
    require = values.get("require", "checked")
    if require not in _REQUIRED:
        raise UsageError(f"--require: expected {' or '.join(_REQUIRED)}, got {require!r}", COMMAND)
    shapes = read_shapes(values.get("shape", ()), COMMAND)
    sizes: dict[str, int] = {}
    for letter, number in _sizes(values, letters):
        if sizes.setdefault(letter, number) != number:
            raise UsageError(f"--size: the size {letter} is given twice, as {sizes[letter]} and as {number}", COMMAND)
    forward, against = values.get("forward", ""), values.get("against")
    for written in (place, *([forward] if forward else [])):
        place_of(written)
    if against is not None:
        _check_name(against)
    if not forward and against is None and "." not in place.rpartition(":")[2] and not is_class(place):
        raise UsageError("expected --forward FILE:FORWARD, or --against LAYER", COMMAND)
    return _Request(
        *(place, forward, against, shapes, sizes, values.get("returns", ""), tuple(values.get("assume", ()))),
        *(_seconds(values), require),
        *(_handout(values), bool(values.get("quiet"))),
    )


def _handout(values: Mapping[str, Any]) -> Handout:
    try:
        return read_handout(values)
    except UsageError as error:
        error.command = COMMAND
        raise


def _outside(request: _Request, words: list[str]) -> None:
    """Has the check made in a process of its own, and passes on what it prints."""
    is_asked = request.handout.is_asked
    most = _LOADING + _hard(request.seconds) + (_COMPOSING if is_asked else 0)
    ended = limited("derive.cli.check:inside", words, most)
    if ended.stderr:
        note(ended.stderr.decode(errors="replace").rstrip("\n"))
    if ended.code is None:
        raise UserError(f"check: {request.place}: {_ended(ended, request)}")
    if ended.stdout and is_asked:
        request.handout.write(ended.stdout.decode())
    elif ended.stdout:
        emit(ended.stdout)
    if ended.code:
        raise typer.Exit(ended.code)


def _ended(ended: Ended, request: _Request) -> str:
    """Why there is no report."""
    files = {str(place_of(written)[0].resolve()) for written in (request.place, request.forward) if written}
    line = next((f" (line {number} of {Path(path).name})" for path, number in ended.lines if path in files), "")
    if ended.late:
        return (
            f"the code did not come back in time{line}; it was ended. Give smaller sizes, more time (--seconds), or "
            f"code that ends"
        )
    if ended.signal == "SIGKILL":
        return (
            "the process in which the code ran was killed (SIGKILL), as systems do where memory runs out. Give smaller "
            "sizes, or code that needs less"
        )
    if ended.signal:
        return f"the code made its process crash ({ended.signal}){line}; run it by itself at small sizes to see why"
    return "the code ended the process in which it ran, as os._exit does; let it return"


def _hard(seconds: float) -> float:
    """After how long a check is ended: it should have told what it knows long before."""
    return 3 * seconds + 5


def _check(request: _Request, allow: Allow) -> None:
    try:
        report, made = _report(request, allow)
    except KeyboardInterrupt as error:
        from derive.forward.file import line_of  # deferred: imports SymPy

        # Not by a person: those are heard by the process that started this one.
        told = line_of(error, place_of(request.place)[0])
        raise UserError(f"check: {request.place}: the code raised KeyboardInterrupt{told}") from error
    from derive.checking.message import data, text  # deferred: the same

    if made:
        # The process that started this one writes the files.
        emit(made)
        if not request.quiet:
            note(text(report).rstrip("\n"))
    elif request.handout.formats:
        emit(json.dumps(data(report), indent=2, ensure_ascii=False) + "\n")
    elif not request.quiet:
        emit(text(report))
    if not report.ok:
        raise typer.Exit(_WRONG)
    if request.require == "proved" and not report.proved:
        if not request.quiet:
            note("derive check: a proof is required of every gradient, and not all are proved")
        raise typer.Exit(_WRONG)


def _report(request: _Request, allow: Allow) -> tuple[Report, str]:
    """What is known of the code, which is loaded and run, and the texts that are written; "" if none are."""
    modules: dict[Path, Any] = {}
    # What is printed is the report, whatever the code under check prints.
    with redirect_stdout(sys.stderr):
        allow(_LOADING)
        backward = loaded(request.place, modules)
        forward = loaded(request.forward, modules) if request.forward else None
        from derive.checked import check  # deferred: imports SymPy
        from derive.checking.message import data

        allow(_hard(request.seconds))
        checked = check(
            backward,
            forward,
            shapes=request.shapes,
            sizes=request.sizes,
            returns=request.returns,
            against=request.against,
            assume=request.assume,
            seconds=request.seconds,
            options=request.handout.options,
        )
        if not request.handout.is_asked:
            return checked.report, ""
        allow(_COMPOSING)
        return checked.report, told(checked, request.handout, data(checked.report))


def _check_name(name: str) -> None:
    known = [entry.name for entry in index()]
    if name not in known:
        raise UnknownNameError("layer", name, known)


def _sizes(values: Mapping[str, Any], letters: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The sizes by their letters."""
    for letter in letters:
        if (written := values.get(f"size_{letter}")) is not None:
            yield letter, _number(f"--{letter.lower()}", written)
    for item in values.get("size", ()):
        letter, equals, number = item.partition("=")
        if not equals:
            raise UsageError(f"--size: expected a letter and a number such as N=3, got {item!r:.40}", COMMAND)
        yield letter.strip(), _number("--size", number)


def _number(option: str, written: str) -> int:
    text = written.strip()
    if not (text.isascii() and text.isdecimal() and int(text[:9]) > 0 and len(text) < 4):
        raise UsageError(f"{option}: expected a whole number from 1 to 999, got {written!r:.40}", COMMAND)
    return int(text)


def _seconds(values: Mapping[str, Any]) -> float:
    """How long it may take."""
    written = values.get("seconds", "10")
    with suppress(ValueError):
        if 1 <= float(written) <= _MOST_SECONDS:
            return float(written)
    raise UsageError(f"--seconds: expected a number from 1 to {_MOST_SECONDS}, got {written!r:.40}", COMMAND)
