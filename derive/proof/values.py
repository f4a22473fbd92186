"""Turns what --values names into arrays of exact numbers: a seed, a JSON file, or JSON itself.

Everything is checked before anything is computed, and a message says where in the file, what was expected, what came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
from sympy import Integer, Rational

from derive.errors import SizeError, UnknownNameError, UnsupportedError, UserError
from derive.forward.layer import Layer
from derive.forward.nodes import Input
from derive.forward.shape import bind
from derive.proof import numeric
from derive.proof.functions import Array
from derive.proof.written import ArrayReader, cut, example, parse, shaped

__all__ = ["LARGEST_FILE", "LARGEST_SEED", "MOST_NUMBERS", "Given", "draw", "given_values"]

MOST_NUMBERS = 10_000
"""A worked example of more numbers, inputs and outputs together, is refused: nobody follows it by hand."""

LARGEST_FILE = 1_000_000
"""In bytes; so many hold far more than MOST_NUMBERS."""

LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Given:
    """The numbers of a worked example, of every input and of the upstream gradient, as SymPy rationals.

    Shapes: those of the layer at the sizes.
    kind says where they come from, label which seed or file; upstream is False if the upstream gradient was not given,
    and is all ones.
    """

    kind: Literal["seed", "file", "text"]
    label: str
    sizes: Mapping[str, int]
    arrays: Mapping[str, Array]
    upstream: bool = True

    def laid_out(self, layer: Layer, sizes: Mapping[str, int]) -> Given:
        """The same numbers for the layer with one sample, whose arrays lack the axis of samples.

        Shapes: those of the layer at the sizes; the order of the arrays is that of its inputs.
        """
        nodes = (*layer.inputs, layer.upstream)
        arrays = {
            node.name: array.reshape(bind(node.shape, sizes))
            for node, array in zip(nodes, self.arrays.values(), strict=True)
        }
        return replace(self, sizes=sizes, arrays=arrays)


def given_values(layer: Layer, sizes: Mapping[str, int], values: str) -> Given:
    """The numbers that `values` names: seed:7, {"X": [[1, 2]], ...}, or the name of a file that holds such JSON.

    Sizes that are not given are read from the arrays, or are the layer's defaults for a seed.

    Raises: UserError for what cannot be read; ShapeError and SizeError for arrays that do not fit.
    """
    if values.startswith("seed:"):
        return _drawn(layer, layer.sizes(sizes), _seed(values))
    if values.lstrip().startswith("{"):
        return _read(layer, sizes, values, kind="text", label="--values")
    name = Path(values).name
    return _read(layer, sizes, _content(Path(values)), kind="file", label=name or values)


def draw(layer: Layer, sizes: Mapping[str, int], seed: int, choices: Sequence[Rational]) -> dict[str, Array]:
    """Arrays whose numbers are picked from the choices by the raw output of NumPy's PCG64, input by input, row by row.

    The stream of a bit generator is the same in every version of NumPy; that of the methods of Generator is not.
    """
    generator = np.random.PCG64(seed)
    arrays = {
        node.name: shaped(
            [allowed[int(n) % len(allowed)] for n in generator.random_raw(prod(shape))],
            shape,
        )
        for node, shape in _shapes(layer, sizes)
        for allowed in [_allowed(node, sizes, choices)]
    }
    # Where the output is a number, it is the loss itself.
    return arrays if layer.output.shape else arrays | {layer.upstream.name: shaped([Integer(1)], ())}


def _allowed(node: Input, sizes: Mapping[str, int], choices: Sequence[Rational]) -> Sequence[Rational]:
    return [Rational(choice) for choice in numeric.choices_for(node, sizes, choices)]


def _check_whole(node: Input, array: Array, sizes: Mapping[str, int], label: str) -> None:
    """Refuses what is no whole number below the size that the input says."""
    if node.below is None:
        return
    (below,) = bind((node.below,), sizes)
    for position, number in np.ndenumerate(array):
        if not (number.is_integer and 0 <= number < below):
            place = ", ".join(str(index + 1) for index in position)
            raise UserError(
                f"{label}: {node.name}: entry {place}: expected a whole number from 0 to {below - 1} ({node.below}="
                f"{below}), got {number}"
            )


def _seed(values: str) -> int:
    text = values.removeprefix("seed:")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_SEED)) and int(text) <= LARGEST_SEED):
        raise UserError(
            f"--values: expected a whole number from 0 to {LARGEST_SEED} behind seed:, as in seed:7, got {cut(text)}"
        )
    return int(text)


def _drawn(layer: Layer, sizes: Mapping[str, int], seed: int) -> Given:
    _check_count(layer, sizes)
    for choices in numeric.CHOICES:
        arrays = draw(layer, sizes, seed, [Rational(choice) for choice in choices])
        if numeric.is_defined(layer, {name: array.astype(float) for name, array in arrays.items()}):
            return Given("seed", str(seed), sizes, arrays)
    raise UnsupportedError(
        f"--values: {layer.name}: the forward pass gives no finite numbers for seed {seed}; choose another seed, or "
        f"give the numbers in a file"
    )


def _shapes(layer: Layer, sizes: Mapping[str, int]) -> Iterator[tuple[Input, tuple[int, ...]]]:
    for node in (*layer.inputs, layer.upstream):
        yield node, bind(node.shape, sizes)


def _check_count(layer: Layer, sizes: Mapping[str, int]) -> None:
    count = sum(prod(shape) for _, shape in _shapes(layer, sizes))
    if count > MOST_NUMBERS:
        at = ", ".join(f"{letter}={number}" for letter, number in sizes.items())
        raise SizeError(
            f"--values: {layer.name} has inputs and outputs of {count} numbers ({at}), a worked example has at most "
            f"{MOST_NUMBERS}; choose smaller sizes, or leave out --values"
        )


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"--values: {cut(str(path))} cannot be read: {reason}; expected seed:7, or a JSON file such as "
            f'{{"X": [[1, 2]], ...}}'
        ) from error
    if len(content) > LARGEST_FILE:
        raise UserError(
            f"{path.name}: expected a file of at most {LARGEST_FILE} bytes, which hold more than the {MOST_NUMBERS} "
            f"numbers of a worked example, got more; give smaller arrays"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path.name}: expected UTF-8, got the byte {content[error.start]:#04x} at {error.start}; "
            f"save the file as UTF-8"
        ) from error


def _read(layer: Layer, sizes: Mapping[str, int], text: str, *, kind: Literal["file", "text"], label: str) -> Given:
    found = parse(text, label)
    known = {node.name: node for node in (*layer.inputs, layer.upstream)}
    for name in found:
        if name not in known:
            raise UnknownNameError(f"array in {label}:", name, known)
    missing = [node.name for node in layer.inputs if node.name not in found]
    if missing:
        raise UserError(
            f"{label}: expected an array for each of {', '.join(node.name for node in layer.inputs)}, "
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; add "
            f'"{missing[0]}": {example(known[missing[0]])}'
        )
    reader = ArrayReader(label, layer, sizes)
    arrays = {name: reader.array(node, found[name]) for name, node in known.items() if name in found}
    bound = layer.sizes(reader.sizes)
    _check_count(layer, bound)
    for node in layer.inputs:
        _check_whole(node, arrays[node.name], bound, label)
    upstream = layer.upstream.name in arrays
    if upstream and not layer.output.shape:
        raise UserError(
            f"{label}: {layer.upstream.name}: the output of {layer.name} is a number, the loss itself, so no upstream "
            f"gradient arrives; leave {layer.upstream.name} out"
        )
    if not upstream:
        shape = bind(layer.output.shape, bound)
        arrays[layer.upstream.name] = shaped([Integer(1)] * prod(shape), shape)
    else:
        reader.check(layer.upstream, arrays[layer.upstream.name].shape, bound)
    return Given(kind, label, bound, arrays, upstream)
