"""Turns a formula into text that stands alone: names are given where they save characters, definitions counted.

The formulas of a layer share their definitions, on a page and in code. One that is read by itself needs other names: a
value that only this formula writes twice, be it of the backward pass, gets one, and what it writes once is put in its
place. The names of an author stay where they are used more than once, and one name never means two values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from derive.forward.formula import Definition, Formula
from derive.forward.layer import Layer
from derive.forward.matrix import called
from derive.forward.nodes import Node
from derive.forward.normal import replaced
from derive.notation.code import print_code, print_value
from derive.notation.masks import is_mask
from derive.notation.tree import Gradient, Name
from derive.rules.words import Words
from derive.rules.written import Written, unnamed

__all__ = ["standing"]

_ROUNDS = 4

_SLACK = 6
"""Characters that a use of a name may save besides those of its value: spaces, brackets, what NumPy stretches."""

_LARGEST = 400
"""A formula of more nodes is left as the layer's definitions make it."""

_BRIEF, _LONG = 56, 100
"""An author's definition of so many characters that is used once is put in its place, or one that is nobody's."""

_Chosen = frozenset[Node]


def standing(layer: Layer, found: Mapping[str, Formula]) -> Mapping[str, Formula]:
    """Each formula with the names that make it shortest, where a value has one name in all of them.

    Shapes: unchanged.
    """
    words, names = Words(layer), {}
    for item in (item for formula in found.values() for item in formula.definitions):
        if item.node not in names:
            names[item.node] = item.name
            words.take(item.text, item.node)
    given = {name for name, _ in layer.named}
    return {name: _Standing(formula, words, names, given).shortest() for name, formula in found.items()}


@dataclass(frozen=True)
class _Standing:
    """One formula; names are what values are called already, words what is left for others."""

    formula: Formula
    words: Words
    names: dict[Node, Name | Gradient]
    given: Collection[str]

    @cached_property
    def known(self) -> Mapping[Node, Definition]:
        return {item.node: item for item in self.formula.definitions}

    def shortest(self) -> Formula:
        """The formula with names added and taken away as long as that saves characters."""
        chosen: _Chosen = frozenset(self.known)
        if len(self.with_names(chosen).nodes()) > _LARGEST:
            return self.formula
        # A name may make those needless that its value is made of, but other names may need them.
        found = [self.search(chosen, gone) for gone in (False, True)]
        return self.finished(min(found, key=lambda item: item[1])[0])

    def search(self, chosen: _Chosen, gone: bool) -> tuple[_Chosen, int]:
        """Names with which no name more or less is shorter; with one that is added others go if it is the last use."""
        best = self.with_names(chosen).length
        for _ in range(_ROUNDS):
            before = best
            for node in self.with_names(chosen).worth(bare=gone):
                more = chosen | {node}
                more -= {*self.needless(more, once=True)} - {node} if gone else frozenset()
                if (length := self.with_names(more).length) < best:
                    chosen, best = more, length
            for node in self.needless(chosen):
                if (length := self.with_names(chosen - {node}).length) <= best:
                    chosen, best = chosen - {node}, length
            if best == before:
                break
        return chosen, best

    def needless(self, chosen: _Chosen, *, once: bool = False) -> Sequence[Node]:
        """Named values whose name may go: an author's is kept where it is used more than once, or is long.

        once leaves out those that are used more than once.
        """
        written = self.with_names(chosen)
        times, (trees, _) = written.times(), written.trees()
        found = []
        for node, tree in trees.items():
            given = node in self.known and self.known[node].text in self.given
            length = len(print_value(tree))
            if times[node] < 2 or node is written.root:
                fits = length <= (_BRIEF if given else _LONG) or node is written.root
            else:
                # What a mask chooses between reads as such only where the mask has no name.
                saves = is_mask(tree) or (times[node] - 1) * length <= _SLACK * times[node] + _SLACK
                fits = saves and not (given or once)
            if fits:
                found.append(node)
        return found

    def with_names(self, chosen: _Chosen) -> Written:
        """The formula with these names; made once while no name is new."""
        if chosen not in self._made:
            self._made[chosen] = self._with_names(chosen)
        return self._made[chosen]

    @cached_property
    def _made(self) -> dict[_Chosen, Written]:
        return {}

    def _with_names(self, chosen: _Chosen) -> Written:
        """What stands for gradients that have no name is replaced by what they are."""
        sources: dict[Node, Node] = {}
        values: dict[Node, Node] = {}
        for item in self.formula.definitions:
            if item.source is not None:
                source = replaced(item.source, values)
                (sources if item.node in chosen else values)[item.node] = source
        root = replaced(self.formula.short or self.formula.node, values)
        words = {print_code(self.names[node]) for node in chosen if node in self.names}
        names: dict[Node, Name | Gradient] = {}
        for number, node in enumerate(chosen):
            name = self.names.get(node)
            # ∂L/∂A says something where A is shown.
            bare = isinstance(name, Gradient) and isinstance(name.of, Name) and name.of.text not in words
            names[node] = unnamed(node, number) if name is None or bare else name
        return Written(root, sources, names, self.formula.rows)

    def finished(self, chosen: _Chosen) -> Formula:
        """The formula with these names, new ones among them."""
        first = self.with_names(chosen)
        for node in first.trees()[0]:
            if first.names[node] is not self.names.get(node):
                self.names[node] = called(self.words.fresh(node), node)
        written = self._with_names(chosen)
        trees, _ = written.trees()
        definitions = []
        for node, tree in trees.items():
            entries = self.known[node].entries if node in self.known else None
            definitions.append(Definition(written.names[node], node, tree, entries, written.sources.get(node)))
        return replace(self.formula, definitions=tuple(definitions), short=written.root)
