"""Writes the formats that were asked for, and tells their paths on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from derive.cli.formats import Format
from derive.cli.place import Place
from derive.cli.streams import emit
from derive.errors import EngineError, EngineFailedError
from derive.write import write_bytes

__all__ = ["Typed", "write_formats"]


class Typed(Protocol):
    """What has a text for every format, and the LaTeX of the PDF."""

    @property
    def latex(self) -> str:
        """The document, ready for pdfLaTeX."""
        ...


def write_formats(texts: Typed, formats: Sequence[Format], place: Place, *, stem: str, engine: str) -> None:
    """Writes every format to its place; stem is what files are called that nobody has named.

    Raises: EngineError if the PDF alone cannot be made; the rest is written.
    """
    # Everything is made before anything is written: an error leaves all old files as they are.
    made: list[tuple[Path, bytes]] = []
    failure, kept = None, []
    for format in formats:
        try:
            content = _content(format, texts, engine)
        except EngineError as error:
            failure, kept = error, _kept(error, texts, place, stem)
        else:
            made.append((place.path(format, stem), content))
    if place.printed and failure is None:
        for _, content in made:
            emit(content)
        return
    for path, content in dict([*kept, *made]).items():
        write_bytes(path, content)
        emit(f"{path}\n")
    if failure is not None:
        raise EngineError("\n".join([str(failure), *(f"  kept: {path}" for path, _ in kept)])) from failure


def _content(format: Format, texts: Typed, engine: str) -> bytes:
    if format.text is not None:
        return format.text(texts).encode()
    from derive.pdf import typeset  # deferred: only a PDF needs processes

    return typeset(texts.latex, engine=engine)


def _kept(error: EngineError, texts: Typed, place: Place, stem: str) -> list[tuple[Path, bytes]]:
    """What is left when there is no PDF: the LaTeX, and what the engine wrote about it."""
    kept = [(place.beside(".tex", stem), texts.latex.encode())]
    if isinstance(error, EngineFailedError) and error.log:
        kept.append((place.beside(".log", stem), error.log))
    return kept
