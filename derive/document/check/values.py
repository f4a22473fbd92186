"""How values of the code are written: in matrix notation, else by indices, else entry by entry at sizes, else in words.

Names of the code stay as the code has them; inputs and gradients are called as on every page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from derive.checking.lines.account import Account
from derive.checking.lines.entries import entry_tree
from derive.checking.lines.recording import Array
from derive.checking.numbers.places import entry_name
from derive.document.blocks import ArrayItem, Math, Runs, Text
from derive.document.entrywise import Entrywise
from derive.document.inline import joined
from derive.document.layout import fits
from derive.document.notations import is_unreadable
from derive.engine.tables import EntryTable
from derive.errors import DeriveError
from derive.forward.formula import Definition
from derive.forward.matrix import called, read
from derive.forward.nodes import Input, Node
from derive.forward.normal import replaced
from derive.notation.measure import width
from derive.notation.script import greek_name
from derive.notation.tree import Entry, Explicit, Gradient, Name, Number, Relation, Tree
from derive.proof.ring import Kind

__all__ = ["Values", "cells_width", "code_name", "shape_runs"]

_MOST_ENTRIES = 16
"""A matrix of more entries is told by its first."""

_WIDEST_ENTRY = 16.0
"""In em; a wider one is not written."""

_GAP = 0.9
"""In em; the space between two columns."""


def code_name(text: str, rank: int = 0) -> Name:
    """The name that code gives a value; what no name of LaTeX's can hold is spelled out."""
    spelled = "".join(c if " " <= c <= "~" else greek_name(c) or "?" for c in text)
    return Name(spelled, "code", rank)


def shape_runs(shape: tuple[Any, ...]) -> Runs:
    """N×D, or 2×3."""
    return joined((_size_runs(size, alone=len(shape) == 1) for size in shape), "×")


def _size_runs(size: Any, *, alone: bool) -> Runs:
    written = Math(Number(size if isinstance(size, int) else str(size)))
    return (Text("("), written, Text(")")) if not alone and any(sign in str(size) for sign in "+-") else (written,)


def cells_width(cells: Sequence[Sequence[Tree]]) -> float:
    """How wide a matrix is, in em."""
    return sum(max(map(width, column)) + _GAP for column in zip(*cells, strict=True))


