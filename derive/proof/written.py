"""Reads arrays of exact numbers out of JSON text, and refuses what is none with the place where it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from sympy import Rational

from derive.engine.concrete import positions
from derive.errors import ShapeError, UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Input
from derive.forward.shape import Size, bind
from derive.proof.functions import Array

__all__ = ["ArrayReader", "cut", "example", "parse", "shaped"]

_EXPONENT = 30
"""A number beyond 10**30, or nearer to 0 than 10**-30, is refused: products would leave the range of floats."""

_SHOWN = 40


def shaped(numbers: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """The numbers, row by row, as an array of this shape."""
    array = np.empty(len(numbers), dtype=object)
    array[:] = numbers
    return array.reshape(shape)


@dataclass(frozen=True, slots=True)
class _Refused:
    """A number that no computation takes, kept until it is known where it stands."""

    text: str
    reason: str


def parse(text: str, label: str) -> dict[str, Any]:
    """What JSON says of each name; numbers are decimals, exactly as they are written.

    Raises: UserError for what is no JSON, with line and column, or does not begin with names.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in items:
            if name in found:
                raise UserError(f"{label}: {cut(name)} is given twice; leave one of them out")
            found[name] = value
        return found

    def constant(word: str) -> _Refused:
        return _Refused(word, "a finite number")

    try:
        found = json.loads(
            text, object_pairs_hook=pairs, parse_int=_number, parse_float=_number, parse_constant=constant
        )
    except json.JSONDecodeError as error:
        raise UserError(
            f"{label}: line {error.lineno}, column {error.colno}: no JSON: {error.msg}; expected "
            f'{{"X": [[1, 2], [3, 4]], ...}}'
        ) from error
    except RecursionError as error:
        raise UserError(f"{label}: lists within lists too deep to be an array; expected as many as it has axes") from (
            error
        )
    if not isinstance(found, dict):
        raise UserError(f'{label}: expected names with arrays, {{"X": [[1, 2], [3, 4]], ...}}, got {_kind(found)}')
    return found


def _number(text: str) -> Decimal | _Refused:
    if len(text) > 2 * _EXPONENT:
        return _Refused(text, f"a number of at most {2 * _EXPONENT} characters")
    value = Decimal(text)
    if value and not -_EXPONENT <= value.adjusted() <= _EXPONENT:
        return _Refused(text, f"a number between 1e-{_EXPONENT} and 1e{_EXPONENT}, or 0")
    return value


class ArrayReader:
    """Reads arrays one after the other; each size is what the first array with its letter says."""

    def __init__(self, label: str, layer: Layer, sizes: Mapping[str, int]) -> None:
        self.label = label
        self.sizes = layer.spelled(sizes)
        self._said_by = dict.fromkeys(self.sizes, "the sizes given")

    def array(self, node: Input, value: Any) -> Array:
        """The array, whose shape is one that the input can have."""
        shape = self._shape(node, value)
        numbers = [self._entry(node, value, position) for position in positions(shape)]
        if node.gradient_of == "":
            self._bind(node, shape)
        return shaped(numbers, shape)

    def check(self, node: Input, shape: tuple[int, ...], sizes: Mapping[str, int]) -> None:
        """Refuses an array of another shape than the sizes give."""
        expected = bind(node.shape, sizes)
        if shape != expected:
            raise ShapeError(
                f"{self.label}: {node.name}: expected the shape{_axes(expected)} of {node.gradient_of}, got"
                f"{_axes(shape)}; change one of them"
            )

    def _shape(self, node: Input, value: Any) -> tuple[int, ...]:
        shape: list[int] = []
        inner = value
        while isinstance(inner, list):
            shape.append(len(inner))
            if not inner:
                raise ShapeError(f"{self.label}: {node.name}: an empty list; every axis has at least one entry")
            inner = inner[0]
        rank = len(node.shape)
        if len(shape) > rank or (len(shape) < rank and isinstance(inner, Decimal | _Refused)):
            raise ShapeError(
                f"{self.label}: {node.name}: expected {_ranked(rank)}{_lettered(node.shape)}, such as "
                f"{example(node)}, got {_ranked(len(shape))}{_axes(tuple(shape)) if shape else ''}"
            )
        self._regular(node, value, tuple(shape), ())
        return tuple(shape)

    def _regular(self, node: Input, value: Any, shape: tuple[int, ...], place: tuple[int, ...]) -> None:
        """Refuses lists of different lengths beside each other, and what is no number."""
        where = f"{self.label}: {node.name}{_at(place, len(shape))}"
        if len(place) == len(shape):
            if not isinstance(value, Decimal):
                expected = value.reason if isinstance(value, _Refused) else "a number"
                raise UserError(f"{where}: expected {expected}, got {_kind(value)}; write a number such as 2 or 0.5")
            return
        if not isinstance(value, list):
            raise ShapeError(
                f"{where}: expected a list of {shape[len(place)]} like the one before it, got {_kind(value)}"
            )
        if len(value) != shape[len(place)]:
            raise ShapeError(
                f"{where}: expected {shape[len(place)]} entries as in the one before "
                f"it, got {len(value)}; rows of an array are equally long"
            )
        for number, item in enumerate(value, start=1):
            self._regular(node, item, shape, (*place, number))

    def _entry(self, node: Input, value: Any, position: tuple[int, ...]) -> Rational:
        for index in position:
            value = value[index]
        return Rational(*value.as_integer_ratio())

    def _bind(self, node: Input, shape: tuple[int, ...]) -> None:
        for axis, (size, number) in enumerate(zip(node.shape, shape, strict=True), start=1):
            letter = str(size)
            expected = int(letter) if letter.isdecimal() else self.sizes.setdefault(letter, number)
            said_by = "" if letter.isdecimal() else self._said_by.setdefault(letter, node.name)
            if number != expected:
                told = f"{letter}={expected} by {said_by}" if said_by else letter
                raise ShapeError(
                    f"{self.label}: {node.name}: axis {axis} is {number}, expected {told} "
                    f"({node.name} has shape {_lettered(node.shape).strip()}); change one of them"
                )


def _lettered(shape: tuple[Size, ...]) -> str:
    return f" ({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" if shape else ""


def _axes(shape: tuple[int, ...]) -> str:
    return f" ({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _ranked(rank: int) -> str:
    return ("a number", "a list", "a list of rows")[rank] if rank < 3 else f"lists {rank} deep"


def _at(place: tuple[int, ...], rank: int) -> str:
    """', row 2, entry 3'; counted from 1."""
    if not place or rank > 2:
        return f" at {place}" if place else ""
    words = ("entry",) if rank == 1 else ("row", "entry")
    return "".join(f", {word} {number}" for word, number in zip(words, place, strict=False))


def example(node: Input) -> str:
    """An array with as many axes as the input, in JSON."""
    return ("2", "[1, 2]", "[[1, 2], [3, 4]]")[len(node.shape)] if len(node.shape) < 3 else "[[[1, 2]]]"


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case str():
            return f"the text {cut(value)}"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "names with values"
        case _Refused(text):
            return cut(text).strip("'")
    return cut(str(value)).strip("'")


def cut(text: str) -> str:
    """The text in quotes, its end left out if it is long."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
