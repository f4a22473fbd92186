"""Mistakes that are made on the way back: a step left out or changed, a value of the forward pass taken for another."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sympy import Expr, Function

from derive.checking.causes.values import Array
from derive.checking.causes.variables import Words
from derive.checking.causes.wayback import Edge, WayBack
from derive.forward.nodes import Constant, Contract, Delta, Input, Map, Node, Ones, Select, topological
from derive.forward.shape import same
from derive.forward.slope import slope

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


def slips(way: WayBack, words: Words) -> Iterator[Slip]:
    """The mistakes that can be made on the way back, those in one step first.

    Where the code has names, only what has one is taken for something else.
    """
    edges = list(way.edges())
    values = _values(way.output)
    others = [node for node in values if node in words.names] if words.names else values
    for edge in edges:
        yield from _left_out(edge)
    for edge in edges:
        yield from _other_slope(edge, others) if isinstance(edge[0], Map) else ()
    for edge in edges:
        yield from _other_factor(edge, others) if isinstance(edge[0], Contract) else ()
    yield from _other_size(way)
    yield from _other_value(values, others)
    yield from _diagonals(way, others)
    for edge in edges:
        yield from _other_gradient(edge, [*others, way.output], way)


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
    for number, operand in enumerate(node.operands if node.function.atoms(Function) else ()):
        for other in values:
            if other is not operand and _fit(other, operand) and not _is_constant(operand):

                def at(way: WayBack, number: int = number, other: Node = other) -> Array:
                    given = [way.values.of(inner) for inner in node.operands]
                    given[number] = way.values.of(other)
                    derivative = slope(Map(_places(node), node.function), place)
                    stand_ins: dict[Node, Array] = dict(zip(_places(node), given, strict=True))
                    return way.values.with_others(stand_ins).of(derivative)

                text = f"the derivative of {name} is taken at {{}} in the place of {{}}"
                yield Slip(text, (other, operand), with_slope(at))


def _places(node: Map) -> tuple[Input, ...]:
    return tuple(Input(f"operand {place}", operand.shape, "x") for place, operand in enumerate(node.operands))


def _other_factor(edge: Edge, values: Sequence[Node]) -> Iterator[Slip]:
    node, place = edge
    assert isinstance(node, Contract)

    def with_factor(number: int, used: Node, change: Callable[[Array], Array]) -> Callable[[WayBack], Gradients | None]:
        def sent(way: WayBack) -> Array | None:
            factors = way.factors(node, place)
            other = change(way.values.of(used))
            if np.shape(other) != np.shape(factors[number]):
                return None
            factors[number] = other
            return way.product(node, place, factors)

        return _along(edge, sent)

    ends = _ends(edge)
    for number, operand in enumerate(node.operands):
        if number == place or isinstance(operand, Ones | Delta | Select):
            continue
        for text, change in _CHANGES:
            yield Slip(f"{text}, {_STEP}", (operand, *ends), with_factor(number, operand, change))
        if len(operand.shape) == 2 and same(*operand.shape):
            text = f"{{}} is transposed the other way, {_STEP}"
            yield Slip(text, (operand, *ends), with_factor(number, operand, np.transpose))
        for other in values:
            if other is not operand and _fit(other, operand):
                text = f"{{}} in the place of {{}}, {_STEP}"
                yield Slip(text, (other, operand, *ends), with_factor(number, other, np.asarray))
    yield Slip(f"what comes back is not multiplied in, {_STEP}", ends, with_factor(place, node, _ones))


def _ones(array: Array) -> Array:
    return array * 0 + 1


_CHANGES: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("the factor {} is missing", _ones),
    ("the factor {} has the other sign", operator.neg),
    ("the factor {} is squared", lambda value: value * value),
)


def _other_size(way: WayBack) -> Iterator[Slip]:
    """A number made of sizes with another size in it, or N - 1 for N, wherever it is used."""
    letters = sorted({letter for node in way.inputs for size in node.shape for letter in _letters(size)}, key=str)
    for node in topological(way.output):
        if not isinstance(node, Constant):
            continue
        for letter in sorted(_letters(node.value), key=str):
            for other in (*(m for m in letters if m != letter), letter - 1, letter + 1):
                made = Constant(node.value.xreplace({letter: other}))
                text = "{} in the place of {}"
                yield Slip(text, (made, node), _with_value(node, made))


def _letters(size: Expr) -> set[Expr]:
    return set(size.free_symbols)


def _with_value(used: Node, other: Node) -> Callable[[WayBack], Gradients | None]:
    return lambda way: way.with_value(used, way.values.of(other))


def _other_value(values: Sequence[Node], others: Sequence[Node]) -> Iterator[Slip]:
    for used in values:
        for other in others:
            if other is not used and _fit(used, other):
                text = "{} in the place of {}, wherever the backward pass uses it"
                yield Slip(text, (other, used), _with_value(used, other))


def _diagonals(way: WayBack, values: Sequence[Node]) -> Iterator[Slip]:
    """y (1 - y) for the whole Jacobian of softmax, or y itself, between two values."""
    for value in values:
        below = set(topological(value))
        for inner in values:
            if inner is value or inner not in below or not _fit(value, inner) or inner not in way.arriving:
                continue
            for text, slope_of in _DIAGONALS:

                def made(
                    way: WayBack,
                    value: Node = value,
                    inner: Node = inner,
                    slope_of: Callable[[Array], Array] = slope_of,
                ) -> Gradients:
                    return way.with_arriving(inner, way.arriving[value] * slope_of(way.values.of(value)))

                yield Slip(text, (value, inner), made)


_DIAGONALS: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("y (1 - y), for y = {}, in the place of its whole Jacobian with respect to {}", lambda y: y * (1 - y)),
    ("the value {} in the place of its whole Jacobian with respect to {}", lambda y: y),
)


def _other_gradient(edge: Edge, others: Sequence[Node], way: WayBack) -> Iterator[Slip]:
    """What arrives at another value goes along a step: it was overwritten too early, or not yet."""
    node = edge[0]
    for other in dict.fromkeys(others):
        if other is not node and other in way.arriving and _fit(other, node):
            text = f"the gradient of {{}} in the place of that of {{}}, {_STEP}"
            yield Slip(text, (other, node, *_ends(edge)), _along(edge, _sent_of(edge, other)))


def _sent_of(edge: Edge, other: Node) -> Callable[[WayBack], Array | None]:
    return lambda way: way.sent_of(edge, other)
