"""The route for a vector at the end: the chain rule by indices, with one index more for the components of the loss.

∂L_p/∂x_mn = Σ_i Σ_j ∂L_p/∂y_ij ∂y_ij/∂x_mn = Σ_j ∂L_p/∂y_mj w_nj
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node
from derive.forward.shape import size
from derive.routes.index import CHAIN, derive_index
from derive.rules.index import IndexSum, chain_rule, contract_delta, to_node

__all__ = ["VectorRoute", "derive_vector"]


_COMPONENTS = "pqrstuvwxyzabcfghijklmno"
"""What the index of components may be called, the preferred letters first: a convolution of images uses many."""


@dataclass(frozen=True, eq=False)
class VectorRoute:
    """The derivation with respect to one input, sizes as letters; count is the letter of the number of components."""

    layer: Layer
    input: Input

    @cached_property
    def count(self) -> str:
        """P, or another letter if the layer has one."""
        taken = {*self.layer.letters, *(node.name for node in self.layer.inputs), self.layer.output_name}
        return next(letter for letter in ("P", "Q", "R", "S", *(f"P_{n}" for n in range(99))) if letter not in taken)

    @cached_property
    def upstream(self) -> Input:
        """∂L_p/∂y_ij for all components: as the upstream gradient, with an axis before its own."""
        one = self.layer.upstream
        return Input(one.name, (size(self.count), *one.shape), one.letter, one.gradient_of)

    @cached_property
    def steps(self) -> tuple[IndexSum, ...]:
        """∂L_p/∂x_mn by the chain rule, and what is left once every delta is contracted."""
        route = derive_index(self.layer, self.input.name)
        chain = next(n for n, step in enumerate(route.derivation.steps) if step.reason is CHAIN)
        derivative = route.derivation.steps[chain - 1].after
        used = dict(derivative.sizes)
        component = next(letter for letter in _COMPONENTS if letter not in used)
        outputs = tuple(letter for letter in derivative.free if letter not in route.gradient.free)
        sized = IndexSum(derivative.products, derivative.free, ((component, size(self.count)), *derivative.sizes))
        value = chain_rule(sized, self.upstream, outputs, component=(component,))
        found = [value]
        while (contracted := contract_delta(found[-1])) is not None:
            found.append(contracted[0])
        return tuple(found)

    @cached_property
    def node(self) -> Node:
        """The derivatives of all components: an array with an axis of components before those of the input."""
        return to_node(self.steps[-1], (size(self.count), *self.input.shape))


def derive_vector(layer: Layer, wrt: str) -> VectorRoute:
    """The derivation of ∂L_p/∂X for every component of a vector at the end, for all sizes.

    Raises: UnknownNameError if the layer has no input of that name.
    """
    return VectorRoute(layer, layer.input(wrt))
