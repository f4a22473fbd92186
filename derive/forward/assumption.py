"""What a user, or the author of a layer, assumes of an input: "A symmetric", "Y rows sum to 1", "x > 0".

A value on the layer. Derivatives are those of entries that vary independently of each other; an assumption says only at
which inputs they are then looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sympy import Rational

from derive.errors import ShapeError, UnknownNameError, UserError
from derive.forward.nodes import Input
from derive.forward.shape import same

__all__ = ["GRAMMAR", "Assumption", "Kind", "moved", "read_assumptions"]

Kind: TypeAlias = Literal["symmetric", "sum", ">", ">=", "!="]
"""A.T = A; what adds up to a number along an axis; how every entry compares with 0."""

GRAMMAR = ("A symmetric", "Y rows sum to 1", "Y columns sum to 1", "y sums to 1", "x > 0", "x >= 0", "x != 0")
"""An example of everything that can be assumed."""

_NAME = r"(?P<name>[A-Za-z]\w*)"
_NUMBER = r"(?P<number>-?\d+(?:\.\d+|/[1-9]\d*)?)"
_SYMMETRIC = re.compile(rf"{_NAME}(?: is)? symmetric")
_SUM = re.compile(rf"{_NAME}(?: (?P<axis>rows|columns) sum| sums) to {_NUMBER}")
_SUM_OF = re.compile(rf"(?P<axis>rows|columns) of {_NAME} sum to {_NUMBER}")
_SIGN = re.compile(rf"{_NAME} ?(?P<kind>>=|>|!=) ?0")
_LONGEST = 100
_ONE = Rational(1)


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption about one input.

    axis is that along which the entries of an input add up to the number, counted from 0; author says that it stands in
    the layer's own file, and was not added by who uses it.
    """

    name: str
    kind: Kind
    axis: int | None = None
    rank: int = 2
    number: Rational = _ONE
    author: bool = False

    def __str__(self) -> str:
        match self.kind:
            case "symmetric":
                return f"{self.name} symmetric"
            case "sum" if self.rank == 1:
                return f"{self.name} sums to {self.number}"
            case "sum":
                return f"{self.name} {'rows' if self.axis == self.rank - 1 else 'columns'} sum to {self.number}"
        return f"{self.name} {self.kind} 0"


def read_assumptions(
    texts: Iterable[str], inputs: Sequence[Input], where: str, *, author: bool = False
) -> tuple[Assumption, ...]:
    """The assumptions that these texts state about inputs; what is said twice is kept once.

    Raises: UserError for what is none of GRAMMAR; UnknownNameError for an array that does not exist; ShapeError where
    the array cannot be so.

    Example:
        >>> from derive.layers import load
        >>> [str(a) for a in read_assumptions(["rows of T sum to 1"], load("cross_entropy").inputs, "cross_entropy")]
        ['T rows sum to 1']
    """
    found: dict[Assumption, None] = {}
    for text in texts:
        made = _read(" ".join(text.split()), {node.name: node for node in inputs}, where)
        other = next((item for item in found if _contradict(item, made) or _contradict(made, item)), None)
        if other is not None:
            raise UserError(f"{where}: --assume: {other} and {made} contradict each other; leave one of them out")
        found.setdefault(replace(made, author=author))
    return tuple(found)


def _contradict(one: Assumption, other: Assumption) -> bool:
    """Whether two assumptions about one array cannot both hold."""
    if one.name != other.name or one.kind != "sum":
        return False
    if other.kind == "sum":
        return one.axis == other.axis and one.number != other.number
    return (other.kind == ">" and one.number <= 0) or (other.kind == ">=" and one.number < 0)


def _read(text: str, inputs: Mapping[str, Input], where: str) -> Assumption:
    patterns = (_SYMMETRIC, _SUM, _SUM_OF, _SIGN)
    match = next((m for p in patterns if (m := p.fullmatch(text))), None) if len(text) <= _LONGEST else None
    if match is None:
        known = ", ".join(f'"{example}"' for example in GRAMMAR)
        raise UserError(f"{where}: --assume: {text!r:.60} is none of what can be assumed: {known}; write it like these")
    said = match.groupdict()
    node = inputs.get(said["name"])
    if node is None:
        raise UnknownNameError(f"input of {where} to assume something of", said["name"], inputs)
    if node.below is not None:
        raise UserError(
            f"{where}: --assume: {text}: {node.name} holds whole numbers; only real inputs can be assumed so"
        )
    if match.re is _SYMMETRIC:
        return _symmetric(node, where)
    if match.re is _SIGN:
        return Assumption(node.name, _sign(said["kind"]), rank=len(node.shape))
    return _sum(node, said["axis"], Rational(said["number"]), where)


def _sign(written: str | None) -> Kind:
    kinds: dict[str | None, Kind] = {">": ">", ">=": ">=", "!=": "!="}
    return kinds[written]


def _symmetric(node: Input, where: str) -> Assumption:
    if len(node.shape) != 2 or not same(*node.shape):
        raise ShapeError(
            f"{where}: --assume: {node.name} symmetric: expected a square matrix, {node.name} has the shape "
            f"{_shape(node)}; give it the same letter twice, as in N N"
        )
    return Assumption(node.name, "symmetric")


def _sum(node: Input, axis: str | None, number: Rational, where: str) -> Assumption:
    rank = len(node.shape)
    if (axis is None) != (rank == 1) or rank == 0:
        remedy = f'"{node.name} sums to {number}"' if rank == 1 else f'"{node.name} rows sum to {number}"'
        instead = f"write {remedy}" if rank else "a number has nothing to add up"
        raise ShapeError(
            f"{where}: --assume: {node.name} {f'{axis} sum' if axis else 'sums'} to {number}: {node.name} has the "
            f"shape {_shape(node)}; {instead}"
        )
    return Assumption(node.name, "sum", rank - 2 if axis == "columns" else rank - 1, rank, number)


def _shape(node: Input) -> str:
    return f"({', '.join(map(str, node.shape))})"


def moved(
    assumptions: Iterable[Assumption], before: Sequence[Input], after: Sequence[Input], where: str, *, turned: bool
) -> tuple[Assumption, ...]:
    """The assumptions about inputs, as assumptions about what has become of them: turned, or without samples.

    Raises: UserError if the axis that something adds up along is gone.
    """
    found = []
    for item in assumptions:
        old, new = next(pair for pair in zip(before, after, strict=True) if pair[0].name == item.name)
        axis = item.axis
        if axis is not None and turned and len(old.shape) == 2:
            axis = 1 - axis
        elif axis is not None and len(new.shape) < len(old.shape):
            axis -= len(old.shape) - len(new.shape)
            if axis < 0:
                raise UserError(
                    f"{where}: --assume: {item}: with one sample there is no such axis; add --samples matrix"
                )
        found.append(replace(item, name=new.name, axis=axis, rank=len(new.shape)))
    return tuple(found)
