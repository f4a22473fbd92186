"""A layer: its inputs, its output, the size letters with their defaults, and what is said about it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import chain, count
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from sympy import Integer, Symbol

from derive.errors import ShapeError, SizeError, UnknownNameError, UnsupportedError
from derive.forward.algebra import share_symbols
from derive.forward.assumption import Assumption
from derive.forward.matrix import read
from derive.forward.nodes import Constant, Input, Node, Select, topological
from derive.forward.shape import Size, bind, letters
from derive.forward.stage import Stage
from derive.forward.stretch import Stretch
from derive.notation.tree import Tree

__all__ = ["Layer", "Prose", "Remark", "Samples", "Stack", "axes_of", "load_layer"]

Samples: TypeAlias = Literal["rows", "columns", "one"]
"""How samples lie in an array: as its rows, as its columns, or as a single one that is the array itself."""


Target = Literal["one-hot", "binary", "sign"]
"""What an input of a loss holds: rows with a single 1 among zeros, zeros and ones, or signs."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A paragraph about a layer, and the formulas under it; values are what its message may name besides."""

    message: str
    values: tuple[tuple[str, Tree], ...] = ()
    formulas: tuple[Tree, ...] = ()


@dataclass(frozen=True, slots=True)
class Prose:
    """What a layer's author says about it: messages, translated when a document is composed.

    In a message {X} is the input X, {Y} the output, {N} a size, {i}, {j} and {k} are indices; *words* are stressed.
    Only what is true of this layer alone belongs here: every other sentence of a document is written once for all
    layers.

    sizes says what is counted, for a letter in the singular and in the plural; forward, arrays, broadcast and output
    introduce the layer, its inputs, the bias as a matrix, and the output; zeros says of an input why its Jacobian looks
    as it does; purpose says what the gradients, {dX} and so on, are for; remarks close the description of the layer;
    real_sizes are those of a layer in use, by letter; targets says of inputs that are no plain numbers what they hold,
    so that an example in numbers has such. columns is what is said instead where samples are columns, and
    one where there is a single sample, written as a vector.
    """

    title: str = ""
    sizes: tuple[tuple[str, str, str], ...] = ()
    forward: str = ""
    arrays: tuple[str, ...] = ()
    broadcast: str = ""
    output: str = ""
    zeros: tuple[tuple[str, str], ...] = ()
    purpose: str = ""
    remarks: tuple[Remark, ...] = ()
    real_sizes: tuple[tuple[str, int], ...] = ()
    targets: tuple[tuple[str, Target], ...] = ()
    columns: Prose | None = None
    one: Prose | None = None

    def without_arrangement(self) -> Prose:
        """What is true however samples lie: nothing of it speaks of rows, columns or a batch."""
        return replace(self, arrays=(), broadcast="", output="", zeros=(), remarks=(), columns=None, one=None)


@dataclass(frozen=True, slots=True)
class Stack:
    """An input that is put together of blocks along an axis: inputs of another layer by their number, and ones (None).

    A = [X 1] has the parts 0 and None along axis 1, V = [W; bᵀ] has 1 and 2 along axis 0.
    """

    name: str
    parts: tuple[int | None, ...]
    axis: int


