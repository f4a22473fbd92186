"""Index calculus: sums over letters, differentiated with Kronecker deltas, for sizes that are letters.

    y_ij = Σ_k x_ik w_kj + b_j      ∂x_ik/∂x_mn = δ_im δ_kn      Σ_k δ_kn a_k = a_n

An IndexSum is a sum of products with letters for indices. A rule turns one into an equal one; what a derivation does is
apply rules, one at a time. Nothing here knows the adjoint rules, nor sizes in numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from derive.errors import InternalError, UnsupportedError
from derive.forward.differential import differentials
from derive.forward.nodes import Add, Contract, Delta, Input, Node, Ones, topological
from derive.forward.normal import add, contract, zeros
from derive.forward.shape import Size

__all__ = [
    "MOST_PRODUCTS",
    "Factor",
    "IndexSum",
    "Kronecker",
    "Letters",
    "LossPartial",
    "Partial",
    "Product",
    "chain_rule",
    "contract_delta",
    "differentiate",
    "expand",
    "kronecker",
    "scalar_chain",
    "to_node",
]


MOST_PRODUCTS = 400
"""A sum of more products is refused: multiplied out, a few nested sums have millions."""


@dataclass(frozen=True, slots=True)
class Factor:
    """An entry of a node: w_kj."""

    node: Node
    index: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kronecker:
    """δ_im."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Partial:
    """∂y_ij/∂x_mn, before a rule has said what it is."""

    of: Factor
    by: Factor


@dataclass(frozen=True, slots=True)
class LossPartial:
    """∂L/∂x_mn."""

    by: Factor
    upstream: Node
    output: Node


Part: TypeAlias = Factor | Kronecker | Partial | LossPartial


@dataclass(frozen=True, slots=True)
class Product:
    """Σ over the letters in sums, of the product of the factors."""

    factors: tuple[Part, ...]
    sums: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexSum:
    """A sum of products; free are the letters that are not summed over, sizes those of all letters."""

    products: tuple[Product, ...]
    free: tuple[str, ...]
    sizes: tuple[tuple[str, Size], ...]

    def size(self, letter: str) -> Size:
        """The size that a letter runs to."""
        return dict(self.sizes)[letter]


class Letters:
    """Hands out letters that are not in use: i, j, k, ... and then i1, j1, ... however deep an expression is."""

    _ORDER = "ijklmnpqrstuvabcdefgh"

    def __init__(self, taken: tuple[str, ...] = ()) -> None:
        self._taken = set(taken)

    def fresh(self, start: str = "i") -> str:
        """A letter from `start` on."""
        order = self._ORDER[self._ORDER.index(start) :] + self._ORDER[: self._ORDER.index(start)]
        for round_ in range(len(self._taken) + 1):
            for letter in order:
                name = letter + (str(round_) if round_ else "")
                if name not in self._taken:
                    self._taken.add(name)
                    return name
        raise InternalError("index calculus: no letter is left")


def expand(value: IndexSum, letters: Letters) -> IndexSum:
    """Every entry of a sum or contraction replaced by its definition: y_ij = Σ_k x_ik w_kj + b_j.

    Raises: UnsupportedError if the sum has more than MOST_PRODUCTS products.
    Source: the definition of matrix product and of einsum.
    """
    pending = list(value.products)
    done: list[Product] = []
    sizes = dict(value.sizes)
    while pending:
        _check_length(len(pending) + len(done))
        product = pending.pop(0)
        place = next((p for p, f in enumerate(product.factors) if _is_compound(f)), None)
        if place is None:
            done.append(product)
            continue
        before, entry, after = product.factors[:place], product.factors[place], product.factors[place + 1 :]
        assert isinstance(entry, Factor)
        for inner in _definition(entry, letters, sizes)[::-1]:
            pending.insert(0, Product((*before, *inner.factors, *after), (*product.sums, *inner.sums)))
    return IndexSum(tuple(done), value.free, tuple(sizes.items()))


