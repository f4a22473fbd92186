"""For sizes that are letters, with the names of values on the way: for layers whose sums would be too long without.

∂y_ij/∂z_mn = s_ij δ_im δ_jn - s_ij s_in δ_im is read off the terms of the Jacobian, which hold for all sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.document.entrywise import Entrywise
from derive.document.layout import LINE_WIDTH, fits
from derive.document.lettered import axis_letters
from derive.document.words import is_loss, named_values
from derive.engine.pattern import Term
from derive.errors import UnsupportedError
from derive.forward.layer import Layer
from derive.forward.shape import Size
from derive.notation.measure import width
from derive.notation.tree import BigSum, Entry, Gradient, Index, Name, Partial, Product, Relation
from derive.routes.index import reserved
from derive.routes.jacobian import JacobianRoute
from derive.rules.index import Factor, IndexSum, Kronecker, Letters
from derive.rules.index import Product as IndexProduct

__all__ = ["by_names", "forward_entries", "names"]


_LINES = 1.7
"""What is longer than so many lines says less than its formula."""


@dataclass(frozen=True, slots=True)
class NamedChain:
    """∂y_ij/∂x_mn = ..., and ∂L/∂x_mn = Σ_i Σ_j ∂L/∂y_ij ∂y_ij/∂x_mn = ..., unless the output is the loss itself."""

    partial: Relation
    loss: Relation | None


def names(layer: Layer) -> tuple[Name, ...]:
    """The names of values on the way."""
    return tuple(item.name for item in named_values(layer) if item.entries is not None and isinstance(item.name, Name))


def forward_entries(layer: Layer) -> tuple[Relation, ...] | None:
    """What an entry is of every value that has a name, and of the output; None if one is too long for a page."""
    values = [item for item in named_values(layer) if item.entries is not None]
    reader = Entrywise.of(layer, values)
    called = [(item.entries.letter, item.node) for item in values if item.entries is not None]
    try:
        found = []
        for letter, node in (*called, (layer.output_letter, layer.output)):
            free = axis_letters(node.shape, layer.output.shape, reserved(layer))
            found.append(reader.value(letter, node, free))
    except UnsupportedError:
        return None
    return tuple(found) if fits(*found) else None


def by_names(route: JacobianRoute) -> NamedChain | None:
    """The derivative of an entry of the output, and of the loss; None if they cannot be read, or are too long."""
    map = route.map
    layer = map.layer
    letters = Letters(reserved(layer))
    output = tuple(letters.fresh("i") for _ in layer.output.shape)
    at = tuple(letters.fresh("m") for _ in map.input.shape)
    sizes = (*zip(output, layer.output.shape, strict=True), *zip(at, map.input.shape, strict=True))
    reader = Entrywise.of(layer, named_values(layer))
    products = [_product(reader, term, output, at) for term in route.jacobian.terms]
    entry, one = Entry(map.input.letter, _index(at, sizes)), Entry(layer.output_letter, _index(output, sizes))
    upstream = Factor(layer.seed, output)
    inserted = [IndexProduct((upstream, *product.factors), output) for product in products]
    try:
        partial = Relation.equal(Partial(one, entry), reader.read(IndexSum(tuple(products), (*output, *at), sizes)))
        arriving = reader.read(IndexSum((IndexProduct((upstream,)),), output, sizes[: len(output)]))
        gradient = reader.read(IndexSum(tuple(inserted), at, sizes))
    except UnsupportedError:
        return None
    if is_loss(layer):
        return NamedChain(partial, None) if _is_short(partial) else None
    rule = Product((arriving, Partial(one, entry)))
    bounds = tuple((letter, str(size)) for letter, size in sizes[: len(output)] if size != 1)
    loss = Relation.equal(
        Gradient(entry, f"d{map.input.name}", layer.loss), BigSum(bounds, rule) if bounds else rule, gradient
    )
    return NamedChain(partial, loss) if _is_short(partial) and _is_short(loss) else None


def _is_short(statement: Relation) -> bool:
    """Whether each of its sides takes two lines at most."""
    return fits(statement) and all(width(side) <= _LINES * LINE_WIDTH for side in statement.parts)


def _index(letters: tuple[str, ...], sizes: tuple[tuple[str, Size], ...]) -> tuple[Index, ...]:
    """The letters as indices, 1 along an axis of one entry."""
    known = dict(sizes)
    return tuple(0 if known[letter] == 1 else letter for letter in letters)


def _product(reader: Entrywise, term: Term, output: tuple[str, ...], at: tuple[str, ...]) -> IndexProduct:
    """δ_im c_ij: a delta for each label that comes twice, and the coefficient."""
    letters: dict[int, str] = {}
    deltas = []
    for label, letter in zip((*term.output, *term.input), (*output, *at), strict=True):
        if label in letters:
            deltas.append(Kronecker(letters[label], letter))
        letters.setdefault(label, letter)
    factor = Factor(reader.named(term.coefficient), tuple(letters[label] for label in term.value))
    return IndexProduct((factor, *deltas))
