"""Turns a map y into its Jacobian J_y ∈ ℝ^{m×n}: the ∂y_ij/∂x_kl and their values, sparse, entries on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from heapq import merge
from itertools import combinations, compress, groupby
from math import prod

from sympy import Expr, Integer, SparseMatrix

from derive.engine.concrete import flat, positions, unflat
from derive.engine.pattern import Labels, Term, differentiate
from derive.engine.support import Counting, Places, count_positive
from derive.engine.vectorize import VectorMap
from derive.errors import SizeError
from derive.forward.entry import Entries
from derive.forward.nodes import Contract, Node, Select, topological
from derive.forward.shown import factored
from derive.notation.tree import Entry, Number, Partial, Sum, Tree
from derive.rules.equalities import REWRITES
from derive.rules.known import Forward
from derive.rules.rewrite import shortest

__all__ = ["EXPLICIT_ENTRIES", "Jacobian", "jacobian"]

_Masks = list[tuple[Node, Labels]]

_COUNTED_AT_ONCE = 10**8
"""So many positions fit into an array of truth values, which NumPy fills faster than they are visited."""

EXPLICIT_ENTRIES = 10**6
"""A SymPy matrix of more non-zero entries is refused."""


@lru_cache(maxsize=512)
def _shortened(coefficient: Node, output: Node, rules: tuple[object, ...]) -> Node:
    """Made once for all sizes and routes, and for the rules by which it is made.

    It is in values of the forward pass, which are all names here, as entries are listed in the names of values. Parts
    of arrays and what is put at its place stay as they are: an entry has one of them, and the others are zero.
    """
    placed = frozenset(
        node
        for node in topological(coefficient)
        if isinstance(node, Contract) and node.summed() and any(isinstance(o, Select) for o in node.operands)
    )
    return shortest(coefficient, _values(output, placed, rules), opens=False)


@lru_cache(maxsize=64)
def _values(output: Node, kept: frozenset[Node], rules: tuple[object, ...]) -> Forward:
    """What the forward pass computes, looked through once for all coefficients."""
    return Forward(output, named=frozenset(topological(output)) - {output}, kept=kept)


@dataclass(frozen=True, eq=False)
class Jacobian:
    """J_y in numerator layout: row i holds the partial derivatives of component i.

    Shapes: (m, n) for a map ℝⁿ → ℝᵐ.

    Example:
        >>> from derive.engine import vectorize
        >>> from derive.layers import load
        >>> jacobian(vectorize(load("affine"), "X", {"N": 2, "D": 2, "M": 3}))[1, 0]
        w_1_2
    """

    map: VectorMap

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """The derivative as patterns with coefficients, these as short as the rewriting rules make them."""
        known, wrt = self.map.concrete.derivatives, self.map.input
        if wrt not in known:
            output, rules = self.map.layer.output, tuple(REWRITES.values())
            found = differentiate(output, wrt)
            known[wrt] = tuple(replace(term, coefficient=_shortened(term.coefficient, output, rules)) for term in found)
        return known[wrt]

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n)."""
        return self.map.codomain, self.map.domain

    @property
    def blocks(self) -> tuple[int, int]:
        """Rows and columns of one block: the last axis of the output, and of the input."""
        return self.map.output_shape[-1:] + (1,) * (not self.map.output_shape) + (self.map.input_shape[-1:] or (1,))  # type: ignore[return-value]  # two tuples of one element

    @cached_property
    def nnz(self) -> int:
        """The number of entries that are not structurally zero."""
        alike: dict[tuple[Labels, Labels], list[_Masks]] = {}
        for term, places in zip(self.terms, self._places, strict=True):
            masks = [(f.node, tuple([term.value[axis] for axis in f.axes])) for f in places.factors]
            alike.setdefault((term.output, term.input), []).append(masks)
        patterns = list(alike.items())
        # Inclusion and exclusion: positions that satisfy several patterns satisfy the pattern of all their equalities.
        return sum(
            (-1) ** (count + 1) * self._size_of(chosen)
            for count in range(1, len(patterns) + 1)
            for chosen in combinations(patterns, count)
        )

    def _size_of(self, patterns: Sequence[tuple[tuple[Labels, Labels], list[_Masks]]]) -> int:
        """The number of positions that satisfy all of the patterns."""
        sizes = self.map.output_shape + self.map.input_shape
        parent = list(range(len(sizes)))

        def root(axis: int) -> int:
            while parent[axis] != axis:
                axis = parent[axis]
            return axis

        for (output, wrt), _ in patterns:
            first: dict[int, int] = {}
            for axis, label in enumerate(output + wrt):
                parent[root(axis)] = root(first.setdefault(label, axis))
        checks = []
        for (output, wrt), several in patterns:
            axes = output + wrt
            named = [[(n, tuple(root(axes.index(label)) for label in labels)) for n, labels in m] for m in several]
            if len(named) == 1:
                checks += [[[factor]] for factor in named[0]]
            elif all(named):
                checks.append(named)
        return self._count(checks, {axis: size for axis, size in enumerate(sizes) if parent[axis] == axis})

    def _count(self, checks: list[list[list[tuple[Node, Labels]]]], sizes: dict[int, int]) -> int:
        """The positions at which every check has a list of factors that are all positive; apart what is independent."""
        result = 1
        while checks:
            group = [checks.pop()]
            axes = dict.fromkeys(axis for factors in group[0] for _, row in factors for axis in row)
            while linked := [
                c for c in checks if any(axis in axes for factors in c for _, row in factors for axis in row)
            ]:
                group += linked
                checks = [check for check in checks if check not in linked]
                axes |= dict.fromkeys(
                    axis for check in linked for factors in check for _, row in factors for axis in row
                )
            result *= self._together(group, {axis: sizes[axis] for axis in axes})
            sizes = {axis: size for axis, size in sizes.items() if axis not in axes}
        return result * prod(sizes.values())

    def _together(self, group: list[list[list[tuple[Node, Labels]]]], sizes: dict[int, int]) -> int:
        """The positions at which every check of the group has a list of factors that are all positive."""
        if prod(sizes.values()) <= _COUNTED_AT_ONCE:
            return count_positive(group, sizes, self.map.concrete.sizes)
        total, counts = 0, Entries(self.map.concrete.sizes, Counting())

        def positive(factors: _Masks, at: Mapping[int, int]) -> bool:
            return all(counts.one(node, tuple(at[label] for label in labels)) for node, labels in factors)

        for place in positions(tuple(sizes.values())):
            at = dict(zip(sizes, place, strict=True))
            total += all(any(positive(factors, at) for factors in check) for check in group)
        return total

    @cached_property
    def _places(self) -> tuple[Places, ...]:
        """For each term where its coefficient is not zero by structure."""
        return tuple(Places(term.coefficient, self.map.concrete.sizes) for term in self.terms)

    @cached_property
    def _axes(self) -> tuple[tuple[list[tuple[int, int]], list[int]], ...]:
        """For each term which axes of output and input have one label, and which of them its coefficient has."""
        found = []
        for term in self.terms:
            labels = term.output + term.input
            twice = [(labels.index(label), axis) for axis, label in enumerate(labels) if labels.index(label) != axis]
            found.append((twice, [labels.index(label) for label in term.value]))
        return tuple(found)

    def __getitem__(self, place: tuple[int, int]) -> Expr:
        """The entry in row i and column j, counted from 0, as a SymPy scalar."""
        found = [self.map.concrete.value(term.coefficient, at) for term, at in self._at(*place)]
        return sum(found[1:], found[0]) if found else Integer(0)

    def _at(self, row: int, column: int) -> Iterator[tuple[Term, tuple[int, ...]]]:
        """The terms that are not zero at a place, and the positions in their coefficients."""
        rows, columns = self.shape
        if not (-rows <= row < rows and -columns <= column < columns):
            raise IndexError(f"entry {row, column} of a Jacobian of shape {self.shape}")
        at = unflat(row % rows, self.map.output_shape) + unflat(column % columns, self.map.input_shape)
        for term, places, (twice, axes) in zip(self.terms, self._places, self._axes, strict=True):
            # Where a label comes twice, both places must be the same.
            if [axis for first, axis in twice if at[first] != at[axis]]:
                continue
            position = tuple([at[axis] for axis in axes])
            if not places.factors or position in places:
                yield term, position

    def is_zero(self, row: int, column: int) -> bool:
        """Whether an entry is zero by structure, whatever the inputs."""
        return not any(True for _ in self._at(row, column))

    def shown(self, row: int, column: int) -> Tree:
        """The entry as a page shows it."""
        return factored(_added([self.map.concrete.shown(term.coefficient, at) for term, at in self._at(row, column)]))

    def listed(self, row: int, column: int) -> Tree:
        """The entry as data lists it."""
        return _added([self.map.concrete.listed(term.coefficient, at) for term, at in self._at(row, column)])

    def partial(self, row: int, column: int) -> Tree:
        """∂y_ij/∂x_kl, as it is written before it is computed."""
        output = unflat(row, self.map.output_shape)
        wrt = unflat(column, self.map.input_shape)
        return Partial(Entry(self.map.layer.output_letter, output), Entry(self.map.input.letter, wrt))

    def nonzeros(self) -> Iterator[tuple[int, int]]:
        """The places of the structural non-zeros, row by row."""
        for row, output in enumerate(positions(self.map.output_shape)):
            # The columns of each term come in order, and are merged one by one: a row may have millions of them.
            columns = merge(*(self._columns(number, output) for number in range(len(self.terms))))
            yield from ((row, column) for column, _ in groupby(columns))

    def rows_of(self, column: int) -> Iterator[int]:
        """The rows in which a column is not structurally zero, one by one and in order."""
        wrt = unflat(column, self.map.input_shape)
        rows = merge(*(self._rows(number, wrt) for number in range(len(self.terms))))
        yield from (row for row, _ in groupby(rows))

    def last_row_of(self, column: int) -> int | None:
        """The last of these rows, found without going through the others; None if there is none."""
        wrt = unflat(column, self.map.input_shape)
        found = []
        for number, term in enumerate(self.terms):
            if self._places[number].factors:
                found += list(self._rows(number, wrt))[-1:]
                continue
            at = dict(zip(term.input, wrt, strict=True))
            last = [at.get(label, size - 1) for label, size in zip(term.output, self.map.output_shape, strict=True)]
            found.append(flat(last, self.map.output_shape))
        return max(found, default=None)

    def _rows(self, number: int, wrt: tuple[int, ...]) -> Iterator[int]:
        term = self.terms[number]
        return self._matching(number, term.input, wrt, term.output, self.map.output_shape)

    def _columns(self, number: int, output: tuple[int, ...]) -> Iterator[int]:
        term = self.terms[number]
        return self._matching(number, term.output, output, term.input, self.map.input_shape)

    def _matching(
        self, number: int, known: Labels, position: Sequence[int], wanted: Labels, shape: tuple[int, ...]
    ) -> Iterator[int]:
        """The flat positions of the wanted axes of a term that agree with a position of the known ones."""
        at, places = dict(zip(known, position, strict=True)), self._places[number]
        outside, inside = _strides(wanted, shape), _strides(self.terms[number].value, places.shape)
        place, source = (sum([step * at[label] for label, step in s.items() if label in at]) for s in (outside, inside))
        free = [(size, outside[label], inside.get(label, 0)) for label, size in _free(wanted, shape, at)]
        for reached, origin in _walked(place, source, free):
            if not places.factors or places.holds(origin):
                yield reached

    def sympy(self) -> SparseMatrix:
        """All entries, as a mutable SparseMatrix (building an immutable one checks every entry again).

        Raises: SizeError if it has more than EXPLICIT_ENTRIES non-zero entries.
        """
        if self.nnz > EXPLICIT_ENTRIES:
            raise SizeError(
                f"{self.map.layer.name}: the Jacobian with respect to {self.map.input.name} has {self.nnz} non-zero "
                f"entries; at most {EXPLICIT_ENTRIES} are written out; ask for single entries, jacobian[i, j], "
                f"or choose smaller sizes ({', '.join(f'{k}={v}' for k, v in self.map.concrete.sizes.items())})"
            )
        return SparseMatrix(*self.shape, self.entries())

    def entries(self) -> dict[tuple[int, int], Expr]:
        """The structural non-zeros, by row and column."""
        entries: dict[tuple[int, int], Expr] = {}
        for term, places in zip(self.terms, self._places, strict=True):
            for place, value in self._spread(term, places):
                entries[place] = entries[place] + value if place in entries else value
        return entries

    def _spread(self, term: Term, places: Places) -> Iterator[tuple[tuple[int, int], Expr]]:
        """The places of one term with its values: each label moves row, column and coefficient by its own stride."""
        shapes = (self.map.output_shape, self.map.input_shape, places.shape)
        strides = [_strides(row, s) for row, s in zip((term.output, term.input, term.value), shapes, strict=True)]
        sizes = dict(_free(term.output, shapes[0], {})) | dict(_free(term.input, shapes[1], {}))
        reached = [[0], [0], [0]]
        for label, size in sizes.items():
            for which, steps in enumerate(strides):
                step = steps.get(label, 0)
                reached[which] = [start + step * k for start in reached[which] for k in range(size)]
        values = self.map.concrete.values(term.coefficient)
        rows, columns, sources = reached
        if places.factors:
            kept = places.among(sources)
            rows, columns, sources = (list(compress(found, kept)) for found in reached)
        return zip(zip(rows, columns, strict=True), map(values.__getitem__, sources), strict=True)


