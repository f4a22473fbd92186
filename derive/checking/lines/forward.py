"""The forward function under check as a Layer, so that its gradients are derived and told as those of any layer."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, Signature
from types import MappingProxyType
from typing import Any

from derive.checking.arrays.live import Live, stand_ins
from derive.checking.subject import Subject
from derive.checking.world import World
from derive.errors import UnsupportedError, UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Input, Node
from derive.forward.normal import replaced
from derive.forward.shape import letters
from derive.forward.tensor import Tensor, node_of
from derive.forward.trace import let, trace

__all__ = ["forward_layer"]


def forward_layer(
    subject: Subject, sizes: Mapping[str, int], names: Mapping[str, Node] = MappingProxyType({})
) -> Layer:
    """What forward computes, with these sizes for its defaults; names are those of values, if formulas can have them.

    Raises: UserError where it cannot be run for all sizes, or calls an array as a formula may not.
    """
    if subject.layer is not None:
        return subject.layer
    odd = [node.name for node in subject.inputs if not node.name.isidentifier()]
    if odd:
        raise UserError(
            f"{subject.against}: {odd[0]} is no name that a formula can hold, as it is part of another module"
        )
    known = letters((*node.shape, *(() if node.below is None else (node.below,))) for node in subject.inputs)
    defaults = " ".join(f"{letter}={sizes[letter]}" for letter in known if letter in sizes)
    kept = dict(names)
    while True:
        try:
            return trace(_Forward(subject, kept), name=subject.against, defaults=defaults)
        except UserError as error:
            # What formulas cannot call so, as they call something else so, has no name.
            refused = [word for word in kept if f"let: {word} is" in str(error) or f"let: {word!r}:" in str(error)]
            if not refused:
                raise
            kept = {word: node for word, node in kept.items() if word not in refused}


class _Forward:
    """Forward as a function of arrays alone, without its cache; of symbols, or of numbers."""

    def __init__(self, subject: Subject, names: Mapping[str, Node]) -> None:
        self._subject, self._names = subject, names
        self.__name__ = self.__qualname__ = subject.against
        self.__signature__ = Signature([_parameter(node) for node in subject.inputs])

    def __call__(self, *arrays: Any) -> Any:
        names = [node.name for node in self._subject.inputs]
        if not any(isinstance(array, Tensor) for array in arrays):
            given = {name: array.copy() for name, array in zip(names, arrays, strict=True)}
            return self._subject.ahead(None, given)[0]
        lives = {name: Live(array.laid, array.where) for name, array in zip(names, arrays, strict=True)}
        output = self._subject.ahead(World(*stand_ins(next(iter(lives.values())))), lives)[0]
        node = output.node if isinstance(output, Tensor) else node_of(output)
        if node is None:
            raise UnsupportedError(f"forward returns no array, but {type(output).__name__}")
        first = arrays[0]
        moved: dict[Node, Node] = {old: array.node for old, array in zip(self._subject.inputs, arrays, strict=True)}
        for name, value in self._names.items():
            let(name, first.lift(replaced(value, moved)))
        return first.lift(node)


def _parameter(node: Input) -> Parameter:
    below = "" if node.below is None else f" in {node.below}"
    shape = " ".join(str(size).replace(" ", "") for size in node.shape)
    return Parameter(node.name, Parameter.POSITIONAL_OR_KEYWORD, annotation=f"{shape}{below}")
