"""Runs forward and backward at numbers for sizes, on elements of the exact field.

What is expected is made of the output of forward alone: the derivatives of L = Σ G ⊙ Y in the field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from sympy import Expr

from derive.checking.budget import Budget
from derive.checking.frames import raised
from derive.checking.kinds import Own
from derive.checking.numbers import stand_ins
from derive.checking.points import MOST_CHOICES
from derive.checking.scalars import Branches, Scalars, Symbols
from derive.checking.sheet import Data, Sheet, objects
from derive.checking.subject import CodeError, Subject
from derive.checking.world import World
from derive.forward.entry import Entries, Position
from derive.forward.nodes import Input, Node
from derive.forward.shape import bind
from derive.notation.tree import Index
from derive.proof.field import Field
from derive.proof.ring import Element

__all__ = ["Branch", "branches", "entries_of", "layer_output", "node_entries", "whole_numbers"]

_MOST_BRANCHES = 128

Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Branch:
    """One run: the output, what is expected of each gradient and what came, all of elements of one field.

    known are the masks that the code asked for and their opposites, by the number of their generators, questioned those
    that it asked for, and general is whether forward asked for none; whole are the whole numbers of inputs that hold
    such. failure says why backward did not run, "" if it did; own why there is no code that a gradient comes from.
    """

    field: Field
    sizes: Sizes
    whole: Mapping[str, Any]
    output: Data
    expected: Mapping[str, Data]
    got: Mapping[str, Sheet]
    known: Mapping[int, bool]
    general: bool
    loss: Element
    failure: str = ""
    questioned: frozenset[int] = frozenset()
    own: tuple[tuple[str, str], ...] = ()


def whole_numbers(subject: Subject, sizes: Sizes) -> list[dict[str, Any]]:
    """Arrays for the inputs of whole numbers: all there are, or some where those are too many."""
    every: list[dict[str, Any]] = [{}]
    for node in subject.inputs:
        if node.below is None:
            continue
        shape, (below,) = bind(node.shape, sizes), bind((node.below,), sizes)
        count = int(np.prod(shape, dtype=int))
        if below**count * len(every) <= MOST_CHOICES:
            arrays = [np.array(values, dtype=int).reshape(shape) for values in product(range(below), repeat=count)]
        else:
            draw = np.random.default_rng(0)
            arrays = [np.zeros(shape, dtype=int), np.arange(count).reshape(shape) % below]
            arrays += [draw.integers(below, size=shape) for _ in range(4)]
        every = [{**before, node.name: array} for before in every for array in arrays]
    return every


def branches(subject: Subject, sizes: Sizes, budget: Budget) -> Iterator[Branch]:
    """Every run of the code at these sizes, one for each way in which it branches.

    Raises: UnsupportedError, or whatever the code raises, if forward cannot be run on symbols.
    """
    for whole in whole_numbers(subject, sizes):
        field, choices = Field(), Branches()
        for _ in choices.runs(_MOST_BRANCHES):
            yield _run(subject, sizes, whole, Symbols(field, choices, budget))


def _run(subject: Subject, sizes: Sizes, whole: Mapping[str, Any], scalars: Symbols) -> Branch:
    field = scalars.field
    arrays: dict[str, Any] = {
        node.name: whole[node.name].copy() if node.below is not None else _variables(node, sizes, scalars)
        for node in subject.inputs
    }
    names = {node.name: [_number(entry) for entry in arrays[node.name].data.ravel()] for node in subject.smooth}
    world = World(*stand_ins(scalars))
    # Code may change its arguments in place, and what it computes then is a function of what they were.
    before = {name: array.copy() for name, array in arrays.items()}
    if subject.layer is not None:
        output, cache, holder = layer_output(subject, sizes, before, scalars), None, None
    else:
        output, cache, holder = subject.ahead(world, arrays)
    general = not scalars.branches.known
    made = Sheet(objects(field.zero), scalars).of(output)
    shape = made.shape
    upstream = Sheet(objects(field.one), scalars)
    if shape or "upstream" in subject.takes:
        upstream = _variables(Input("G", (), "G"), sizes, scalars, shape, subject.upstream or "G")
    loss = field.add(g * y for g, y in zip(upstream.data.ravel(), made.data.ravel(), strict=True))
    slopes = loss.gradient()
    expected: dict[str, Data] = {}
    for node in subject.smooth:
        entries = np.empty(bind(node.shape, sizes), dtype=object)
        for place, number in zip(np.ndindex(entries.shape), names[node.name], strict=True):
            entries[place] = Element(field, dict(slopes.get(number, {})))
        expected[node.name] = entries
    got: dict[str, Sheet] = {}
    own: list[tuple[str, str]] = []
    failure = ""
    try:
        for name, value in subject.back(world, arrays, output, cache, upstream, holder).items():
            if isinstance(value, Own):
                own.append((name, value.reason))
            else:
                got[name] = made.of(value)
    except CodeError as error:
        failure = str(error)
    except Exception as error:
        failure = raised(error)
    known, questioned = dict(scalars.branches.known), frozenset(scalars.branches.questioned)
    return Branch(field, sizes, whole, made.data, expected, got, known, general, loss, failure, questioned, tuple(own))


def _number(entry: Element) -> int:
    """The number of the generator of a variable."""
    ((monomial, _),) = entry.terms.items()
    ((number, _),) = entry.field.monomials[monomial]
    return number


def _variables(
    node: Input, sizes: Sizes, scalars: Symbols, shape: tuple[int, ...] | None = None, name: str = ""
) -> Sheet:
    """An array of independent variables, X[0,1] by name."""
    made = np.empty(bind(node.shape, sizes) if shape is None else shape, dtype=object)
    for place in np.ndindex(made.shape):
        index = f"[{','.join(map(str, place))}]" if place else ""
        made[place] = scalars.field.variable(f"{name or node.name}{index}")
    return Sheet(made, scalars)


class _Algebra:
    """Entries of the nodes of a layer as scalars, its inputs being given."""

    def __init__(self, arrays: Mapping[str, Any], scalars: Scalars) -> None:
        self._arrays, self._scalars = arrays, scalars

    def symbol(self, node: Input, position: Position) -> Any:
        array = self._arrays[node.name]
        return array.data[position] if isinstance(array, Sheet) else self._scalars.number(array[position])

    def number(self, value: Expr) -> Any:
        return self._scalars.number(value)

    def delta(self, first: Index, second: Index) -> Any:
        return self._scalars.number(int(first == second))

    def assignments(self, owner: Node, sizes: Sequence[int]) -> Sequence[tuple[Index, ...]]:
        return tuple(product(*map(range, sizes)))

    def total(self, owner: Node, sizes: Sequence[int], terms: Sequence[Any]) -> Any:
        return self.add(terms)

    def add(self, terms: Sequence[Any]) -> Any:
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def multiply(self, factors: Sequence[Any]) -> Any:
        result = factors[0]
        for factor in factors[1:]:
            result = result * factor
        return result

    def apply(self, function: Expr, arguments: Sequence[Any]) -> Any:
        return self._scalars.apply(function, arguments)


def node_entries(subject: Subject, branch: Branch, node: Node) -> Data:
    """The entries of a node that is made of the inputs and the upstream gradient, in the field of a branch."""
    scalars = Symbols(branch.field, Branches(), Budget(float("inf")))
    arrays: dict[str, Any] = {
        item.name: branch.whole[item.name] if item.below is not None else _variables(item, branch.sizes, scalars)
        for item in subject.inputs
    }
    name = subject.upstream or "G"
    arrays[name] = _variables(Input("G", (), "G"), branch.sizes, scalars, branch.output.shape, name)
    return entries_of(node, branch.sizes, arrays, scalars).data


def layer_output(subject: Subject, sizes: Sizes, arrays: Mapping[str, Any], scalars: Scalars) -> Sheet:
    """The output of a traced layer, entry by entry."""
    assert subject.layer is not None
    return entries_of(subject.layer.output, sizes, arrays, scalars)


def entries_of(node: Node, sizes: Sizes, arrays: Mapping[str, Any], scalars: Scalars) -> Sheet:
    """The entries of a node, its inputs being given by their names."""
    shape = bind(node.shape, sizes)
    places = list(np.ndindex(shape))
    made = np.empty(shape, dtype=object)
    for place, entry in zip(places, Entries(sizes, _Algebra(arrays, scalars)).many(node, places), strict=True):
        made[place] = entry
    return Sheet(made, scalars)
