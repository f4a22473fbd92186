"""How gradients are written: ∂L/∂X, dX, or ∇_X L. One replacement in trees that are composed already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from derive.notation import walk
from derive.notation.tree import Gradient, MatMul, Name, Names, Transpose, Tree

__all__ = ["Speller", "speller", "standing"]

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


def standing(tree: Tree) -> Tree:
    r"""The tree with xᵀ A x for x A x: where vectors are columns, one before a matrix lies.

    NumPy's `x @ A @ x` says nothing of rows, and a vector before the row of another is a product of both.

    Example:
        >>> from derive.notation.latex import print_latex
        >>> x, A = Name("x", "vector"), Name("A", "matrix")
        >>> print_latex(standing(MatMul((x, A, x)))), print_latex(standing(MatMul((x, Transpose(x)))))
        ('\\mathbf{x}^{\\top} \\mathbf{A} \\mathbf{x}', '\\mathbf{x} \\mathbf{x}^{\\top}')
    """

    def change(part: Tree) -> Tree | None:
        match part:
            case MatMul((Name(_, "vector") as first, *between, Name(_, "vector") as last)):
                return MatMul((Transpose(first), *map(standing, between), last))
        return None

    return walk.replace(tree, change)
