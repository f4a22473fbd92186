"""Notices broadcasting that NumPy does without a word and that probably was not meant: a column against a vector.

(N, 1) and (N,) give (N, N), every pair, where one number for each n was wanted; and a vector beside a square matrix is
repeated as its rows, however it was meant. Both are traced as NumPy computes them, and told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Literal

from derive.forward.shape import Shape, broadcast, text

__all__ = ["Stretch", "notice", "noticing", "stretches", "worded"]

_found: ContextVar[list[Stretch] | None] = ContextVar("found", default=None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A vector that was stretched along an axis of its own size.

    kind is "column" beside (N, 1) and "square" beside (N, N). Shapes are written as NumPy prints them: other is that of
    the array beside the vector. expression is the operation, "a - b".
    """

    kind: Literal["column", "square"]
    expression: str
    vector: str
    other: str
    result: str

    def __str__(self) -> str:
        if self.kind == "column":
            return (
                f"{self.expression}: NumPy stretches shapes {self.other} and {self.vector} to {self.result}, every "
                f"entry of one with every entry of the other; for entry by entry give both one shape, with [:, None] "
                f"or without keepdims; if all pairs are meant, write the vector with [None, :]"
            )
        return (
            f"{self.expression}: NumPy repeats the vector of shape {self.vector} as every row of {self.other}; if it "
            f"belongs to the rows, so that it is repeated as columns, write it with [:, None]; if not, with [None, :]"
        )


@contextmanager
def noticing() -> Iterator[list[Stretch]]:
    """A list that gets what is noticed inside."""
    found: list[Stretch] = []
    token = _found.set(found)
    try:
        yield found
    finally:
        _found.reset(token)


def notice(expression: Callable[[], str], shapes: Sequence[Shape]) -> None:
    """Adds what is surprising in one elementwise operation to the list that is open, if one is."""
    found = _found.get()
    if found is not None and len({len(shape) for shape in shapes}) > 1:
        found.extend(replace(item, expression=expression()) for item in stretches("", shapes))


@contextmanager
def worded(words: Callable[[], str]) -> Iterator[None]:
    """What is noticed inside is told in these words, those of the expression's author."""
    found = _found.get()
    before = len(found or ())
    yield
    if found is not None and len(found) > before:
        # A function such as where takes several steps; the first is the one that surprises.
        found[before:] = [replace(found[before], expression=words())]


def stretches(expression: str, shapes: Iterable[Shape]) -> Iterator[Stretch]:
    """What is surprising in one elementwise operation on arrays of these shapes.

    An axis of size 1 that the vector has too was written on purpose, by [None, :], and surprises nobody.
    """
    shapes = tuple(shapes)
    for vector, other in permutations(shapes, 2):
        if 0 < len(vector) < len(other):
            size = vector[-1]
            before = other[: -len(vector)]
            if size != 1 and size in before and other[-1] in (1, size):
                kind: Literal["column", "square"] = "column" if other[-1] == 1 else "square"
                yield Stretch(kind, expression, text(vector), text(other), text(broadcast((vector, other))))
