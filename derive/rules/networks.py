"""Puts the formulas of a network together from those of its stages, as backpropagation does.

Every value between two stages has a name, and so has the gradient that arrives at it: the stage that it leaves computes
it from the gradient of its own output, whatever lies before and behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, count

from derive.forward.formula import Definition, Formula
from derive.forward.layer import Layer
from derive.forward.matrix import called, read
from derive.forward.nodes import Input, Node, topological
from derive.forward.normal import replaced
from derive.forward.stage import Stage
from derive.notation.tree import Gradient, Name, Tree
from derive.rules.adjoint import RULES
from derive.rules.naming import definitions, formulas

__all__ = ["StageGradients", "network_definitions", "network_formulas", "stage_gradients"]


@dataclass(frozen=True, slots=True, eq=False)
class StageGradients:
    """What a stage computes and sends back, in the names of the network.

    inner are its own intermediate values, value is what it computes: A_1 = sigmoid(Z_1). receives is the gradient that
    arrives, ∂L/∂A_1, None at the loss itself; needed are gradients inside of it that several others use, and sends are
    the formulas of what goes to the stage before, which is first, and to its own inputs.
    """

    stage: Stage
    inner: tuple[Definition, ...]
    value: Definition
    receives: Gradient | None
    needed: tuple[Definition, ...]
    sends: tuple[Formula, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    stages: tuple[StageGradients, ...]
    definitions: tuple[Definition, ...]
    formulas: Mapping[str, Formula]


def stage_gradients(layer: Layer) -> tuple[StageGradients, ...]:
    """The stages of a network, first to last."""
    return _network(layer, tuple(RULES.values())).stages


def network_formulas(layer: Layer) -> Mapping[str, Formula]:
    """The formula of the gradient of every input of a network, by the input's name."""
    return _network(layer, tuple(RULES.values())).formulas


def network_definitions(layer: Layer) -> tuple[Definition, ...]:
    """Every value between stages and inside of them, and every gradient of one, in the order of computation."""
    return _network(layer, tuple(RULES.values())).definitions


@lru_cache(maxsize=64)
def _network(layer: Layer, rules: tuple[object, ...]) -> _Network:
    """Made once for a network and the rules by which gradients are found."""
    words = _Words(layer)
    known: dict[Node, Tree] = {}
    whole: dict[Node, Node] = {}
    ahead = [_ahead(stage, words, known, whole) for stage in layer.stages]
    made: list[Definition] = [item for forward in ahead for item in (*forward.inner, forward.value)]
    # What the network computes is the output of its graph, by the name that its last stage gives it.
    public = [*made[:-1], replace(made[-1], node=layer.output)]
    found: dict[str, Formula] = {}
    stages: list[StageGradients] = []
    for number, forward in reversed(list(enumerate(ahead))):
        needed, written = _back(layer, forward, known, whole, last=number == len(ahead) - 1)
        made += needed
        public += needed
        chain_input = forward.stage.input
        sends = [
            Formula(wrt, replaced(short, whole), layer.loss, _used(short, made), _rows(layer), short)
            for wrt, short in written.items()
        ]
        found |= {formula.wrt.name: formula for formula in sends if number == 0 or formula.wrt is not chain_input}
        arriving = forward.arriving if number < len(ahead) - 1 else layer.seed
        receives = known.get(arriving) or (read(arriving) if isinstance(arriving, Input) else None)
        assert receives is None or isinstance(receives, Gradient)
        stages.append(
            StageGradients(forward.stage, forward.inner, forward.value, receives, tuple(needed), tuple(sends))
        )
        if number:
            sent = _gradient(chain_input, known, layer)
            short = written[chain_input]
            name = known[sent]
            assert isinstance(name, Gradient)
            item = Definition(name, sent, read(short, rows=_rows(layer), names=known), source=short)
            whole[sent] = replaced(short, whole)
            made.append(item)
            public.append(item)
    ordered = {node.name: found[node.name] for node in layer.inputs}
    return _Network(tuple(reversed(stages)), tuple(public), ordered)


@dataclass(frozen=True, slots=True, eq=False)
class _Ahead:
    """A stage on the way forward: the values inside of it, what it computes, and what stands for the gradient of that.

    known_as says what the stage's own names have become.
    """

    stage: Stage
    inner: tuple[Definition, ...]
    value: Definition
    arriving: Input
    known_as: Mapping[str, str]


