"""Reads nodes entry by entry, in index notation: y_nmhw = Σ_c Σ_i Σ_j x_{n,c,h+i-1,w+j-1} f_mcij + b_m.

That is how a layer is written whose arrays have more than two axes: matrix notation has no words for them. Letters are
those of the sizes, where they are free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from derive.document.lettered import Renamed, placed, renamed, tidied
from derive.errors import UnsupportedError
from derive.forward.formula import Definition
from derive.forward.layer import Layer
from derive.forward.nodes import Add, Constant, Contract, Delta, Input, Map, Node, OneHot, Ones, Select
from derive.forward.normal import replaced
from derive.forward.scalar import number, read_scalar
from derive.forward.selected import chosen_place
from derive.notation.tree import (
    BigSum,
    Entry,
    Equal,
    Gradient,
    Index,
    Negative,
    Number,
    Product,
    Quotient,
    Relation,
    Sum,
    Tree,
)
from derive.notation.tree import Delta as DeltaTree
from derive.rules.index import Factor, IndexSum, Kronecker, Letters, Part, contract_delta, expand
from derive.rules.index import Product as Term
from derive.rules.recalled import recalled

__all__ = ["Entrywise"]

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
        called = self._renamed(term, value)
        sizes = {new: value.size(old) for old, new in called.renaming.items()}
        places: dict[str, Index] = {letter: 0 for letter, size in sizes.items() if size == 1}
        parts, sums = placed(called.factors, [letter for letter in called.sums if letter not in places], places)
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

    def _renamed(self, term: Term, value: IndexSum) -> Renamed:
        return renamed(term, value, (*self._taken, *value.free))

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
                return DeltaTree((index[-1], tidied(place) if isinstance(place, str) else place))
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

    def _renamed(self, term: Term, value: IndexSum) -> Renamed:
        # The letter of a size may be in use outside.
        return Renamed(term.factors, term.sums, {letter: letter for letter in (*value.free, *term.sums)})

    def _part(self, part: Part, places: Mapping[str, Index], letters: Letters) -> Tree:
        return super()._part(part, {**self.outer, **places}, letters)


def _is_reciprocal(part: Tree) -> TypeGuard[Quotient]:
    return isinstance(part, Quotient) and part.over == Number(1)
