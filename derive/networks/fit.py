"""Fits a stage to what enters it: every size letter of the stage becomes a size of the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sympy import Symbol

from derive.errors import ShapeError, SizeError, UnknownNameError
from derive.forward.layer import Layer, axes_of
from derive.forward.resize import resized_shape
from derive.forward.shape import Shape, Size, divided, letters, same, size, text
from derive.networks.catalogue import Part

__all__ = ["Fit", "fit"]

_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Fit:
    """The size that every letter of a stage stands for in the network, and the numbers that are stated."""

    sizes: Mapping[Symbol, Size]
    stated: Mapping[str, int]


def fit(part: Part, entering: Shape, fresh: Callable[[str], str]) -> Fit:
    """The sizes of a stage which gets an array of this shape; fresh gives a name to a letter that it brings along.

    Raises: ShapeError if the array has another number of axes, or axes of other sizes; SizeError and UnknownNameError
    for sizes that cannot be given.
    """
    layer, wanted = part.layer, part.layer.inputs[0].shape
    if len(entering) != len(wanted):
        raise ShapeError(
            f"expected an array of shape {text(wanted)}, got one of shape {text(entering)}; put a stage between them "
            f"that gives {len(wanted)} axes"
        )
    brought = _brought(layer)
    new = {letter: size(fresh(letter)) for letter in brought}
    found: dict[Symbol, Size] = {_symbol(letter): name for letter, name in new.items()}
    # Axes that are a letter tell it; what others lack follows from those.
    pairs = sorted(zip(wanted, entering, strict=True), key=lambda pair: not isinstance(pair[0], Symbol))
    for axis, actual in pairs:
        _tell(axis, actual, found)
    if not all(same(a, b) for a, b in zip(resized_shape(wanted, found), entering, strict=True)):
        raise ShapeError(f"expected an array of shape {text(wanted)}, got one of shape {text(entering)}")
    return Fit(found, _stated(part, {letter: str(name) for letter, name in new.items()}))


def _brought(layer: Layer) -> list[str]:
    """The letters that what enters does not tell, those of the output first: M of affine, M and K of conv2d."""
    chain, *own = layer.inputs
    told = {str(axis) for axis in chain.shape if isinstance(axis, Symbol)}
    others = letters(axes_of(node) for node in own)
    order = dict.fromkeys((*letters([layer.output.shape]), *others))
    return [letter for letter in order if letter in others and letter not in told]


def _tell(axis: Size, actual: Size, found: dict[Symbol, Size]) -> None:
    """What an axis such as H+K-1 or 2*H of this size says about the letter that is not known yet."""
    unknown = sorted((symbol for symbol in axis.free_symbols if symbol not in found), key=str)
    if not unknown:
        return
    letter, *more = unknown
    factor = axis.coeff(letter)
    rest = (axis - factor * letter).subs(found)
    quotient = None if more else divided((actual - rest).expand(), factor)
    if quotient is None:
        raise ShapeError(
            f"expected an axis of size {axis.subs(found)}, got one of size {actual}, which is not known to be one for "
            f"all sizes; leave the stage out, or give the stage before it another size"
        )
    found[letter] = quotient


def _symbol(letter: str) -> Symbol:
    symbol = size(letter)
    assert isinstance(symbol, Symbol)
    return symbol


def _stated(part: Part, new: Mapping[str, str]) -> dict[str, int]:
    """The numbers in brackets, by the letters that the network calls them by."""
    if part.is_function:
        return {}
    listed = ", ".join(new) or "none"
    if len(part.numbers) > len(new):
        raise SizeError(
            f"{len(part.numbers)} sizes are given, expected at most {len(new)}: those that the layer brings along "
            f"({listed}); the others are those of what enters"
        )
    found = {letter: _number(number) for letter, number in zip(new, part.numbers, strict=False)}
    for name, value in part.options:
        letter = next((letter for letter in new if letter == name), None) or next(
            (letter for letter in new if letter.casefold() == name.casefold()), None
        )
        if letter is None:
            raise UnknownNameError(f"size or variant of {part.written.name}", name, new)
        if letter in found:
            raise SizeError(f"the size {letter} is given twice; leave one of them out")
        found[letter] = _number(value)
    return {new[letter]: number for letter, number in found.items()}


def _number(written: str) -> int:
    if not written.isdecimal() or not 1 <= int(written) <= _LARGEST:
        raise SizeError(f"expected a whole number from 1 to {_LARGEST} as a size, got {written}")
    return int(written)
