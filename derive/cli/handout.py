"""The handout of `derive check`: its options, the texts that the process of the check makes, and the files.

The process in which the code under check runs makes texts alone; what writes files and starts an engine is the process
of the command line. Imports no mathematics.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from derive.cli.files import write_formats
from derive.cli.formats import FORMATS, Format, ended
from derive.cli.options import DOCUMENT, ENGINE_CHOICES, choices, literal, option
from derive.cli.place import Place, find_place
from derive.cli.request import chosen, formats_of, options_of
from derive.options import SECTIONS, DocumentOptions

if TYPE_CHECKING:
    from derive.checked import Checked

__all__ = ["TAKEN", "Handout", "handout_parameters", "read_handout", "told"]

_DOCUMENT = ("depth", "route", "sections", "names", "paper", "title", "author", "course", "date", "license")
"""The options of documents that a check has as well."""

_HELP = {
    "pdf": "Write the handout: verdicts, code line by line, derivation.",
    "json": "Print the verdicts as JSON; with -o or another format, write them.",
    "sections": f"What the derivation consists of, of {', '.join(SECTIONS)}.",
    "depth": "Every step of the derivation, or the shortest.",
    "title": "The title; that of a check if not given.",
}

CHECK_FORMATS = tuple(
    replace(format, help=_HELP.get(format.option, format.help))
    for format in FORMATS
    if format.option in ("pdf", "tex", "fragment", "json")
)

TAKEN = (*_DOCUMENT, *(format.option for format in CHECK_FORMATS), "engine", "name", "output")
"""What the options are called; a size that is called so has none."""


@dataclass(frozen=True, slots=True)
class Handout:
    """What is to be written, where, and how."""

    formats: tuple[Format, ...]
    place: Place
    options: DocumentOptions
    engine: str

    @property
    def is_asked(self) -> bool:
        """Whether anything is written besides what a check prints."""
        return bool(self.formats) and not (self.place.printed and self.formats[0].option == "json")

    def write(self, made: str) -> None:
        """Writes what `told` has made, and tells the paths.

        Raises: EngineError if there is no PDF; the rest is written.
        """
        texts = json.loads(made)
        write_formats(_Texts(**texts["texts"]), self.formats, self.place, stem=texts["stem"], engine=self.engine)


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts of a check."""

    latex: str
    fragment: str
    json: str


def handout_parameters() -> list[Parameter]:
    """The options, in the order of the help."""
    made = [option(format.option, bool, False, format.help) for format in CHECK_FORMATS]
    made.append(option("output", str, "", "Where to write: a folder, a file, or - for stdout.", "PLACE", short="-o"))
    made.append(option("name", str, "", "What to call the files, without ending.", "NAME"))
    made.append(option("engine", literal(ENGINE_CHOICES), "auto", "What makes the PDF; see derive doctor."))
    for name in _DOCUMENT:
        placeholder, help = DOCUMENT[name]
        values = choices(name)
        default = getattr(DocumentOptions(), name) if values else ""
        help = _HELP.get(name, help)
        made.append(option(name, literal(values) if values else str, default, help, placeholder))
    return made


def read_handout(values: Mapping[str, Any]) -> Handout:
    """What these values, as they were typed, ask for.

    Raises: UsageError for a value that an option cannot have; UserError for a text that cannot be set.
    """
    # What a check assumes is no option of its document.
    given = {name: value for name, value in values.items() if name not in DOCUMENT or name in _DOCUMENT}
    formats = formats_of(given)
    place = find_place(formats, output=values.get("output"), name=values.get("name"), known=CHECK_FORMATS)
    return Handout(formats, place, options_of(given), chosen("engine", values.get("engine", "auto"), ENGINE_CHOICES))


def told(checked: Checked, handout: Handout, data: Any) -> str:
    """The texts that are asked for, for `Handout.write`; data are the verdicts."""
    asked = {format.option for format in handout.formats}
    texts = {
        "latex": ended(checked.latex()) if asked & {"pdf", "tex"} else "",
        "fragment": ended(checked.latex(fragment=True)) if "fragment" in asked else "",
        "json": ended(json.dumps(data, indent=2, ensure_ascii=False)),
    }
    return json.dumps({"stem": _stem(checked), "texts": texts})


def _stem(checked: Checked) -> str:
    """check-affine-backward-2x3, with the options by which two handouts of one check differ."""
    sizes = "x".join(map(str, checked.sizes.values()))
    changed = checked.options.changed()
    words = [str(value) for name, value in changed.items() if choices(name)]
    name = re.sub(r"\W+", "-", checked.report.name).strip("-")
    return "-".join(["check", name, *([sizes] if sizes else []), *words])
