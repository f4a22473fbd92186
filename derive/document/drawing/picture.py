"""Turns a derivation along the graph into what is to be drawn: boxes, edges, and what stands on each edge.

What is too wide for an edge gets a name, A_1 for a value and ∂L/∂A_1 for its gradient, and is written beside the
picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from derive.document.drawing.drawing import Arc, Vertex
from derive.document.drawing.sign import sign_of
from derive.document.words import is_loss, output_name
from derive.forward.layer import Layer
from derive.forward.matrix import called, read
from derive.forward.nodes import Constant, Input, Node, Ones, Select
from derive.notation.measure import width
from derive.notation.tree import Broadcast, Gradient, Name, Number, Relation, Sum, Tree
from derive.notation.tree import Ones as OnesTree
from derive.notation.walk import replace
from derive.routes.graph import GraphRoute, LocalRule, is_given
from derive.rules.naming import definitions

__all__ = ["MOST_OPERATIONS", "WIDEST", "Picture", "picture"]

MOST_OPERATIONS = 60
"""A graph of more operations has no picture."""

WIDEST = 7.0
"""How wide, in em, what stands on an edge may be."""


@dataclass(slots=True)
class Picture:
    """What each value and each gradient is called.

    operations are those that are drawn; forward holds the notation of every node, gradient that of ∂L/∂x, backward
    what each operation sends to an operand. forward_names and backward_names are the equations that say what names
    stand for.
    """

    route: GraphRoute
    operations: tuple[Node, ...] = ()
    forward: dict[Node, Tree] = field(default_factory=dict)
    gradient: dict[Node, Tree] = field(default_factory=dict)
    backward: dict[tuple[Node, int], Tree] = field(default_factory=dict)
    forward_names: list[Relation] = field(default_factory=list)
    backward_names: list[Relation] = field(default_factory=list)

    def graph(self, chosen: Sequence[Node]) -> tuple[list[Vertex], list[Arc]]:
        """The part of the picture that consists of these operations, with what enters it and what leaves it."""
        return _Part(self, chosen).graph()


def picture(route: GraphRoute) -> Picture | None:
    """The picture of a derivation, with names where they are needed; None if it has too many operations.

    A value that formulas call by a name is called so here.
    """
    if len(route.operations) > MOST_OPERATIONS:
        return None
    # The values between the stages of a network have names already.
    given = {node: called(word, node) for word, node in route.layer.named if route.layer.stages}
    own = {item.node: item.name for item in definitions(route.layer) if isinstance(item.name, Name)}
    names = dict(given)
    rules = _Rules.of(route)
    while (wide := _unnamed(found := rules.written(names), names)) is not None:
        free = _free_names(route.layer, _VALUES)
        wanted = (n for n in found.operations if n in names or n is wide)
        names = given | {n: own.get(n) or _free_name(next(free), n) for n in wanted if n not in given}
    _name_sent(found)
    return found


def _unnamed(found: Picture, names: dict[Node, Name]) -> Node | None:
    """The first value that is too wide, else the first gradient, on its way back, that is so or is a sum."""
    route = found.route
    inner = [node for node in found.operations if node not in names and node is not route.layer.output]
    for node in inner:
        if width(found.forward[node]) > WIDEST:
            return node
    for node in reversed(inner):
        if node in found.gradient and (width(found.gradient[node]) > WIDEST or len(route.arriving(node)) > 1):
            return node
    return None


_VALUES, _SENT = "AZHUVTSRQPKCFEBXYW", "CKEQFBDPTSRVUHZA"
"""Letters of values, and of what is sent back along one edge of several."""


def _free_names(layer: Layer, letters: str) -> Iterator[str]:
    """A_1, A_2, ... in the first of the letters that neither the layer nor a formula of it uses."""
    words = [word for node in layer.inputs for word in (node.name, node.letter)]
    words += [item.text for item in definitions(layer)]
    taken = {word.partition("_")[0].upper() for word in words}
    taken |= {*layer.letters, layer.output_name.upper(), layer.loss, layer.upstream.name}
    letter = next((letter for letter in letters if letter not in taken), "Value")
    return (f"{letter}_{number}" for number in count(1))


def _free_name(word: str, node: Node) -> Name:
    """A_1 for a matrix; a_1 for a vector or a number, as vectors are written."""
    return called(word if len(node.shape) > 1 else word.lower(), node)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rule of every operation in letters of its own, A, B and Z, which names are then put in the place of."""

    route: GraphRoute
    operations: tuple[Node, ...]
    locals: dict[Node, LocalRule]
    values: dict[Node, Tree]
    sent: dict[tuple[Node, int], Tree]

    @staticmethod
    def of(route: GraphRoute) -> _Rules:
        operations = tuple(node for node in route.operations if not all(map(is_given, node.operands)))
        locals = {node: route.local(node) for node in operations}
        values = {node: local.layer.read(local.layer.output) for node, local in locals.items()}
        sent = {(node, place): locals[node].layer.read(locals[node].claimed[place]) for node, place in route.sends}
        return _Rules(route, operations, locals, values, sent)

    def written(self, names: dict[Node, Name]) -> Picture:
        """Everything in notation, with these names."""
        route, layer = self.route, self.route.layer
        found = Picture(route, self.operations)
        for node in self.operations:
            for operand in node.operands:
                if operand not in found.forward:
                    found.forward[operand] = _given(operand)
            tree = self._put(node, self.values[node], found)
            found.forward[node] = names.get(node, tree)
            if node in names:
                found.forward_names.append(Relation.equal(names[node], tree))
        found.forward.setdefault(layer.output, _given(layer.output))
        found.gradient[layer.output] = Gradient(output_name(layer), layer.upstream.name, layer.loss)
        arrived: dict[Node, list[Tree]] = {}
        for (node, place), send in route.sends.items():
            if node not in found.gradient:
                self._arrive(node, arrived[node], names, found)
            tree = self._put(node, self.sent[node, place], found)
            found.backward[node, place] = tree
            arrived.setdefault(send.operand, []).append(tree)
        for node in route.inputs:
            if node in arrived and node is not layer.output:
                self._arrive(node, arrived[node], {}, found)
        return found

    def _arrive(self, node: Node, arrived: list[Tree], names: dict[Node, Name], found: Picture) -> None:
        total = arrived[0] if len(arrived) == 1 else Sum(tuple(arrived))
        found.gradient[node] = total
        if node in names:
            found.gradient[node] = _gradient(names[node], self.route.layer)
            found.backward_names.append(Relation.equal(found.gradient[node], total))

    def _put(self, node: Node, tree: Tree, found: Picture) -> Tree:
        local = self.locals[node]
        values = {
            fresh.name: found.forward[node.operands[place]]
            for fresh, place in zip(local.layer.inputs, local.places, strict=True)
        }

        def change(part: Tree) -> Tree | None:
            match part:
                case Gradient(Name(text)) if text == local.layer.output_name:
                    return found.gradient[node]
                case Name(text) if text in values:
                    return values[text]
            return None

        return replace(tree, change)