def _check_length(count: int) -> None:
    if count > MOST_PRODUCTS:
        raise UnsupportedError(
            f"index calculus: the derivative is a sum of more than {MOST_PRODUCTS} products; nothing is written out "
            f"that is longer"
        )


def _is_compound(part: Part) -> bool:
    return isinstance(part, Factor) and isinstance(part.node, Add | Contract | Ones | Delta)


def _definition(entry: Factor, letters: Letters, sizes: dict[str, Size]) -> list[Product]:
    node = entry.node
    match node:
        case Ones():
            return [Product(())]
        case Delta():
            return [Product((Kronecker(*entry.index),))]
        case Add():
            return [Product((Factor(operand, entry.index),)) for operand in node.operands]
        case Contract():
            names = dict(zip(node.output, entry.index, strict=True))
            summed = node.summed()
            for index in summed:
                names[index] = letters.fresh("k")
                sizes[names[index]] = node.sizes()[index]
            factors = tuple(
                Factor(operand, tuple(names[i] for i in row))
                for operand, row in zip(node.operands, node.indices, strict=True)
            )
            return [Product(factors, tuple(names[index] for index in summed))]
    raise InternalError(f"index calculus: {type(node).__name__} has no definition by sums")


def differentiate(value: IndexSum, wrt: Input, at: tuple[str, ...]) -> IndexSum:
    """∂(Σ a b ...) = Σ ∂a b ... + Σ a ∂b ... + ...; what does not depend on the input is constant.

    Source: the sum and product rules.
    """
    by = Factor(wrt, at)
    products = [
        replace(product, factors=(*product.factors[:place], Partial(factor, by), *product.factors[place + 1 :]))
        for product in value.products
        for place, factor in enumerate(product.factors)
        if isinstance(factor, Factor) and any(node is wrt for node in topological(factor.node))
    ]
    sizes = dict(value.sizes) | dict(zip(at, wrt.shape, strict=True))
    return IndexSum(tuple(products), (*value.free, *at), tuple(sizes.items()))


def scalar_chain(value: IndexSum, letters: Letters) -> IndexSum | None:
    """∂f(a, ...)_ij = Σ_p f_p'(a, ...)_ij ∂a_p,ij; None if no function is left.

    Functions of whole matrices, and the largest entry along an axis, have more indices in the place of ij.

    Raises: UnsupportedError if the sum has more than MOST_PRODUCTS products.
    Source: the chain rule for functions of one and of several numbers; SymPy differentiates f.
    """
    for number, product in enumerate(value.products):
        for place, part in enumerate(product.factors):
            if isinstance(part, Partial) and part.of.node.operands and not _is_compound(part.of):
                return _opened(value, number, place, letters)
    return None


def _opened(value: IndexSum, number: int, place: int, letters: Letters) -> IndexSum:
    product = value.products[number]
    part = product.factors[place]
    assert isinstance(part, Partial)
    node = part.of.node
    made: list[Product] = []
    sizes = dict(value.sizes)
    for change in differentials(node):
        names = dict(zip(change.output, part.of.index, strict=True))
        fresh = []
        operand = node.operands[change.place]
        for label, size in zip(change.input, operand.shape, strict=True):
            if label not in names:
                names[label] = letters.fresh("k")
                fresh.append(names[label])
                sizes[names[label]] = size
        factors = tuple(Factor(other, tuple(names[label] for label in row)) for other, row in change.factors)
        index = tuple(names[label] for label in change.input)
        inner = IndexSum((Product((Factor(operand, index),)),), index, tuple(sizes.items()))
        grown = differentiate(expand(inner, letters), part.by.node, part.by.index)  # type: ignore[arg-type]  # an input
        sizes |= dict(grown.sizes)
        made += [
            Product(
                (*product.factors[:place], *factors, *term.factors, *product.factors[place + 1 :]),
                (*product.sums, *fresh, *term.sums),
            )
            for term in grown.products
        ]
    products = (*value.products[:number], *made, *value.products[number + 1 :])
    _check_length(len(products))
    return IndexSum(products, value.free, tuple(sizes.items()))


