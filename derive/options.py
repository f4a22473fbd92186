"""What a user can choose, one frozen dataclass a group; the command line and Python share them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin, get_type_hints

from derive.errors import UnknownNameError, UserError

__all__ = [
    "DEFAULT_VALUES",
    "LANGUAGES",
    "ROUTES",
    "SECTIONS",
    "TAKEN",
    "DocumentOptions",
    "document_option_names",
    "document_options",
    "quoted",
]

SECTIONS = (
    "result",
    "conventions",
    "network",
    "layer",
    "idea",
    "jacobian",
    "entry",
    "index",
    "jacobians",
    "second",
    "sizes",
    "graph",
    "vector",
    "numbers",
    "check",
    "background",
    "flatten",
)
"""The sections that a handout can have, in their order."""

_OF_LAYERS = tuple(section for section in SECTIONS if section != "network")

ROUTES = ("jacobian", "entry", "index", "graph")
"""The sections among them that derive the gradients, one way each."""

_ASKED_FOR: tuple[str, ...] = ("vector", "numbers", "flatten", "jacobians", "second")
"""The sections that a handout has only if --sections names them, or --values, --end, --jacobian or --order asks."""

DEFAULT_VALUES = "seed:1"
"""The numbers where --sections asks for numbers and --values is not given."""

LANGUAGES = ("numpy", "torch", "jax")
"""The languages in which code is written."""

_BRIEF = ("result", "conventions", "jacobian")

_OF_NETWORKS = ("result", "conventions", "network", "graph", "check")
"""The sections of a network's handout, beside the routes that are asked for; no other layer has the section network."""

TAKEN = frozenset(
    (
        *("all-entries", "code", "debug", "engine", "file", "formula", "fragment", "help", "json", "let", "name"),
        *("output", "pdf", "quiet", "shape", "size", "tex"),
    )
)
"""What the options of a command are called besides those of DocumentOptions; a size that is called so has none."""

_PLAIN_WORD = re.compile(r"[\w,.:=/-]+")

