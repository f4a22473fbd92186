"""A layer at concrete sizes: flat positions row by row, and the entries of its nodes, as SymPy scalars or notation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from math import prod
from typing import Any

from sympy import Expr

from derive.engine.pattern import Term
from derive.forward.algebra import ExactAlgebra, SympyAlgebra
from derive.forward.entry import Entries
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node
from derive.forward.normal import replaced
from derive.forward.shape import bind
from derive.forward.shown import DottedAlgebra, SigmaAlgebra
from derive.notation.tree import Tree
from derive.rules.naming import entry_names
from derive.rules.recalled import recalled

__all__ = ["LISTED_TERMS", "SHOWN_TERMS", "Concrete", "flat", "positions", "unflat"]

SHOWN_TERMS = 4
"""A sum of more terms is shown on a page with dots."""

LISTED_TERMS = 32
"""A sum of more terms is listed in data with Σ."""


@lru_cache(maxsize=4096)
def unflat(number: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The position that comes at this number, counted from 0, when an array is read row by row."""
    position: list[int] = []
    for size in reversed(shape):
        number, rest = divmod(number, size)
        position.append(rest)
    return tuple(reversed(position))


def flat(position: Sequence[int], shape: Sequence[int]) -> int:
    """The number, counted from 0, of a position when an array is read row by row."""
    number = 0
    for index, size in zip(position, shape, strict=True):
        number = number * size + index
    return number


def positions(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every position, row by row; made one by one, since product() lists every axis before it begins."""
    if not shape:
        yield ()
        return
    for outer in positions(shape[:-1]):
        for inner in range(shape[-1]):
            yield (*outer, inner)


@dataclass(frozen=True, eq=False)
class Concrete:
    """A layer and a number for each of its sizes; exact entries are SymPy scalars, or what its algebra makes.

    entries makes them, those that are asked for, or those of a node together. derivatives are the terms of those of the
    output, made when they are asked for; the same layer at other sizes has the same.
    """

    layer: Layer
    sizes: Mapping[str, int]
    algebra: ExactAlgebra[Any] = field(default_factory=SympyAlgebra)
    entries: Callable[[Mapping[str, int], ExactAlgebra[Any]], Entries[Any]] = Entries
    derivatives: dict[Input, tuple[Term, ...]] = field(default_factory=dict, repr=False)
    _shapes: dict[Node, tuple[int, ...]] = field(init=False, repr=False, default_factory=dict)
    _sigma: SigmaAlgebra = field(init=False, repr=False)
    _exact: Entries[Any] = field(init=False, repr=False)
    _names: Mapping[Node, Input] = field(init=False, repr=False)
    _recalled: dict[Node, Node] = field(init=False, repr=False, default_factory=dict)
    _shown: Entries[Tree] = field(init=False, repr=False)
    _listed: Entries[Tree] = field(init=False, repr=False)
    _shown_output: Entries[Tree] = field(init=False, repr=False)
    _listed_output: Entries[Tree] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_exact", self.entries(self.sizes, self.algebra))
        shown, listed = DottedAlgebra(SHOWN_TERMS), SigmaAlgebra(LISTED_TERMS)
        object.__setattr__(self, "_sigma", listed)
        names = entry_names(self.layer)
        object.__setattr__(self, "_names", names)
        # What the output is must not be answered with its name.
        others = {node: entries for node, entries in names.items() if node is not self.layer.output}
        for place, chosen in (("", names), ("_output", others)):
            object.__setattr__(self, f"_shown{place}", Entries(self.sizes, shown, chosen))
            object.__setattr__(self, f"_listed{place}", Entries(self.sizes, listed, chosen))

    def begun_again(self) -> Concrete:
        """The same with no letter of Σ handed out; entries that were made without one are kept."""
        return replace(self) if self._sigma.letters else self

    def shape(self, node: Node) -> tuple[int, ...]:
        """The shape of a node in numbers."""
        found = self._shapes.get(node)
        if found is None:
            found = self._shapes[node] = bind(node.shape, self.sizes)
        return found

    def count(self, node: Node) -> int:
        """The number of entries of a node."""
        return prod(self.shape(node))

    def value(self, node: Node, position: tuple[int, ...]) -> Expr:
        """An entry as a SymPy scalar, every sum in full."""
        return self._exact.one(node, position)

    def values(self, node: Node) -> list[Expr]:
        """All entries as SymPy scalars, row by row."""
        return self._exact.many(node, positions(self.shape(node)))

    @cached_property
    def loss(self) -> Expr:
        """Σ g_ij y_ij, the sum whose derivatives are those of the loss."""
        pairs = zip(self.values(self.layer.seed), self.values(self.layer.output), strict=True)
        return self.algebra.add([self.algebra.multiply([g, y]) for g, y in pairs])

    def shown(self, node: Node, position: tuple[int, ...]) -> Tree:
        """An entry as it is shown on a page, long sums with dots, and values that have a name by that."""
        return self._shown.one(self._in_names(node), position)

    def listed(self, node: Node, position: tuple[int, ...]) -> Tree:
        """An entry as it is listed in data, long sums with Σ, and values that have a name by that."""
        return self._listed.one(self._in_names(node), position)

    def _in_names(self, node: Node) -> Node:
        """The node, functions of values that have a name written by those that the forward pass has computed."""
        found = self._recalled.get(node)
        if found is None:
            found = self._recalled[node] = replaced(node, recalled(node, self._names))
        return found

    def shown_output(self, position: tuple[int, ...]) -> Tree:
        """An entry of the output as it is shown on a page: what it is, not its name."""
        return self._shown_output.one(self.layer.output, position)

    def listed_output(self, position: tuple[int, ...]) -> Tree:
        """An entry of the output as it is listed in data."""
        return self._listed_output.one(self.layer.output, position)
