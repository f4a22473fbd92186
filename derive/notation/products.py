"""Products without the brackets that only say in which order they cost least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from string import ascii_lowercase, ascii_uppercase

from derive.notation.masks import is_mask
from derive.notation.rank import has_column, rank_of
from derive.notation.tree import Einsum, MatMul, Permute, Transpose, Tree

__all__ = ["merged", "unbracketed"]


def unbracketed(factors: Sequence[Tree]) -> Iterator[Tree]:
    """A (B C) as A B C, where B is a matrix."""
    yield factors[0]
    for factor in factors[1:]:
        if isinstance(factor, MatMul) and rank_of(factor.factors[0]) == 2 and not _is_outer(factor):
            yield from unbracketed(factor.factors)
        else:
            yield factor


def merged(tree: Einsum) -> Einsum:
    """The einsum with those among its factors opened, and with axes in the order in which they lie."""
    inputs, output = tree.pattern.split("->")
    free = (letter for letter in chain(ascii_lowercase, ascii_uppercase) if letter not in tree.pattern)
    words: list[str] = []
    factors: list[Tree] = []
    for word, factor in zip(inputs.split(","), tree.factors, strict=True):
        match factor:
            case Permute(operand, axes):
                words.append("".join(word[axes.index(axis)] for axis in range(len(axes))))
                factors.append(operand)
            case Einsum():
                inner = merged(factor)
                rows, result = inner.pattern.split("->")
                names = dict(zip(result, word, strict=True))
                for letter in rows.replace(",", ""):
                    if letter not in names:
                        names[letter] = next(free)
                words += ["".join(names[letter] for letter in row) for row in rows.split(",")]
                factors += inner.factors
            case _:
                words.append(word)
                factors.append(factor)
    letters = chain(ascii_lowercase[8:], ascii_lowercase[:8], ascii_uppercase)
    names = {letter: next(letters) for letter in dict.fromkeys("".join(words))}
    written = ["".join(names[letter] for letter in row) for row in (*words, output)]
    return Einsum(f"{','.join(written[:-1])}->{written[-1]}", tuple(factors))


def _is_outer(tree: MatMul) -> bool:
    """Whether the product is written by another function, or as a column of ones."""
    if has_column(tree.factors) or all(map(is_mask, tree.factors)):
        return True
    return len(tree.factors) == 2 and any(isinstance(f, Transpose) and rank_of(f.operand) == 1 for f in tree.factors)
