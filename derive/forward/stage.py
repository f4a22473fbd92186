"""A stage of a network: a layer by itself, under the names that its arrays have in the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from derive.forward.nodes import Input

if TYPE_CHECKING:
    from derive.forward.layer import Layer

__all__ = ["Forward", "Stage", "run_stages"]


@dataclass(frozen=True, slots=True)
class Forward:
    """The forward code of the layer that a stage was made of; it pickles, since the layer knows where it is found."""

    layer: Layer

    def __call__(self, *arrays: Any) -> Any:
        return self.layer.function(*arrays)


@dataclass(frozen=True, slots=True)
class Stage:
    """A_1 = sigmoid(Z_1): what a stage of a network computes, and how it is written in the network's text.

    The first input of its layer is the output of the stage before; the others are its own, and inputs of the network.
    """

    text: str
    layer: Layer

    @property
    def input(self) -> Input:
        """What comes in from the stage before."""
        return self.layer.inputs[0]

    @property
    def own(self) -> tuple[Input, ...]:
        """Its parameters, and the targets of a loss."""
        return self.layer.inputs[1:]

    def changed(self, change: Callable[[Layer], Layer]) -> Stage:
        """The stage with another layer: its transpose."""
        return replace(self, layer=change(self.layer))


def run_stages(stages: Sequence[Stage], arrays: Sequence[Any]) -> Any:
    """What a network computes, by the forward code of its stages.

    Shapes: arrays are the network's inputs in their order.
    """
    value, *rest = arrays
    own = iter(rest)
    for stage in stages:
        value = stage.layer.function(value, *(next(own) for _ in stage.own))
    return value
