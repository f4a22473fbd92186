"""Hands out the names of a network: sizes, parameters and the values between stages, each once.

What a stage brings along keeps its name, W and b, and where several stages have parameters, the number of its own among
them: W_1, b_1, M_1. What such a stage computes is called Z_1; what a function makes of that, A_1; the output Y, and
what a loss gives y.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, count

from derive.forward.algebra import share_symbols
from derive.forward.nodes import Input
from derive.forward.shape import Shape

__all__ = ["Names", "number_of"]

_MOST_NUMBERED = 100

_AFTER_A = "ABCEFHKPQRSUV"
_OUTPUTS = ("Y", "Z", "Out")
_LOSSES = ("L", "J", "Loss")


def number_of(word: str, number: int | None) -> str:
    """W_1 for W with the number 1; W without one."""
    return word if number is None else f"{word}_{number}"


class Names:
    """Remembers what is taken: words, and the letters of arrays' entries."""

    def __init__(self, parameters: Iterable[str] = ()) -> None:
        """Parameters are the names of arrays that stages bring along, which what functions compute leaves to them."""
        self._words: set[str] = set()
        self._arrays: list[Input] = []
        self._later = {word.lower() for word in parameters}

    def reserve(self, words: Iterable[str]) -> None:
        """Words that nothing else may have."""
        self._words.update(words)

    def size(self, letter: str, number: int | None) -> str:
        """A letter for a size."""
        return self._first(word for word in _numbered(letter, number) if word not in self._words)

    def array(self, word: str, number: int | None, shape: Shape) -> Input:
        """An input or a value of this name, or of the nearest one that is free."""
        self._later.discard(word.lower())
        return self._array(_numbered(word, number), shape)

    def function_value(self, number: int | None, shape: Shape) -> Input:
        """A_1, or B_1 if there is one already, for what a function computes."""
        # Beside a matrix B no vector b has entries of its own; numbers tell them apart.
        later = self._later if number is None else ()
        words = (number_of(letter, number) for letter in _AFTER_A if letter.lower() not in later)
        return self._array(chain(words, (f"A_{k}" for k in count(1))), shape)

    def output(self, shape: Shape) -> Input:
        """Y for what the network computes."""
        return self._array(chain(_OUTPUTS, (f"Out_{k}" for k in count(1))), shape)

    def loss(self) -> str:
        """L for the loss."""
        return self._first(word for word in chain(_LOSSES, (f"L_{k}" for k in count(1))) if word not in self._words)

    def _array(self, words: Iterable[str], shape: Shape) -> Input:
        # What has fewer than two axes is written small.
        cased = (word.lower() if len(shape) < 2 else word for word in words)
        for word in cased:
            for letter in (word.lower(), word):
                made = Input(word, shape, letter)
                if word not in self._words and self._is_free(made):
                    self._words.add(word)
                    self._arrays.append(made)
                    return made
        raise AssertionError("names do not end")

    def _is_free(self, made: Input) -> bool:
        return made.letter not in self._words and not any(
            made.letter == other.letter or share_symbols(made, other) for other in self._arrays
        )

    def _first(self, words: Iterator[str]) -> str:
        word = next(words)
        self._words.add(word)
        return word


def _numbered(word: str, number: int | None) -> Iterator[str]:
    """W_1, and then W_2 and so on, whatever the number: only a name that is taken needs another.

    Beside a matrix x no vector x_1 has entries of its own, whatever the number: then it is xx, and so on.
    """
    yield number_of(word, number)
    yield from (f"{word}_{k}" for k in range(1, _MOST_NUMBERED))
    yield from (word * k for k in count(2))