def _given(node: Node) -> Tree:
    """An input, a number, or ones."""
    return OnesTree("") if isinstance(node, Ones) else read(node)


def _gradient(name: Name, layer: Layer) -> Gradient:
    return Gradient(name, f"d{name.text}", layer.loss)


def _name_sent(found: Picture) -> None:
    """What is too wide for its edge is called by what it is the gradient of, or, if that has several uses, C_1, ..."""
    route = found.route
    used = {name.text[0].upper() for name in found.forward.values() if isinstance(name, Name)}
    free = _free_names(route.layer, "".join(letter for letter in _SENT if letter not in used))
    order: dict[Tree, tuple[int, int]] = {}
    for number, ((node, place), send) in enumerate(route.sends.items()):
        tree, operand = found.backward[node, place], send.operand
        if isinstance(called_so := found.forward[node], Name):
            order.setdefault(_gradient(called_so, route.layer), (number, 0))
        if width(tree) <= WIDEST:
            continue
        name = found.forward[operand]
        if len(route.arriving(operand)) == 1 and isinstance(name, Name):
            found.backward[node, place] = gradient = _gradient(name, route.layer)
            if isinstance(operand, Input):
                found.backward_names.append(Relation.equal(gradient, tree))
                order[gradient] = number, 1
        else:
            part = _free_name(next(free), operand)
            found.backward[node, place] = part
            found.backward_names.append(Relation.equal(part, tree))
            order[part] = number, 1
            found.backward_names[:] = [_with(equation, tree, part) for equation in found.backward_names]
    # On the way back a name is used only after it has been computed.
    found.backward_names.sort(key=lambda equation: order.get(equation.parts[0], (len(route.sends), 0)))


