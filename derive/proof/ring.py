"""Sparse polynomials over the rationals in generators, each with its meaning, in a normal form.

    a generator is  an entry x_1_2 · a power of a polynomial · exp of a monomial · log, tanh, sin, ... of an element

Relations that lower exponents are used on the way: sin² is 1 - cos², a square root squared is what is under it,
[u > 0]² is itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from sympy import QQ, Expr, Rational, cos, exp, log, sin

from derive.proof.monomials import Coefficient, Monomial, Monomials, rational

__all__ = ["Coefficient", "Element", "Generator", "Kind", "Monomial", "Ring", "Terms", "add_terms", "rational"]

Terms = dict[int, Coefficient]
"""The coefficient of each monomial, which goes by its number in the field; none is 0."""


class Kind(Enum):
    """What a generator is; those that are said to be reduced obey a relation that lowers their exponents."""

    VARIABLE = "an independent variable"
    CONSTANT = "a positive constant such as π"
    PRIME = "a prime: exponents are between 0 and 1"
    POWER = "an element: exponents are below 1"
    EXP = "exp of a monomial"
    LOG = "log of an element"
    MASK = "a function that is 0 or 1, such as [u > 0]: exponents are 1"
    SIN = "sin of an element: exponents are below 2"
    FUNCTION = "another function of elements"


FUNCTIONS: dict[Kind, Any] = {Kind.EXP: exp, Kind.LOG: log, Kind.SIN: sin, Kind.POWER: lambda u: u}
"""What generators of a kind are; others go by the name of their function."""

_REDUCED = (Kind.PRIME, Kind.POWER, Kind.MASK, Kind.SIN)


@dataclass(frozen=True, eq=False)
class Generator:
    """One generator: its kind, its name, and the elements that it is a function of."""

    number: int
    kind: Kind
    name: Any
    arguments: tuple[Element, ...] = ()

    @property
    def function(self) -> Any:
        """What it is of its arguments, as a function of SymPy."""
        return FUNCTIONS.get(self.kind, self.name)


class Element:
    """An element of a field; operators work between elements of one field and numbers."""

    __slots__ = ("_gradient", "_hash", "field", "terms")

    _op_priority = 100.0
    """SymPy's numbers leave operations to us."""

    def __init__(self, field: Ring, terms: Terms) -> None:
        self.field = field
        self.terms = terms
        self._hash: int | None = None
        self._gradient: dict[int, Terms] | None = None

    def __add__(self, other: Any) -> Element:
        return self.field.add((self, other))

    __radd__ = __add__

    def __neg__(self) -> Element:
        return Element(self.field, {monomial: -coefficient for monomial, coefficient in self.terms.items()})

    def __sub__(self, other: Any) -> Element:
        return self.field.add((self, -self.field.element(other)))

    def __rsub__(self, other: Any) -> Element:
        return self.field.add((-self, other))

    def __mul__(self, other: Any) -> Element:
        field = self.field
        right = other if type(other) is Element else field.element(other)
        if self is field.one or not right.terms:
            return right
        if right is field.one or not self.terms:
            return self
        return Element(field, field.multiply(self.terms, right.terms))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Element:
        return self * self.field.element(other) ** -1

    def __rtruediv__(self, other: Any) -> Element:
        return self.field.element(other) * self**-1

    def __pow__(self, exponent: Any) -> Element:
        return self.field.power(self, rational(exponent))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Element):
            return self.terms == other.terms
        if isinstance(other, int | Expr | Fraction):
            return self.terms == self.field.element(other).terms
        return NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __str__(self) -> str:
        return str(self.field.expression(self))

    __repr__ = __str__

    def gradient(self) -> Mapping[int, Terms]:
        """The derivatives with respect to all variables that occur, by the variables' numbers."""
        if self._gradient is None:
            self._gradient = self.field.gradient(self.terms)
        return self._gradient


