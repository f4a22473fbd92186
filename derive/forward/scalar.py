"""Turns a SymPy scalar function, such as that of a Map, into notation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy
from sympy import Add, Expr, Function, Integer, Mul, Pow, Rational, Symbol, fraction

from derive.errors import InternalError
from derive.forward.functions import DOTS, equal, logabs, step
from derive.forward.masks import added, compared
from derive.forward.nodes import placeholder
from derive.notation.digits import is_decimal
from derive.notation.tree import (
    Call,
    Dots,
    Equal,
    Hadamard,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Tree,
)

__all__ = ["number", "parts_of", "read_scalar"]


_NAMES = {"largest": "max", "smallest": "min", "acos": "arccos", "asin": "arcsin", "atan": "arctan"}
"""NumPy's name for a function that SymPy calls otherwise."""


def number(value: Expr) -> Tree:
    """The tree of a number or of an expression in sizes such as 1/N."""
    return read_scalar(value, (), times=Product)


def read_scalar(function: Expr, operands: Sequence[Tree], *, times: type[Hadamard] | type[Product] = Hadamard) -> Tree:
    """The function with the operands in the place of its placeholders.

    times is the product of two operands: Hadamard when they are matrices, Product when they are entries.
    """
    return _Reader({placeholder(p): operand for p, operand in enumerate(operands)}, times).read(function)


def parts_of(coefficient: Expr) -> tuple[Expr, Expr]:
    """What stands above and below the line: of √2 / 2 nothing above and √2 below, and √(2 / π) is one root."""
    over, below = fraction(coefficient)
    if _is_root(over) and _is_root(below):
        return coefficient, Integer(1)
    if not coefficient.free_symbols and not over.is_Rational:
        above, under = fraction(1 / coefficient)
        if under == 1 and len(str(above)) < len(str(coefficient)):
            return under, above
    return over, below


def _is_root(value: Expr) -> bool:
    """Whether a number is the root of a rational number, or of one with π."""
    return bool(value.is_number and not value.is_Rational and _radicand(value) is not None)


def _radicand(value: Expr) -> Expr | None:
    """q where a number is √q, with a rational number or one with π for q."""
    square = value**2
    return (
        square if value.is_positive and all(not power.exp.has(Rational(1, 2)) for power in square.atoms(Pow)) else None
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    places: dict[Symbol, Tree]
    times: type[Hadamard] | type[Product]

    def read(self, expr: Expr) -> Tree:
        match expr:
            case Integer():
                return Number(int(expr))
            case Rational():
                return Number(Fraction(int(expr.p), int(expr.q)))
            case Symbol() if expr == DOTS:
                return Dots()
            case sympy.pi:
                return Number("pi")
            case sympy.E:
                return Call("exp", (Number(1),))
            case Symbol():
                return self.places[expr] if expr in self.places else Number(expr.name)
            case Add():
                # SymPy orders by its own key, which is canonical; a leading minus is moved off the first place if it
                # can be.
                terms = sorted(expr.as_ordered_terms(), key=lambda term: term.could_extract_minus_sign())
                return added(tuple(map(self._term, terms)))
            case Mul():
                return self._product(expr)
            case Pow():
                base, exponent = expr.as_base_exp()
                if exponent.is_negative:
                    return Quotient(Number(1), self.read(base**-exponent))
                if exponent == Rational(1, 2):
                    return Call("sqrt", (self.read(base),))
                return Power(self.read(base), self.read(exponent))
            case step():
                return self._compared(expr.args[0])
            case equal():
                return Equal(*map(self.read, expr.args))
            case logabs():
                return Call("log", (Call("abs", (self.read(expr.args[0]),)),))
            case Function():
                return Call(
                    _NAMES.get(type(expr).__name__, type(expr).__name__),
                    tuple(self.read(argument) for argument in expr.args),
                )
        raise InternalError(f"notation: no rule for the scalar function {expr.func.__name__}")

    def _compared(self, difference: Expr) -> Tree:
        """[a > b] for the step of a - b."""
        terms = difference.as_ordered_terms()
        left = [term for term in terms if not term.could_extract_minus_sign()]
        right = [-term for term in terms if term.could_extract_minus_sign()]
        return compared(self.read(Add(*left)), self.read(Add(*right)))

    def _term(self, expr: Expr) -> Tree:
        negative = isinstance(expr, Rational) and expr < 0
        return Negative(self.read(-expr)) if negative else self.read(expr)

    def _product(self, expr: Mul) -> Tree:
        coefficient, rest = expr.as_coeff_Mul()
        square = (
            _radicand(expr)
            if expr.has(sympy.pi) and expr.is_number and not coefficient.could_extract_minus_sign()
            else None
        )
        if square is not None and len(str(square)) + len("sqrt()") < len(str(expr)):
            return Call("sqrt", (self.read(square),))
        if coefficient.could_extract_minus_sign():
            return Negative(self.read(-expr))
        over, under = expr.as_numer_denom()
        if under != 1 and not (
            coefficient.is_Rational and is_decimal(Fraction(int(coefficient.p), int(coefficient.q)))
        ):
            return Quotient(self.read(over), self.read(under))
        factors = tuple(self.read(factor) for factor in Mul.make_args(rest))
        several = factors[0] if len(factors) == 1 else self.times(factors)
        return several if coefficient == 1 else Product((self.read(coefficient), several))
