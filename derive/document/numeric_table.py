"""Numbers as notation: whole ones and short decimals as they are, fractions as fractions, the rest rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from math import floor, log10
from typing import Any

import numpy as np

from derive.document.words import written_name
from derive.engine.tables import EntryTable
from derive.forward.layer import Layer
from derive.notation.tree import Explicit, Name, Negative, Number, Power, Product, Relation, Tree

__all__ = ["DECIMALS", "array_table", "equation", "is_short", "number", "sparse_table"]

DECIMALS = 4
"""A number that is not shown exactly is rounded to so many decimals."""

_LONGEST = 8
"""A number of more characters is not shown exactly."""

_LARGEST = 1e5
"""A rounded number beyond this is shown with a power of ten."""


def equation(name: Tree, values: Any, layer: Layer) -> Relation:
    """name = [values]; a vector is written as the layer writes its vectors, and its name so too."""
    upright = np.ndim(values) == 1 and layer.upright
    written = written_name(name, layer) if isinstance(name, Name) else name
    return Relation.equal(written, Explicit(array_table(np.reshape(values, (-1, 1)) if upright else values)))


def array_table(values: Any) -> EntryTable:
    """An array of numbers, written as a row if it is a vector, row by row if it has more than two axes."""
    array = np.asarray(values)
    dense = np.atleast_2d(array).reshape(-1, array.shape[-1] if array.ndim else 1)
    return EntryTable("", (dense.shape[0], dense.shape[1]), lambda i, j: number(dense[i, j]), dict)


def sparse_table(
    name: str, shape: tuple[int, int], blocks: tuple[int, int], entries: Mapping[tuple[int, int], Any]
) -> EntryTable:
    """A matrix whose other entries are zero by structure."""
    tree: Callable[[int, int], Tree] = lambda i, j: number(entries[i, j]) if (i, j) in entries else Number(0)  # noqa: E731
    return EntryTable(name, shape, tree, dict, blocks, sparse=True)


def is_short(value: Any) -> bool:
    """Whether a number is shown exactly."""
    return _exact(value) is not None


def number(value: Any) -> Tree:
    """A whole number, a short decimal, a fraction of short numbers; else four decimals, times 10ⁿ if it is large."""
    exact = _exact(value)
    if exact is not None:
        return exact
    rounded = float(value)
    if abs(rounded) < _LARGEST:
        text = f"{rounded:.{DECIMALS}f}"
        return Number(text.removeprefix("-") if float(text) == 0 else text)
    power = floor(log10(abs(rounded)))
    scaled = Product((Number(f"{abs(rounded) / 10.0**power:.{DECIMALS}f}"), Power(Number(10), Number(power))))
    return Negative(scaled) if rounded < 0 else scaled


def _exact(value: Any) -> Tree | None:
    """The number itself, if it is short; a float is taken for exact only if it is a whole number of sixteenths."""
    if isinstance(value, float) and value * 16 != int(value * 16):
        return None
    fraction = Fraction(int(value.p), int(value.q)) if hasattr(value, "p") else Fraction(value)
    if fraction.denominator == 1:
        return Number(int(fraction)) if len(str(fraction)) <= _LONGEST else None
    twos_and_fives = fraction.denominator
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    if twos_and_fives == 1:
        decimal = str(Decimal(fraction.numerator) / Decimal(fraction.denominator))
        if len(decimal) <= _LONGEST and "E" not in decimal:
            return Number(decimal)
        return None
    return Number(fraction) if len(str(fraction)) <= _LONGEST else None