def kronecker(value: IndexSum) -> IndexSum:
    """∂x_ik/∂x_mn = δ_im δ_kn: an entry depends on itself and on no other.

    Source: the entries of an array are independent variables.
    """

    def parts(product: Product) -> Iterator[Part]:
        for part in product.factors:
            if isinstance(part, Partial) and part.of.node is part.by.node:
                yield from map(Kronecker, part.of.index, part.by.index)
            else:
                yield part

    return replace(value, products=tuple(replace(p, factors=tuple(parts(p))) for p in value.products))


def contract_delta(value: IndexSum) -> tuple[IndexSum, str] | None:
    """Σ_k δ_kn a_k = a_n, for the first delta that has a summed letter; None if there is none. Names the letter.

    Source: of all terms of the sum, the one with k = n is left.
    """
    for number, product in enumerate(value.products):
        for place, part in enumerate(product.factors):
            if isinstance(part, Kronecker):
                gone = next((letter for letter in (part.first, part.second) if letter in product.sums), None)
                if gone is None:
                    continue
                kept = part.second if gone == part.first else part.first
                rest = (*product.factors[:place], *product.factors[place + 1 :])
                contracted = Product(
                    tuple(_renamed(other, gone, kept) for other in rest),
                    tuple(letter for letter in product.sums if letter != gone),
                )
                products = (*value.products[:number], contracted, *value.products[number + 1 :])
                return replace(value, products=products), gone
    return None


def _renamed(part: Part, old: str, new: str) -> Part:
    def rename(letter: str) -> str:
        return new if letter == old else letter

    match part:
        case Factor(node, index):
            return Factor(node, tuple(map(rename, index)))
        case Kronecker(first, second):
            return Kronecker(rename(first), rename(second))
        case Partial(of, by):
            return Partial(_renamed(of, old, new), _renamed(by, old, new))  # type: ignore[arg-type]  # factors stay
    return part


def chain_rule(
    derivative: IndexSum, upstream: Node, output: tuple[str, ...], *, component: tuple[str, ...] = ()
) -> IndexSum:
    """∂L/∂x_mn = Σ_i Σ_j ∂L/∂y_ij ∂y_ij/∂x_mn, or ∂L_p for every component of a vector; p is free then.

    Source: the chain rule in several dimensions.
    """
    arriving = Factor(upstream, (*component, *output))
    products = tuple(Product((arriving, *product.factors), (*output, *product.sums)) for product in derivative.products)
    free = (*component, *(letter for letter in derivative.free if letter not in output))
    return IndexSum(products, free, derivative.sizes)


def to_node(value: IndexSum, shape: tuple[Size, ...]) -> Node:
    """The node that computes an IndexSum without derivatives; its axes are the free letters, in their order."""
    number: dict[str, int] = {letter: n for n, letter in enumerate(value.free)}
    terms = []
    for product in value.products:
        operands: list[Node] = []
        rows: list[tuple[int, ...]] = []
        for part in product.factors:
            node, index = _operand(part, value)
            operands.append(node)
            rows.append(tuple(number.setdefault(letter, len(number)) for letter in index))
        used = {letter for row in rows for letter in row}
        for letter in (*value.free, *product.sums):
            if number.setdefault(letter, len(number)) not in used:
                operands.append(Ones(value.size(letter)))
                rows.append((number[letter],))
        terms.append(contract(operands, rows, [number[letter] for letter in value.free]))
    return add(terms) if terms else zeros(shape)


def _operand(part: Part, value: IndexSum) -> tuple[Node, tuple[str, ...]]:
    match part:
        case Factor(node, index):
            return node, index
        case Kronecker(first, second):
            return Delta(value.size(first)), (first, second)
    raise InternalError("index calculus: a derivative is left, which no rule has removed")
