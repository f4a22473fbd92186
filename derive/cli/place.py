"""Where files go: output/<layer>-<sizes>[-<variant>].<ending>, or where -o and --name say."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from derive.cli.formats import FORMATS, Format
from derive.cli.usage import UsageError

__all__ = ["Place", "find_place"]

_FOLDER = Path("output")
_SEPARATORS = tuple({"/", os.sep})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder, a file in it if one was named, or stdout.

    Attributes:
        folder: Where the files go; those that are written beside a failed PDF too.
        file: The one file, None if its name is made of layer and sizes.
        name: What the user calls the files, None if they are called by layer and sizes.
        several: Whether more than one format goes there.
        printed: Whether it is stdout.
    """

    folder: Path = _FOLDER
    file: Path | None = None
    name: str | None = None
    several: bool = False
    printed: bool = False

    def path(self, format: Format, stem: str) -> Path:
        """The file of a format; stem is what layer, sizes and variant are written as."""
        if self.file is not None:
            return self.file
        variant = f"-{format.variant}" if format.variant and (self.name is None or self.several) else ""
        return self.folder / f"{self.name or stem}{variant}{format.ending}"

    def beside(self, ending: str, stem: str) -> Path:
        """A file that is written beside, or instead of, the PDF."""
        if self.file is None:
            return self.folder / f"{self.name or stem}{ending}"
        return self.file.with_name(self.file.name.removesuffix(".pdf") + ending)


def find_place(
    formats: tuple[Format, ...],
    *,
    output: str | None = None,
    name: str | None = None,
    known: tuple[Format, ...] = FORMATS,
) -> Place:
    """The place that -o and --name mean for these formats, of those that are known.

    Raises: UsageError if they mean none.
    """
    several = len(formats) > 1
    if output == "":
        raise UsageError("-o: expected a folder, a file or -, got nothing")
    if output == "-":
        if several:
            raise UsageError(f"-o -: expected one format, got {_named(formats)}; name a folder instead")
        if name is not None:
            raise UsageError("--name: nothing is called so on stdout; leave out --name or -o -")
        if any(format.text is None for format in formats) and _at_terminal():
            raise UsageError("-o -: a PDF is not for a terminal; name a file, or lead stdout into one")
        return Place(printed=True)
    if not formats and (output is not None or name is not None):
        asked = ", ".join(f"--{format.option}" for format in known)
        raise UsageError(f"{'-o' if output is not None else '--name'}: no format is asked for; add one of {asked}")
    if name is not None:
        _check_name(name)
        for format in formats:
            name = name.removesuffix(format.ending) or name
    if output is None:
        printed = name is None and not several and all(format.printed for format in formats)
        return Place(name=name, several=several, printed=printed)
    if several or output.endswith(_SEPARATORS) or Path(output).is_dir():
        return Place(folder=Path(output), name=name, several=several)
    if name is not None:
        raise UsageError("--name: -o names the file already; leave out one of them, or end -o with /")
    return Place(file=_file(Path(output), formats[0]))


def _file(path: Path, format: Format) -> Path:
    foreign = {other.ending for other in FORMATS} - {format.ending}
    if path.suffix in foreign:
        raise UsageError(f"-o: expected a name that ends with {format.ending} for --{format.option}, got {path.name!r}")
    return path


def _check_name(name: str) -> None:
    if name in ("", ".", "..") or any(separator in name for separator in _SEPARATORS):
        raise UsageError(f"--name: expected a file name without folders, got {name!r}; choose the folder with -o")


def _at_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _named(formats: tuple[Format, ...]) -> str:
    return " and ".join(f"--{format.option}" for format in formats)
