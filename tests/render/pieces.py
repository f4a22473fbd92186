"""Small pieces of documents, and the lines that the terminal shows of them."""

from derive.document.blocks import Document, Equation, Head, Line
from derive.render.text import render_text


def document(*blocks, title: str = "A title", coloured: tuple[str, ...] = ("x", "y")) -> Document:
    head = Head(title, (), "", "", "", "", "License:", (), "derive affine --n 2", "0.1", "en", "a4")
    return Document(head, blocks, coloured)


def body(*blocks, **options) -> list[str]:
    """The lines of the blocks, without head and foot."""
    lines = render_text(document(*blocks), **options).split("\n")
    top = next(n for n, line in enumerate(lines) if line.startswith("━"))
    foot = max(n for n, line in enumerate(lines) if line.startswith("───"))
    return lines[top + 2 : foot - 1]


def equation(*lines: Line, number: int | None = None, **options) -> list[str]:
    return body(Equation("an.equation", number, lines), **options)
