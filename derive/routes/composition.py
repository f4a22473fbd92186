"""Two stages of a network as one function: the Jacobians of both, and that of their composition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from string import ascii_letters

from derive.forward.layer import Layer
from derive.forward.normal import replaced
from derive.forward.stage import Stage, run_stages
from derive.routes.jacobian import JacobianRoute, derive_jacobian

__all__ = ["Composition", "derive_composition"]

_NAMES = (("F", "G"), ("P", "Q"), ("U", "V"), ("R", "S"))

_MOST_AXES = 8
"""Pairs of stages between which arrays have more axes are passed over, as long as there are others."""


@dataclass(frozen=True, eq=False)
class Composition:
    """J_{G∘F} = J_G · J_F, for a stage F and the stage G behind it.

    Shapes: first (p, n), second (m, p), both (m, n), where n, p, m are the entries of what goes in, lies between and
    comes out.
    """

    first: Stage
    second: Stage
    both: Layer

    def routes(self, sizes: Mapping[str, int]) -> tuple[JacobianRoute, JacobianRoute, JacobianRoute]:
        """The Jacobians of F, of G and of both, at these sizes."""
        layers = (self.first.layer, self.second.layer, self.both)
        return tuple(  # type: ignore[return-value]  # three of them
            derive_jacobian(layer, layer.inputs[0].name, _of(layer, sizes)) for layer in layers
        )

    @property
    def names(self) -> tuple[str, str]:
        """F and G, or other letters where an array is called so."""
        taken = {node.name for node in (*self.both.inputs, self.second.input)} | set(self.both.letters)
        return next(pair for pair in (*_NAMES, ("phi", "psi")) if not taken & set(pair))

    @property
    def pattern(self) -> str:
        """ijkl,klmn->ijmn: what einsum does with the Jacobians in the shapes of the arrays, that of G first."""
        ranks = [
            len(self.both.output.shape),
            len(self.second.input.shape),
            len(self.first.input.shape),
        ]
        letters = iter("ijklmnpqrstuv" + ascii_letters)
        out, between, into = ("".join(next(letters) for _ in range(rank)) for rank in ranks)
        return f"{out}{between},{between}{into}->{out}{into}"


@dataclass(frozen=True, eq=False)
class _Both:
    """The forward code of two stages."""

    stages: tuple[Stage, Stage]

    def __call__(self, *arrays: object) -> object:
        return run_stages(self.stages, arrays)


def derive_composition(layer: Layer) -> Composition | None:
    """The first two stages of a network between which nothing is a single number, or the first two; None if it has one.

    Shapes: those of the stages.
    """
    pairs = list(zip(layer.stages, layer.stages[1:], strict=False))
    if not pairs:
        return None
    telling = (pair for pair in pairs if pair[1].layer.output.shape and _axes(pair) <= _MOST_AXES)
    first, second = next(telling, pairs[0])
    return Composition(first, second, _both(layer, first, second))


def _axes(pair: tuple[Stage, Stage]) -> int:
    first, second = pair
    return len(first.input.shape) + len(second.input.shape) + len(second.layer.output.shape)


def _both(network: Layer, first: Stage, second: Stage) -> Layer:
    """G(F(X)) as one layer."""
    between = first.layer.output
    output = replaced(second.layer.output, {second.input: between})
    return replace(
        second.layer,
        name=network.name,
        inputs=(*first.layer.inputs, *second.own),
        output=output,
        function=_Both((first, second)),
        named=(),
        stages=(first, second),
        part=True,
    )


def _of(layer: Layer, sizes: Mapping[str, int]) -> dict[str, int]:
    return {letter: sizes[letter] for letter in layer.letters}
