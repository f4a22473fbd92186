"""The route by indices: sums and Kronecker deltas, for all sizes.

y_ij = Σ_k x_ik w_kj + b_j  →  ∂y_ij/∂x_mn = δ_im w_nj  →  ∂L/∂x_mn = Σ_j ∂L/∂y_mj w_nj  →  row times column
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node
from derive.rules.index import (
    Factor,
    IndexSum,
    Letters,
    LossPartial,
    Partial,
    Product,
    chain_rule,
    contract_delta,
    differentiate,
    expand,
    kronecker,
    scalar_chain,
    to_node,
)
from derive.steps import Derivation, Reason, Step

__all__ = ["CHAIN", "DEFINITION", "DELTA", "DERIVATIVE", "ENTRIES", "SCALAR", "IndexRoute", "derive_index", "reserved"]

DEFINITION = Reason("definition", "an entry of a matrix product is a sum of products")
DERIVATIVE = Reason("sum and product rule", "∂(Σ a b) = Σ ∂a b + Σ a ∂b")
SCALAR = Reason("scalar chain rule", "∂f(a) = f'(a) ∂a")
ENTRIES = Reason("independent entries", "∂x_ik/∂x_mn = δ_im δ_kn")
DELTA = Reason("delta contraction", "Σ_k δ_kn a_k = a_n")
CHAIN = Reason("chain rule", "∂L/∂x_mn = Σ_ij ∂L/∂y_ij ∂y_ij/∂x_mn")

_START = {"output": "i", "input": "m"}


@dataclass(frozen=True, eq=False)
class IndexRoute:
    """The derivation with respect to one input, sizes as letters."""

    layer: Layer
    input: Input

    @cached_property
    def derivation(self) -> Derivation[IndexSum]:
        """The steps: what an entry of the output is, its partial derivative, and that of the loss.

        Raises: UnsupportedError if a sum has too many products to be written out.
        """
        layer, wrt = self.layer, self.input
        letters = Letters(reserved(layer))
        output = tuple(letters.fresh(_START["output"]) for _ in layer.output.shape)
        entry = Factor(layer.output, output)
        name = IndexSum((Product((entry,)),), output, tuple(zip(output, layer.output.shape, strict=True)))
        value = expand(name, letters)
        steps = [Step(name, value, DEFINITION)]
        at = tuple(letters.fresh(_START["input"]) for _ in wrt.shape)
        by = Factor(wrt, at)
        sizes = (*value.sizes, *zip(at, wrt.shape, strict=True))
        partial = IndexSum((Product((Partial(entry, by),)),), (*output, *at), sizes)
        derivative = differentiate(value, wrt, at)
        steps.append(Step(partial, derivative, DERIVATIVE))
        while (opened := scalar_chain(derivative, letters)) is not None:
            steps.append(Step(derivative, opened, SCALAR))
            derivative = opened
        with_deltas = kronecker(derivative)
        steps.append(Step(derivative, with_deltas, ENTRIES))
        derivative = _contracted(with_deltas, steps)
        loss = IndexSum((Product((LossPartial(by, layer.seed, layer.output),)),), at, derivative.sizes)
        gradient = chain_rule(derivative, layer.seed, output)
        steps.append(Step(loss, gradient, CHAIN))
        _contracted(gradient, steps)
        return Derivation("index", wrt.name, tuple(steps))

    @property
    def output(self) -> tuple[str, ...]:
        """The letters of the entry of the output, i and j in ∂y_ij/∂x_mn."""
        return self.derivation.steps[0].before.free

    @property
    def at(self) -> tuple[str, ...]:
        """The letters of the entry of the input, m and n in ∂y_ij/∂x_mn."""
        return self.derivation.steps[1].before.free[len(self.output) :]

    @property
    def gradient(self) -> IndexSum:
        """∂L/∂x_mn at the end of the derivation."""
        return self.derivation.steps[-1].after

    @cached_property
    def node(self) -> Node:
        """The gradient as a node, in the shape of the input."""
        return to_node(self.gradient, self.input.shape)


def _contracted(value: IndexSum, steps: list[Step[IndexSum]]) -> IndexSum:
    """Every delta with a summed letter contracted, each a step of its own."""
    while (contracted := contract_delta(value)) is not None:
        steps.append(Step(value, contracted[0], DELTA))
        value = contracted[0]
    return value


def reserved(layer: Layer) -> tuple[str, ...]:
    """The letters that mean something else: sizes, and the arrays whose entries the sums are made of."""
    return (*layer.letters, *(node.letter for node in layer.inputs), layer.output_letter)


def derive_index(layer: Layer, wrt: str) -> IndexRoute:
    """The derivation of ∂L/∂X by indices, for all sizes.

    Raises: UnknownNameError if the layer has no input of that name.
    """
    return IndexRoute(layer, layer.input(wrt))
