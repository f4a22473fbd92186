"""Hands out names for values that nothing else has, and whose entries nothing else has either.

The entries of a matrix X are x_1_1, x_1_2, ...; a vector x_1 beside it would have the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, count
from string import ascii_uppercase

from derive.forward.joined import joined
from derive.forward.layer import Layer
from derive.forward.nodes import Contract, Input, Map, Node
from derive.rules.known import Forward

__all__ = ["Words"]

_OTHERS = "SUVPQRKABCE"
_LINEAR, _FUNCTION, _QUOTIENT = "ZA", "HA", "P"
"""Letters for sums and products of inputs, for a function of one array, and for what is divided; then the others."""

_NUMBERED = re.compile(r"(.*?)((?:_[1-9][0-9]*)*)")


class _Symbols:
    """The symbols of the entries of arrays: for a letter x_1 of a matrix, x with three numbers of which 1 is the first.

    Two arrays share one if they agree in the letter, in how many numbers there are, and in those that both fix.
    """

    def __init__(self) -> None:
        self._fixed: set[tuple[str, int, tuple[str, ...]]] = set()
        self._begun: set[tuple[str, int, tuple[str, ...]]] = set()

    def add(self, letter: str, rank: int) -> None:
        word, total, numbers = _parts(letter, rank)
        self._fixed.add((word, total, numbers))
        self._begun.update((word, total, numbers[:end]) for end in range(len(numbers) + 1))

    def has(self, letter: str, rank: int) -> bool:
        """Whether an entry of such an array has the symbol of another's."""
        word, total, numbers = _parts(letter, rank)
        return (word, total, numbers) in self._begun or any(
            (word, total, numbers[:end]) in self._fixed for end in range(len(numbers))
        )


def _parts(letter: str, rank: int) -> tuple[str, int, tuple[str, ...]]:
    match = _NUMBERED.fullmatch(letter)
    assert match is not None
    numbers = tuple(match[2].split("_")[1:])
    return match[1], len(numbers) + rank, numbers


class Words:
    """Names that nothing else has; they depend on the order in which they are asked for alone."""

    def __init__(self, layer: Layer) -> None:
        self._functions = Forward(layer.output).functions.whole
        self._taken = {*layer.letters, layer.output_name, layer.loss, layer.output_letter, "G", "I"}
        self._letters: dict[str, str] = {}
        self._used: set[str] = set()
        self._symbols = _Symbols()
        self._numbers: dict[str, int] = {}
        for array in (*layer.inputs, layer.upstream):
            self._add(array.name, array.letter, len(array.shape))
        # The gradient of every input has a name as well.
        self._taken.update(f"d{array.name}" for array in layer.inputs)
        for name, node in ((layer.output_name, layer.output), *layer.named):
            self.letter(name, node)

    def letter(self, word: str, node: Node) -> str:
        """What the entries of a value are called by: the small letter, unless that is another's."""
        if word not in self._letters:
            rank = len(node.shape)
            letters = chain([word.lower(), word, word.upper()], (word + word[0] * times for times in count(1)))
            self._add(word, next(letter for letter in letters if self._is_free(letter, rank)), rank)
        return self._letters[word]

    def take(self, word: str, node: Node) -> None:
        """What a value, or a gradient, is called already."""
        self._taken.add(word)
        if not isinstance(node, Input):
            self.letter(word, node)

    def gradient(self, word: str) -> str:
        """What the gradient of a value is called: dA, unless something else is."""
        names = chain([f"d{word}"], (f"d{word}_{n}" for n in count(1)))
        name = next(name for name in names if name not in self._taken)
        self._taken.add(name)
        return name

    def fresh(self, node: Node) -> str:
        """A letter for a node: a capital for a matrix."""
        word = next(self._candidates(node))
        self._add(word, word.lower(), len(node.shape))
        return word

    def _candidates(self, node: Node) -> Iterator[str]:
        rank = len(node.shape)
        letters = self._preferred(node) + _OTHERS
        pool = letters if rank > 1 else letters.lower()
        yield from (word for word in pool if self._is_open(word, rank))
        # Where a matrix has the letter no vector has it with a number, whatever the number is; letters and pairs of
        # letters come to an end, but not their numbers.
        further = "".join(letter for letter in ascii_uppercase if letter not in f"{letters}DEGIJLO")
        further = further if rank > 1 else further.lower()
        for times in count(1):
            for letter in (*pool, *further):
                word = letter * times
                if self._symbols.has(f"{word.lower()}_{10**9}", rank):
                    continue
                number = self._numbers.get(word, 0) + 1
                numbers = chain([number], count(number + 1))
                found = next(n for n in numbers if self._is_open(f"{word}_{n}", rank))
                self._numbers[word] = found
                yield f"{word}_{found}"

    def _preferred(self, node: Node) -> str:
        if isinstance(node, Map) and len(node.operands) == 1:
            return _FUNCTION
        if node not in self._functions or joined(node) is not None:
            return _LINEAR
        divided = isinstance(node, Contract) and any(
            isinstance(o, Map) and o.function.as_base_exp()[1].is_negative for o in node.operands
        )
        return _QUOTIENT if divided else ""

    def _add(self, name: str, letter: str, rank: int) -> None:
        self._taken.add(name)
        self._letters[name] = letter
        self._used.add(letter)
        self._symbols.add(letter, rank)

    def _is_open(self, word: str, rank: int) -> bool:
        """Whether a value, its gradient and its entries can be called by a word."""
        return not {word, f"d{word}"} & self._taken and self._is_free(word.lower(), rank)

    def _is_free(self, letter: str, rank: int) -> bool:
        return letter not in self._used and not self._symbols.has(letter, rank)
