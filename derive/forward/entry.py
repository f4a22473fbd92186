"""Turns a node, a position and sizes into one entry, in any algebra: SymPy scalars, or notation trees with dots.

Only the entries that are needed are made. A sum asks its algebra first which terms it wants, so a sum of 4096 terms
that will be shown as three costs three. The graph is walked iteratively, once to see what is needed and once to
compute it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod
from types import MappingProxyType
from typing import Generic, TypeAlias

from sympy import Expr, Integer, Symbol

from derive.errors import InternalError, SizeError
from derive.forward.algebra import Algebra, Position, Value
from derive.forward.determinant import matrix_entry
from derive.forward.functions import DOTS, equal, largest, smallest
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
from derive.forward.selection import Equation, linear, solutions
from derive.forward.shape import bind
from derive.notation.tree import Index

__all__ = ["LARGEST_MATRIX", "Entries"]

LARGEST_MATRIX = 4
"""Entries of an inverse or a determinant have one term for every order of the rows."""

_Factors: TypeAlias = list[tuple[Node, tuple[int, ...]]]
_Group: TypeAlias = tuple[tuple[int, ...], list[list[tuple[Node, Position]]]]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The summed indices of a contraction with their numbers of values, and the equations of its selections.

    Attributes:
        counts: All of the summed indices.
        equations: What the selections say about indices.
        fixed: Those of the other indices that they speak of.
        touched: Those of the summed indices that they speak of.
        rest: Those that they do not.
        factors: The operands with their indices, all but the selections.
        chosen: The values of the touched ones that the equations leave, by those of the fixed ones, once found.
    """

    counts: Mapping[int, int]
    equations: tuple[Equation, ...]
    fixed: tuple[int, ...]
    touched: Mapping[int, int]
    rest: Mapping[int, int]
    factors: _Factors
    chosen: dict[Position, list[list[int]]] = field(default_factory=dict)

    @staticmethod
    def of(node: Contract, sizes: Mapping[str, int]) -> _Plan:
        """The plan of a contraction at sizes."""
        axes, summed = node.sizes(), node.summed()
        counts = dict(zip(summed, bind(tuple(axes[index] for index in summed), sizes), strict=True))
        equations = tuple(
            Equation(row, bind(operand.strides, sizes), *bind((operand.offset,), sizes))
            for operand, row in zip(node.operands, node.indices, strict=True)
            if isinstance(operand, Select)
        )
        inner = dict.fromkeys(label for equation in equations for label in equation.labels)
        return _Plan(
            counts,
            equations,
            fixed=tuple(label for label in inner if label not in counts),
            touched={label: count for label, count in counts.items() if label in inner},
            rest={label: count for label, count in counts.items() if label not in inner},
            factors=[(o, row) for o, row in zip(node.operands, node.indices, strict=True) if not isinstance(o, Select)],
        )

    def choices(self, fixed: Position) -> list[list[int]]:
        """The values of the touched indices that the equations leave where the fixed ones have these, in order."""
        found = self.chosen.get(fixed)
        if found is None:
            known = dict(zip(self.fixed, fixed, strict=True))
            left = solutions(self.equations, self.touched, known)  # type: ignore[arg-type]  # no letter is among them
            found = self.chosen[fixed] = sorted([values[label] for label in self.touched] for values in left)
        return found


