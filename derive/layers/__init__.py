"""The catalogue: one file a layer, holding its forward definition and prose, and no gradient.

`index` reads names, sizes, variants and first lines without importing a layer; `load` imports one. A variant of a
layer, the same one without bias for example, is another function in its file, decorated with `variant="bias=none"`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, cast

from derive.errors import ShapeError, UnknownNameError, UserError
from derive.forward.syntax import read_shape

if TYPE_CHECKING:
    from derive.forward.layer import Layer

__all__ = ["Listing", "file_listing", "index", "letters_of", "listing", "load", "names"]

_LETTER = re.compile(r"[A-Za-z]\w*")

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """What can be said of a layer without running its file.

    variants are the ways in which it can be varied, each with its values, the usual one first; functions says for
    values, unusual ones alone, which function of the file is meant.
    """

    name: str
    summary: str
    signature: str
    letters: tuple[str, ...]
    defaults: tuple[tuple[str, int], ...]
    variants: tuple[tuple[str, tuple[str, ...]], ...] = ()
    functions: tuple[tuple[Choices, str], ...] = ()


def index() -> tuple[Listing, ...]:
    """Every layer of the catalogue, in alphabetical order."""
    return tuple(map(_read, _files().values()))


def names() -> tuple[str, ...]:
    """The names of all layers, in alphabetical order, for which no file is read."""
    return tuple(_files())


def _files() -> dict[str, Path]:
    return {file.stem: file for file in sorted(Path(__file__).parent.glob("[!_]*.py"))}


def listing(name: str) -> Listing:
    """What can be said of the layer of this name.

    Raises: UnknownNameError if the catalogue has none.
    """
    files = _files()
    if name not in files:
        raise UnknownNameError("layer", name, list(files))
    return _read(files[name])


def load(name: str, variant: Mapping[str, str] | None = None) -> Layer:
    """The layer of this name, in the variant whose values are given; those that are missing are the usual ones.

    Raises: UnknownNameError if the catalogue has none; UserError for values that do not go together.

    Example:
        >>> str(load("affine", {"bias": "none"}).output)
        'X @ W'
    """
    found = listing(name)
    variants = dict(found.variants)
    for option, value in (variant or {}).items():
        if option not in variants:
            raise UnknownNameError(f"variant of {name}", option, list(variants))
        if value not in variants[option]:
            raise UnknownNameError(option, value, variants[option])
    unusual = {option: value for option, value in (variant or {}).items() if value != variants[option][0]}
    function = next((function for choices, function in found.functions if dict(choices) == unusual), None)
    if function is None:
        told = ", ".join(f"{option}={value}" for option, value in unusual.items())
        raise UserError(f"{name}: {told}: these variants cannot be had at once; choose one of them")
    return cast("Layer", getattr(import_module(f"{__name__}.{name}"), function))


def file_listing(path: Path, name: str, shapes: Mapping[str, str]) -> Listing:
    """What can be said of a function in somebody's own file without running it; shapes are those that it lacks.

    Raises: UserError if the file cannot be read; UnknownNameError if it has no such function; ShapeError if an argument
    has no shape.
    """
    try:
        content = path.read_bytes()
        module = ast.parse(content)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}; give FILE:FUNCTION, such as layers.py:swish"
        ) from error
    except SyntaxError as error:
        text = f": {error.text.strip()}" if error.text else ""
        raise UserError(f"{path}: no Python: {error.msg}\n  {path.name}, line {error.lineno}{text}") from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise UserError(f"{path}: no Python: {error}") from error
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    if name not in functions:
        raise UnknownNameError(f"function of {path.name}", name, functions)
    function = functions[name]
    found = {**_shapes(function), **shapes}
    optional = [
        argument.arg for argument in function.args.args[len(function.args.args) - len(function.args.defaults) :]
    ]
    for parameter in (*function.args.posonlyargs, *function.args.args):
        if parameter.arg not in found and parameter.arg not in optional:
            raise ShapeError(
                f"{path.name}:{name}: argument {parameter.arg} has no shape; write it as its annotation, "
                f'{parameter.arg}: "N D" (and "" for a scalar), or add --shape {parameter.arg}=N,D'
            )
    for argument, shape in found.items():
        read_shape(shape, argument, f"{path.name}:{name}")
    if not found and not function.args.vararg:
        raise ShapeError(f"{path.name}:{name}: expected a function of at least one array, got one without arguments")
    letters = letters_of(found.values())
    given = {letter: int(number) for letter, number in _pairs(function, "defaults") if number.isdecimal()}
    free = (number for number in count(2) if number not in given.values())
    return Listing(
        name=f"layer {path}:{name}",
        summary=(ast.get_docstring(function) or "").split("\n")[0],
        signature=", ".join(f"{key}: {shape}" for key, shape in found.items()),
        letters=letters,
        defaults=tuple((letter, given[letter] if letter in given else next(free)) for letter in letters),
    )


def _read(file: Path) -> Listing:
    module = ast.parse(file.read_text(encoding="utf-8"))
    function = next(n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == file.stem)
    shapes = _shapes(function)
    letters = letters_of(shapes.values())
    given = dict(_pairs(function, "defaults"))
    usual = dict(_pairs(function, "variant"))
    variants = {option: [value] for option, value in usual.items()}
    functions: list[tuple[Choices, str]] = [((), function.name)]
    for other in module.body:
        if isinstance(other, ast.FunctionDef) and other is not function and (pairs := tuple(_pairs(other, "variant"))):
            functions.append((pairs, other.name))
            for option, value in pairs:
                variants[option] = list(dict.fromkeys([*variants[option], value]))
    return Listing(
        name=file.stem,
        summary=(ast.get_docstring(function) or "").split("\n")[0],
        signature=", ".join(f"{name}: {shape}" for name, shape in shapes.items()),
        letters=letters,
        defaults=tuple((letter, int(given[letter])) for letter in letters if letter in given),
        variants=tuple((option, tuple(values)) for option, values in variants.items()),
        functions=tuple(functions),
    )


def _shapes(function: ast.FunctionDef) -> dict[str, str]:
    """The shapes of the arguments that have one."""
    return {
        argument.arg: argument.annotation.value
        for argument in (*function.args.posonlyargs, *function.args.args)
        if isinstance(argument.annotation, ast.Constant) and isinstance(argument.annotation.value, str)
    }


def letters_of(shapes: Iterable[str]) -> tuple[str, ...]:
    """The size letters of shapes as they are written, "N H+K-1", in the order in which a layer has them.

    Those of one axis are in alphabetical order; `in` stands before the bound of an input of whole numbers.
    """
    axes = (axis for shape in shapes for axis in shape.split() if axis != "in")
    return tuple(dict.fromkeys(letter for axis in axes for letter in sorted(set(_LETTER.findall(axis)))))


def _pairs(function: ast.FunctionDef, argument: str) -> Iterator[tuple[str, str]]:
    """What an argument of the decorator says: "N=2 D=3", "bias=none"."""
    calls = (call for call in function.decorator_list if isinstance(call, ast.Call))
    written = (keyword.value for call in calls for keyword in call.keywords if keyword.arg == argument)
    for value in written:
        for item in cast(str, ast.literal_eval(value)).split():
            name, _, chosen = item.partition("=")
            yield name, chosen
