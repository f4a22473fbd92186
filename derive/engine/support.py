"""Where the coefficients of a derivative are zero whatever the inputs: what selections and deltas in them leave out.

A coefficient becomes factors of counts, made of its selections and deltas alone: it is zero by structure wherever one
of them is 0. Everything else, inputs and functions of them, counts as not zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import product
from math import prod
from operator import mul
from typing import Any, TypeAlias

import numpy as np
from sympy import Expr

from derive.engine.concrete import unflat
from derive.errors import InternalError
from derive.forward.algebra import Position
from derive.forward.entry import Entries
from derive.forward.nodes import Add, Constant, Contract, Delta, Input, Node, Ones, Select, topological
from derive.forward.normal import add, contract
from derive.forward.shape import bind
from derive.notation.tree import Index

__all__ = ["Counting", "Factor", "Places", "count_positive", "support"]


@dataclass(frozen=True, slots=True)
class Factor:
    """How many terms of a sum are not zero by structure; axes are those of the coefficient that it depends on."""

    node: Node
    axes: tuple[int, ...]


Factors: TypeAlias = tuple[Factor, ...]


def support(node: Node) -> Factors:
    """The factors of a coefficient, all of which have to be positive; none if it is zero nowhere by structure."""
    made: dict[Node, Factors] = {}
    for item in topological(node):
        match item:
            case Delta() | Select():
                made[item] = (Factor(item, tuple(range(len(item.shape)))),)
            case Contract():
                made[item] = _of_contraction(item, made)
            case Add():
                made[item] = _of_sum(item, made)
            case _:
                made[item] = ()
    return made[node]


def _of_contraction(node: Contract, made: Mapping[Node, Factors]) -> Factors:
    parts = [
        (factor.node, tuple(row[axis] for axis in factor.axes))
        for operand, row in zip(node.operands, node.indices, strict=True)
        for factor in made[operand]
    ]
    summed = set(node.summed())
    found = []
    while parts:
        group = [parts.pop(0)]
        while linked := [part for part in parts if any(summed & set(part[1]) & set(row) for _, row in group)]:
            group += linked
            parts = [part for part in parts if part not in linked]
        labels = [label for label in node.output if any(label in row for _, row in group)]
        if labels:
            counted = contract([operand for operand, _ in group], [row for _, row in group], labels)
            found.append(Factor(counted, tuple(node.output.index(label) for label in labels)))
    return tuple(found)


def _of_sum(node: Add, made: Mapping[Node, Factors]) -> Factors:
    """Not zero where one of the terms is not."""
    several = [made[operand] for operand in node.operands]
    if not all(several):
        return ()
    # a b + a c is positive where a is, and b + c is: apart they take far fewer positions.
    common = tuple(factor for factor in several[0] if all(factor in others for others in several[1:]))
    several = [tuple(factor for factor in factors if factor not in common) for factors in several]
    if not all(several):
        return common
    axes = tuple(sorted({axis for factors in several for factor in factors for axis in factor.axes}))
    terms = []
    for factors in several:
        missing = [axis for axis in axes if not any(axis in factor.axes for factor in factors)]
        ones: list[Node] = [Ones(node.shape[axis]) for axis in missing]
        rows = [*([axis] for axis in missing), *(factor.axes for factor in factors)]
        terms.append(contract([*ones, *(factor.node for factor in factors)], rows, axes))
    return (*common, Factor(add(terms), axes))


def count_positive(
    group: Sequence[Sequence[Sequence[tuple[Node, tuple[int, ...]]]]], axes: Mapping[int, int], sizes: Mapping[str, int]
) -> int:
    """At how many positions every check of the group has a list of factors that are all positive.

    axes are the sizes of the axes, by the labels that the factors have.
    """
    order = list(axes)
    arrays: dict[Node, Any] = {}

    def positive(node: Node, row: tuple[int, ...]) -> Any:
        if node not in arrays:
            arrays[node] = _array(node, sizes) > 0
        # A label that occurs twice reads the diagonal; axes that the factor lacks are repeated.
        labels = list(dict.fromkeys(row))
        own = np.einsum(arrays[node], list(row), labels)
        placed = own.transpose([labels.index(axis) for axis in order if axis in labels])
        return placed.reshape([axes[axis] if axis in labels else 1 for axis in order])

    checks = [reduce(np.logical_or, [reduce(np.logical_and, [positive(*f) for f in fs]) for fs in c]) for c in group]
    return int(np.count_nonzero(np.broadcast_to(reduce(np.logical_and, checks), tuple(axes.values()))))


def _array(node: Node, sizes: Mapping[str, int]) -> Any:
    """All entries of a factor at once."""
    made: dict[Node, Any] = {}
    for item in topological(node):
        operands = [made[operand] for operand in item.operands]
        match item:
            case Delta():
                made[item] = np.eye(*bind(item.shape[:1], sizes), dtype=int)
            case Ones():
                made[item] = np.ones(bind(item.shape, sizes), dtype=int)
            case Constant(value):
                made[item] = np.asarray(int(value.subs({letter: sizes[str(letter)] for letter in value.free_symbols})))
            case Select():
                made[item] = _selected(item, sizes)
            case Add():
                made[item] = reduce(np.add, operands)
            case Contract():
                pairs = [part for pair in zip(operands, map(list, item.indices), strict=True) for part in pair]
                made[item] = np.einsum(*pairs, list(item.output), optimize=len(operands) > 2)
            case _:
                raise InternalError(f"support: a node of kind {type(item).__name__} in a count")
    return made[node]


def _selected(node: Select, sizes: Mapping[str, int]) -> Any:
    counts, (source, offset), strides = (
        bind(shape, sizes) for shape in (node.counts, (node.source, node.offset), node.strides)
    )
    steps = [stride * index for stride, index in zip(strides, np.indices(counts, sparse=True), strict=True)]
    return (np.asarray(sum(steps, offset))[..., None] == np.arange(source)).astype(int)


class Counting:
    """Entries of factors: whole numbers."""

    def symbol(self, node: Input, position: Position) -> int:
        """There are no inputs in a factor."""
        raise InternalError(f"support: the input {node.name} in a count")

    def number(self, value: Expr) -> int:
        """The number."""
        return int(value)

    def delta(self, first: Index, second: Index) -> int:
        """1 where both are equal, else 0."""
        return int(first == second)

    def assignments(self, owner: Node, sizes: Sequence[int]) -> Sequence[tuple[Index, ...]]:
        """Every value of the summed indices."""
        return tuple(product(*map(range, sizes)))

    def total(self, owner: Node, sizes: Sequence[int], terms: Sequence[int]) -> int:
        """The sum of the terms."""
        return sum(terms)

    def add(self, terms: Sequence[int]) -> int:
        """The sum of the terms."""
        return sum(terms)

    def multiply(self, factors: Sequence[int]) -> int:
        """The product of the factors."""
        return reduce(mul, factors)

    def apply(self, function: Expr, arguments: Sequence[int]) -> int:
        """There are no functions in a factor."""
        raise InternalError(f"support: the function {function} in a count")


_KEPT = 10**6
"""Where a coefficient of so many entries is zero is found out once and kept."""


class Places:
    """Where a coefficient is not zero by structure, at sizes."""

    def __init__(self, coefficient: Node, sizes: Mapping[str, int]) -> None:
        self.factors = _support(coefficient)
        self.shape = bind(coefficient.shape, sizes)
        self._kept = self._found(sizes) if self.factors and prod(self.shape) <= _KEPT else None
        self._counts = Entries(sizes, Counting())

    def __contains__(self, position: Sequence[int]) -> bool:
        if self._kept is None:
            return all(self._counts.one(f.node, tuple(position[axis] for axis in f.axes)) for f in self.factors)
        place = 0
        for index, size in zip(position, self.shape, strict=True):
            place = place * size + index
        return self._kept[place] == 1

    def holds(self, number: int) -> bool:
        """Whether it is not zero at the position that comes at this number, row by row."""
        return unflat(number, self.shape) in self if self._kept is None else self._kept[number] == 1

    def among(self, numbers: Sequence[int]) -> list[bool]:
        """Whether it is not zero at each of the positions, which go by their numbers row by row."""
        if self._kept is None:
            return [unflat(number, self.shape) in self for number in numbers]
        kept = self._kept
        return [kept[number] == 1 for number in numbers]

    def _found(self, sizes: Mapping[str, int]) -> bytes:
        """A truth value for each position, row by row."""
        found = np.ones(self.shape, dtype=bool)
        for factor in self.factors:
            own = _positive(factor.node, tuple(sizes.items())).transpose(np.argsort(factor.axes))
            found &= own.reshape([size if axis in factor.axes else 1 for axis, size in enumerate(self.shape)])
        return found.tobytes()


@lru_cache(maxsize=16)
def _positive(node: Node, sizes: tuple[tuple[str, int], ...]) -> Any:
    # Terms share factors, and each route at these sizes asks for the same; none has more than _KEPT entries here.
    return _array(node, dict(sizes)) > 0


@lru_cache(maxsize=512)
def _support(coefficient: Node) -> Factors:
    return support(coefficient)