def _ahead(stage: Stage, words: _Words, known: dict[Node, Tree], whole: dict[Node, Node]) -> _Ahead:
    layer = stage.layer
    rows = _rows(layer)
    inner: list[Definition] = []
    known_as: dict[str, str] = {}
    given = {name for name, _ in layer.named}
    for item in definitions(layer):
        if item.backward or item.node is layer.output:
            continue
        word = item.text if item.text in given else words.fresh(item.text)
        known_as[item.text] = word
        name = called(word, item.node)
        entries = Input(word, item.node.shape, word.lower() if words.fits(word.lower()) else word)
        inner.append(Definition(name, item.node, read(item.node, rows=rows, names=known), entries))
        known[item.node] = name
    value = Input(layer.output_name, layer.output.shape, layer.output_letter)
    name = called(value.name, value)
    definition = Definition(name, value, read(layer.output, rows=rows, names=known), value, source=layer.output)
    whole[value] = replaced(layer.output, whole)
    arriving = _gradient(value, known, layer)
    return _Ahead(stage, tuple(inner), definition, arriving, known_as)


def _gradient(value: Input, known: dict[Node, Tree], layer: Layer) -> Input:
    """What stands for ∂L/∂A."""
    made = Input(f"d{value.name}", value.shape, f"d{value.name}", gradient_of=value.name)
    known[made] = Gradient(called(value.name, value), made.name, layer.loss)
    return made


def _back(
    layer: Layer, ahead: _Ahead, known: dict[Node, Tree], whole: dict[Node, Node], *, last: bool
) -> tuple[list[Definition], dict[Input, Node]]:
    """The gradients inside a stage that need a name, and what it sends to each of its inputs."""
    own = ahead.stage.layer
    swap: dict[Node, Node] = {own.output: ahead.value.node, own.upstream: layer.seed if last else ahead.arriving}
    needed: list[Definition] = []
    for item in definitions(own):
        if item.source is None or not isinstance(item.name, Gradient) or not isinstance(item.name.of, Name):
            continue
        of = item.name.of
        word = ahead.known_as.get(of.text, of.text)
        stand_in = Input(f"d{word}", item.node.shape, f"d{word}", gradient_of=word)
        source = replaced(item.source, swap)
        name = Gradient(Name(word, of.kind), stand_in.name, layer.loss)
        needed.append(Definition(name, stand_in, read(source, rows=_rows(layer), names=known), source=source))
        known[stand_in] = name
        whole[stand_in] = replaced(source, whole)
        swap[item.node] = stand_in
    local = formulas(own)
    sent = {node: local[node.name].short or local[node.name].node for node in own.inputs}
    return needed, {node: replaced(short, swap) for node, short in sent.items()}


def _used(written: Node, made: Iterable[Definition]) -> tuple[Definition, ...]:
    """The definitions that a formula uses, and those that they use."""
    by_node = {item.node: item for item in made}
    used: set[Node] = set()
    pending = [written]
    while pending:
        root = pending.pop()
        for node in topological(root, leaves=by_node.keys() - {root}):
            if node in by_node and node not in used:
                used.add(node)
                pending.append(by_node[node].source or node)
    return tuple(item for item in by_node.values() if item.node in used)


def _rows(layer: Layer) -> bool:
    return layer.samples == "one"


class _Words:
    """Names for values inside stages that nothing else in the network has."""

    def __init__(self, layer: Layer) -> None:
        inputs = (word for node in layer.inputs for word in (node.name, node.letter))
        values = (word for s in layer.stages for word in (s.layer.output_name, s.layer.output_letter))
        given = (word for s in layer.stages for name, _ in s.layer.named for word in (name, name.lower()))
        self._taken = {*layer.letters, *inputs, *values, *given, layer.loss, "G", "I"}

    def fits(self, letter: str) -> bool:
        """Whether entries may be called by this letter."""
        return letter not in self._taken

    def fresh(self, word: str) -> str:
        """The word, with a number if it is taken."""
        return self._first(chain((word,), (f"{word}_{k}" for k in count(1))), lambda w: w not in self._taken)

    def _first(self, words: Iterable[str], fits: Callable[[str], bool]) -> str:
        found = next(word for word in words if fits(word))
        self._taken.add(found)
        return found
