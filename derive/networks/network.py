"""Puts stages together to one layer: "affine(3) > sigmoid > affine(2) > mse" as a network of X, W_1, b_1, W_2, b_2, T.

A stage is a layer of the catalogue, or a function of expressions such as square or sum. What enters it, its first
input, is what the stage before computes; its other inputs are inputs of the network. A size that it brings along, as
affine brings the number of its outputs, is the number in brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any

from derive.errors import UserError
from derive.forward.layer import Layer, Prose
from derive.forward.nodes import Input, Node, topological
from derive.forward.resize import resized, resized_shape
from derive.forward.shape import letters
from derive.forward.stage import Forward, Stage, run_stages
from derive.networks.catalogue import Part, find_part
from derive.networks.fit import Fit, fit
from derive.networks.names import Names
from derive.networks.text import WHERE, Written, read_network, refuse

__all__ = ["network"]


@dataclass(frozen=True, eq=False)
class _Chain:
    """The forward code of a network: the stages, one after another."""

    stages: tuple[Stage, ...]

    def __call__(self, *arrays: Any) -> Any:
        return run_stages(self.stages, arrays)


def network(text: str) -> Layer:
    """The layer that a network is, with its stages.

    Args:
        text: stages with > between them; a stage is the name of a layer of the catalogue or of a function, and in
            brackets the sizes that it brings along, affine(3), and the variant of the layer, affine(3, bias=none), or
            the arguments of the function, sum(axis=1).

    Raises: ExpressionError, with a caret, for a text that cannot be read, a stage that is not known, or one that does
    not fit the stage before.

    Example:
        >>> made = network("affine(3) > sigmoid > affine(2) > mse")
        >>> [node.name for node in made.inputs]
        ['X', 'W_1', 'b_1', 'W_2', 'b_2', 'T']
        >>> [name for name, node in made.named]
        ['Z_1', 'A_1']
    """
    written = read_network(text)
    parts = _parts(text, written)
    numbers = _numbers(parts)
    names = Names(node.name for part in parts for node in part.layer.inputs[1:])
    made = _Made(text, names)
    entering = _first_input(parts[0], names)
    for place, (part, number) in enumerate(zip(parts, numbers, strict=True)):
        # The letters of what enters the network are its own already, such as K in an axis H+K-1.
        kept = letters([entering.shape]) if place == 0 else ()
        fitted = _fitted(text, part, entering, partial(_fresh, names, number, kept))
        entering = made.add(part, fitted, entering, number, last=place == len(parts) - 1)
    return _whole(" > ".join(stage.text for stage in written), made)


def _parts(text: str, written: Sequence[Written]) -> list[Part]:
    """What every stage is; the shapes decide between a layer and a function of one name."""
    found: list[Part] = []
    rank: int | None = None
    for place, stage in enumerate(written):
        part = find_part(text, stage, rank)
        rank = len(part.layer.output.shape)
        if not rank and not part.is_function and place < len(written) - 1:
            refuse(
                text,
                stage.start,
                f"{stage.name} gives a number, the loss, so nothing can follow it; make it the last stage",
            )
        found.append(part)
    return found


def _numbers(parts: Sequence[Part]) -> list[int | None]:
    """The number of every stage: that of the last one with parameters, if several have some."""
    having = [part.has_parameters for part in parts]
    if sum(having) < 2:
        return [None] * len(parts)
    return [sum(having[: place + 1]) for place in range(len(parts))]


def _first_input(part: Part, names: Names) -> Input:
    """X, in the shape of the first stage's input, whose letters are those of the network."""
    shape = part.layer.inputs[0].shape
    names.reserve((*letters([shape]), "pi", "G", "I"))
    return names.array("X", None, shape)


def _fresh(names: Names, number: int | None, kept: Sequence[str], letter: str) -> str:
    return letter if letter in kept else names.size(letter, number)


def _fitted(text: str, part: Part, entering: Input, fresh: Callable[[str], str]) -> Fit:
    try:
        return fit(part, entering.shape, fresh)
    except UserError as error:
        refuse(text, part.written.before, f"{part.written.text}: {error}")


