"""The numbers that arrays hold while code is checked: elements of the exact field, or numbers of 50 digits.

Arrays ask for the same few operations in both cases. Comparisons of elements are elements, [u > 0]; where the code
wants to know whether one holds, both answers are tried, one run after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import sympy
from mpmath import fabs, isnan, mpf, workdps
from sympy import Expr, Rational, lambdify

from derive.checking.budget import Budget
from derive.checking.proofs.generic import is_piecewise
from derive.errors import UnsupportedError
from derive.forward import functions
from derive.forward.functions import EXACT, largest, smallest, step
from derive.forward.nodes import placeholder
from derive.forward.number import exact_number
from derive.proof.decide import vanishes, vanishes_in_parts
from derive.proof.field import Field
from derive.proof.ring import Element, Generator, Kind

__all__ = [
    "DIGITS",
    "NATIVE",
    "Branches",
    "Digits",
    "Entry",
    "Scalars",
    "Symbols",
    "TooManyBranchesError",
    "exact",
    "meant",
]

Entry = Any
"""An element of the field, or a number of many digits."""

DIGITS = 50
"""In how many digits numbers are computed where there are no symbols."""


class Scalars(Protocol):
    """What arrays ask for."""

    budget: Budget

    def number(self, value: Any) -> Entry:
        """A number of Python's, NumPy's or SymPy's."""
        ...

    def is_entry(self, value: object) -> bool:
        """Whether it is one of these scalars."""
        ...

    def apply(self, function: Expr, arguments: Sequence[Entry]) -> Entry:
        """The function with the arguments in the place of its placeholders."""
        ...

    def holds(self, value: Entry) -> bool | None:
        """Whether a truth value holds; None if that depends on the entries."""
        ...

    def decide(self, value: Entry) -> bool:
        """Whether a truth value holds, in the branch that is being run."""
        ...

    def extreme(self, name: str, entries: Sequence[Entry]) -> Entry:
        """The largest or the smallest."""
        ...

    def power(self, base: Entry, exponent: Entry) -> Entry: ...

    def quotient(self, left: Any, right: Any) -> Any:
        """Arrays of entries, one divided by the other."""
        ...

    def undefined(self) -> Entry:
        """What stands in an array that was not filled: it may be anything."""
        ...


def exact(value: Any) -> Expr:
    """The exact number that a number of Python's or NumPy's stands for.

    Raises: UnsupportedError if it is no finite real number.
    """
    if isinstance(value, Expr):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int):
        return Rational(int(value))
    if isinstance(value, Fraction):
        return Rational(value.numerator, value.denominator)
    if isinstance(value, float) and np.isfinite(value):
        return exact_number(value)
    raise UnsupportedError(f"{value!r:.40} is no finite real number")


_MOST_QUESTIONS = 9
"""A run that asks more has hundreds of others beside it."""


class TooManyBranchesError(UnsupportedError):
    """Questions can be answered in too many ways; there are fewer at smaller sizes."""


@dataclass(slots=True)
class Branches:
    """Which answers a run of the code gets to its questions, and what they say about masks by number.

    questioned are the masks that the code asked about, known those and their opposites.

    Example:
        >>> branches = Branches()
        >>> [branches.answer() for _ in branches.runs(10)]
        [True, False]
    """

    answers: list[bool] = field(default_factory=list)
    asked: int = 0
    known: dict[int, bool] = field(default_factory=dict)
    questioned: set[int] = field(default_factory=set)

    def runs(self, most: int) -> Iterator[None]:
        """One round for every way in which the questions can be answered.

        Raises: UnsupportedError if there are too many.
        """
        for _ in range(most):
            self.asked, self.known, self.questioned = 0, {}, set()
            yield
            if self.asked > _MOST_QUESTIONS:
                break
            while self.answers and not self.answers[-1]:
                self.answers.pop()
            if not self.answers:
                return
            self.answers[-1] = False
        raise TooManyBranchesError(f"the code branches on values in more than {most} ways")

    def answer(self) -> bool:
        """The answer to the next question."""
        if self.asked == len(self.answers):
            self.answers.append(True)
        self.asked += 1
        return self.answers[self.asked - 1]


