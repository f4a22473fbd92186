"""How gradients are written: ∂L/∂X, dX, or ∇_X L. One replacement in trees that are composed already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from derive.notation import walk
from derive.notation.tree import Gradient, Name, Names, Tree

__all__ = ["Speller", "speller"]

Speller = Callable[[Tree], Tree]


def speller(names: Names, loss: str = "L") -> Speller:
    r"""What writes every gradient in a tree in this way; single derivatives are no gradients, and have no ∇.

    dX does not say whose derivatives it holds, so it is written for the loss alone, not for components of a vector.

    Example:
        >>> from derive.notation.latex import print_latex
        >>> print_latex(speller("dX")(Gradient(Name("X", "matrix"), "dX")))
        'd\\mathbf{X}'
    """
    if names == "partial":
        return lambda tree: tree

    def change(tree: Tree) -> Tree | None:
        if not isinstance(tree, Gradient) or (tree.loss != loss if names == "dX" else not isinstance(tree.of, Name)):
            return None
        return replace(tree, names=names)

    return lambda tree: walk.replace(tree, change)