class Entries(Generic[Value]):
    """The entries of nodes at concrete sizes in one algebra; what was made once is kept.

    A node that has a name is a symbol, an entry of the input that names gives for it.

    Shapes: a position has one index for each axis of its node.
    """

    def __init__(
        self, sizes: Mapping[str, int], algebra: Algebra[Value], names: Mapping[Node, Input] = MappingProxyType({})
    ) -> None:
        self.sizes = dict(sizes)
        self.algebra = algebra
        self.names = names
        self._made: dict[tuple[Node, Position], Value] = {}
        self._plans: dict[Node, _Plan] = {}
        self._orders: dict[Node, tuple[Node, ...]] = {}
        self._grouped: dict[tuple[Node, Position], list[_Group]] = {}

    def one(self, node: Node, position: Position) -> Value:
        """The entry of the node at the position."""
        made = self._made.get((node, position))
        return self.many(node, (position,))[0] if made is None else made

    def many(self, node: Node, positions: Iterable[Position]) -> list[Value]:
        """The entries of the node at the positions, in their order."""
        positions = list(positions)
        order = self._order(node)
        made = self._made
        wanted: dict[Node, dict[Position, None]] = {node: {p: None for p in positions if (node, p) not in made}}
        for item in reversed(order):
            if item in wanted and item not in self.names:
                for position in wanted[item]:
                    for entry in self._needs(item, position):
                        if entry not in made:
                            wanted.setdefault(entry[0], {})[entry[1]] = None
        for item in order:
            for position in wanted.get(item, ()):
                made[item, position] = self._make(item, position)
        return [self._made[node, position] for position in positions]

    def _order(self, node: Node) -> tuple[Node, ...]:
        found = self._orders.get(node)
        if found is None:
            found = self._orders[node] = tuple(topological(node, leaves=self.names))
        return found

    def _groups(self, node: Contract, position: Position) -> list[_Group]:
        """For each choice that the selections leave, how many values the other summed indices have, and the factors.

        A group has one list of factors for each value that is wanted.
        """
        plan = self._plan(node)
        at: dict[int, Index] = dict(zip(node.output, position, strict=True))
        if not plan.equations:
            return [self._group(node, at, plan.counts, plan.factors)]
        fixed = tuple([at[label] for label in plan.fixed])
        if any(isinstance(value, str) for value in fixed):
            factors = list(zip(node.operands, node.indices, strict=True))
            return [self._group(node, *self._in_letters(node, plan, at), factors)]
        touched, rest, factors = plan.touched, plan.rest, plan.factors
        chosen = plan.choices(fixed)
        counts = (len(chosen), *rest.values())
        wanted = self.algebra.assignments(node, counts) if len(chosen) > 1 else ()
        if not wanted or any(isinstance(values[0], str) for values in wanted):
            # What an index is chosen by has no letter: such sums are written one by one.
            return [
                self._group(node, {**at, **dict(zip(touched, choice, strict=True))}, rest, factors) for choice in chosen
            ]
        terms = []
        for which, *values in wanted:
            assert isinstance(which, int)
            at.update(zip(touched, chosen[which], strict=True))
            at.update(zip(rest, values, strict=True))
            terms.append(_placed(factors, at))
        return [(counts, terms)]

    def _group(self, node: Contract, at: dict[int, Index], counts: Mapping[int, int], factors: _Factors) -> _Group:
        if not counts:
            return (), [_placed(factors, at)]
        terms = []
        sizes = tuple(counts.values())
        for values in self.algebra.assignments(node, sizes):
            at.update(zip(counts, values, strict=True))
            terms.append(_placed(factors, at))
        return sizes, terms

    def _in_letters(self, node: Contract, plan: _Plan, at: dict[int, Index]) -> tuple[dict[int, Index], dict[int, int]]:
        """Where some positions are letters: what is chosen within an axis is written by them, the rest stays a sum."""
        known, counts = dict(at), dict(plan.counts)
        for equation in plan.equations:
            *inner, source = equation.labels
            if source in counts and all(label in known for label in inner):
                known[source] = linear([known[label] for label in inner], equation.strides, equation.offset)
                del counts[source]
        return known, counts

    def _plan(self, node: Contract) -> _Plan:
        """The summed indices with their numbers of values, and what the selections say about indices."""
        found = self._plans.get(node)
        if found is None:
            found = self._plans[node] = _Plan.of(node, self.sizes)
        return found

    def _bound(self, value: Expr) -> Expr:
        number = value.subs({letter: self.sizes[str(letter)] for letter in value.free_symbols})
        if number.is_finite:
            return number
        at = ", ".join(f"{letter}={size}" for letter, size in self.sizes.items())
        raise SizeError(f"{value} has no value at {at}; choose other sizes")

    def _needs(self, node: Node, position: Position) -> list[tuple[Node, Position]]:
        if isinstance(node, Contract):
            # Kept until the entry is made, for which they are needed again.
            groups = self._grouped[node, position] = self._groups(node, position)
            return [factor for _, terms in groups for factors in terms for factor in factors]
        if isinstance(node, Reduce | MatrixFunction):
            return self._arguments(node, position)[1]
        if isinstance(node, OneHot):
            return [(node.arguments[0], position[:-1])]
        return [(operand, position) for operand in node.operands]

    def _arguments(self, node: Reduce | MatrixFunction, position: Position) -> tuple[Expr, list[tuple[Node, Position]]]:
        """The function that gives one entry, and the entries that it is a function of."""
        (operand,) = node.arguments
        shape = bind(operand.shape, self.sizes)
        if isinstance(node, MatrixFunction):
            if shape[0] > LARGEST_MATRIX:
                raise SizeError(
                    f"entries of {node.name} are written out up to {LARGEST_MATRIX} × {LARGEST_MATRIX}, this matrix is "
                    f"{shape[0]} × {shape[0]}; choose smaller sizes"
                )
            function = matrix_entry(node.name, shape[0], position)
            return function, [(operand, place) for place in product(*map(range, shape))]
        counts = tuple(shape[axis] for axis in node.axes)
        wanted = list(self.algebra.assignments(node, counts))
        if any(isinstance(index, str) for values in wanted for index in values):
            # What a maximum is taken over has no letter: a long one is written with dots.
            second = next(values for values in islice(product(*map(range, counts)), 1, 2))
            wanted = [(0,) * len(counts), second, tuple(count - 1 for count in counts)]
        places = [placeholder(number) for number in range(len(wanted))]
        if len(wanted) < prod(counts):
            places.insert(-1, DOTS)
        kept = [axis for axis in range(len(shape)) if axis not in node.axes]
        at: dict[int, Index] = dict(zip(kept, position, strict=True))
        entries = []
        for values in wanted:
            at.update(zip(node.axes, values, strict=True))
            entries.append((operand, tuple(at[axis] for axis in range(len(shape)))))
        return (largest if node.name == "max" else smallest)(*places), entries

    def _make(self, node: Node, position: Position) -> Value:
        made, algebra = self._made, self.algebra
        node = self.names.get(node, node)
        match node:
            case Input():
                return algebra.symbol(node, position)
            case Constant():
                return algebra.number(self._bound(node.value))
            case Ones():
                return algebra.number(Integer(1))
            case Delta():
                return algebra.delta(*position)
            case Select():
                strides, (offset,) = bind(node.strides, self.sizes), bind((node.offset,), self.sizes)
                return algebra.delta(position[-1], linear(position[:-1], strides, offset))
            case Contract():
                totals = []
                for counts, terms in self._grouped.pop((node, position)):
                    products = [_product(algebra, [made[factor] for factor in factors]) for factors in terms]
                    totals.append(algebra.total(node, counts, products) if counts else products[0])
                if not totals:
                    return algebra.number(Integer(0))
                return totals[0] if len(totals) == 1 else algebra.add(totals)
            case Add():
                return algebra.add([made[operand, position] for operand in node.operands])
            case Map():
                return algebra.apply(node.function, [made[operand, position] for operand in node.operands])
            case OneHot():
                # Whole numbers begin with 0, and so do positions; letters run from 1.
                place = position[-1]
                chosen = Integer(place) if isinstance(place, int) else Symbol(place) - 1
                return algebra.apply(equal(placeholder(0), chosen), [made[node.arguments[0], position[:-1]]])
            case Reduce() | MatrixFunction():
                function, arguments = self._arguments(node, position)
                return algebra.apply(function, [made[argument] for argument in arguments])
        raise InternalError(f"entry: no rule for a node of kind {type(node).__name__}")


def _placed(factors: _Factors, at: Mapping[int, Index]) -> list[tuple[Node, Position]]:
    return [(operand, tuple([at[i] for i in row])) for operand, row in factors]


def _product(algebra: Algebra[Value], factors: Sequence[Value]) -> Value:
    return algebra.multiply(factors) if factors else algebra.number(Integer(1))