class Symbols:
    """Entries are elements of a field."""

    def __init__(self, field: Field, branches: Branches, budget: Budget) -> None:
        self.field = field
        self.branches = branches
        self.budget = budget
        self._undefined = 0

    def number(self, value: Any) -> Element:
        return self.field.element(exact(value))

    def is_entry(self, value: object) -> bool:
        return isinstance(value, Element)

    def apply(self, function: Expr, arguments: Sequence[Element]) -> Element:
        self.budget.check()
        return self.field.apply(function, arguments)

    def holds(self, value: Element) -> bool | None:
        if not value.terms:
            return False
        return True if value == 1 else None

    def decide(self, value: Element) -> bool:
        while (found := self.holds(value)) is None:
            number = next(
                (n for monomial in value.terms for n, _ in self.field.monomials[monomial] if self._is_mask(n)), None
            )
            if number is None:
                raise UnsupportedError(f"the code asks whether {value!s:.60} is true, which is no comparison")
            value = _with_mask(value, number, self._answer(number))
        return found

    def _is_mask(self, number: int) -> bool:
        return self.field.generators[number].kind is Kind.MASK

    def _answer(self, number: int) -> bool:
        known = self.branches.known
        self.branches.questioned.add(number)
        if number in known:
            return known[number]
        generator = self.field.generators[number]
        if generator.name is not step:
            answer = known[number] = self._is_same(generator)
            return answer
        answer = known[number] = self.branches.answer()
        # Away from where u = 0, either u > 0 or -u > 0.
        opposite = self.field.apply(step(placeholder(0)), [-generator.arguments[0]])
        for monomial in opposite.terms:
            for other, _ in self.field.monomials[monomial]:
                known[other] = not answer
        return answer

    @staticmethod
    def _is_same(generator: Generator) -> bool:
        """Whether two values are equal, which different ones are on no open set.

        Raises: UnsupportedError where that depends on which entry is the largest.
        """
        difference = generator.arguments[0] - generator.arguments[1]
        if is_piecewise(difference):
            raise UnsupportedError("the code branches on whether two values are equal")
        return vanishes_in_parts(difference) or vanishes(difference)

    def extreme(self, name: str, entries: Sequence[Element]) -> Element:
        function = largest if name == "max" else smallest
        return self.apply(function(*(placeholder(p) for p in range(len(entries)))), entries)

    def power(self, base: Element, exponent: Element) -> Element:
        if set(exponent.terms) <= {0}:
            raised: Element = base ** exponent.terms.get(0, 0)
            return raised
        return self.apply(sympy.exp(placeholder(1) * sympy.log(placeholder(0))), [base, exponent])

    def quotient(self, left: Any, right: Any) -> Any:
        return np.true_divide(left, right)

    def undefined(self) -> Element:
        self._undefined += 1
        return self.field.variable(f"undefined {self._undefined}")


def _with_mask(value: Element, number: int, holds: bool) -> Element:
    """The element with 1 or 0 in the place of a mask of which it is a polynomial."""
    ring = value.field
    terms: dict[int, Any] = {}
    for monomial, coefficient in value.terms.items():
        powers = ring.monomials[monomial]
        if any(n == number for n, _ in powers):
            if not holds:
                continue
            monomial = ring.number(tuple(item for item in powers if item[0] != number))
        terms[monomial] = terms.get(monomial, 0) + coefficient
    return Element(ring, {monomial: coefficient for monomial, coefficient in terms.items() if coefficient})


class Digits:
    """Entries are numbers of many digits."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._undefined = 0

    def restart(self) -> None:
        """Whatever was not filled holds the same in the next run."""
        self._undefined = 0

    def number(self, value: Any) -> Any:
        with workdps(2 * DIGITS):
            number = exact(value)
            return mpf(int(number.p)) / int(number.q) if isinstance(number, Rational) else mpf(number.evalf(2 * DIGITS))

    def is_entry(self, value: object) -> bool:
        return isinstance(value, mpf)

    def apply(self, function: Expr, arguments: Sequence[Any]) -> Any:
        self.budget.check()
        value = _compiled(function, len(arguments))(*arguments)
        if not isinstance(value, mpf):
            try:
                value = mpf(value)
            except TypeError as error:
                raise UnsupportedError(f"{function} is not real at these numbers") from error
        return value

    def holds(self, value: Any) -> bool | None:
        return bool(value)

    def decide(self, value: Any) -> bool:
        return bool(value)

    def extreme(self, name: str, entries: Sequence[Any]) -> Any:
        return max(entries) if name == "max" else min(entries)

    def power(self, base: Any, exponent: Any) -> Any:
        return self.apply(placeholder(0) ** placeholder(1), [base, exponent])

    def quotient(self, left: Any, right: Any) -> Any:
        try:
            return np.true_divide(left, right)
        except ZeroDivisionError:
            # As NumPy has it: where such an entry is not taken, it does not matter.
            return _QUOTIENTS(left, right)

    def undefined(self) -> Any:
        self._undefined += 1
        return self.number(Rational(10**6 + self._undefined, 7))


def _quotient(a: Any, b: Any) -> Any:
    if b:
        return a / b
    return mpf("nan") if not a or isnan(a) else mpf("inf") if a > 0 else mpf("-inf")


_QUOTIENTS = np.frompyfunc(_quotient, 2, 1)


@lru_cache(maxsize=256)
def _compiled(function: Expr, count: int) -> Callable[..., Any]:
    places = [placeholder(p) for p in range(count)]
    compiled: Callable[..., Any] = lambdify(places, meant(function), [{**EXACT, **NATIVE}, "mpmath"], cse=False)
    return compiled


def meant(function: Expr) -> Expr:
    """The function in terms of what has a meaning in numbers."""
    kinds = {type(part) for part in function.atoms(functions.Named)}
    for kind in sorted(kinds, key=lambda kind: kind.__name__):
        if "defined" in vars(kind) and kind.__name__ not in NATIVE:
            function = function.replace(kind, kind.defined)
    return function


def _sign(x: Any) -> Any:
    return mpf(x > 0) - mpf(x < 0)


NATIVE: dict[str, Callable[..., Any]] = {
    "abs": fabs,
    "clip": lambda x, low, high: low if x < low else high if x > high else x,
    "maximum": lambda a, b: a if isnan(a) or a > b else b,
    "minimum": lambda a, b: a if isnan(a) or a < b else b,
    "relu": lambda x: max(x, mpf(0)),
    "sign": _sign,
}
"""What computes, in numbers of many digits, functions whose definitions give no number for infinite ones."""
