"""One gradient with all that leads to it: the map, its Jacobian, the chain rule, formulas, evidence and code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from derive.errors import RefutedError
from derive.forward.assumption import Assumption
from derive.forward.layer import Layer
from derive.proof.assumed import check_assumed, uses
from derive.proof.evidence import Evidence, Strength
from derive.proof.prove import check_sizes, prove, prove_text
from derive.proof.symbolic import Exact
from derive.routes.jacobian import JacobianRoute
from derive.rules.naming import formula

if TYPE_CHECKING:
    from derive.engine import ChainRule, Reshaped, VectorMap
    from derive.forward.formula import Formula
    from derive.routes.jacobian_formula import ReadableJacobian
    from derive.routes.second import Hessian, SecondRoute

__all__ = ["DerivedGradient"]


@dataclass(frozen=True, eq=False)
class DerivedGradient:
    """The derivation of ∂L/∂X for one input; every part is made when somebody asks for it.

    The derivation assumes nothing; assumed is the layer with what is assumed of its inputs, which the formula uses.

    Shapes: map ℝⁿ → ℝᵐ, jacobian (m, n), chain_rule (1, n), gradient the shape of the input.
    """

    route: JacobianRoute
    oracle: str = "numpy"
    exact: Exact | None = None
    assumed: Layer | None = None
    with_jacobian: bool = False
    with_second: bool = False

    @property
    def map(self) -> VectorMap:
        """y: ℝⁿ → ℝᵐ; `[i]` is component i."""
        return self.route.map

    @property
    def jacobian(self) -> ReadableJacobian:
        """J_y; `[i, j]` is ∂y_i/∂x_j, and `formula` the matrix for all sizes, None if it has no such form."""
        return self.route.jacobian

    @property
    def chain_rule(self) -> ChainRule:
        """J_L = J_h · J_y; `[0, j]` is ∂L/∂x_j."""
        return self.route.chain_rule

    @property
    def gradient(self) -> Reshaped:
        """∂L/∂X; `[i, j]` is ∂L/∂x_ij, `[i]` if the input is a vector."""
        return self.route.gradient

    @property
    def formula(self) -> Formula:
        """The matrix formula, which uses what is assumed; `str()` gives it in NumPy syntax."""
        return self.route.formula if self.assumed is None else formula(self.assumed, self.route.map.input.name)

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What is assumed and used in the formula."""
        return () if self.assumed is None else uses(self.assumed, self.route.map.input.name)

    @cached_property
    def second(self) -> SecondRoute:
        """The second derivatives of the loss; those of Σ G ⊙ Y where the output is no number."""
        from derive.routes.second import derive_second  # deferred: few ask for second derivatives

        map = self.route.map
        return derive_second(map.layer, map.input.name, map.concrete.sizes)

    @property
    def hessian(self) -> Hessian:
        """H; `[i, j]` is ∂²L/∂x_i∂x_j, and `formula` the matrix for all sizes, None if it has no such form."""
        return self.second.hessian

    @property
    def hvp(self) -> Formula:
        """H V for a direction V in the shape of the input, called as `second.direction` says."""
        return self.second.product

    @property
    def further_statements(self) -> tuple[str, ...]:
        """Lines of NumPy-style code for what is asked for besides: J_X = ..., H_X = ... and hvp_X = ...

        Every part defines again the names that it uses, which may be other values than before.
        """
        name = self.route.map.input.name
        lines: list[str] = []
        if self.with_jacobian:
            jacobian = self.jacobian.formula
            none = f"# J_{name}: no product or sum of Kronecker products and diagonal matrices"
            lines += (none,) if jacobian is None else jacobian.statements
        if self.with_second:
            hessian = self.hessian.formula
            none = f"# H_{name}: no product or sum of Kronecker products and diagonal matrices"
            lines += (none,) if hessian is None else hessian.statements
            *before, _ = self.hvp.statements
            lines += [*before, f"hvp_{name} = {self.hvp}  # H_{name} times {self.second.direction.name}"]
        return tuple(lines)

    @cached_property
    def further(self) -> tuple[Evidence, ...]:
        """How the Jacobian as a formula and second derivatives were verified, as far as they are asked for.

        Raises: RefutedError if one of them is false.
        """
        map, exact = self.route.map, self.exact or Exact(self.route.map.layer)
        sizes = _two_sizes(map.layer)
        found: tuple[Evidence, ...] = ()
        written = self.jacobian.formula if self.with_jacobian else None
        if written is not None:
            from derive.proof.jacobian_formula import check_jacobian_formula  # deferred: few ask for it

            found = (*found, check_jacobian_formula(map.layer, written, sizes, exact))
        if self.with_second:
            from derive.proof.second import check_second  # deferred: few ask for second derivatives

            found = (*found, *check_second(self.second, sizes, exact))
        _refuse_false(map.layer, map.input.name, found)
        return found

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """How the formula was verified, as a page shows it and as the text that `str()` gives.

        Raises: RefutedError if a step of the derivation or the text is false; UserError if the oracle is not installed.
        """
        first, *others = self.page_evidence
        map = self.route.map
        # Where the formula uses what is assumed, its text has been compared with it there.
        text = None if self.assumptions else prove_text(map.layer, map.input.name, map.concrete.sizes, exact=self.exact)
        if text is None:
            return self.page_evidence
        _refuse_false(map.layer, map.input.name, [text])
        return (first, text, *others)

    @cached_property
    def page_evidence(self) -> tuple[Evidence, ...]:
        """How the formula was verified with the names that those of the layer share, as pages, data and code have it.

        Raises: RefutedError if a step of the derivation is false; UserError if the oracle is not installed.
        """
        map = self.route.map
        name, exact = map.input.name, self.exact or Exact(map.layer)
        evidence = prove(map.layer, name, map.concrete.sizes, oracle=self.oracle, exact=exact)
        if self.assumed is not None:
            sizes = check_sizes(map.layer)
            evidence = (*evidence, *check_assumed(self.assumed, name, sizes, exact, oracle=self.oracle))
        _refuse_false(map.layer, name, evidence)
        return (*evidence, *self.further)

    def code(self, language: str = "numpy") -> str:
        """The source of a function that computes the gradient: `gradient_W(X, W, b, G)`.

        The language is numpy, torch or jax.

        Raises: UnknownNameError for another language; UnsupportedError for what it cannot say; RefutedError if a step
        of the derivation is false.
        """
        from derive.code import function_source  # deferred: only this needs it

        # Nothing is written that was not verified.
        _ = self.page_evidence
        name = self.map.input.name
        return function_source(self.map.layer, [self.formula], f"gradient_{name}", language)

    def sources(self, table: str, row: int, column: int) -> tuple[tuple[str, int, int], ...]:
        """The entries that one entry of the derivation was made from; see JacobianRoute.sources."""
        return self.route.sources(table, row, column)

    def _repr_latex_(self) -> str:
        return self.formula._repr_latex_()


def _two_sizes(layer: Layer) -> tuple[Mapping[str, int], ...]:
    """Two sizes of further checks; a layer of one letter has one of them, and gets the next."""
    first, *others = check_sizes(layer)
    larger = {letter: number + 1 for letter, number in first.items()}
    if not others and first and not layer.misfit(larger):
        others = [larger]
    return (first, *others[:1])


def _refuse_false(layer: Layer, name: str, evidence: Iterable[Evidence]) -> None:
    """Lets nothing pass that is refuted.

    Raises: RefutedError with the counterexample.
    """
    for item in evidence:
        if item.strength is Strength.REFUTED:
            raise RefutedError(f"{layer.name}: the gradient of {name} is false: {item.counterexample}")
