"""A document while it is composed: blocks are added in order, equations numbered, messages translated and filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from derive.document.blocks import (
    Block,
    Code,
    Definition,
    Equation,
    EvidenceTable,
    Heading,
    Line,
    ListBlock,
    Math,
    Panel,
    Prose,
    Ref,
    Result,
    Runs,
    StepLine,
    StepList,
)
from derive.document.inline import Value, Values, inline
from derive.document.layout import LINE_WIDTH, fit, reason_room
from derive.document.spelling import Speller, speller
from derive.document.wrapping import wrapped
from derive.errors import InternalError
from derive.notation.measure import width
from derive.notation.tree import Tree

__all__ = ["Draft", "Values"]


@dataclass(slots=True)
class Draft:
    """Collects the blocks of one document; words are the values that every message may name.

    spell is how gradients are written: sections write ∂L/∂X, whatever the reader has chosen.
    """

    translate: Callable[[str], str]
    words: Mapping[str, Tree]
    blocks: list[Block] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    spell: Speller = field(default_factory=lambda: speller("partial"))

    def runs(self, message: str, **values: Value) -> Runs:
        """The message, translated and filled in."""
        runs = inline(self.translate(message), {**self.words, **values})
        return tuple(Math(self.spell(run.tree)) if isinstance(run, Math) else run for run in runs)

    def fits(self, statement: Tree) -> bool:
        """Whether the statement fits into one line beside its number."""
        return width(self.spell(statement)) <= LINE_WIDTH

    def heading(self, id: str, message: str, **values: Value) -> None:
        """Begins a section."""
        number = 1 + sum(isinstance(block, Heading) for block in self.blocks)
        self.blocks.append(Heading(id, number, self.runs(message, **values)))

    def prose(self, message: str, **values: Value) -> None:
        """Adds a paragraph."""
        self.blocks.append(Prose(self.runs(message, **values)))

    def add(self, block: Block) -> None:
        """Adds a block that was made elsewhere."""
        self.blocks.append(block)

    def items(self, *items: Runs) -> None:
        """Adds a list."""
        self.blocks.append(ListBlock(items))

    def equation(self, id: str, *statements: Tree) -> Ref:
        """Adds a numbered equation, which the result refers to."""
        self.blocks.append(Equation(id, self._number(id), fit(*statements, spell=self.spell)))
        return Ref(id)

    def display(self, id: str, *statements: Tree) -> None:
        """Adds an equation that nothing refers to, without a number."""
        self.blocks.append(Equation(id, None, fit(*statements, spell=self.spell)))

    def result(self, id: str, *statements: Tree) -> Ref:
        """Adds formulas in a box."""
        self.blocks.append(Result(id, self._number(id), fit(*statements, spell=self.spell)))
        return Ref(id)

    def steps(self, id: str, lines: Sequence[tuple[Line, Runs]]) -> Ref:
        """Adds a numbered chain of equalities, a reason beside each; the caller has seen to it that it fits."""
        spelled = [(self._spelled(line), reason) for line, reason in lines]
        room = reason_room([line for line, _ in spelled])
        self.blocks.append(StepList(id, self._number(id), tuple(StepLine(*item) for item in spelled), room))
        return Ref(id)

    def code(self, id: str, text: str) -> None:
        """Adds Python code."""
        self.blocks.append(Code(id, "python", wrapped(text)))

    def evidence(self, table: EvidenceTable) -> None:
        """Adds the table of evidence."""
        rows = tuple(replace(row, formula=self.spell(row.formula)) for row in table.rows)
        self.blocks.append(replace(table, rows=rows))

    def panel(self, id: str, message: str, inner: Draft) -> None:
        """Adds what was drafted apart, set apart."""
        self.blocks.append(Panel(id, self.translate(message), tuple(inner.blocks)))

    def definition(self, id: str, kind: str, term: str, statement: Runs, inner: Draft) -> None:
        """Adds a definition or theorem, whose formula was drafted apart."""
        named = self.translate(kind), self.translate(term)
        self.blocks.append(Definition(id, *named, statement, tuple(inner.blocks)))

    def apart(self) -> Draft:
        """A draft for what stands inside a block of this one; it shares the numbering."""
        return Draft(self.translate, self.words, [], self.numbers, self.spell)

    def _spelled(self, line: Line) -> Line:
        return replace(
            line, left=self.spell(line.left) if line.left is not None else None, right=self.spell(line.right)
        )

    def _number(self, id: str) -> int:
        if id in self.numbers:
            raise InternalError(f"document: two equations are called {id}")
        self.numbers[id] = len(self.numbers) + 1
        return self.numbers[id]
