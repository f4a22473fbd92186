"""A document while it is composed: blocks are added in order, equations numbered, messages translated and filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from derive.document.blocks import (
    Block,
    Code,
    Definition,
    Equation,
    EvidenceTable,
    Heading,
    Line,
    ListBlock,
    Panel,
    Prose,
    Ref,
    Result,
    Runs,
    StepLine,
    StepList,
)
from derive.document.inline import Value, Values, inline
from derive.document.layout import fit, reason_room
from derive.errors import InternalError
from derive.notation.tree import Tree

__all__ = ["Draft", "Values"]


@dataclass(slots=True)
class Draft:
    """Collects the blocks of one document; words are the values that every message may name."""

    translate: Callable[[str], str]
    words: Mapping[str, Tree]
    blocks: list[Block] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def runs(self, message: str, **values: Value) -> Runs:
        """The message, translated and filled in."""
        return inline(self.translate(message), {**self.words, **values})

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
        self.blocks.append(Equation(id, self._number(id), fit(*statements)))
        return Ref(id)

    def display(self, id: str, *statements: Tree) -> None:
        """Adds an equation that nothing refers to, without a number."""
        self.blocks.append(Equation(id, None, fit(*statements)))

    def result(self, id: str, *statements: Tree) -> Ref:
        """Adds formulas in a box."""
        self.blocks.append(Result(id, self._number(id), fit(*statements)))
        return Ref(id)

    def steps(self, id: str, lines: Sequence[tuple[Line, Runs]]) -> Ref:
        """Adds a numbered chain of equalities, a reason beside each; the caller has seen to it that it fits."""
        room = reason_room([line for line, _ in lines])
        self.blocks.append(StepList(id, self._number(id), tuple(StepLine(*item) for item in lines), room))
        return Ref(id)

    def code(self, id: str, text: str) -> None:
        """Adds Python code."""
        self.blocks.append(Code(id, "python", text))

    def evidence(self, table: EvidenceTable) -> None:
        """Adds the table of evidence."""
        self.blocks.append(table)

    def panel(self, id: str, message: str, inner: Draft) -> None:
        """Adds what was drafted apart, set apart."""
        self.blocks.append(Panel(id, self.translate(message), tuple(inner.blocks)))

    def definition(self, id: str, kind: str, term: str, statement: Runs, inner: Draft) -> None:
        """Adds a definition or theorem, whose formula was drafted apart."""
        named = self.translate(kind), self.translate(term)
        self.blocks.append(Definition(id, *named, statement, tuple(inner.blocks)))

    def apart(self) -> Draft:
        """A draft for what stands inside a block of this one; it shares the numbering."""
        return Draft(self.translate, self.words, [], self.numbers)

    def _number(self, id: str) -> int:
        if id in self.numbers:
            raise InternalError(f"document: two equations are called {id}")
        self.numbers[id] = len(self.numbers) + 1
        return self.numbers[id]