def _with(equation: Relation, tree: Tree, part: Name) -> Relation:
    """The name in the place of what it stands for, in sums of what arrives."""
    left, right = equation.parts
    if isinstance(right, Sum):
        right = Sum(tuple(part if term is tree else term for term in right.terms))
    return Relation.equal(left, right)


class _Part:
    """Some of the operations, with boxes for what enters and leaves them."""

    def __init__(self, whole: Picture, chosen: Sequence[Node]) -> None:
        self._whole = whole
        self._chosen = chosen
        self._numbers: dict[Node, int] = {}
        self._vertices: list[Vertex] = []
        self._arcs: list[Arc] = []

    def graph(self) -> tuple[list[Vertex], list[Arc]]:
        whole, layer = self._whole, self._whole.route.layer
        for node in self._chosen:
            entering = [(place, operand, self._source(operand)) for place, operand in _drawn(whole, node)]
            target = self._add(node, Vertex("operation", sign_of(node), whole.forward[node]))
            for place, operand, source in entering:
                backward = whole.backward.get((node, place))
                plain = self._vertices[source].kind == "value"
                self._arcs.append(Arc(source, target, whole.forward[operand], backward, plain))
        for node in self._chosen:
            uses = [(user, place) for user in whole.operations for place, o in enumerate(user.operands) if o is node]
            later = [use for use in uses if use[0] not in self._chosen]
            if later:
                sent = [whole.backward[use] for use in later if use in whole.backward]
                backward = (whole.gradient[node] if len(sent) == len(uses) else Sum(tuple(sent))) if sent else None
                end = self._end(whole.forward[node])
                self._arcs.append(Arc(self._numbers[node], end, whole.forward[node], backward, plain=True))
        if layer.output in self._chosen or not whole.operations:
            self._loss()
        return self._vertices, self._arcs

    def _loss(self) -> None:
        """The loss node h, at which 1 arrives; an output that is the loss needs none."""
        whole, layer = self._whole, self._whole.route.layer
        source = self._source(layer.output)
        if is_loss(layer):
            gradient = whole.gradient[layer.output]
            number = output_name(layer)
            end = self._add(layer.output, Vertex("value", number, number))
            plain = self._vertices[source].kind == "value"
            self._arcs.append(Arc(source, end, number, Relation.equal(gradient, Number(1)), plain))
            return
        loss, name = Name(layer.loss), output_name(layer)
        self._vertices.append(Vertex("operation", Name("h"), loss))
        at = len(self._vertices) - 1
        plain = self._vertices[source].kind == "value"
        self._arcs.append(Arc(source, at, name, whole.gradient[layer.output], plain))
        one = Relation.equal(Gradient(loss, f"d{layer.loss}", layer.loss), Number(1))
        self._arcs.append(Arc(at, self._end(loss), loss, one, plain=True))

    def _source(self, node: Node) -> int:
        if is_given(node) or node not in self._numbers:
            tree = self._whole.forward[node]
            return self._add(node, Vertex("value", tree, tree))
        return self._numbers[node]

    def _end(self, tree: Tree) -> int:
        self._vertices.append(Vertex("value", tree, tree))
        return len(self._vertices) - 1

    def _add(self, node: Node, vertex: Vertex) -> int:
        self._vertices.append(vertex)
        self._numbers[node] = len(self._vertices) - 1
        return self._numbers[node]


def _drawn(whole: Picture, node: Node) -> Iterator[tuple[int, Node]]:
    """The operands that are drawn: ones where they are a factor, numbers but for a sign, no choices of places."""
    repeats = isinstance(read(whole.route.local(node).layer.output), Broadcast)
    for place, operand in enumerate(node.operands):
        match operand:
            case Ones() if not repeats:
                continue
            case Constant() if operand.value == -1:
                continue
            case Select():
                # Which places it chooses is said by the value behind it.
                continue
        yield place, operand