_TEXT_LIMIT = 500
_SHOWN_TEXT = 30
_LISTS = ("wrt", "route", "sections")
_TEXT_OPTIONS = ("title", "author", "course", "date", "license")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOptions:
    """What is said, how deeply, on which paper.

    wrt names the inputs whose gradients are shown, all of them if empty; route the ways in which they are derived,
    sections what a document consists of, the depth deciding if empty; a title of '' is the layer's own. convention is
    how samples lie in an array, samples whether a single one is written as a vector, end whether the following layers
    give one number or also a vector, names how gradients are written. values are the numbers of a worked example,
    seed:7, a JSON file or JSON itself, none if empty; oracle is what the formulas are compared with in numbers: NumPy
    always, and PyTorch on request, so that pages do not depend on what is installed. assume is what formulas may use of
    inputs, "T rows sum to 1". jacobian adds the Jacobians as formulas, an order of 2 the second derivatives.
    """

    wrt: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    depth: Literal["brief", "full"] = "full"
    convention: Literal["rows", "columns"] = "rows"
    samples: Literal["auto", "matrix"] = "auto"
    end: Literal["scalar", "vector"] = "scalar"
    names: Literal["partial", "dX", "nabla"] = "partial"
    paper: Literal["a4", "letter"] = "a4"
    title: str = ""
    author: str = ""
    course: str = ""
    date: str = ""
    license: str = ""
    values: str = ""
    oracle: Literal["numpy", "torch"] = "numpy"
    assume: tuple[str, ...] = ()
    jacobian: bool = False
    order: Literal["1", "2"] = "1"
    language: str = "en"

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in fields(self):
            value = getattr(self, field.name)
            if get_origin(hints[field.name]) is Literal and value not in get_args(hints[field.name]):
                raise UnknownNameError(field.name, str(value), get_args(hints[field.name]))
        for name, known in (("route", ROUTES), ("sections", SECTIONS)):
            for value in getattr(self, name):
                if value not in known:
                    raise UnknownNameError(name.removesuffix("s"), value, known)
        if self.route and self.sections:
            raise UserError(
                "--route: expected without --sections, which names the routes itself; leave one of them out"
            )
        if self.values and self.sections and "numbers" not in self.sections:
            raise UserError("--values: expected numbers among --sections, where they are shown; add it")
        for name in _TEXT_OPTIONS:
            _check_text(name, getattr(self, name))

    def chosen_sections(self, *, network: bool = False) -> tuple[str, ...]:
        """The sections of the document, in their order."""
        wanted = {self.end: True, "jacobians": self.jacobian, "second": self.order == "2"}
        asked = tuple(section for section in _ASKED_FOR if wanted.get(section))
        if self.sections:
            return tuple(section for section in SECTIONS if section in (*self.sections, *asked))
        asked = (*asked, *(("numbers",) if self.values else ()))
        if network:
            most = _OF_NETWORKS if self.depth == "full" else _OF_NETWORKS[:3]
            return tuple(section for section in SECTIONS if section in (*most, *self.route, *asked))
        if self.depth == "full":
            kept = tuple(section for section in _OF_LAYERS if section not in _ASKED_FOR or section in asked)
            return tuple(section for section in kept if section not in ROUTES or section in (self.route or ROUTES))
        framed = tuple(section for section in _BRIEF if section not in ROUTES)
        routes = self.route or tuple(section for section in _BRIEF if section in ROUTES)
        return tuple(section for section in SECTIONS if section in (*framed, *routes, *asked))

    def numbers(self) -> str:
        """Where the numbers of the worked example come from; '' if the document has none."""
        return (self.values or DEFAULT_VALUES) if "numbers" in self.chosen_sections() else ""

    def changed(self) -> dict[str, Any]:
        """The options that differ from their defaults."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}

    def arguments(self) -> list[str]:
        """The options that differ from their defaults, as words of a command line; long texts are cut."""
        words = []
        for name, value in self.changed().items():
            if name == "assume":
                # Without all of it the command would derive other formulas.
                words += [word for item in value for word in ("--assume", quoted(item))]
                continue
            if value is True:
                words.append(f"--{name}")
                continue
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            # The folder is this machine's own; a page says which file.
            text = PurePath(text).name if name == "values" and not text.lstrip().startswith("{") else text
            cut = text if len(text) <= _SHOWN_TEXT else text[: _SHOWN_TEXT - 3] + "..."
            words += [f"--{name}", quoted(cut)]
        return words


def quoted(word: str) -> str:
    """The word as a shell reads it as one."""
    return word if _PLAIN_WORD.fullmatch(word) else "'" + word.replace("'", "'\\''") + "'"


def _check_text(name: str, text: str) -> None:
    if len(text) > _TEXT_LIMIT:
        raise UserError(
            f"--{name}: expected at most {_TEXT_LIMIT} characters, got {len(text)}; shorten it, or put the text "
            f"into a document of your own around the --fragment"
        )
    odd = next((c for c in text if not c.isprintable()), None)
    if odd is not None:
        raise UserError(f"--{name}: expected one line of printable text, got the character U+{ord(odd):04X}; remove it")


def document_option_names() -> list[str]:
    """What the options are called."""
    return [field.name for field in fields(DocumentOptions)]


def document_options(**chosen: Any) -> DocumentOptions:
    """The options with these values, and the defaults for the rest.

    Raises: UnknownNameError for an option or value that does not exist; UserError for a text that cannot be set.
    """
    known = document_option_names()
    for name in chosen:
        if name not in known:
            raise UnknownNameError("option", name, known)
    for name in _LISTS:
        if isinstance(chosen.get(name), str):
            chosen[name] = tuple(part for part in chosen[name].replace(" ", "").split(",") if part)
    if isinstance(chosen.get("order"), int):
        chosen["order"] = str(chosen["order"])
    if "assume" in chosen:
        chosen["assume"] = _assumptions(chosen["assume"])
    if isinstance(chosen.get("values"), Mapping):
        chosen["values"] = _json(chosen["values"])
    elif not isinstance(chosen.get("values", ""), str):
        raise UserError(
            f"--values: expected seed:7, the name of a JSON file, or arrays by name, got "
            f"{type(chosen['values']).__name__}"
        )
    return DocumentOptions(**chosen)


def _assumptions(written: Any) -> tuple[str, ...]:
    """The texts of assumptions, given one by one or with commas between them."""
    texts = (written,) if isinstance(written, str) else written
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise UserError(f'--assume: expected a text such as "A symmetric" or a list of them, got {written!r:.40}')
    return tuple(" ".join(part.split()) for text in texts for part in text.split(",") if part.strip())


def _json(arrays: Mapping[str, Any]) -> str:
    """Arrays by name as JSON, which reads, checks and shows them like those of a file."""

    def plain(value: Any) -> Any:
        if hasattr(value, "tolist"):
            return value.tolist()
        if hasattr(value, "as_integer_ratio") and float(value).as_integer_ratio() == value.as_integer_ratio():
            return float(value)
        raise UserError(
            f"--values: expected arrays, lists and numbers that have a short decimal form, got {value!r:.40} of type "
            f"{type(value).__name__}; write it as a decimal"
        )

    try:
        return json.dumps(dict(arrays), default=plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"--values: expected names with arrays, as in {{'X': [[1, 2]]}}: {error}") from error
