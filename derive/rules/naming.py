"""Chooses which values the formulas of a layer call by a name: S = softmax(Z), and ∂L/∂A where many use it.

A name is given where it saves writing: to a value of the forward pass that one formula would write twice, or that is
long and several write. The author's own names come first, and the output is called what it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from derive.forward.formula import Definition, Formula, lines_of
from derive.forward.idioms import parts
from derive.forward.layer import Layer
from derive.forward.matrix import called, read
from derive.forward.nodes import Input, Node, topological
from derive.forward.normal import replaced
from derive.notation.tree import Gradient, Name, Tree
from derive.rules.adjoint import RULES
from derive.rules.assumed import Assumed, assumed
from derive.rules.choice import choose
from derive.rules.gradients import Cut, Gradients, alone, gradients
from derive.rules.known import Forward
from derive.rules.standing import standing
from derive.rules.words import Words
from derive.rules.written import legible_length

__all__ = ["assumed_gradients", "definitions", "entry_names", "formula", "formula_of", "formulas", "lone_formula"]


def formula(layer: Layer, wrt: str) -> Formula:
    """The formula of one gradient.

    Raises: UnknownNameError if the layer has no input of that name.
    """
    return formulas(layer)[layer.input(wrt).name]


def formulas(layer: Layer) -> Mapping[str, Formula]:
    """The formula of the gradient of every input, by the input's name."""
    if layer.stages:
        # Deferred: the formulas of a network are made of those of its stages, which are made here.
        from derive.rules.networks import network_formulas

        return network_formulas(layer)
    return _formulas(layer, tuple(RULES.values()))


def lone_formula(layer: Layer, wrt: str) -> Formula:
    """The formula of one gradient, whose text is made without a look at those of other inputs, which nobody reads.

    Raises: UnknownNameError if the layer has no input of that name.
    """
    return replace(formula(layer, wrt), brief=partial(_alone, layer, tuple(RULES.values()), wrt, lone=True))


def formula_of(layer: Layer, wrt: Input, node: Node) -> Formula:
    """The formula of a node in the shape of an input, with names for values of the forward pass.

    Shapes: node has the axes of wrt.
    """
    naming = _Naming.of(layer, Gradients({wrt: node}, (), ()))
    return Formula(wrt, node, layer.loss, naming.used(node), layer.samples == "one", node)


def definitions(layer: Layer) -> tuple[Definition, ...]:
    """Every name that the author of a layer has given, or that a formula uses, in the order of computation."""
    if layer.stages:
        from derive.rules.networks import network_definitions  # deferred: as above

        return network_definitions(layer)
    return _named(layer, tuple(RULES.values()))[1].definitions


def entry_names(layer: Layer) -> Mapping[Node, Input]:
    """What the entries of values that have a name are called by, by the node of the layer's graph."""
    named = {item.text: item for item in definitions(layer) if item.entries is not None}
    found = {item.node: item.entries for item in named.values() if item.entries is not None}
    if layer.stages:
        # The formulas of a network know its values by what stands for them, the graph by its nodes.
        nodes = ((node, named[word].entries) for word, node in layer.named if word in named)
        found |= {node: entries for node, entries in nodes if entries is not None}
    return found


def assumed_gradients(layer: Layer) -> Assumed:
    """The gradients that use what the layer assumes, with the rewrites that led to them."""
    return _assumed(layer, tuple(RULES.values()))


@lru_cache(maxsize=64)
def _named(layer: Layer, rules: tuple[object, ...]) -> tuple[Gradients, _Naming]:
    """Made once for a layer and the rules by which its gradients are found."""
    found = _assumed(layer, rules).gradients if layer.assumptions else gradients(layer)
    return found, _Naming.of(layer, found)


@lru_cache(maxsize=64)
def _assumed(layer: Layer, rules: tuple[object, ...]) -> Assumed:
    return assumed(layer, gradients(layer))


