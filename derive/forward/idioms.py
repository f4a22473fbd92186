"""Recognises in a node what NumPy and its users have a word for: softmax, logsumexp, norm, mean, variance.

Nothing is guessed from the shape of a graph: a candidate is what its definition makes of an operand, and nodes are
interned, so that it either is the node or is another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sympy import Expr, Integer, Rational, exp, fraction, log, prod

from derive.forward.joined import joined
from derive.forward.nodes import Add, Constant, Contract, Map, Node, Ones, placeholder
from derive.forward.normal import add, apply, contract

__all__ = ["Idiom", "idiom", "parts", "root", "shorter"]

_ONE = Integer(1)
_X = placeholder(0)
_HALF = Rational(1, 2)


@dataclass(frozen=True, slots=True)
class Idiom:
    """A coefficient times a function of an array along axes; reduced says that the result lacks them."""

    function: str
    operand: Node
    axes: tuple[int, ...]
    coefficient: Expr = _ONE

    @property
    def reduced(self) -> bool:
        """Whether the result lacks the axes."""
        return self.function not in ("softmax", "log_softmax")


def shorter(first: Expr, second: Expr) -> bool:
    """Whether a coefficient takes less to write than another, and is not multiplied by sizes that the other is not."""
    above = fraction(first)[0].free_symbols <= fraction(second)[0].free_symbols
    return bool(above and len(str(first)) < len(str(second)))


def parts(node: Node) -> Sequence[Node]:
    """The operands that are written when the node is: those of the idiom, if it is one, or arrays beside each other."""
    found = idiom(node)
    if found is not None:
        return (found.operand,)
    inner = root(node)
    if inner is not None:
        return (inner,)
    beside = joined(node)
    return node.operands if beside is None else beside.parts


def root(node: Node) -> Node | None:
    """√u where the node is a power of it, as 1 / √u is; None for anything else."""
    if not isinstance(node, Map) or len(node.operands) != 1:
        return None
    base, exponent = node.function.as_base_exp()
    if base != _X or not isinstance(exponent, Rational) or exponent.q != 2 or exponent == _HALF:
        return None
    return apply(_X**_HALF, node.operands)


@lru_cache(maxsize=4096)
def idiom(node: Node) -> Idiom | None:
    """What the node is in the words of NumPy's users, or None."""
    rules = _RULES.get(type(node), ())
    return next((found for rule in rules for found in rule(node)), None)


def _softmax(node: Contract) -> Iterator[Idiom]:
    """exp(x) / Σ exp(x)."""
    rank = len(node.shape)
    for powers in node.operands:
        if isinstance(powers, Map) and len(powers.shape) == rank > 0 and len(node.operands) == 2:
            argument = _exponent(powers)
            pairs = zip(node.operands, node.indices, strict=True)
            below = next((row for operand, row in pairs if operand is not powers), None)
            if argument is None or below is None:
                continue
            mine = node.indices[node.operands.index(powers)]
            kept = [axis for axis, index in enumerate(mine) if index in below]
            total = contract([powers], [range(rank)], kept)
            inverse = apply(1 / _X, [total])
            axes = tuple(axis for axis in range(rank) if axis not in kept)
            factors = [(powers, list(range(rank))), (inverse, kept)]
            for order in (factors, factors[::-1]):
                if axes and contract([o for o, _ in order], [row for _, row in order], range(rank)) is node:
                    yield Idiom("softmax", _unshifted(argument, axes), axes)


def _unshifted(node: Node, axes: Collection[int]) -> Node:
    """The array without terms that are the same along axes: exp(z - c) / Σ exp(z - c) = exp(z) / Σ exp(z)."""
    if not isinstance(node, Add):
        return node
    kept = [operand for operand in node.operands if not _is_same_along(operand, axes)]
    return add(kept) if kept else node


def _is_same_along(node: Node, axes: Collection[int]) -> bool:
    if not isinstance(node, Contract):
        return False
    pairs = list(zip(node.operands, node.indices, strict=True))
    repeated = {row[0] for operand, row in pairs if isinstance(operand, Ones)}
    others = {label for operand, row in pairs if not isinstance(operand, Ones) for label in row}
    return {node.output[axis] for axis in axes} <= repeated - others


def _exponent(node: Node) -> Node | None:
    """u where the node is exp(u)."""
    if not isinstance(node, Map) or not isinstance(node.function, exp):
        return None
    return apply(node.function.args[0], node.operands)


