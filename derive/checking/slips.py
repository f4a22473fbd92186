"""Mistakes that are made on the way back: a step left out or changed, a value of the forward pass taken for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from sympy import Function

from derive.checking.nodevalues import Array
from derive.checking.variables import Words
from derive.checking.wayback import Edge, WayBack
from derive.forward.nodes import Constant, Contract, Delta, Input, Map, Node, Ones, Select, topological
from derive.forward.normal import slope
from derive.forward.shape import same

__all__ = ["Slip", "slips"]

Gradients = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake in words, with the values that it is about, and the gradients with it; None where it cannot be made."""

    text: str
    nodes: tuple[Node, ...]
    made: Callable[[WayBack], Gradients | None]

    def told(self, words: Words) -> str:
        """The mistake, with the names of the code."""
        return self.text.format(*map(words.said, self.nodes))


def slips(way: WayBack) -> Iterator[Slip]:
    """The mistakes that can be made on the way back, those in one step first."""
    edges = list(way.edges())
    values = _values(way.output)
    for edge in edges:
        yield from _left_out(edge)
    for edge in edges:
        yield from _other_slope(edge, values) if isinstance(edge[0], Map) else ()
    for edge in edges:
        yield from _other_factor(edge, values) if isinstance(edge[0], Contract) else ()
    yield from _other_value(way, values)
    for edge in edges:
        yield from _other_gradient(edge, edges)


def _values(output: Node) -> list[Node]:
    """What the forward pass computes, and its inputs of real numbers."""
    return [
        node
        for node in topological(output)
        if node.shape
        and not isinstance(node, Constant | Ones | Delta | Select)
        and not (isinstance(node, Input) and node.below is not None)
        and not _is_constant(node)
    ]


def _is_constant(node: Node) -> bool:
    return not any(isinstance(inner, Input) for inner in topological(node))


def _fit(first: Node, second: Node) -> bool:
    return len(first.shape) == len(second.shape) and all(map(same, first.shape, second.shape))


_STEP = "on the way back from {} to {}"


def _ends(edge: Edge) -> tuple[Node, Node]:
    node, place = edge
    return node, node.operands[place]


def _along(edge: Edge, sent: Callable[[WayBack], Array | None]) -> Callable[[WayBack], Gradients | None]:
    """The gradients if this went along a step."""

    def made(way: WayBack) -> Gradients | None:
        found = sent(way)
        if found is None or np.shape(found) != np.shape(way.values.of(edge[0].operands[edge[1]])):
            return None
        return way.with_step(edge, found)

    return made


def _left_out(edge: Edge) -> Iterator[Slip]:
    node, place = edge
    ends = _ends(edge)
    yield Slip("what comes back from {} to {} is missing", ends, _along(edge, lambda way: way.sent(edge) * 0))
    yield Slip("what comes back from {} to {} has the other sign", ends, _along(edge, lambda way: -way.sent(edge)))
    if isinstance(node, Map):
        name = _function(node)
        text = f"the derivative of {name} is missing, {_STEP}"
        yield Slip(text, ends, _along(edge, lambda way: way.arriving[node]))
        text = f"the derivative of {name} is not multiplied by what comes back, {_STEP}"
        yield Slip(text, ends, _along(edge, lambda way: way.values.of(slope(node, place))))


def _function(node: Node) -> str:
    names = [] if not isinstance(node, Map) else sorted(type(part).__name__ for part in node.function.atoms(Function))
    return names[0] if names else "the function"


_SLOPES: tuple[tuple[str, Callable[[Array, Array], Array]], ...] = (
    ("y (1 - y), as for a sigmoid y,", lambda x, y: y * (1 - y)),
    ("1 - y², as for y = tanh(x),", lambda x, y: 1 - y * y),
    ("1 - y, for the value y,", lambda x, y: 1 - y),
    ("y², for the value y,", lambda x, y: y * y),
    ("the value y itself", lambda x, y: y),
    ("1 - x², for the argument x,", lambda x, y: 1 - x * x),
    ("x (1 - x), for the argument x,", lambda x, y: x * (1 - x)),
)