class _Made:
    """The network as far as it is put together."""

    def __init__(self, text: str, names: Names) -> None:
        self.text = text
        self.names = names
        self.stages: list[Stage] = []
        self.sizes: dict[str, int] = {}
        self.named: list[tuple[str, Node]] = []
        self.usual: dict[str, int] = {}

    def add(self, part: Part, fitted: Fit, entering: Input, number: int | None, *, last: bool) -> Input:
        """Adds a stage, and gives what it computes as what enters the next one."""
        layer = part.layer
        chain, *own = layer.inputs
        renamed: dict[Input, Input] = {chain: entering}
        for node in own:
            mine = number if part.has_parameters else None
            renamed[node] = self.names.array(node.name, mine, resized_shape(node.shape, fitted.sizes))
        inner = {name: node for name, node in layer.named if node is not layer.output}
        nodes = resized({**inner, "": layer.output}, fitted.sizes, renamed)
        output = nodes.pop("")
        if output is entering:
            refuse(self.text, part.written.start, f"{part.written.text} gives back what it gets; leave it out")
        value = self._value(part, output, number, last=last)
        named = tuple((self.names.array(name, number, node.shape).name, node) for name, node in nodes.items())
        self.sizes |= fitted.stated
        for letter, new in fitted.sizes.items():
            if str(letter) in dict(layer.defaults):
                self.usual.setdefault(str(new), dict(layer.defaults)[str(letter)])
        self.stages.append(
            Stage(
                part.written.text,
                replace(
                    layer,
                    inputs=tuple(renamed.values()),
                    output=output,
                    output_name=value.name,
                    output_letter=value.letter,
                    function=Forward(layer),
                    defaults=(),
                    prose=Prose(),
                    named=named,
                    part=not last and not output.shape,
                    stretched=(),
                    text="",
                    words=(),
                ),
            )
        )
        return value

    def _value(self, part: Part, output: Node, number: int | None, *, last: bool) -> Input:
        if last:
            return self.names.output(output.shape)
        if part.has_parameters:
            return self.names.array("Z", number, output.shape)
        return self.names.function_value(number, output.shape)


def _whole(text: str, made: _Made) -> Layer:
    stages = tuple(made.stages)
    loss = made.names.loss()
    stages = tuple(replace(stage, layer=replace(stage.layer, loss=loss)) for stage in stages)
    first, last = stages[0].layer, stages[-1].layer
    current: Node = first.inputs[0]
    named: list[tuple[str, Node]] = []
    for stage in stages:
        names = {**dict(stage.layer.named), "": stage.layer.output}
        nodes = resized(names, {}, {stage.input: current, **{node: node for node in stage.own}})
        current = nodes.pop("")
        named += nodes.items()
        named += [] if stage is stages[-1] else [(stage.layer.output_name, current)]
    inside = set(topological(current))
    layer = Layer(
        name=WHERE,
        inputs=(first.inputs[0], *(node for stage in stages for node in stage.own)),
        output=current,
        output_name=last.output_name,
        output_letter=last.output_letter,
        loss=loss,
        defaults=(),
        prose=Prose(),
        function=_Chain(stages),
        named=tuple((name, node) for name, node in named if node in inside),
        text=text,
        words=(WHERE, text),
        stages=stages,
    )
    defaults = tuple(_defaults(layer, made.sizes, made.usual))
    return replace(layer, defaults=defaults, stated=tuple(made.sizes.items()))


def _defaults(layer: Layer, stated: Mapping[str, int], usual: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """The sizes that are stated; for the others small numbers that differ from all, or what the layers have."""
    free = (number for number in count(2) if number not in stated.values())
    different = {letter: stated[letter] if letter in stated else next(free) for letter in layer.letters}
    if layer.misfit(different):
        different |= {letter: usual.get(letter, number) for letter, number in different.items() if letter not in stated}
    yield from different.items()
