"""Sizes as polynomials in N, D, M: reading them, comparing them, binding them to numbers, broadcasting."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import prod
from typing import TypeAlias

from sympy import Add, Expr, Integer, Mul, Pow, Symbol, cancel, expand

from derive.errors import ShapeError, SizeError

__all__ = [
    "Shape",
    "Size",
    "bind",
    "broadcast",
    "divided",
    "evaluated",
    "factored",
    "is_size",
    "letters",
    "parse_shape",
    "same",
    "size",
    "text",
]

Size: TypeAlias = Expr
"""A polynomial with integer coefficients in size letters."""

Shape: TypeAlias = tuple[Size, ...]

_TOKEN = re.compile(r"\s*(?:(?P<number>[1-9][0-9]{0,8})|(?P<letter>[A-Za-z][A-Za-z0-9_]*)|(?P<sign>[-+*])|(?P<end>\Z))")


def size(text: str | int) -> Size:
    """The size that a letter or a positive number stands for, or a sum of products of such: D+1, H*K, 2*P+R-1.

    Raises: ShapeError if the text is none of them.
    """
    if text == "pi":
        raise ShapeError("size 'pi': the letter stands for the number; call the size otherwise")
    terms: list[Size] = []
    factors: list[Size] = []
    sign, position, wanted = 1, 0, True
    while True:
        match = _TOKEN.match(str(text), position)
        if match is None or wanted == bool(match["sign"] or match["end"] is not None):
            raise ShapeError(
                f"size {str(text)!r}: expected a letter such as N or a positive number such as 3, or a sum of products "
                f"of them such as 2*P+R-1"
            )
        position = match.end()
        if wanted:
            factors.append(Integer(match["number"]) if match["number"] else _letter(match["letter"]))
        elif match["sign"] != "*":
            terms.append(_product([Integer(-1), *factors] if sign < 0 else factors))
            factors = []
            sign = -1 if match["sign"] == "-" else 1
            if match["end"] is not None:
                break
        wanted = not wanted
    total = terms[0] if len(terms) == 1 else _sum(terms)
    if total.is_Integer and total <= 0:
        raise ShapeError(f"size {str(text)!r} is {total}: expected at least 1")
    return total


def _letter(name: str) -> Symbol:
    return Symbol(name, integer=True, positive=True)


def _product(factors: list[Size]) -> Size:
    return factors[0] if len(factors) == 1 else Mul(*factors)


def _sum(terms: list[Size]) -> Size:
    letters = [term for term in terms if not term.is_Integer]
    number = Integer(sum(int(term) for term in terms if term.is_Integer))
    if len(letters) == 1 and number != 0:
        # The sum in its canonical order; SymPy's own addition imports its package of tensors, which takes 0.1 s.
        return Add._from_args((number, *letters))
    return expand(Add(number, *letters))


def parse_shape(text: str) -> Shape:
    """'N D' -> (N, D); '' -> (), a scalar."""
    return tuple(size(axis) for axis in text.split())


def same(a: Size, b: Size) -> bool:
    """Whether two sizes are the same polynomial."""
    return bool(a == b or expand(a - b) == 0)


def broadcast(shapes: Iterable[Shape]) -> Shape:
    """The shape that NumPy gives an elementwise operation on operands of these shapes.

    Raises: ShapeError if two axes differ and neither is 1.
    Source: NumPy user guide, "Broadcasting": shapes are aligned at their last axes.
    """
    shapes = tuple(shapes)
    rank = max(map(len, shapes))
    result: list[Size] = [Integer(1)] * rank
    for shape in shapes:
        for axis, new in enumerate(shape, start=rank - len(shape)):
            if result[axis] == 1:
                result[axis] = new
            elif new != 1 and not same(result[axis], new):
                listed = " and ".join(text(item) for item in shapes)
                raise ShapeError(
                    f"shapes {listed} do not broadcast: axis {axis - rank} is {result[axis]} in one and {new} in "
                    f"another; give both the same letter, or make one of them 1"
                )
    return tuple(result)


def letters(shapes: Iterable[Shape]) -> tuple[str, ...]:
    """The size letters of the shapes, in the order in which they appear."""
    found: dict[str, None] = {}
    for shape in shapes:
        for axis in shape:
            found.update(dict.fromkeys(_letters(axis)))
    return tuple(found)


@lru_cache(maxsize=512)
def _letters(axis: Size) -> tuple[str, ...]:
    return tuple(sorted(str(symbol) for symbol in axis.free_symbols))


def bind(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape in numbers.

    Raises: SizeError if a letter has no number.
    """
    try:
        return tuple([_number(axis, sizes) for axis in shape])
    except KeyError as error:
        raise SizeError(
            f"no size is given for {error.args[0]}; sizes given: "
            f"{', '.join(f'{letter}={number}' for letter, number in sizes.items()) or 'none'}"
        ) from error


