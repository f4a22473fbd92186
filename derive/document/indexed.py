"""Turns index sums into notation: Σ_{k=1}^{D} x_ik w_kj + b_j. What a function is taken of has a name, z_ij."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from derive.document.lettered import axis_letters
from derive.errors import InternalError
from derive.forward.layer import Layer
from derive.forward.nodes import (
    Add,
    Constant,
    Contract,
    Delta,
    Input,
    Map,
    MatrixFunction,
    Node,
    OneHot,
    Ones,
    Reduce,
    Select,
    topological,
)
from derive.forward.scalar import number, read_scalar
from derive.forward.selected import chosen_place
from derive.forward.shape import Size
from derive.notation.tree import (
    BigSum,
    Call,
    Entry,
    Equal,
    Gradient,
    Index,
    Name,
    Negative,
    Number,
    Partial,
    Relation,
    Sum,
    Tree,
)
from derive.notation.tree import Delta as DeltaTree
from derive.notation.tree import Product as ProductTree
from derive.notation.walk import replace
from derive.routes.index import reserved
from derive.rules.index import Factor, IndexSum, Kronecker, Letters, LossPartial, Part, Product, expand
from derive.rules.index import Partial as PartialFactor
from derive.rules.naming import entry_names

__all__ = ["IndexReader"]

_NAMES = ("z", "s", "t", "h", "u", "v", "p", "q", "r", "zeta")
"""What intermediate results may be called: the first that neither the layer nor a formula of it uses for another."""


@dataclass(frozen=True)
class IndexReader:
    """Reads the index sums of one layer; the same intermediate result has the same name throughout."""

    layer: Layer
    _extra: list[Node] = field(default_factory=list)

    def read(self, value: IndexSum) -> Tree:
        """The sum."""
        terms = tuple(self._term(product, value) for product in value.products)
        if not terms:
            return Number(0)
        return terms[0] if len(terms) == 1 else Sum(terms)

    def output(self) -> Relation:
        """y_ij = Σ_k x_ik w_kj + b_j."""
        return self._definition(self.layer.output)

    def entry(self, node: Input, index: tuple[str, ...]) -> Entry:
        """x_mn."""
        return Entry(node.letter, index)

    def chain_rule(self, output: tuple[str, ...], by: Entry) -> Tree:
        """Σ_i Σ_j ∂L/∂y_ij ∂y_ij/∂x_mn."""
        bounds = tuple((letter, _bound(size)) for letter, size in zip(output, self.layer.output.shape, strict=True))
        factor = Partial(Entry(self.layer.output_letter, output), by)
        body = ProductTree((self._entry(self.layer.upstream, output), factor))
        return BigSum(bounds, body) if bounds else body

    def definitions(self) -> tuple[Relation, ...]:
        """z_ij = Σ_k x_ik w_kj + b_j, for every intermediate result that has a name, operands first."""
        made: list[Relation] = []
        # Reading a definition may name another result, which then follows it.
        while len(made) < len(self._named):
            made.append(self._definition(self._named[len(made)]))
        return tuple(made)

    @property
    def _named(self) -> tuple[Node, ...]:
        return (*self._operands, *self._extra)

    @cached_property
    def _operands(self) -> tuple[Node, ...]:
        """The sums that functions are taken of."""
        found: dict[Node, None] = {}
        for node in topological(self.layer.output):
            if isinstance(node, Map | Reduce):
                found.update(dict.fromkeys(operand for operand in node.operands if self._is_sum(operand)))
        return tuple(found)

    def _is_sum(self, node: Node) -> bool:
        if not isinstance(node, Add | Contract):
            return False
        products = self._expanded(node).products
        return len(products) > 1 or any(product.sums for product in products)

    @property
    def _taken(self) -> tuple[str, ...]:
        return reserved(self.layer)

    @cached_property
    def _of_page(self) -> Mapping[Node, str]:
        """What the entries of values are called in formulas."""
        return {node: entries.letter for node, entries in entry_names(self.layer).items()}

    def _expanded(self, node: Node) -> IndexSum:
        free = axis_letters(node.shape, self.layer.output.shape, self._taken)
        letters = Letters((*self._taken, *free))
        entry = IndexSum((Product((Factor(node, free),)),), free, tuple(zip(free, node.shape, strict=True)))
        return expand(entry, letters)

    def _definition(self, node: Node) -> Relation:
        name = self.layer.output_letter if node is self.layer.output else self._name(node)
        match node:
            case Reduce((operand,), kind, axes):
                kept = axis_letters(node.shape, self.layer.output.shape, self._taken)
                letters, left = Letters((*self._taken, *kept)), iter(kept)
                index = tuple(letters.fresh("k") if axis in axes else next(left) for axis in range(len(operand.shape)))
                return Relation.equal(Entry(name, kept), Call(kind, (self._entry(operand, index),)))
            case MatrixFunction():
                whole = Name(name.upper(), "matrix") if node.shape else Entry(name)
                return Relation.equal(whole, self.layer.read(node))
        value = self._expanded(node)
        return Relation.equal(Entry(name, value.free), self.read(value))

    def _name(self, node: Node) -> str:
        # A letter of the page may stand for the very value that it is the name of there.
        others = {letter for other, letter in self._of_page.items() if other not in self._named}
        name = next(name for name in _NAMES if name not in (*self._taken, *others))
        return name if len(self._named) == 1 else f"{name}_{self._named.index(node) + 1}"

    def _term(self, product: Product, value: IndexSum) -> Tree:
        # A sum of one term is written as that term.
        sums = tuple(letter for letter in product.sums if value.size(letter) != 1)
        single = frozenset(product.sums) - frozenset(sums)
        constants = [part for part in product.factors if isinstance(part, Factor) and isinstance(part.node, Constant)]
        factors = [number(part.node.value) for part in constants if isinstance(part.node, Constant)]
        factors += [self._part(part, single) for part in product.factors if part not in constants]
        factors = [factor for factor in factors if factor != Number(1)]
        minus = Number(-1) in factors[: len(constants)]
        if minus:
            factors.remove(Number(-1))
        body = ProductTree(tuple(factors)) if len(factors) > 1 else (*factors, Number(1))[0]
        bounds = tuple((letter, _bound(value.size(letter))) for letter in sums)
        tree = BigSum(bounds, body) if bounds else body
        return Negative(tree) if minus else tree

    def _part(self, part: Part, single: frozenset[str]) -> Tree:
        def position(letter: str) -> Index:
            return 0 if letter in single else letter

        match part:
            case Factor(node, index):
                return self._entry(node, tuple(map(position, index)))
            case Kronecker(first, second):
                return DeltaTree((position(first), position(second)))
            case PartialFactor(of, by):
                return Partial(self._entry(of.node, tuple(map(position, of.index))), self._entry(by.node, by.index))
            case LossPartial(by):
                return self.gradient(by)
        raise InternalError(f"index notation: no rule for a factor of kind {type(part).__name__}")

    def gradient(self, by: Factor) -> Gradient:
        """∂L/∂x_mn."""
        entry = self._entry(by.node, tuple(by.index))
        assert isinstance(by.node, Input) and isinstance(entry, Entry)
        return Gradient(entry, f"d{by.node.name}", self.layer.loss)

    def _entry(self, node: Node, index: tuple[Index, ...]) -> Tree:
        match node:
            case Input():
                if node.gradient_of:
                    return Gradient(Entry(self.layer.output_letter, index), node.letter, self.layer.loss)
                return Entry(node.letter, index)
            case Constant():
                return number(node.value)
            case Ones():
                return Number(1)
            case Delta():
                return DeltaTree((index[0], index[1]))
            case OneHot((given,), _):
                place = index[-1]
                # Whole numbers begin with 0, letters run from 1.
                chosen = Number(place) if isinstance(place, int) else Sum((Number(place), Negative(Number(1))))
                return Equal(self._entry(given, index[:-1]), chosen)
            case Reduce() | MatrixFunction():
                if node is self.layer.output:
                    return Entry(self.layer.output_letter, index)
                if node not in self._named:
                    self._extra.append(node)
                return Entry(self._name(node), index)
            case Select():
                return DeltaTree((index[-1], chosen_place(node, index[:-1])))
            case Map():
                operands = [self._entry(operand, index) for operand in node.operands]
                return read_scalar(node.function, operands, times=ProductTree)
        if node in self._named:
            return Entry(self._name(node), index)
        if self._is_sum(node):
            self._extra.append(node)
            return Entry(self._name(node), index)
        return self._inlined(node, index)

    def _inlined(self, node: Node, index: tuple[Index, ...]) -> Tree:
        """An entry without a sum over letters, written out."""
        value = self._expanded(node)
        placed = dict(zip(value.free, index, strict=True))

        def change(tree: Tree) -> Tree | None:
            match tree:
                case Entry(letter, inner):
                    return Entry(letter, tuple(placed.get(i, i) if isinstance(i, str) else i for i in inner))
                case DeltaTree((first, second)):
                    return DeltaTree((placed.get(str(first), first), placed.get(str(second), second)))
            return None

        return replace(self.read(value), change)


def _bound(size: Size) -> int | str:
    text = str(size)
    return int(text) if text.isdecimal() else text
