"""Whether the entries of a layer are polynomials over the rationals: then rational numbers give rational ones."""

from __future__ import annotations

from derive.forward.layer import Layer
from derive.forward.nodes import Constant, Map, topological

__all__ = ["is_polynomial"]


def is_polynomial(layer: Layer) -> bool:
    """Whether every entry of the output is a polynomial in the entries of the inputs."""
    nodes = list(topological(layer.output))
    # A size under a root gives an irrational coefficient, which no polynomial over the rationals has.
    roots = any(isinstance(node, Constant) and not node.value.is_rational_function() for node in nodes)
    functions = (node.function for node in nodes if isinstance(node, Map))
    return not roots and all(function.is_polynomial(*function.free_symbols) for function in functions)
