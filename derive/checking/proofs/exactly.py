"""Runs forward and backward at numbers for sizes, on elements of the exact field.

What is expected is made of the output of forward alone: the derivatives of L = Σ G ⊙ Y in the field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from itertools import product
from typing import Any

import numpy as np
from sympy import Expr

from derive.checking.arrays.numbers import stand_ins
from derive.checking.arrays.scalars import Branches, Scalars, Symbols
from derive.checking.arrays.sheet import Data, Sheet, objects
from derive.checking.budget import Budget
from derive.checking.frames import raised
from derive.checking.numbers.places import entry_name
from derive.checking.numbers.points import MOST_CHOICES
from derive.checking.pytorch.kinds import Own
from derive.checking.satisfied import answers, decided, is_always_on_boundary, is_certain, standing
from derive.checking.subject import CodeError, Subject
from derive.checking.world import World
from derive.forward.algebra import Position
from derive.forward.assumption import Assumption
from derive.forward.entry import Entries
from derive.forward.nodes import Input, Node
from derive.forward.shape import bind
from derive.notation.tree import Index
from derive.proof.field import Field
from derive.proof.ring import Element

__all__ = [
    "Branch",
    "branches",
    "entries_of",
    "held",
    "layer_output",
    "node_entries",
    "stands_for",
    "where_assumed",
    "whole_numbers",
]

_MOST_BRANCHES = 128
_ON_BOUNDARY = "the code compares what is equal wherever the assumptions hold"

Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Branch:
    """One run: the output, what is expected of each gradient and what came, all of elements of one field.

    known are the masks that the code asked for and their opposites, by the number of their generators, questioned those
    that it asked for, and general is whether forward asked for none; whole are the whole numbers of inputs that hold
    such. failure says why backward did not run, "" if it did; own why there is no code that a gradient comes from.
    stands are what stands for entries of inputs where the assumptions hold; `where_assumed` puts it in their places.
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
    stands: Mapping[int, Element] = dataclass_field(default_factory=dict)


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
            scalars = Symbols(field, choices, budget)
            arrays, names = _arrays(subject, sizes, whole, scalars)
            stands = standing(subject.assumptions, names, field)
            try:
                run = _run(subject, sizes, whole, scalars, arrays, names)
            except Exception:
                if answers(choices.known, stands, field) is None:
                    # Code may refuse inputs that are not what is assumed of them.
                    continue
                raise
            if answers(run.known, stands, field) is not None:
                # What is asked may have but one answer wherever the assumptions hold, and nearby.
                certain = all(is_certain(number, stands, field) for number in run.questioned)
                yield replace(run, stands=stands, general=run.general or certain)


def _arrays(
    subject: Subject, sizes: Sizes, whole: Mapping[str, Any], scalars: Symbols
) -> tuple[dict[str, Any], dict[str, Data]]:
    """The inputs, and for those of symbols the numbers of the generators of their entries."""
    arrays: dict[str, Any] = {
        node.name: whole[node.name].copy() if node.below is not None else _variables(node, sizes, scalars)
        for node in subject.inputs
    }
    names: dict[str, Data] = {}
    for node in subject.smooth:
        entries = arrays[node.name].data
        names[node.name] = np.array([_number(entry) for entry in entries.ravel()], dtype=int).reshape(entries.shape)
    return arrays, names


def _run(
    subject: Subject,
    sizes: Sizes,
    whole: Mapping[str, Any],
    scalars: Symbols,
    arrays: dict[str, Any],
    names: Mapping[str, Data],
) -> Branch:
    field = scalars.field
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
        for place in np.ndindex(entries.shape):
            entries[place] = Element(field, dict(slopes.get(int(names[node.name][place]), {})))
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


def where_assumed(branch: Branch) -> Branch | None:
    """The run at inputs that satisfy the assumptions; None if it never comes about there.

    It fails where something is compared that is equal at all of them: no side of the comparison is the right one.
    """
    stands = branch.stands
    if not stands:
        return branch
    known = answers(branch.known, stands, branch.field)
    if known is None:
        return None
    entries = [entry for sheet in branch.got.values() for entry in sheet.data.ravel()]
    entries += [entry for every in branch.expected.values() for entry in every.ravel()]
    if is_always_on_boundary(entries, branch.known, stands, branch.field):
        return replace(branch, failure=_ON_BOUNDARY)
    got = {name: sheet.view(held(branch, sheet.data)) for name, sheet in branch.got.items()}
    expected = {name: held(branch, entries) for name, entries in branch.expected.items()}
    asked = answers({number: branch.known[number] for number in branch.questioned}, stands, branch.field) or {}
    output = held(branch, branch.output)
    return replace(branch, output=output, got=got, expected=expected, known=known, questioned=frozenset(asked))


def stands_for(subject: Subject, branch: Branch, item: Assumption) -> dict[int, Element]:
    """What stands for entries of an input where one more assumption holds."""
    node = next(node for node in subject.smooth if node.name == item.name)
    entries = _variables(node, branch.sizes, Symbols(branch.field, Branches(), Budget(float("inf")))).data
    numbers = np.array([_number(entry) for entry in entries.ravel()], dtype=int).reshape(entries.shape)
    return standing([item], {item.name: numbers}, branch.field)


def held(branch: Branch, entries: Data) -> Data:
    """Entries of a run, at inputs that satisfy the assumptions."""
    made = np.empty(entries.shape, dtype=object)
    for place in np.ndindex(entries.shape):
        made[place] = decided(entries[place], branch.stands)
    return made


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
        made[place] = scalars.field.variable(entry_name(name or node.name, place))
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
