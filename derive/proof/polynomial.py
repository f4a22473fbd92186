"""Whether the entries of a layer are polynomials over the rationals: then rational numbers give rational ones."""

from __future__ import annotations

from sympy import Expr

from derive.forward.layer import Layer
from derive.forward.nodes import Constant, Map, MatrixFunction, OneHot, Reduce, topological

__all__ = ["is_polynomial"]


def is_polynomial(layer: Layer) -> bool:
    """Whether every entry of the output is a polynomial in the entries of the inputs."""
    nodes = list(topological(layer.output))
    # A size under a root gives an irrational coefficient, which no polynomial over the rationals has.
    roots = any(isinstance(node, Constant) and not node.value.is_rational_function() for node in nodes)
    if any(isinstance(node, MatrixFunction | OneHot | Reduce) for node in nodes):
        return False
    functions = [node.function for node in nodes if isinstance(node, Map)]
    numbers = [*functions, *(node.value for node in nodes if isinstance(node, Constant))]
    if roots or any(part.is_number and not part.is_Rational for value in numbers for part in value.atoms(Expr)):
        return False
    return all(function.is_polynomial(*function.free_symbols) for function in functions)