class Ring(ABC):
    """The generators and monomials that have been met, and sums and products of elements in normal form."""

    def __init__(self) -> None:
        self.generators: list[Generator] = []
        self.monomials = Monomials()
        self.zero = Element(self, {})
        self.one = Element(self, {0: 1})
        self.decided: dict[Element, bool | None] = {}
        self._named: dict[Any, Generator] = {}
        self._atoms: dict[int, Element] = {}
        self._obeying: set[int] = set()
        self._met: dict[tuple[int, int], int | Terms] = {}

    @abstractmethod
    def read(self, function: Expr) -> Element:
        """A scalar of SymPy as an element."""

    @abstractmethod
    def apply(self, function: Expr, arguments: Sequence[Element]) -> Element:
        """The function with elements in the place of its placeholders."""

    @abstractmethod
    def power(self, value: Element, exponent: Coefficient) -> Element:
        """value^exponent."""

    @abstractmethod
    def gradient(self, terms: Terms) -> dict[int, Terms]:
        """The derivatives with respect to all variables that occur, by the variables' numbers."""

    @abstractmethod
    def expression(self, value: Element) -> Expr:
        """The element as a scalar of SymPy."""

    def generator(self, kind: Kind, name: Any, arguments: tuple[Element, ...] = ()) -> Generator:
        """The generator of this kind, name and arguments."""
        key = (kind, name, arguments)
        found = self._named.get(key)
        if found is None:
            found = self._named[key] = Generator(len(self.generators), kind, name, arguments)
            self.generators.append(found)
            if kind in _REDUCED:
                self._obeying.add(found.number)
        return found

    def has(self, kind: Kind, arguments: tuple[Element, ...]) -> bool:
        """Whether the generator without a name has been met."""
        return (kind, "", arguments) in self._named

    def variable(self, name: str) -> Element:
        """The independent variable of this name."""
        return self.atom(self.generator(Kind.VARIABLE, name).number)

    def atom(self, number: int) -> Element:
        """The variable of this number."""
        if number not in self._atoms:
            self._atoms[number] = self.raised(self.generators[number], 1)
        return self._atoms[number]

    def element(self, value: Any) -> Element:
        """A number as an element; an element as it is."""
        if isinstance(value, Element):
            return value
        if isinstance(value, Expr) and not isinstance(value, Rational):
            return self.read(value)
        number = rational(value)
        if number == 1:
            return self.one
        return Element(self, {0: number}) if number else self.zero

    def number(self, monomial: Monomial) -> int:
        """The number by which a monomial in normal form goes."""
        return self.monomials.number(monomial)

    def raised(self, generator: Generator, exponent: Coefficient) -> Element:
        """The power of a generator, in normal form."""
        exponent = rational(exponent)
        if not exponent:
            return self.one
        if generator.kind in _REDUCED:
            return Element(self, self._reduced([(generator.number, exponent)]))
        return Element(self, {self.number(((generator.number, exponent),)): 1})

    def add(self, terms: Iterable[Any]) -> Element:
        """The sum of elements and numbers."""
        elements = [term if type(term) is Element else self.element(term) for term in terms]
        found = [element for element in elements if element.terms]
        if len(found) < 2:
            return found[0] if found else self.zero
        total = found[0].terms.copy()
        for element in found[1:]:
            add_terms(total, element.terms)
        return Element(self, total)

    def multiply(self, left: Terms, right: Terms) -> Terms:
        """The product of sums of monomials."""
        if len(left) >= len(right):
            left, right = right, left
        if len(left) == 1:
            ((first, a),) = left.items()
            if len(right) == 1:
                ((second, b),) = right.items()
                # Most products are of two monomials without a common generator.
                if not second & self.monomials.rivals[first]:
                    return {first | second: a * b}
            return self._multiple(first, a, right)
        total: Terms = {}
        for first, a in left.items():
            for monomial, coefficient in self._multiple(first, a, right).items():
                total[monomial] = total[monomial] + coefficient if monomial in total else coefficient
        return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}

    def _multiple(self, first: int, a: Coefficient, terms: Terms) -> Terms:
        """A monomial with its coefficient times a sum of monomials."""
        if not first:
            return terms if a == 1 else {second: a * b for second, b in terms.items()}
        if len(terms) == 1 and 0 in terms:
            return {first: a * terms[0]}
        rivals = self.monomials.rivals[first]
        meeting = [second for second in terms if second & rivals]
        total = self._met_by(first, terms, rivals) if meeting else {first | second: b for second, b in terms.items()}
        # Most coefficients are 1, and rational ones are slow to multiply.
        return total if a == 1 else {monomial: a * b for monomial, b in total.items()}

    def _met_by(self, first: int, terms: Terms, rivals: int) -> Terms:
        """A monomial times a sum in which some share a generator with it."""
        products = [self.product(first, second) if second & rivals else first | second for second in terms]
        # Different monomials have different products, unless a relation changes one.
        if dict in map(type, products):
            return self._added(products, terms)
        return dict(zip(products, terms.values(), strict=True))  # type: ignore[arg-type]  # none is a dict

    def _added(self, products: Sequence[int | Terms], terms: Terms) -> Terms:
        """The sum of products with the coefficients of the terms that they are made from."""
        pairs = list(zip(products, terms.values(), strict=True))
        total: Terms = {product: b for product, b in pairs if isinstance(product, int)}
        for product, b in pairs:
            for monomial, coefficient in product.items() if isinstance(product, dict) else ():
                total[monomial] = total.get(monomial, 0) + coefficient * b
        return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}

    def product(self, first: int, second: int) -> int | Terms:
        """A monomial, or several where a generator obeys a relation."""
        other = second & self.monomials.rivals[first]
        one = first & self.monomials.rivals[other]
        # Many pairs of monomials share a generator, but few pairs of powers do.
        met = self._met.get((one, other))
        if met is None:
            met = self._met[one, other] = self._meeting(one, other)
        rest = (first ^ one) | (second ^ other)
        return rest | met if isinstance(met, int) else self.multiply({rest: 1}, met)

    def _meeting(self, one: int, other: int) -> int | Terms:
        """The product of monomials of the same generators."""
        number, apart = self.monomials.product(one, other, self._obeying)
        if not apart:
            return number
        reduced = self.multiply({number: 1}, self._reduced(apart))
        unchanged, _ = self.monomials.product(one, other, ())
        return unchanged if reduced == {unchanged: 1} else reduced

    def _reduced(self, powers: Sequence[tuple[int, Coefficient]]) -> Terms:
        """The product of powers of generators that obey relations."""
        result: Terms = {0: 1}
        for number, exponent in powers:
            generator = self.generators[number]
            whole = exponent if isinstance(exponent, int) else exponent.numerator // exponent.denominator
            left = rational(exponent - whole)
            match generator.kind:
                case Kind.PRIME:
                    prime = generator.name
                    factor = {self._single(number, left): prime**whole if whole >= 0 else QQ(1, prime**-whole)}
                case Kind.POWER:
                    factor = self._power_of_base(generator, whole, left)
                case Kind.MASK:
                    factor = {self._single(number, 1 if exponent > 0 else exponent): 1}
                case _:
                    factor = self._power_of_sine(generator, exponent)
            result = self.multiply(result, factor)
        return result

    def _single(self, number: int, exponent: Coefficient) -> int:
        return self.number(((number, exponent),)) if exponent else 0

    def _power_of_base(self, generator: Generator, whole: int, left: Coefficient) -> Terms:
        """p^n · p^f: the whole part is multiplied out if it can be, p itself being known."""
        base = generator.arguments[0]
        if whole >= 0 or self._is_invertible(base):
            return self.multiply(self.power(base, whole).terms, {self._single(generator.number, left): 1})
        return {self._single(generator.number, rational(whole + left)): 1}

    def _is_invertible(self, value: Element) -> bool:
        """Whether 1 / value is a monomial again."""
        return len(value.terms) == 1 and all(
            self.generators[number].kind is not Kind.MASK
            for monomial in value.terms
            for number, _ in self.monomials[monomial]
        )

    def _power_of_sine(self, generator: Generator, exponent: Coefficient) -> Terms:
        if not isinstance(exponent, int) or exponent < 2:
            return {self._single(generator.number, exponent): 1}
        cosine = self.raised(self.generator(Kind.FUNCTION, cos, generator.arguments), 2)
        square = self.power(self.one - cosine, exponent // 2)
        return self.multiply(square.terms, {self._single(generator.number, exponent % 2): 1})

    def monomial(self, exponents: Mapping[int, Coefficient]) -> Element:
        """The product of powers of generators, in normal form."""
        powers = [(number, exponent) for number, inner in sorted(exponents.items()) if (exponent := rational(inner))]
        reduced = [item for item in powers if self.generators[item[0]].kind in _REDUCED]
        kept = self.number(tuple(item for item in powers if item not in reduced))
        return Element(self, self.multiply({kept: 1}, self._reduced(reduced)))


def add_terms(total: Terms, terms: Terms) -> None:
    """Adds terms to a sum in place; none of it is 0."""
    if not total:
        total.update(terms)
        return
    for monomial, coefficient in terms.items():
        if monomial not in total:
            total[monomial] = coefficient
        elif collected := total[monomial] + coefficient:
            total[monomial] = collected
        else:
            del total[monomial]