def _number(axis: Size, sizes: Mapping[str, int]) -> int:
    # Nearly every axis is a letter or a number; a substitution costs SymPy a hundred times as much as a look-up.
    if isinstance(axis, Symbol):
        return sizes[axis.name]
    if isinstance(axis, Integer):
        return int(axis)
    match axis:
        case Add():
            return sum(_number(term, sizes) for term in axis.args)
        case Mul():
            return prod(_number(factor, sizes) for factor in axis.args)
        case Pow(args=(base, Integer() as exponent)) if exponent > 0:
            return int(_number(base, sizes) ** int(exponent))
    return int(axis.subs({letter: sizes[str(letter)] for letter in axis.free_symbols}))


def factored(shape: Shape) -> tuple[int, dict[str, int]]:
    """The product of the sizes of a shape: its number, and the exponents of its other factors as they come.

    Example:
        >>> factored(tuple(map(size, ("N", "2*M", "D+1", "M"))))
        (2, {'N': 1, 'M': 2, 'D + 1': 1})
    """
    number, powers = 1, dict[str, int]()
    for axis in shape:
        coefficient, rest = axis.as_coeff_Mul()
        number *= int(coefficient)
        for factor in Mul.make_args(rest):
            base, exponent = factor.as_base_exp()
            if base != 1:
                powers[str(base)] = powers.get(str(base), 0) + int(exponent)
    return number, powers


def evaluated(text: str, sizes: Mapping[str, int]) -> int:
    """The number that the text of a size stands for, as `str` writes it: 2*P + R - 1, -N**2.

    Raises: ShapeError for any other text.
    """

    def value(node: ast.AST) -> int:
        match node:
            case ast.Constant(int(number)):
                return number
            case ast.Name(name) if name in sizes:
                return sizes[name]
            case ast.UnaryOp(ast.USub(), operand):
                return -value(operand)
            case ast.BinOp(left, sign, right) if type(sign) in _ARITHMETIC:
                return int(_ARITHMETIC[type(sign)](value(left), value(right)))
        raise ShapeError(f"size {text!r}: expected a sum of products of sizes and whole numbers")

    # Nearly all are a letter or a number.
    return sizes[text] if text in sizes else int(text) if text.isdecimal() else value(ast.parse(text, mode="eval").body)


_ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow}


def divided(whole: Size, part: Size) -> Size | None:
    """The polynomial with integer coefficients by which part is to be multiplied to give whole; None if there is none.

    Example:
        >>> divided(size("2*K"), size(2))
        K
    """
    quotient = expand(cancel(whole / part))
    return quotient if is_size(quotient) else None


def is_size(value: object) -> bool:
    """Whether a value is a polynomial with integer coefficients in size letters."""
    match value:
        case Integer():
            return True
        case Symbol():
            return bool(value.is_integer and value.is_positive)
        case Add() | Mul():
            return all(map(is_size, value.args))
        case Pow():
            base, exponent = value.args
            return is_size(base) and isinstance(exponent, Integer) and bool(exponent > 0)
    return False


def text(shape: Shape) -> str:
    """(N, D) as NumPy would print it."""
    inner = ", ".join(map(str, shape))
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
