"""A gradient as a formula: a node, and its reading in matrix notation, which is what is printed and what is proved."""

from __future__ import annotations

from dataclasses import dataclass

from derive.forward.matrix import name_of, read
from derive.forward.nodes import Input, Node
from derive.notation.code import print_code
from derive.notation.latex import print_latex
from derive.notation.tree import Gradient, Name, Relation, Tree

__all__ = ["Formula"]


@dataclass(frozen=True, slots=True)
class Formula:
    """∂L/∂X = ∂L/∂Y Wᵀ.

    `str()` gives the right-hand side in NumPy syntax, `G @ W.T`; definitions are the names it uses besides inputs and
    the upstream gradient, in order. rows is whether a vector is a row.
    """

    wrt: Input
    node: Node
    loss: str = "L"
    definitions: tuple[tuple[str, Tree], ...] = ()
    rows: bool = False

    @property
    def tree(self) -> Tree:
        """The right-hand side."""
        return read(self.node, rows=self.rows)

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

    def latex(self) -> str:
        """Both sides as LaTeX, without delimiters."""
        return print_latex(self.equation)

    def __str__(self) -> str:
        return print_code(self.tree)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
