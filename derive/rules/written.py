"""How many characters a formula takes, the definitions of its names included: the measure by which forms are compared.

A value that is written several times gets a name where that is shorter, as somebody would write it down.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from derive.forward.idioms import parts
from derive.forward.matrix import called, read_each
from derive.forward.nodes import Constant, Contract, Delta, Input, Node, OneHot, Ones, Select, topological
from derive.notation.masks import numbers
from derive.notation.sharing import SharingPrinter
from derive.notation.tree import Gradient, Name, Tree
from derive.notation.walk import children
from derive.rules.terms import is_view

__all__ = ["Written", "characters", "legible_length", "times_written", "unnamed", "written_length"]

_FRAME = 5
"""Characters of a definition besides its name and its value: spaces, the sign, and what ends it."""

_MOST = 1000

_TURNED = 4
"""A transpose weighs as much as so many characters more, where a reader chooses between two texts."""

_PRIVATE = 0xE000
"""What has no name yet is called by one character that no name is."""

_PLAIN = (Constant, Delta, Input, OneHot, Ones, Select)


def written_length(node: Node, known: Collection[Node] = ()) -> int:
    """The characters of a node with names where they save some; known are values that have one in any case.

    Shapes: any.
    """
    found = _first(frozenset(known)).of(node)
    best = found.length
    for other in found.worth():
        named = found.with_name(other, unnamed(other, len(found.names)))
        if named.length < best:
            found, best = named, named.length
    return best


@lru_cache(maxsize=64)
def _first(known: frozenset[Node]) -> _Shared:
    return _Shared({node: unnamed(node, number) for number, node in enumerate(known)})


def times_written(node: Node) -> Mapping[Node, int]:
    """How often each value is written where none has a name."""
    return Written(node, {}, {}, rows=False).times()


def unnamed(node: Node, number: int) -> Name:
    """What stands for a name that is still to be found."""
    return called(chr(_PRIVATE + number), node)


def characters(text: str) -> int:
    """How long a text is with spaces around the sign of a power, as around other signs; a division counts one more.

    So (x - y) / y² is no longer than (x / y - 1) / y.
    """
    return len(text) + 2 * text.count("**") + text.count("/")


def legible_length(lines: Iterable[str]) -> int:
    """How long lines of text are to read: of two about as long the one with fewer transposes is clearer."""
    return sum(len(line) + _TURNED * line.count(".T") for line in lines)


@dataclass(frozen=True)
class Written:
    """A formula with some names; sources is what is computed from what for those that stand for a gradient.

    free are values whose definitions do not count.
    """

    root: Node
    sources: Mapping[Node, Node]
    names: Mapping[Node, Name | Gradient]
    rows: bool
    free: frozenset[Node] = frozenset()
    before: tuple[Written, Node] | None = field(default=None, repr=False, compare=False)
    """The same without one of the names, from which what does not use that is taken."""
    shared: _Shared | None = field(default=None, repr=False, compare=False)
    """What formulas with the same names have in common."""

    def below(self, node: Node) -> Sequence[Node]:
        """What is written where a node is, and what a stand-in is computed from."""
        if node in self.free:
            return ()
        return (self.sources[node],) if node in self.sources else parts(node)

    def with_name(self, node: Node, name: Name | Gradient) -> Written:
        """The same with one more name."""
        # The chain is cut: what was made before the last name is not needed again.
        _ = self._readings, self._printer
        return replace(self, names={**self.names, node: name}, before=(self, node), shared=None)

    @cached_property
    def _nodes(self) -> Sequence[Node]:
        return self.before[0]._nodes if self.before else list(topological(self.root, below=self.below))

    def nodes(self) -> Sequence[Node]:
        """Everything that is written, in the order of computation."""
        return self._nodes

    @cached_property
    def _readings(self) -> Mapping[Node, Tree]:
        """How each node reads; one that does not use the last name reads as before."""
        known: Mapping[Node, Tree] = self.shared.readings if self.shared else {}
        if self.before:
            other, named = self.before
            using = {named}
            for node in self.nodes():
                if any(inner in using for inner in self.below(node)):
                    using.add(node)
            known = {node: tree for node, tree in other._readings.items() if node not in using or node is named}
        found = read_each(self.nodes(), self.sources, rows=self.rows, names=self.names, leaves=self.free, known=known)
        if self.shared:
            self.shared.readings.update(found)
        return found

    @cached_property
    def _printer(self) -> SharingPrinter:
        """Prints trees that are the same as before no second time."""
        if self.shared:
            return self.shared.printer
        return self.before[0]._printer if self.before else SharingPrinter()

    def times(self) -> Mapping[Node, int]:
        """How often each value is written, definitions included."""
        found: dict[Node, int] = {self.root: 1}
        for node in reversed(self.nodes()):
            inner = 1 if node in self.names else found[node]
            for operand in self.below(node):
                found[operand] = min(found.get(operand, 0) + inner, _MOST)
        return found

    def worth(self, *, bare: bool = True) -> Sequence[Node]:
        """Values that are written several times, those first whose names save most; bare is where nothing has one."""
        times = self.times()
        order = self.nodes()
        repeated = [node for node in order if times[node] > 1 and node not in self.names and _takes_a_name(node)]
        if not repeated:
            return ()
        names = {node: self.names[node] for node in self.free} if bare else self.names
        if len(names) == len(self.names):
            trees, printer = self._readings, self._printer
        else:
            trees = read_each(order, self.sources, rows=self.rows, names=names, leaves=self.free)
            printer = SharingPrinter()
        lengths = {node: characters(printer.text(trees[node])) for node in repeated}
        saved = {node: (times[node] - 1) * length - times[node] - _FRAME - 1 for node, length in lengths.items()}
        return sorted((node for node, number in saved.items() if number > 0), key=lambda node: -saved[node])

    def trees(self) -> tuple[Mapping[Node, Tree], Tree]:
        """The values of the names that are used, in the order of computation, and the formula in these names."""
        nodes, trees = self.nodes(), self._readings
        last = self.names.get(self.root, trees[self.root])
        found: dict[Node, Tree] = {}
        defined = [node for node in reversed(nodes) if node in self.names and node not in self.free]
        needed = _names_in(last) if defined else set()
        for node in defined:
            if self.names[node] in needed:
                found[node] = trees[node]
                needed |= _names_in(found[node])
        return dict(reversed(found.items())), last

    @cached_property
    def length(self) -> int:
        """The characters of the formula and of the definitions that it uses."""
        trees, last = self.trees()
        values = (numbers(tree) for tree in trees.values())
        written = [*values, last, *map(self.names.__getitem__, trees)]
        return sum(characters(self._printer.text(tree)) for tree in written) + _FRAME * len(trees)


def _takes_a_name(node: Node) -> bool:
    """Whether a value may have one: not what is given, nor what is merely another one repeated along an axis."""
    repeats = isinstance(node, Contract) and is_view(node) and any(isinstance(o, Ones) for o in node.operands)
    return not isinstance(node, _PLAIN) and not repeats


@dataclass(frozen=True, eq=False)
class _Shared:
    """Names that formulas have from the beginning, and how nodes read in them; forms of a formula share most nodes."""

    names: Mapping[Node, Name]
    readings: dict[Node, Tree] = field(default_factory=dict)
    printer: SharingPrinter = field(default_factory=SharingPrinter)

    def of(self, node: Node) -> Written:
        """The formula with these names, whose definitions do not count."""
        return Written(node, {}, self.names, rows=False, free=frozenset(self.names), shared=self)


def _names_in(tree: Tree) -> set[Tree]:
    found: set[Tree] = set()
    pending = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, Name | Gradient):
            found.add(item)
        else:
            pending.extend(children(item))
    return found
