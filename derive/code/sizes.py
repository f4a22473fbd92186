"""How code finds a size: N = X.shape[0], H = (X.shape[1] - (K - 2)) // 2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from derive.code.program import Array
from derive.errors import UnsupportedError
from derive.forward.shape import Size

__all__ = ["arrays_for", "size_lines", "words_of"]


def words_of(lines: Iterable[str]) -> set[str]:
    """The names in the lines, but for those of attributes."""
    return {word for line in lines for word in re.findall(r"(?<![.\w])[A-Za-z_]\w*", line)}


def arrays_for(letters: Sequence[str], inputs: Sequence[Array], known: Sequence[Array]) -> tuple[Array, ...]:
    """The inputs whose shapes tell the sizes that those of the known arrays do not."""
    found: list[Array] = []
    wanted = [*letters]
    for letter in wanted:
        if any(letter == str(size) for array in (*found, *known) for size in array.shape):
            continue
        alone = [array for array in inputs if letter in map(str, array.shape)]
        among = [array for array in inputs if any(_has(size, letter) for size in array.shape)]
        if not among:
            continue
        array = (alone or among)[0]
        found.append(array)
        # An axis H+K-1 tells H to whoever knows K.
        others = {str(symbol) for size in array.shape if _has(size, letter) for symbol in size.free_symbols}
        wanted += sorted(others - set(wanted)) if not alone else []
    return tuple(found)


def size_lines(letters: Sequence[str], arrays: Sequence[Array]) -> list[str]:
    """A line for each of the letters, and for those that it takes to compute them.

    Raises: UnsupportedError if no shape of the arrays tells one.
    """
    places = [(f"{array.name}.shape[{axis}]", size) for array in arrays for axis, size in enumerate(array.shape)]
    told: dict[str, str] = {}
    for letter in letters:
        _tell(letter, places, told)
    return [f"{letter} = {value}" for letter, value in told.items()]


def _tell(letter: str, places: Sequence[tuple[str, Size]], told: dict[str, str], asked: tuple[str, ...] = ()) -> None:
    """How to compute a size, and those that this takes: from an axis that is it, or from one such as 2*H+K-2."""
    if letter in told:
        return
    useful = [p for p in places if _has(p[1], letter) and not any(_has(p[1], other) for other in asked)]
    if not useful:
        raise UnsupportedError(
            f"code: no shape of the arrays tells the size {letter}; give an array of which it is an axis by itself"
        )
    place, size = min(useful, key=lambda p: len(p[1].free_symbols))
    symbol = next(symbol for symbol in size.free_symbols if str(symbol) == letter)
    for other in sorted(str(symbol) for symbol in size.free_symbols if str(symbol) != letter):
        _tell(other, places, told, (*asked, letter))
    factor = size.coeff(symbol)
    rest = size - factor * symbol
    difference = place if rest == 0 else f"{place} - ({rest})"
    told[letter] = difference if factor == 1 else f"{difference if rest == 0 else f'({difference})'} // {factor}"


def _has(size: Size, letter: str) -> bool:
    return any(str(symbol) == letter for symbol in size.free_symbols)
