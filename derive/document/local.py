"""A node by itself in notation: its definition entry by entry, and the derivation of what it sends to an operand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from derive.document.words import output_name
from derive.errors import InternalError
from derive.forward.formula import Formula
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
)
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
    Partial,
    Product,
    Relation,
    Sum,
    Tree,
)
from derive.notation.tree import Delta as DeltaTree
from derive.notation.walk import replace
from derive.routes.graph import LocalRule
from derive.routes.index import CHAIN, DEFINITION, IndexRoute
from derive.rules.index import Factor, IndexSum, Kronecker, Letters, Part, expand
from derive.rules.index import Product as Term

__all__ = ["LocalText"]


@dataclass(frozen=True, slots=True)
class LocalText:
    """What can be said of one node, its operands called A, B, ... and its result Z."""

    rule: LocalRule

    @property
    def tree(self) -> Tree:
        """A B, the node in matrix notation."""
        return self.rule.layer.read(self.rule.layer.output)

    @property
    def name(self) -> Tree:
        """Z."""
        layer = self.rule.layer
        return output_name(layer)

    def definition(self) -> Relation:
        """z_ij = Σ_k a_ik b_kj."""
        route = self.rule.definition
        return Relation.equal(self._output(route), self._sum(route.derivation.step(DEFINITION.name).after))

    def partial(self, place: int) -> Relation:
        """∂z_ij/∂a_mn = δ_im b_nj."""
        route = self.rule.derivation(place)
        steps = route.derivation.steps
        chain = next(number for number, step in enumerate(steps) if step.reason is CHAIN)
        return Relation.equal(Partial(self._output(route), self._at(route)), self._sum(steps[chain - 1].after))

    def entry(self, place: int) -> Relation:
        """∂L/∂a_mn = Σ_j ∂L/∂z_mj b_nj."""
        route = self.rule.derivation(place)
        return Relation.equal(self._gradient(route), self._sum(route.gradient))

    def matrix(self, place: int) -> Relation:
        """∂L/∂A = ∂L/∂Z Bᵀ."""
        wrt = self.rule.layer.inputs[self.rule.places.index(place)]
        layer, claimed = self.rule.layer, self.rule.claimed[place]
        return Formula(wrt, claimed, layer.loss, rows=layer.samples == "one").equation

    def _output(self, route: IndexRoute) -> Entry:
        return Entry(self.rule.layer.output_letter, route.derivation.step(DEFINITION.name).before.free)

    def _at(self, route: IndexRoute) -> Entry:
        return Entry(route.input.letter, route.gradient.free)

    def _gradient(self, route: IndexRoute) -> Gradient:
        return Gradient(self._at(route), f"d{route.input.name}", self.rule.layer.loss)

    def _sum(self, value: IndexSum) -> Tree:
        # What a function's derivative is made of may be a sum itself, such as that of a constant.
        opened = expand(value, Letters(tuple(letter for letter, _ in value.sizes)))
        terms = tuple(_term(term, opened, self.rule.layer) for term in opened.products)
        return Number(0) if not terms else terms[0] if len(terms) == 1 else Sum(terms)


def _term(term: Term, value: IndexSum, layer: Layer) -> Tree:
    # A sum of one term is written as that term.
    single = {letter for letter in term.sums if value.size(letter) == 1}
    parts = [_part(part, layer, single) for part in term.factors]
    minus = Number(-1) in parts
    kept = [part for part in parts if part not in (Number(1), Number(-1))]
    # Deltas first and numbers before them, as one would write them.
    kept.sort(key=lambda part: 0 if isinstance(part, Number) else 1 if isinstance(part, DeltaTree) else 2)
    body: Tree = Product(tuple(kept)) if len(kept) > 1 else kept[0] if kept else Number(1)
    bounds = tuple((letter, str(value.size(letter))) for letter in term.sums if letter not in single)
    tree = BigSum(bounds, body) if bounds else body
    return Negative(tree) if minus else tree


def _part(part: Part, layer: Layer, single: Collection[str]) -> Tree:
    def position(letter: str) -> Index:
        return 0 if letter in single else letter

    match part:
        case Kronecker(first, second):
            return DeltaTree((position(first), position(second)))
        case Factor(node, index):
            return _entry(node, tuple(map(position, index)), layer)
    raise InternalError(f"index notation: no rule for a factor of kind {type(part).__name__}")


def _entry(node: Node, index: tuple[Index, ...], layer: Layer) -> Tree:
    match node:
        case Input(gradient_of=""):
            return Entry(node.letter, index)
        case Input():
            return Gradient(Entry(layer.output_letter, index), node.letter, layer.loss)
        case Constant():
            return number(node.value)
        case Ones():
            return Number(1)
        case Delta():
            return DeltaTree((index[0], index[1]))
        case Map():
            operands = [_entry(operand, index, layer) for operand in node.operands]
            return read_scalar(node.function, operands, times=Product)
        case Select():
            return DeltaTree((index[-1], chosen_place(node, index[:-1])))
        case OneHot((given,)):
            place = index[-1]
            # Whole numbers begin with 0, letters run from 1.
            chosen = Number(place) if isinstance(place, int) else Sum((Number(place), Negative(Number(1))))
            return Equal(_entry(given, index[:-1], layer), chosen)
        case Reduce() | MatrixFunction():
            return Entry(layer.output_letter if node is layer.output else node.name, index)
        case Add() | Contract():
            return _opened(node, index, layer)
    raise InternalError(f"index notation: no rule for a node of kind {type(node).__name__}")


def _opened(node: Add | Contract, index: tuple[Index, ...], layer: Layer) -> Tree:
    """An entry of a sum or a contraction inside of a function."""
    names = [letter if isinstance(letter, str) else "" for letter in index]
    letters = Letters((*"ijklmn", *names))
    free = tuple(letters.fresh("i") if isinstance(i, int) else i for i in index)
    sizes = tuple(zip(free, node.shape, strict=True))
    value = expand(IndexSum((Term((Factor(node, free),)),), free, sizes), letters)
    placed = dict(zip(free, index, strict=True))
    terms = tuple(_term(term, value, layer) for term in value.products)

    def change(tree: Tree) -> Tree | None:
        if isinstance(tree, Entry):
            return Entry(tree.letter, tuple(placed.get(i, i) if isinstance(i, str) else i for i in tree.index))
        return None

    return replace(terms[0] if len(terms) == 1 else Sum(terms), change)
