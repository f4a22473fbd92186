"""Finds what a stage is: a layer of the catalogue, or a function that expressions can call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from derive.errors import UserError, nearest
from derive.forward.layer import Layer
from derive.forward.meaning import FUNCTION_NAMES
from derive.forward.parse import parse
from derive.layers import index, listing, load
from derive.networks.text import Written, refuse

__all__ = ["Part", "find_part"]

_NO_STAGES = frozenset(("eye", "full", "identity", "len", "ones", "ones_like", "zeros", "zeros_like"))
"""Functions that give the same whatever they get."""

_AXES = "ABCDEFHJ"


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A stage as a layer under its own names, and the sizes of it that are given."""

    written: Written
    layer: Layer
    is_function: bool = False
    numbers: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    @property
    def has_parameters(self) -> bool:
        """Whether it has inputs of its own that training would change: all but the targets of a loss."""
        return len(self.layer.inputs) > 1 and bool(self.layer.output.shape)


def find_part(text: str, stage: Written, rank: int | None) -> Part:
    """The layer, or the function if there is no layer of that name for arrays of so many axes; None is any number.

    Raises: ExpressionError if there is neither, or it cannot be had as it is written.
    """
    layers = _layer_names()
    known = stage.name in FUNCTION_NAMES and stage.name not in _NO_STAGES
    if stage.name not in layers and not known:
        names = (*layers, *(name for name in FUNCTION_NAMES if name not in _NO_STAGES))
        refuse(
            text,
            stage.start,
            f"{stage.name!r:.60} is neither a layer nor a function{nearest(stage.name[:60], names)}; derive list tells "
            f"the layers, functions are those of expressions, such as square, exp and sum",
        )
    if stage.name in layers:
        part = _layer(text, stage)
        if rank is None or len(part.layer.inputs[0].shape) == rank or not known:
            return part
    return _function(text, stage, 2 if rank is None else rank)


def _layer(text: str, stage: Written) -> Part:
    variants = dict(listing(stage.name).variants)
    chosen = {name: value for name, value in stage.options if name in variants}
    sizes = tuple((name, value) for name, value in stage.options if name not in variants)
    try:
        layer = load(stage.name, chosen)
    except UserError as error:
        refuse(text, stage.start, str(error))
    if layer.stacks:
        refuse(
            text,
            stage.start,
            f"{stage.text}: its input has a column of ones, which no stage before it gives; choose another variant",
        )
    return Part(stage, layer, numbers=stage.numbers, options=sizes)


def _function(text: str, stage: Written, rank: int) -> Part:
    arguments = ["X", *stage.numbers, *(f"{name}={value}" for name, value in stage.options)]
    try:
        layer = parse(f"{stage.name}({', '.join(arguments)})", {"X": " ".join(_AXES[:rank])})
    except UserError as error:
        refuse(text, stage.start, f"{stage.text}: {str(error).splitlines()[0].removeprefix('expr: ')}")
    return Part(stage, layer, is_function=True)


@lru_cache(maxsize=1)
def _layer_names() -> tuple[str, ...]:
    return tuple(layer.name for layer in index())
