"""A gradient as a formula: a node, and its reading in matrix notation, which is what is printed and what is proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from derive.forward.matrix import name_of, read
from derive.forward.nodes import Input, Node
from derive.notation.code import print_code, print_value
from derive.notation.latex import print_latex
from derive.notation.tree import Gradient, Name, Relation, Tree

__all__ = ["Definition", "Formula", "lines_of"]


@dataclass(frozen=True)
class Definition:
    """S = softmax(Z): the name of a value that formulas use, or of a gradient ∂L/∂S; tree is what it is.

    The tree uses inputs, the upstream gradient and the names that are defined before. node is what formulas contain
    where the name stands; for a gradient it stands in for the source, from which the gradient is computed. entries is
    what the entries of a value are called by.
    """

    name: Name | Gradient
    node: Node
    tree: Tree
    entries: Input | None = None
    source: Node | None = None

    @cached_property
    def text(self) -> str:
        """What code calls it."""
        return print_code(self.name)

    @property
    def equation(self) -> Relation:
        """Both sides."""
        return Relation.equal(self.name, self.tree)

    @property
    def backward(self) -> bool:
        """Whether it is a gradient, which the backward pass computes, and not a value of the forward pass."""
        return isinstance(self.name, Gradient)


def lines_of(definitions: Sequence[Definition], name: str, value: Tree) -> tuple[str, ...]:
    """Lines of NumPy-style code: every definition, and then what is called so."""
    return (
        *(f"{item.text} = {print_value(item.tree)}" for item in definitions),
        f"{name} = {print_value(value)}",
    )


@dataclass(frozen=True)
class Formula:
    """∂L/∂X = ∂L/∂Y Wᵀ.

    `str()` gives the right-hand side in NumPy syntax, `G @ W.T`; definitions are the names it uses besides inputs and
    the upstream gradient, and those that they use, in the order of computation. node computes the gradient from inputs
    and the upstream gradient alone; short is it with stand-ins for gradients that have a name, if there are any. rows
    is whether a vector is a row. Definitions are those that the formulas of a layer share; alone is the formula without
    those which it uses only once, and with others that it needs alone; it is what text shows.
    """

    wrt: Input
    node: Node
    loss: str = "L"
    definitions: tuple[Definition, ...] = ()
    rows: bool = False
    short: Node | None = None
    brief: Callable[[], Formula] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def alone(self) -> Formula:
        """The formula with the names that make it shortest, which are looked for when it is first asked for."""
        return self if self.brief is None else self.brief()

    @cached_property
    def tree(self) -> Tree:
        """The right-hand side."""
        return read(self.short or self.node, rows=self.rows, names=self.names)

    @property
    def names(self) -> Mapping[Node, Tree]:
        """What the right-hand side calls by a name."""
        return {definition.node: definition.name for definition in self.definitions}

    @property
    def name(self) -> Gradient:
        """The left-hand side, ∂L/∂X; code calls it dX."""
        name = name_of(self.wrt)
        assert isinstance(name, Name)
        return Gradient(name, f"d{self.wrt.name}", self.loss)

    @property
    def equation(self) -> Relation:
        """Both sides."""
        return Relation.equal(self.name, self.tree)

    @property
    def statements(self) -> tuple[str, ...]:
        """Lines of NumPy-style code: every definition, and then dX = ... with what they define."""
        return self.alone.lines

    @property
    def lines(self) -> tuple[str, ...]:
        """The same in the names that the formulas of the layer share."""
        return lines_of(self.definitions, self.name.letter, self.tree)

    def latex(self) -> str:
        """Both sides as LaTeX, without delimiters."""
        return print_latex(self.equation)

    def __str__(self) -> str:
        return print_code(self.alone.tree)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
