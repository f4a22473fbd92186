"""Turns NumPy-style text into a Layer: an expression, or statements the last of which is the result.

The text is read with `ast` against a whitelist and never run as Python. Tracing gives the formula, and the same rules
on NumPy's arrays give the numbers that it is checked against.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import Parameter, Signature
from itertools import count, takewhile
from typing import Any

from sympy import Expr

from derive.errors import ExpressionError, nearest
from derive.forward.expression import evaluate
from derive.forward.layer import Layer
from derive.forward.meaning import FUNCTION_NAMES, Numbers, Recorded
from derive.forward.names import CONSTANTS, free_names
from derive.forward.nodes import Constant
from derive.forward.shape import letters, parse_shape
from derive.forward.syntax import Source, read_shape, read_source
from derive.forward.tensor import Tensor
from derive.forward.trace import trace

__all__ = ["Program", "parse"]

_NAME = "expr"
_LETTER_AND_MORE = re.compile(r"(?P<letter>[A-Za-z]\w*)(?P<more>(?:[+-][0-9]+)*)", re.ASCII)
_OTHER_MODULES = ("F", "jax", "jnp", "math", "nn", "scipy", "special", "tf", "torch")


@dataclass(frozen=True, eq=False)
class Program:
    """What a text computes, as a function of the arrays in `shapes`: Tensors, or NumPy's.

    Shapes: 'N D' by the name of the array.
    """

    source: Source
    shapes: Mapping[str, str]

    @property
    def __name__(self) -> str:
        return _NAME

    @property
    def __signature__(self) -> Signature:
        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Signature([Parameter(name, kind, annotation=shape) for name, shape in self.shapes.items()])

    def __call__(self, *arrays: Any) -> Any:
        recorded = [array for array in arrays if isinstance(array, Tensor)]
        meaning = Recorded(recorded[0]) if recorded else Numbers()
        names = {**_sizes(self.shapes, arrays), **dict(zip(self.shapes, arrays, strict=True))}
        result = evaluate(self.source, meaning, names)
        if recorded and not isinstance(result, Tensor):
            return _lifted(self.source, result, recorded[0])
        return result


def parse(
    text: str,
    shapes: Mapping[str, str],
    *,
    let: Mapping[str, str] | None = None,
) -> Layer:
    """The layer that a text computes.

    Args:
        text: an expression such as "sum((X @ W - Y)**2) / N", or statements, the last of which is the result.
        shapes: "N D", "N,D" or "(N, D)" by the name of every array, "" for a scalar.
        let: expressions of intermediate values by their names, which later ones may use.

    Raises: ExpressionError for a text that cannot be read, or whose names and shapes do not go together; ShapeError
    and UnsupportedError, with the line and a caret, for what cannot be computed.

    Example:
        >>> parse("sum((X @ W - Y)**2) / N", {"X": "N D", "W": "D M", "Y": "N M"}).output.shape
        ()
    """
    source = read_source(_with_lets(text, let or {}))
    read = {name: read_shape(shape, name) for name, shape in shapes.items()}
    # "N in V": whole numbers below V, which is a size as well.
    found = letters(parse_shape(shape.replace(" in ", " ")) for shape in read.values())
    _check_names(source, read, found)
    defaults = " ".join(f"{letter}={number}" for letter, number in zip(found, count(2)))
    layer = trace(Program(source, read), defaults=defaults, name=_NAME)
    # What is wrong with the text itself is said before that something is missing from it.
    _check_used(source, read, found)
    options = (word for name, shape in read.items() for word in ("--shape", f"{name}={','.join(shape.split())}"))
    return replace(layer, text=source.normal, words=(_NAME, source.normal, *options))


def _with_lets(text: str, lets: Mapping[str, str]) -> str:
    """The statements of the intermediate values, and the text after them."""
    for name, value in lets.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name, re.ASCII):
            raise ExpressionError(
                f"{_NAME}: let: {name!r:.60}: expected a name of the letters A to Z, such as S or mu_1"
            )
        if len(read_source(value).statements) != 1:
            raise ExpressionError(f"{_NAME}: let: {name}: expected one expression, as in S = softmax(X @ W)")
    # In brackets a value may go over several lines, and cannot be a statement.
    return "\n".join([*(f"{name} = {value.strip()}" for name, value in lets.items()), text])


def _check_names(source: Source, shapes: Mapping[str, str], sizes: Sequence[str]) -> None:
    """Every name is an array or a size, and every array occurs."""
    used = free_names(source, shapes)
    known = (*shapes, *sizes)
    told = {letter for shape in shapes.values() for letter, *_ in _alone(shape)}
    for name, place in used.items():
        if name in sizes and name not in told:
            source.refuse(f"the size {name} is no axis by itself, so no array tells it; write it with .shape", place)
        if name in known or (name in CONSTANTS and name not in shapes):
            continue
        if name in _OTHER_MODULES:
            source.refuse(
                f"{name}.: functions are called bare, softmax(X), or with np. or np.linalg. before them", place
            )
        if name in FUNCTION_NAMES:
            source.refuse(
                f"{name} is a function; call it, as in {name}(X), or give it a shape if it is an array", place
            )
        source.refuse(
            f"{name} is neither an array nor a size{nearest(name, known)}; if it is an array, add its shape, "
            f"--shape {name}=N,D (--shape {name}=scalar for a number); if it is a size, no shape has that letter: use "
            f"it in one. Arrays: {', '.join(shapes) or 'none'}; sizes: {', '.join(sizes) or 'none'}",
            place,
        )
    if not shapes:
        raise ExpressionError(
            f"{source.where}: expected an expression of at least one array, with its shape: --shape X=N,D"
        )


def _check_used(source: Source, shapes: Mapping[str, str], sizes: Sequence[str]) -> None:
    """Every array that has a shape occurs."""
    used = free_names(source, shapes)
    for name in shapes:
        if name not in used:
            occurring = [other for other in used if other not in sizes]
            raise ExpressionError(
                f"{source.where}: {name} has a shape and does not occur in {source.normal:.60}"
                f"{nearest(name, occurring)}; leave out --shape {name}=..., or use the array"
            )


def _sizes(shapes: Mapping[str, str], arrays: Sequence[Any]) -> dict[str, Any]:
    """What every size letter stands for: itself while tracing, and a number for arrays of numbers."""
    return {
        letter: array.shape[axis] - more
        for (name, shape), array in zip(shapes.items(), arrays, strict=True)
        for letter, axis, more in _alone(shape)
    }


def _alone(shape: str) -> Iterator[tuple[str, int, int]]:
    """The letters that an axis tells, N or D+1, with the axis and what is added to them."""
    # What stands behind `in` is no axis, but the bound of whole numbers.
    for place, axis in enumerate(takewhile(lambda word: word != "in", shape.split())):
        if found := _LETTER_AND_MORE.fullmatch(axis):
            yield found["letter"], place, sum(map(int, re.findall(r"[+-][0-9]+", found["more"])))


def _lifted(source: Source, result: Any, anchor: Tensor) -> Tensor:
    """A result without arrays, as an array of no axes."""
    if not isinstance(result, Expr):
        source.refuse(f"expected one array as the result, got a {type(result).__name__}", source.statements[-1])
    return anchor.lift(Constant(result))
