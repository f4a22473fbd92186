"""Proves a derivation along the graph for all sizes: every rule against the definition of its node, every sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derive.errors import UnsupportedError
from derive.forward.layer import Layer
from derive.forward.nodes import Node
from derive.forward.normal import add, replaced
from derive.proof import equality
from derive.proof.canonical import same_for_all_sizes
from derive.proof.evidence import Evidence, Strength
from derive.proof.failure import Failure
from derive.proof.symbolic import Verdicts, false_rule
from derive.routes.graph import GraphRoute, LocalRule, Send, derive_graph

__all__ = ["check_nodes", "holds_for_all_sizes"]

_ALL = "every node's rule, against its derivation by indices; every sum of what arrives at a node"
_SOME = "every application of a node's rule, against its definition, by SymPy's diff at small sizes"


def check_nodes(
    layer: Layer, wrt: str, sizes: Sequence[Mapping[str, int]], verdicts: Verdicts | None = None
) -> Evidence:
    """What is known about the gradient that the graph gives; sizes are those of a check where there is no proof.

    verdicts about rules are kept there for the other inputs of the layer.

    Raises: UnknownNameError if the layer has no input of that name.
    """
    route = derive_graph(layer, wrt)
    if holds_for_all_sizes(route, verdicts):
        return Evidence("graph", Strength.PROVED_FOR_ALL_SIZES, _ALL, ())
    for at in sizes:
        failure = false_rule(layer, at, route.derivation.steps) or _false_sum(route, wrt)
        if failure is not None:
            told = f"{failure} ({', '.join(f'{letter}={number}' for letter, number in at.items())})"
            return Evidence("graph", Strength.REFUTED, _SOME, (tuple(at.items()),), counterexample=told)
    where = tuple(tuple(at.items()) for at in sizes)
    return Evidence("graph", Strength.CHECKED_AT_POINTS, _SOME, where, points=equality.POINTS, digits=equality.DIGITS)


def holds_for_all_sizes(route: GraphRoute, verdicts: Verdicts | None = None) -> bool:
    """Whether it is a proof: the rules are those of the nodes, for any operands, and every gradient is a sum of them.

    Then the gradients are those of the chain rule along all paths, by induction from the output to the inputs.
    """
    known = {} if verdicts is None else verdicts
    rules: dict[Node, LocalRule] = {}
    for send in route.sends.values():
        applied = send.node, send.place, send.arriving, send.sent
        if applied not in known:
            local = route.local(send.node)
            rule = rules.setdefault(local.layer.output, local)
            derived = rule.layer.output, send.place
            if derived not in known:
                known[derived] = _is_derived(rule, send.place)
            known[applied] = known[derived] and _is_applied(rule, send)
        if not known[applied]:
            return False
    return _false_sum(route, *(node.name for node in route.inputs)) is None


def _is_derived(rule: LocalRule, place: int) -> bool:
    """Whether the adjoint rule of a node by itself is what its definition gives."""
    try:
        claimed, derived = rule.claimed[place], rule.derivation(place).node
    except UnsupportedError:
        # The index calculus refuses sums that are too long to be written out.
        return False
    return claimed.shape == derived.shape and same_for_all_sizes(claimed, derived)


def _is_applied(rule: LocalRule, send: Send) -> bool:
    """Whether what was sent is the rule with the operands of this node and the gradient that arrives at it."""
    expected = replaced(rule.claimed[send.place], rule.values(send.node, send.arriving))
    return expected is send.sent or (expected.shape == send.sent.shape and same_for_all_sizes(expected, send.sent))


def _false_sum(route: GraphRoute, *names: str) -> Failure | None:
    """A node whose gradient is not the sum of what its users sent, or a formula that is not."""
    arrived: dict[Node, list[Node]] = {route.layer.output: [route.layer.seed]}
    for send in route.sends.values():
        if add(arrived[send.node]) is not send.arriving:
            return Failure("sum of what arrives", (), send.arriving, add(arrived[send.node]))
        arrived.setdefault(send.operand, []).append(send.sent)
    for name in names:
        wrt = route.layer.input(name)
        if wrt in arrived and add(arrived[wrt]) is not route.gradient(wrt):
            return Failure("sum of what arrives", (), route.gradient(wrt), add(arrived[wrt]))
    return None
