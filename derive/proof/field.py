"""The field in which layers are proved: entries of inputs, and every value that a scalar function makes of others.

Equal elements mostly have one form; whether two forms are equal is decided by `decide`. Derivatives are total ones:
those of a generator are SymPy's derivatives of its scalar function, times those of its arguments. Nothing here knows
how layers are differentiated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Expr

from derive.proof import powers, scalars
from derive.proof.ring import Coefficient, Element, Generator, Kind, Ring, Terms, add_terms

__all__ = ["Field"]


class Field(Ring):
    """A ring with powers, scalar functions and derivatives; what was computed once is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._applied: dict[Any, Element] = {}
        self._derivatives: dict[int, Mapping[int, Terms]] = {}
        self._slopes: dict[int, Mapping[int, Terms]] = {}

    def apply(self, function: Expr, arguments: Sequence[Element] = ()) -> Element:
        """The function with elements in the place of its placeholders; other symbols are variables.

        Raises: UnsupportedError where it is real nowhere.
        """
        key = (function, *arguments)
        found = self._applied.get(key)
        if found is None:
            found = self._applied[key] = scalars.apply(self, function, arguments)
        return found

    def read(self, function: Expr) -> Element:
        """A scalar of SymPy as an element, its symbols as variables."""
        return self.apply(function)

    def power(self, value: Element, exponent: Coefficient) -> Element:
        """value^exponent, for a rational exponent.

        Raises: UnsupportedError where it is real nowhere.
        """
        return powers.power(value, exponent)

    def expression(self, value: Element) -> Expr:
        """The element as a scalar of SymPy."""
        return scalars.expression(value)

    def gradient(self, terms: Terms) -> dict[int, Terms]:
        """The derivatives with respect to all variables that occur: the sum rule."""
        found: dict[int, Terms] = {}
        for monomial, coefficient in terms.items():
            for variable, slope in self._of_monomial(monomial).items():
                scaled = slope if coefficient == 1 else {m: factor * coefficient for m, factor in slope.items()}
                add_terms(found.setdefault(variable, {}), scaled)
        return {variable: total for variable, total in found.items() if total}

    def _of_monomial(self, monomial: int) -> Mapping[int, Terms]:
        """The product rule: ∂(g^e r) = e g^(e-1) r ∂g + ..."""
        found = self._derivatives.get(monomial)
        if found is None:
            total: dict[int, Terms] = {}
            for number, exponent in self.monomials[monomial]:
                generator = self.generators[number]
                if generator.kind is Kind.VARIABLE:
                    add_terms(total.setdefault(number, {}), self._lowered(monomial, generator, exponent))
                    continue
                if generator.kind is Kind.EXP:
                    # ∂e^(cu) = c e^(cu) ∂u: no exponent changes.
                    lowered, inner = {monomial: exponent}, generator.arguments[0].gradient()
                else:
                    lowered, inner = self._lowered(monomial, generator, exponent), self._of_generator(number)
                for variable, slope in inner.items():
                    add_terms(total.setdefault(variable, {}), self.multiply(lowered, slope))
            found = self._derivatives[monomial] = {variable: slope for variable, slope in total.items() if slope}
        return found

    def _lowered(self, monomial: int, generator: Generator, exponent: Coefficient) -> Terms:
        """e g^(e-1) r for g^e r."""
        rest = {self.monomials.without(monomial, generator.number): 1}
        if exponent == 1:
            return rest
        lowered = self.multiply(rest, self.raised(generator, exponent - 1).terms)
        return {other: exponent * coefficient for other, coefficient in lowered.items()}

    def _of_generator(self, number: int) -> Mapping[int, Terms]:
        """The chain rule: ∂f(u) = f'(u) ∂u."""
        found = self._slopes.get(number)
        if found is None:
            generator = self.generators[number]
            total: dict[int, Terms] = {}
            if generator.arguments:
                for slope, argument in zip(scalars.slopes(self, generator), generator.arguments, strict=True):
                    for variable, inner in argument.gradient().items():
                        add_terms(total.setdefault(variable, {}), self.multiply(slope.terms, inner))
            found = self._slopes[number] = total
        return found
