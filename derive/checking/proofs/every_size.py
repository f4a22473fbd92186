"""Runs forward and backward once, with letters for sizes, and compares canonical forms: a proof for all sizes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sympy import Expr, Integer

from derive.checking.arrays.live import Live, stand_ins
from derive.checking.budget import Budget
from derive.checking.frames import raised
from derive.checking.pytorch.kinds import Own
from derive.checking.subject import CodeError, Subject
from derive.checking.world import World
from derive.errors import UserError
from derive.forward.assumption import Assumption
from derive.forward.functions import defined, equal, step
from derive.forward.nodes import Constant, Input, Map, Node, Reduce, topological
from derive.forward.normal import replaced
from derive.forward.proviso import provisos
from derive.forward.shape import same
from derive.forward.tensor import Tensor, node_of
from derive.proof.canonical import same_for_all_sizes
from derive.rules.adjoint import sweep
from derive.rules.assumed import assumed_rules
from derive.rules.known import Forward
from derive.rules.rewrite import shortest, simplify

__all__ = ["Traced", "traced"]


_LONG = 400
"""What has more characters before products are opened is not expected to be read afterwards."""


@dataclass(frozen=True)
class Traced:
    """What the code computes for all sizes: the derived gradients and those of the code, by the names of the inputs.

    output is None if forward cannot be traced, got is empty if backward cannot; reason says why. provisos are what both
    hold only where: they are no proof for all sizes then. own says of which gradients there is no code, and why; seed
    is the upstream gradient, or 1 where backward is given none. Both are compared where the assumptions hold.
    """

    output: Node | None
    expected: Mapping[str, Node]
    got: Mapping[str, Node]
    reason: str = ""
    provisos: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[Assumption, ...] = ()
    seed: Node = field(default_factory=lambda: Constant(Integer(1)))

    def short(self, name: str) -> Node:
        """The derived gradient as it is written; made once, and in less time where it remains too long to be read."""
        if name not in self._short:
            node, forward = self.expected[name], self._forward
            if (made := self._held(node, name)) is not node:
                self._short[name] = made
                return made
            closed = shortest(node, forward, opens=False)
            self._short[name] = closed if len(str(closed)) > _LONG else shortest(node, forward)
        return self._short[name]

    @cached_property
    def _forward(self) -> Forward:
        assert self.output is not None
        return Forward(self.output)

    @cached_property
    def _known(self) -> dict[tuple[Node, str], Node]:
        return {}

    @cached_property
    def _short(self) -> dict[str, Node]:
        return {}

    def agree(self, name: str, budget: Budget) -> bool:
        """Whether both are the same for all sizes, wherever nothing jumps."""
        budget.check()
        if self.provisos:
            return False
        got, expected = self.got.get(name), self.expected.get(name)
        if got is None or expected is None or len(got.shape) != len(expected.shape):
            return False
        if not all(map(same, got.shape, expected.shape)):
            return False
        if same_for_all_sizes(got, expected) or same_for_all_sizes(_one_sided(got), _one_sided(expected)):
            return True
        got, expected = self._held(got, name), self._held(expected, name)
        return (got, expected) != (self.got[name], self.expected[name]) and same_for_all_sizes(got, expected)

    def _held(self, node: Node, name: str) -> Node:
        """A gradient as short as the assumptions make it; the same node where they do not, or may not be used."""
        key = (node, name)
        if key not in self._known:
            tied = {item.name for item in self.assumptions if item.kind in ("sum", "symmetric")}
            sides = (self.expected[name], self.got.get(name, node))
            if not self.assumptions or any(_compares_any(side, tied) for side in sides):
                # What is compared may be equal wherever entries are tied to each other: then no side is the right one.
                self._known[key] = node
            else:
                assert self.output is not None
                # A number that may be 0 is not cancelled: x / |x| is 1 where x > 0 alone.
                rules = assumed_rules([item for item in self.assumptions if item.kind != ">="])
                made, steps = simplify(node, Forward(self.output, rules=tuple(rules.items())))
                self._known[key] = made if any(step.reason in rules for step in steps) else node
        return self._known[key]

    def is_one_sided(self, name: str) -> bool:
        """Whether on the boundaries of all comparisons the code gives the gradient to one side of them."""
        got, expected = self.got.get(name), self.expected.get(name)
        if got is None or expected is None or any(_compares(node, equal) for node in topological(got)):
            return False
        got, expected = self._held(got, name), self._held(expected, name)
        return any(same_for_all_sizes(got, _one_sided(expected, above=above)) for above in (False, True))

    def jumps(self, name: str) -> bool:
        """Whether the code compares: at the boundary of a comparison the canonical form says nothing."""
        got = self.got.get(name)
        nodes = () if got is None else topological(self._held(got, name))
        return any(_compares(node, step, equal) for node in nodes)


def traced(subject: Subject, budget: Budget) -> Traced:
    """The code, run on letters for sizes."""
    with provisos() as found:
        made = _traced(subject, budget)
    made = replace(made, assumptions=subject.assumptions)
    if not found:
        return made
    told = f"it holds at some sizes only: {'; '.join(found)}"
    return replace(made, provisos=tuple(found), reason=made.reason or told)


def _traced(subject: Subject, budget: Budget) -> Traced:
    where = subject.name
    arrays: dict[str, Any] = {node.name: Live(node, where) for node in subject.inputs}
    if not arrays:
        return Traced(None, {}, {}, "forward has no arguments")
    anchor = next(iter(arrays.values()))
    world = World(*stand_ins(anchor))
    try:
        budget.check()
        output, cache, holder = _ahead(subject, world, arrays)
        node = node_of(output)
        if node is None:
            return Traced(None, {}, {}, f"forward returns no array, but {type(output).__name__}")
    except CodeError as error:
        return Traced(None, {}, {}, str(error))
    except Exception as error:
        return Traced(None, {}, {}, f"forward: {raised(error)}")
    seed: Node = Constant(Integer(1))
    if node.shape or "upstream" in subject.takes:
        seed = Input(subject.upstream or "G", node.shape, subject.upstream or "G", gradient_of="Y")
    try:
        swept = sweep(node, seed, subject.smooth)
        expected = {item.name: swept.gradient(item) for item in subject.smooth}
    except UserError as error:
        return Traced(node, {}, {}, str(error), seed=seed)
    try:
        found = subject.back(world, arrays, output, cache, Live(seed, where), holder)
        own = {name: value.reason for name, value in found.items() if isinstance(value, Own)}
        got = {name: value for name, array in found.items() if (value := _node(array)) is not None}
    except CodeError as error:
        return Traced(node, expected, {}, str(error), seed=seed)
    except Exception as error:
        return Traced(node, expected, {}, raised(error), seed=seed)
    return Traced(node, expected, got, own=own, seed=seed)


def _ahead(subject: Subject, world: World, arrays: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    if subject.layer is not None:
        return Live(subject.layer.output, subject.name), None, None
    return subject.ahead(world, arrays)


def _node(value: object) -> Node | None:
    return value.node if isinstance(value, Tensor) else node_of(value)


def _compares(node: Node, *functions: type[Expr]) -> bool:
    return isinstance(node, Map) and bool(defined(node.function).has(*functions))


def _compares_any(node: Node, names: Collection[str]) -> bool:
    """Whether anything is compared that inputs of these names are part of."""
    if not names:
        return False
    turns = [n for n in topological(node) if _compares(n, step, equal) or isinstance(n, Reduce)]
    return any(isinstance(n, Input) and n.name in names for turn in turns for n in topological(turn))


def _one_sided(node: Node, *, above: bool = False) -> Node:
    """The node with 1 - [-u > 0] written as [u > 0], or the other way round: they differ where u = 0 alone."""
    values: dict[Node, Node] = {}
    for item in topological(node):
        if _compares(item, step) and isinstance(item, Map):
            function = defined(item.function).replace(step, _turned_up if above else _turned)
            if function != item.function:
                values[item] = Map(tuple(replaced(operand, values) for operand in item.arguments), function)
    return replaced(node, values) if values else node


def _turned(u: Expr) -> Expr:
    return 1 - step(-u) if u.could_extract_minus_sign() else step(u)


def _turned_up(u: Expr) -> Expr:
    return step(u) if u.could_extract_minus_sign() else 1 - step(-u)