@lru_cache(maxsize=64)
def _formulas(layer: Layer, rules: tuple[object, ...]) -> Mapping[str, Formula]:
    found, naming = _named(layer, rules)
    made = {}
    for wrt, node in found.inputs.items():
        short = replaced(node, naming.stand_ins)
        rows = layer.samples == "one"
        whole = Formula(wrt, found.whole(node), layer.loss, naming.used(short), rows, short)
        made[wrt.name] = replace(whole, brief=partial(_alone, layer, rules, wrt.name))
    return made


@lru_cache(maxsize=64)
def _standing(layer: Layer, rules: tuple[object, ...], only: str) -> Mapping[str, Formula]:
    """The formulas as text: of all inputs, or of one."""
    shared = _formulas(layer, rules)
    found, naming = _named(layer, rules)
    if only:
        shared = {only: shared[only]}
        found = replace(found, inputs={wrt: node for wrt, node in found.inputs.items() if wrt.name == only})
    # What is made short without the gradients that have a name on the page may be shorter still.
    whole = {
        wrt.name: Formula(wrt, n, layer.loss, naming.used(n), layer.samples == "one", n)
        for wrt, n in (_assumed(layer, rules).alone if layer.assumptions else alone(layer, found)).items()
    }
    made = standing(layer, {**shared, **{f"{name}, alone": formula for name, formula in whole.items()}})
    forms = {name: [made[key] for key in (name, f"{name}, alone") if key in made] for name in shared}
    return {name: min(several, key=_length) for name, several in forms.items()}


def _length(found: Formula) -> int:
    return legible_length(lines_of(found.definitions, found.wrt.name, found.tree))


def _alone(layer: Layer, rules: tuple[object, ...], name: str, *, lone: bool = False) -> Formula:
    return _standing(layer, rules, name if lone else "")[name]


@dataclass(frozen=True, slots=True)
class _Naming:
    """Everything that has a name, in the order of computation, and the stand-ins by their final names."""

    definitions: tuple[Definition, ...]
    stand_ins: Mapping[Node, Node]

    @staticmethod
    def of(layer: Layer, found: Gradients) -> _Naming:
        """The names for the gradients of a layer."""
        forward = Forward(layer.output).whole
        given = {node: name for name, node in layer.named}
        roots = (*found.inputs.values(), *(cut.gradient for cut in found.cuts))
        cut = {item.node for item in found.cuts}
        chosen = choose(roots, forward - set(layer.inputs), {*given, *cut}, layer.output)
        words = Words(layer)
        order = [node for node in topological(layer.output) if node in chosen or node in given or node in cut]
        names: dict[Node, Name] = {}
        for node in order:
            word = given.get(node) or (layer.output_name if node is layer.output else words.fresh(node))
            names[node] = called(word, node)
        rows = layer.samples == "one"
        made: list[Definition] = []
        known: dict[Node, Tree] = {}
        for node in order:
            entries = Input(names[node].text, node.shape, words.letter(names[node].text, node))
            made.append(Definition(names[node], node, read(node, rows=rows, names=known), entries))
            known[node] = names[node]
        stand_ins: dict[Node, Node] = {}
        for item in found.cuts:
            written = replaced(item.gradient, stand_ins)
            final = _final(item, names[item.node].text, words)
            stand_ins[item.stand_in] = final
            name = Gradient(names[item.node], final.name, layer.loss)
            made.append(Definition(name, final, read(written, rows=rows, names=known), source=written))
            known[final] = name
        return _Naming(tuple(made), stand_ins)

    def used(self, written: Node) -> tuple[Definition, ...]:
        """The definitions that a formula uses, and those that they use."""
        by_node = {definition.node: definition for definition in self.definitions}
        used: set[Node] = set()
        pending = [written]
        while pending:
            root = pending.pop()
            for node in topological(root, leaves=by_node.keys() - {root}, below=parts):
                if node in by_node and node not in used:
                    used.add(node)
                    source = by_node[node].source
                    pending += [node] if source is None else [source]
        return tuple(definition for definition in self.definitions if definition.node in used)


def _final(cut: Cut, name: str, words: Words) -> Input:
    word = words.gradient(name)
    return Input(word, cut.node.shape, word, gradient_of=name)
