"""The blocks of a document. The name of a block's class is the name of its template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from derive.document.drawing.drawing import Drawing
from derive.notation.tree import Tree

__all__ = [
    "ArrayItem",
    "Arrays",
    "Block",
    "Code",
    "Definition",
    "Document",
    "Emphasis",
    "Equation",
    "EvidenceRow",
    "EvidenceTable",
    "Figure",
    "Head",
    "Heading",
    "Line",
    "ListBlock",
    "Listing",
    "ListingNote",
    "ListingRow",
    "Math",
    "Panel",
    "Prose",
    "Ref",
    "Result",
    "Run",
    "Runs",
    "ShapeRow",
    "ShapeTable",
    "StepLine",
    "StepList",
    "Text",
    "Verbatim",
]

_FOOTER = 76
"""The characters that fit in the foot of a page."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain words."""

    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Words that are stressed, or a term where it is defined."""

    text: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A piece of code in a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Math:
    """A formula in a sentence."""

    tree: Tree


@dataclass(frozen=True, slots=True)
class Ref:
    """The number of an equation."""

    target: str


Run: TypeAlias = Text | Emphasis | Verbatim | Math | Ref
Runs: TypeAlias = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The beginning of a section, with its number."""

    id: str
    number: int
    runs: Runs


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph."""

    runs: Runs


@dataclass(frozen=True, slots=True)
class ListBlock:
    """Short items, each a sentence or two."""

    items: tuple[Runs, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an equation: what stands before the alignment point, the sign, and what comes after it."""

    left: Tree | None
    sign: str
    right: Tree


@dataclass(frozen=True, slots=True)
class Equation:
    """A displayed formula; number is None for one that nothing refers to."""

    id: str
    number: int | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class StepLine:
    """A line of a StepList, and why it is equal to the line before; no reason where it is an earlier one."""

    line: Line
    reason: Runs


@dataclass(frozen=True, slots=True)
class StepList:
    """A chain of equalities with a reason beside each; reasons take so many em. number as in Equation."""

    id: str
    number: int | None
    steps: tuple[StepLine, ...]
    room: float


@dataclass(frozen=True, slots=True)
class Result:
    """Formulas in a box; number as in Equation."""

    id: str
    number: int | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Blocks set apart from the text, under a title."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition or theorem: what it is called, the statement, and its formula."""

    id: str
    kind: str
    term: str
    runs: Runs
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Code that runs as it is printed."""

    id: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One line of an EvidenceTable."""

    formula: Tree
    strength: str
    method: str
    where: Runs


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """How each formula was verified."""

    id: str
    header: tuple[str, str, str]
    rows: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """One line of a ShapeTable: a quantity, and its value for each array."""

    label: Runs
    cells: tuple[Runs, ...]


@dataclass(frozen=True, slots=True)
class ShapeTable:
    """Shapes and sizes of arrays, one array a column."""

    id: str
    header: tuple[Tree, ...]
    rows: tuple[ShapeRow, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, and what is said under it; header calls forward and backward values, where they are listed."""

    id: str
    drawing: Drawing
    caption: Runs
    header: tuple[str, str]


@dataclass(frozen=True, slots=True)
class ListingNote:
    """What is said of a line of code: a formula, words below it, and a sign that it is (equal) or is not (wrong).

    wide is whether the formula takes the whole width, and so stands below the line.
    """

    lines: tuple[Line, ...]
    runs: Runs
    sign: Literal["", "equal", "wrong"] = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A line of code, in the pieces in which it fits, and what is said beside it; number is that in its file."""

    number: int
    code: tuple[str, ...]
    notes: tuple[ListingNote, ...] = ()
    long: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Code line by line, with what each computes beside it."""

    id: str
    rows: tuple[ListingRow, ...]


@dataclass(frozen=True, slots=True)
class ArrayItem:
    """A matrix by its name, some of whose entries are framed; places count from 0."""

    label: Tree
    cells: tuple[tuple[Tree, ...], ...]
    framed: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Arrays:
    """Matrices of numbers, beside each other as far as there is room."""

    id: str
    array_items: tuple[ArrayItem, ...]


Block: TypeAlias = (
    Heading
    | Prose
    | ListBlock
    | Equation
    | StepList
    | Result
    | Panel
    | Definition
    | Code
    | EvidenceTable
    | ShapeTable
    | Figure
    | Listing
    | Arrays
)


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a document, around its pages, and in the metadata of its file."""

    title: str
    subtitle: Runs
    author: str
    course: str
    date: str
    license: str
    license_label: str
    keywords: tuple[str, ...]
    command: str
    version: str
    language: str
    paper: str

    @property
    def footer(self) -> str:
        """The command as far as a line at the foot of a page holds it."""
        if len(self.command) <= _FOOTER:
            return self.command
        return f"{self.command[:_FOOTER].rpartition(' ')[0]} ..."


@dataclass(frozen=True, slots=True)
class Document:
    """A document. coloured are the letters whose entries are coloured by their row, or by another axis."""

    head: Head
    blocks: tuple[Block, ...]
    coloured: tuple[str, ...]
    colour_axis: int = 0
