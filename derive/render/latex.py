"""Turns a Document into LaTeX, one template a block."""

from __future__ import annotations

from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from derive.document.blocks import (
    ArrayItem,
    Block,
    Document,
    Emphasis,
    Figure,
    Line,
    ListingNote,
    ListingRow,
    Math,
    Ref,
    Run,
    Runs,
    Text,
    Verbatim,
)
from derive.document.drawing.drawing import Drawing
from derive.errors import InternalError, UserError
from derive.notation.code import print_code
from derive.notation.latex import Style, print_latex, print_sign
from derive.notation.tree import Tree
from derive.notation.walk import has_fraction
from derive.render.signs import SIGNS
from derive.render.tikz import tikz_commands

__all__ = ["COLOURS", "escape", "listed", "render_fragment", "render_latex"]

COLOURS = 6
"""How many row colours the preamble defines."""


_GOES_ON = frozenset({"minus", "plus", "times"})
"""The signs at the head of a line that are no relations."""

BLANK = r"\blank{}"
"""A blank that is copied as one."""


_LONG_WORD = 24
"""Code of more characters, in a sentence, may be broken."""

_HIGH = 15.0
"""A picture of more em leaves too little room for what may stand below it."""

_LEAST_LINES = 4
"""A part of a listing that may stand alone on a page has so many lines."""


class LaTeX(str):
    """Text that is LaTeX already."""

    __slots__ = ()


_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"'",
    "`": r"\textasciigrave{}",
    "·": r"\textperiodcentered{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "„": r"\quotedblbase{}",
    "…": r"\textellipsis{}",
    "€": r"\texteuro{}",
    "×": r"\texttimes{}",
    "\u00a0": r"~",
    "\u202f": r"\,",
}


def escape(text: str) -> LaTeX:
    """The text as LaTeX that prints it literally.

    Raises: UserError for a character that the fonts of pdfTeX do not have.
    """
    return LaTeX("".join(map(_escaped, text)))


@cache
def _escaped(character: str) -> str:
    special = _SPECIAL.get(character)
    if special is not None:
        return special
    # T1 fonts with LaTeX's UTF-8 tables cover Latin-1 and Latin Extended-A, but for a few signs.
    if " " <= character <= "~" or (
        "\u00a1" <= character <= "\u017e" and character not in "\u00ad\u0132\u0133\u0138\u0149\u017f"
    ):
        return character
    raise UserError(
        f"the character {character!r} (U+{ord(character):04X}) is not in the fonts that pdfTeX sets text with; "
        f"write it in Latin letters"
    )


def render_latex(document: Document) -> str:
    """The whole document, ready for pdfLaTeX.

    Raises: UserError for a character that cannot be set.
    """
    return _render(document, "document.tex")


def render_fragment(document: Document) -> str:
    r"""The body alone, to \input into a document of one's own; its first lines name what that must load."""
    return _render(document, "fragment.tex")


def _render(document: Document, shell: str) -> str:
    printer = _Printer(document)
    blocks = [printer.block(block) for block in document.blocks]
    environment = _environment()
    pictures = any(isinstance(block, Figure) for block in document.blocks)
    return environment.get_template(shell).render(
        head=document.head, blocks=blocks, pictures=pictures, **printer.filters()
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in template_folders("latex")]),
        block_start_string=r"\BLOCK{",
        block_end_string="}",
        variable_start_string=r"\VAR{",
        variable_end_string="}",
        comment_start_string=r"\COMMENT{",
        comment_end_string="}",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,
        finalize=lambda value: value if isinstance(value, LaTeX) else escape(str(value)),
    )


def template_folders(format: str) -> list[Path]:
    """Where the templates of a format lie: inside an installed package, or at the top of the repository."""
    package = Path(__file__).parent.parent
    folders = [package / "templates" / format, package.parent / "templates" / format]
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        raise InternalError(f"templates: none of {', '.join(map(str, folders))} exists; install the package again")
    return found[:1]


