"""Turns a node and sizes into all its entries that are not 0, in an exact algebra: what proofs compare.

`entry.py` makes the entries that are asked for, one by one, with the sums that a reader is to see. A proof asks for all
of them, and those of a node are made together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from sympy import Integer

from derive.forward.algebra import ExactAlgebra, Position, Value
from derive.forward.contraction import contracted
from derive.forward.entry import Entries
from derive.forward.nodes import Add, Contract, Delta, Node, Ones, Select, topological
from derive.forward.shape import bind

__all__ = ["Whole"]


class Whole(Entries[Value]):
    """The entries of nodes at concrete sizes, those of a node made together and kept."""

    def __init__(self, sizes: Mapping[str, int], algebra: ExactAlgebra[Value]) -> None:
        super().__init__(sizes, algebra)
        self.zero = algebra.number(Integer(0))
        self._nonzeros: dict[Node, dict[Position, Value]] = {}
        self._ones: dict[Node, dict[Position, None]] = {}
        self._made = _Found(self)

    def one(self, node: Node, position: Position) -> Value:
        """The entry of the node at the position."""
        return self.nonzeros(node).get(position, self.zero)

    def many(self, node: Node, positions: Iterable[Position]) -> list[Value]:
        """The entries of the node at the positions, in their order."""
        found, zero = self.nonzeros(node), self.zero
        return [found.get(position, zero) for position in positions]

    def nonzeros(self, node: Node) -> Mapping[Position, Value]:
        """The entries of the node that are not 0, by their positions."""
        if node not in self._nonzeros:
            for item in topological(node, leaves=self._nonzeros):
                if item not in self._nonzeros:
                    self._nonzeros[item] = {place: value for place, value in self._all(item).items() if value}
        return self._nonzeros[node]

    def _all(self, node: Node) -> Mapping[Position, Value]:
        algebra, made = self.algebra, self._nonzeros
        match node:
            case Ones() | Delta() | Select():
                self._ones[node] = dict.fromkeys(self._pattern(node))
                return dict.fromkeys(self._ones[node], algebra.number(Integer(1)))
            case Contract():
                return contracted(
                    [
                        (self._ones[operand] if operand in self._ones else made[operand], row)
                        for operand, row in zip(node.operands, node.indices, strict=True)
                    ],
                    node.output,
                    count=lambda number: algebra.number(Integer(number)),
                    total=algebra.add,
                    times=lambda left, right: algebra.multiply((left, right)),
                )
            case Add():
                terms: dict[Position, list[Value]] = {}
                for operand in node.operands:
                    for place, value in made[operand].items():
                        terms.setdefault(place, []).append(value)
                return {place: algebra.add(values) for place, values in terms.items()}
        return {place: self._make(node, place) for place in product(*map(range, bind(node.shape, self.sizes)))}

    def _pattern(self, node: Ones | Delta | Select) -> Iterator[Position]:
        """Where the node is 1."""
        shape = bind(node.shape, self.sizes)
        if isinstance(node, Select):
            strides, (offset,) = bind(node.strides, self.sizes), bind((node.offset,), self.sizes)
            for place in product(*map(range, shape[:-1])):
                chosen = offset + sum(stride * index for stride, index in zip(strides, place, strict=True))
                if 0 <= chosen < shape[-1]:
                    yield *place, chosen
        else:
            yield from ((n,) * len(shape) for n in range(shape[0]))


class _Found(dict[tuple[Node, Position], Any]):
    """The entries of nodes that have been made, in the form in which single ones are looked up."""

    def __init__(self, entries: Whole[Any]) -> None:
        super().__init__()
        self._entries = entries

    def __missing__(self, key: tuple[Node, Position]) -> Any:
        return self._entries.one(*key)