@lru_cache(maxsize=1024)
def _strides(labels: Labels, shape: tuple[int, ...]) -> Mapping[int, int]:
    """How far a step of each label moves the flat position."""
    strides: dict[int, int] = {}
    stride = 1
    for label, size in zip(reversed(labels), reversed(shape), strict=True):
        strides[label] = strides.get(label, 0) + stride
        stride *= size
    return strides


def _walked(first: int, second: int, free: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, int]]:
    """Where two flat positions come to when each of several labels, of some size, moves both by its strides."""
    if not free:
        yield first, second
        return
    (size, step, other), *rest = free
    for k in range(size):
        yield from _walked(first + k * step, second + k * other, rest)


def _free(labels: Labels, shape: Sequence[int], at: dict[int, int]) -> Iterator[tuple[int, int]]:
    """The labels without a value, with their sizes."""
    for label, size in zip(labels, shape, strict=True):
        if label not in at:
            yield label, size


def _added(terms: Sequence[Tree]) -> Tree:
    if not terms:
        return Number(0)
    return terms[0] if len(terms) == 1 else Sum(tuple(terms))


def jacobian(map: VectorMap) -> Jacobian:
    """The Jacobian of a map.

    Shapes: (map.codomain, map.domain).
    Source: the numerator layout, in which document after document of the field writes J_y = [∂y_i/∂x_j].
    """
    return Jacobian(map)
