"""The catalogue: one file a layer, holding its forward definition and prose, and no gradient.

`index` reads names, sizes and first lines without importing a layer; `load` imports one.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from derive.errors import UnknownNameError

if TYPE_CHECKING:
    from derive.forward.layer import Layer

__all__ = ["Listing", "index", "load"]


@dataclass(frozen=True, slots=True)
class Listing:
    """What can be said of a layer without running its file."""

    name: str
    summary: str
    signature: str
    letters: tuple[str, ...]
    defaults: tuple[tuple[str, int], ...]


def index() -> tuple[Listing, ...]:
    """Every layer of the catalogue, in alphabetical order."""
    files = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return tuple(_read(file) for file in files)


def load(name: str) -> Layer:
    """The layer of this name.

    Raises: UnknownNameError if the catalogue has none.
    """
    known = [file.stem for file in sorted(Path(__file__).parent.glob("[!_]*.py"))]
    if name not in known:
        raise UnknownNameError("layer", name, known)
    return cast("Layer", getattr(import_module(f"{__name__}.{name}"), name))


def _read(file: Path) -> Listing:
    module = ast.parse(file.read_text(encoding="utf-8"))
    function = next(n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == file.stem)
    shapes = {
        argument.arg: cast(str, ast.literal_eval(argument.annotation))
        for argument in function.args.args
        if argument.annotation is not None
    }
    letters = dict.fromkeys(axis for shape in shapes.values() for axis in shape.split() if not axis.isdecimal())
    call = next(d for d in function.decorator_list if isinstance(d, ast.Call))
    written = next((ast.literal_eval(k.value) for k in call.keywords if k.arg == "defaults"), "")
    given = dict(item.split("=") for item in cast(str, written).split())
    return Listing(
        name=file.stem,
        summary=(ast.get_docstring(function) or "").split("\n")[0],
        signature=", ".join(f"{name}: {shape}" for name, shape in shapes.items()),
        letters=tuple(letters),
        defaults=tuple((letter, int(given[letter])) for letter in letters if letter in given),
    )
