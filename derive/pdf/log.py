"""Reads the log of a TeX run that did not fold its lines: the first error, overfull boxes, warnings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Overfull", "TexError", "first_error", "overfull", "warnings"]

# With -file-line-error TeX writes "./x.tex:3: message" where it knows the place, else "! message".
ERROR = re.compile(
    r"^(?:! ?(?P<bare>.+)|(?P<file>(?:[A-Za-z]:)?[^:\n(){}]+\.\w+):(?P<line>\d+): (?P<placed>.+))$",
    re.MULTILINE,
)
PLACE = re.compile(r"^l\.(\d+)\b", re.MULTILINE)
BOX = re.compile(r"^Overfull \\([hv])box \((\d+(?:\.\d+)?)pt too (?:wide|high)\) (.*)$", re.MULTILINE)
BOX_LINES = re.compile(r"at lines? (\d+)(?:--(\d+))?")
# pdfTeX does not always begin a line with its warnings.
WARNING = re.compile(r"^(?:LaTeX\d?|Package|Class)\b[^:]{0,60}?\bWarning:|\bpdfTeX warning\b")
CONTINUED = re.compile(r"(?:\([^()\s]+\) {2,}| {6,})(?=\S)")
SUBSTITUTION = re.compile(
    r"^LaTeX Font Warning: (?:Font shape\b|Size substitutions\b|Some font shapes were not available\b)"
)


@dataclass(frozen=True, slots=True)
class TexError:
    """The first thing TeX complained about; line is counted from 1 in file, None where TeX does not say."""

    message: str
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Overfull:
    """A box that is too big: by how many points, and the first and last line of source, where TeX says so."""

    box: Literal["hbox", "vbox"]
    points: float
    first: int | None
    last: int | None
    where: str


def first_error(log: str) -> TexError | None:
    """The first error of the log, None if there is none.

    Example:
        >>> first_error("./derive.tex:3: Undefined control sequence.")
        TexError(message='Undefined control sequence.', file='./derive.tex', line=3)
    """
    errors = list(ERROR.finditer(log))
    if not errors:
        return None
    first = errors[0]
    message = joined(log[first.start() :].splitlines())
    if first["file"]:
        message = message.removeprefix(f"{first['file']}:{first['line']}: ")
        return TexError(message, first["file"], int(first["line"]))
    message = message.removeprefix("!").strip()
    # "! LaTeX Error: File ... not found." has no place of its own; the stop that follows it has.
    placed = next((match for match in errors if match["file"]), None)
    if placed is not None:
        return TexError(message, placed["file"], int(placed["line"]))
    place = PLACE.search(log, first.end())
    return TexError(message, None, int(place[1]) if place else None)


def overfull(log: str) -> tuple[Overfull, ...]:
    r"""Every overfull box, in the order of the log.

    Example:
        >>> overfull("Overfull \\hbox (1.5pt too wide) in paragraph at lines 3--4")[0].points
        1.5
    """
    boxes = []
    for match in BOX.finditer(log):
        kind: Literal["hbox", "vbox"] = "hbox" if match[1] == "h" else "vbox"
        lines = BOX_LINES.search(match[3])
        first = int(lines[1]) if lines else None
        last = int(lines[2] or lines[1]) if lines else None
        boxes.append(Overfull(kind, float(match[2]), first, last, match[3].strip()))
    return tuple(boxes)


def warnings(log: str) -> tuple[str, ...]:
    """Every warning of LaTeX, its packages and pdfTeX, one line each, but for substituted fonts.

    Example:
        >>> warnings("LaTeX Warning: There were undefined references.")
        ('LaTeX Warning: There were undefined references.',)
    """
    lines = log.splitlines()
    found = []
    for number, line in enumerate(lines):
        if begins := WARNING.search(line):
            text = joined([line[begins.start() :], *lines[number + 1 :]])
            if not SUBSTITUTION.match(text):
                found.append(text)
    return tuple(found)


def joined(lines: list[str]) -> str:
    """The first line and those that continue it: "(package)     more"."""
    text = lines[0].rstrip()
    for line in lines[1:]:
        match = CONTINUED.match(line)
        if match is None:
            break
        text += " " + line[match.end() :].rstrip()
    return text
