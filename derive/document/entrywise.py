"""Reads nodes entry by entry, in index notation: y_nmhw = Σ_c Σ_i Σ_j x_{n,c,h+i-1,w+j-1} f_mcij + b_m.

That is how a layer is written whose arrays have more than two axes: matrix notation has no words for them. Letters are
those of the sizes, where they are free.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from derive.document.layout import fits
from derive.document.words import named_values
from derive.errors import UnsupportedError
from derive.forward.formula import Definition, Formula
from derive.forward.layer import Layer
from derive.forward.nodes import (
    Add,
    Constant,
    Contract,
    Delta,
    Input,
    Map,
    Node,
    OneHot,
    Ones,
    Select,
    topological,
)
from derive.forward.normal import replaced
from derive.forward.scalar import number, read_scalar
from derive.forward.selected import chosen_place
from derive.locale import N_
from derive.notation.tree import (
    BigSum,
    Einsum,
    Entry,
    Equal,
    Gradient,
    Index,
    Name,
    Negative,
    Number,
    Pad,
    Product,
    Quotient,
    Relation,
    Repeat,
    Reshape,
    Selection,
    Sum,
    Tree,
    Windows,
)
from derive.notation.tree import Delta as DeltaTree
from derive.notation.walk import children
from derive.rules.index import Factor, IndexSum, Kronecker, Letters, Part, contract_delta, expand
from derive.rules.index import Product as Term
from derive.rules.recalled import recalled

__all__ = [
    "Entrywise",
    "in_notation",
    "is_indexed",
    "shown_definition",
    "shown_formula",
    "shown_forward",
    "shown_output",
]

_PLAIN = "ijpqrstuvabcdekln"
"""Letters for axes whose size is no letter."""


@dataclass(frozen=True, eq=False)
class Entrywise:
    """Reads nodes of a layer; values that have a name are read by it.

    names are the stand-ins for values and gradients that have a name; letters those of the entries of what a gradient
    is one of, by the name in Input.gradient_of.
    """

    layer: Layer
    names: Mapping[Node, Node] = field(default_factory=dict)
    letters: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(layer: Layer, definitions: Sequence[Definition]) -> Entrywise:
        """The reader that uses these names."""
        names = {item.node: item.entries for item in definitions if item.entries is not None}
        letters = {item.name.text: item.entries.letter for item in definitions if item.entries is not None}  # type: ignore[union-attr]  # values have names
        return Entrywise(layer, dict(names), letters)

    def value(self, letter: str, node: Node, free: tuple[str, ...] = ()) -> Relation:
        """y_ij = ..., for what is called so; with these letters for its axes, if any are given."""
        others = {k: v for k, v in self.names.items() if k is not node or self._is_called_otherwise(letter, v)}
        index, tree = self._read(_in_names(node, others), free)
        return Relation.equal(Entry(letter, index), tree)

    @staticmethod
    def _is_called_otherwise(letter: str, entries: Node) -> bool:
        """Whether what is defined has another name already, so that this one is said to be the same."""
        return isinstance(entries, Input) and entries.letter != letter

    def gradient(self, of: str, node: Node) -> Relation:
        """∂L/∂x_ij = ..., for the array whose entries have this letter."""
        free, tree = self._read(_in_names(node, self.names))
        return Relation.equal(Gradient(Entry(of, free), f"d{of}", self.layer.loss), tree)

    def named(self, node: Node) -> Node:
        """The node, with the names in the place of the values that have one."""
        return _in_names(node, self.names)

    def read(self, value: IndexSum) -> Tree:
        """The sum, everything in it multiplied out and deltas contracted."""
        letters = Letters((*self._taken, *self._of_sizes, *(letter for letter, _ in value.sizes)))
        value = expand(value, letters)
        while (contracted := contract_delta(value)) is not None:
            value = contracted[0]
        return self._sum(value, letters)

    def _read(self, node: Node, free: tuple[str, ...] = ()) -> tuple[tuple[Index, ...], Tree]:
        free = free or self._free(node)
        sizes = tuple(zip(free, node.shape, strict=True))
        tree = self.read(IndexSum((Term((Factor(node, free),)),), free, sizes))
        return tuple(0 if size == 1 else letter for letter, size in sizes), tree

    @property
    def _taken(self) -> tuple[str, ...]:
        """Letters of arrays, which are no indices."""
        arrays = [*(node.letter for node in self.layer.inputs), self.layer.output_letter, *self.letters.values()]
        return tuple(array for array in arrays if len(array) == 1)

    @property
    def _of_sizes(self) -> tuple[str, ...]:
        """n, c, h: what runs to N, C, H."""
        return tuple(letter.lower() for letter in self.layer.letters if len(letter) == 1)

    def _free(self, node: Node) -> tuple[str, ...]:
        """A letter for each axis: that of its size if no other axis has it."""
        counted = Counter(map(str, node.shape))
        others = [letter for letter in _PLAIN if letter not in (*self._taken, *self._of_sizes)]
        others += [letter for letter in _PLAIN if letter not in (*self._taken, *others)]
        wanted = [str(size).lower() for size in node.shape]
        free: list[str] = []
        for size, letter in zip(node.shape, wanted, strict=True):
            own = len(letter) == 1 and letter.isalpha() and counted[str(size)] == 1 and letter not in self._taken
            chosen = letter if own else next(x for x in others if x not in free and x not in wanted)
            free.append(chosen)
        return tuple(free)

    def _sum(self, value: IndexSum, letters: Letters) -> Tree:
        terms = tuple(self._term(term, value, letters) for term in value.products)
        return Number(0) if not terms else terms[0] if len(terms) == 1 else Sum(terms)

    def _term(self, term: Term, value: IndexSum, letters: Letters) -> Tree:
        renamed = self._renamed(term, value)
        sizes = {new: value.size(old) for old, new in renamed.renaming.items()}
        places: dict[str, Index] = {letter: 0 for letter, size in sizes.items() if size == 1}
        parts, sums = _placed(renamed.factors, [letter for letter in renamed.sums if letter not in places], places)
        read = [self._part(part, places, letters) for part in parts]
        minus = sum(isinstance(part, Negative) or part == Number(-1) for part in read) % 2 == 1
        kept = [part.operand if isinstance(part, Negative) else part for part in read]
        kept = [part for part in kept if part not in (Number(1), Number(-1))]
        kept.sort(key=lambda part: 0 if isinstance(part, Number) else 2 if isinstance(part, DeltaTree) else 1)
        under = [part.under for part in kept if _is_reciprocal(part)]
        kept = [part for part in kept if not _is_reciprocal(part)]
        body: Tree = Product(tuple(kept)) if len(kept) > 1 else kept[0] if kept else Number(1)
        if under:
            body = Quotient(body, Product(tuple(under)) if len(under) > 1 else under[0])
        bounds = tuple((letter, str(sizes[letter])) for letter in sums)
        tree = BigSum(bounds, body) if bounds else body
        return Negative(tree) if minus else tree

    def _renamed(self, term: Term, value: IndexSum) -> _Renamed:
        return _renamed(term, value, (*self._taken, *value.free))

    def _part(self, part: Part, places: Mapping[str, Index], letters: Letters) -> Tree:
        match part:
            case Kronecker(first, second):
                return DeltaTree((places.get(first, first), places.get(second, second)))
            case Factor(node, index):
                return self._entry(node, tuple(places.get(i, i) for i in index), letters)
        raise UnsupportedError("index notation: a derivative is left")

    def _entry(self, node: Node, index: tuple[Index, ...], letters: Letters) -> Tree:
        match node:
            case Input(gradient_of=""):
                return Entry(node.letter, index)
            case Input():
                of = self.letters.get(node.gradient_of, self.layer.output_letter)
                return Gradient(Entry(of, index), node.letter, self.layer.loss)
            case Constant():
                return number(node.value)
            case Ones():
                return Number(1)
            case Delta():
                return DeltaTree((index[0], index[1]))
            case Map():
                return read_scalar(
                    node.function, [self._entry(o, index, letters) for o in node.operands], times=Product
                )
            case Select():
                place = chosen_place(node, index[:-1])
                return DeltaTree((index[-1], _tidied(place) if isinstance(place, str) else place))
            case OneHot((given,)):
                place = index[-1]
                chosen = Number(place) if isinstance(place, int) else Sum((Number(place), Negative(Number(1))))
                return Equal(self._entry(given, index[:-1], letters), chosen)
            case Add() | Contract():
                return self._opened(node, index, letters)
        raise UnsupportedError(f"index notation: {type(node).__name__} is no sum of products of entries")

    def _opened(self, node: Add | Contract, index: tuple[Index, ...], letters: Letters) -> Tree:
        """An entry of a sum inside of a function; its letters are put in the places of others at the end."""
        free = tuple(letters.fresh() for _ in index)
        value = expand(
            IndexSum((Term((Factor(node, free),)),), free, tuple(zip(free, node.shape, strict=True))), letters
        )
        while (contracted := contract_delta(value)) is not None:
            value = contracted[0]
        inner = _Inside(self.layer, self.names, self.letters, dict(zip(free, index, strict=True)))
        return inner._sum(value, letters)


def _in_names(node: Node, names: Mapping[Node, Node]) -> Node:
    """The node, values that have a name by that, and functions of such values by those functions that have one."""
    return replaced(node, {**recalled(node, names), **names})


@dataclass(frozen=True, eq=False)
class _Inside(Entrywise):
    """Reads what stands inside of a function, where some letters stand for the indices outside."""

    outer: Mapping[str, Index] = field(default_factory=dict)

    def _renamed(self, term: Term, value: IndexSum) -> _Renamed:
        # The letter of a size may be in use outside.
        return _Renamed(term.factors, term.sums, {letter: letter for letter in (*value.free, *term.sums)})

    def _part(self, part: Part, places: Mapping[str, Index], letters: Letters) -> Tree:
        return super()._part(part, {**self.outer, **places}, letters)


@dataclass(frozen=True, slots=True)
class _Renamed:
    """A term in other letters, and which letter became which."""

    factors: tuple[Part, ...]
    sums: tuple[str, ...]
    renaming: Mapping[str, str]


def _renamed(term: Term, value: IndexSum, taken: Sequence[str]) -> _Renamed:
    """Summed letters called like their sizes: Σ_c from 1 to C."""
    sizes = Counter(str(value.size(letter)) for letter in term.sums)
    renaming = {letter: letter for letter in (*value.free, *term.sums)}
    for letter in term.sums:
        size = str(value.size(letter))
        wanted = size.lower()
        if len(size) == 1 and size.isalpha() and sizes[size] == 1 and wanted not in (*taken, *renaming.values()):
            renaming[letter] = wanted

    def rename(part: Part) -> Part:
        match part:
            case Factor(node, index):
                return Factor(node, tuple(renaming.get(i, i) for i in index))
            case Kronecker(first, second):
                return Kronecker(renaming.get(first, first), renaming.get(second, second))
        return part

    return _Renamed(tuple(map(rename, term.factors)), tuple(renaming[letter] for letter in term.sums), renaming)


def _placed(parts: Sequence[Part], sums: Sequence[str], places: dict[str, Index]) -> tuple[list[Part], list[str]]:
    """Σ_p [p = h+i-1] x_p = x_{h+i-1}: a selection whose last letter is summed says what stands in its place."""
    left, kept = list(sums), list(parts)
    while True:
        sources = {p.index[-1] for p in kept if _is_selection(p) and p.index[-1] in left}  # type: ignore[union-attr]  # factors
        chosen = next(
            (
                p
                for p in kept
                if isinstance(p, Factor)
                and isinstance(p.node, Select)
                and p.index[-1] in sources
                and not sources & set(p.index[:-1])
            ),
            None,
        )
        if chosen is None or not isinstance(chosen.node, Select):
            return kept, left
        inner = tuple(places.get(letter, letter) for letter in chosen.index[:-1])
        place = chosen_place(chosen.node, inner)
        places[chosen.index[-1]] = _tidied(place) if isinstance(place, str) else place
        left.remove(chosen.index[-1])
        kept = [part for part in kept if part is not chosen]


def _tidied(place: str) -> str:
    """2h+l-2 for 2h-1+l-1."""
    terms = re.findall(r"[+-]?[^+-]+", place) if "(" not in place else [place]
    number = sum(int(term) for term in terms if re.fullmatch(r"[+-]?\d+", term))
    rest = "".join(
        term if term[0] in "+-" or n == 0 else f"+{term}"
        for n, term in enumerate(terms)
        if not re.fullmatch(r"[+-]?\d+", term)
    )
    return (f"{rest}{number:+d}" if number else rest) or str(number)


def _is_reciprocal(part: Tree) -> TypeGuard[Quotient]:
    return isinstance(part, Quotient) and part.over == Number(1)


def _is_selection(part: Part) -> bool:
    return isinstance(part, Factor) and isinstance(part.node, Select)


def is_indexed(layer: Layer) -> bool:
    """Whether a layer is written in index notation: it has an array of more than two axes, or needs einsum."""
    if any(len(node.shape) > 2 for node in topological(layer.output)):
        return True
    return is_unreadable(layer.read(layer.output))


def is_unreadable(tree: Tree) -> bool:
    """Whether a formula in matrix notation needs einsum, selections or the like."""
    pending = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, Einsum | Pad | Repeat | Reshape | Selection | Windows):
            return True
        pending += children(item)
    return False


def shown_forward(layer: Layer) -> tuple[Relation, ...] | None:
    """Every value that has a name, and the output, in index notation; None where that cannot be read or is too long."""
    values = named_values(layer)
    reader = Entrywise.of(layer, values)
    try:
        found = [reader.value(item.entries.letter, item.node) for item in values if item.entries is not None]
        found.append(reader.value(layer.output_letter, layer.output))
    except UnsupportedError:
        return None
    return tuple(found) if all(map(fits, found)) else None


def shown_formula(layer: Layer, formula: Formula) -> Relation:
    """The formula of a gradient as the page shows it: in index notation where the layer is written in it."""
    if not is_indexed(layer):
        return formula.equation
    # The gradient of a value that a network's formula does not use otherwise has the letter of that value, too.
    known = named_values(layer) if layer.stages else [item for item in formula.definitions if not item.backward]
    reader = Entrywise.of(layer, known)
    try:
        found = reader.gradient(formula.wrt.letter, formula.short or formula.node)
    except UnsupportedError:
        return formula.equation
    return found if fits(found) else formula.equation


def shown_definition(layer: Layer, definition: Definition) -> Relation:
    """What a name of a formula stands for, as the page shows it."""
    if not is_indexed(layer):
        return definition.equation
    reader = Entrywise.of(layer, named_values(layer))
    try:
        if definition.source is not None and isinstance(definition.name, Gradient):
            of = definition.name.of
            letter = reader.letters.get(of.text, layer.output_letter) if isinstance(of, Name) else layer.output_letter
            found = reader.gradient(letter, definition.source)
        elif definition.entries is not None:
            # A value between the stages of a network is an array of its own to what follows.
            found = reader.value(definition.entries.letter, definition.source or definition.node)
        else:
            return definition.equation
    except UnsupportedError:
        return definition.equation
    return found if fits(found) else definition.equation


def shown_output(layer: Layer) -> Relation | None:
    """y_ij = ..., what an entry of the output is; None where that cannot be read or is too long."""
    try:
        others = [item for item in named_values(layer) if item.node is not layer.output]
        found = Entrywise.of(layer, others).value(layer.output_letter, layer.output)
    except UnsupportedError:
        return None
    return found if fits(found) else None


def in_notation(layer: Layer) -> str:
    """What introduces a formula."""
    return N_("With letters for indices, this is") if is_indexed(layer) else N_("In matrix notation, this is")
