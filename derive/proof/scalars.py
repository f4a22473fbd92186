"""Scalar functions in the field: what SymPy's trees are there, and back; the derivatives of generators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from operator import mul

import sympy
from sympy import Expr, Integer, Rational, Symbol

from derive.errors import UnsupportedError
from derive.forward import functions
from derive.forward.nodes import placeholder
from derive.proof.powers import content, is_negative, is_never_zero, is_positive, is_strictly_positive, primes
from derive.proof.ring import Coefficient, Element, Generator, Kind, Ring, rational

__all__ = ["apply", "expression", "replaced", "slopes"]


def apply(field: Ring, function: Expr, arguments: Sequence[Element]) -> Element:
    """The function with elements in the place of its placeholders; other symbols are variables.

    Raises: UnsupportedError where it is real nowhere.
    """
    return _read(field, function, dict(zip(_places(arguments), arguments, strict=True)))


def _read(field: Ring, function: Expr, places: dict[Symbol, Element]) -> Element:
    def read(inner: Expr) -> Element:
        return _read(field, inner, places)

    match function:
        case Symbol() if function.is_positive:
            return _constant(field, function)
        case Symbol():
            return places[function] if function in places else field.variable(function.name)
        case Rational():
            return field.element(function)
        case sympy.Float():
            return field.element(Rational(str(function)))
        case sympy.Add():
            return field.add(map(read, function.args))
        case sympy.Mul():
            return reduce(mul, map(read, function.args))
        case sympy.Pow(base=base, exp=exponent) if isinstance(exponent, Rational):
            return field.power(read(base), rational(exponent))
        case sympy.Pow(base=base, exp=exponent):
            return _exp(field, read(exponent) * _log(field, read(base)))
    if function.is_number and not function.args:
        return _exp(field, field.one) if function == sympy.E else _constant(field, function)
    rule = _RULES.get(type(function))
    arguments = [read(argument) for argument in function.args]
    if rule is not None:
        return rule(field, *arguments)
    if "defined" in vars(type(function)):
        return field.apply(type(function).defined(*_places(arguments)), arguments)
    return _function(field, type(function), arguments)


def _places(arguments: Sequence[object]) -> list[Symbol]:
    return [placeholder(p) for p in range(len(arguments))]


def _constant(field: Ring, value: Expr) -> Element:
    if not value.is_positive:
        raise UnsupportedError(f"proof: {value} is no real positive constant")
    return field.raised(field.generator(Kind.CONSTANT, value), 1)


def _function(field: Ring, kind: type[Expr], arguments: Sequence[Element]) -> Element:
    if all(set(argument.terms) <= {0} for argument in arguments):
        number = kind(*(Rational(str(argument.terms.get(0, 0))) for argument in arguments))
        if not isinstance(number, kind):
            return _read(field, number, {})
    if kind in _ODD and is_negative(arguments[0]):
        return -_function(field, kind, [-arguments[0]])
    if kind is sympy.cos and is_negative(arguments[0]):
        arguments = [-arguments[0]]
    sort = Kind.SIN if kind is sympy.sin else Kind.FUNCTION
    return field.raised(field.generator(sort, kind, tuple(arguments)), 1)


def _exp(field: Ring, u: Element) -> Element:
    """exp(Σ c m) = Π exp(m)^c, and exp(c log p) = p^c.

    Source: the functional equation; for different monomials the exp(m) are independent (Ax, "On Schanuel's
    conjectures", 1971).
    """
    result = field.one
    for monomial, coefficient in u.terms.items():
        powers = field.monomials[monomial]
        generator = field.generators[powers[0][0]] if powers else None
        if generator is not None and generator.kind is Kind.LOG and len(powers) == 1 and powers[0][1] == 1:
            result = result * field.power(generator.arguments[0], coefficient)
        else:
            inner = Element(field, {monomial: 1})
            result = result * field.raised(field.generator(Kind.EXP, "", (inner,)), coefficient)
    return result


def _log(field: Ring, u: Element) -> Element:
    """log(Π p) = Σ log p for positive factors, log(exp(m)) = m."""
    if not u:
        raise UnsupportedError("proof: log(0); choose inputs at which the layer is defined")
    common, shared, rest = content(u, is_positive)
    terms = [_log_of(field, field.element(prime)) * count for prime, count in primes(common).items()]
    for number, exponent in shared:
        generator = field.generators[number]
        if generator.kind is Kind.EXP:
            inner = generator.arguments[0]
        elif generator.kind is Kind.POWER:
            inner = _log(field, generator.arguments[0])
        elif generator.kind is Kind.PRIME:
            inner = _log_of(field, field.element(generator.name))
        else:
            inner = _log_of(field, field.raised(generator, 1))
        terms.append(inner * exponent)
    if rest == -1:
        raise UnsupportedError("proof: log of a negative number; choose inputs at which the layer is real")
    return field.add(terms if rest == 1 else [*terms, _log_of(field, rest)])


def _log_of(field: Ring, u: Element) -> Element:
    return field.raised(field.generator(Kind.LOG, "", (u,)), 1)


def _equal(field: Ring, a: Element, b: Element) -> Element:
    """[a = b], for numbers and one and the same element as they are."""
    difference = a - b
    if set(difference.terms) <= {0}:
        return field.zero if difference else field.one
    if is_negative(difference):
        a, b = b, a
    return field.raised(field.generator(Kind.MASK, functions.equal, (a, b)), 1)


def _step(field: Ring, u: Element) -> Element:
    """[u > 0], which does not change with positive factors of u."""
    if not u:
        return field.zero
    opened = _step_of_cases(field, u)
    if opened is not None:
        return opened
    _, _, rest = content(u, is_never_zero)
    for sign, value in ((rest, field.one), (-rest, field.zero)):
        if is_strictly_positive(sign):
            return value
    return field.raised(field.generator(Kind.MASK, functions.step, (rest,)), 1)


_FEW_MASKS = 2
"""The step of a value with more masks, as of a deep network of rectifiers, is a generator of its own."""


def _step_of_cases(field: Ring, u: Element) -> Element | None:
    """[a + c w [w > 0] > 0] of the larger or the smaller of a and a + c w; None if there is no mask in u, or many.

    So [c - |w| > 0] is [c - w > 0] [c + w > 0].
    """
    met = {number for monomial in u.terms for number, _ in field.monomials[monomial]}
    masks = [number for number in sorted(met) if field.generators[number].kind is Kind.MASK]
    if not 0 < len(masks) <= _FEW_MASKS or field.generators[masks[0]].name is not functions.step:
        return None
    (argument,) = field.generators[masks[0]].arguments
    parts: tuple[dict[int, Coefficient], dict[int, Coefficient]] = {}, {}
    for monomial, coefficient in u.terms.items():
        powers = field.monomials[monomial]
        rest = tuple(item for item in powers if item[0] != masks[0])
        parts[len(rest) < len(powers)][field.number(rest)] = coefficient
    without, more = (Element(field, part) for part in parts)
    # w and c w have the same monomials.
    first = next(iter(argument.terms))
    slope = more.terms.get(first)
    if slope is None or more * argument.terms[first] != argument * slope:
        return None
    low, high = _step(field, without), _step(field, without + more)
    if (slope > 0) == (argument.terms[first] > 0):
        return 1 - (1 - low) * (1 - high)
    return low * high


def _sign(field: Ring, u: Element) -> Element:
    return _step(field, u) - _step(field, -u)


def _sigmoid(field: Ring, u: Element) -> Element:
    """σ(-u) = 1 - σ(u)."""
    if is_negative(u):
        return 1 - _sigmoid(field, -u)
    return _function(field, functions.sigmoid, [u]) if u else field.element(Rational(1, 2))


def _angle(field: Ring, kind: type[Expr], u: Element) -> Element:
    """sin(2 u) = 2 sin(u) cos(u), and cos(2 u) = 2 cos(u)² - 1."""
    if not u or any(int(c.denominator) != 1 or int(c.numerator) % 2 for c in u.terms.values()):
        return _function(field, kind, [u])
    half = u * Rational(1, 2)
    cosine = _angle(field, sympy.cos, half)
    return 2 * cosine * (_angle(field, sympy.sin, half) if kind is sympy.sin else cosine) - int(kind is sympy.cos)


_ODD = (sympy.sin, sympy.tanh, sympy.erf, sympy.asin, sympy.atan)

_RULES: dict[type[Expr], Callable[..., Element]] = {
    sympy.exp: _exp,
    sympy.log: _log,
    sympy.sin: lambda field, u: _angle(field, sympy.sin, u),
    sympy.cos: lambda field, u: _angle(field, sympy.cos, u),
    sympy.tan: lambda field, u: _angle(field, sympy.sin, u) / _angle(field, sympy.cos, u),
    sympy.cosh: lambda field, u: (_exp(field, u) + _exp(field, -u)) / 2,
    sympy.sinh: lambda field, u: (_exp(field, u) - _exp(field, -u)) / 2,
    sympy.Abs: lambda field, u: u * _sign(field, u),
    sympy.sign: _sign,
    functions.equal: _equal,
    functions.step: _step,
    functions.sigmoid: _sigmoid,
}
"""What a function is in the field; others are generators, or what their definition says."""


@lru_cache(maxsize=256)
def _slope(kind: type[Expr], count: int, place: int) -> Expr:
    places = [placeholder(p) for p in range(count)]
    return sympy.diff(kind(*places), places[place])


def slopes(field: Ring, generator: Generator) -> tuple[Element, ...]:
    """The derivatives of a generator with respect to its arguments."""
    match generator.kind:
        case Kind.EXP:
            return (field.raised(generator, 1),)
        case Kind.POWER:
            return (field.one,)
        case Kind.LOG:
            return (field.power(generator.arguments[0], -1),)
        case Kind.MASK:
            return (field.zero,) * len(generator.arguments)
    kind, arguments = generator.function, generator.arguments
    return tuple(field.apply(_slope(kind, len(arguments), place), arguments) for place in range(len(arguments)))


def replaced(value: Element, values: Mapping[Element, Element]) -> Element:
    """The element with others in the place of some variables."""
    field = value.field
    made: dict[int, Element] = {}

    def of(number: int) -> Element:
        if number not in made:
            generator = field.generators[number]
            if not generator.arguments:
                made[number] = values.get(field.atom(number), field.atom(number))
            else:
                arguments = [total(argument) for argument in generator.arguments]
                made[number] = field.apply(generator.function(*_places(arguments)), arguments)
        return made[number]

    def total(element: Element) -> Element:
        return field.add(
            reduce(mul, (of(number) ** exponent for number, exponent in field.monomials[monomial]), field.one)
            * coefficient
            for monomial, coefficient in element.terms.items()
        )

    return total(value)


def expression(value: Element) -> Expr:
    """The element as a SymPy scalar."""
    field = value.field
    made: dict[int, Expr] = {}

    def of(number: int) -> Expr:
        if number not in made:
            generator = field.generators[number]
            match generator.kind:
                case Kind.VARIABLE:
                    made[number] = Symbol(generator.name, real=True)
                case Kind.CONSTANT:
                    made[number] = generator.name
                case Kind.PRIME:
                    made[number] = Integer(generator.name)
                case _:
                    made[number] = generator.function(*(total(argument) for argument in generator.arguments))
        return made[number]

    def total(element: Element) -> Expr:
        return sympy.Add(
            *(
                sympy.Mul(
                    Rational(str(coefficient)),
                    *(of(number) ** Rational(str(exponent)) for number, exponent in field.monomials[monomial]),
                )
                for monomial, coefficient in element.terms.items()
            )
        )

    return total(value)
