"""What a user can choose, one frozen dataclass a group; the command line and Python share them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from derive.errors import UnknownNameError, UserError

__all__ = ["ROUTES", "SECTIONS", "DocumentOptions", "document_options"]

SECTIONS = ("result", "conventions", "layer", "idea", "jacobian", "vector", "check", "background")
"""The sections that a handout can have, in their order."""

ROUTES = ("jacobian",)
"""The sections among them that derive the gradients, one way each."""

_ASKED_FOR: tuple[str, ...] = ("vector",)
"""The sections that a full handout has only if --sections names them, or --end asks for them."""

_BRIEF = ("result", "conventions", "jacobian")

_TEXT_LIMIT = 500
_SHOWN_TEXT = 30
_LISTS = ("wrt", "route", "sections")
_TEXT_OPTIONS = ("title", "author", "course", "date", "license")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOptions:
    """What is said, how deeply, on which paper.

    wrt names the inputs whose gradients are shown, all of them if empty; route the ways in which they are derived,
    sections what a document consists of, the depth deciding if empty; convention is how samples lie in an array, and
    samples whether a single one is written as a vector; end is whether the following
    layers give one number or also a vector; names is how gradients are written; a title of '' is the layer's own.
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
        for name in _TEXT_OPTIONS:
            _check_text(name, getattr(self, name))

    def chosen_sections(self) -> tuple[str, ...]:
        """The sections of the document, in their order."""
        asked = tuple(section for section in _ASKED_FOR if section == self.end)
        if self.sections:
            return tuple(section for section in SECTIONS if section in (*self.sections, *asked))
        if self.depth == "full":
            kept = tuple(section for section in SECTIONS if section not in _ASKED_FOR or section in asked)
            return tuple(section for section in kept if section not in ROUTES or section in (self.route or ROUTES))
        framed = tuple(section for section in _BRIEF if section not in ROUTES)
        routes = self.route or tuple(section for section in _BRIEF if section in ROUTES)
        return tuple(section for section in SECTIONS if section in (*framed, *routes, *asked))

    def changed(self) -> dict[str, Any]:
        """The options that differ from their defaults."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}

    def arguments(self) -> list[str]:
        """The options that differ from their defaults, as words of a command line; long texts are cut."""
        words = []
        for name, value in self.changed().items():
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            cut = text if len(text) <= _SHOWN_TEXT else text[: _SHOWN_TEXT - 3] + "..."
            words += [f"--{name}", cut if cut.replace(",", "").isalnum() else "'" + cut.replace("'", "'\\''") + "'"]
        return words


def _check_text(name: str, text: str) -> None:
    if len(text) > _TEXT_LIMIT:
        raise UserError(
            f"--{name}: expected at most {_TEXT_LIMIT} characters, got {len(text)}; shorten it, or put the text "
            f"into a document of your own around the --fragment"
        )
    odd = next((c for c in text if not c.isprintable()), None)
    if odd is not None:
        raise UserError(f"--{name}: expected one line of printable text, got the character U+{ord(odd):04X}; remove it")


def document_options(**chosen: Any) -> DocumentOptions:
    """The options with these values, and the defaults for the rest.

    Raises: UnknownNameError for an option or value that does not exist; UserError for a text that cannot be set.
    """
    known = [field.name for field in fields(DocumentOptions)]
    for name in chosen:
        if name not in known:
            raise UnknownNameError("option", name, known)
    for name in _LISTS:
        if isinstance(chosen.get(name), str):
            chosen[name] = tuple(part for part in chosen[name].replace(" ", "").split(",") if part)
    return DocumentOptions(**chosen)
