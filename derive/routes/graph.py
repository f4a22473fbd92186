"""The route by the computational graph: node by node, from the loss back to the inputs.

An edge carries a value forward and a gradient back. A node needs to know itself alone: which gradients it sends to its
operands, given the one that arrives. That rule is derived here from the definition of the node, by indices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NoReturn

from derive.forward.formula import Formula
from derive.forward.layer import Layer, Prose, Samples
from derive.forward.nodes import Add, Constant, Delta, Input, Node, Ones, Select, topological
from derive.routes.index import IndexRoute
from derive.rules.adjoint import RULES, Sweep, VectorJacobianProduct, sweep
from derive.rules.naming import definitions, formula
from derive.steps import Derivation, Step

__all__ = ["GraphRoute", "LocalRule", "Send", "derive_graph", "is_given"]


_TERMS = 8
"""In a sum of more terms the others are taken together."""

_OPERANDS, _RESULTS = "abuvpqcefstd", "zrvqtuwefsc"
"""Letters of a node by itself: the first that its layer leaves free."""


@dataclass(frozen=True, slots=True)
class Send:
    """What a node sends back to one of its operands: the application of a rule to the gradient that arrives at it."""

    node: Node
    place: int
    arriving: Node
    sent: Node

    @property
    def operand(self) -> Node:
        """Where it goes."""
        return self.node.operands[self.place]


def is_given(node: Node) -> bool:
    """Whether a node is a number, ones, deltas or a choice of places: nothing that a gradient is asked for."""
    return isinstance(node, Constant | Ones | Delta | Select)


@dataclass(frozen=True, eq=False)
class LocalRule:
    """A node by itself: a layer whose inputs A, B, ... are the node's operands, and whose output is Z.

    places says which operand each input stands for; numbers and ones stay what they are.
    """

    layer: Layer
    places: tuple[int, ...]

    @staticmethod
    def of(node: Node, loss: str, samples: Samples = "rows", letters: str = "abz") -> LocalRule:
        """The node, taken out of its graph; letters are those of its operands, and of its result."""
        places = tuple(place for place, operand in enumerate(node.operands) if not is_given(operand))
        arguments = list(node.operands)
        several = len(places) > len(letters) - 1
        for number, place in enumerate(places):
            letter = f"{letters[0]}_{number + 1}" if several else letters[number]
            arguments[place] = _fresh(letter, node.operands[place])
        inputs = tuple(arguments[place] for place in places)
        alone = replace(node, arguments=tuple(arguments))  # type: ignore[call-arg]  # a node with operands has them
        result = letters[-1]
        name = result.upper() if len(node.shape) > 1 else result
        layer = Layer("node", inputs, alone, name, result, loss, (), Prose(), _never, samples, part=True)  # type: ignore[arg-type]  # inputs
        return LocalRule(layer, places)

    @cached_property
    def upstream(self) -> Input:
        """∂L/∂Z."""
        return self.layer.upstream

    @cached_property
    def claimed(self) -> Mapping[int, Node]:
        """What the adjoint rule says that each operand is sent, with A, B, ... and ∂L/∂Z as they are."""
        node = self.layer.output
        sent = RULES[type(node)](node, self.upstream)
        return {place: sent[place] for place in self.places}

    def derivation(self, place: int) -> IndexRoute:
        """The same derived by indices: from the definition of the node, with sums and Kronecker deltas.

        In a sum of many terms the others are taken together, R: they are constant, and the work would grow with the
        square of their number.
        """
        layer, wrt = self.layer, self.layer.inputs[self.places.index(place)]
        if isinstance(layer.output, Add) and len(self.places) > _TERMS:
            rest = Input("R", wrt.shape, "r")
            layer = replace(layer, inputs=(wrt, rest), output=Add((wrt, rest)))
        return IndexRoute(layer, wrt)

    @property
    def definition(self) -> IndexRoute:
        """A derivation that begins with what an entry of the node is."""
        return IndexRoute(self.layer, self.layer.inputs[0])

    def values(self, node: Node, arriving: Node) -> dict[Node, Node]:
        """What stands in the graph in the place of A, B, ... and ∂L/∂Z."""
        values: dict[Node, Node] = {
            fresh: node.operands[place] for fresh, place in zip(self.layer.inputs, self.places, strict=True)
        }
        return {**values, self.upstream: arriving}


def _fresh(letter: str, operand: Node) -> Input:
    return Input(letter.capitalize() if len(operand.shape) > 1 else letter, operand.shape, letter)


def _never(*arguments: object) -> NoReturn:
    raise NotImplementedError("a node by itself has no code")


@dataclass(frozen=True, eq=False)
class GraphRoute:
    """The derivation with respect to some inputs at once: the graph is walked once, whatever their number."""

    layer: Layer
    inputs: tuple[Input, ...]

    @cached_property
    def _swept(self) -> Sweep:
        return sweep(self.layer.output, self.layer.seed, self.inputs)

    @property
    def derivation(self) -> Derivation[object]:
        """The applications of rules, in the order of the walk from right to left."""
        return Derivation("graph", ",".join(node.name for node in self.inputs), self._swept.steps)

    @cached_property
    def operations(self) -> tuple[Node, ...]:
        """The nodes that compute something, operands before users."""
        return tuple(node for node in topological(self.layer.output) if node.operands)

    @cached_property
    def sends(self) -> Mapping[tuple[Node, int], Send]:
        """What flows back along the edges, by the node that sends and the number of its operand."""
        found = {}
        for step in self._swept.steps:
            send = _send(step)
            found[send.node, send.place] = send
        return found

    def arriving(self, node: Node) -> tuple[Node, ...]:
        """The gradients that arrive at a node, one for each use of it."""
        return self._swept.arriving.get(node, ())

    def gradient(self, node: Node) -> Node:
        """Their sum, ∂L/∂x of the node."""
        return self._swept.gradient(node)

    def formula(self, name: str) -> Formula:
        """The matrix formula of one input.

        Raises: UnknownNameError if the layer has no input of that name.
        """
        return formula(self.layer, name)

    def local(self, node: Node) -> LocalRule:
        """The node by itself, and its rule."""
        if node not in self._locals:
            self._locals[node] = LocalRule.of(node, self.layer.loss, self.layer.samples, self.letters)
        return self._locals[node]

    @cached_property
    def letters(self) -> str:
        """Two letters for operands and one for a result, which neither the layer nor a formula of it uses."""
        named = (item.text for item in definitions(self.layer))
        arrays = (word for node in self.layer.inputs for word in (node.name, node.letter))
        taken = {word.partition("_")[0].lower() for word in (*named, *arrays, *self.layer.letters)}
        taken |= {self.layer.output_name.lower(), self.layer.loss.lower(), self.layer.upstream.name.lower()}
        free = [letter for letter in _OPERANDS if letter not in taken]
        results = [letter for letter in _RESULTS if letter not in taken]
        operands = "".join(free[:2]) if len(free) > 1 else "ab"
        return operands + next((letter for letter in results if letter not in operands), "z")

    @cached_property
    def _locals(self) -> dict[Node, LocalRule]:
        return {}


def _send(step: Step[object]) -> Send:
    claim, sent = step.before, step.after
    assert isinstance(claim, VectorJacobianProduct) and isinstance(sent, Node)
    return Send(claim.node, claim.operand, claim.gradient, sent)


def derive_graph(layer: Layer, *wrt: str) -> GraphRoute:
    """The derivation of the gradients of some inputs, of all if none is named, along the graph.

    Raises: UnknownNameError if the layer has no input of that name.

    Example:
        >>> from derive.layers import load
        >>> route = derive_graph(load("affine"))
        >>> [str(route.formula(name)) for name in "XWb"]
        ['G @ W.T', 'X.T @ G', 'sum(G, axis=0)']
    """
    return GraphRoute(layer, tuple(map(layer.input, wrt)) if wrt else layer.smooth)
