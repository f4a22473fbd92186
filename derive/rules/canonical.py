"""Whether two nodes compute the same for all sizes: as sums of products, up to order and names of summed letters.

Two nodes with the same canonical form are equal, since the form only uses that sums and products may be reordered and
distributed. The converse does not hold: functions are compared as they stand, so cos² + sin² and 1 differ here.
"""

from __future__ import annotations

from itertools import permutations

from sympy import Expr, Integer, expand

from derive.forward.nodes import Constant, Node
from derive.rules.index import Factor, IndexSum, Kronecker, Letters, Product, contract_delta
from derive.rules.index import expand as expand_entries

__all__ = ["canonical", "same_for_all_sizes"]

_MOST_LETTERS = 6
"""All orders of so many summed letters are tried; beyond it no canonical form is given."""

Key = tuple[tuple[int, tuple[str, ...]], ...]


def canonical(node: Node) -> dict[Key, Expr] | None:
    """The coefficient of each product in the node; None for a product of too many sums.

    Source: the normal form of multilinear expressions; a product is named by the least of its relabelings.
    """
    letters = Letters()
    free = tuple(letters.fresh() for _ in node.shape)
    value = IndexSum((Product((Factor(node, free),)),), free, tuple(zip(free, node.shape, strict=True)))
    value = expand_entries(value, letters)
    while (contracted := contract_delta(value)) is not None:
        value = contracted[0]
    found: dict[Key, Expr] = {}
    for product in value.products:
        if len(product.sums) > _MOST_LETTERS:
            return None
        coefficient, key = _named(product, value)
        found[key] = found.get(key, Integer(0)) + coefficient
    return {key: total for key, coefficient in found.items() if (total := expand(coefficient)) != 0}


def _named(product: Product, value: IndexSum) -> tuple[Expr, Key]:
    """The coefficient of a product, and its least name."""
    coefficient: Expr = Integer(1)
    parts: list[tuple[int, tuple[str, ...]]] = []
    for part in product.factors:
        if isinstance(part, Factor) and isinstance(part.node, Constant):
            coefficient = coefficient * part.node.value
        elif isinstance(part, Factor):
            # Interned nodes are equal when they are one object, so its identity names it within a process.
            parts.append((id(part.node), part.index))
        elif isinstance(part, Kronecker):
            parts.append((0, tuple(sorted((part.first, part.second)))))
    used = [letter for letter in product.sums if any(letter in index for _, index in parts)]
    for letter in product.sums:
        if letter not in used:
            coefficient = coefficient * value.size(letter)
    names = [f"~{n}" for n in range(len(used))]
    keys = []
    for order in permutations(names):
        renamed = dict(zip(used, order, strict=True))
        keys.append(tuple(sorted((node, tuple(renamed.get(i, i) for i in index)) for node, index in parts)))
    return coefficient, min(keys)


def same_for_all_sizes(a: Node, b: Node) -> bool:
    """Whether the canonical forms exist and agree."""
    if a is b:
        return True
    first, second = canonical(a), canonical(b)
    return first is not None and first == second