@dataclass(frozen=True, eq=False)
class Values:
    """Reads values in the names that were given before; every function has names of its own."""

    account: Account
    names: dict[Node, Tree] = field(default_factory=dict)
    entries: dict[Node, Node] = field(default_factory=dict)
    _shown: set[tuple[int, ...]] = field(default_factory=set)

    @cached_property
    def _moved(self) -> Mapping[Node, Node]:
        """The inputs of the page in the place of those of the run."""
        layer = self.account.layer
        if layer is None:
            return {}
        moved: dict[Node, Node] = dict(zip(self.account.subject.inputs, layer.inputs, strict=True))
        seed = self.account.traced.seed
        return {**moved, seed: layer.upstream} if isinstance(seed, Input) else moved

    def gradient(self, name: str) -> Gradient:
        """∂L/∂X."""
        node = next(node for node in self.account.subject.inputs if node.name == name)
        return Gradient(called(name, node), f"d{name}", self.loss)

    def arriving(self, name: str, rank: int) -> Tree:
        """∂L/∂xhat, for a value that forward calls so."""
        return Gradient(code_name(name, rank), f"d{name}", self.loss)

    @property
    def loss(self) -> str:
        """L."""
        return "L" if self.account.layer is None else self.account.layer.loss

    @property
    def output(self) -> Name:
        """Y."""
        layer = self.account.layer
        if layer is not None:
            return called(layer.output_name, layer.output)
        taken = {node.name for node in self.account.subject.inputs}
        return Name(next(name for name in ("Y", "Z", "Out", "Output") if name not in taken), "matrix")

    def own(self, node: Node) -> Node:
        """The node in the inputs of the page."""
        return replaced(node, self._moved) if self._moved else node

    def input(self, node: Node) -> Tree | None:
        """X, if the node is an input."""
        return called(node.name, node) if isinstance(node, Input) and not node.gradient_of else None

    def _chosen(self, array: Array) -> Tree | None:
        """The input whose whole numbers an array holds."""
        whole = {} if self.account.branch is None else self.account.branch.whole
        same = (name for name, numbers in whole.items() if np.array_equal(numbers, array.entries))
        node = next((node for name in same for node in self.account.subject.inputs if node.name == name), None)
        return None if node is None else called(node.name, node)

    def learn(self, name: str, array: Array) -> None:
        """What is read from now on calls this value so, unless it has a name already."""
        if array.node is None or not all(part.isidentifier() for part in name.split(".")):
            return
        node = self.own(array.node)
        for other in [key for key, tree in self.names.items() if isinstance(tree, Name) and tree.text == name]:
            # What had this name has it no more.
            del self.names[other]
            self.entries.pop(other, None)
        if not isinstance(node, Input) and node.operands and node not in self.names:
            self.names[node] = code_name(name, len(node.shape))
            if name.isascii():
                letter = name.rpartition(".")[2]
                self.entries[node] = Input(letter, node.shape, letter)

    def within(self) -> Values:
        """What is read in another function, with the names of values that forward keeps."""
        kept = [(word, self.own(node)) for word, node in self.account.kept.items()]
        names: dict[Node, Tree] = {node: code_name(word, len(node.shape)) for word, node in kept}
        return Values(self.account, names, {node: Input(word, node.shape, word) for word, node in kept})

    def named(self, definitions: Sequence[Definition]) -> Values:
        """What is read in the names of the derivation."""
        entries: dict[Node, Node] = {item.node: item.entries for item in definitions if item.entries is not None}
        # A gradient that has a name is known by what it is computed from.
        return Values(self.account, {item.source or item.node: item.name for item in definitions}, entries)

    def statement(self, left: Tree, array: Array) -> Relation | None:
        """left = what the value is, for all sizes; None if that has no form that a page can hold."""
        if array.node is None:
            return None
        node = self.own(array.node)
        others = {key: tree for key, tree in self.names.items() if key is not node and tree != left}
        known = self.names.get(node)
        if known is not None and known != left:
            return Relation.equal(left, known)
        try:
            tree = read(node, names=others)
        except DeriveError:
            return None
        made = Relation.equal(left, tree)
        if not is_unreadable(tree) and len(array.shape) < 3 and fits(made):
            return made
        indexed = self.indexed(left, node)
        if indexed is not None:
            return indexed
        return made if fits(made) else None

    def indexed(self, left: Tree, node: Node) -> Relation | None:
        """The same with letters for indices; None if there is no such form, or it is too wide."""
        layer = self.account.layer
        if layer is None:
            return None
        reader = Entrywise(
            layer, {key: name for key, name in self.entries.items() if self.names.get(key) != left and key is not node}
        )
        try:
            match left:
                case Gradient(Name(text, kind)) if kind != "code" and text in self._letters:
                    found = reader.gradient(self._letters[text], node)
                case Name(text):
                    found = reader.value(text.replace(".", "").replace(" ", ""), node)
                case _:
                    return None
        except DeriveError:
            return None
        return found if fits(found) else None

    def show(self, array: Array) -> None:
        """The entries are on the page."""
        if array.node is None:
            self._shown.add(_places(array))

    def was_shown(self, array: Array) -> bool:
        """Whether these very entries are on the page already."""
        return array.node is None and _places(array) in self._shown

    def constant(self, array: Array) -> Tree | None:
        """The number that all entries are; None if they are not."""
        entries = np.asarray(array.entries)
        if array.node is not None or entries.dtype.kind not in "Obiuf" or not entries.size:
            return None
        numbers = {_number(value) for value in entries.ravel()}
        return self._entry(entries.ravel()[0]) if len(numbers) == 1 and numbers != {None} else None

    def at_sizes(self, left: Tree, array: Array) -> Relation | None:
        """left = the matrix of entries, or its first entry; None if that is too long."""
        entries = np.asarray(array.entries)
        if entries.dtype.kind not in "Obiuf" or not entries.size:
            return None
        flat = [*entries.ravel()]
        if entries.ndim and entries.size <= _MOST_ENTRIES and entries.ndim <= 2:
            trees = [self._entry(value) for value in flat]
            if all(tree is not None and width(tree) <= _WIDEST_ENTRY for tree in trees):
                rows = np.atleast_2d(entries).shape
                table = EntryTable("", (rows[0], rows[1]), lambda i, j: trees[i * rows[1] + j] or Number(0), dict)
                made = Relation.equal(left, Explicit(table))
                if fits(made):
                    return made
        # The first that says something.
        place = next((n for n, value in enumerate(flat) if _number(value) is None), 0)
        first = self._entry(flat[place])
        if first is None or width(first) > 2 * _WIDEST_ENTRY:
            return None
        if not entries.ndim:
            return Relation.equal(left, first)
        made = Relation.equal(Entry(_plain(left), tuple(map(int, np.unravel_index(place, entries.shape)))), first)
        return made if fits(made) else None

    def matrix(self, label: Tree, entries: Any) -> ArrayItem | None:
        """The entries as a matrix; None if one of them is too long."""
        rows = np.atleast_2d(entries)
        cells = tuple(tuple(self._entry(value) for value in row) for row in rows)
        if any(cell is None or width(cell) > _WIDEST_ENTRY for row in cells for cell in row):
            return None
        return ArrayItem(label, cells)  # type: ignore[arg-type]  # none of them is None

    def differ(self, first: Any, second: Any) -> list[tuple[int, int]]:
        """The places, as in a matrix, at which entries are not the same."""
        pairs = zip(np.atleast_2d(first).ravel(), np.atleast_2d(second).ravel(), strict=True)
        columns = np.atleast_2d(first).shape[1]
        return [divmod(place, columns) for place, (a, b) in enumerate(pairs) if a != b]

    def _entry(self, value: Any) -> Tree | None:
        seed = self.account.subject.upstream or "G"
        letter = str(self.output.text).lower()
        value = value.item() if isinstance(value, np.generic) else value
        return entry_tree(value, self._letters, {seed: letter}, self.loss)

    @cached_property
    def _letters(self) -> Mapping[str, str]:
        """What the entries of inputs are called by."""
        layer = self.account.layer
        if layer is not None:
            return {node.name: node.letter for node in layer.inputs}
        names = [node.name for node in self.account.subject.inputs]
        lowered = [name.lower() for name in names]
        return {name: low if lowered.count(low) == 1 else name for name, low in zip(names, lowered, strict=True)}

    def given(self, array: Array) -> Tree | None:
        """The input, or the upstream gradient, that an array is as it was given; None if it is none of them."""
        if array.node is not None:
            return self.input(self.own(array.node))
        if array.entries.dtype != object:
            return self._chosen(array)
        names = {str(getattr(_variable(entry), "name", "")).partition("[")[0] for entry in array.entries.ravel()}
        name = names.pop() if len(names) == 1 else ""
        places = [entry_name(name, place) for place in np.ndindex(array.shape)]
        if not name or [str(_variable(entry).name) for entry in array.entries.ravel()] != places:
            return None
        node = next((node for node in self.account.subject.inputs if node.name == name), None)
        if node is not None and len(node.shape) == len(array.shape):
            return called(name, node)
        return Gradient(self.output, name, self.loss) if node is None else None


def _variable(entry: Any) -> Any:
    """The variable that an entry is; None if it is none."""
    terms = getattr(entry, "terms", None) or {}
    for monomial, coefficient in terms.items() if len(terms) == 1 else ():
        powers = entry.field.monomials[monomial]
        if coefficient == 1 and len(powers) == 1 and powers[0][1] == 1:
            found = entry.field.generators[powers[0][0]]
            return found if found.kind is Kind.VARIABLE else None
    return None


def _places(array: Array) -> tuple[int, ...]:
    """What tells the entries of an array, which the run keeps, from others."""
    return (*array.shape, *map(id, array.entries.ravel()))


def _plain(left: Tree) -> str:
    """The letter of the entries of what has this name."""
    match left:
        case Name(text):
            return text.replace(".", "").replace(" ", "")
        case Gradient(Name(text)):
            return f"d{text}"
    return "z"


def _number(value: Any) -> Any:
    """The number that an entry is; None if it depends on others."""
    terms = getattr(value, "terms", None)
    if terms is None:
        return float(value)
    return terms.get(0, 0) if set(terms) <= {0} else None
