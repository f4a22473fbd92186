"""Turns a layer into the nodes of its gradients, each as short as the rewriting rules make it.

Reverse mode walks back once. Where the ways to different inputs part, at a node A = X W + b for example, the gradient
that arrives is simplified and called ∂L/∂A, a name that all further gradients may use; what comes before is not
multiplied out again. A name that is hardly shorter than what it stands for is put back in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derive.errors import InternalError
from derive.forward.layer import Layer
from derive.forward.nodes import Contract, Input, Node, topological
from derive.forward.normal import add, replaced, zeros
from derive.rules.adjoint import RULES
from derive.rules.known import Forward
from derive.rules.length import lengths
from derive.rules.rewrite import shortest, simplify
from derive.steps import Step

__all__ = ["Cut", "Gradients", "alone", "gradients", "is_worth_a_name", "users"]

_MOST_PATHS = 6
"""Where more ways back have come together, a gradient gets a name: multiplied out, they would be as many terms."""

_NAMED = 26
"""A gradient of fewer characters, forward values counting as one each, is not worth a name."""

_PRODUCT = 14
"""Nor is one with a matrix product, which would be computed several times, of fewer characters than this."""

_FEW, _OFTEN = 3, 10
"""Nor is one that more than so many gradients use, of fewer characters than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A node of the forward pass, what stands for the gradient that arrives there, and that gradient.

    Shapes: stand_in and gradient have the shape of node.
    """

    node: Node
    stand_in: Input
    gradient: Node


@dataclass(frozen=True, slots=True, eq=False)
class Gradients:
    """The gradients by input, and the cuts whose stand-ins they use, from the output back; steps are the rewrites."""

    inputs: Mapping[Input, Node]
    cuts: tuple[Cut, ...]
    steps: tuple[Step[Node], ...]

    def whole(self, node: Node) -> Node:
        """A node that may use stand-ins, in terms of inputs and the upstream gradient alone."""
        values: dict[Node, Node] = {}
        for cut in self.cuts:
            values[cut.stand_in] = replaced(cut.gradient, values)
        return replaced(node, values)


def gradients(layer: Layer) -> Gradients:
    """The gradient of every input.

    Shapes: each has the shape of its input.
    Source: Griewank and Walther, "Evaluating Derivatives", section 3.2, reverse mode; the rewriting rules have theirs.
    """
    steps: list[Step[Node]] = []
    forward = _forward(layer)

    def short(node: Node, *, opens: bool = True) -> Node:
        found, made = simplify(node, forward, opens=opens)
        steps.extend(made)
        return found

    swept, cuts = _swept(layer)
    values: dict[Node, Node] = {}
    kept: list[Cut] = []
    times = users(swept, cuts)
    for cut in cuts:
        arriving = replaced(cut.gradient, values)
        # What is put in its place elsewhere is best left in terms of values of the forward pass.
        gradient, _ = simplify(arriving, forward, opens=False)
        if is_worth_a_name(gradient, times[cut.stand_in], forward):
            kept.append(Cut(cut.node, cut.stand_in, short(arriving)))
        else:
            values[cut.stand_in] = short(arriving, opens=False)
    found = {node: short(replaced(gradient, values)) for node, gradient in swept.items()}
    return Gradients(found, tuple(kept), tuple(steps))


def alone(layer: Layer, found: Gradients) -> dict[Input, Node]:
    """The gradients that use stand-ins in terms of inputs and the upstream gradient alone, made short as a whole.

    Shapes: each has the shape of its input.
    """
    forward = _forward(layer)
    whole = {wrt: found.whole(node) for wrt, node in found.inputs.items()}
    return {wrt: shortest(node, forward) for wrt, node in whole.items() if node is not found.inputs[wrt]}


def _forward(layer: Layer) -> Forward:
    return Forward(layer.output, named=frozenset(node for _, node in layer.named))


def is_worth_a_name(gradient: Node, times: int, forward: Forward) -> bool:
    """Whether a gradient that so many others use is long enough to be called by a name."""
    length = lengths(gradient, named=forward.whole)[gradient]
    inner = topological(gradient, leaves=forward.whole)
    products = any(isinstance(n, Contract) and n.summed() and n not in forward.whole for n in inner)
    return times > 1 and length >= (_PRODUCT if products else _OFTEN if times > _FEW else _NAMED)


def users(swept: Mapping[Input, Node], cuts: Sequence[Cut]) -> dict[Input, int]:
    """How many gradients use each stand-in."""
    times = {cut.stand_in: 0 for cut in cuts}
    for gradient in (*swept.values(), *(cut.gradient for cut in cuts)):
        for node in topological(gradient):
            if isinstance(node, Input) and node in times:
                times[node] += 1
    return times


def _swept(layer: Layer) -> tuple[dict[Input, Node], list[Cut]]:
    """Reverse mode with a stand-in wherever the graph is cut, from the output back."""
    order = list(topological(layer.output))
    place = {node: number for number, node in enumerate(layer.inputs)}
    leads: dict[Node, int] = {}
    for node in order:
        mine = 1 << place[node] if isinstance(node, Input) and node in place else 0
        for operand in node.operands:
            mine |= leads[operand]
        leads[node] = mine
    arriving: dict[Node, list[Node]] = {layer.output: [layer.seed]}
    paths: dict[Node, int] = {layer.output: 1}
    cuts: list[Cut] = []
    for node in reversed(order):
        if not leads[node] or not node.operands:
            continue
        g = add(arriving[node])
        if node is not layer.output and _parts(node, leads, paths[node]) and not isinstance(g, Input):
            letter = f"d{len(cuts)}"
            stand_in = Input(letter, node.shape, letter, gradient_of=str(len(cuts)))
            cuts.append(Cut(node, stand_in, g))
            g, paths[node] = stand_in, 1
        rule = RULES.get(type(node))
        if rule is None:
            raise InternalError(f"reverse mode: no rule for a node of kind {type(node).__name__}")
        for operand, sent in zip(node.operands, rule(node, g), strict=True):
            if leads[operand]:
                arriving.setdefault(operand, []).append(sent)
                paths[operand] = paths.get(operand, 0) + paths[node]
    return {node: add(arriving[node]) if node in arriving else zeros(node.shape) for node in layer.inputs}, cuts


def _parts(node: Node, leads: Mapping[Node, int], paths: int) -> bool:
    """Whether ways to different inputs part at a node, or too many have come together."""
    sets = {leads[operand] for operand in node.operands if leads[operand]}
    return len(sets) > 1 or paths > _MOST_PATHS
