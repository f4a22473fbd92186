"""Terms of index sums as a page writes them: Σ_c from 1 to C, and x_{h+i-1} in the place of a selection."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derive.forward.nodes import Select
from derive.forward.selected import chosen_place
from derive.forward.shape import Size
from derive.notation.tree import Index
from derive.rules.index import Factor, IndexSum, Kronecker, Letters, Part
from derive.rules.index import Product as Term

__all__ = ["Renamed", "axis_letters", "placed", "renamed", "tidied"]


def axis_letters(shape: Sequence[Size], output: Sequence[Size], taken: Sequence[str]) -> tuple[str, ...]:
    """A letter for each axis of a value on the way to an output: σ_j for a value of every column of y_ij.

    An axis that the output has as well keeps the letter that it has there; the others get the first that are free. Axes
    are told by their sizes, so that two of the same size have letters as they come.
    """
    letters = Letters(tuple(taken))
    of_output = dict(zip(output, [letters.fresh() for _ in output], strict=True))
    told = {size: letter for size, letter in of_output.items() if output.count(size) == shape.count(size) == 1}
    others = Letters((*taken, *(told[size] for size in shape if size in told)))
    return tuple(told[size] if size in told else others.fresh() for size in shape)


@dataclass(frozen=True, slots=True)
class Renamed:
    """A term in other letters, and which letter became which."""

    factors: tuple[Part, ...]
    sums: tuple[str, ...]
    renaming: Mapping[str, str]


def renamed(term: Term, value: IndexSum, taken: Sequence[str]) -> Renamed:
    """Summed letters called like their sizes: Σ_c from 1 to C."""
    sizes = Counter(str(value.size(letter)) for letter in term.sums)
    renaming = {letter: letter for letter in (*value.free, *term.sums)}
    for letter in term.sums:
        size = str(value.size(letter))
        wanted = size.lower()
        if len(size) == 1 and size.isalpha() and sizes[size] == 1 and wanted not in (*taken, *renaming.values()):
            renaming[letter] = wanted

    def rename(part: Part) -> Part:
        match part:
            case Factor(node, index):
                return Factor(node, tuple(renaming.get(i, i) for i in index))
            case Kronecker(first, second):
                return Kronecker(renaming.get(first, first), renaming.get(second, second))
        return part

    return Renamed(tuple(map(rename, term.factors)), tuple(renaming[letter] for letter in term.sums), renaming)


def placed(parts: Sequence[Part], sums: Sequence[str], places: dict[str, Index]) -> tuple[list[Part], list[str]]:
    """Σ_p [p = h+i-1] x_p = x_{h+i-1}: a selection whose last letter is summed says what stands in its place."""
    left, kept = list(sums), list(parts)
    while True:
        sources = {p.index[-1] for p in kept if _is_selection(p) and p.index[-1] in left}  # type: ignore[union-attr]  # factors
        chosen = next(
            (
                p
                for p in kept
                if isinstance(p, Factor)
                and isinstance(p.node, Select)
                and p.index[-1] in sources
                and not sources & set(p.index[:-1])
            ),
            None,
        )
        if chosen is None or not isinstance(chosen.node, Select):
            return kept, left
        inner = tuple(places.get(letter, letter) for letter in chosen.index[:-1])
        place = chosen_place(chosen.node, inner)
        places[chosen.index[-1]] = tidied(place) if isinstance(place, str) else place
        left.remove(chosen.index[-1])
        kept = [part for part in kept if part is not chosen]


def tidied(place: str) -> str:
    """2h+l-2 for 2h-1+l-1."""
    terms = re.findall(r"[+-]?[^+-]+", place) if "(" not in place else [place]
    number = sum(int(term) for term in terms if re.fullmatch(r"[+-]?\d+", term))
    rest = "".join(
        term if term[0] in "+-" or n == 0 else f"+{term}"
        for n, term in enumerate(terms)
        if not re.fullmatch(r"[+-]?\d+", term)
    )
    return (f"{rest}{number:+d}" if number else rest) or str(number)


def _is_selection(part: Part) -> bool:
    return isinstance(part, Factor) and isinstance(part.node, Select)
