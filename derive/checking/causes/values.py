"""The values of nodes at numbers: floats, which take no time, or numbers of many digits, which leave no doubt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
from mpmath import mpf
from sympy import Abs, Expr, Integer, lambdify, log

from derive.checking.arrays.scalars import Digits
from derive.errors import InternalError
from derive.forward.determinant import determinant, inverse
from derive.forward.functions import NUMERIC, defined
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
    placeholder,
    topological,
)
from derive.forward.shape import bind

__all__ = ["Array", "NodeValues"]

Array = Any
"""An array of floats, or of numbers of many digits."""


@dataclass(frozen=True, slots=True)
class NodeValues:
    """Values at sizes, the inputs being given by their names; with digits, in numbers that have many."""

    sizes: Mapping[str, int]
    arrays: Mapping[str, Array]
    digits: Digits | None = None
    known: dict[Node, Array] = field(default_factory=dict)

    def of(self, root: Node) -> Array:
        """The value of a node, and of all that it is made of, each computed once.

        Raises: KeyError for an input that is not given.
        """
        if root not in self.known:
            for node in topological(root, leaves=self.known):
                if node not in self.known:
                    self.known[node] = self._computed(node)
        return self.known[root]

    def with_others(self, others: Mapping[Node, Array]) -> NodeValues:
        """What is known so far, with other values for some nodes."""
        return NodeValues(self.sizes, self.arrays, self.digits, {**self.known, **others})

    def filled(self, value: Any, shape: tuple[int, ...]) -> Array:
        """A number everywhere."""
        if self.digits is None:
            return np.full(shape, float(value))
        made = np.empty(shape, dtype=object)
        made[...] = self.digits.number(value)
        return made

    def plain(self, array: Any) -> Array:
        """Whole numbers or floats as such numbers."""
        if self.digits is None:
            return np.asarray(array, dtype=float)
        made = np.empty(np.shape(array), dtype=object)
        for place, entry in np.ndenumerate(np.asarray(array)):
            made[place] = entry if isinstance(entry, mpf) else self.digits.number(entry)
        return made

    def _computed(self, node: Node) -> Array:
        known, sizes = self.known, self.sizes
        match node:
            case Input():
                return self.arrays[node.name] if node.below is not None else self.plain(self.arrays[node.name])
            case Constant():
                return self.filled(_at_sizes(node.value, sizes), ())
            case Ones():
                return self.filled(1, bind(node.shape, sizes))
            case Delta():
                return self.plain(np.eye(bind(node.shape, sizes)[0], dtype=int))
            case Select():
                return self.plain(self._selection(node))
            case Add():
                return sum((known[operand] for operand in node.operands[1:]), known[node.operands[0]])
            case Contract():
                return self.contracted(node, [known[operand] for operand in node.operands])
            case Map():
                return self.applied(node.function, [known[operand] for operand in node.operands])
            case Reduce():
                return (np.max if node.name == "max" else np.min)(known[node.operands[0]], axis=node.axes)
            case OneHot():
                (size,) = bind((node.size,), sizes)
                return self.plain(np.eye(size, dtype=int)[np.asarray(known[node.operands[0]], dtype=int)])
            case MatrixFunction():
                return self._of_matrix(node.name, known[node.operands[0]])
        raise InternalError(f"a node of kind {type(node).__name__} has no value at numbers")

    def _selection(self, node: Select) -> Any:
        counts, strides = bind(node.counts, self.sizes), bind(node.strides, self.sizes)
        source, offset = bind((node.source, node.offset), self.sizes)
        made = np.zeros((*counts, source), dtype=int)
        for place in np.ndindex(counts):
            made[(*place, offset + sum(n * stride for n, stride in zip(place, strides, strict=True)))] = 1
        return made

    def _of_matrix(self, name: str, matrix: Array) -> Array:
        made = np.array(inverse(matrix.tolist()) if name == "inv" else determinant(matrix.tolist()))
        return self.applied(_LOG_ABS, [made]) if name == "logdet" else made

    def contracted(self, node: Contract, operands: list[Array]) -> Array:
        """The contraction of other values than those of its operands."""
        return contracted(operands, node.indices, node.output)

    def applied(self, function: Expr, operands: list[Array]) -> Array:
        """A scalar function, entry by entry."""
        if self.digits is None:
            return np.asarray(_in_floats(function, len(operands))(*operands) + np.zeros(np.shape(operands[0])))
        digits = self.digits
        entry = np.frompyfunc(lambda *entries: digits.apply(function, entries), len(operands), 1)
        made = np.empty(np.shape(operands[0]), dtype=object)
        made[...] = entry(*operands)
        return made


def contracted(operands: list[Array], indices: Any, output: Any) -> Array:
    """Σ of the product, by NumPy's einsum."""
    pairs = chain.from_iterable(zip(operands, map(list, indices), strict=True))
    made = np.einsum(*pairs, list(output))
    return made if isinstance(made, np.ndarray) else np.asarray(made, dtype=operands[0].dtype)


def _at_sizes(value: Expr, sizes: Mapping[str, int]) -> Expr:
    return value.xreplace({letter: Integer(sizes[letter.name]) for letter in value.free_symbols})


_LOG_ABS = log(Abs(placeholder(0)))


@lru_cache(maxsize=512)
def _in_floats(function: Expr, count: int) -> Callable[..., Any]:
    made: Callable[..., Any] = lambdify([placeholder(p) for p in range(count)], defined(function), [NUMERIC, "numpy"])
    return made
