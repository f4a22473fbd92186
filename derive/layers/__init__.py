"""The catalogue: one file a layer, holding its forward definition and prose, and no gradient.

`index` reads names, sizes, variants and first lines without importing a layer; `load` imports one. A variant of a
layer, the same one without bias for example, is another function in its file, decorated with `variant="bias=none"`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from derive.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from derive.forward.layer import Layer

__all__ = ["Listing", "index", "listing", "load"]

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
    files = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return tuple(_read(file) for file in files)


def listing(name: str) -> Listing:
    """What can be said of the layer of this name.

    Raises: UnknownNameError if the catalogue has none.
    """
    files = {file.stem: file for file in sorted(Path(__file__).parent.glob("[!_]*.py"))}
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


def _read(file: Path) -> Listing:
    module = ast.parse(file.read_text(encoding="utf-8"))
    function = next(n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == file.stem)
    shapes = {
        argument.arg: cast(str, ast.literal_eval(argument.annotation))
        for argument in function.args.args
        if argument.annotation is not None
    }
    letters = dict.fromkeys(letter for shape in shapes.values() for axis in shape.split() for letter in _letters(axis))
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
        letters=tuple(letters),
        defaults=tuple((letter, int(given[letter])) for letter in letters if letter in given),
        variants=tuple((option, tuple(values)) for option, values in variants.items()),
        functions=tuple(functions),
    )


def _letters(axis: str) -> list[str]:
    """The size letters of an axis such as H+K-1 in the order in which a layer has them; in stands before a bound."""
    return sorted(set(_LETTER.findall(axis)) - {"in"})


def _pairs(function: ast.FunctionDef, argument: str) -> Iterator[tuple[str, str]]:
    """What an argument of the decorator says: "N=2 D=3", "bias=none"."""
    calls = (call for call in function.decorator_list if isinstance(call, ast.Call))
    written = (keyword.value for call in calls for keyword in call.keywords if keyword.arg == argument)
    for value in written:
        for item in cast(str, ast.literal_eval(value)).split():
            name, _, chosen = item.partition("=")
            yield name, chosen