def _logsumexp(node: Map) -> Iterator[Idiom]:
    """log Σ exp(x)."""
    if node.function == log(_X):
        for powers, axes, coefficient in _sums(node.operands[0]):
            argument = _exponent(powers)
            if argument is not None and coefficient == 1:
                yield Idiom("logsumexp", argument, axes)


def _log_softmax(node: Add) -> Iterator[Idiom]:
    """x - log Σ exp(x)."""
    rank = len(node.shape)
    for operand in node.operands:
        for inner in operand.operands if isinstance(operand, Contract) else ():
            found = idiom(inner) if isinstance(inner, Map) else None
            if found is not None and found.function == "logsumexp" and found.operand.shape == node.shape:
                kept = [axis for axis in range(rank) if axis not in found.axes]
                less = contract([Constant(Integer(-1)), inner], [[], kept], kept)
                ones = [Ones(node.shape[axis]) for axis in found.axes]
                spread = contract([*ones, less], [*([axis] for axis in found.axes), kept], range(rank))
                if add([found.operand, spread]) is node:
                    yield Idiom("log_softmax", found.operand, found.axes)


def _norm(node: Map) -> Iterator[Idiom]:
    """√ Σ x²."""
    if node.function == _X**_HALF:
        for squares, axes, coefficient in _sums(node.operands[0]):
            if coefficient == 1 and isinstance(squares, Map) and squares.function == _X**2:
                (operand,) = squares.operands
                if len(axes) in (1, len(operand.shape)):
                    yield Idiom("norm", operand, axes)


def _std(node: Map) -> Iterator[Idiom]:
    """√ of the variance."""
    if node.function == _X**_HALF:
        found = idiom(node.operands[0])
        if found is not None and found.function == "var" and found.coefficient == 1:
            yield Idiom("std", found.operand, found.axes)


def _variance(node: Contract) -> Iterator[Idiom]:
    """The mean of (x - mean x)²."""
    for squares, axes, coefficient in _sums(node):
        if isinstance(squares, Map) and squares.function == _X**2 and isinstance(squares.operands[0], Add):
            (distance,) = squares.operands
            count = prod((squares.shape[axis] for axis in axes), start=Integer(1))
            for place, operand in enumerate(distance.operands):
                others = [*distance.operands[:place], *distance.operands[place + 1 :]]
                array = add(others)
                if shorter(coefficient * count, coefficient) and operand is _centre(array, axes, count):
                    yield Idiom("var", array, axes, coefficient * count)


def _centre(array: Node, axes: Collection[int], count: Expr) -> Node:
    """-mean x, repeated along the axes."""
    rank = len(array.shape)
    kept = [axis for axis in range(rank) if axis not in axes]
    total = contract([array], [range(rank)], kept)
    ones = [Ones(array.shape[axis]) for axis in axes]
    rows = [[], *([axis] for axis in axes), kept]
    return contract([Constant(-1 / count), *ones, total], rows, range(rank))


def _mean(node: Contract) -> Iterator[Idiom]:
    """Σ x / N."""
    for operand, axes, coefficient in _sums(node):
        count = prod((operand.shape[axis] for axis in axes), start=Integer(1))
        if shorter(coefficient * count, coefficient):
            yield Idiom("mean", operand, axes, coefficient * count)


def _sums(node: Node) -> Iterator[tuple[Node, tuple[int, ...], Expr]]:
    """The array, the axes and the coefficient, where a node is a sum along axes."""
    if not isinstance(node, Contract):
        return
    if not node.summed():
        match node.operands:
            case (Constant(value), Contract() as inner) if node.indices[1] == node.output:
                yield from ((array, axes, value * coefficient) for array, axes, coefficient in _sums(inner))
        return
    coefficient: Expr = Integer(1)
    arrays = []
    for operand, row in zip(node.operands, node.indices, strict=True):
        if isinstance(operand, Constant):
            coefficient = coefficient * operand.value
        elif not isinstance(operand, Ones):
            arrays.append((operand, row))
    if len(arrays) == 1:
        ((array, row),) = arrays
        axes = tuple(axis for axis, index in enumerate(row) if index not in node.output)
        kept = tuple(index for index in row if index in node.output)
        if kept == node.output and set(node.summed()) <= set(row) and len(set(row)) == len(row):
            yield array, axes, coefficient


_RULES: dict[type, tuple[Callable[[Any], Iterator[Idiom]], ...]] = {
    Contract: (_softmax, _variance, _mean),
    Map: (_std, _norm, _logsumexp),
    Add: (_log_softmax,),
}
