"""The route by the Jacobian: vectorise, write it out, apply the chain rule, regroup, read off a matrix product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from derive.engine import ChainRule, Reshaped, VectorMap, chain, reshape, tables, vectorize
from derive.forward.formula import Formula
from derive.forward.layer import Layer
from derive.forward.nodes import Node
from derive.notation.tree import Explicit, MatMul, Tree
from derive.routes.factored import to_formula
from derive.routes.jacobian_formula import ReadableJacobian
from derive.routes.kronecker import kronecker
from derive.rules.adjoint import reverse
from derive.rules.naming import formula
from derive.steps import Derivation, Reason, Step

__all__ = ["CHAIN", "FACTOR", "FORMULA", "KRONECKER", "REGROUP", "ROW", "VALUES", "JacobianRoute", "derive_jacobian"]

CHAIN = Reason("chain rule", "J_L(x) = J_h(y(x)) · J_y(x)")
VALUES = Reason("partial derivatives", "∂y_ij/∂x_kl is the coefficient that the sum, product and chain rules give")
KRONECKER = Reason("Kronecker product", "entry (i j, k l) of A ⊗ B is a_ik b_jl")
ROW = Reason("row times Jacobian", "∂L/∂x_kl = Σ_ij ∂L/∂y_ij · ∂y_ij/∂x_kl")
REGROUP = Reason("regrouping", "entry (k, l) of ∂L/∂X is the entry of the row that belongs to x_kl")
FACTOR = Reason("factorisation", "every entry is a row of one factor times a column of the other")
FORMULA = Reason("formula", "the product is named by its factors; reverse mode finds the same")


@dataclass(frozen=True, eq=False)
class JacobianRoute:
    """The derivation with respect to one input, each part made when somebody asks for it."""

    map: VectorMap

    @cached_property
    def jacobian(self) -> ReadableJacobian:
        """J_y."""
        return ReadableJacobian(self.map)

    @cached_property
    def chain_rule(self) -> ChainRule:
        """J_L = J_h · J_y."""
        return chain(self.jacobian)

    @cached_property
    def gradient(self) -> Reshaped:
        """∂L/∂X in the shape of X."""
        return reshape(self.chain_rule)

    @cached_property
    def _reversed(self) -> tuple[Node, tuple[Step[object], ...]]:
        layer = self.map.layer
        return reverse(layer.output, layer.seed, self.map.input)

    @cached_property
    def formula(self) -> Formula:
        """The matrix formula, found by reverse mode on the graph and made short."""
        return formula(self.map.layer, self.map.input.name)

    @property
    def rules(self) -> tuple[Step[object], ...]:
        """The applications of adjoint rules that led to the formula."""
        return self._reversed[1]

    @cached_property
    def derivation(self) -> Derivation[Tree]:
        """The steps, as equalities between matrices written out."""
        row, by_definition = tables.row(self.chain_rule), tables.derivatives(self.chain_rule)
        upstream = Explicit(tables.upstream_row(self.chain_rule))
        partials, values = Explicit(tables.partials(self.jacobian)), Explicit(tables.values(self.jacobian))
        names = Explicit(tables.square(by_definition, self.gradient, self.gradient.name))
        entries = Explicit(tables.square(row, self.gradient, self.gradient.shown))
        steps: list[Step[Tree]] = [
            Step(Explicit(by_definition), MatMul((upstream, partials)), CHAIN),
            Step(partials, values, VALUES),
            *([Step(values, product, KRONECKER)] if (product := kronecker(self.jacobian)) else []),
            Step(MatMul((upstream, values)), Explicit(row), ROW),
            Step(names, entries, REGROUP),
        ]
        steps += to_formula(entries, self.formula.tree, self.map.concrete, self.gradient.layout, (FACTOR, FORMULA))
        return Derivation("jacobian", self.map.input.name, tuple(steps))

    def sources(self, table: str, row: int, column: int) -> tuple[tuple[str, int, int], ...]:
        """The entries, each as (table, row, column), that one entry of a table of the derivation was made from.

        Rows and columns count from 0 and are those of the whole table, of which a page may show a part.
        Raises: KeyError if the derivation has no table of that name.
        """
        name, _, kind = table.partition(".")
        if name == self.map.input.name:
            match kind:
                case "map.names":
                    return ((f"{name}.map.components", row, 0),)
                case "jacobian.partials":
                    return (f"{name}.map.components", row, 0), (f"{name}.map.variables", column, 0)
                case "jacobian.values":
                    return ((f"{name}.jacobian.partials", row, column),)
                case "row.entries":
                    pairs = (
                        ((f"{name}.upstream", 0, k), (f"{name}.jacobian.values", k, column))
                        for k in self.jacobian.rows_of(column)
                    )
                    return tuple(source for pair in pairs for source in pair)
                case "gradient.entries":
                    return ((f"{name}.row.entries", 0, row * self.gradient.layout[1] + column),)
        raise KeyError(table)


def derive_jacobian(layer: Layer, wrt: str, sizes: Mapping[str, int]) -> JacobianRoute:
    """The derivation of ∂L/∂X for one input.

    Raises: UnknownNameError if the layer has no input of that name.
    """
    return JacobianRoute(vectorize(layer, wrt, sizes))