def _other_slope(edge: Edge, values: Sequence[Node]) -> Iterator[Slip]:
    node, place = edge
    assert isinstance(node, Map)
    name = _function(node)
    ends, own = _ends(edge), f"in the place of the derivative of {name}, {_STEP}"

    def with_slope(made: Callable[[WayBack], Array]) -> Callable[[WayBack], Gradients | None]:
        return _along(edge, lambda way: way.arriving[node] * made(way))

    for told, function in _SLOPES:

        def of(way: WayBack, function: Callable[[Array, Array], Array] = function) -> Array:
            return function(way.values.of(node.operands[place]), way.values.of(node))

        yield Slip(f"{told} {own}", ends, with_slope(of))
    yield Slip(
        f"[g > 0], for what comes back, {own}",
        ends,
        with_slope(lambda way: way.values.plain(np.where(way.arriving[node] > 0, 1, 0))),
    )
    yield Slip(
        f"the square of the derivative of {name} in its place, {_STEP}",
        ends,
        with_slope(lambda way: way.values.of(slope(node, place)) ** 2),
    )
    for factor, told in ((2, "twice"), (0.5, "half")):

        def scaled(way: WayBack, factor: float = factor) -> Array:
            return way.values.of(slope(node, place)) * way.values.filled(factor, ())

        yield Slip(f"{told} the derivative of {name}, {_STEP}", ends, with_slope(scaled))
    for number, operand in enumerate(node.operands):
        for other in values:
            if other is not operand and _fit(other, operand) and not _is_constant(operand):

                def at(way: WayBack, number: int = number, other: Node = other) -> Array:
                    given = [way.values.of(inner) for inner in node.operands]
                    given[number] = way.values.of(other)
                    derivative = slope(Map(_places(node), node.function), place)
                    stand_ins = dict(zip(_places(node), given, strict=True))
                    return way.values.with_others(stand_ins).of(derivative)

                text = f"the derivative of {name} is taken at {{}} in the place of {{}}"
                yield Slip(text, (other, operand), with_slope(at))


def _places(node: Map) -> tuple[Input, ...]:
    return tuple(Input(f"operand {place}", operand.shape, "x") for place, operand in enumerate(node.operands))


def _other_factor(edge: Edge, values: Sequence[Node]) -> Iterator[Slip]:
    node, place = edge
    assert isinstance(node, Contract)

    def with_factor(number: int, made: Callable[[WayBack], Array | None]) -> Callable[[WayBack], Gradients | None]:
        def sent(way: WayBack) -> Array | None:
            factors = way.factors(node, place)
            other = made(way)
            if other is None or np.shape(other) != np.shape(factors[number]):
                return None
            factors[number] = other
            return way.product(node, place, factors)

        return _along(edge, sent)

    for number, operand in enumerate(node.operands):
        if number == place or isinstance(operand, Ones | Delta | Select):
            continue
        about, shape = (operand, *_ends(edge)), np.shape
        yield Slip(
            f"the factor {{}} is missing, {_STEP}",
            about,
            with_factor(number, lambda way, o=operand: way.values.filled(1, shape(way.values.of(o)))),
        )
        yield Slip(
            f"the factor {{}} has the other sign, {_STEP}",
            about,
            with_factor(number, lambda way, o=operand: -way.values.of(o)),
        )
        yield Slip(
            f"the factor {{}} is squared, {_STEP}",
            about,
            with_factor(number, lambda way, o=operand: way.values.of(o) ** 2),
        )
        if len(operand.shape) == 2 and same(*operand.shape):
            yield Slip(
                f"{{}} is transposed the other way, {_STEP}",
                about,
                with_factor(number, lambda way, o=operand: way.values.of(o).T),
            )
        for other in values:
            if other is not operand and _fit(other, operand):
                text = f"{{}} in the place of {{}}, {_STEP}"
                yield Slip(text, (other, *about), with_factor(number, lambda way, o=other: way.values.of(o)))
    text = f"what comes back is not multiplied in, {_STEP}"
    yield Slip(text, _ends(edge), with_factor(place, lambda way: way.values.filled(1, np.shape(way.arriving[node]))))


def _other_value(way: WayBack, values: Sequence[Node]) -> Iterator[Slip]:
    for used in values:
        for other in values:
            if other is not used and _fit(used, other):
                text = "{} in the place of {}, wherever the backward pass uses it"
                yield Slip(text, (other, used), lambda way, u=used, o=other: way.with_value(u, way.values.of(o)))


def _other_gradient(edge: Edge, edges: Sequence[Edge]) -> Iterator[Slip]:
    """What arrives at another value goes along a step: it was overwritten too early, or not yet."""
    node, place = edge
    others = dict.fromkeys(chain.from_iterable((n, n.operands[p]) for n, p in edges))
    for other in others:
        if other is not node and _fit(other, node):
            text = f"the gradient of {{}} in the place of that of {{}}, {_STEP}"

            def sent(way: WayBack, other: Node = other) -> Array:
                kept = way.arriving[node]
                way.arriving[node] = way.arriving[other]
                try:
                    return way.sent(edge)
                finally:
                    way.arriving[node] = kept

            yield Slip(text, (other, node, *_ends(edge)), _along(edge, sent))
