"""Inverse and determinant of a small matrix of any entries, by Leibniz's formula and Cramer's rule.

Numbers, symbols and polynomials are multiplied, added and, for the inverse, divided once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from itertools import permutations
from operator import add, mul
from typing import Any

from sympy import Expr

from derive.forward.functions import logabs
from derive.forward.nodes import placeholder
from derive.notation.tree import Index

__all__ = ["determinant", "inverse", "matrix_entry"]

Rows = Sequence[Sequence[Any]]


def determinant(rows: Rows) -> Any:
    """Σ over all orders of the columns, of the product of the entries times the sign of the order."""
    terms = []
    for order in permutations(range(len(rows))):
        product = reduce(mul, (row[column] for row, column in zip(rows, order, strict=True)))
        terms.append(product if _is_even(order) else -product)
    return reduce(add, terms)


def _is_even(order: Sequence[int]) -> bool:
    return sum(a > b for n, a in enumerate(order) for b in order[n + 1 :]) % 2 == 0


def cofactor(rows: Rows, row: int, column: int) -> Any:
    """The determinant without one row and column, with its sign; 1 where nothing is left."""
    minor = [[*line[:column], *line[column + 1 :]] for number, line in enumerate(rows) if number != row]
    if not minor:
        return 1
    value = determinant(minor)
    return -value if (row + column) % 2 else value


def inverse(rows: Rows) -> list[list[Any]]:
    """Cramer's rule: the cofactors, transposed, divided by the determinant.

    Raises: ZeroDivisionError, or what the entries raise, for a singular matrix.
    """
    whole = determinant(rows)
    count = range(len(rows))
    return [[cofactor(rows, column, row) / whole for column in count] for row in count]


@lru_cache(maxsize=256)
def matrix_entry(name: str, size: int, position: tuple[Index, ...]) -> Expr:
    """An entry of a matrix function, as a function of the entries of the matrix row by row."""
    rows = [[placeholder(size * row + column) for column in range(size)] for row in range(size)]
    if name == "inv":
        row, column = position
        assert isinstance(row, int) and isinstance(column, int)
        return cofactor(rows, column, row) / determinant(rows)
    return determinant(rows) if name == "det" else logabs(determinant(rows))
