"""Sizes as polynomials in N, D, M: reading them, comparing them, binding them to numbers, broadcasting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from sympy import Add, Expr, Integer, Symbol, expand

from derive.errors import ShapeError, SizeError

__all__ = ["Shape", "Size", "bind", "broadcast", "letters", "parse_shape", "same", "size", "text"]

Size: TypeAlias = Expr
"""A polynomial with integer coefficients in size letters."""

Shape: TypeAlias = tuple[Size, ...]

_AXIS = re.compile(r"(?:(?P<number>[1-9][0-9]*)|(?P<letter>[A-Za-z][A-Za-z0-9_]*))\Z")


def size(text: str | int) -> Size:
    """The size that a letter or a positive number stands for, or a sum of such, D+1.

    Raises: ShapeError if the text is none of them.
    """
    if "+" in str(text):
        return _sum([size(term) for term in str(text).split("+")])
    match = _AXIS.match(str(text))
    if text == "pi":
        raise ShapeError("size 'pi': the letter stands for the number; call the size otherwise")
    if match is None:
        raise ShapeError(f"size {str(text)!r}: expected a letter such as N or a positive number such as 3")
    if match["number"]:
        return Integer(match["number"])
    return Symbol(match["letter"], integer=True, positive=True)


def _sum(terms: list[Size]) -> Size:
    letters = [term for term in terms if not term.is_Integer]
    number = Integer(sum(int(term) for term in terms if term.is_Integer))
    if len(letters) == 1 and number != 0:
        # The sum in its canonical order; SymPy's own addition imports its package of tensors, which takes 0.1 s.
        return Add._from_args((number, *letters))
    return Add(number, *letters)


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
            found.update(dict.fromkeys(sorted(str(symbol) for symbol in axis.free_symbols)))
    return tuple(found)


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
    return int(axis.subs({letter: sizes[str(letter)] for letter in axis.free_symbols}))


def text(shape: Shape) -> str:
    """(N, D) as NumPy would print it."""
    inner = ", ".join(map(str, shape))
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
