"""Sums over a number of places written out, [s = 2p + k] for k = 0, 1: so that they compare with terms one by one."""

from __future__ import annotations

from itertools import count

from sympy import Expr, Integer, expand

from derive.errors import UnsupportedError
from derive.forward.nodes import Delta, Node, Select, topological
from derive.forward.normal import select
from derive.forward.shape import Size
from derive.rules.index import MOST_PRODUCTS, Factor, IndexSum, Kronecker, Part, Product

__all__ = ["unrolled", "unrolls"]

_MOST = 16
"""Sums over more places stay sums."""


def unrolls(node: Node) -> bool:
    """Whether a node has selections of axes whose sizes are small numbers."""
    return any(isinstance(inner, Select) and any(map(_is_few, inner.shape)) for inner in topological(node))


def unrolled(value: IndexSum) -> IndexSum:
    """Σ_j w_j [s = 2p + j] as Σ_k Σ_j w_j [j = k] [s = 2p + k], for letters j that run to a small number.

    Raises: UnsupportedError if that has too many products.
    Source: a sum over an index is the sum of its terms.
    """
    pending, done = list(value.products), []
    sizes = dict(value.sizes)
    while pending:
        term = pending.pop()
        letter = _letter(term, sizes)
        if letter is None:
            done.append(term)
            continue
        known = {place for part in term.factors if (place := _place(part, letter)) is not None}
        every = {Integer(place) for place in range(int(sizes[letter]))}
        rest = tuple(part for part in term.factors if _place(part, letter) is None)
        # At two places at once it is nowhere.
        places = known if len(known) == 1 else set() if known else every
        pending += [_at(Product(rest, term.sums), letter, place, sizes) for place in sorted(places)]
        if len(pending) + len(done) > MOST_PRODUCTS:
            raise UnsupportedError("index calculus: too many products when sums are written out")
    return IndexSum(tuple(done), value.free, tuple(sizes.items()))


def _is_few(size: Size) -> bool:
    return bool(size.is_Integer and size <= _MOST)


def _letter(term: Product, sizes: dict[str, Size]) -> str | None:
    """The next letter to be written out: one that a selection goes through, or that is summed over."""
    through = [
        letter
        for part in term.factors
        if isinstance(part, Factor) and isinstance(part.node, Select)
        for letter in part.index[:-1]
    ]
    summed = [letter for letter in term.sums if all(_place(part, letter) is None for part in term.factors)]
    return next((letter for letter in (*through, *summed) if _is_few(sizes[letter])), None)


def _place(part: Part, letter: str) -> Expr | None:
    """2 for [j = 2]."""
    if isinstance(part, Factor) and part.index == (letter,) and isinstance(part.node, Select):
        return part.node.offset
    return None


def _at(term: Product, letter: str, place: Expr, sizes: dict[str, Size]) -> Product:
    """The product where the letter is a place; summed over, it becomes a letter of its own in every factor."""
    here = Select((), sizes[letter], (), place)
    moved = [_moved(part, letter, place) for part in term.factors]
    if letter not in term.sums:
        return Product((*moved, Factor(here, (letter,))), term.sums)
    factors: list[Part] = []
    sums = [other for other in term.sums if other != letter]
    for part in moved:
        if letter in _index(part):
            own = next(word for n in count() if (word := f"{letter}_{n}") not in sizes)
            sizes[own] = sizes[letter]
            sums.append(own)
            factors.append(Factor(here, (own,)))
            part = _renamed(part, letter, own)
        factors.append(part)
    return Product(tuple(factors), tuple(sums))


def _moved(part: Part, letter: str, place: Expr) -> Part:
    """A selection that goes through the letter, at one place of it."""
    if not isinstance(part, Factor) or not isinstance(part.node, Select) or letter not in part.index[:-1]:
        return part
    node, axis = part.node, part.index.index(letter)
    left = [n for n in range(len(node.counts)) if n != axis]
    made = select(
        tuple(node.counts[n] for n in left),
        node.source,
        tuple(node.strides[n] for n in left),
        expand(node.offset + place * node.strides[axis]),
    )
    index = tuple(part.index[n] for n in (*left, len(node.counts)))
    return Kronecker(index[0], index[1]) if isinstance(made, Delta) else Factor(made, index)


def _index(part: Part) -> tuple[str, ...]:
    if isinstance(part, Kronecker):
        return part.first, part.second
    return part.index if isinstance(part, Factor) else ()


def _renamed(part: Part, letter: str, own: str) -> Part:
    first, *rest = (own if other == letter else other for other in _index(part))
    return Factor(part.node, (first, *rest)) if isinstance(part, Factor) else Kronecker(first, *rest)
