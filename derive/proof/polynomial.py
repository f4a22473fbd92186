"""Whether the entries of a layer are polynomials over the rationals: then rational numbers give rational ones."""

from __future__ import annotations

from sympy import Pow, pi

from derive.forward.layer import Layer
from derive.forward.nodes import Constant, Map, topological

__all__ = ["is_polynomial"]


def is_polynomial(layer: Layer) -> bool:
    """Whether every entry of the output is a polynomial in the entries of the inputs."""
    nodes = list(topological(layer.output))
    # A root or π gives an irrational coefficient, which no polynomial over the rationals has.
    constants = [node.value for node in nodes if isinstance(node, Constant)]
    irrational = any(value.has(pi) or not all(p.exp.is_Integer for p in value.atoms(Pow)) for value in constants)
    functions = (node.function for node in nodes if isinstance(node, Map))
    return not irrational and all(function.is_polynomial(*function.free_symbols) for function in functions)
