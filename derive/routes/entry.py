"""The route by single entries: ∂L/∂x_kl is a sum of products, that of ∂L/∂Y and ∂Y/∂x_kl entry by entry.

∂L/∂x_kl = ⟨∂L/∂Y, ∂Y/∂x_kl⟩  →  ∂Y/∂x_kl with its zeros  →  the products  →  their sum  →  all entries  →  the formula
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

from sympy import Expr, Integer

from derive.engine import Jacobian, VectorMap, jacobian, tables, vectorize
from derive.engine.single import SingleEntry
from derive.engine.tables import EntryTable
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Node
from derive.notation.tree import Explicit, Hadamard, Inner, SumAxis, Tree
from derive.routes.factored import to_formula
from derive.rules.naming import formula
from derive.steps import Derivation, Reason, Step

__all__ = [
    "CHAIN",
    "ENTRIES",
    "FACTOR",
    "FORMULA",
    "PRODUCTS",
    "SUM",
    "VALUES",
    "EntryRoute",
    "derive_entry",
]

CHAIN = Reason("chain rule for one entry", "∂L/∂x_kl = Σ_ij ∂L/∂y_ij · ∂y_ij/∂x_kl")
VALUES = Reason("partial derivatives by one entry", "∂y_ij/∂x_kl is 0 unless y_ij contains x_kl")
PRODUCTS = Reason("elementwise product", "entry (i, j) of A ⊙ B is a_ij b_ij")
SUM = Reason("sum of all products", "a zero adds nothing")
ENTRIES = Reason("every entry", "entry (k, l) of ∂L/∂X is ∂L/∂x_kl")
FACTOR = Reason("factorisation of all entries", "every entry is a row of one factor times a column of the other")
FORMULA = Reason("formula for all entries", "the product is named by its factors; reverse mode finds the same")


@dataclass(frozen=True, eq=False)
class EntryRoute:
    """The derivation with respect to one input, each part made when somebody asks for it."""

    map: VectorMap
    _singles: dict[int, SingleEntry] = field(init=False, repr=False, default_factory=dict)

    @cached_property
    def jacobian(self) -> Jacobian:
        """What single derivatives ∂y_ij/∂x_kl are asked of."""
        return jacobian(self.map)

    @cached_property
    def formula(self) -> Formula:
        """The matrix formula, found by reverse mode on the graph and made short."""
        return formula(self.map.layer, self.map.input.name)

    @cached_property
    def layout(self) -> tuple[int, int]:
        """The shape of the input as it is printed, with two axes."""
        return tables.array(self.map.concrete, self.map.input).shape

    def single(self, number: int) -> SingleEntry:
        """The entry of the input that comes at this number, counted from 0."""
        made = self._singles.get(number)
        if made is None:
            made = self._singles[number] = SingleEntry(self._upstream_node, self.jacobian, number)
        return made

    def steps_of(self, number: int) -> tuple[Step[Tree], ...]:
        """The derivation of one entry; its sides are matrices in the shape of the output, and 1 × 1 for a number."""
        single = self.single(number)
        upstream = Explicit(self._upstream)
        partials = Explicit(single.partials(lambda: self._by_definition.get(number, {})))
        values, products = Explicit(single.values()), Explicit(single.products())
        name = self._number("name", lambda: single.name, lambda: self.map.loss_partials.get(number, Integer(0)))
        return (
            Step(name, Inner(upstream, partials), CHAIN),
            Step(partials, values, VALUES),
            Step(Hadamard((upstream, values)), products, PRODUCTS),
            Step(SumAxis(products, None, 2), self._number("sum", single.shown, lambda: single.value), SUM),
        )

    @cached_property
    def derivation(self) -> Derivation[Tree]:
        """The steps from all entries to the formula."""
        names = Explicit(self._square("names", lambda number: self.single(number).name, lambda: self.map.loss_partials))
        entries = Explicit(self._square("entries", lambda number: self.single(number).shown(), self._sums))
        steps: list[Step[Tree]] = [Step(names, entries, ENTRIES)]
        steps += to_formula(entries, self.formula.tree, self.map.concrete, self.layout, (FACTOR, FORMULA))
        return Derivation("entry", self.map.input.name, tuple(steps))

    @cached_property
    def _upstream_node(self) -> Node:
        return self.map.layer.seed

    @cached_property
    def _upstream(self) -> EntryTable:
        """∂L/∂Y; it is multiplied by the matrix of every entry, and evaluated once."""
        table = tables.array(self.map.concrete, self._upstream_node)
        return replace(table, nonzeros=cache(table.nonzeros))

    @cached_property
    def _by_definition(self) -> dict[int, dict[int, Expr]]:
        """For every entry of the input the derivatives of the outputs that contain it, by definition."""
        found: dict[int, dict[int, Expr]] = {}
        for (row, column), value in self.map.partials.items():
            found.setdefault(column, {})[row] = value
        return found

    def _sums(self) -> dict[int, Expr]:
        return {number: self.single(number).value for number in range(self.map.domain)}

    def _square(self, kind: str, tree: Callable[[int], Tree], values: Callable[[], Mapping[int, Expr]]) -> EntryTable:
        """One thing for each entry of the input, in the shape of the input."""
        columns = self.layout[1]
        return EntryTable(
            f"{self.map.input.name}.entry.{kind}",
            self.layout,
            lambda i, j: tree(i * columns + j),
            lambda: {divmod(number, columns): value for number, value in values().items() if value},
        )

    def _number(self, kind: str, tree: Callable[[], Tree], value: Callable[[], Expr]) -> Explicit:
        """A number, as a matrix with one entry."""
        name = f"{self.map.input.name}.entry.{kind}"
        return Explicit(EntryTable(name, (1, 1), lambda i, j: tree(), lambda: {(0, 0): value()}))


def derive_entry(layer: Layer, wrt: str, sizes: Mapping[str, int]) -> EntryRoute:
    """The derivation of ∂L/∂X for one input, entry by entry.

    Raises: UnknownNameError if the layer has no input of that name.
    """
    return EntryRoute(vectorize(layer, wrt, sizes))