def axes_of(node: Input) -> tuple[Size, ...]:
    """The sizes of an input, and for whole numbers how many there are to choose from."""
    return node.shape if node.below is None else (*node.shape, node.below)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """What a layer computes, traced once; sizes stay letters.

    samples is how samples lie in its arrays; origin the layer as it was written, of which it is a rearrangement.
    variant is which of several layers of this name it is, ("bias", "none") for example; () for the usual one. stacks
    says of which inputs of the plain layer its own are put together. named are the intermediate values that its author
    has given a name, in the order of computation. part says that it is a piece of another layer, so that a number that
    it computes is passed on, and is not the loss. text is the expression that it was read from, '' if it was traced.
    words are those of a command line, behind derive, that say which layer it is; its name if there are none. stretched
    are the broadcasts of which a reader should be told. assumptions are what is assumed of inputs: formulas use it, and
    nothing else does. stages are those of a network, in their order, and stated the sizes that its text gives in
    numbers.

    Shapes: every input and the output have axes in the letters of `sizes`.
    """

    name: str
    inputs: tuple[Input, ...]
    output: Node
    output_name: str
    output_letter: str
    loss: str
    defaults: tuple[tuple[str, int], ...]
    prose: Prose
    function: Callable[..., Any]
    samples: Samples = "rows"
    origin: Layer | None = None
    variant: tuple[tuple[str, str], ...] = ()
    stacks: tuple[Stack, ...] = ()
    plain: Layer | None = None
    named: tuple[tuple[str, Node], ...] = ()
    part: bool = False
    text: str = ""
    words: tuple[str, ...] = ()
    stretched: tuple[Stretch, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    stages: tuple[Stage, ...] = ()
    stated: tuple[tuple[str, int], ...] = ()

    upstream: Input = field(init=False, repr=False)
    """G = ∂L/∂Y, in the shape of the output; called G_Y if the layer has a G of its own.

    If it has entries g_1_2 of its own, G is called so still, and its entries otherwise.
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "upstream", self._upstream())

    def _upstream(self) -> Input:
        taken = {*self.letters, *(word for node in self.inputs for word in (node.name, node.letter))}
        longer = chain((f"G_{self.output_name}",), (f"G_{self.output_name}_{k}" for k in count(1)))
        # Where an input has the entries g, those of G are called otherwise, and G is G still.
        candidates = chain(
            (("G", "g"),), (pair for name in longer for pair in (("G", name.lower()), (name, name.lower())))
        )
        found = (Input(name, self.output.shape, letter, self.output_name) for name, letter in candidates)
        return next(
            node
            for node in found
            if not taken & {node.name, node.letter} and not any(share_symbols(node, other) for other in self.inputs)
        )

    @property
    def seed(self) -> Node:
        """What reverse mode begins with: the upstream gradient, or 1 where the output is a number, the loss itself."""
        return self.upstream if self.output.shape or self.part else Constant(Integer(1))

    @property
    def letters(self) -> tuple[str, ...]:
        """The size letters, in the order in which the inputs show them; samples come first however they lie."""
        turned = self.samples == "columns"
        return letters(
            (*(node.shape[::-1] if turned and len(node.shape) == 2 else node.shape), *axes_of(node))
            for node in self.inputs
        )

    @property
    def sample_size(self) -> str:
        """The size of the axis of the first array of rank two or more along which samples lie; '' if none."""
        matrices = (node for node in self.inputs if len(node.shape) > 1 and self.samples != "one")
        return next((str(node.shape[self.sample_axis]) for node in matrices), "")

    @property
    def sample_axis(self) -> int:
        """The axis along which samples lie: 0, or 1 where they are columns."""
        return int(self.samples == "columns")

    @property
    def upright(self) -> bool:
        """Whether a one-dimensional array is written as a column: where samples are columns, else it is a row."""
        return self.samples == "columns"

    def input(self, name: str) -> Input:
        """The input of this name.

        Raises: UnknownNameError if there is none.
        """
        for node in self.inputs:
            if node.name == name:
                return node
        raise UnknownNameError(f"input of {self.name}", name, [node.name for node in self.inputs])

    @property
    def smooth(self) -> tuple[Input, ...]:
        """The inputs that have a gradient: all but those of whole numbers."""
        return tuple(node for node in self.inputs if node.below is None)

    def variable(self, name: str) -> Input:
        """The input of this name, which has a gradient.

        Raises: UnknownNameError if there is none; UnsupportedError if it holds whole numbers.
        """
        node = self.input(name)
        if node.below is not None:
            others = ", ".join(other.name for other in self.smooth) or "none of its inputs has one"
            raise UnsupportedError(
                f"{self.name}: {name} holds whole numbers below {node.below}, which cannot change a little, so there "
                f"is no gradient with respect to it; choose among {others}"
            )
        return node

    def sizes(self, given: Mapping[str, int]) -> dict[str, int]:
        """A number for every size letter: those given (in either case), and the defaults for the rest.

        Raises: SizeError if one is unknown, given twice, missing or not a positive integer.
        """
        found = self.spelled(given)
        defaults = dict(self.defaults)
        missing = [letter for letter in self.letters if letter not in found and letter not in defaults]
        if missing:
            raise SizeError(
                f"{self.name}: no size is given for {', '.join(missing)}; give one, for example {missing[0].lower()}=2"
            )
        complete = {letter: found.get(letter, defaults.get(letter, 0)) for letter in self.letters}
        misfit = self.misfit(complete)
        if misfit:
            at = ", ".join(f"{letter}={number}" for letter, number in complete.items())
            raise SizeError(f"{self.name}: {misfit} ({at}); choose other sizes")
        return complete

    def misfit(self, sizes: Mapping[str, int]) -> str:
        """What sizes cannot be: an axis without entries, or a part that reaches beyond its axis; '' if nothing is."""
        for node in topological(self.output):
            for axis in node.shape:
                if not isinstance(axis, Symbol) and bind((axis,), sizes) < (1,):
                    return f"an axis of size {axis} has {bind((axis,), sizes)[0]} entries"
            if isinstance(node, Select):
                (offset, source), strides = bind((node.offset, node.source), sizes), bind(node.strides, sizes)
                ends = [stride * (count - 1) for stride, count in zip(strides, bind(node.counts, sizes), strict=True)]
                low, high = offset + sum(min(0, end) for end in ends), offset + sum(max(0, end) for end in ends)
                if low < 0 or high >= source:
                    reached = low if low < 0 else high
                    return f"an index or a slice reaches entry {reached} of an axis of size {source}"
        return ""

    def spelled(self, given: Mapping[str, int]) -> dict[str, int]:
        """The sizes given, by their letters in the case in which the inputs show them.

        Raises: SizeError if one is unknown, given twice or not a positive integer.
        """
        found: dict[str, int] = {}
        for name, number in given.items():
            letter = self._letter(name)
            if letter in found:
                raise SizeError(f"{self.name}: the size {letter} is given twice")
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise SizeError(f"{self.name}: size {letter}: expected an integer from 1 on, got {number!r}")
            found[letter] = number
        return found

    def _letter(self, name: str) -> str:
        exact = [letter for letter in self.letters if letter == name]
        folded = exact or [letter for letter in self.letters if letter.casefold() == name.casefold()]
        if len(folded) == 1:
            return folded[0]
        if folded:
            raise SizeError(f"{self.name}: the size {name!r} could be {' or '.join(folded)}; write it in its own case")
        raise UnknownNameError(f"size of {self.name}", name, self.letters)

    def shape(self, node: Node, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape of a node in numbers."""
        return bind(node.shape, sizes)

    def read(self, node: Node, names: Mapping[Node, Tree] = MappingProxyType({})) -> Tree:
        """The node in matrix notation, in which a vector is a column, or a row where it is the only sample."""
        return read(node, rows=self.samples == "one", names=names)

    def depends(self) -> frozenset[str]:
        """The names of the inputs that the output is computed from."""
        return frozenset(node.name for node in topological(self.output) if isinstance(node, Input))

    def _home(self) -> tuple[str, str]:
        """The module of the function, and what it calls it; a text has none."""
        return self.function.__module__, getattr(self.function, "__qualname__", "")

    def __reduce__(self) -> tuple[Any, ...]:
        # The function's own name leads to the layer, since the decorator has taken its place.
        if self.origin is None and load_layer_or_none(*self._home()) is self:
            return load_layer, self._home()
        return Layer, tuple(getattr(self, item.name) for item in fields(self) if item.init)


def load_layer_or_none(module: str, name: str) -> object:
    """What the module calls by this name, or None."""
    return getattr(sys.modules.get(module), name, None)


def load_layer(module: str, name: str) -> Layer:
    """The layer that a module defines under this name.

    Raises: ShapeError if it is no layer.
    """
    import importlib  # deferred: only unpickling needs it

    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, Layer):
        raise ShapeError(f"{module}.{name}: expected a layer, got {type(found).__name__}")
    return found
