"""Entries of arrays that were computed on symbols, as notation: x_11 w_11 + x_12 w_21."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sympy import Expr, Symbol

from derive.errors import DeriveError
from derive.forward.nodes import placeholder
from derive.forward.scalar import number, read_scalar
from derive.notation.tree import Entry, Gradient, Number, Product, Tree
from derive.proof.ring import Element

__all__ = ["entry_tree"]

_MOST_TERMS = 8
_DEEPEST = 3
_VARIABLE = re.compile(r"(?P<name>.+?)(\[(?P<index>[\d,]+)\])?")


def entry_tree(value: Any, letters: Mapping[str, str], upstream: Mapping[str, str], loss: str = "L") -> Tree | None:
    """The entry, with these letters for the entries of inputs; None if it has too many terms to be read.

    upstream has the name of the upstream gradient, with the letter of the entries of what it is the gradient of.
    """
    if isinstance(value, bool | int | float | Fraction):
        return Number(int(value)) if float(value).is_integer() else Number(f"{float(value):.4g}")
    if not isinstance(value, Element) or _terms(value, _DEEPEST) > _MOST_TERMS:
        return None
    expression = value.field.expression(value)
    symbols = sorted(expression.free_symbols, key=str)
    trees = [_variable(symbol, letters, upstream, loss) for symbol in symbols]
    places: dict[Expr, Expr] = {symbol: placeholder(place) for place, symbol in enumerate(symbols)}
    try:
        return read_scalar(expression.xreplace(places), trees, times=Product) if symbols else number(expression)
    except DeriveError:
        return None


def _variable(symbol: Symbol, letters: Mapping[str, str], upstream: Mapping[str, str], loss: str) -> Tree:
    match = _VARIABLE.fullmatch(symbol.name)
    assert match is not None
    index = tuple(int(part) for part in match["index"].split(",")) if match["index"] else ()
    name = match["name"]
    if name in upstream:
        return Gradient(Entry(upstream[name], index), name, loss)
    return Entry(letters.get(name, name), index)


def _terms(value: Element, depth: int) -> int:
    """How many terms it has, with those of what functions are applied to."""
    if not depth:
        return _MOST_TERMS + 1
    total = len(value.terms)
    numbers = {number for monomial in value.terms for number, _ in value.field.monomials[monomial]}
    return total + sum(_terms(u, depth - 1) for number in numbers for u in value.field.generators[number].arguments)