class _Printer:
    """What templates call: inline runs, formulas and code as LaTeX, and ids, which are never printed, as they are."""

    def __init__(self, document: Document) -> None:
        self._style = Style(frozenset(document.coloured), COLOURS, document.colour_axis)
        self._numbers = dict(_numbered(document.blocks))

    def filters(self) -> dict[str, Any]:
        return {
            "code": _code,
            "placed": _placed,
            "inline": self.inline,
            "latex": self.block,
            "cells": self.cells,
            "heads": self.heads,
            "key": LaTeX,
            "line": self.line,
            "listed_row": self.listed_row,
            "matrix": self.matrix,
            "lines": self.lines,
            "math": self.math,
            "picture": self.picture,
            "plain": _plain,
            "typed": _typed,
        }

    def block(self, block: Block) -> LaTeX:
        template = _environment().get_template(f"{type(block).__name__}.tex")
        return LaTeX(template.render(block=block, **self.filters()))

    def math(self, tree: Tree) -> LaTeX:
        return LaTeX(print_latex(tree, self._style))

    def line(self, line: Line) -> LaTeX:
        return LaTeX(self._line(line))

    def picture(self, drawing: Drawing) -> list[LaTeX]:
        return [LaTeX(command) for command in tikz_commands(drawing, self.math)]

    def lines(self, lines: tuple[Line, ...]) -> LaTeX:
        return LaTeX(" \\\\\n".join(map(self._line, lines)))

    def cells(self, cells: tuple[Runs, ...]) -> LaTeX:
        return LaTeX(" & ".join(map(self.inline, cells)))

    def heads(self, trees: tuple[Tree, ...]) -> LaTeX:
        return LaTeX(" & ".join(rf"$\displaystyle {self.math(tree)}$" for tree in trees))

    def listed_row(self, row: ListingRow) -> LaTeX:
        """A line of code with what is said of it beside it, or below what is wide."""
        code = r"\\\listingmore ".join(rf"\texttt{{{listed(piece)}}}" for piece in row.code)
        beside = "".join(self._note(note) for note in row.notes if not note.wide)
        below = "".join(self._note(note) for note in row.notes if note.wide)
        if not beside or row.long:
            made = rf"\listingrow{{{row.number}}}{{{code}}}"
            made += f"%\n\\listingaside{{{beside}}}" if beside else ""
        else:
            made = rf"\listingpair{{{row.number}}}{{{code}}}{{{beside}}}"
        return LaTeX(made + (f"%\n\\listingbelow{{{below}}}" if below else ""))

    def _note(self, note: ListingNote) -> str:
        signs = {"": "", "equal": r"\equalsign{}", "wrong": r"\wrongsign{}"}
        formula = rf"\listingformula{{{self.lines(note.lines)}}}" if note.lines else ""
        said = rf"\listingsaid{{{signs[note.sign]}{self.inline(note.runs)}}}" if note.runs or note.sign else ""
        return formula + said

    def matrix(self, item: ArrayItem) -> LaTeX:
        """The entries in brackets; those that are framed are so in bold as well."""
        # Rows of fractions would touch each other.
        apart = r" \\[8pt] " if any(map(has_fraction, chain.from_iterable(item.cells))) else r" \\ "
        rows = apart.join(
            " & ".join(
                rf"\framedentry{{{self.math(cell)}}}" if (i, j) in item.framed else self.math(cell)
                for j, cell in enumerate(row)
            )
            for i, row in enumerate(item.cells)
        )
        return LaTeX(rf"\begin{{bmatrix}}{rows}\end{{bmatrix}}")

    def _line(self, line: Line) -> str:
        left = print_latex(line.left, self._style) + " " if line.left is not None else ""
        lead = r"\quad " if line.sign in _GOES_ON else ""
        sign = f"{print_sign(line.sign)} " if line.sign else ""
        return f"{left}& {lead}{sign}{print_latex(line.right, self._style)}"

    def inline(self, runs: Runs) -> LaTeX:
        return LaTeX("".join(map(self._run, runs)))

    def _run(self, run: Run) -> str:
        match run:
            case Text(text):
                return escape(text)
            case Emphasis(text):
                return rf"\emph{{{escape(text)}}}"
            case Verbatim(text):
                return rf"\texttt{{{_breakable(text)}}}"
            case Math(tree):
                return f"${self.math(tree)}$"
            case Ref(target):
                if target not in self._numbers:
                    raise InternalError(f"document: a reference to {target}, which has no number")
                return rf"\equationref{{{target}}}{{{self._numbers[target]}}}"


def _numbered(blocks: tuple[Block, ...]) -> list[tuple[str, int]]:
    found = []
    for block in blocks:
        number = getattr(block, "number", None)
        if isinstance(number, int):
            found.append((block.id, number))  # type: ignore[union-attr]  # only blocks with an id have a number
        found += _numbered(getattr(block, "blocks", ()))
    return found


def _plain(runs: Runs) -> str:
    """The runs without any mark-up, for the outline of a PDF."""
    return "".join(_plain_run(run) for run in runs)


def _plain_run(run: Run) -> str:
    match run:
        case Math(tree):
            return print_code(tree)
        case Ref(target):
            return target
    return run.text


def _typed(text: str) -> LaTeX:
    """Text as it would be typed: straight quotes, and no hyphens that join to a dash."""
    return LaTeX(escape(text).replace("'", r"\textquotesingle{}").replace("--", "-{}-"))


def _breakable(text: str) -> LaTeX:
    """Code in a sentence; where it is long, a line may end behind its signs."""
    if len(text) <= _LONG_WORD:
        return escape(text)
    return LaTeX("".join(rf"{escape(c)}\allowbreak{{}}" if c in "_./,:(=[" else escape(c) for c in text))


def listed(text: str) -> LaTeX:
    """Somebody's line of code; what the fonts lack is set as mathematics, or else told by its number."""
    return LaTeX("".join(map(_listed, text)).replace("--", "-{}-").replace("--", "-{}-").replace(",,", ",{},"))


def _listed(character: str) -> str:
    if character == " ":
        return BLANK
    if character == "'":
        return r"\textquotesingle{}"
    if character in SIGNS:
        return rf"\ensuremath{{{SIGNS[character]}}}"
    try:
        return escape(character)
    except UserError:
        return rf"\othersign{{{ord(character):04X}}}"


def _placed(drawing: Drawing) -> str:
    """Where a picture may stand: here; else above text; else on a page of its own."""
    return "htp" if drawing.height <= _HIGH else "hp"


def _code(text: str) -> LaTeX:
    """Code, its lines kept and its indentation as wide as it is, in parts between which a page may end."""
    parts = ("\n".join(rf"\codeline{{{_typed(line).replace(' ', BLANK)}}}" for line in part) for part in _parts(text))
    return LaTeX("\\codegoeson\n".join(rf"\codepart{{%{chr(10)}{part}}}" for part in parts))


def _parts(text: str) -> list[list[str]]:
    """The lines of a listing, a part ending before each function; one of a few lines goes with the next."""
    parts: list[list[str]] = [[]]
    for line in text.split("\n"):
        starts = line.lstrip().startswith(("def ", "class "))
        if starts and len(parts[-1]) >= _LEAST_LINES and not parts[-1][-1]:
            parts.append([])
        parts[-1].append(line)
    return parts
